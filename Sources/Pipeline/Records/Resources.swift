package import Foundation
package import Postgres
package import Practice

package enum Resources {
    /// The id of a practitioner, place or device, made at first sight; a name or NPI that was blank is filled.
    package static func id(
        of use: ResourceUse, practice: String, in transaction: Transaction
    ) async throws -> UUID {
        let rows = try await transaction.query(
            """
            WITH known AS (
                SELECT id, name, npi FROM records.resource
                WHERE practice_id = \(practice) AND kind = \(use.kind.rawValue) AND code = \(use.code)
            ), made AS (
                INSERT INTO records.resource (practice_id, kind, code, name, npi)
                SELECT \(practice), \(use.kind.rawValue), \(use.code), \(use.name), \(use.npi)
                WHERE NOT EXISTS (
                    SELECT FROM known k
                    WHERE (k.name <> '' OR \(use.name) = '') AND (k.npi <> '' OR \(use.npi) = ''))
                ON CONFLICT (practice_id, kind, code) DO UPDATE SET
                    name = CASE WHEN resource.name = '' THEN excluded.name ELSE resource.name END,
                    npi = CASE WHEN resource.npi = '' THEN excluded.npi ELSE resource.npi END,
                    changed_at = clock_timestamp()
                RETURNING id
            )
            SELECT id FROM made UNION ALL SELECT id FROM known LIMIT 1
            """)
        guard let row = rows.first else { throw RecordsError.unreadable("resource") }
        return try row.decode(UUID.self)
    }

    /// How many a resource takes at a time, as the practice's table of resources says. Safe to repeat.
    package static func declare(
        _ use: ResourceUse, capacity: Int32, practice: String, in transaction: Transaction
    ) async throws {
        _ = try await transaction.execute(
            """
            INSERT INTO records.resource (practice_id, kind, code, name, npi, capacity)
            VALUES (\(practice), \(use.kind.rawValue), \(use.code), \(use.name), \(use.npi), \(capacity))
            ON CONFLICT (practice_id, kind, code) DO UPDATE SET
                name = excluded.name, npi = excluded.npi, capacity = excluded.capacity, changed_at = clock_timestamp()
            WHERE (resource.name, resource.npi, resource.capacity)
                IS DISTINCT FROM (excluded.name, excluded.npi, excluded.capacity)
            """)
    }
}

/// A stretch of a resource's time that the PM blocks or opens (S23, S24), or that a person-less meeting takes.
package struct SlotWrite: Sendable {
    package enum Status: String, Sendable {
        case free
        case blocked = "busy-unavailable"
    }

    package var practice: String
    package var use: ResourceUse
    package var start: Date
    package var end: Date
    package var status: Status

    package init(practice: String, use: ResourceUse, start: Date, end: Date, status: Status) {
        self.practice = practice
        self.use = use
        self.start = start
        self.end = end
        self.status = status
    }

    /// Gives the slot's id and version when it changed; nil when it was so already. Opening frees what lies within the
    /// stretch too, but nothing that is booked.
    package func write(in transaction: Transaction) async throws -> (id: UUID, version: Int32)? {
        let resource = try await Resources.id(of: use, practice: practice, in: transaction)
        if status == .free {
            _ = try await transaction.execute(
                """
                UPDATE records.slot SET status = 'free', version = version + 1, changed_at = clock_timestamp()
                WHERE practice_id = \(practice) AND resource_id = \(resource) AND status = 'busy-unavailable'
                    AND during <@ tstzrange(\(start), \(end)) AND during <> tstzrange(\(start), \(end))
                """)
        }
        let rows = try await transaction.query(
            """
            INSERT INTO records.slot (practice_id, resource_id, during, status)
            VALUES (\(practice), \(resource), tstzrange(\(start), \(end)), \(status.rawValue))
            ON CONFLICT (practice_id, resource_id, during) DO UPDATE SET
                status = excluded.status, version = slot.version + 1, changed_at = clock_timestamp()
            WHERE slot.status <> excluded.status AND NOT (slot.status = 'busy' AND excluded.status = 'free')
            RETURNING id, version
            """)
        return try rows.first.map { try $0.decode((UUID, Int32).self) }
    }
}
