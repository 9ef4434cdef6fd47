import Foundation
package import Postgres
import Practice

/// How blocks and slots come into a slice and back: a fixed number of statements, however many blocks.
extension BlockSlice {
    /// Holds these names until the commit, in their order: messages of one block come under several keys, for its resource
    /// may change.
    package static func lock(_ names: [AppointmentSlice.Key], in transaction: Transaction) async throws {
        let keys = Set(names.map { "\($0.practice)/\($0.identifier.authority)/\($0.identifier.value)" }).sorted()
        if keys.isEmpty { return }
        try await transaction.later(
            """
            SELECT count(l.done) FROM (
                SELECT pg_advisory_xact_lock(hashtextextended(k.name, 8))::text AS done
                FROM unnest(\(keys)) WITH ORDINALITY AS k (name, n) ORDER BY k.n
            ) l
            """)
    }

    /// Reads the blocks that these names name, the slots of their time and of `stretches`, and who else blocks the same.
    package mutating func load(
        named names: [AppointmentSlice.Key], stretches: [SlotKey], in transaction: Transaction
    ) async throws {
        for row in try await transaction.query(Self.loadingBlocks(names)) {
            let (practice, id, at, entry, kinds, authorities, values, uses, codes, starts, ends) = try row.decode(
                (
                    String, UUID, Date, Int64, [String], [String], [String], [String], [String], [Date], [Date]
                ).self)
            let identifiers = try kinds.indices.map { index in
                guard let kind = Identifier.Kind(rawValue: kinds[index]) else {
                    throw RecordsError.unreadable("block_name.kind")
                }
                return Identifier(kind, authority: authorities[index], value: values[index])
            }
            let taken = try uses.indices.map { index in
                try Self.stretch(uses[index], codes[index], starts[index], ends[index])
            }
            put(id, Block(practice: practice, at: at, entry: entry, stretches: taken), named: identifiers)
        }
        let known = blocks.values.flatMap { block in
            block.stretches.map { SlotKey(practice: block.practice, stretch: $0) }
        }
        let all = Array(Set(stretches + known))
        if all.isEmpty { return }
        let replies = try await transaction.query(together: [Self.loadingSlots(all), Self.loadingOthers(all)])
        for row in replies[0] {
            let (practice, kind, code, start, end, id, status, version, saidAt) = try row.decode(
                (String, String, String, Date, Date, UUID, String, Int32, Date?).self)
            guard let status = Status(rawValue: status) else { throw RecordsError.unreadable("slot.status") }
            slots[SlotKey(practice: practice, stretch: try Self.stretch(kind, code, start, end))] = Slot(
                id: id, status: status, version: version, saidAt: saidAt, loaded: version)
        }
        for row in replies[1] {
            let (practice, kind, code, start, end, block) = try row.decode(
                (String, String, String, Date, Date, UUID).self)
            others[block, default: []].insert(
                SlotKey(practice: practice, stretch: try Self.stretch(kind, code, start, end)))
        }
    }

    private static func stretch(_ kind: String, _ code: String, _ start: Date, _ end: Date) throws -> Stretch {
        guard let kind = ResourceUse.Kind(rawValue: kind) else { throw RecordsError.unreadable("resource.kind") }
        return Stretch(kind: kind, code: code, start: start, end: end)
    }

    /// Primary keys of block_name, block and block_stretch.
    private static func loadingBlocks(_ names: [AppointmentSlice.Key]) -> SQL {
        """
        SELECT b.practice_id, b.id, b.event_at, b.entry_id, said.kinds, said.authorities, said.identifiers, taken.kinds,
            taken.codes, taken.starts, taken.ends
        FROM (
            SELECT DISTINCT n.practice_id, n.block_id
            FROM unnest(\(names.map(\.practice)), \(names.map(\.identifier.kind.rawValue)),
                \(names.map(\.identifier.authority)), \(names.map(\.identifier.value)))
                AS i (practice, kind, authority, value)
            CROSS JOIN LATERAL (
                SELECT x.practice_id, x.block_id FROM records.block_name x
                WHERE x.practice_id = i.practice AND x.kind = i.kind AND x.authority = i.authority
                    AND x.value = i.value LIMIT 1
            ) n
        ) f
        JOIN records.block b ON b.practice_id = f.practice_id AND b.id = f.block_id
        CROSS JOIN LATERAL (
            SELECT array_agg(x.kind) AS kinds, array_agg(x.authority) AS authorities, array_agg(x.value) AS identifiers
            FROM records.block_name x WHERE x.practice_id = b.practice_id AND x.block_id = b.id
        ) said
        CROSS JOIN LATERAL (
            SELECT coalesce(array_agg(r.kind), '{}') AS kinds, coalesce(array_agg(r.code), '{}') AS codes,
                coalesce(array_agg(lower(s.during)), '{}') AS starts, coalesce(array_agg(upper(s.during)), '{}') AS ends
            FROM records.block_stretch s
            JOIN records.resource r ON r.practice_id = s.practice_id AND r.id = s.resource_id
            WHERE s.practice_id = b.practice_id AND s.block_id = b.id
        ) taken
        """
    }

    /// The slots within these stretches, which begin and end between their bounds. Unique key of slot.
    private static func loadingSlots(_ stretches: [SlotKey]) -> SQL {
        """
        SELECT DISTINCT r.practice_id, r.kind, r.code, lower(s.during), upper(s.during), s.id, s.status, s.version, s.said_at
        FROM unnest(\(fragment: arrays(stretches))) AS i (practice, kind, code, start_at, end_at)
        CROSS JOIN LATERAL (
            SELECT x.practice_id, x.id, x.kind, x.code FROM records.resource x
            WHERE x.practice_id = i.practice AND x.kind = i.kind AND x.code = i.code LIMIT 1
        ) r
        CROSS JOIN LATERAL (
            SELECT x.* FROM records.slot x
            WHERE x.practice_id = r.practice_id AND x.resource_id = r.id
                AND x.during >= tstzrange(i.start_at, i.start_at + interval '1 microsecond')
                AND x.during < tstzrange(i.end_at, i.end_at + interval '1 microsecond')
                AND x.during <@ tstzrange(i.start_at, i.end_at) OFFSET 0
        ) s
        """
    }

    /// Blocks that take these very stretches. Index block_stretch_by_resource.
    private static func loadingOthers(_ stretches: [SlotKey]) -> SQL {
        """
        SELECT r.practice_id, r.kind, r.code, i.start_at, i.end_at, s.block_id
        FROM unnest(\(fragment: arrays(stretches))) AS i (practice, kind, code, start_at, end_at)
        CROSS JOIN LATERAL (
            SELECT x.practice_id, x.id, x.kind, x.code FROM records.resource x
            WHERE x.practice_id = i.practice AND x.kind = i.kind AND x.code = i.code LIMIT 1
        ) r
        CROSS JOIN LATERAL (
            SELECT x.block_id FROM records.block_stretch x
            WHERE x.practice_id = r.practice_id AND x.resource_id = r.id
                AND x.during = tstzrange(i.start_at, i.end_at) OFFSET 0
        ) s
        """
    }

    private static func arrays(_ stretches: [SlotKey]) -> SQL {
        """
        \(stretches.map(\.practice)), \(stretches.map(\.stretch.kind.rawValue)), \(stretches.map(\.stretch.code)),
        \(stretches.map(\.stretch.start)), \(stretches.map(\.stretch.end))
        """
    }

    // MARK: Writing

    /// Writes what this batch made of them; the transaction's next statement throws `PostgresError.missed` where another
    /// commit was first.
    package func save(in transaction: Transaction) async throws {
        let taken = changedBlocks.compactMap { id in blocks[id].map { (id, $0) } }
        let stretches = taken.flatMap { id, block in
            Set(block.stretches).map { (id: id, key: SlotKey(practice: block.practice, stretch: $0)) }
        }
        try await makeResources(changedSlots + stretches.map(\.key), transaction)
        let changed = changedSlots.compactMap { key in slots[key].map { (key, $0) } }
        let made = changed.filter { $0.1.loaded == nil }
        if !made.isEmpty {
            try await transaction.later(
                """
                INSERT INTO records.slot (practice_id, id, resource_id, during, status, version, said_at)
                SELECT r.practice_id, i.id, r.id, tstzrange(i.start_at, i.end_at), i.status, i.version, i.said_at
                FROM unnest(\(fragment: Self.arrays(made.map(\.0))), \(made.map(\.1.id)), \(made.map(\.1.status.rawValue)),
                    \(made.map(\.1.version)), \(made.map(\.1.saidAt)))
                    AS i (practice, kind, code, start_at, end_at, id, status, version, said_at)
                CROSS JOIN LATERAL (
                    SELECT x.practice_id, x.id FROM records.resource x
                    WHERE x.practice_id = i.practice AND x.kind = i.kind AND x.code = i.code LIMIT 1
                ) r
                ON CONFLICT DO NOTHING
                """, rows: made.count)
        }
        let known = changed.filter { $0.1.loaded != nil }
        if !known.isEmpty {
            try await transaction.later(
                """
                UPDATE records.slot s SET status = i.status, said_at = i.said_at, version = i.version,
                    changed_at = CASE WHEN s.status = i.status THEN s.changed_at ELSE clock_timestamp() END
                FROM unnest(\(known.map(\.0.practice)), \(known.map(\.1.id)), \(known.map(\.1.status.rawValue)),
                    \(known.map(\.1.version)), \(known.map(\.1.saidAt)), \(known.map { $0.1.loaded ?? 0 }))
                    AS i (practice, id, status, version, said_at, loaded)
                WHERE s.practice_id = i.practice AND s.id = i.id AND s.version = i.loaded
                """, rows: known.count)
        }
        if taken.isEmpty { return }
        try await transaction.later(
            """
            INSERT INTO records.block (practice_id, id, event_at, entry_id)
            SELECT * FROM unnest(\(taken.map(\.1.practice)), \(taken.map(\.0)), \(taken.map(\.1.at)), \(taken.map(\.1.entry)))
            ON CONFLICT (practice_id, id) DO UPDATE SET event_at = excluded.event_at, entry_id = excluded.entry_id
            """)
        try await transaction.later(
            """
            DELETE FROM records.block_stretch s USING unnest(\(taken.map(\.1.practice)), \(taken.map(\.0))) AS i (practice, id)
            WHERE s.practice_id = i.practice AND s.block_id = i.id
            """)
        try await transaction.later(
            """
            INSERT INTO records.block_stretch (practice_id, block_id, resource_id, during)
            SELECT r.practice_id, i.id, r.id, tstzrange(i.start_at, i.end_at)
            FROM unnest(\(fragment: Self.arrays(stretches.map(\.key))), \(stretches.map(\.id)))
                AS i (practice, kind, code, start_at, end_at, id)
            CROSS JOIN LATERAL (
                SELECT x.practice_id, x.id FROM records.resource x
                WHERE x.practice_id = i.practice AND x.kind = i.kind AND x.code = i.code LIMIT 1
            ) r
            """)
        try await transaction.later(
            """
            INSERT INTO records.block_name (practice_id, kind, authority, value, block_id)
            SELECT * FROM unnest(\(addedNames.map(\.key.practice)), \(addedNames.map(\.key.identifier.kind.rawValue)),
                \(addedNames.map(\.key.identifier.authority)), \(addedNames.map(\.key.identifier.value)),
                \(addedNames.map(\.block)))
            ON CONFLICT DO NOTHING
            """, rows: addedNames.count)
    }

    /// Practitioners, places and devices, made at first sight.
    private func makeResources(_ keys: [SlotKey], _ transaction: Transaction) async throws {
        let uses = Set(keys.map { [$0.practice, $0.stretch.kind.rawValue, $0.stretch.code] })
            .sorted { $0.lexicographicallyPrecedes($1) }
        if uses.isEmpty { return }
        try await transaction.later(
            """
            INSERT INTO records.resource (practice_id, kind, code)
            SELECT i.practice, i.kind, i.code
            FROM unnest(\(uses.map { $0[0] }), \(uses.map { $0[1] }), \(uses.map { $0[2] })) AS i (practice, kind, code)
            WHERE NOT EXISTS (
                SELECT FROM records.resource r
                WHERE r.practice_id = i.practice AND r.kind = i.kind AND r.code = i.code)
            ON CONFLICT DO NOTHING
            """)
    }
}
