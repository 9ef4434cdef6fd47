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
}
