import Foundation
package import Postgres
import Practice
package import Worker
import Workflow

/// Counts which codes messages look up, by re-reading the journal behind the workers with their own reader: a message costs
/// no write on its way. Each entry is counted once, whoever scans: the count and how far it went are one commit.
package struct CodeScan: Sendable {
    private let pool: Pool
    private let definitions: DefinitionStore
    /// Entries are numbered before they are committed: only what is this old is read, so that none is passed over.
    private let settled: Duration

    package init(pool: Pool, definitions: DefinitionStore, settled: Duration = .seconds(60)) {
        self.pool = pool
        self.definitions = definitions
        self.settled = settled
    }

    /// Reads on to the newest settled entry.
    package func run() async throws {
        while try await step(), !Task.isCancelled {}
        _ = try await pool.execute(CodeScanQueries.prune())
    }

    /// One commit's worth; false when there is no more, or another process is at it.
    func step(limit: Int = 500) async throws -> Bool {
        let definition = try await definitions.current()
        let types = definition.workflows["scheduling"].map { Array($0.accepts.keys) } ?? []
        let seconds = Double(settled.components.seconds)
        return try await pool.transaction { transaction in
            guard try await transaction.query(CodeScanQueries.turn()).first?.decode(Bool.self) == true else {
                return false
            }
            let from = try await transaction.query(CodeScanQueries.position()).first?.decode(
                (CalendarDay, Int64).self)
            let rows = try await transaction.query(
                CodeScanQueries.next(after: from, types: types, settled: seconds, limit: Int64(limit)))
            var tally = CodeTally()
            var last: (CalendarDay, Int64)?
            for row in rows {
                let (day, number, receivedAt, feed, isSettled, payload) = try row.decode(
                    (CalendarDay, Int64, Date, String, Bool, [UInt8]).self)
                guard isSettled else { break }
                last = (day, number)
                guard !payload.isEmpty,
                    let seen = SchedulingMessage.codes(
                        bytes: payload, definition: definition, feed: feed, receivedAt: receivedAt)
                else { continue }
                tally.add(seen.codes, practice: seen.practice, day: day, entry: number, at: receivedAt)
            }
            if !tally.isEmpty { try await transaction.execute(CodeScanQueries.add(tally)) }
            try await transaction.execute(CodeScanQueries.arrive(at: last, settled: seconds))
            return last != nil && rows.count == limit
        }
    }
}

/// What a batch of messages looked up; no larger than the batch.
struct CodeTally {
    struct Key: Hashable {
        let practice: String
        let table: String
        let code: String
        let event: String
        let seenOn: CalendarDay
    }

    struct Count {
        var messages: Int64 = 0
        var firstDay: CalendarDay
        var lastDay: CalendarDay
        var firstAt: Date
        var lastAt: Date
        var entry: Int64
    }

    private(set) var counts: [Key: Count] = [:]

    var isEmpty: Bool { counts.isEmpty }

    mutating func add(
        _ codes: Set<CodeLookUp>, practice: String, day: CalendarDay, entry: Int64, at receivedAt: Date
    ) {
        var mentioned: Set<Key> = []
        for look in codes {
            guard let asked = CalendarDay(year: look.day.year, month: look.day.month, day: look.day.day) else {
                continue
            }
            let key = Key(
                practice: practice, table: look.table.rawValue,
                code: UnmappedCode(practice: practice, table: look.table, code: look.code).code,
                event: look.event, seenOn: day)
            var count =
                counts[key]
                ?? Count(firstDay: asked, lastDay: asked, firstAt: receivedAt, lastAt: receivedAt, entry: entry)
            if mentioned.insert(key).inserted { count.messages += 1 }
            count.firstDay = min(count.firstDay, asked)
            count.lastDay = max(count.lastDay, asked)
            count.firstAt = min(count.firstAt, receivedAt)
            if receivedAt >= count.lastAt { (count.lastAt, count.entry) = (receivedAt, entry) }
            counts[key] = count
        }
    }
}

private enum CodeScanQueries {
    /// One scan at a time.
    static func turn() -> SQL { "SELECT pg_try_advisory_xact_lock(hashtextextended('pmsync.code-scan', 0))" }

    static func position() -> SQL {
        "SELECT received_on, entry_id FROM workflow.code_scan WHERE workflow = 'scheduling'"
    }

    /// Primary key of the days. The first scan begins thirty days back. A payload that no schedule message has is not read.
    static func next(after from: (CalendarDay, Int64)?, types: [String], settled: Double, limit: Int64) -> SQL {
        """
        SELECT received_on, id, received_at, feed,
            received_at <= clock_timestamp() - make_interval(secs => \(settled)),
            CASE WHEN message_type = ANY (\(types)) AND octet_length(payload) <= 262144 THEN payload ELSE ''::bytea END
        FROM journal.entry
        WHERE direction = 'in' AND received_on >= coalesce(\(from?.0)::date, current_date - 30)
            AND (received_on, id) > (coalesce(\(from?.0)::date, current_date - 30), coalesce(\(from?.1)::bigint, 0))
        ORDER BY received_on, id LIMIT \(limit)
        """
    }

    /// Of one table and day no more than two thousand codes are told apart: beyond that it is no code that is read.
    static func add(_ tally: CodeTally) -> SQL {
        let all = tally.counts.sorted {
            ($0.key.practice, $0.key.table, $0.key.code) < ($1.key.practice, $1.key.table, $1.key.code)
        }
        let keys = all.map(\.key)
        let counts = all.map(\.value)
        return """
            INSERT INTO workflow.code_seen (practice_id, table_name, code, event, seen_on, first_day, last_day, messages,
                first_at, last_at, received_on, entry_id)
            SELECT n.practice, n.tab, n.code, n.event, n.seen_on, n.first_day, n.last_day, n.messages, n.first_at,
                n.last_at, n.seen_on, n.entry
            FROM unnest(\(keys.map(\.practice)), \(keys.map(\.table)), \(keys.map(\.code)), \(keys.map(\.event)),
                \(keys.map(\.seenOn)), \(counts.map(\.firstDay)), \(counts.map(\.lastDay)), \(counts.map(\.messages)),
                \(counts.map(\.firstAt)), \(counts.map(\.lastAt)), \(counts.map(\.entry)))
                AS n (practice, tab, code, event, seen_on, first_day, last_day, messages, first_at, last_at, entry)
            WHERE EXISTS (
                    SELECT FROM workflow.code_seen s
                    WHERE s.practice_id = n.practice AND s.table_name = n.tab AND s.code = n.code
                        AND s.event = n.event AND s.seen_on = n.seen_on)
                OR (SELECT count(*) FROM workflow.code_seen s
                    WHERE s.seen_on = n.seen_on AND s.practice_id = n.practice AND s.table_name = n.tab) < 2000
            ON CONFLICT (practice_id, table_name, code, event, seen_on) DO UPDATE SET
                messages = code_seen.messages + excluded.messages,
                first_day = least(code_seen.first_day, excluded.first_day),
                last_day = greatest(code_seen.last_day, excluded.last_day),
                first_at = least(code_seen.first_at, excluded.first_at),
                last_at = greatest(code_seen.last_at, excluded.last_at),
                received_on = excluded.received_on, entry_id = excluded.entry_id
            """
    }

    /// Notes how far the scan is, and the instant up to which everything is counted.
    static func arrive(at last: (CalendarDay, Int64)?, settled: Double) -> SQL {
        """
        INSERT INTO workflow.code_scan (workflow, received_on, entry_id, as_of)
        VALUES ('scheduling', coalesce(\(last?.0)::date, current_date - 30), coalesce(\(last?.1)::bigint, 0),
            clock_timestamp() - make_interval(secs => \(settled)))
        ON CONFLICT (workflow) DO UPDATE SET
            received_on = coalesce(\(last?.0)::date, code_scan.received_on),
            entry_id = coalesce(\(last?.1)::bigint, code_scan.entry_id), as_of = excluded.as_of
        """
    }

    /// Index code_seen_by_day.
    static func prune() -> SQL { "DELETE FROM workflow.code_seen WHERE seen_on < current_date - 100" }
}
