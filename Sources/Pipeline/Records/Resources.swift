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
            INSERT INTO records.resource (practice_id, kind, code, name, npi, capacity, counted)
            VALUES (\(practice), \(use.kind.rawValue), \(use.code), \(use.name), \(use.npi), \(capacity), true)
            ON CONFLICT (practice_id, kind, code) DO UPDATE SET
                name = excluded.name, npi = excluded.npi, capacity = excluded.capacity, counted = true,
                changed_at = clock_timestamp()
            WHERE (resource.name, resource.npi, resource.capacity, resource.counted)
                IS DISTINCT FROM (excluded.name, excluded.npi, excluded.capacity, true)
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
    /// When it was said, which orders what is said of one stretch; nil: after everything that is known.
    package var at: Date?

    package init(
        practice: String, use: ResourceUse, start: Date, end: Date, status: Status, at: Date? = nil
    ) {
        self.practice = practice
        self.use = use
        self.start = start
        self.end = end
        self.status = status
        self.at = at
    }

    /// Gives the slot's id and version when it changed; nil when it was so already, or something newer is known. Opening
    /// frees what lies within the stretch too, but nothing that is booked.
    package func write(in transaction: Transaction) async throws -> (id: UUID, version: Int32)? {
        let resource = try await Resources.id(of: use, practice: practice, in: transaction)
        return try await write(resource, transaction)
    }

    func write(_ resource: UUID, _ transaction: Transaction) async throws -> (id: UUID, version: Int32)? {
        if status == .free {
            _ = try await transaction.execute(
                """
                UPDATE records.slot SET status = 'free', version = version + 1, said_at = \(at),
                    changed_at = clock_timestamp()
                WHERE practice_id = \(practice) AND resource_id = \(resource) AND status = 'busy-unavailable'
                    AND during <@ tstzrange(\(start), \(end)) AND during <> tstzrange(\(start), \(end))
                    AND (said_at IS NULL OR said_at <= coalesce(\(at), said_at))
                """)
        }
        let rows = try await transaction.query(
            """
            WITH known AS (
                SELECT status FROM records.slot
                WHERE practice_id = \(practice) AND resource_id = \(resource) AND during = tstzrange(\(start), \(end))
            ), written AS (
                INSERT INTO records.slot (practice_id, resource_id, during, status, said_at)
                VALUES (\(practice), \(resource), tstzrange(\(start), \(end)), \(status.rawValue), \(at))
                ON CONFLICT (practice_id, resource_id, during) DO UPDATE SET
                    status = excluded.status, said_at = excluded.said_at,
                    version = slot.version + (slot.status <> excluded.status)::integer,
                    changed_at = CASE WHEN slot.status = excluded.status THEN slot.changed_at ELSE clock_timestamp() END
                WHERE (slot.said_at IS NULL OR slot.said_at <= coalesce(excluded.said_at, slot.said_at))
                    AND NOT (slot.status = 'busy' AND excluded.status = 'free')
                RETURNING id, version, status
            )
            SELECT w.id, w.version FROM written w WHERE NOT EXISTS (SELECT FROM known k WHERE k.status = w.status)
            """)
        return try rows.first.map { try $0.decode((UUID, Int32).self) }
    }
}
