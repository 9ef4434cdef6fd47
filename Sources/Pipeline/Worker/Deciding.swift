package import Foundation
package import Postgres
import Queue
package import Records

/// A person's answer to `ambiguous-appointment`: which of the candidates a parked message means, or that it is a new one.
/// The console and `pmsync` share it. It is on record with who, when and why; the message is replayed, its worker applies
/// it, and every later message that asks the same follows it.
package struct Deciding: Sendable {
    package static let code = "ambiguous-appointment"

    package enum Choice: Hashable, Sendable {
        case appointment(UUID)
        case new

        var appointment: UUID? {
            if case .appointment(let id) = self { id } else { nil }
        }
    }

    package enum Answer: Hashable, Sendable {
        /// The message is back at work: ring for these queues after the commit.
        case decided(rings: Set<String>)
        /// The job has ended, or waits for something else: nothing was done.
        case notAsked
        /// The appointment is none of those that may be meant: nothing was done.
        case notACandidate
    }

    /// What the parked job asks.
    package struct Question: Sendable {
        package let job: Int64
        package let practice: String
        package let day: CalendarDay
        package let entry: Int64
        package let candidates: [UUID]
    }

    /// A job's detail: what is to be decided, then the ids of the candidates.
    package static func detail(_ sentence: String, candidates: [UUID]) -> String {
        ([sentence] + candidates.map { $0.uuidString.lowercased() }).joined(separator: " ")
    }

    /// What a job asks; nil when it is not parked for that.
    ///
    /// - Parameter isLocked: nobody else answers it until the commit.
    package static func question(
        of job: Int64, isLocked: Bool = false, in transaction: Transaction
    ) async throws -> Question? {
        let lock: SQL = isLocked ? "FOR UPDATE" : ""
        let rows = try await transaction.query(
            """
            SELECT practice_id, received_on, entry_id, coalesce(detail, '') FROM queue.blocked
            WHERE id = \(job) AND state = 'parked' AND code = \(code) AND practice_id IS NOT NULL
                AND received_on IS NOT NULL AND entry_id IS NOT NULL
            \(fragment: lock)
            """)
        return try rows.first.map { row in
            let (practice, day, entry, detail) = try row.decode((String, CalendarDay, Int64, String).self)
            return Question(
                job: job, practice: practice, day: day, entry: entry,
                candidates: detail.split(separator: " ").compactMap { UUID(uuidString: String($0)) })
        }
    }

    /// The candidates as they stand, earliest first.
    package static func candidates(
        of question: Question, in transaction: Transaction
    ) async throws -> [FoundAppointment] {
        if question.candidates.isEmpty { return [] }
        let found = try await Appointments.search(
            [.ids(question.candidates)], practice: question.practice, page: Page(limit: question.candidates.count),
            includingUnshown: true, in: transaction)
        return found.records.sorted { ($0.start ?? .distantPast) < ($1.start ?? .distantPast) }
    }

    /// Decides, notes it in the audit, and puts the message back to work. Under the console's role the practice must be
    /// one that the transaction may see.
    package static func decide(
        job: Int64, _ choice: Choice, by actor: String, reason: String, in transaction: Transaction
    ) async throws -> Answer {
        guard let question = try await question(of: job, isLocked: true, in: transaction) else { return .notAsked }
        if let chosen = choice.appointment, !question.candidates.contains(chosen) { return .notACandidate }
        try await Decisions.note(
            choice.appointment, of: question.candidates, received: question.day, entry: question.entry,
            practice: question.practice, by: actor, reason: reason, in: transaction)
        let chosen = choice.appointment.map { "appointment \($0.uuidString.lowercased())" } ?? "a new appointment"
        try await transaction.execute(
            """
            INSERT INTO console.audit (actor, act, subject, reason, practice_id)
            VALUES (\(actor), 'decided', \("job \(job): \(chosen)"), \(reason), \(question.practice))
            """)
        return .decided(rings: try await BlockedJobs.replay([job], in: transaction))
    }
}
