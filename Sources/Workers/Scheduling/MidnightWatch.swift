import Foundation
import Hosting
import Logging
import Postgres
import Practice
import Queue
import Records
import ServiceLifecycle
import Worker
import Workflow

/// Sees each practice's midnight pass, in its own zone, and puts it into the queue, where one worker takes it. Of several
/// processes the first does; a clock that stood still or a process that was away makes up for it.
struct MidnightWatch: Service {
    private let worker: Worker
    private let queue: Int16

    /// What was said late of a day that is over is looked for so often.
    private static let interval: TimeInterval = 60

    init(_ worker: Worker) async throws {
        self.worker = worker
        queue = try await QueueName.find(SchedulingJobs.queue, from: worker.pool).id
    }

    func run() async throws {
        try? await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                var wait = Self.interval
                do {
                    wait = min(wait, try await look())
                } catch is CancellationError {
                    return
                } catch {
                    worker.program.logger.warning(
                        "The midnights could not be looked at; they are again in a minute.",
                        metadata: ["failure.code": "\(FailureCode.of(error))"])
                }
                try await Task.sleep(for: .seconds(wait))
            }
        }
    }

    /// Looks at every practice; how long until the next midnight of any.
    private func look() async throws -> TimeInterval {
        guard let definition = try? await worker.definitions.current() else { return Self.interval }
        let now = worker.program.settings.wall.now()
        var wait = Self.interval
        for practice in definition.practices.values.sorted(by: { $0.id < $1.id })
        where definition.derivesNoShows(practice.id) {
            let midnight = Midnight(practice)
            wait = min(wait, max(midnight.next(after: now).timeIntervalSince(now), 0) + 0.1)
            try await enqueue(midnight, practice.id, now)
        }
        return wait
    }

    private func enqueue(_ midnight: Midnight, _ practice: String, _ now: Date) async throws {
        let isOver = try await worker.pool.transaction { transaction in
            let overdue = try await Appointments.overdue(
                since: midnight.since(now), before: midnight.last(before: now), practice: practice, limit: 1,
                in: transaction)
            if overdue.isEmpty { return false }
            _ = try await transaction.query("SELECT pg_advisory_xact_lock(hashtextextended('midnight', 0))::text")
            let isWaiting = try await !transaction.query(
                """
                SELECT FROM queue.job
                WHERE queue = \(queue) AND kind = \(SchedulingJobs.midnight) AND practice_id = \(practice)
                UNION ALL
                SELECT FROM queue.blocked
                WHERE queue = \(queue) AND kind = \(SchedulingJobs.midnight) AND practice_id = \(practice)
                """
            ).isEmpty
            if isWaiting { return false }
            let job = NewJob(
                kind: SchedulingJobs.midnight, key: JobKey("midnight/\(practice)", secret: worker.secret),
                practice: practice)
            try await NewJob.enqueue([job], into: queue, in: transaction)
            return true
        }
        if isOver { await worker.doorbell.ring([SchedulingJobs.queue]) }
    }
}
