import FHIR
import Foundation
import Gateway
import HL7
import Hosting
import NIOCore
import NIOPosix
import Postgres
import TestSupport
import Testing
import Worker

/// Who may ask, how, and what a refusal looks like.
struct APITests {
    @Test("Without a key that is in force the answer is 401, whatever is wrong with it")
    func keys() async throws {
        try await HTTPRig.run { rig async throws in
            for key in [nil, "pmk_unknown", World.revokedKey, "", "not-a-key"] {
                let answer = try await rig.get("/fhir/Appointment", key: key)
                #expect(answer.status == 401)
                #expect(answer.header("www-authenticate")?.hasPrefix("Bearer") == true)
                #expect(answer.json?.string("resourceType") == "OperationOutcome")
            }
            let basic = try await rig.get("/fhir/Appointment", key: nil, [("authorization", "Basic \(World.northKey)")])
            #expect(basic.status == 401)
            let inURL = try await rig.get("/fhir/Appointment?key=\(World.northKey)", key: nil)
            #expect(inURL.status == 401)
        }
    }

    @Test("A key that is revoked while it is used is refused from then on")
    func revoked() async throws {
        try await HTTPRig.run { rig async throws in
            #expect(try await rig.get("/fhir/Schedule").status == 200)
            try await rig.pool.execute("UPDATE api.client SET revoked_at = now() WHERE name = 'pmk_north'")
            #expect(try await rig.get("/fhir/Schedule").status == 401)
        }
    }

    @Test("Every route has a permission, and only what must be open answers without a key")
    func permissions() async throws {
        try await HTTPRig.run { rig async throws in
            let open = rig.server.declaredRoutes.filter { $0.permission == .open }.map { "\($0.method) \($0.path)" }
            #expect(Set(open) == ["GET /fhir/metadata", "GET /healthz", "GET /readyz"])
            for route in rig.server.declaredRoutes where route.permission != .open && route.method != "HEAD" {
                let path = route.path.replacing("{id}", with: World.booked.fhirID)
                let answer = try await rig.send(route.method, path, key: nil)
                // After 50 tries the address itself is slowed down, which lets nobody in either.
                #expect([401, 429].contains(answer.status), "\(route.method) \(route.path)")
            }
            #expect(rig.server.declaredRoutes.count > 60)
        }
    }

    @Test("A body that nobody may send is not read: 401 comes before it, and the connection ends")
    func bodyNotRead() async throws {
        try await HTTPRig.run { rig async throws in
            let head =
                "POST /hl7 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10000000\r\nContent-Type: text/plain\r\n\r\n"
            let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .channelOption(.socketOption(.so_sndbuf), value: 65_536)
                .connect(host: "127.0.0.1", port: rig.port) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                    }
                }
            try await channel.executeThenClose { inbound, outbound in
                try await outbound.write(ByteBuffer(string: head))
                var answer = ByteBuffer()
                for try await part in inbound { answer.writeImmutableBuffer(part) }
                let text = String(buffer: answer)
                #expect(text.hasPrefix("HTTP/1.1 401 "))
                #expect(text.lowercased().contains("connection: close"))
                #expect(text.contains("OperationOutcome"))
            }
        }
    }

    @Test("10 MB that nobody may send: the answer is 401, and most of it never leaves the sender")
    func bodyOfTenMegabytes() async throws {
        try await HTTPRig.run { rig async throws in
            let head = "POST /hl7 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10000000\r\n\r\n"
            let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connect(host: "127.0.0.1", port: rig.port) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                    }
                }
            try await channel.executeThenClose { inbound, outbound in
                try await outbound.write(ByteBuffer(string: head))
                async let sending: Void = {
                    let chunk = ByteBuffer(repeating: 0x41, count: 100_000)
                    for _ in 0..<100 { try await outbound.write(chunk) }
                }()
                var answer = ByteBuffer()
                do {
                    for try await part in inbound { answer.writeImmutableBuffer(part) }
                } catch {
                    #expect(answer.readableBytes > 0)
                }
                #expect(String(buffer: answer).hasPrefix("HTTP/1.1 401 "))
                _ = try? await sending
            }
            #expect(rig.metric(#"pmsync_http_requests_total{route="hl7",status="4xx"}"#) == 1)
        }
    }

    @Test("A key that asks too often is told 429 and when to come back; another key is not held up")
    func throttled() async throws {
        try await HTTPRig.run(rate: RequestRate(perSecond: 0.5, burst: 3)) { rig async throws in
            for _ in 0..<3 { #expect(try await rig.get("/fhir/Schedule").status == 200) }
            let answer = try await rig.get("/fhir/Schedule")
            #expect(answer.status == 429)
            #expect(answer.header("retry-after") == "2")
            #expect(answer.json?.objects("issue").first?.string("code") == "throttled")
            #expect(try await rig.get("/fhir/Schedule", key: World.southKey).status == 200)
        }
    }

    private static let refusals: [(String, String, [(String, String)], Int, String)] = [
        ("GET", "/fhir/Appointment/\(World.id(999).fhirID)", [], 404, "not-found"),
        ("GET", "/fhir/Appointment/nonsense", [], 404, "not-found"),
        ("GET", "/fhir/Nonsense", [], 404, "not-supported"),
        ("GET", "/fhir/Appointment?nonsense=1", [], 400, "not-supported"),
        ("GET", "/fhir/Appointment?date=yesterday", [], 400, "not-supported"),
        ("GET", "/fhir/Appointment?date=2026-13", [], 400, "value"),
        ("GET", "/fhir/Appointment?status=nonsense", [], 400, "code-invalid"),
        ("GET", "/fhir/Appointment?_count=-1", [], 400, "value"),
        ("GET", "/fhir/Appointment?_cursor=nonsense", [], 400, "value"),
        ("GET", "/fhir/Appointment?_format=xml", [], 400, "not-supported"),
        ("GET", "/fhir/Appointment", [("accept", "application/fhir+xml")], 406, "not-supported"),
        ("POST", "/fhir/Appointment", [], 405, "not-supported"),
        ("PUT", "/fhir/Appointment/\(World.booked.fhirID)", [], 405, "not-supported"),
        ("PATCH", "/fhir/Appointment/\(World.booked.fhirID)", [], 405, "not-supported"),
        ("DELETE", "/fhir/Slot/\(World.busySlot.fhirID)", [], 405, "not-supported"),
        ("GET", "/hl7", [], 405, "not-supported"),
        ("GET", "/changes?after=x", [], 400, "value"),
    ]

    @Test("Every refusal is an OperationOutcome with a code, and repeats nothing that was sent")
    func refusals() async throws {
        try await HTTPRig.run { rig async throws in
            for (method, path, headers, status, code) in Self.refusals {
                let answer = try await rig.send(method, path, headers, body: method == "GET" ? nil : [])
                #expect(answer.status == status, "\(method) \(path)")
                let issue = answer.json?.objects("issue").first
                #expect(issue?.string("code") == code, "\(method) \(path)")
                #expect(answer.header("content-type")?.hasPrefix("application/fhir+json") == true)
                if !path.contains("nonsense=") { #expect(!answer.text.contains("nonsense")) }
            }
            let allowed = try await rig.send("POST", "/fhir/Appointment")
            #expect(allowed.header("allow") == "GET")
            #expect(allowed.text.contains("only be read"))
            let accepted = try await rig.get(
                "/fhir/Appointment", [("accept", "text/html, application/fhir+json;q=0.9")])
            #expect(accepted.status == 200)
        }
    }

    @Test("What is asked is counted by the route's pattern")
    func metrics() async throws {
        try await HTTPRig.run { rig async throws in
            _ = try await rig.get("/fhir/Appointment/\(World.booked.fhirID)")
            _ = try await rig.get("/fhir/Appointment?status=booked")
            _ = try await rig.get("/nowhere")
            #expect(rig.metric(#"pmsync_http_requests_total{route="appointment",status="2xx"}"#) == 2)
            #expect(rig.metric(#"pmsync_http_requests_total{route="unknown",status="4xx"}"#) == 1)
            #expect(!rig.metrics.exposition().contains(World.booked.fhirID))
        }
    }

    // MARK: HL7 by POST

    @Test("A message by POST goes the way of one by MLLP: journaled with its job, then AA; again, it runs once")
    func posted() async throws {
        try await HTTPRig.run { rig async throws in
            for _ in 0..<2 {
                let answer = try await rig.send("POST", "/hl7", body: Array(Fixtures.siu("M1").utf8))
                #expect(answer.status == 200)
                #expect(answer.header("content-type") == "application/hl7-v2")
                let ack = try Message(answer.body)
                #expect(ack.text("MSA-1") == "AA" && ack.text("MSA-2") == "M1")
            }
            let rows = try await rig.pool.query("SELECT feed, practice_id, control_id FROM journal.entry")
            #expect(rows.count == 1)
            let (feed, practice, control) = try rows[0].decode((String, String?, String).self)
            #expect(feed == "north-pm" && practice == "north" && control == "M1")
            #expect(try await rig.pool.query("SELECT id FROM queue.job").count == 1)
        }
    }

    @Test("A key takes no message of another practice: AR, a row that a person can find, and no entry")
    func postedElsewhere() async throws {
        try await HTTPRig.run { rig async throws in
            let answer = try await rig.send(
                "POST", "/hl7", key: World.southKey, body: Array(Fixtures.siu("M1").utf8))
            #expect(answer.status == 403)
            #expect(try Message(answer.body).text("MSA-1") == "AR")
            #expect(try await rig.pool.query("SELECT id FROM journal.entry").isEmpty)
            let row = try #require(try await rig.pool.query("SELECT reason FROM journal.refusal").first)
            #expect(try row.decode(String.self) == "not-allowed")
        }
    }

    @Test("A key sends messages of the feeds that it has a scope for, of no other, and of none by its right to read")
    func feedScopes() async throws {
        try await HTTPRig.run(
            extraFeeds: "\n  - {feed: north-lab, sender: LAB, facility: NORTH}"
        ) { rig async throws in
            let message = Fixtures.siu("M1")
            let unclaimed = message.replacing("|PM|NORTH|", with: "|WHO|NOBODY|")
            for (key, text, missing) in [
                (World.senderKey, message, "feed:north-pm"), (World.senderKey, unclaimed, "feed:unclaimed"),
                (World.southKey, unclaimed, "feed:unclaimed"), (World.southKey, "hello", "feed:unclaimed"),
            ] {
                let answer = try await rig.send("POST", "/hl7", key: key, body: Array(text.utf8))
                #expect(answer.status == 403)
                #expect(answer.header("www-authenticate")?.contains("insufficient_scope") == true)
                let issue = try #require(answer.json?.objects("issue").first)
                #expect(issue.string("code") == "forbidden")
                #expect(issue.string("diagnostics")?.contains(missing) == true, "\(missing)")
            }
            #expect(try await rig.pool.query("SELECT id FROM journal.entry").isEmpty)
            let refusals = try await rig.pool.query("SELECT reason FROM journal.refusal").map {
                try $0.decode(String.self)
            }
            #expect(refusals == Array(repeating: "not-allowed", count: 4))
            let own = message.replacing("|PM|", with: "|LAB|")
            #expect(try await rig.send("POST", "/hl7", key: World.senderKey, body: Array(own.utf8)).status == 200)
            #expect(try await rig.send("POST", "/hl7", body: Array(own.utf8)).status == 403)
            let feeds = try await rig.pool.query("SELECT feed FROM journal.entry").map { try $0.decode(String.self) }
            #expect(feeds == ["north-lab"])
        }
    }

    @Test("Only a key with the scope reads records and changes, and one that loses it no longer does")
    func readScope() async throws {
        try await HTTPRig.run { rig async throws in
            let paths = rig.server.declaredRoutes.filter { $0.permission == .scope(.read) }.map(\.path)
            #expect(
                Set(paths) == [
                    "/fhir/Appointment", "/fhir/Appointment/{id}", "/fhir/Slot", "/fhir/Slot/{id}", "/fhir/Schedule",
                    "/fhir/Schedule/{id}", "/fhir/Patient", "/fhir/Patient/{id}", "/changes",
                ])
            for path in paths {
                let path = path.replacing("{id}", with: World.booked.fhirID)
                let answer = try await rig.get(path, key: World.senderKey, [("accept", "application/json")])
                #expect(answer.status == 403, "\(path)")
                #expect(answer.json?.objects("issue").first?.string("diagnostics")?.contains("read") == true)
            }
            #expect(try await rig.get("/fhir/Schedule").status == 200)
            try await rig.pool.execute("UPDATE api.client SET scopes = '{feed:north-pm}' WHERE name = 'pmk_north'")
            #expect(try await rig.get("/fhir/Schedule").status == 403)
        }
    }

    @Test("What is no message is answered AE and journaled; what is too long is refused unread and leaves a row")
    func postedBadly() async throws {
        try await HTTPRig.run(maxMessage: 5000) { rig async throws in
            let bad = try await rig.send("POST", "/hl7", body: Array("hello".utf8))
            #expect(bad.status == 200)
            #expect(try Message(bad.body).text("MSA-1") == "AE")
            #expect(try await rig.pool.query("SELECT id FROM journal.entry").count == 1)
            let long = try await rig.send("POST", "/hl7", body: [UInt8](repeating: 0x41, count: 5001))
            #expect(long.status == 413)
            let row = try #require(try await rig.pool.query("SELECT reason, size FROM journal.refusal").first)
            let (reason, size) = try row.decode((String, Int64).self)
            #expect(reason == "too-long" && size == 5001)
        }
    }
}
