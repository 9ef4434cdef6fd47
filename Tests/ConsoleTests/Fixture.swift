import Console
import Foundation
import HTTPTypes
import Hosting
import Hummingbird
import HummingbirdTesting
import NIOCore
import Postgres
import Queue
import TestSupport
import Testing

/// A console on a database of the test's own, with two practices, a person for each, and a job, a message and a finding
/// of each.
struct Fixture {
    let database: TestDatabase
    /// The owner, who sees and seeds everything.
    let owner: Pool
    let console: Console

    static let password = "correct horse battery"
    /// Cheap, or the tests would hash for minutes.
    static let cost = ScryptCost(logRounds: 4, blockSize: 8, parallelism: 1)
    static let now = Date(timeIntervalSince1970: 1_732_267_800)  // 2024-11-22T09:30:00Z

    static func make(_ test: String = #function) async throws -> Fixture {
        let database = try await TestDatabase.make(test)
        let owner = try database.pool()
        let pool = try database.pool(role: "pmsync_console")
        let doorbell = Doorbell(try database.configuration(role: "pmsync_console"))
        let fixture = Fixture(
            database: database, owner: owner,
            console: try Console(pool: pool, doorbell: doorbell, wall: .fixed(now), cost: cost))
        try await fixture.seed()
        return fixture
    }

    /// Runs `body` with a browser that nobody is signed in at.
    func browse(_ body: @escaping @Sendable (Browser) async throws -> Void) async throws {
        let application = Application(router: console.router())
        try await application.test(.router) { client in
            try await body(Browser(client))
        }
    }

    /// Runs `body` with a browser that this person is signed in at.
    func browse(as person: String, _ body: @escaping @Sendable (Browser) async throws -> Void) async throws {
        try await browse { browser in
            let page = try await browser.signIn(person, Self.password)
            try #require(page.status == .seeOther)
            try await body(browser)
        }
    }

    // MARK: What is there

    private func seed() async throws {
        for (practice, name, person) in [("P1", "Harbour Clinic", "ann"), ("P2", "Hill Clinic", "ben")] {
            try await owner.execute(
                """
                INSERT INTO records.practice (practice_id, enterprise_id, name, zone)
                VALUES (\(practice), 'E1', \(name), 'America/Denver')
                """)
            try await setPassword(person, [practice])
        }
        for practice in ["P1", "P2"] {
            try await addFinding(practice, key: "key-\(practice)")
        }
    }

    func setPassword(_ person: String, _ practices: [String], isAdministrator: Bool = false) async throws {
        let operators = try database.pool(role: "pmsync_operator", size: 1)
        try await operators.transaction { transaction in
            try await ConsolePeople.setPassword(
                name: person, password: Self.password, practices: practices, isAdministrator: isAdministrator,
                cost: Self.cost, in: transaction)
        }
        operators.close()
    }

    static let run = UUID()
    static let record = UUID()
    static let client = UUID()

    func addFinding(
        _ practice: String, key: String, code: String = "missing-in-app", initials: String = "A.B.",
        reference: String = "9001", state: String = "booked"
    ) async throws {
        let sides = """
            {"pm":[{"reference":"\(reference)","start":"2024-11-22T15:30:00Z","status":"\(state)","sourceStatus":"KEPT",
            "resource":"DR1","display":{"initials":"\(initials)","last4":"4321"}}],
            "here":{"reference":"x","start":"2024-11-22T15:30:00Z","status":"booked","sourceStatus":"","resource":"DR2",
            "display":{"initials":"\(initials)","last4":"4321"}},"app":[]}
            """
        try await owner.execute(
            """
            INSERT INTO reconciliation.finding (practice_id, workflow, key, code, cause, act, day, record_id, client_id,
                sides, first_seen_at, last_seen_at, run_id)
            VALUES (\(practice), 'scheduling', \(key), \(code), 'never-sent', 'resend', '2024-11-22', \(Self.record),
                \(Self.client), \(sides)::text::jsonb, \(Self.now.addingTimeInterval(-3600)), \(Self.now), \(Self.run))
            """)
    }

    /// A provider's day that the PM cancelled as one, with so many appointments of which each is not cancelled in the app;
    /// gives the event.
    func addCancelledDay(_ practice: String, client: UUID, _ number: Int) async throws -> UUID {
        try await owner.execute(
            """
            WITH made AS (
                INSERT INTO records.appointment (practice_id, id, version, status, start_at, end_at, enterprise_id,
                    event_at, received_on, entry_id)
                SELECT \(practice), gen_random_uuid(), 2, 'cancelled', s.at, s.at + interval '20 min', 'E1', now(),
                    current_date, 1
                FROM generate_series(1, \(number)) n
                CROSS JOIN LATERAL (SELECT '2024-11-22T15:00Z'::timestamptz + n * interval '1 min' AS at) s
                RETURNING id
            ), finding AS (
                INSERT INTO reconciliation.finding (practice_id, workflow, key, code, cause, act, day, record_id,
                    client_id, provider, sides, first_seen_at, last_seen_at, run_id)
                SELECT \(practice), 'scheduling', 'bulk-' || m.id, 'status-differs', 'taken-and-not-done', 'resend',
                    '2024-11-22', m.id, \(client), 'DR1',
                    '{"pm":[],"here":{"reference":"x","status":"cancelled","sourceStatus":"","version":2,
                    "display":{"initials":"B.C.","last4":"1234"}},"app":[]}'::jsonb, \(Self.now), \(Self.now), \(Self.run)
                FROM made m
            ), member AS (
                INSERT INTO reconciliation.member (practice_id, workflow, client_id, id, record_id, reference, day,
                    provider, in_pm, here, in_app, verdict)
                SELECT \(practice), 'scheduling', \(client), m.id, m.id, 'B', '2024-11-22', 'DR1', 0, 1, 1, 'open'
                FROM made m
            ), resource AS (
                INSERT INTO records.resource (practice_id, kind, code, name)
                VALUES (\(practice), 'practitioner', 'DR1', 'Ada Example'), (\(practice), 'location', 'DR1', 'Door one')
                RETURNING id, kind
            )
            INSERT INTO records.day_event (practice_id, kind, resource_id, day, members, first_at, last_at)
            SELECT \(practice), 'day.cancelled', (SELECT id FROM resource WHERE kind = 'practitioner'), '2024-11-22',
                array_agg(id), \(Self.now), \(Self.now)
            FROM made
            """)
        return try await owner.query("SELECT id FROM records.day_event")[0].decode(UUID.self)
    }

    /// A finding of a record that the PM's list no longer has, with the record as it was compared; gives the record.
    func addRemovable(_ practice: String, key: String) async throws -> UUID {
        let record = UUID()
        try await owner.execute(
            """
            INSERT INTO records.appointment (practice_id, id, version, status, start_at, end_at, enterprise_id, event_at,
                received_on, entry_id)
            VALUES (\(practice), \(record), 3, 'booked', '2024-11-22T15:30Z', '2024-11-22T16:00Z', 'E1', now(),
                current_date, 1)
            """)
        try await owner.execute(
            """
            INSERT INTO reconciliation.finding (practice_id, workflow, key, code, cause, act, day, record_id, sides,
                first_seen_at, last_seen_at, run_id)
            VALUES (\(practice), 'scheduling', \(key), 'missing-in-pm', 'never-sent', 'confirm-removal', '2024-11-22',
                \(record), '{"pm":[],"here":{"reference":"x","status":"booked","sourceStatus":"","version":3,
                "display":{"initials":"A.B.","last4":"4321"}},"app":[]}', \(Self.now.addingTimeInterval(-3600)),
                \(Self.now), \(Self.run))
            """)
        return record
    }

    /// The comparison that the finding of `seed` is of, with one booking app, by two places and two practitioners.
    func addRun(_ practice: String) async throws {
        try await owner.execute(
            """
            INSERT INTO reconciliation.run (practice_id, id, workflow, from_day, to_day, rules, started_at, ended_at,
                sources, counts, cells)
            VALUES (\(practice), \(Self.run), 'scheduling', '2024-11-22', '2024-11-22', 'scheduling-1',
                \(Self.now.addingTimeInterval(-60)), \(Self.now),
                '{"feed": "2024-11-22T09:28:00Z", "feedIsSilent": false, "pm": "2024-11-22T09:00:00Z",
                  "app": "2024-11-22T09:20:00Z", "clientName": "Kiosk"}',
                '{"inPM": 412, "here": 410, "inApp": 409, "groups": 412, "matched": 398, "explained": 10, "open": 4,
                  "withheld": 0, "explanations": {"same-visit": 7}, "codes": {"missing-in-app": 4},
                  "withheldBecause": {}}',
                '[{"location": "MAIN", "provider": "DR1", "in_pm": 300, "here": 300, "in_app": 300, "groups": 300,
                   "matched": 290, "explained": 8, "open": 2, "withheld": 0},
                  {"location": "", "provider": "DR2", "in_pm": 112, "here": 110, "in_app": 109, "groups": 112,
                   "matched": 108, "explained": 2, "open": 2, "withheld": 0}]')
            """)
    }

    /// A comparison that ended then and left so many open, of a month around; gives it.
    func addRun(_ practice: String, endedAt: String, open: Int, isAdHoc: Bool = false) async throws -> UUID {
        let id = UUID()
        try await owner.execute(
            """
            INSERT INTO reconciliation.run (practice_id, id, workflow, from_day, to_day, rules, started_at, ended_at,
                sources, counts, cells, ad_hoc)
            SELECT \(practice), \(id), 'scheduling', '2024-11-10', '2024-12-10', 'scheduling-1', t - interval '1 s', t,
                '{"feed": "2024-11-20T09:28:00Z", "feedIsSilent": false, "pm": "2024-11-20T09:00:00Z"}',
                jsonb_build_object('inPM', 9, 'here', 9, 'inApp', 0, 'groups', 9, 'matched', 9 - \(open)::integer,
                    'explained', 0, 'open', \(open)::integer, 'withheld', 0, 'explanations', '{}'::jsonb,
                    'codes', '{}'::jsonb, 'withheldBecause', '{}'::jsonb), '[]', \(isAdHoc)
            FROM (SELECT \(endedAt)::text::timestamptz AS t) ended
            """)
        return id
    }

    /// What a comparison saw of a finding, as the worker stores it: the finding as it then stands, and its history.
    func see(_ practice: String, key: String, _ event: String, cause: String, in run: UUID) async throws {
        try await owner.execute(
            """
            INSERT INTO reconciliation.finding AS f (practice_id, workflow, key, code, cause, act, day, sides,
                first_seen_at, last_seen_at, run_id)
            SELECT \(practice), 'scheduling', \(key), 'missing-here', \(cause), 'replay', '2024-11-25',
                '{"pm":[],"app":[]}', r.ended_at - interval '1 s', r.ended_at - interval '1 s', r.id
            FROM reconciliation.run r WHERE r.id = \(run)
            ON CONFLICT (practice_id, workflow, key) DO UPDATE SET cause = excluded.cause,
                closed_at = CASE WHEN \(event) = 'closed' THEN excluded.last_seen_at END,
                ended = CASE WHEN \(event) = 'closed' THEN 'mended' END, last_seen_at = excluded.last_seen_at,
                run_id = CASE WHEN \(event) = 'closed' THEN f.run_id ELSE excluded.run_id END
            """)
        try await owner.execute(
            """
            INSERT INTO reconciliation.finding_event (practice_id, workflow, key, event, code, cause, act, withheld,
                run_id, at)
            SELECT \(practice), 'scheduling', \(key), \(event), 'missing-here', \(cause), 'replay', false, id,
                ended_at - interval '1 s'
            FROM reconciliation.run WHERE id = \(run)
            """)
    }

    /// Gives so many of the members a record of ours that is marked so.
    func mark(_ practice: String, _ flag: String, _ number: Int) async throws {
        try await owner.execute(
            """
            WITH chosen AS (
                SELECT id, client_id, gen_random_uuid() AS record FROM reconciliation.member
                WHERE practice_id = \(practice) AND record_id IS NULL ORDER BY reference LIMIT \(Int64(number))
            ), made AS (
                INSERT INTO records.appointment (practice_id, id, version, status, start_at, end_at, enterprise_id,
                    event_at, received_on, entry_id, flags)
                SELECT \(practice), record, 2, 'arrived', '2024-11-22T15:30Z', '2024-11-22T16:00Z', 'E1', now(),
                    current_date, 1, ARRAY[\(flag)::text] FROM chosen
            )
            UPDATE reconciliation.member m SET record_id = c.record FROM chosen c
            WHERE m.practice_id = \(practice) AND m.id = c.id AND m.client_id = c.client_id
            """)
    }

    func addClient(_ practice: String, _ name: String) async throws -> UUID {
        let id = UUID()
        try await owner.execute(
            """
            INSERT INTO api.client (practice_id, id, name, key_hash)
            VALUES (\(practice), \(id), \(name), sha256(\(Array(id.uuidString.utf8))))
            """)
        return id
    }

    /// A booking app with a webhook; gives the subscription.
    func addDestination(_ practice: String, _ name: String) async throws -> UUID {
        let (client, id) = (try await addClient(practice, name), UUID())
        try await owner.execute(
            """
            INSERT INTO api.subscription (practice_id, id, client_id, url, secret, queue)
            VALUES (\(practice), \(id), \(client), 'https://app.example/hooks', \([UInt8](repeating: 7, count: 32)),
                queue.make(\("webhook:" + id.uuidString.lowercased()), 8::smallint, \(practice)))
            """)
        return id
    }

    /// A run of one booking app, whose reading of the list is as given, beside others of the same comparison.
    func addRun(
        _ practice: String, client: UUID, read: String? = "2024-11-22T09:20:00Z", problem: String? = nil,
        since: String? = nil, counts: String
    ) async throws {
        let whole = """
            {"inPM": 0, "here": 0, "inApp": 0, "groups": 0, "matched": 0, "explained": 0, "open": 0, "withheld": 0,
            "explanations": {}, "codes": {}, "withheldBecause": {}}
            """
        try await owner.execute(
            """
            INSERT INTO reconciliation.run (practice_id, workflow, client_id, from_day, to_day, rules, started_at,
                ended_at, sources, counts)
            VALUES (\(practice), 'scheduling', \(client), '2024-11-22', '2024-11-22', 'scheduling-1',
                \(Self.now.addingTimeInterval(-60)), \(Self.now),
                jsonb_strip_nulls(jsonb_build_object('feed', '2024-11-22T09:28:00Z', 'feedIsSilent', false,
                    'pm', '2024-11-22T09:00:00Z', 'app', \(read)::text, 'appProblem', \(problem)::text,
                    'appProblemSince', \(since)::text)),
                \(whole)::text::jsonb || \(counts)::text::jsonb)
            """)
    }

    /// A comparison of appointments of every class, place and side, whose counts and parts are what its members add up to.
    func addMembers(_ practice: String, client: UUID, _ number: Int) async throws {
        try await addRun(practice, client: client, counts: "{}")
        try await owner.execute(
            """
            INSERT INTO reconciliation.member (practice_id, workflow, client_id, id, reference, day, start_at, location,
                provider, status, in_pm, here, in_app, verdict, reasons, initials, last4)
            SELECT \(practice), 'scheduling', \(client), gen_random_uuid(), 'R' || n, '2024-11-22',
                CASE WHEN n % 50 > 0 THEN '2024-11-22T15:00:00Z'::timestamptz + (n / 3) * interval '1 min' END,
                (ARRAY['MAIN', 'WEST', ''])[1 + n % 3], (ARRAY['DR1', 'DR2', 'DR3', ''])[1 + n % 4], 'booked',
                CASE WHEN n % 11 = 0 THEN 0 WHEN n % 17 = 0 THEN 2 ELSE 1 END, CASE WHEN n % 13 = 0 THEN 0 ELSE 1 END,
                CASE WHEN n % 7 = 0 THEN 0 ELSE 1 END, (ARRAY['matched', 'matched', 'explained', 'open', 'withheld'])[1 + n % 5],
                CASE n % 5 WHEN 2 THEN '{same-visit}'::text[] WHEN 3 THEN '{time-differs}' WHEN 4 THEN '{too-young}'
                    ELSE '{}' END, 'A.B.', '4321'
            FROM generate_series(1, \(number)) n
            """)
        try await owner.execute(
            """
            WITH cell AS (
                SELECT location, provider, sum(in_pm) AS in_pm, sum(here) AS here, sum(in_app) AS in_app,
                    count(*) AS groups, count(*) FILTER (WHERE verdict = 'matched') AS matched,
                    count(*) FILTER (WHERE verdict = 'explained') AS explained,
                    count(*) FILTER (WHERE verdict = 'open') AS open,
                    count(*) FILTER (WHERE verdict = 'withheld') AS withheld
                FROM reconciliation.member WHERE practice_id = \(practice) AND client_id = \(client)
                GROUP BY location, provider
            )
            UPDATE reconciliation.run r SET cells = s.cells, counts = r.counts || s.counts
            FROM (SELECT jsonb_agg(to_jsonb(cell)) AS cells, jsonb_build_object('inPM', sum(in_pm), 'here', sum(here),
                    'inApp', sum(in_app), 'groups', sum(groups), 'matched', sum(matched), 'explained', sum(explained),
                    'open', sum(open), 'withheld', sum(withheld),
                    'withheldBecause', jsonb_build_object('too-young', sum(withheld)),
                    'explanations', jsonb_build_object('same-visit', sum(explained))) AS counts FROM cell) s
            WHERE r.practice_id = \(practice) AND r.client_id = \(client)
            """)
    }

    /// A journaled message; gives its number.
    func addMessage(
        _ practice: String?, _ text: String, feed: String = "nextgen", controlID: String = "C1", peer: String = "peer",
        type: String = "SIU^S12"
    ) async throws -> Int64 {
        let rows = try await owner.query(
            """
            INSERT INTO journal.entry (received_on, feed, practice_id, peer, control_id, message_type, digest, payload)
            VALUES (current_date, \(feed), \(practice), \(peer), \(controlID), \(type),
                sha256(\(Array(text.utf8))), \(Array(text.utf8)))
            RETURNING id
            """)
        return try rows[0].decode(Int64.self)
    }

    /// A parked job of a message; gives its id.
    func addParked(
        _ practice: String?, entry: Int64? = nil, code: String = "unmapped-status", detail: String = "table statuses",
        stage: String = "plan", kind: String = "message", payload: String = "{}"
    ) async throws -> Int64 {
        let rows = try await owner.query(
            """
            INSERT INTO queue.blocked (queue, lane, id, kind, state, attempts, enqueued_at, key, holds_key, code, stage,
                detail, practice_id, received_on, entry_id, payload)
            SELECT q.id, 0, nextval('queue.job_id'), \(kind), 'parked', 1, clock_timestamp(), '\\x00112233445566778899aabbccddeeff',
                true, \(code), \(stage), \(detail), \(practice),
                CASE WHEN \(entry)::bigint IS NOT NULL THEN current_date END, \(entry), \(payload)::text::jsonb
            FROM queue.queue q WHERE q.name = 'scheduling'
            RETURNING id
            """)
        return try rows[0].decode(Int64.self)
    }

    func count(_ sql: SQL) async throws -> Int64 {
        try await owner.query(sql)[0].decode(Int64.self)
    }

    func text(_ sql: SQL) async throws -> String? {
        try await owner.query(sql).first?.decode(String?.self) ?? nil
    }
}

/// What a person's browser does: keeps the cookie, and fills in the token of the form on the page.
actor Browser {
    struct Page: Sendable {
        let status: HTTPResponse.Status
        let headers: HTTPFields
        let text: String

        func hidden(_ name: String) -> String? {
            text.firstMatch(of: /name="([a-z]+)" value="([^"]*)"/).flatMap { _ in
                text.matches(of: /name="([a-z]+)" value="([^"]*)"/).first { $0.1 == name }.map { String($0.2) }
            }
        }
    }

    private let client: any TestClientProtocol
    private(set) var cookie: String?
    private var csrf: String?
    var isEncrypted = false

    init(_ client: any TestClientProtocol) {
        self.client = client
    }

    func encrypt() { isEncrypted = true }
    func present(_ cookie: String?) { self.cookie = cookie }

    func signIn(_ name: String, _ password: String) async throws -> Page {
        try await post("/sign-in", ["name": name, "password": password])
    }

    func get(_ path: String) async throws -> Page {
        let page = try await send(path, .get, nil, [:])
        if let token = page.hidden("csrf") { csrf = token }
        return page
    }

    /// With the session's token, as the page's form would have it, unless the fields give another.
    func post(_ path: String, _ fields: [String: String], headers: HTTPFields = [:]) async throws -> Page {
        if csrf == nil, cookie != nil { _ = try await get("/") }
        var fields = fields
        if fields["csrf"] == nil, let csrf { fields["csrf"] = csrf }
        let allowed = CharacterSet.alphanumerics
        let body = fields.map { name, value in
            "\(name)=\(value.addingPercentEncoding(withAllowedCharacters: allowed) ?? "")"
        }
        return try await send(path, .post, body.joined(separator: "&"), headers)
    }

    private func send(
        _ path: String, _ method: HTTPRequest.Method, _ body: String?, _ extra: HTTPFields
    ) async throws -> Page {
        var headers = extra
        if let cookie { headers[.cookie] = cookie }
        if body != nil { headers[.contentType] = "application/x-www-form-urlencoded" }
        if isEncrypted, let name = HTTPField.Name("X-Forwarded-Proto") { headers[name] = "https" }
        let response = try await client.executeRequest(
            uri: path, method: method, headers: headers, body: body.map { ByteBuffer(string: $0) })
        if let set = response.headers[.setCookie]?.split(separator: ";").first.map(String.init) {
            cookie = set.hasSuffix("=") ? nil : set
            csrf = nil
        }
        return Page(status: response.status, headers: response.headers, text: String(buffer: response.body))
    }
}
