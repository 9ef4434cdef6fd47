package import Foundation
package import Postgres
package import Practice

/// How what a file or a message says stands to what is on record.
package enum Standing: Hashable, Sendable {
    case new
    case same
    /// It would add or change these.
    case changes([String])
    /// The record says otherwise in these, and stands: nothing is overwritten.
    case differs([String])
}

extension PersonSighting {
    /// What recording it would do: blanks are filled and names added, nothing is overwritten.
    package func standing(enterprise: String, in transaction: Transaction) async throws -> Standing {
        let rows = try await transaction.query(
            """
            WITH said AS (
                SELECT * FROM unnest(\(aliases.map(\.identifier.kind.rawValue)), \(aliases.map(\.identifier.authority)),
                    \(aliases.map(\.identifier.value)), \(aliases.map(\.trust))) AS a (kind, authority, value, trust)
            ), known AS (  -- primary key of the aliases
                SELECT p.person_id, a.trust, p.first_seen_at FROM said a
                JOIN records.person_alias p ON p.enterprise_id = \(enterprise)
                    AND p.kind = a.kind AND p.authority = a.authority AND p.value = a.value
            )
            SELECT p.provisional, p.family, p.given, p.birth_date, p.sex, p.phone, p.email,
                (SELECT count(*) FROM said) - (SELECT count(*) FROM known)
            FROM records.person p
            WHERE p.enterprise_id = \(enterprise)
                AND p.id = (SELECT k.person_id FROM known k ORDER BY k.trust DESC, k.first_seen_at LIMIT 1)
            """)
        guard let row = rows.first else { return .new }
        let (isProvisional, family, given, birth, sex, phone, email, unknown) = try row.decode(
            (Bool, String, String, CalendarDay?, String, String, String, Int64).self)
        let pairs = [
            ("family", self.family, family), ("given", self.given, given),
            ("birth-date", birthDate.map { "\($0)" } ?? "", birth.map { "\($0)" } ?? ""), ("sex", self.sex, sex),
            ("phone", self.phone, phone), ("email", self.email, email),
        ]
        let differing = pairs.filter { !$0.1.isEmpty && !$0.2.isEmpty && $0.1 != $0.2 }.map(\.0)
        if !differing.isEmpty { return .differs(differing) }
        let filled = isProvisional ? pairs.filter { !$0.1.isEmpty && $0.2.isEmpty }.map(\.0) : []
        let changes = (unknown > 0 ? ["names"] : []) + filled
        return changes.isEmpty ? .same : .changes(changes)
    }
}

extension Resources {
    /// What a file says of who or what can be booked: made, or changed where it says something else; an empty name, NPI
    /// or capacity leaves the record's. Gives whether anything changed.
    package static func load(
        _ use: ResourceUse, capacity: Int32?, practice: String, in transaction: Transaction
    ) async throws -> Bool {
        let changed = try await transaction.execute(
            """
            INSERT INTO records.resource (practice_id, kind, code, name, npi, capacity)
            VALUES (\(practice), \(use.kind.rawValue), \(use.code), \(use.name), \(use.npi), coalesce(\(capacity), 1))
            ON CONFLICT (practice_id, kind, code) DO UPDATE SET
                name = CASE WHEN excluded.name = '' THEN resource.name ELSE excluded.name END,
                npi = CASE WHEN excluded.npi = '' THEN resource.npi ELSE excluded.npi END,
                capacity = coalesce(\(capacity), resource.capacity), changed_at = clock_timestamp()
            WHERE (excluded.name <> '' AND resource.name <> excluded.name)
                OR (excluded.npi <> '' AND resource.npi <> excluded.npi)
                OR resource.capacity <> coalesce(\(capacity), resource.capacity)
            """)
        return changed > 0
    }

    /// What loading it would do.
    package static func standing(
        of use: ResourceUse, capacity: Int32?, practice: String, in transaction: Transaction
    ) async throws -> Standing {
        let rows = try await transaction.query(
            """
            SELECT name, npi, capacity FROM records.resource
            WHERE practice_id = \(practice) AND kind = \(use.kind.rawValue) AND code = \(use.code)
            """)
        guard let (name, npi, seats) = try rows.first?.decode((String, String, Int32).self) else { return .new }
        var changes: [String] = []
        if !use.name.isEmpty, use.name != name { changes.append("name") }
        if !use.npi.isEmpty, use.npi != npi { changes.append("npi") }
        if let capacity, capacity != seats { changes.append("capacity") }
        return changes.isEmpty ? .same : .changes(changes)
    }
}

extension PersonSighting {
    /// The person of the most trusted alias that is known, merges followed; nothing is written.
    package func known(enterprise: String, in transaction: Transaction) async throws -> UUID? {
        try await transaction.query(
            """
            SELECT coalesce(p.survivor, p.id)
            FROM unnest(\(aliases.map(\.identifier.kind.rawValue)), \(aliases.map(\.identifier.authority)),
                \(aliases.map(\.identifier.value)), \(aliases.map(\.trust))) AS a (kind, authority, value, trust)
            JOIN records.person_alias l ON l.enterprise_id = \(enterprise)
                AND l.kind = a.kind AND l.authority = a.authority AND l.value = a.value
            JOIN records.person p ON p.enterprise_id = l.enterprise_id AND p.id = l.person_id
            ORDER BY a.trust DESC, l.first_seen_at LIMIT 1
            """
        ).first?.decode(UUID.self)
    }
}

extension Appointments {
    /// Everything that messages have said of one appointment, without a lock: for whoever only looks.
    package static func said(
        of id: UUID, practice: String, in transaction: Transaction
    ) async throws -> [AppointmentEvent] {
        try await transaction.query(
            """
            SELECT facts::text FROM records.appointment_event
            WHERE practice_id = \(practice) AND appointment_id = \(id) ORDER BY event_at, entry_id
            """
        ).map {
            try Coding.value(AppointmentEvent.self, from: try $0.decode(String.self), column: "appointment_event.facts")
        }
    }

    /// A stored version's state.
    package static func state(json: String) throws -> Appointment {
        try Coding.value(Appointment.self, from: json, column: "appointment_version.state")
    }
}
