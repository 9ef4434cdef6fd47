import Foundation
import HL7
import Hosting
import MLLP
import Postgres
import Queue
import Synchronization
import TestSupport
import Testing

/// What a PM is told, and what is on record when it is told so.
struct MLLPTests {
    @Test("A message is acknowledged with AA and stands in the journal byte for byte with one job")
    func accepted() async throws {
        try await Rig.run { rig async throws in
            let text = Fixtures.siu("M1")
            let answer = try await rig.send(text)
            #expect(answer.text("MSA-1") == "AA")
            #expect(answer.text("MSA-2") == "M1")
            #expect(answer.text("MSH-5") == "PM" && answer.text("MSH-6") == "NORTH")
            let row = try #require(
                try await rig.pool.query(
                    """
                    SELECT e.payload, e.feed, e.practice_id, e.control_id, e.message_type, e.peer, q.name, j.kind
                    FROM journal.entry e JOIN queue.job j ON j.received_on = e.received_on AND j.entry_id = e.id
                    JOIN queue.queue q ON q.id = j.queue
                    """
                ).first)
            let (payload, feed, practice, control, type, peer, queue, kind) = try row.decode(
                ([UInt8], String, String?, String, String, String, String, String).self)
            #expect(payload == Array(text.utf8))
            #expect(feed == "north-pm" && practice == "north" && control == "M1" && type == "SIU^S12")
            #expect(peer == "127.0.0.1" && queue == "scheduling" && kind == "message")
        }
    }

    @Test("No answer leaves before its commit: a transaction that is killed is run again, and only then is there an AA")
    func afterCommit() async throws {
        try await Rig.run { rig async throws in
            let isAnswered = Mutex(false)
            let lock = try await rig.database.session()
            try await lock.script("BEGIN; LOCK TABLE journal.entry IN ACCESS EXCLUSIVE MODE")
            let text = Fixtures.siu("M1")
            async let answer = {
                let answer = try await rig.send(text)
                isAnswered.withLock { $0 = true }
                return answer
            }()
            let first = try await blockedWriter(rig)
            #expect(!isAnswered.withLock { $0 })
            try await rig.pool.query("SELECT pg_terminate_backend(\(first))")
            let second = try await blockedWriter(rig, not: first)
            #expect(second != first)
            #expect(!isAnswered.withLock { $0 })
            try await lock.script("ROLLBACK")
            #expect(try await answer.text("MSA-1") == "AA")
            #expect(try await rig.entries == 1)
            #expect(try await rig.jobs == 1)
            #expect((rig.metric("pmsync_intake_failures_total") ?? 0) >= 1)
        }
    }

    @Test("While the database stays away the sender is told AR, and nothing is on record")
    func notNow() async throws {
        try await Rig.run(patience: .milliseconds(1)) { rig async throws in
            let lock = try await rig.database.session()
            try await lock.script("BEGIN; LOCK TABLE journal.entry IN ACCESS EXCLUSIVE MODE")
            async let answer = rig.send(Fixtures.siu("M1"))
            try await rig.pool.query("SELECT pg_terminate_backend(\(try await blockedWriter(rig)))")
            #expect(try await answer.text("MSA-1") == "AR")
            try await lock.script("ROLLBACK")
            #expect(try await rig.entries == 0)
            #expect(try await rig.send(Fixtures.siu("M1")).text("MSA-1") == "AA")
            #expect(try await rig.entries == 1)
        }
    }

    /// The writer's backend that waits for a lock.
    private func blockedWriter(_ rig: Rig, not other: Int32 = 0) async throws -> Int32 {
        let found = Mutex<Int32>(0)
        try await rig.until {
            let rows = try await rig.pool.query(
                """
                SELECT pid FROM pg_stat_activity WHERE datname = current_database()
                    AND application_name = \(Rig.writer) AND wait_event_type = 'Lock' AND pid <> \(other)
                """)
            guard let row = rows.first else { return false }
            let pid = try row.decode(Int32.self)
            found.withLock { $0 = pid }
            return true
        }
        return found.withLock { $0 }
    }

    @Test("The same bytes again are acknowledged with AA, run once, and noted as a repeat")
    func resend() async throws {
        try await Rig.run { rig async throws in
            for _ in 0..<3 { #expect(try await rig.send(Fixtures.siu("M1")).text("MSA-1") == "AA") }
            #expect(try await rig.entries == 1)
            #expect(try await rig.jobs == 1)
            #expect(try await rig.count("SELECT count(*) FROM journal.repeat") == 2)
            #expect(rig.metric("pmsync_messages_repeated_total") == 2)
        }
    }

    @Test("The same control id over other bytes gets AA, runs too, and is flagged")
    func reused() async throws {
        try await Rig.run { rig async throws in
            #expect(try await rig.send(Fixtures.siu("M1")).text("MSA-1") == "AA")
            #expect(try await rig.send(Fixtures.siu("M1", person: "P2")).text("MSA-1") == "AA")
            #expect(try await rig.jobs == 2)
            #expect(
                try await rig.count("SELECT count(*) FROM journal.entry WHERE 'control_id_reused' = ANY (flags)") == 1)
            #expect(rig.metric("pmsync_control_ids_reused_total") == 1)
        }
    }

    @Test("A resend of a parked message re-opens it; of a discarded one it is enqueued again; of a done one nothing")
    func reopened() async throws {
        try await Rig.run { rig async throws in
            _ = try await rig.send(Fixtures.siu("M1"))
            try await rig.pool.execute(
                """
                WITH gone AS (DELETE FROM queue.job RETURNING *)
                INSERT INTO queue.blocked (queue, lane, id, kind, state, attempts, enqueued_at, key, holds_key, code,
                    practice_id, received_on, entry_id, payload)
                SELECT queue, lane, id, kind, 'parked', 1, enqueued_at, key, false, 'unmapped-status', practice_id,
                    received_on, entry_id, payload FROM gone
                """)
            #expect(try await rig.send(Fixtures.siu("M1")).text("MSA-1") == "AA")
            #expect(try await rig.count("SELECT count(*) FROM queue.blocked WHERE state = 'retrying'") == 1)

            try await rig.pool.execute("DELETE FROM queue.blocked")
            try await end(rig, "discarded")
            _ = try await rig.send(Fixtures.siu("M1"))
            _ = try await rig.send(Fixtures.siu("M1"))
            #expect(try await rig.jobs == 1)

            try await rig.pool.execute("DELETE FROM queue.job")
            try await end(rig, "applied")
            _ = try await rig.send(Fixtures.siu("M1"))
            #expect(try await rig.jobs == 0)
            #expect(try await rig.entries == 1)
        }
    }

    private func end(_ rig: Rig, _ code: String) async throws {
        try await rig.pool.execute(
            """
            INSERT INTO journal.outcome (received_on, entry_id, workflow, code)
            SELECT received_on, id, 'scheduling', \(code) FROM journal.entry
            """)
    }

    @Test(
        "What has no MSH or no MSH-10 is answered AE and journaled with its reason and no job",
        arguments: [
            ("MSH|^~\\&|PM|NORTH|||20260302||SIU^S12||P|2.5\rSCH||1\r", "no-control-id"),
            ("PID|1||P1\rSCH||1\r", "no-header"),
            ("not a message", "no-header"),
        ])
    func refused(_ text: String, _ reason: String) async throws {
        try await Rig.run { rig async throws in
            let client = try await rig.connect()
            try await client.sendRaw(FrameDecoder.frame(Array(text.utf8)))
            let answer = try Message(try await client.receive(deadline: .seconds(20)))
            await client.close()
            #expect(answer.text("MSA-1") == "AE")
            #expect(try await rig.entries == 1)
            #expect(try await rig.jobs == 0)
            let outcome = try #require(try await rig.pool.query("SELECT code, detail FROM journal.outcome").first)
            #expect(try outcome.decode((String, String).self) == ("refused", reason))
        }
    }

    @Test(
        "What cannot be used is answered AA, journaled, and has a job that will park in sight",
        arguments: [
            (Fixtures.siu("M1", type: "ZZZ^Z99"), "north", "north-pm"),
            (Fixtures.siu("M1", facility: "NOWHERE"), nil, "unclaimed"),
            (Fixtures.siu("M1") + "MSH|^~\\&|PM|NORTH|||20260302||SIU^S12|M2|P|2.5\r", nil, "unclaimed"),
            (Fixtures.siu("M1").replacing("PM|NORTH", with: "\u{FFFD}|\u{FFFD}"), nil, "unclaimed"),
        ] as [(String, String?, String)])
    func unusable(_ text: String, _ practice: String?, _ feed: String) async throws {
        try await Rig.run { rig async throws in
            #expect(try await rig.send(text).text("MSA-1") == "AA")
            let row = try #require(
                try await rig.pool.query(
                    """
                    SELECT e.practice_id, e.feed, q.name FROM journal.entry e
                    JOIN queue.job j ON j.received_on = e.received_on AND j.entry_id = e.id
                    JOIN queue.queue q ON q.id = j.queue
                    """
                ).first)
            #expect(try row.decode((String?, String, String).self) == (practice, feed, "scheduling"))
        }
    }

    @Test("Bytes that are no UTF-8 are acknowledged and journaled as they came")
    func invalidText() async throws {
        try await Rig.run { rig async throws in
            var bytes = Array(Fixtures.siu("M1").utf8)
            bytes.replaceSubrange(bytes.count - 9..<bytes.count - 5, with: [0xFF, 0xFE, 0xC3, 0x28, 0x00, 0x80])
            let client = try await rig.connect()
            let answer = try Message(try await client.send(bytes, deadline: .seconds(20)))
            await client.close()
            #expect(answer.text("MSA-1") == "AA")
            let row = try #require(try await rig.pool.query("SELECT payload FROM journal.entry").first)
            #expect(try row.decode([UInt8].self) == bytes)
        }
    }

    @Test("A control id of any length and content is taken: it neither breaks the index nor the text column")
    func strangeIDs() async throws {
        try await Rig.run { rig async throws in
            for id in [String(repeating: "9", count: 60_000), "A\u{0}B"] {
                let client = try await rig.connect()
                try await client.sendRaw(FrameDecoder.frame(Array(Fixtures.siu(id).utf8)))
                let answer = try Message(try await client.receive(deadline: .seconds(20)))
                await client.close()
                #expect(answer.text("MSA-1") == "AA")
            }
            #expect(try await rig.jobs == 2)
        }
    }

    @Test("A cut frame gets no answer, leaves a row that a person can find, and the feed goes on")
    func cut() async throws {
        try await Rig.run { rig async throws in
            let client = try await rig.connect()
            let half = Array(Fixtures.siu("M1").utf8.prefix(60))
            try await client.sendRaw([0x0B] + half)
            try await client.finishSending()
            await #expect(throws: MLLPError.self) { try await client.receive(deadline: .seconds(20)) }
            try await rig.until { try await rig.count("SELECT count(*) FROM journal.refusal") == 1 }
            let row = try #require(
                try await rig.pool.query("SELECT reason, size, head, peer FROM journal.refusal").first)
            #expect(
                try row.decode((String, Int64, [UInt8], String).self)
                    == ("closed", Int64(half.count), half, "127.0.0.1"))
            #expect(try await rig.entries == 0)
            #expect(try await rig.send(Fixtures.siu("M1")).text("MSA-1") == "AA")
            #expect(rig.metric(#"pmsync_refusals_total{reason="closed"}"#) == 1)
        }
    }

    @Test(
        "What is no message leaves a row that a person can find: an empty frame, text without a frame, an HTTP request",
        arguments: [
            ("\u{0B}\u{1C}\r", "empty-frame", ""), ("MSH|^~\\&|A\r", "outside-frame", "MSH|^~\\&|A\r"),
            ("POST /hl7 HTTP/1.1\r\n", "not-mllp", "POST /"),
        ])
    func noMessage(text: String, reason: String, head: String) async throws {
        try await Rig.run { rig async throws in
            let client = try await rig.connect()
            try await client.sendRaw(Array(text.utf8))
            if reason != "not-mllp" { try await client.finishSending() }
            await #expect(throws: MLLPError.self) { try await client.receive(deadline: .seconds(20)) }
            try await rig.until { try await rig.count("SELECT count(*) FROM journal.refusal") == 1 }
            let row = try #require(try await rig.pool.query("SELECT reason, head FROM journal.refusal").first)
            #expect(try row.decode((String, [UInt8]).self) == (reason, Array(head.utf8)))
            #expect(try await rig.send(Fixtures.siu("M1")).text("MSA-1") == "AA")
            #expect(rig.metric("pmsync_refusals_total{reason=\"\(reason)\"}") == 1)
        }
    }

    @Test("A frame of 10 MB is answered AR with its control id, closed, and leaves a row; the feed goes on")
    func tooLong() async throws {
        try await Rig.run { rig async throws in
            let client = try await rig.connect()
            let long = Array(Fixtures.siu("BIG").utf8) + [UInt8](repeating: 0x41, count: 10_000_000)
            async let sent: Void? = try? client.sendRaw(FrameDecoder.frame(long))
            let answer = try Message(try await client.receive(deadline: .seconds(20)))
            _ = await sent
            #expect(answer.text("MSA-1") == "AR")
            #expect(answer.text("MSA-2") == "BIG")
            await #expect(throws: MLLPError.closed) { try await client.receive(deadline: .seconds(20)) }
            let row = try #require(try await rig.pool.query("SELECT reason, size FROM journal.refusal").first)
            let (reason, size) = try row.decode((String, Int64).self)
            #expect(reason == "too-long" && size > 4 << 20)
            #expect(try await rig.entries == 0)
            #expect(try await rig.send(Fixtures.siu("M1")).text("MSA-1") == "AA")
        }
    }

    @Test("Frames that are sent without waiting are answered in their order and stand in the journal in it")
    func pipelined() async throws {
        try await Rig.run { rig async throws in
            let client = try await rig.connect()
            let ids = (1...200).map { "M\($0)" }
            try await client.sendRaw(ids.flatMap { FrameDecoder.frame(Array(Fixtures.siu($0).utf8)) })
            for id in ids {
                let answer = try Message(try await client.receive(deadline: .seconds(20)))
                #expect(answer.text("MSA-1") == "AA" && answer.text("MSA-2") == id)
            }
            await client.close()
            #expect(try await rig.texts("SELECT control_id FROM journal.entry ORDER BY id") == ids)
            let jobs = try await rig.texts(
                "SELECT e.control_id FROM queue.job j JOIN journal.entry e ON e.id = j.entry_id ORDER BY j.id")
            #expect(jobs == ids)
        }
    }

    @Test("32 connections share commits: there are fewer commits than messages, and each sender gets its own answer")
    func grouped() async throws {
        try await Rig.run { rig async throws in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for connection in 0..<32 {
                    group.addTask {
                        let client = try await rig.connect()
                        for number in 0..<10 {
                            let id = "C\(connection)-\(number)"
                            let text = Fixtures.siu(id, person: "P\(connection)")
                            let answer = try Message(try await client.send(Array(text.utf8), deadline: .seconds(20)))
                            #expect(answer.text("MSA-1") == "AA")
                        }
                        await client.close()
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await rig.entries == 320)
            #expect(try await rig.jobs == 320)
            let commits = try #require(rig.metric("pmsync_intake_commits_total"))
            #expect(commits < 320, "\(commits) commits")
        }
    }

    @Test("A message that the database refuses takes no other down with it")
    func isolated() async throws {
        try await Rig.run { rig async throws in
            try await rig.pool.withSession { session in
                try await session.script(
                    """
                    CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS
                        $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '23514'; END $$;
                    CREATE TRIGGER refuse BEFORE INSERT ON journal.seen FOR EACH ROW
                        WHEN (NEW.control_id = 'BAD') EXECUTE FUNCTION public.refuse();
                    """)
            }
            let client = try await rig.connect()
            try await client.sendRaw(
                ["M1", "BAD", "M2"].flatMap { FrameDecoder.frame(Array(Fixtures.siu($0).utf8)) })
            var codes: [String?] = []
            for _ in 0..<3 { codes.append(try Message(try await client.receive()).text("MSA-1")) }
            await client.close()
            #expect(codes == ["AA", "AR", "AA"])
            let row = try #require(try await rig.pool.query("SELECT reason FROM journal.refusal").first)
            #expect(try row.decode(String.self) == "unstorable")
        }
    }

    @Test(
        "In enhanced mode the letters are CA, CE and CR, and a sender that wants none gets none",
        arguments: [("||||AL", "CA"), ("||||ER", nil), ("||||NE", nil), ("||||SU", "CA")] as [(String, String?)])
    func enhanced(_ mode: String, _ code: String?) async throws {
        try await Rig.run { rig async throws in
            let client = try await rig.connect()
            // MSH-13 follows MSH-12: three bars to MSH-15. The second message is in original mode and is answered.
            try await client.sendRaw(FrameDecoder.frame(Array(Fixtures.siu("M1", mode: String(mode.dropFirst())).utf8)))
            try await client.sendRaw(FrameDecoder.frame(Array(Fixtures.siu("M2").utf8)))
            var answers: [String?] = []
            repeat { answers.append(try Message(try await client.receive()).text("MSA-1")) } while answers.last != "AA"
            await client.close()
            #expect(answers == (code.map { [$0, "AA"] } ?? ["AA"]))
            #expect(try await rig.jobs == 2)
        }
    }

    @Test("A feed with a port of its own is told by it, and may declare AE for what it would rather hear of")
    func ownPort() async throws {
        let port = try freePort()
        let feed = "  - {feed: lab, port: \(port), refuse: [unknown-type]}"
        try await Rig.run(extraFeeds: feed) { rig async throws in
            var client: Client?
            try await rig.until {
                await Task.yield()
                return (try? await rig.connect(port)) != nil
            }
            client = try await rig.connect(port)
            let sender = try #require(client)
            let good = try Message(try await sender.send(Array(Fixtures.siu("M1", facility: "ANY").utf8)))
            #expect(good.text("MSA-1") == "AA")
            let bad = try Message(
                try await sender.send(Array(Fixtures.siu("M2", type: "ZZZ^Z99", facility: "ANY").utf8)))
            #expect(bad.text("MSA-1") == "AE")
            await sender.close()
            let feeds = try await rig.texts("SELECT feed FROM journal.entry ORDER BY id")
            #expect(feeds == ["lab", "lab"])
            #expect(try await rig.jobs == 1)
            let outcome = try #require(try await rig.pool.query("SELECT detail FROM journal.outcome").first)
            #expect(try outcome.decode(String.self) == "unknown-type")
        }
    }

    private func freePort() throws -> Int {
        let socket = try Socket()
        defer { socket.close() }
        return socket.port
    }
}
