import Crypto
import Foundation
import Journal
import Postgres
import Queue
import Scheduling
import Workflow

/// Puts a file's rows into the journal, each with its job, some hundreds a commit, and waits until all are recorded.
struct LoadRun: Sendable {
    let file: LoadFile
    let plan: LoadPlan
    let asOf: Date
    let actor: String
    let definition: Definition

    private static let atOnce = 500

    /// The as-of under which the same file was loaded before.
    static func earlier(_ digest: [UInt8], practice: String, from pool: Pool) async throws -> Date? {
        try await pool.query(
            """
            SELECT as_of FROM records.load
            WHERE practice_id = \(practice) AND file_digest = \(digest) ORDER BY id LIMIT 1
            """
        ).first?.decode(Date.self)
    }

    /// What the rows came to; the counts add up to the file's rows.
    func carryOut(in pool: Pool, waits: Bool, say: @escaping (String) -> Void) async throws -> [LoadCount] {
        let secret = try await KeySecret.read(from: pool)
        let queue = try await QueueName.find(SchedulingJobs.queue, from: pool)
        let load = try await begin(pool)
        var fresh: [EntryID] = []
        var known = 0
        for start in stride(from: 0, to: file.good.count, by: Self.atOnce) {
            let batch = Array(file.good[start..<min(start + Self.atOnce, file.good.count)])
            let journaled = try await pool.transaction { transaction in
                try await journal(batch, queue, secret, transaction)
            }
            fresh += journaled.fresh
            known += journaled.known
            await Doorbell.ringOnce([queue.name], pool.configuration)
            if file.good.count > Self.atOnce { say("\(start + batch.count) of \(file.good.count) rows are journaled") }
        }
        let repeated = Int32(known)
        _ = try await pool.execute(
            """
            UPDATE records.load SET repeated = \(repeated)
            WHERE practice_id = \(plan.practice.id) AND id = \(load)
            """)
        var counts = [LoadCount(what: "bad", rows: file.bad.count)]
        if file.repeated > 0 { counts.append(LoadCount(what: "on an earlier line too", rows: file.repeated)) }
        if known > 0 { counts.append(LoadCount(what: "loaded before", rows: known)) }
        if fresh.isEmpty { return counts }
        if !waits { return counts + [LoadCount(what: "journaled", rows: fresh.count)] }
        return counts + (try await LoadWait(entries: fresh, pool: pool, say: say).counts())
    }

    private func begin(_ pool: Pool) async throws -> Int64 {
        let (rows, bad) = (Int32(file.rows), Int32(file.bad.count))
        let made = try await pool.query(
            """
            INSERT INTO records.load (practice_id, kind, layout, file_digest, as_of, rows, bad, actor)
            VALUES (\(plan.practice.id), \(plan.kind.rawValue), \(plan.layout.name), \(file.digest), \(asOf), \(rows),
                \(bad), \(actor))
            RETURNING id
            """)
        return try made.first?.decode(Int64.self) ?? 0
    }

    private func journal(
        _ batch: [LoadFile.Row], _ queue: QueueName, _ secret: KeySecret, _ transaction: Transaction
    ) async throws -> (fresh: [EntryID], known: Int) {
        guard let first = batch.first else { return ([], 0) }
        let reader = LoadReader(
            definition: definition, practice: plan.practice, feed: plan.feed,
            columns: LayoutColumns(plan.layout, header: first.entry.header), asOf: asOf)
        let arrivals = batch.map { row in
            let bytes = row.entry.bytes
            let mark = SHA256.hash(data: bytes).prefix(8).map {
                String($0 >> 4, radix: 16) + String($0 & 15, radix: 16)
            }
            return Arrival(
                feed: LoadEntry.feedName, practice: plan.practice.id, peer: "pmsync load",
                controlID: plan.practice.id + "/" + mark.joined(), messageType: plan.kind.messageType, payload: bytes)
        }
        var fresh: [EntryID] = []
        var again: [EntryID] = []
        var jobs: [NewJob] = []
        for (row, recorded) in zip(batch, try await Arrival.record(arrivals, in: transaction)) {
            switch recorded {
            case .fresh(let id, _):
                fresh.append(id)
                jobs.append(LoadJob.job(row.row, by: reader, entry: (id.day, id.number), secret: secret))
            case .again(let id): again.append(id)
            }
        }
        // A row that waits for a person is tried again: the definitions may have been mended since.
        _ = try await BlockedJobs.reopen(days: again.map(\.day), entries: again.map(\.number), in: transaction)
        try await NewJob.enqueue(jobs, into: queue.id, in: transaction)
        return (fresh, again.count)
    }
}

/// Waits until the rows of a load have an outcome or are parked, and says how far it is.
struct LoadWait {
    let entries: [EntryID]
    let pool: Pool
    let say: (String) -> Void

    func counts() async throws -> [LoadCount] {
        var last = -1
        var quiet = 0
        while true {
            let found = try await look()
            let settled = found.filter { $0.key != "waiting" }.values.reduce(0, +)
            if settled == entries.count { return Self.lines(found) }
            quiet = settled == last ? quiet + 1 : 0
            if settled != last, last >= 0 { say("\(settled) of \(entries.count) rows are recorded") }
            last = settled
            if quiet >= 30, try await isNobodyAtWork() {
                say("no scheduling worker runs: what is journaled is recorded once one does")
                return Self.lines(found)
            }
            try await Task.sleep(for: .milliseconds(500))
        }
    }

    private static func lines(_ found: [String: Int]) -> [LoadCount] {
        let words = ["applied": "recorded", "unchanged": "known and the same", "ignored": "nothing to record"]
        return found.filter { $0.value > 0 }.sorted { $0.key < $1.key }.map { code, rows in
            LoadCount(what: words[code] ?? code, rows: rows)
        }
    }

    /// The newest outcome of each; indexes outcome_by_entry and blocked_by_entry.
    private func look() async throws -> [String: Int] {
        var found: [String: Int] = [:]
        for start in stride(from: 0, to: entries.count, by: 5_000) {
            let batch = entries[start..<min(start + 5_000, entries.count)]
            let rows = try await pool.query(
                """
                SELECT coalesce(o.code, CASE WHEN b.state = 'parked' THEN 'parked ' || b.code END, 'waiting'), count(*)
                FROM unnest(\(batch.map(\.day)), \(batch.map(\.number))) AS e (day, number)
                LEFT JOIN LATERAL (
                    SELECT o.code FROM journal.outcome o
                    WHERE o.received_on = e.day AND o.entry_id = e.number ORDER BY o.id DESC LIMIT 1) o ON true
                LEFT JOIN LATERAL (
                    SELECT b.state, b.code FROM queue.blocked b
                    WHERE b.received_on = e.day AND b.entry_id = e.number LIMIT 1) b ON true
                GROUP BY 1
                """)
            for row in rows {
                let (code, count) = try row.decode((String, Int64).self)
                found[code, default: 0] += Int(count)
            }
        }
        return found
    }

    private func isNobodyAtWork() async throws -> Bool {
        try await pool.query(Queries.workers()).allSatisfy { try $0.decode((String, Int64).self).1 == 0 }
    }
}
