import Journal
import Postgres
import Queue
import Synchronization
import Worker
import Workflow

/// One commit of the intake: entries, outcomes of what is refused, refusals, and jobs, in the order things came.
struct IntakeWriter: Sendable {
    struct Report: Sendable {
        var repeats = 0
        var reused = 0
        var refusals: [String: Int] = [:]
        /// Queues to ring for.
        var rings: Set<String> = []
    }

    private let pool: Pool
    private let secret: KeySecret
    private let queues: [String: Int16]

    init(pool: Pool, secret: KeySecret, queues: [QueueName]) {
        self.pool = pool
        self.secret = secret
        self.queues = Dictionary(queues.map { ($0.name, $0.id) }) { first, _ in first }
        precondition(self.queues[Route.fallback] != nil, "the database has no queue for what nobody takes")
    }

    /// Safe to repeat but for messages without a control id, which then stand twice.
    func commit(_ submissions: [Submission]) async throws -> Report {
        let receptions = submissions.compactMap { submission in
            if case .message(let reception) = submission { reception } else { nil }
        }
        let refusals = submissions.compactMap { submission in
            if case .refusal(let refusal) = submission { refusal } else { nil }
        }
        return try await pool.transaction { transaction in
            var report = Report()
            for refusal in refusals {
                try await refusal.record(in: transaction)
                report.refusals[refusal.reason, default: 0] += 1
            }
            if !receptions.isEmpty { try await record(receptions, &report, transaction) }
            return report
        }
    }

    private func record(_ receptions: [Reception], _ report: inout Report, _ transaction: Transaction) async throws {
        let recorded = try await Arrival.record(receptions.map(\.arrival), in: transaction)
        var jobs: [Int16: [NewJob]] = [:]
        var again: [Int64: (EntryID, Reception)] = [:]
        for (reception, recorded) in zip(receptions, recorded) {
            switch (recorded, reception.fate) {
            case (.fresh(let entry, let reused), .accepted):
                report.reused += reused ? 1 : 0
                add(reception, entry, to: &jobs, &report)
            case (.fresh(let entry, let reused), .refused(let reason)):
                report.reused += reused ? 1 : 0
                try await Outcome(
                    entry: entry, workflow: reception.route.workflow, definition: nil, code: "refused",
                    detail: reason.word
                ).record(in: transaction)
            case (.again(let entry), .accepted):
                report.repeats += 1
                again[entry.number] = (entry, reception)
            case (.again, .refused):
                report.repeats += 1
            case (_, .notAllowed):
                preconditionFailure("A message that is not allowed came to the journal.")
            }
        }
        if !again.isEmpty { try await reopen(again, &jobs, &report, transaction) }
        for (queue, jobs) in jobs.sorted(by: { $0.key < $1.key }) {
            try await NewJob.enqueue(jobs, into: queue, in: transaction)
        }
    }

    /// A resend of what is parked goes back to work; of what was discarded or refused it is enqueued anew; of what is
    /// done, or still waits, nothing.
    private func reopen(
        _ again: [Int64: (EntryID, Reception)], _ jobs: inout [Int16: [NewJob]], _ report: inout Report,
        _ transaction: Transaction
    ) async throws {
        let entries = again.keys.sorted()
        let days = entries.compactMap { again[$0]?.0.day }
        let reopened = try await BlockedJobs.reopen(days: days, entries: entries, in: transaction)
        for entry in reopened {
            if let (_, reception) = again[entry] { report.rings.insert(queue(of: reception).name) }
        }
        for number in try await GivenUp.take(days, entries, in: transaction).sorted() {
            guard !reopened.contains(number), let (entry, reception) = again[number] else { continue }
            add(reception, entry, to: &jobs, &report)
        }
    }

    private func add(
        _ reception: Reception, _ entry: EntryID, to jobs: inout [Int16: [NewJob]], _ report: inout Report
    ) {
        let queue = queue(of: reception)
        jobs[queue.id, default: []].append(reception.job(entry, secret: secret))
        report.rings.insert(queue.name)
    }

    /// A workflow whose worker is not installed has no queue: its messages park in sight with the rest.
    private func queue(of reception: Reception) -> (id: Int16, name: String) {
        let name = reception.route.workflow
        if let id = queues[name] { return (id, name) }
        guard let id = queues[Route.fallback] else { preconditionFailure("Checked when this was made.") }
        return (id, Route.fallback)
    }
}
