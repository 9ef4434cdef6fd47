package import Foundation
package import Postgres
package import Queue

/// A person takes back what was decided wrongly. The decision answers nothing from then on; the worker takes what rested
/// on it off the appointment, and files those messages anew, so that the first of them asks again where it still must. The
/// console and `pmsync` share it: it notes who and why, and enqueues the job, in the caller's transaction.
package struct TakingBack: Sendable {
    package static let jobKind = "take-back"
    /// To be rung for once the caller has committed.
    package static let queue = "scheduling"

    private let secret: KeySecret
    private let queueID: Int16

    package enum Answer: Hashable, Sendable {
        case asked
        case unknownDecision
        /// Somebody did so before: nothing was done.
        case already
    }

    package init(pool: Pool) async throws {
        secret = try await KeySecret.read(from: pool)
        queueID = try await QueueName.find(Self.queue, from: pool).id
    }

    /// Under the console's role the decision must be of a practice that the transaction may see. Takes the job's key lock,
    /// so call it last.
    package func takeBack(
        _ decision: Int64, by actor: String, reason: String, in transaction: Transaction
    ) async throws -> Answer {
        let rows = try await transaction.query("SELECT practice_id FROM records.decision WHERE id = \(decision)")
        guard let practice = try rows.first?.decode(String.self) else { return .unknownDecision }
        let noted = try await transaction.execute(
            """
            INSERT INTO records.taken_back (practice_id, decision_id, actor, reason)
            VALUES (\(practice), \(decision), \(actor), \(reason)) ON CONFLICT DO NOTHING
            """)
        if noted == 0 { return .already }
        try await transaction.execute(
            """
            INSERT INTO console.audit (actor, act, subject, reason, practice_id)
            VALUES (\(actor), 'taken-back', \("decision \(decision)"), \(reason), \(practice))
            """)
        let job = NewJob(
            kind: Self.jobKind, key: JobKey("take-back/\(practice)/\(decision)", secret: secret), practice: practice,
            payload: #"{"decision":\#(decision)}"#)
        try await NewJob.enqueue([job], into: queueID, in: transaction)
        return .asked
    }

    /// The decision that a job is about; nil where it cannot be read.
    package static func decision(in job: Job) -> Int64? {
        struct Payload: Decodable { let decision: Int64 }
        return (try? JSONDecoder().decode(Payload.self, from: Data(job.payload.utf8)))?.decision
    }

    // MARK: What was decided

    /// A decision, as people look it up.
    package struct Line: Sendable {
        package let id: Int64
        package let practice: String
        package let at: Date
        package let actor: String
        package let reason: String
        package let day: CalendarDay
        package let entry: Int64
        /// What the message was applied to; nil while it is not applied.
        package let appointment: UUID?
        package let isNew: Bool
        package let takenBackBy: String?
        package let takenBackBecause: String?
    }

    /// The newest first. Primary keys.
    package static func decisions(
        practice: String? = nil, limit: Int64 = 100, in transaction: Transaction
    ) async throws -> [Line] {
        try await transaction.query(
            """
            SELECT d.id, d.practice_id, d.at, d.actor, d.reason, d.received_on, d.entry_id, d.became,
                d.appointment_id IS NULL, t.actor, t.reason
            FROM records.decision d
            LEFT JOIN records.taken_back t ON t.practice_id = d.practice_id AND t.decision_id = d.id
            WHERE \(practice)::text IS NULL OR d.practice_id = \(practice)
            ORDER BY d.id DESC LIMIT \(limit)
            """
        ).map { row in
            let (id, practice, at, actor, reason, day, entry, became, isNew, backBy, backBecause) = try row.decode(
                (Int64, String, Date, String, String, CalendarDay, Int64, UUID?, Bool, String?, String?).self)
            return Line(
                id: id, practice: practice, at: at, actor: actor, reason: reason, day: day, entry: entry,
                appointment: became, isNew: isNew, takenBackBy: backBy, takenBackBecause: backBecause)
        }
    }
}
