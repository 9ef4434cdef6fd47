import Foundation
import HTTPTypes
import Postgres
import Testing

@Suite struct ActTests {
    // MARK: Booking apps

    @Test func `A booking app is held and let go with a reason, once for two submits, and only by its own practice`()
        async throws
    {
        let fixture = try await Fixture.make()
        let kiosk = try await fixture.addDestination("P1", "Kiosk").uuidString.lowercased()
        let paused: SQL = "SELECT paused_reason FROM queue.queue WHERE name LIKE 'webhook:%'"
        try await fixture.browse(as: "ann") { browser in
            let page = try await browser.get("/destinations").text
            #expect(page.contains("Live: told of every change"))
            let path = "/destinations/P1/\(kiosk)"
            #expect(try await browser.post("\(path)/hold", ["reason": ""]).status == .badRequest)
            #expect(try await browser.post("\(path)/hold", ["reason": "doubles visits"]).status == .seeOther)
            #expect(try await fixture.text(paused) == "doubles visits")
            #expect(try await browser.post("\(path)/hold", ["reason": "again"]).status == .conflict)
            #expect(try await browser.get("/destinations").text.contains("Paused: doubles visits"))
            #expect(try await browser.post("\(path)/let-go", ["reason": "mended"]).status == .seeOther)
            #expect(try await fixture.text(paused) == nil)
        }
        #expect(try await fixture.count("SELECT count(*) FROM console.audit WHERE act IN ('paused', 'resumed')") == 2)
        try await fixture.browse(as: "ben") { browser in
            let page = try await browser.get("/destinations").text
            #expect(!page.contains("Kiosk"))
            #expect(try await browser.post("/destinations/P1/\(kiosk)/hold", ["reason": "x"]).status == .notFound)
        }
        #expect(try await fixture.text(paused) == nil)
    }

    // MARK: Findings accepted

    @Test func `An acceptance can be taken back, and ends when the finding changes`() async throws {
        let fixture = try await Fixture.make()
        let path = "/findings/P1/key-P1"
        try await fixture.browse(as: "ann") { browser in
            let seen = try #require(try await browser.get(path).hidden("seen"))
            _ = try await browser.post("\(path)/accept", ["reason": "known", "seen": seen])
            var page = try await browser.get(path)
            #expect(page.text.contains("Take it back") && !page.text.contains(">Accept<"))
            _ = try await browser.post("\(path)/withdraw", ["seen": try #require(page.hidden("seen"))])
            page = try await browser.get(path)
            #expect(page.text.contains("Acceptance taken back") && page.text.contains(">Accept<"))
            _ = try await browser.post(
                "\(path)/accept", ["reason": "again", "seen": try #require(page.hidden("seen"))])
            #expect(try await browser.get("/findings?state=accepted").text.contains("key-P1"))
            try await fixture.owner.execute(
                """
                INSERT INTO reconciliation.finding_event (practice_id, workflow, key, event, code, cause, act, withheld, at)
                VALUES ('P1', 'scheduling', 'key-P1', 'changed', 'time-differs', 'overwritten-there', 'resend', false,
                    clock_timestamp())
                """)
            #expect(try await !browser.get("/findings?state=accepted").text.contains("key-P1"))
            #expect(try await browser.get("/findings").text.contains("key-P1"))
        }
    }

    @Test func `Each act on a finding stands in the audit under its own name`() async throws {
        let fixture = try await Fixture.make()
        let path = "/findings/P1/key-P1"
        try await fixture.browse(as: "ann") { browser in
            for (act, reason) in [("accept", "known"), ("withdraw", ""), ("resend", "")] {
                let seen = try #require(try await browser.get(path).hidden("seen"))
                _ = try await browser.post("\(path)/\(act)", ["reason": reason, "seen": seen])
            }
        }
        let acts = try await fixture.owner.query(
            "SELECT act, actor, practice_id, reason FROM console.audit WHERE subject LIKE '%key-P1%' ORDER BY id"
        ).map { row in
            let (act, actor, practice, reason) = try row.decode((String, String, String?, String).self)
            return [act, actor, practice ?? "none", reason]
        }
        #expect(
            acts == [
                ["accepted", "ann", "P1", "known"], ["withdrawn", "ann", "P1", "the acceptance is taken back"],
                ["resent", "ann", "P1", ""],
            ])
    }

    // MARK: Replay

    @Test func `A replay says first what it will do, then moves the job, once for two submits`() async throws {
        let fixture = try await Fixture.make()
        let first = try await fixture.addParked("P1")
        let second = try await fixture.addParked("P1")
        let other = try await fixture.addParked("P1", code: "missing-sch")
        try await fixture.browse(as: "ann") { browser in
            #expect(try await browser.get("/jobs").text.contains("2 × Status code that no table knows"))
            let preview = try await browser.get("/jobs/replay?state=parked&queue=scheduling&code=unmapped-status")
            #expect(preview.text.contains("Replay 2 jobs"))
            #expect(try await fixture.count("SELECT count(*) FROM queue.blocked WHERE state = 'retrying'") == 0)
            let fields = ["state": "parked", "queue": "scheduling", "code": "unmapped-status"]
            let seen = try #require(preview.hidden("seen"))
            let done = try await browser.post("/jobs/replay", fields.merging(["seen": seen]) { $1 })
            #expect(done.headers[.location] == "/jobs?done=replayed&count=2")
            let moved = try await fixture.owner.query(
                "SELECT id FROM queue.blocked WHERE state = 'retrying' ORDER BY id")
            #expect(try moved.map { try $0.decode(Int64.self) } == [first, second])
            // The worker tried the first again and it failed again, before the second submit came.
            try await fixture.owner.execute(
                """
                UPDATE queue.blocked SET state = 'parked', run_at = NULL, blocked_at = clock_timestamp()
                WHERE id = \(first)
                """)
            let again = try await browser.post("/jobs/replay", fields.merging(["seen": seen]) { $1 })
            #expect(again.headers[.location] == "/jobs?done=replayed&count=0")
            let page = try await browser.get("/jobs?done=replayed&count=0").text
            #expect(page.contains("Nothing was left to replay"))
        }
        #expect(try await fixture.text("SELECT state FROM queue.blocked WHERE id = \(first)") == "parked")
        #expect(try await fixture.text("SELECT state FROM queue.blocked WHERE id = \(other)") == "parked")
        #expect(try await fixture.count("SELECT count(*) FROM console.audit WHERE act = 'replayed'") == 1)
    }

    @Test func `One job alone is replayed from its page`() async throws {
        let fixture = try await Fixture.make()
        let job = try await fixture.addParked("P1")
        let other = try await fixture.addParked("P1")
        try await fixture.browse(as: "ann") { browser in
            let seen = try #require(try await browser.get("/jobs/\(job)").hidden("seen"))
            _ = try await browser.post("/jobs/replay", ["id": "\(job)", "seen": seen])
        }
        #expect(try await fixture.text("SELECT state FROM queue.blocked WHERE id = \(job)") == "retrying")
        #expect(try await fixture.text("SELECT state FROM queue.blocked WHERE id = \(other)") == "parked")
    }

    @Test func `A job that is waiting or retrying is not replayed`() async throws {
        let fixture = try await Fixture.make()
        let job = try await fixture.addParked("P1")
        try await fixture.owner.execute("UPDATE queue.blocked SET state = 'waiting', code = NULL")
        try await fixture.browse(as: "ann") { browser in
            #expect(try await !browser.get("/jobs/\(job)").text.contains("Replay this job"))
            let answer = try await browser.post("/jobs/replay", ["id": "\(job)", "seen": "99999999999999999"])
            #expect(answer.headers[.location] == "/jobs?done=replayed&count=0")
        }
        #expect(try await fixture.text("SELECT state FROM queue.blocked") == "waiting")
    }

    // MARK: Discard

    @Test func `Nothing is discarded without a reason; with one, the message's outcome says so`() async throws {
        let fixture = try await Fixture.make()
        let entry = try await fixture.addMessage("P1", "MSH|^~\\&|A|B|||20241122||SIU^S12|1|P|2.3\r")
        let job = try await fixture.addParked("P1", entry: entry)
        try await fixture.browse(as: "ann") { browser in
            #expect(try await browser.post("/jobs/\(job)/discard", ["reason": " "]).status == .badRequest)
            #expect(try await fixture.count("SELECT count(*) FROM queue.blocked") == 1)
            let done = try await browser.post("/jobs/\(job)/discard", ["reason": "a test of the PM"])
            #expect(done.headers[.location] == "/jobs?done=discarded")
            #expect(try await browser.post("/jobs/\(job)/discard", ["reason": "again"]).status == .notFound)
        }
        #expect(try await fixture.count("SELECT count(*) FROM queue.blocked") == 0)
        let outcomes = try await fixture.count(
            "SELECT count(*) FROM journal.outcome WHERE entry_id = \(entry) AND code = 'discarded'")
        #expect(outcomes == 1)
        let kept = try await fixture.count(
            """
            SELECT count(*) FROM console.audit
            WHERE act = 'discarded' AND actor = 'ann' AND reason = 'a test of the PM' AND practice_id = 'P1'
            """)
        #expect(kept == 1)
    }

    @Test func `Discarding a notice's job ends the notice too`() async throws {
        let fixture = try await Fixture.make()
        let subscription = UUID()
        try await fixture.owner.execute(
            """
            WITH client AS (
                INSERT INTO api.client (practice_id, id, name, key_hash) VALUES ('P1', \(Fixture.client), 'app', '\\x01')
            ), subscription AS (
                INSERT INTO api.subscription (practice_id, id, client_id, url, secret, queue)
                SELECT 'P1', \(subscription), \(Fixture.client), 'http://localhost/', sha256('x'), id
                FROM queue.queue WHERE name = 'fan-out'
            )
            INSERT INTO api.delivery (practice_id, subscription_id, event_number, id, type, record_kind, record_id, version)
            VALUES ('P1', \(subscription), 7, gen_random_uuid(), 'appointment.changed', 'appointment', \(Fixture.record), 1)
            """)
        let job = try await fixture.addParked(
            "P1", code: "refused", kind: "notice",
            payload: #"{"subscription":"\#(subscription.uuidString.lowercased())","event":7}"#)
        try await fixture.browse(as: "ann") { browser in
            let page = try await browser.get("/findings/P1/key-P1").text
            #expect(page.contains("appointment.changed") && page.contains("Pending"))
            let done = try await browser.post("/jobs/\(job)/discard", ["reason": "the app is gone"])
            #expect(done.status == .seeOther)
        }
        #expect(try await fixture.text("SELECT state FROM api.delivery") == "discarded")
    }

    // MARK: Findings

    @Test func `Sending again enqueues one job for the worker, also when the form is sent twice`() async throws {
        let fixture = try await Fixture.make()
        let path = "/findings/P1/key-P1"
        try await fixture.browse(as: "ann") { browser in
            let seen = try #require(try await browser.get(path).hidden("seen"))
            let done = try await browser.post(path + "/resend", ["seen": seen])
            #expect(done.headers[.location] == path + "?done=resent")
            let again = try await browser.post(path + "/resend", ["seen": seen])
            #expect(again.headers[.location] == path + "?done=already")
            #expect(try await browser.get(path).text.contains("Sent again"))
        }
        let jobs = try await fixture.owner.query(
            """
            SELECT j.kind, j.practice_id, j.payload->>'record', j.payload->>'client'
            FROM queue.job j JOIN queue.queue q ON q.id = j.queue WHERE q.name = 'scheduling'
            """)
        try #require(jobs.count == 1)
        let (kind, practice, record, client) = try jobs[0].decode((String, String, String, String).self)
        #expect((kind, practice) == ("resend", "P1"))
        #expect(UUID(uuidString: record) == Fixture.record && UUID(uuidString: client) == Fixture.client)
        #expect(try await fixture.count("SELECT count(*) FROM reconciliation.finding_act WHERE act = 'resend'") == 1)
        #expect(try await fixture.count("SELECT count(*) FROM console.audit WHERE act = 'resent'") == 1)
    }

    @Test func `A removal is confirmed with a reason, once for two submits, and only of what stands as compared`()
        async throws
    {
        let fixture = try await Fixture.make()
        let record = try await fixture.addRemovable("P1", key: "gone")
        let path = "/findings/P1/gone"
        try await fixture.browse(as: "ann") { browser in
            // What is mended by sending it again has no such act, and the page of another practice is not there.
            #expect(try await !browser.get("/findings/P1/key-P1").text.contains("It was removed in the PM"))
            let other = try await browser.post("/findings/P1/key-P1/remove", ["seen": "0", "reason": "x"])
            #expect(other.status == .notFound)
            let page = try await browser.get(path)
            #expect(page.text.contains("It was removed in the PM"))
            let seen = try #require(page.hidden("seen"))
            #expect(try await browser.post(path + "/remove", ["seen": seen, "reason": " "]).status == .badRequest)
            let foreign = try await browser.post(path + "/remove", ["seen": seen, "reason": "x", "csrf": "no"])
            #expect(foreign.status == .forbidden)
            #expect(try await fixture.count("SELECT count(*) FROM queue.job") == 0)
            let done = try await browser.post(path + "/remove", ["seen": seen, "reason": "the desk deleted it"])
            #expect(done.headers[.location] == path + "?done=removed")
            let again = try await browser.post(path + "/remove", ["seen": seen, "reason": "the desk deleted it"])
            #expect(again.headers[.location] == path + "?done=already")
            let after = try await browser.get(path).text
            #expect(after.contains("Removal confirmed") && after.contains("the desk deleted it"))
        }
        let jobs = try await fixture.owner.query("SELECT kind, practice_id, payload->>'record' FROM queue.job")
        try #require(jobs.count == 1)
        let (kind, practice, said) = try jobs[0].decode((String, String, String).self)
        #expect((kind, practice) == ("remove", "P1") && UUID(uuidString: said) == record)
        for table in ["reconciliation.finding_act", "console.audit"] as [SQL] {
            let noted = try await fixture.count(
                """
                SELECT count(*) FROM \(fragment: table)
                WHERE act = 'removed' AND actor = 'ann' AND reason = 'the desk deleted it' AND practice_id = 'P1'
                """)
            #expect(noted == 1)
        }
    }

    @Test func `What has changed since it was compared, or is another practice's, is not removed`() async throws {
        let fixture = try await Fixture.make()
        _ = try await fixture.addRemovable("P1", key: "gone")
        try await fixture.owner.execute("UPDATE records.appointment SET version = version + 1")
        try await fixture.browse(as: "ann") { browser in
            #expect(try await !browser.get("/findings/P1/gone").text.contains("It was removed in the PM"))
            let late = try await browser.post("/findings/P1/gone/remove", ["seen": "0", "reason": "x"])
            #expect(late.status == .conflict)
        }
        try await fixture.browse(as: "ben") { browser in
            let foreign = try await browser.post("/findings/P1/gone/remove", ["seen": "0", "reason": "x"])
            #expect(foreign.status == .notFound)
        }
        #expect(try await fixture.count("SELECT count(*) FROM queue.job") == 0)
    }

    @Test func `A finding is accepted with a reason only, and is then not counted as open`() async throws {
        let fixture = try await Fixture.make()
        try await fixture.addRun("P1")
        let path = "/findings/P1/key-P1"
        try await fixture.browse(as: "ann") { browser in
            #expect(try await browser.post(path + "/accept", ["seen": "0"]).status == .badRequest)
            #expect(try await browser.get("/").text.contains("1 finding needs you"))
            let done = try await browser.post(path + "/accept", ["seen": "0", "reason": "the patient knows"])
            #expect(done.headers[.location] == path + "?done=accepted")
            #expect(try await browser.get("/").text.contains("In agreement"))
            #expect(try await browser.get("/findings?state=accepted").text.contains("key-P1"))
            #expect(try await browser.get(path).text.contains("the patient knows"))
        }
        #expect(try await fixture.count("SELECT count(*) FROM console.audit WHERE act = 'accepted'") == 1)
    }

    @Test func `An act upon a page that others have overtaken is refused`() async throws {
        let fixture = try await Fixture.make()
        try await fixture.browse(as: "ann") { browser in
            _ = try await browser.post("/findings/P1/key-P1/accept", ["seen": "0", "reason": "fine"])
            let late = try await browser.post("/findings/P1/key-P1/resend", ["seen": "0"])
            #expect(late.status == .conflict)
        }
        #expect(try await fixture.count("SELECT count(*) FROM queue.job") == 0)
    }

    @Test func `An act whose audit cannot be written does not happen`() async throws {
        let fixture = try await Fixture.make()
        let job = try await fixture.addParked("P1")
        try await fixture.browse(as: "ann") { browser in
            _ = try await browser.get("/")
            try await fixture.owner.execute("ALTER TABLE console.audit ADD CHECK (act <> 'discarded')")
            #expect(try await browser.post("/jobs/\(job)/discard", ["reason": "no"]).status.code == 500)
        }
        #expect(try await fixture.count("SELECT count(*) FROM queue.blocked") == 1)
    }
}
