import Foundation
import Postgres
import Practice
import Reconciliation

/// What one comparison leaves behind: its run, its findings with their history, and the members of its counts.
struct ReconcileStore {
    let practice: String
    let workflow: String
    let zone: String
    let now: Date
    let transaction: Transaction
    /// The runs of the same job: the findings against the PM are each of theirs, and seen once.
    let runs: [UUID]

    // MARK: Findings

    /// One finding as it goes to the database.
    private struct Said: Encodable {
        let key: String
        let code: String
        let cause: String
        let act: String
        let withheld: Bool
        let day: String?
        let location: String
        let provider: String
        let recordID: UUID?
        let memberID: UUID
        let clientID: UUID?
        let receivedOn: String?
        let entryID: Int64?
        let sides: Finding.Sides
        let detail: Finding.Detail
        let watermark: Date?

        enum CodingKeys: String, CodingKey {
            case key, code, cause, act, withheld, day, location, provider, sides, detail, watermark
            case recordID = "record_id"
            case memberID = "member_id"
            case clientID = "client_id"
            case receivedOn = "received_on"
            case entryID = "entry_id"
        }

        init(_ finding: Finding) {
            key = finding.key
            code = finding.code.rawValue
            cause = finding.cause.rawValue
            act = finding.act.rawValue
            withheld = finding.isWithheld
            day = finding.day?.description
            location = finding.location
            provider = finding.provider
            recordID = finding.record
            memberID = finding.member
            clientID = finding.client
            receivedOn = finding.receivedOn?.description
            entryID = finding.entry
            sides = finding.sides
            detail = finding.detail
            watermark = finding.watermark
        }
    }

    /// A finding keeps its first sighting; one that had closed is open again. A list that has one number twice may give one
    /// key twice: the first stands.
    func save(_ findings: [Finding], run: UUID) async throws {
        if findings.isEmpty { return }
        var keys: Set<String> = []
        let said = findings.filter { keys.insert($0.key).inserted }.map(Said.init)
        try await transaction.execute(
            """
            WITH said AS (
                SELECT * FROM jsonb_to_recordset(\(try Self.json(said))::text::jsonb) AS s (key text, code text,
                    cause text, act text, withheld boolean, day date, location text, provider text, record_id uuid,
                    member_id uuid, client_id uuid, received_on date, entry_id bigint, sides jsonb, detail jsonb,
                    watermark timestamptz)
            ), before AS (  -- 1: as they stood
                SELECT f.key, f.code, f.cause, f.act, f.withheld, f.closed_at
                FROM reconciliation.finding f JOIN said s ON s.key = f.key
                WHERE f.practice_id = \(practice) AND f.workflow = \(workflow)
            ), saved AS (  -- 2: as they stand
                INSERT INTO reconciliation.finding AS f (practice_id, workflow, key, code, cause, act, withheld, day,
                    location, provider, record_id, member_id, client_id, received_on, entry_id, sides, detail, watermark,
                    first_seen_at, last_seen_at, run_id)
                SELECT \(practice), \(workflow), key, code, cause, act, withheld, day, location, provider, record_id,
                    member_id, client_id, received_on, entry_id, sides, detail, watermark, \(now), \(now), \(run)
                FROM said
                ON CONFLICT (practice_id, workflow, key) DO UPDATE SET
                    code = excluded.code, cause = excluded.cause, act = excluded.act, withheld = excluded.withheld,
                    day = excluded.day, location = excluded.location, provider = excluded.provider,
                    record_id = excluded.record_id, member_id = excluded.member_id, client_id = excluded.client_id,
                    received_on = excluded.received_on, entry_id = excluded.entry_id, sides = excluded.sides,
                    detail = excluded.detail, watermark = excluded.watermark, last_seen_at = excluded.last_seen_at,
                    times_seen = f.times_seen + CASE WHEN f.run_id = ANY (\(runs)) THEN 0 ELSE 1 END,
                    closed_at = NULL, ended = NULL, run_id = excluded.run_id
                WHERE f.run_id <> excluded.run_id
                RETURNING f.key
            )
            INSERT INTO reconciliation.finding_event
                (practice_id, workflow, key, event, code, cause, act, withheld, run_id, at)
            SELECT \(practice), \(workflow), s.key, CASE WHEN b.key IS NULL THEN 'opened'
                    WHEN b.closed_at IS NOT NULL THEN 'reopened' ELSE 'changed' END,
                s.code, s.cause, s.act, s.withheld, \(run), \(now)
            FROM said s
            JOIN saved v ON v.key = s.key
            LEFT JOIN before b ON b.key = s.key
            WHERE b.key IS NULL OR b.closed_at IS NOT NULL
                OR (b.code, b.cause, b.act, b.withheld) IS DISTINCT FROM (s.code, s.cause, s.act, s.withheld)
            """)
    }

    /// Which of the sides could not be read, so that nothing is known of their findings; and findings that rows which
    /// could not be read may be of.
    struct Unread {
        let pm: Bool
        let apps: [UUID]
        var findings: [String] = []
    }

    func unsure(_ lines: UnreadLines, _ rows: UnreadRows, client: UUID?, side: Int16) async throws -> [String] {
        try await transaction.query(
            ReconcileQueries.unsure(
                practice: practice, workflow: workflow, client: client, runs: runs, lines, rows, side: side)
        ).map { try $0.decode(String.self) }
    }

    /// Closes what no longer shows, of the days that were compared; and what can no longer show, because its day has left
    /// the window of every run to come.
    func close(from: Day, to: Day, lapsedBefore: Day, unread: Unread) async throws {
        try await end(
            "mended", "closed",
            """
            run_id <> ALL (\(runs)) AND (day IS NULL OR day BETWEEN \(CalendarDay(from)) AND \(CalendarDay(to)))
                AND CASE WHEN client_id IS NULL THEN NOT \(unread.pm) ELSE client_id <> ALL (\(unread.apps)) END
                AND key <> ALL (\(unread.findings))
            """)
        try await end("lapsed", "lapsed", "run_id <> ALL (\(runs)) AND day < \(CalendarDay(lapsedBefore))")
    }

    private func end(_ ended: String, _ event: String, _ which: SQL) async throws {
        try await transaction.execute(
            """
            WITH gone AS (
                UPDATE reconciliation.finding SET closed_at = \(now), ended = \(ended)
                WHERE practice_id = \(practice) AND workflow = \(workflow) AND closed_at IS NULL AND \(fragment: which)
                RETURNING key, code, cause, act, withheld
            )
            INSERT INTO reconciliation.finding_event
                (practice_id, workflow, key, event, code, cause, act, withheld, run_id, at)
            SELECT \(practice), \(workflow), key, \(event), code, cause, act, withheld, \(runs.last), \(now) FROM gone
            """)
    }

    // MARK: Members

    /// One judged group, packed for the database.
    func pack(_ settlement: Comparison.Settlement, _ comparison: Comparison, into rows: inout CopyRows) throws {
        let group = settlement.group
        let entries = group.entries
        let standing = entries.first
        let start = entries.lazy.compactMap(\.start).first
        var record: UUID?
        if case .record(let id) = group.key { record = id }
        rows.append(
            group.member(comparison.scope), record, standing?.reference ?? "",
            start.flatMap { CalendarDay(comparison.time.day(of: $0)) }, start, group.location, group.provider,
            standing?.status?.rawValue ?? standing?.sourceStatus ?? "", Int16(clamping: group.pm.count),
            Int16(group.here == nil ? 0 : 1), Int16(clamping: group.app.count), settlement.standing.rawValue,
            settlement.reasons, try Self.json(Finding.Sides(group)),
            entries.lazy.map(\.display.initials).first { !$0.isEmpty } ?? "",
            entries.lazy.map(\.display.last4).first { !$0.isEmpty } ?? "")
    }

    func send(_ rows: CopyRows) async throws {
        if rows.count == 0 { return }
        try await transaction.copyIn(
            """
            COPY pg_temp.verdict (id, record_id, reference, day, start_at, location, provider, status, in_pm, here, in_app,
                standing, reasons, sides, initials, last4) FROM STDIN (FORMAT binary)
            """, rows)
    }

    /// Brings the members of a practice and booking app to what this run found: only what differs is written, and what is
    /// no longer there is deleted.
    func keepMembers(client: UUID?, hasPM: Bool, hasApp: Bool) async throws {
        // The table's statistics may be of another day: a plan that looks for each row in all of the others took 8 s and
        // more of 50,000.
        try await transaction.script("SET LOCAL enable_nestloop = off")
        try await transaction.execute(
            """
            INSERT INTO reconciliation.member AS m (practice_id, workflow, client_id, id, record_id, reference, day, start_at,
                location, provider, status, in_pm, here, in_app, verdict, reasons, sides, initials, last4)
            SELECT \(practice), \(workflow), \(client), n.*
            FROM (\(fragment: members(hasPM: hasPM, hasApp: hasApp))) n
            LEFT JOIN reconciliation.member b ON b.practice_id = \(practice) AND b.workflow = \(workflow)
                AND b.client_id IS NOT DISTINCT FROM \(client) AND b.id = n.id
            WHERE b.id IS NULL OR (b.reference, b.day, b.start_at, b.location, b.provider, b.status, b.in_pm, b.here,
                    b.in_app, b.verdict, b.reasons, b.sides)
                IS DISTINCT FROM (n.reference, n.day, n.start_at, n.location, n.provider, n.status, n.in_pm, n.here,
                    n.in_app, n.verdict, n.reasons, n.sides)
            ON CONFLICT (practice_id, workflow, client_id, id) DO UPDATE SET
                record_id = excluded.record_id, reference = excluded.reference, day = excluded.day,
                start_at = excluded.start_at, location = excluded.location, provider = excluded.provider,
                status = excluded.status, in_pm = excluded.in_pm, here = excluded.here, in_app = excluded.in_app,
                verdict = excluded.verdict, reasons = excluded.reasons, sides = excluded.sides,
                initials = excluded.initials, last4 = excluded.last4
            """)
        try await transaction.execute(
            """
            DELETE FROM reconciliation.member m
            WHERE m.practice_id = \(practice) AND m.workflow = \(workflow)
                AND m.client_id IS NOT DISTINCT FROM \(client)
                AND NOT EXISTS (SELECT FROM pg_temp.verdict v WHERE v.id = m.id)
                AND NOT EXISTS (
                    SELECT FROM pg_temp.ours o
                    LEFT JOIN pg_temp.sifted s ON s.id = o.id
                    WHERE o.id = m.id
                        AND ((s.id IS NULL AND o.inside) OR s.class IN ('ended', 'block', 'before-go-live')))
            """)
        try await transaction.script("SET LOCAL enable_nestloop = on")
    }

    /// What was judged, and what the sieve settled: all sides as ours.
    private func members(hasPM: Bool, hasApp: Bool) -> SQL {
        """
        SELECT v.id, v.record_id, v.reference, v.day, v.start_at, v.location, v.provider, v.status, v.in_pm, v.here,
            v.in_app, v.standing AS verdict, v.reasons, v.sides::jsonb AS sides, v.initials, v.last4
        FROM pg_temp.verdict v
        UNION ALL
        SELECT o.id, o.id, o.id::text, (o.start_at AT TIME ZONE \(zone))::date, o.start_at, coalesce(o.location, ''),
            coalesce(o.resource, ''), o.status, coalesce(s.in_pm, \(hasPM)::integer)::smallint, 1::smallint,
            coalesce(s.in_app, \(hasApp)::integer)::smallint,
            CASE WHEN s.id IS NULL THEN 'matched' ELSE 'explained' END,
            CASE s.class WHEN 'ended' THEN ARRAY['ended-and-not-listed'] WHEN 'block' THEN ARRAY['block']
                WHEN 'before-go-live' THEN ARRAY['before-go-live'] ELSE '{}'::text[] END,
            NULL::jsonb, '', ''
        FROM pg_temp.ours o
        LEFT JOIN pg_temp.sifted s ON s.id = o.id
        WHERE (s.id IS NULL AND o.inside) OR s.class IN ('ended', 'block', 'before-go-live')
        """
    }

    /// Apps that are compared no longer have no members.
    func dropMembers(except clients: [UUID?]) async throws {
        try await transaction.execute(
            """
            DELETE FROM reconciliation.member
            WHERE practice_id = \(practice) AND workflow = \(workflow)
                AND CASE WHEN client_id IS NULL THEN NOT \(clients.contains(nil))
                    ELSE client_id <> ALL (\(clients.compactMap(\.self))) END
            """)
    }

    // MARK: Runs

    /// Stores the run with its members' sums by place and practitioner; of each day only the last run keeps those, and none
    /// of a window that somebody asked for, which keeps no members. It ends after the one before, even where the clock is held.
    func save(
        _ run: ReconciliationRun, client: UUID?, sources: some Encodable, isAdHoc: Bool = false
    ) async throws {
        try await transaction.execute(
            """
            INSERT INTO reconciliation.run (practice_id, id, workflow, client_id, from_day, to_day, rules, started_at,
                ended_at, sources, counts, ad_hoc, cells)
            SELECT \(practice), \(run.id), \(workflow), \(client), \(CalendarDay(run.fromDay)),
                \(CalendarDay(run.toDay)), \(run.rules), \(run.startedAt), greatest(\(run.endedAt), (
                    SELECT max(o.ended_at) + interval '1 millisecond' FROM reconciliation.run o
                    WHERE o.practice_id = \(practice) AND o.workflow = \(workflow)
                        AND o.client_id IS NOT DISTINCT FROM \(client))),
                \(try Self.json(sources))::text::jsonb, \(try Self.json(run.counts))::text::jsonb, \(isAdHoc),
                CASE WHEN NOT \(isAdHoc) THEN coalesce(jsonb_agg(to_jsonb(c)), '[]') END
            FROM (
                SELECT location, provider, sum(in_pm) AS in_pm, sum(here) AS here, sum(in_app) AS in_app,
                    count(*) AS groups, count(*) FILTER (WHERE verdict = 'matched') AS matched,
                    count(*) FILTER (WHERE verdict = 'explained') AS explained,
                    count(*) FILTER (WHERE verdict = 'open') AS open,
                    count(*) FILTER (WHERE verdict = 'withheld') AS withheld
                FROM reconciliation.member
                WHERE practice_id = \(practice) AND workflow = \(workflow) AND client_id IS NOT DISTINCT FROM \(client)
                GROUP BY location, provider ORDER BY location, provider
            ) c
            """)
        if isAdHoc { return }
        try await transaction.execute(
            """
            UPDATE reconciliation.run SET cells = NULL
            WHERE practice_id = \(practice) AND workflow = \(workflow) AND client_id IS NOT DISTINCT FROM \(client)
                AND cells IS NOT NULL AND id <> \(run.id)
                AND (ended_at AT TIME ZONE \(zone))::date = (\(run.endedAt) AT TIME ZONE \(zone))::date
            """)
    }

    /// Since when a list could not be read, by the newest run before: `problem` since then, if it was so already.
    func problemSince(_ side: SideName, client: UUID?) async throws -> Date? {
        try await transaction.query(
            """
            SELECT CASE WHEN sources ? (\(side.rawValue) || 'Problem')
                THEN coalesce((sources->>(\(side.rawValue) || 'ProblemSince'))::timestamptz, ended_at) END
            FROM reconciliation.run
            WHERE practice_id = \(practice) AND workflow = \(workflow) AND client_id IS NOT DISTINCT FROM \(client)
            ORDER BY ended_at DESC LIMIT 1
            """
        ).first?.decode(Date?.self) ?? nil
    }

    static func json(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .iso8601
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}
