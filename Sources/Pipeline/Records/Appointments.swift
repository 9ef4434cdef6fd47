package import Foundation
package import Postgres
package import Practice

/// Appointments on record, for scheduling's decisions.
package enum Appointments {
    /// The appointments that these identifiers name, those of `ids`, and with `person` also that person's from `since` on,
    /// whoever they were filed under before a merge. Primary key of the aliases; index appointment_by_person. Every look is LATERAL with
    /// a LIMIT or OFFSET, so that it stays a look by key: a join planned while the tables were young reads them whole.
    package static func read(
        named: [Identifier], ids: [UUID] = [], person: UUID?, since: Date, practice: String, enterprise: String,
        in transaction: Transaction
    ) async throws -> [StoredAppointment] {
        let rows = try await transaction.query(
            """
            SELECT coalesce(p.survivor, a.person_id), a.version, v.state::text, a.changed_at,
                names.kinds, names.authorities, names.identifiers, names.trusts
            FROM (
                SELECT l.appointment_id AS id
                FROM unnest(\(named.map(\.kind.rawValue)), \(named.map(\.authority)), \(named.map(\.value)))
                    AS i (kind, authority, value)
                CROSS JOIN LATERAL (
                    SELECT x.appointment_id FROM records.appointment_alias x
                    WHERE x.practice_id = \(practice)
                        AND x.kind = i.kind AND x.authority = i.authority AND x.value = i.value LIMIT 50
                ) l
                UNION
                SELECT unnest(\(ids))
                UNION
                SELECT b.id
                FROM (
                    SELECT \(person)::uuid
                    UNION
                    SELECT m.id FROM records.person m WHERE m.enterprise_id = \(enterprise) AND m.survivor = \(person)
                ) AS one (id)
                CROSS JOIN LATERAL (
                    SELECT x.id FROM records.appointment x
                    WHERE x.practice_id = \(practice) AND x.person_id = one.id
                        AND coalesce(x.start_at, 'infinity') >= \(since) OFFSET 0
                ) b
            ) wanted
            CROSS JOIN LATERAL (
                SELECT x.* FROM records.appointment x
                WHERE x.practice_id = \(practice) AND x.id = wanted.id LIMIT 1
            ) a
            CROSS JOIN LATERAL (
                SELECT x.state FROM records.appointment_version x
                WHERE x.practice_id = a.practice_id AND x.appointment_id = a.id AND x.version = a.version LIMIT 1
            ) v
            LEFT JOIN LATERAL (
                SELECT x.survivor FROM records.person x
                WHERE x.enterprise_id = a.enterprise_id AND x.id = a.person_id LIMIT 1
            ) p ON true
            CROSS JOIN LATERAL (
                SELECT coalesce(array_agg(l.kind ORDER BY l.kind, l.authority, l.value), '{}') AS kinds,
                    coalesce(array_agg(l.authority ORDER BY l.kind, l.authority, l.value), '{}') AS authorities,
                    coalesce(array_agg(l.value ORDER BY l.kind, l.authority, l.value), '{}') AS identifiers,
                    coalesce(array_agg(l.trust ORDER BY l.kind, l.authority, l.value), '{}') AS trusts
                FROM records.appointment_alias l
                WHERE l.practice_id = a.practice_id AND l.appointment_id = a.id
            ) names
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

    /// Those whose person is still expected and whose day is over, as is the day of the last word on them. Index
    /// appointment_by_start.
    package static func overdue(
        since: Date, before midnight: Date, practice: String, limit: Int64, in transaction: Transaction
    ) async throws -> [UUID] {
        try await transaction.query(
            """
            SELECT id FROM records.appointment
            WHERE practice_id = \(practice) AND start_at >= \(since) AND start_at < \(midnight)
                AND event_at < \(midnight) AND status IN ('booked', 'pending')
            ORDER BY id LIMIT \(limit)
            """
        ).map { try $0.decode(UUID.self) }
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
