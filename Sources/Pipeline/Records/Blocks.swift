package import Foundation
package import Postgres
package import Practice

/// A block or a meeting on record: the last word on it, and the time that it takes.
package struct StoredBlock: Sendable {
    package let id: UUID
    package let at: Date
    package let entry: Int64
    package let stretches: [BlockStretch]

    package init(_ id: UUID, at: Date, entry: Int64, stretches: [BlockStretch]) {
        self.id = id
        self.at = at
        self.entry = entry
        self.stretches = stretches
    }
}

package struct BlockStretch: Sendable, Hashable {
    package let kind: ResourceUse.Kind
    package let code: String
    package let start: Date
    package let end: Date

    package init(kind: ResourceUse.Kind, code: String, start: Date, end: Date) {
        self.kind = kind
        self.code = code
        self.start = start
        self.end = end
    }
}

package enum Blocks {
    /// The block that the first of these names which is known names. Messages of one block come under several keys (its
    /// resource may change), so the names are locked until the commit.
    package static func find(
        _ names: [Identifier], practice: String, in transaction: Transaction
    ) async throws -> StoredBlock? {
        if names.isEmpty { return nil }
        let keys = Set(names.map { "\(practice)/\($0.authority)/\($0.value)" }).sorted()
        for key in keys {
            _ = try await transaction.query("SELECT pg_advisory_xact_lock(hashtextextended(\(key), 8))::text")
        }
        let rows = try await transaction.query(
            """
            SELECT b.id, b.event_at, b.entry_id, coalesce(r.kind, ''), coalesce(r.code, ''), lower(s.during),
                upper(s.during)
            FROM (
                SELECT n.block_id
                FROM unnest(\(names.map(\.kind.rawValue)), \(names.map(\.authority)), \(names.map(\.value)))
                    WITH ORDINALITY AS i (kind, authority, value, rank)
                JOIN records.block_name n ON n.practice_id = \(practice)
                    AND n.kind = i.kind AND n.authority = i.authority AND n.value = i.value
                ORDER BY i.rank LIMIT 1
            ) f
            JOIN records.block b ON b.practice_id = \(practice) AND b.id = f.block_id
            LEFT JOIN records.block_stretch s ON s.practice_id = b.practice_id AND s.block_id = b.id
            LEFT JOIN records.resource r ON r.practice_id = s.practice_id AND r.id = s.resource_id
            ORDER BY s.during, s.resource_id
            """)
        var found: (id: UUID, at: Date, entry: Int64)?
        var stretches: [BlockStretch] = []
        for row in rows {
            let (id, at, entry, kind, code, start, end) = try row.decode(
                (UUID, Date, Int64, String, String, Date?, Date?).self)
            found = (id, at, entry)
            guard let start, let end, let kind = ResourceUse.Kind(rawValue: kind) else { continue }
            stretches.append(BlockStretch(kind: kind, code: code, start: start, end: end))
        }
        return found.map { StoredBlock($0.id, at: $0.at, entry: $0.entry, stretches: stretches) }
    }

    /// The last word on a block, in place of the one before. Names accumulate.
    package static func keep(
        _ block: StoredBlock, named names: [Identifier], practice: String, in transaction: Transaction
    ) async throws {
        var resources: [UUID] = []
        for stretch in block.stretches {
            let use = ResourceUse(kind: stretch.kind, code: stretch.code)
            resources.append(try await Resources.id(of: use, practice: practice, in: transaction))
        }
        _ = try await transaction.execute(
            """
            INSERT INTO records.block (practice_id, id, event_at, entry_id)
            VALUES (\(practice), \(block.id), \(block.at), \(block.entry))
            ON CONFLICT (practice_id, id) DO UPDATE SET event_at = excluded.event_at, entry_id = excluded.entry_id
            """)
        _ = try await transaction.execute(
            "DELETE FROM records.block_stretch WHERE practice_id = \(practice) AND block_id = \(block.id)")
        _ = try await transaction.execute(
            """
            INSERT INTO records.block_stretch (practice_id, block_id, resource_id, during)
            SELECT DISTINCT \(practice), \(block.id), t.resource, tstzrange(t.start_at, t.end_at)
            FROM unnest(\(resources), \(block.stretches.map(\.start)), \(block.stretches.map(\.end)))
                AS t (resource, start_at, end_at)
            """)
        _ = try await transaction.execute(
            """
            INSERT INTO records.block_name (practice_id, kind, authority, value, block_id)
            SELECT \(practice), n.kind, n.authority, n.value, \(block.id)
            FROM unnest(\(names.map(\.kind.rawValue)), \(names.map(\.authority)), \(names.map(\.value)))
                AS n (kind, authority, value)
            ON CONFLICT DO NOTHING
            """)
    }

    /// Whether another block takes this very stretch.
    package static func isTaken(
        _ stretch: BlockStretch, byAnotherThan block: UUID, practice: String, in transaction: Transaction
    ) async throws -> Bool {
        try await transaction.query(
            """
            SELECT FROM records.block_stretch s
            JOIN records.resource r ON r.practice_id = s.practice_id AND r.id = s.resource_id
            WHERE s.practice_id = \(practice) AND r.kind = \(stretch.kind.rawValue) AND r.code = \(stretch.code)
                AND s.during = tstzrange(\(stretch.start), \(stretch.end)) AND s.block_id <> \(block)
            """
        ).isEmpty == false
    }
}
