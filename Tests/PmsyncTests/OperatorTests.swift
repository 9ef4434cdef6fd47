import Foundation
import Journal
import Postgres
import Queue
import TestSupport
import Testing
import Worker

@testable import Pmsync

@Suite struct OperatorTests {
    @Test func `A dry run of a replay changes nothing`() async throws {
        try await Office.open { office in
            let job = try await office.block(entry: try await office.enter())
            #expect(await office.run("replay", "--parked", "--dry-run") == 0)
            #expect(await office.run("replay", "--job", "\(job)", "--dry-run") == 0)
            #expect(try await office.states() == ["parked"])
            #expect(try await office.count("SELECT count(*) FROM console.audit") == 0)
        }
    }

    @Test func `A replay puts parked jobs back to work, on record, and leaves the others`() async throws {
        try await Office.open { office in
            for state in ["parked", "waiting", "uncertain", "parked"] { _ = try await office.block(state) }
            let plan = try await ReplayPlan(parkedIn: "scheduling", code: nil, from: office.pool)
            #expect(plan.rows.map(\.state) == ["parked", "parked"])
            #expect(plan.rows.map(\.order) == [1, 2])
            #expect(
                await office.run("replay", "--parked", "--workflow", "scheduling", "--code", "unmapped-status") == 0)
            #expect(try await office.states() == ["retrying", "waiting", "uncertain", "retrying"])
            #expect(try await office.count("SELECT count(*) FROM console.audit WHERE act = 'replayed'") == 2)
        }
    }

    @Test func `Parked jobs of another code or queue are not replayed`() async throws {
        try await Office.open { office in
            _ = try await office.block()
            #expect(await office.run("replay", "--parked", "--code", "another") == 0)
            #expect(await office.run("replay", "--parked", "--workflow", "fan-out") == 0)
            #expect(await office.run("replay", "--parked", "--workflow", "nowhere") == 1)
            #expect(try await office.states() == ["parked"])
        }
    }

    @Test func `An id that is not there is said to be so`() async throws {
        try await Office.open { office in
            await #expect(throws: CommandError.unknownJob(999)) { try await ReplayPlan(job: 999, from: office.pool) }
            #expect(await office.run("replay", "--job", "999") == 1)
            #expect(await office.run("discard", "999", "--reason", "gone") == 1)
            #expect(await office.run("job", "999") == 1)
            #expect(await office.run("message", "999") == 1)
            #expect(await office.run("message", "2026-01-01/999") == 1)
        }
    }

    @Test func `What is discarded is gone, with an outcome, and a reason on record`() async throws {
        try await Office.open { office in
            let entry = try await office.enter()
            let job = try await office.block(entry: entry)
            #expect(await office.run("discard", "\(job)", "--reason", "sent by mistake") == 0)
            #expect(try await office.states() == [])
            #expect(
                try await office.count(
                    """
                    SELECT count(*) FROM journal.outcome
                    WHERE entry_id = \(entry.number) AND code = 'discarded' AND workflow = 'scheduling'
                    """) == 1)
            #expect(
                try await office.count(
                    """
                    SELECT count(*) FROM console.audit WHERE act = 'discarded' AND subject = \("job \(job)")
                        AND reason = 'sent by mistake' AND practice_id = 'demo'
                    """) == 1)
        }
    }

    @Test func `A job that still runs by itself is neither discarded nor replayed`() async throws {
        try await Office.open { office in
            let job = try await office.block("retrying")
            #expect(await office.run("discard", "\(job)", "--reason", "x") == 1)
            #expect(await office.run("replay", "--job", "\(job)") == 1)
            #expect(try await office.states() == ["retrying"])
            #expect(try await office.count("SELECT count(*) FROM console.audit") == 0)
        }
    }

    @Test func `A discarded message is taken up anew by a replay, and an applied one is not`() async throws {
        try await Office.open { office in
            let message = PathLoadTests.booking()
            let entry = try await office.enter(message)
            let job = try await office.block(entry: entry)
            #expect(await office.run("discard", "\(job)", "--reason", "x") == 0)
            #expect(await office.run("replay", "--message", entry.text) == 0)
            let waiting = try await ListedJob.list(JobFilter(entry: entry.number), from: office.pool)
            #expect(waiting.map(\.queueName) == ["scheduling"])
            #expect(waiting.first?.practice == "demo")

            let applied = try await office.enter(message, controlID: "other")
            try await office.pool.transaction { transaction in
                try await Outcome(entry: applied, workflow: "scheduling", definition: nil, code: "applied")
                    .record(in: transaction)
            }
            #expect(await office.run("replay", "--message", "\(applied.number)") == 1)
        }
    }

    @Test func `Two replays of one discarded message at once take it up once`() async throws {
        try await Office.open { office in
            let entry = try await office.enter(PathLoadTests.booking())
            let job = try await office.block(entry: entry)
            #expect(await office.run("discard", "\(job)", "--reason", "x") == 0)
            let plans = try await [
                ReplayPlan(message: entry, from: office.pool), ReplayPlan(message: entry, from: office.pool),
            ]
            try await withThrowingTaskGroup(of: Void.self) { group in
                for plan in plans {
                    group.addTask { _ = try await plan.carryOut(by: "ann", in: office.pool) }
                }
                try await group.waitForAll()
            }
            #expect(try await office.count("SELECT count(*) FROM queue.job WHERE entry_id = \(entry.number)") == 1)
        }
    }

    @Test func `Jobs are discarded together by their queue and code, after a dry run that says which`() async throws {
        try await Office.open { office in
            for state in ["parked", "waiting", "uncertain", "parked"] { _ = try await office.block(state) }
            #expect(await office.run("discard", "--reason", "x") == 2)
            #expect(await office.run("discard", "--code", "unmapped-status") == 2)
            #expect(await office.run("discard", "--code", "unmapped-status", "--dry-run") == 0)
            #expect(try await office.states() == ["parked", "waiting", "uncertain", "parked"])
            #expect(
                await office.run(
                    "discard", "--queue", "scheduling", "--code", "another", "--reason", "none such") == 0)
            #expect(try await office.states().count == 4)
            #expect(await office.run("discard", "--queue", "scheduling", "--reason", "the feed was a test") == 0)
            #expect(try await office.states() == ["waiting"])
            #expect(try await office.count("SELECT count(*) FROM console.audit WHERE act = 'discarded'") == 3)
        }
    }

    @Test func `What is pending for a client that is revoked is discarded, parked jobs and all`() async throws {
        try await Office.open { office in
            _ = try await Clients.add(
                .init(name: "app", practice: "demo", webhook: "https://example.org/", list: nil, listKey: nil),
                to: office.pool)
            let rows = try await office.pool.query(
                """
                INSERT INTO api.delivery
                    (practice_id, subscription_id, event_number, id, type, record_kind, record_id, version)
                SELECT practice_id, id, n, gen_random_uuid(), 'appointment.booked', 'appointment', gen_random_uuid(), 1
                FROM api.subscription, generate_series(1, 3) n
                RETURNING subscription_id::text, (SELECT q.name FROM queue.queue q WHERE q.name LIKE 'webhook:%')
                """)
            let (subscription, queue) = try #require(rows.first).decode((String, String).self)
            _ = try await office.block(queue: queue, payload: #"{"subscription":"\#(subscription)","event":1}"#)
            _ = try await office.block(
                "retrying", queue: queue, payload: #"{"subscription":"\#(subscription)","event":2}"#)
            let left = try await Clients.revoke("app", practice: "demo", by: "ann", in: office.pool)
            #expect(left == .init(jobs: 1, notices: 3, rings: [queue]))
            #expect(try await office.states() == ["retrying"])
            #expect(try await office.count("SELECT count(*) FROM queue.blocked WHERE run_at <= clock_timestamp()") == 1)
            #expect(try await office.count("SELECT count(*) FROM api.delivery WHERE state = 'pending'") == 0)
        }
    }

    @Test func `A client has the scopes that it is given: to read where none is named, and no feed but the practice's`()
        async throws
    {
        try await Office.open { office in
            func scopes(_ name: String) async throws -> String? {
                try await Clients.list("demo", from: office.pool).first { $0.name == name }?.scopes
            }
            #expect(await office.run("client", "add", "app", "--practice", "demo") == 0)
            #expect(try await scopes("app") == "read")
            #expect(await office.run("client", "add", "x", "--practice", "demo", "--scope", "all") == 2)
            #expect(await office.run("client", "add", "x", "--practice", "demo", "--scope", "alarms") == 2)
            #expect(await office.run("client", "add", "x", "--practice", "demo", "--scope", "feed:other") == 1)
            let words = ["--practice", "demo", "--scope", "read", "--scope", "feed:demo-pm"]
            #expect(await office.run(["client", "add", "engine"] + words) == 0)
            #expect(try await scopes("engine") == "feed:demo-pm read")
            #expect(await office.run(["client", "scopes", "app"] + words + ["--reason", "its engine moved"]) == 0)
            #expect(try await scopes("app") == "feed:demo-pm read")
            #expect(await office.run("client", "scopes", "app", "--practice", "demo", "--reason", "none for now") == 0)
            #expect(try await scopes("app") == "")
            let alarms = ["client", "scopes", "app", "--practice", "demo", "--scope", "alarms", "--reason", "x"]
            #expect(await office.run(alarms) == 1)
            #expect(try await office.count("SELECT count(*) FROM console.audit WHERE act = 'scoped'") == 2)
            _ = try await Clients.add(
                .init(
                    name: "hook", practice: "demo", webhook: "https://example.org/", list: nil, listKey: nil,
                    scopes: [.alarms]), to: office.pool)
            let hears: SQL = "SELECT count(*) FROM api.subscription WHERE alarms"
            #expect(try await office.count(hears) == 1)
            #expect(await office.run("client", "scopes", "hook", "--practice", "demo", "--reason", "too loud") == 0)
            #expect(try await office.count(hears) == 0)
        }
    }

    @Test func `A discarded notice ends as discarded`() async throws {
        try await Office.open { office in
            _ = try await Clients.add(
                .init(name: "app", practice: "demo", webhook: "https://example.org/", list: nil, listKey: nil),
                to: office.pool)
            let row = try #require(
                try await office.pool.query(
                    """
                    INSERT INTO api.delivery
                        (practice_id, subscription_id, event_number, id, type, record_kind, record_id, version)
                    SELECT practice_id, id, 1, gen_random_uuid(), 'appointment.booked', 'appointment', gen_random_uuid(), 1
                    FROM api.subscription
                    RETURNING subscription_id::text, (SELECT q.name FROM queue.queue q WHERE q.name LIKE 'webhook:%')
                    """
                ).first)
            let (subscription, queue) = try row.decode((String, String).self)
            let job = try await office.block(
                queue: queue, payload: #"{"subscription":"\#(subscription)","event":1}"#)
            #expect(await office.run("discard", "\(job)", "--reason", "the app is gone") == 0)
            #expect(
                try await office.count(
                    "SELECT count(*) FROM api.delivery WHERE state = 'discarded' AND ended_at IS NOT NULL") == 1)
        }
    }

    @Test func `Notices of a client that is revoked wait for nobody: what is parked of it is discarded, and no more`()
        async throws
    {
        try await Office.open { office in
            _ = try await Clients.add(
                .init(name: "app", practice: "demo", webhook: "https://example.org/", list: nil, listKey: nil),
                to: office.pool)
            let queue = try #require(
                try await office.pool.query("SELECT name FROM queue.queue WHERE name LIKE 'webhook:%'").first)
            _ = try await office.block(queue: try queue.decode(String.self))
            _ = try await office.block()
            _ = try await Clients.revoke("app", practice: "demo", by: "ann", in: office.pool)
            #expect(try await office.states() == ["parked"])
        }
    }

    @Test func `A queue is paused and resumed by its name or its client's, with a reason on record`() async throws {
        try await Office.open { office in
            _ = try await Clients.add(
                .init(name: "app", practice: "demo", webhook: "https://example.org/", list: nil, listKey: nil),
                to: office.pool)
            let paused: SQL = "SELECT count(*) FROM queue.queue WHERE paused_reason = 'move'"
            #expect(await office.run("feed", "pause", "scheduling", "--reason", "move") == 0)
            #expect(await office.run("feed", "pause", "app", "--practice", "demo", "--reason", "move") == 0)
            #expect(await office.run("feed", "pause", "app", "--reason", "move") == 1)
            #expect(try await office.count(paused) == 2)
            #expect(await office.run("feed", "resume", "scheduling", "--reason", "done") == 0)
            #expect(try await office.count(paused) == 1)
            #expect(await office.run("feed", "mode", "app", "shadow", "--practice", "demo", "--reason", "trial") == 0)
            #expect(await office.run("feed", "mode", "no", "off", "--practice", "demo", "--reason", "trial") == 1)
            #expect(try await office.count("SELECT count(*) FROM api.subscription WHERE mode = 'shadow'") == 1)
            #expect(try await office.count("SELECT count(*) FROM console.audit WHERE reason <> ''") == 4)
            #expect(await office.run("feed", "list") == 0)
        }
    }

    @Test func `The journal is listed by what was asked, newest last`() async throws {
        try await Office.open { office in
            let first = try await office.enter(controlID: "C1")
            let second = try await office.enter(controlID: "C2")
            _ = try await office.block(entry: second)
            let all = try await ListedMessage.list(.init(), from: office.pool)
            #expect(all.map(\.id) == [first.text, second.text])
            #expect(all.map(\.outcome) == [nil, "parked unmapped-status"])
            let one = try await ListedMessage.list(.init(controlID: "C1", since: Date() - 3_600), from: office.pool)
            #expect(one.map(\.id) == [first.text])
            #expect(try await ListedMessage.list(.init(type: "ADT^A04"), from: office.pool).isEmpty)
            #expect(try await ListedMessage.list(.init(since: Date() + 3_600), from: office.pool).isEmpty)
            #expect(await office.run("message", "\(second.number)") == 0)
            #expect(await office.run("messages", "--format", "json") == 0)
            #expect(await office.run("jobs", "--format", "csv") == 0)
        }
    }

    @Test func `A check lists what no table knows, and the rows that nothing asks for`() async throws {
        try await Office.open { office in
            try await office.pool.execute(
                """
                INSERT INTO workflow.code_seen SELECT 'demo', t, c, '', current_date, current_date, current_date, n, now(),
                    now(), current_date, 1 FROM (VALUES ('status', 'TENTATIVE', 3), ('events', 'OVF', 5)) v (t, c, n)
                """)
            try await office.pool.execute(
                "INSERT INTO workflow.code_scan VALUES ('scheduling', current_date, 1, now())")
            var inspection = Inspection()
            await inspection.codes(office.pool)
            let said = inspection.verdicts.map { "\($0.what): \($0.detail)" }
            #expect(said.contains { $0.hasPrefix("coverage: demo status: 0.0 %") && $0.contains("TENTATIVE (3)") })
            #expect(said.contains { $0.hasPrefix("coverage: demo events: 100.0 % of 5") })
            let unused = try #require(said.first { $0.hasPrefix("unused rows: demo events:") })
            #expect(unused.contains("NPV (line 4)") && !unused.contains("OVF"))
            #expect(said.contains { $0.hasPrefix("unused rows: every practice status:") && $0.contains("KEPT (line ") })
        }
    }

    @Test func `A check fails for a webhook that nobody answers, and says so`() async throws {
        try await Office.open { office in
            var inspection = Inspection()
            await inspection.webhooks(office.pool)
            #expect(inspection.verdicts.isEmpty)
            _ = try await Clients.add(
                .init(name: "app", practice: "demo", webhook: "http://127.0.0.1:1/", list: nil, listKey: nil),
                to: office.pool)
            await inspection.webhooks(office.pool)
            await inspection.definitions(office.pool)
            await inspection.work(office.pool)
            #expect(inspection.verdicts.filter { $0.verdict == .failed }.map(\.what) == ["webhook"])
            #expect(await office.run("check", "--workflows", Repository.workflows) == 1)
        }
    }
}
