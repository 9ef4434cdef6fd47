package import Foundation
package import Postgres
package import Practice

/// Taking off an appointment what was filed there wrongly: by a decision that was taken back, with which it is kept, or
/// before it could be known whose it was.
package enum Retraction {
    /// Something that was said of an appointment, with the day of its message in the journal.
    package struct Said: Sendable {
        package let day: CalendarDay
        package let event: AppointmentEvent
    }

    /// Holds the person of a decision, and of what it was applied to, as a message that speaks of them does: what is being
    /// said of them meanwhile is on record before anything is read here. To be called before anything is locked.
    package static func hold(_ decision: Int64, practice: String, in transaction: Transaction) async throws {
        let persons = try await transaction.query(
            """
            SELECT DISTINCT coalesce(p.survivor, p.id)
            FROM records.decision d
            JOIN records.practice o ON o.practice_id = d.practice_id
            LEFT JOIN records.appointment a ON a.practice_id = d.practice_id AND a.id = d.became
            JOIN records.person p ON p.enterprise_id = o.enterprise_id AND p.id IN (d.person_id, a.person_id)
            WHERE d.practice_id = \(practice) AND d.id = \(decision) ORDER BY 1
            """
        ).map { try $0.decode(UUID.self) }
        for person in persons {
            _ = try await transaction.query("SELECT pg_advisory_xact_lock(hashtextextended(\(person)::text, 9))::text")
        }
    }

    /// The appointment that a decision was applied to, nil where it was applied to none; waits for a commit that applies
    /// it right now.
    package static func target(
        of decision: Int64, practice: String, in transaction: Transaction
    ) async throws -> UUID? {
        try await transaction.query(
            """
            SELECT became FROM records.decision WHERE practice_id = \(practice) AND id = \(decision) FOR UPDATE
            """
        ).first?.decode(UUID?.self) ?? nil
    }

    /// Everything that was said of one appointment, in the order in which it came; locks it until the commit. The events
    /// are read by a statement of their own, which sees what was committed while the lock was waited for.
    package static func said(
        of id: UUID, practice: String, in transaction: Transaction
    ) async throws -> [Said] {
        _ = try await transaction.query(
            "SELECT 1 FROM records.appointment WHERE practice_id = \(practice) AND id = \(id) FOR UPDATE")
        return try await transaction.query(
            """
            SELECT received_on, facts::text FROM records.appointment_event
            WHERE practice_id = \(practice) AND appointment_id = \(id)
            ORDER BY entry_id, event_at
            """
        ).map { row in
            let (day, facts) = try row.decode((CalendarDay, String).self)
            return Said(
                day: day,
                event: try Coding.value(AppointmentEvent.self, from: facts, column: "appointment_event.facts"))
        }
    }

    /// Wait-list entries of a person that these messages ended. Index appointment_by_person.
    package static func ended(
        by entries: [Int64], person: UUID?, practice: String, in transaction: Transaction
    ) async throws -> [UUID] {
        guard let person else { return [] }
        return try await transaction.query(
            """
            SELECT DISTINCT a.id FROM records.appointment a
            JOIN records.appointment_event e ON e.practice_id = a.practice_id AND e.appointment_id = a.id
            WHERE a.practice_id = \(practice) AND a.person_id = \(person) AND e.entry_id = ANY (\(entries))
                AND e.facts->>'kind' = 'superseded'
            """
        ).map { try $0.decode(UUID.self) }
    }

    /// Everything that was said of one appointment is another's, and so are its names.
    package static func move(
        all from: UUID, to other: UUID, practice: String, in transaction: Transaction
    ) async throws {
        try await transaction.later(
            """
            WITH gone AS (
                DELETE FROM records.appointment_event e WHERE e.practice_id = \(practice) AND e.appointment_id = \(from)
                RETURNING e.*
            )
            INSERT INTO records.appointment_event
                (practice_id, appointment_id, event_at, entry_id, received_on, definition, facts)
            SELECT practice_id, \(other), event_at, entry_id, received_on, definition, facts FROM gone
            """)
        try await transaction.later(
            """
            WITH gone AS (
                DELETE FROM records.appointment_alias l WHERE l.practice_id = \(practice) AND l.appointment_id = \(from)
                RETURNING l.*
            )
            INSERT INTO records.appointment_alias (practice_id, kind, authority, value, appointment_id, trust, first_seen_at)
            SELECT practice_id, kind, authority, value, \(other), trust, first_seen_at FROM gone
            ON CONFLICT DO NOTHING
            """)
    }

    /// Moves what these messages said off the appointments, and takes the names from the first that nothing else gave it.
    package static func takeOff(
        _ entries: [Int64], of appointments: [UUID], names: [Identifier], decision: Int64, practice: String,
        in transaction: Transaction
    ) async throws {
        try await transaction.execute(
            """
            WITH gone AS (
                DELETE FROM records.appointment_event e
                WHERE e.practice_id = \(practice) AND e.appointment_id = ANY (\(appointments))
                    AND e.entry_id = ANY (\(entries))
                RETURNING e.*
            )
            INSERT INTO records.retracted_event
                (practice_id, decision_id, appointment_id, event_at, entry_id, received_on, facts)
            SELECT practice_id, \(decision), appointment_id, event_at, entry_id, received_on, facts FROM gone
            """)
        guard let first = appointments.first else { return }
        try await transaction.execute(
            """
            DELETE FROM records.appointment_alias l
            USING unnest(\(names.map(\.kind.rawValue)), \(names.map(\.authority)), \(names.map(\.value)))
                AS n (kind, authority, value)
            WHERE l.practice_id = \(practice) AND l.appointment_id = \(first)
                AND l.kind = n.kind AND l.authority = n.authority AND l.value = n.value
            """)
    }
}
