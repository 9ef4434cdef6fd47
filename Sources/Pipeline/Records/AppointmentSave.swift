import Foundation
package import Postgres
import Practice

/// How what a batch made of appointments is written: a fixed number of statements, however many appointments. Versions and
/// events are appended one by one; each current row is written once.
extension AppointmentSlice {
    /// Writes all but what appointments take. Where another commit was first, the transaction's next statement throws
    /// `PostgresError.missed`: then the batch is decided anew.
    package func save(in transaction: Transaction) async throws {
        try await saveMoves(transaction)
        try await saveRows(transaction)
        try await saveVersions(transaction)
        try await saveEvents(transaction)
        try await saveNames(transaction)
        try await saveDecisions(transaction)
    }

    // MARK: Current rows

    private func saveRows(_ transaction: Transaction) async throws {
        var changed: [UUID: Version] = [:]
        for version in versions { changed[version.record] = version }
        let ids = touchedInOrder.sorted { $0.uuidString < $1.uuidString }
        let made = ids.filter { records[$0]?.revision == nil }.compactMap { changed[$0] }
        if !made.isEmpty {
            try await transaction.later(
                """
                INSERT INTO records.appointment (\(fragment: Self.columns))
                SELECT \(fragment: Self.columns)
                FROM (SELECT \(fragment: Self.values) FROM unnest(\(fragment: rows(made))) \(fragment: Self.alias)) u
                """, rows: made.count)
        }
        let known = ids.filter { records[$0]?.revision != nil }
        let moved = known.compactMap { changed[$0] }
        if !moved.isEmpty {
            try await transaction.later(
                """
                UPDATE records.appointment a SET
                    version = u.version, status = u.status, source_status = u.source_status, start_at = u.start_at,
                    end_at = u.end_at, person_id = u.person_id, type_code = u.type_code, type_text = u.type_text,
                    category_code = u.category_code, category_text = u.category_text, reason_text = u.reason_text,
                    cancel_reason = u.cancel_reason, overbooked = u.overbooked, replaces = u.replaces, flags = u.flags,
                    event_at = u.event_at, received_on = u.received_on, entry_id = u.entry_id,
                    definition = u.definition, changed_at = clock_timestamp(), revision = a.revision + 1
                FROM (
                    SELECT \(fragment: Self.values), revision
                    FROM unnest(\(fragment: rows(moved)), \(moved.map { records[$0.record]?.revision ?? 0 }))
                        \(fragment: Self.aliasWithRevision)
                ) u
                WHERE a.practice_id = u.practice_id AND a.id = u.id AND a.revision = u.revision
                """, rows: moved.count)
        }
        // What was said changed nothing that is shown; that it was said is guarded all the same.
        let same = known.filter { changed[$0] == nil }.compactMap { id in records[id].map { (id, $0) } }
        if !same.isEmpty {
            try await transaction.later(
                """
                UPDATE records.appointment a SET revision = a.revision + 1
                FROM unnest(\(same.map(\.1.practice)), \(same.map(\.0)), \(same.map { $0.1.revision ?? 0 }))
                    AS u (practice_id, id, revision)
                WHERE a.practice_id = u.practice_id AND a.id = u.id AND a.revision = u.revision
                """, rows: same.count)
        }
    }

    private static let columns: SQL = """
        practice_id, id, version, status, source_status, start_at, end_at, enterprise_id, person_id, type_code, type_text,
        category_code, category_text, reason_text, cancel_reason, overbooked, replaces, flags, event_at, received_on,
        entry_id, definition
        """

    private static let values: SQL = """
        practice_id, id, version, status, source_status, start_at, end_at, enterprise_id, person_id, type_code, type_text,
        category_code, category_text, reason_text, cancel_reason, overbooked, replaces,
        coalesce(string_to_array(nullif(flags, ''), ','), '{}') AS flags, event_at, received_on, entry_id, definition
        """

    private static let alias: SQL = "AS r (\(fragment: columns))"
    private static let aliasWithRevision: SQL = "AS r (\(fragment: columns), revision)"

    /// The columns of the current rows, as arrays.
    private func rows(_ versions: [Version]) -> SQL {
        let states = versions.map(\.state)
        let numbers = versions.map { records[$0.record]?.version ?? $0.number }
        return """
            \(versions.map(\.source.practice)), \(versions.map(\.record)), \(numbers), \(states.map(\.status.rawValue)),
            \(states.map(\.sourceStatus)), \(states.map(\.start)), \(states.map(\.end)),
            \(versions.map(\.source.enterprise)), \(states.map(\.person)), \(states.map { $0.type?.code ?? "" }),
            \(states.map { $0.type?.text ?? "" }), \(states.map { $0.category?.code ?? "" }),
            \(states.map { $0.category?.text ?? "" }), \(states.map(\.reason)), \(states.map(\.cancelReason)),
            \(states.map(\.overbooked)), \(states.map(\.replaces)),
            \(states.map { $0.flags.map(\.rawValue).sorted().joined(separator: ",") }), \(states.map(\.eventAt)),
            \(versions.map(\.source.day)), \(versions.map(\.event.entry)), \(versions.map(\.source.definition))
            """
    }

    // MARK: What is appended

    private func saveVersions(_ transaction: Transaction) async throws {
        if versions.isEmpty { return }
        try await transaction.later(
            """
            INSERT INTO records.appointment_version
                (practice_id, appointment_id, version, event_at, received_on, entry_id, definition, state)
            SELECT * FROM unnest(\(versions.map(\.source.practice)), \(versions.map(\.record)), \(versions.map(\.number)),
                \(versions.map(\.state.eventAt)), \(versions.map(\.source.day)), \(versions.map(\.event.entry)),
                \(versions.map(\.source.definition)), \(try versions.map { JSONText(try Coding.json($0.state)) }))
            """, rows: versions.count)
    }

    private func saveEvents(_ transaction: Transaction) async throws {
        if events.isEmpty { return }
        try await transaction.later(
            """
            INSERT INTO records.appointment_event
                (practice_id, appointment_id, event_at, entry_id, received_on, definition, facts)
            SELECT * FROM unnest(\(events.map(\.source.practice)), \(events.map(\.record)), \(events.map(\.event.at)),
                \(events.map(\.event.entry)), \(events.map(\.source.day)), \(events.map(\.source.definition)),
                \(try events.map { JSONText(try Coding.json($0.event)) }))
            """, rows: events.count)
    }

    /// A name that another commit has given meanwhile is a miss: the batch did not know of it.
    private func saveNames(_ transaction: Transaction) async throws {
        if names.isEmpty { return }
        let sorted = names.sorted { one, other in
            let (a, b) = (one.key.identifier, other.key.identifier)
            return (one.key.practice, a.kind.rawValue, a.authority, a.value)
                < (other.key.practice, b.kind.rawValue, b.authority, b.value)
        }
        try await transaction.later(
            """
            INSERT INTO records.appointment_alias (practice_id, kind, authority, value, appointment_id, trust)
            SELECT * FROM unnest(\(sorted.map(\.key.practice)), \(sorted.map(\.key.identifier.kind.rawValue)),
                \(sorted.map(\.key.identifier.authority)), \(sorted.map(\.key.identifier.value)), \(sorted.map(\.record)),
                \(sorted.map(\.trust)))
            ON CONFLICT DO NOTHING
            """, rows: sorted.count)
    }

    private func saveMoves(_ transaction: Transaction) async throws {
        if !undone.isEmpty {
            try await transaction.later(
                """
                DELETE FROM records.appointment_event e
                USING unnest(\(undone.map(\.practice)), \(undone.map(\.record)), \(undone.map(\.position.at)),
                    \(undone.map(\.position.entry))) AS u (practice, id, at, entry)
                WHERE e.practice_id = u.practice AND e.appointment_id = u.id AND e.event_at = u.at
                    AND e.entry_id = u.entry AND e.facts->>'kind' = 'superseded'
                """)
        }
        for move in moves {
            try await Retraction.move(all: move.from, to: move.to, practice: move.practice, in: transaction)
        }
    }

    private func saveDecisions(_ transaction: Transaction) async throws {
        let applied = decisions.applied
        if applied.isEmpty { return }
        try await transaction.later(
            """
            UPDATE records.decision d SET question = u.question, became = u.became, applied_at = clock_timestamp()
            FROM unnest(\(applied.map(\.practice)), \(applied.map(\.number)), \(applied.map(\.question)),
                \(applied.map(\.became))) AS u (practice_id, id, question, became)
            WHERE d.practice_id = u.practice_id AND d.id = u.id AND d.applied_at IS NULL
            """)
    }

    // MARK: What appointments take

    /// Writes the projection that no decision reads: resources at first sight, what each appointment takes, and the slots
    /// that show it. Only of appointments of which something of it has changed.
    package func saveResources(in transaction: Transaction) async throws {
        try await saveCapacities(transaction)
        let changed = touchedInOrder.compactMap { id -> (id: UUID, record: Record)? in
            guard let record = records[id], record.takesOtherwise else { return nil }
            return (id, record)
        }
        let uses = Self.uses(of: changed)
        let passed = changed.flatMap { one in one.record.passed.map { (practice: one.record.practice, use: $0) } }
        try await seeResources(uses, transaction)
        if changed.isEmpty { return }
        try await transaction.later(
            """
            SELECT records.place_appointments(\(changed.map(\.record.practice)), \(changed.map(\.id)),
                \(changed.map { $0.record.revision == nil }), \(uses.map(\.practice)), \(uses.map(\.appointment)),
                \(uses.map(\.use.kind.rawValue)), \(uses.map(\.use.code)), \(uses.map(\.use.name)),
                \(uses.map(\.use.npi)), \(uses.map(\.use.start)), \(uses.map(\.use.end)), \(uses.map(\.takes)),
                \(uses.map(\.isFirst)), \(passed.map(\.practice)), \(passed.map(\.use.kind.rawValue)),
                \(passed.map(\.use.code)), \(passed.map(\.use.start)), \(passed.map(\.use.end)))::text
            """)
    }

    private struct Use {
        let practice: String
        let appointment: UUID
        let use: ResourceUse
        let takes: Bool
        /// No use of an earlier appointment of the batch overlaps it.
        let isFirst: Bool
    }

    private static func uses(of changed: [(id: UUID, record: Record)]) -> [Use] {
        var uses: [Use] = []
        var earlier: [[String]: [(UUID, Range<Date>)]] = [:]
        for (id, record) in changed {
            let isLive = record.state.status.isLive
            for use in record.state.stretches {
                var isFirst = true
                if isLive, let start = use.start, let end = use.end, start < end {
                    let resource = [record.practice, use.kind.rawValue, use.code]
                    let stretch = start..<end
                    isFirst = !(earlier[resource] ?? []).contains { $0.0 != id && $0.1.overlaps(stretch) }
                    earlier[resource, default: []].append((id, stretch))
                }
                uses.append(
                    Use(practice: record.practice, appointment: id, use: use, takes: isLive, isFirst: isFirst))
            }
        }
        return uses
    }

    /// Resources at first sight are made where appointments are placed. Those that a batch left again, and those that it
    /// called by several names, are made before: in job order, as one commit after the other would have.
    private func seeResources(_ uses: [Use], _ transaction: Transaction) async throws {
        var said: [ResourceKey: Set<[String]>] = [:]
        for use in uses {
            let key = ResourceKey(practice: use.practice, kind: use.use.kind, code: use.use.code)
            said[key, default: []].insert([use.use.name, use.use.npi])
        }
        let seen = shown.filter { said[$0.key] != [[$0.value.name, $0.value.npi]] }.sorted { $0.key < $1.key }
        if seen.isEmpty { return }
        try await Resources.see(seen.map { ($0.key.practice, $0.value) }, in: transaction)
    }

    private func saveCapacities(_ transaction: Transaction) async throws {
        let sorted = capacities.sorted { one, other in
            (one.key.practice, one.key.use.kind.rawValue, one.key.use.code)
                < (other.key.practice, other.key.use.kind.rawValue, other.key.use.code)
        }
        if sorted.isEmpty { return }
        try await Resources.declare(sorted.map { ($0.key.practice, $0.key.use, $0.value) }, in: transaction)
    }
}

extension AppointmentSlice.Record {
    /// Whether it takes anything, or has taken anything, otherwise than it is on record.
    fileprivate var takesOtherwise: Bool {
        guard let before else { return !state.stretches.isEmpty || !passed.isEmpty }
        return before.stretches != state.stretches || before.status.isLive != state.status.isLive || !passed.isEmpty
    }
}
