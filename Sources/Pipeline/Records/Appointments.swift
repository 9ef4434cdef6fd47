package import Foundation
package import Postgres
package import Practice

/// Appointments on record, for scheduling's decisions.
package enum Appointments {
    /// The appointments that these identifiers name, and with `person` also that person's from `since` on, whoever they
    /// were filed under before a merge. Primary key of the aliases; index appointment_by_person.
    package static func read(
        named: [Identifier], person: UUID?, since: Date, practice: String, enterprise: String,
        in transaction: Transaction
    ) async throws -> [StoredAppointment] {
        let rows = try await transaction.query(
            """
            SELECT coalesce(p.survivor, a.person_id), a.version, v.state::text, a.changed_at,
                names.kinds, names.authorities, names.identifiers, names.trusts
            FROM records.appointment a
            JOIN records.appointment_version v
                ON v.practice_id = a.practice_id AND v.appointment_id = a.id AND v.version = a.version
            LEFT JOIN records.person p ON p.enterprise_id = a.enterprise_id AND p.id = a.person_id
            CROSS JOIN LATERAL (
                SELECT coalesce(array_agg(l.kind ORDER BY l.kind, l.authority, l.value), '{}') AS kinds,
                    coalesce(array_agg(l.authority ORDER BY l.kind, l.authority, l.value), '{}') AS authorities,
                    coalesce(array_agg(l.value ORDER BY l.kind, l.authority, l.value), '{}') AS identifiers,
                    coalesce(array_agg(l.trust ORDER BY l.kind, l.authority, l.value), '{}') AS trusts
                FROM records.appointment_alias l
                WHERE l.practice_id = a.practice_id AND l.appointment_id = a.id
            ) names
            WHERE a.practice_id = \(practice) AND a.id IN (
                SELECT l.appointment_id
                FROM unnest(\(named.map(\.kind.rawValue)), \(named.map(\.authority)), \(named.map(\.value)))
                    AS i (kind, authority, value)
                JOIN records.appointment_alias l ON l.practice_id = \(practice)
                    AND l.kind = i.kind AND l.authority = i.authority AND l.value = i.value
                UNION
                SELECT b.id
                FROM (
                    SELECT \(person)::uuid
                    UNION
                    SELECT m.id FROM records.person m WHERE m.enterprise_id = \(enterprise) AND m.survivor = \(person)
                ) AS one (id)
                JOIN records.appointment b ON b.practice_id = \(practice) AND b.person_id = one.id
                WHERE coalesce(b.start_at, 'infinity') >= \(since))  -- not a reason to look by time
            ORDER BY a.start_at, a.id
            """)
        return try rows.map { row in
            let (person, version, state, changedAt, kinds, authorities, values, trusts) = try row.decode(
                (UUID?, Int32, String, Date, [String], [String], [String], [Int16]).self)
            let aliases = try kinds.indices.map {
                Alias(try identifier(kinds[$0], authorities[$0], values[$0]), trust: trusts[$0])
            }
            var appointment = try Coding.value(Appointment.self, from: state, column: "appointment_version.state")
            appointment.person = person
            return StoredAppointment(
                practice: practice, version: version, appointment: appointment,
                aliases: aliases, changedAt: changedAt)
        }
    }

    /// Everything that messages have said of one appointment; locks it until the commit.
    package static func events(
        of id: UUID, practice: String, in transaction: Transaction
    ) async throws -> [AppointmentEvent] {
        let rows = try await transaction.query(
            """
            SELECT e.facts::text
            FROM records.appointment a
            JOIN records.appointment_event e ON e.practice_id = a.practice_id AND e.appointment_id = a.id
            WHERE a.practice_id = \(practice) AND a.id = \(id)
            ORDER BY e.event_at, e.entry_id
            FOR UPDATE OF a
            """)
        return try rows.map {
            try Coding.value(AppointmentEvent.self, from: try $0.decode(String.self), column: "appointment_event.facts")
        }
    }

    private static func identifier(_ kind: String, _ authority: String, _ value: String) throws -> Identifier {
        guard let kind = Identifier.Kind(rawValue: kind) else {
            throw RecordsError.unreadable("appointment_alias.kind")
        }
        return Identifier(kind, authority: authority, value: value)
    }
}
