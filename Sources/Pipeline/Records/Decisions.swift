package import Foundation
package import Postgres

/// Which appointment a message means, as a person decided.
package struct StoredDecision: Sendable {
    package let id: Int64
    /// nil: a new one.
    package let appointment: UUID?
}

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

    /// The newest decision on what a message says of this person that was not taken back; held until the commit against
    /// being taken back. Index decision_by_entry.
    package static func find(
        entry: Int64, person: UUID?, practice: String, in transaction: Transaction
    ) async throws -> StoredDecision? {
        try await transaction.query(
            """
            SELECT d.id, coalesce(d.became, d.appointment_id) FROM records.decision d
            WHERE d.practice_id = \(practice) AND d.entry_id = \(entry)
                AND (d.person_id IS NULL OR \(person)::uuid IS NULL OR \(person) = (
                    SELECT coalesce(p.survivor, p.id) FROM records.person p
                    JOIN records.practice o ON o.practice_id = d.practice_id AND o.enterprise_id = p.enterprise_id
                    WHERE p.id = d.person_id))
                AND \(fragment: stands())
            ORDER BY d.id DESC LIMIT 1 FOR SHARE OF d
            """
        ).first.map { row in
            let (id, appointment) = try row.decode((Int64, UUID?).self)
            return StoredDecision(id: id, appointment: appointment)
        }
    }

    /// The newest decision that was applied to the same question and not taken back: what was meant then is meant now.
    /// Index decision_by_question.
    package static func find(
        question: String, practice: String, in transaction: Transaction
    ) async throws -> StoredDecision? {
        try await transaction.query(
            """
            SELECT d.id, d.became FROM records.decision d
            WHERE d.practice_id = \(practice) AND d.question = sha256(convert_to(\(question), 'UTF8'))
                AND \(fragment: stands())
            ORDER BY d.id DESC LIMIT 1 FOR SHARE OF d
            """
        ).first.map { row in
            let (id, appointment) = try row.decode((Int64, UUID?).self)
            return StoredDecision(id: id, appointment: appointment)
        }
    }

    /// It is applied: from now on it answers the question wherever it is asked.
    package static func applied(
        _ decision: Int64, to appointment: UUID, question: String, practice: String, in transaction: Transaction
    ) async throws {
        _ = try await transaction.execute(
            """
            UPDATE records.decision SET question = sha256(convert_to(\(question), 'UTF8')), became = \(appointment),
                applied_at = clock_timestamp()
            WHERE practice_id = \(practice) AND id = \(decision) AND applied_at IS NULL
            """)
    }

    /// Nobody took it back. Primary key of taken_back.
    private static func stands() -> SQL {
        """
        NOT EXISTS (
            SELECT FROM records.taken_back t WHERE t.practice_id = d.practice_id AND t.decision_id = d.id)
        """
    }
}
