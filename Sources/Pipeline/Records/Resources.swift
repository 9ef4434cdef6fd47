import Postgres
import Practice

package enum Resources {
    /// How many each takes at a time, as the practice's table of resources says. Safe to repeat.
    static func declare(
        _ capacities: [(practice: String, use: ResourceUse, people: Int32)], in transaction: Transaction
    ) async throws {
        try await transaction.later(
            """
            INSERT INTO records.resource (practice_id, kind, code, name, npi, capacity, counted)
            SELECT u.*, true
            FROM unnest(\(capacities.map(\.practice)), \(capacities.map(\.use.kind.rawValue)),
                \(capacities.map(\.use.code)), \(capacities.map(\.use.name)), \(capacities.map(\.use.npi)),
                \(capacities.map(\.people))) AS u (practice_id, kind, code, name, npi, capacity)
            ON CONFLICT (practice_id, kind, code) DO UPDATE SET
                name = excluded.name, npi = excluded.npi, capacity = excluded.capacity, counted = true,
                changed_at = clock_timestamp()
            WHERE (resource.name, resource.npi, resource.capacity, resource.counted)
                IS DISTINCT FROM (excluded.name, excluded.npi, excluded.capacity, true)
            """)
    }

    /// Makes them where they are new, and fills blanks. Safe to repeat.
    static func see(_ seen: [(practice: String, use: ResourceUse)], in transaction: Transaction) async throws {
        try await transaction.later(
            """
            INSERT INTO records.resource (practice_id, kind, code, name, npi)
            SELECT u.practice, u.kind, u.code, u.name, u.npi
            FROM unnest(\(seen.map(\.practice)), \(seen.map(\.use.kind.rawValue)), \(seen.map(\.use.code)),
                \(seen.map(\.use.name)), \(seen.map(\.use.npi))) AS u (practice, kind, code, name, npi)
            WHERE NOT EXISTS (
                SELECT FROM records.resource r
                WHERE r.practice_id = u.practice AND r.kind = u.kind AND r.code = u.code
                    AND (r.name <> '' OR u.name = '') AND (r.npi <> '' OR u.npi = ''))
            ON CONFLICT (practice_id, kind, code) DO UPDATE SET
                name = CASE WHEN resource.name = '' THEN excluded.name ELSE resource.name END,
                npi = CASE WHEN resource.npi = '' THEN excluded.npi ELSE resource.npi END,
                changed_at = clock_timestamp()
            """)
    }
}
