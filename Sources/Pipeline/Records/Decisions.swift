package import Foundation
package import Postgres

/// What people decided about messages that may mean several appointments; a batch reads it through `DecisionSlice`.
package enum Decisions {
    /// Notes a decision; the message's replay applies it. `candidates` are what the person chose from; whose they are is
    /// looked up, so that a message of several people bears a decision for each.
    package static func note(
        _ appointment: UUID?, of candidates: [UUID], received day: CalendarDay, entry: Int64, practice: String,
        by actor: String, reason: String, in transaction: Transaction
    ) async throws {
        _ = try await transaction.execute(
            """
            INSERT INTO records.decision (practice_id, received_on, entry_id, person_id, candidates, appointment_id, actor,
                reason)
            VALUES (\(practice), \(day), \(entry), (
                SELECT a.person_id FROM records.appointment a
                WHERE a.practice_id = \(practice) AND a.id = ANY (\(candidates)) AND a.person_id IS NOT NULL LIMIT 1),
                \(candidates), \(appointment), \(actor), \(reason))
            """)
    }
}
