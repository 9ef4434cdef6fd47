import Foundation
import Hosting
import Journal
package import Logging
package import Postgres
package import Queue
import ServiceLifecycle
import Synchronization
import Workflow

/// The one writer of what comes in: commits whatever is waiting on all connections as one transaction, tells each sender
/// its own verdict, and takes the next. No timer: a linger made every load slower (1 ms cut 15,299 messages a second over
/// 8 connections to 4,448).
///
///       submit            run: all that waits            commit
///     o --------> waiting ------------------> in a commit ------> kept
///                    |                          |  the database is away: again, until `patience`
///                    | too much waits           +--------------------------------------------> notNow
///                    +-----------------------------------------------------------------------> notNow
package final class Intake: Service {
    package struct Options: Sendable {
        /// Of one commit.
        package var batchCount = 512
        package var batchBytes = 8 << 20
        /// Beyond this nothing more is taken; connections stop being read long before.
        package var waitingBytes = 256 << 20
        /// How long a sender is held while the database is away: less than the 30 seconds that senders commonly wait.
        package var patience = Duration.seconds(15)

        package init() {}
    }

    private struct Item: Sendable {
        let submission: Submission
        let since: ContinuousClock.Instant
        let answer: CheckedContinuation<Verdict, Never>
    }

    private struct State: Sendable {
        var waiting: [Item] = []
        var bytes = 0
        var isClosed = false
    }

    private let state = Mutex(State())
    private let signal: AsyncStream<Void>
    private let wake: AsyncStream<Void>.Continuation
    private let writer: IntakeWriter
    private let doorbell: Doorbell
    private let options: Options
    private let metrics: GatewayMetrics
    private let logger: Logger

    package init(
        pool: Pool, doorbell: Doorbell, secret: KeySecret, queues: [QueueName], metrics: GatewayMetrics,
        options: Options = Options(), logger: Logger = Logger(label: "pmsync.gateway.intake")
    ) {
        (signal, wake) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        writer = IntakeWriter(pool: pool, secret: secret, queues: queues)
        self.doorbell = doorbell
        self.options = options
        self.metrics = metrics
        self.logger = logger
    }

    /// Waits for the commit that takes this along. What one caller submits first stands first in the journal: the place
    /// is taken before this suspends.
    func submit(_ submission: Submission) async -> Verdict {
        let verdict = await withCheckedContinuation { continuation in
            let item = Item(submission: submission, since: .now, answer: continuation)
            let isTaken = state.withLock { state in
                guard !state.isClosed, state.bytes < options.waitingBytes else { return false }
                state.waiting.append(item)
                state.bytes += submission.size
                return true
            }
            if isTaken { wake.yield() } else { settle(item, .notNow) }
        }
        return verdict
    }

    /// Whether there is room: a caller that has not read its message yet should wait while there is none.
    package var hasRoom: Bool {
        state.withLock { $0.bytes < options.waitingBytes / 4 && !$0.isClosed }
    }

    // MARK: The writer

    /// Runs until shutdown; then commits what is waiting and takes no more.
    package func run() async throws {
        let (rings, ringer) = AsyncStream.makeStream(of: Set<String>.self)
        await withTaskCancellationOrGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                group.addTask { [doorbell] in
                    for await names in rings { await doorbell.ring(names) }
                    await doorbell.close()
                }
                var signals = signal.makeAsyncIterator()
                while true {
                    let batch = next()
                    if !batch.isEmpty {
                        await commit(batch, ringer)
                    } else if await signals.next() == nil {
                        break
                    }
                }
                ringer.finish()
            }
        } onCancelOrGracefulShutdown: {
            self.close()
        }
        for item in next(all: true) { settle(item, .notNow) }
    }

    /// Takes no more. What is waiting is still committed.
    package func close() {
        state.withLock { $0.isClosed = true }
        wake.finish()
    }

    private func next(all: Bool = false) -> [Item] {
        state.withLock { state in
            var bytes = 0
            var count = 0
            while count < state.waiting.count, all || count < options.batchCount {
                bytes += state.waiting[count].submission.size
                if !all, count > 0, bytes > options.batchBytes {
                    bytes -= state.waiting[count].submission.size
                    break
                }
                count += 1
            }
            let batch = Array(state.waiting.prefix(count))
            state.waiting.removeFirst(count)
            state.bytes -= bytes
            metrics.waitingBytes.set(Double(state.bytes))
            return batch
        }
    }

    private func commit(_ batch: [Item], _ ringer: AsyncStream<Set<String>>.Continuation) async {
        var batch = batch
        var pause = Duration.milliseconds(50)
        while !batch.isEmpty {
            do {
                let report = try await writer.commit(batch.map(\.submission))
                for item in batch { settle(item, .kept) }
                count(report)
                if !report.rings.isEmpty { ringer.yield(report.rings) }
                return
            } catch {
                metrics.commitFailures.add()
                guard Self.mayPass(error) else { return await isolate(batch, error, ringer) }
                logger.warning(
                    "What came in could not be committed; it is tried again.",
                    metadata: ["failure.code": "\(FailureCode.of(error))", "batch.count": "\(batch.count)"])
                let deadline = ContinuousClock.now - options.patience
                for item in batch where item.since <= deadline { settle(item, .notNow) }
                batch.removeAll { $0.since <= deadline }
                if Task.isCancelled {
                    for item in batch { settle(item, .notNow) }
                    return
                }
                try? await Task.sleep(for: pause)
                pause = min(pause * 2, .seconds(1))
            }
        }
    }

    /// One that the database will not have must not take the others with it.
    private func isolate(
        _ batch: [Item], _ error: any Error, _ ringer: AsyncStream<Set<String>>.Continuation
    ) async {
        if batch.count > 1 {
            for item in batch { await commit([item], ringer) }
            return
        }
        logger.error(
            "A message cannot be stored.", metadata: ["failure.code": "\(FailureCode.of(error))"])
        for item in batch {
            if case .message(let reception) = item.submission {
                let refusal = Refusal(
                    feed: reception.route.feed, peer: reception.arrival.peer, reason: "unstorable",
                    size: reception.arrival.payload.count, head: reception.arrival.payload)
                _ = try? await writer.commit([.refusal(refusal)])
            }
            settle(item, .unstorable)
        }
    }

    /// A COMMIT whose answer was lost is run again too: then it finds its own entries, as repeats.
    private static func mayPass(_ error: any Error) -> Bool {
        guard let error = error as? PostgresError else { return error is CancellationError }
        if error == .commitUnknown || error == .cancelled { return true }
        return error.isTransient
    }

    private func settle(_ item: Item, _ verdict: Verdict) {
        item.answer.resume(returning: verdict)
        guard case .message(let reception) = item.submission else { return }
        metrics.acknowledged.observe(item.since.duration(to: .now))
        metrics.messages.add(1, ["outcome": reception.word(verdict)])
    }

    private func count(_ report: IntakeWriter.Report) {
        metrics.commits.add()
        metrics.repeats.add(Double(report.repeats))
        metrics.reusedIDs.add(Double(report.reused))
        for (reason, count) in report.refusals { metrics.refusals.add(Double(count), ["reason": reason]) }
    }
}

extension Reception {
    fileprivate func word(_ verdict: Verdict) -> String {
        switch (verdict, fate) {
        case (.kept, .accepted): "accepted"
        case (.kept, .refused): "refused"
        case (.kept, .notAllowed): "not_allowed"
        case (.notNow, _): "not_now"
        case (.unstorable, _): "unstorable"
        }
    }
}
