import Foundation
package import Hosting
import Logging
package import Postgres
package import Queue
package import ServiceLifecycle

/// What every worker's process is made of: the definition in force, the crew that works its queues, and the notices to
/// booking apps. A worker's own folder adds its plan and its records; its main lists the services in order.
package struct Worker: Sendable {
    package let pool: Pool
    /// Sessions for what is looked up or changed by key; the crew's own looks go by them too.
    package let byKey: Pool
    package let doorbell: Doorbell
    package let definitions: DefinitionStore
    package let secret: KeySecret
    package let program: Program
    private let configuration: Configuration

    /// Connects under the worker's role and reads what every job needs.
    package init(_ program: Program, role: String) async throws {
        self.program = program
        let settings = program.settings
        var configuration = try Configuration(
            url: try settings.required(.databaseURL), role: role, applicationName: "pmsync-\(program.name)")
        // A worker that froze in mid-transaction must not keep its locks from whoever takes its lanes over.
        configuration.idleInTransactionTimeout = max(settings.seconds(.leaseSeconds), .seconds(2))
        configuration.plans = .once
        self.configuration = configuration
        pool = Pool(configuration, size: settings.number(.poolSize))
        doorbell = Doorbell(configuration)
        byKey = Crew.byKey(configuration)
        // A session of its own: jobs ask for the definition inside their transaction, and a pool whose every session is so held
        // would never have one to spare.
        definitions = DefinitionStore(pool: Pool(configuration, size: 1), metrics: program.metrics)
        secret = try await KeySecret.read(from: pool)
    }

    /// The service that works these duties until shutdown; then it finishes what is in hand and gives its lanes back.
    package func crew(_ duties: [Duty]) -> any Service {
        let crew = Crew(
            .init(
                name: program.name, version: Self.version, lease: program.settings.seconds(.leaseSeconds),
                // The gateway's stream of changes hears of them so.
                announced: [FanOut.queue]),
            duties: duties, configuration: configuration, pool: pool, fetching: byKey, doorbell: doorbell,
            observer: JobMetrics(program.metrics), logger: program.logger)
        return CrewService(crew: crew, worker: self, gate: program.readiness.gate("definition"))
    }

    package static let version = "0.1.0"
}

private struct CrewService: Service {
    let crew: Crew
    let worker: Worker
    let gate: Readiness.Gate

    /// Takes no lane before there is a definition to work by: until then the jobs are left to whoever can read it, and
    /// none of them fails for what is no fault of its own.
    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled, (try? await self.worker.definitions.current()) == nil {
                try? await Task.sleep(for: .milliseconds(500))
            }
        }
        gate.open()
        try await withGracefulShutdownHandler {
            try await crew.run()
        } onGracefulShutdown: {
            crew.stop()
        }
        await worker.doorbell.close()
        worker.definitions.close()
        worker.pool.close()
    }
}

/// How jobs end, by queue. A webhook's queue counts as `webhook`, so that the label stays closed.
struct JobMetrics: QueueObserver {
    private let jobs: Counter
    private let failures: Counter
    private let lost: Counter
    private let waited: Histogram

    static let queues = ["scheduling", "fan-out", "parity", "webhook", "mail"]

    init(_ metrics: Metrics) {
        jobs = metrics.counter(
            "pmsync_jobs_total", help: "Jobs that ended well, by queue.", labels: ["queue": Self.queues])
        failures = metrics.counter(
            "pmsync_job_failures_total", help: "Attempts that failed, by queue and where that left the job.",
            labels: ["queue": Self.queues, "state": ["retrying", "parked", "uncertain"]])
        lost = metrics.counter(
            "pmsync_lanes_lost_total", help: "Batches rolled back because a lane had been taken over.",
            labels: ["queue": Self.queues])
        waited = metrics.histogram(
            "pmsync_job_wait_seconds", help: "From enqueue to the job's end.", labels: ["queue": Self.queues])
    }

    func finished(queue: String, kind: String, waited seconds: TimeInterval) {
        jobs.add(1, ["queue": label(queue)])
        waited.observe(seconds, ["queue": label(queue)])
    }

    func failed(queue: String, kind: String, failure: Failure, state: String) {
        failures.add(1, ["queue": label(queue), "state": state])
    }

    func lostLanes(queue: String) {
        lost.add(1, ["queue": label(queue)])
    }

    private func label(_ queue: String) -> String {
        String(queue.prefix { $0 != ":" })
    }
}
