package import Foundation
package import Logging
package import Postgres
import Synchronization

/// One process's share of the work: registers as a worker, keeps its lease, and runs a consumer for each queue of its
/// duties. Frozen longer than its lease, or killed, it loses its lanes to colleagues; what it then still writes is
/// refused by the lanes' epochs.
package final class Crew: Sendable {
    package struct Options: Sendable {
        package var name: String
        package var version: String
        package var lease: Duration
        package var poll: Duration
        package var batch: Int
        /// Queues whose rings others than workers listen for: they are always rung for outside.
        package var announced: Set<String>

        package init(
            name: String, version: String, lease: Duration = .seconds(10), poll: Duration = .seconds(1),
            batch: Int = 256, announced: Set<String> = []
        ) {
            self.name = name
            self.version = version
            self.lease = lease
            self.poll = poll
            self.batch = batch
            self.announced = announced
        }
    }

    private let options: Options
    private let configuration: Configuration
    private let pool: Pool
    private let writing: Pool
    private let fetching: Pool
    private let duties: [Duty]
    private let doorbell: Doorbell
    private let logger: Logger
    private let observer: any QueueObserver
    private let wakes = Wakes()

    /// - Parameter fetching: sessions whose plans go by key (`Plans.onceByKey`), for looks and for the ends of calls; they are
    ///   closed with the crew. Nil makes some.
    package init(
        _ options: Options, duties: [Duty], configuration: Configuration, pool: Pool, fetching: Pool? = nil,
        doorbell: Doorbell, observer: any QueueObserver = NoObserver(), logger: Logger
    ) {
        self.options = options
        self.configuration = configuration
        self.pool = pool
        self.fetching = fetching ?? Self.byKey(configuration)
        writing = Self.byKey(configuration)
        self.duties = duties
        self.doorbell = doorbell
        self.observer = observer
        self.logger = logger
    }

    /// Sessions for what is looked up and changed by key, however long the tables are.
    package static func byKey(_ configuration: Configuration) -> Pool {
        var configuration = configuration
        configuration.plans = .onceByKey
        return Pool(configuration, size: 4)
    }

    /// Works until `stop()`, or until its task is cancelled; then finishes what is in hand and gives its lanes back.
    package func run() async throws {
        try await withTaskCancellationHandler {
            try await work()
        } onCancel: {
            stop()
        }
    }

    private func work() async throws {
        let membership = Membership(options: options, configuration: configuration, pool: pool)
        try await membership.join()
        let listener = Listener(configuration, channels: [Doorbell.channel])
        async let _ = keepListening(listener)  // cancelled when this scope ends
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.tick(membership) }
            var running: Set<String> = []
            let discovery = wakes.stream(of: "")
            repeat {
                for (queue, duty) in await queuesToServe() where running.insert(queue.name).inserted {
                    let consumer = Consumer(
                        queue: queue, duty: duty, options: options, membership: membership, pool: pool,
                        writing: writing, fetching: fetching,
                        doorbell: doorbell, wakes: wakes, observer: observer, logger: logger)
                    group.addTask { await consumer.run() }
                }
                await discovery.next()
            } while !wakes.isStopping
            await group.waitForAll()
        }
        try? await finishing { await membership.leave() }
        fetching.close()
        writing.close()
    }

    /// Returns at once; `run()` ends when what is in hand is finished.
    package func stop() {
        wakes.stop()
    }

    private func queuesToServe() async -> [(QueueName, Duty)] {
        do {
            return try await QueueName.all(from: pool).compactMap { queue in
                duties.first { $0.queues.include(queue.name) }.map { (queue, $0) }
            }
        } catch {
            logger.warning("The queues could not be read.", metadata: ["failure.code": "\(Failure.code(of: error))"])
            return []
        }
    }

    private func keepListening(_ listener: Listener) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await listener.run() }
            for await notification in listener.notifications {
                switch notification {
                case .heard(_, let payload): wakes.wake(payload)
                case .reconnected: wakes.wakeAll()
                }
            }
            group.cancelAll()
        }
    }

    /// The poll, which is the truth, and the heartbeat.
    private func tick(_ membership: Membership) async {
        while !wakes.isStopping {
            await membership.beat(logger)
            wakes.wakeAll()
            await wakes.pause(options.poll)
        }
    }
}

/// Told how jobs end, for metrics. Called outside transactions.
package protocol QueueObserver: Sendable {
    func finished(queue: String, kind: String, waited: TimeInterval)
    func failed(queue: String, kind: String, failure: Failure, state: String)
    func lostLanes(queue: String)
}

package struct NoObserver: QueueObserver {
    package init() {}
    package func finished(queue: String, kind: String, waited: TimeInterval) {}
    package func failed(queue: String, kind: String, failure: Failure, state: String) {}
    package func lostLanes(queue: String) {}
}
