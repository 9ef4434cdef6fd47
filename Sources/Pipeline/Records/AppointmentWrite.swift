import Foundation
package import Postgres
package import Practice

/// One message's effect on one appointment, ready to be written in one transaction.
package struct AppointmentWrite: Sendable {
    package var practice: String
    package var enterprise: String
    package var appointment: Appointment
    /// The stored version before; 0 for a new one.
    package var versionBefore: Int32
    /// False when the state is as it was: then only the event and new aliases are kept.
    package var isChanged: Bool
    package var event: AppointmentEvent
    package var newAliases: [Alias]
    package var day: CalendarDay
    package var definition: [UInt8]?

    package init(
        practice: String, enterprise: String, appointment: Appointment, versionBefore: Int32, isChanged: Bool,
        event: AppointmentEvent, newAliases: [Alias], day: CalendarDay, definition: [UInt8]?
    ) {
        self.practice = practice
        self.enterprise = enterprise
        self.appointment = appointment
        self.versionBefore = versionBefore
        self.isChanged = isChanged
        self.event = event
        self.newAliases = newAliases
        self.day = day
        self.definition = definition
    }

    package var version: Int32 { isChanged ? versionBefore + 1 : versionBefore }

    /// Writes state, version, event, aliases, resources, occupancy and slots, with the transaction's next statement, which
    /// throws `PostgresError.missed` when another commit was first.
    package func write(in transaction: Transaction) async throws {
        // One statement for all that hangs on the state: to begin one costs more than most of them do.
        try await transaction.later(
            isChanged
                ? "WITH \(fragment: try state()), \(fragment: try insertedVersion()), \(fragment: try facts()) SELECT 1 FROM state"
                : "WITH state AS (SELECT 1), \(fragment: try facts()) SELECT 1 FROM state", rows: 1)
        if isChanged { try await Occupation(self).write(in: transaction) }
    }

    /// The state as it stands now, where the version before is the one that was decided upon.
    private func state() throws -> SQL {
        let state = appointment
        let flags = state.flags.map(\.rawValue).sorted()
        return """
            state AS (
                INSERT INTO records.appointment (practice_id, id, version, status, source_status, start_at, end_at,
                    enterprise_id, person_id, type_code, type_text, category_code, category_text, reason_text, cancel_reason, overbooked, replaces,
                    flags, event_at, received_on, entry_id, definition)
                VALUES (\(practice), \(state.id), 1, \(state.status.rawValue), \(state.sourceStatus), \(state.start),
                    \(state.end), \(enterprise), \(state.person), \(state.type?.code ?? ""), \(state.type?.text ?? ""),
                    \(state.category?.code ?? ""), \(state.category?.text ?? ""), \(state.reason), \(state.cancelReason), \(state.overbooked), \(state.replaces), \(flags),
                    \(state.eventAt), \(day), \(event.entry), \(definition))
                ON CONFLICT (practice_id, id) DO UPDATE SET
                    version = appointment.version + 1, status = excluded.status,
                    source_status = excluded.source_status, start_at = excluded.start_at, end_at = excluded.end_at,
                    person_id = excluded.person_id, type_code = excluded.type_code, type_text = excluded.type_text,
                    category_code = excluded.category_code, category_text = excluded.category_text,
                    reason_text = excluded.reason_text, cancel_reason = excluded.cancel_reason,
                    overbooked = excluded.overbooked, replaces = excluded.replaces, flags = excluded.flags,
                    event_at = excluded.event_at, received_on = excluded.received_on, entry_id = excluded.entry_id,
                    definition = excluded.definition, changed_at = clock_timestamp()
                WHERE appointment.version = \(versionBefore)
                RETURNING 1
            )
            """
    }

    private func insertedVersion() throws -> SQL {
        """
        version AS (
            INSERT INTO records.appointment_version
                (practice_id, appointment_id, version, event_at, received_on, entry_id, definition, state)
            SELECT \(practice), \(appointment.id), \(version), \(appointment.eventAt), \(day), \(event.entry),
                \(definition), \(try Coding.json(appointment))::text::jsonb
            FROM state
        )
        """
    }

    private func facts() throws -> SQL {
        """
        event AS (
            INSERT INTO records.appointment_event
                (practice_id, appointment_id, event_at, entry_id, received_on, definition, facts)
            SELECT \(practice), \(appointment.id), \(event.at), \(event.entry), \(day), \(definition),
                \(try Coding.json(event))::text::jsonb
            FROM state
        ), alias AS (
            INSERT INTO records.appointment_alias (practice_id, kind, authority, value, appointment_id, trust)
            SELECT \(practice), a.kind, a.authority, a.value, \(appointment.id), a.trust
            FROM state, unnest(\(newAliases.map(\.identifier.kind.rawValue)), \(newAliases.map(\.identifier.authority)),
                \(newAliases.map(\.identifier.value)), \(newAliases.map(\.trust))) AS a (kind, authority, value, trust)
            ON CONFLICT DO NOTHING
        )
        """
    }
}
