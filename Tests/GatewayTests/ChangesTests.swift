import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import Postgres
import TestSupport
import Testing

/// A practice's changes, followed.
struct ChangesTests {
    @Test("One page of JSON has the changes that are told, in order, and where to go on")
    func page() async throws {
        try await HTTPRig.run { rig async throws in
            let answer = try await rig.get("/changes?after=0", [("accept", "application/json")])
            let page = try #require(answer.json)
            #expect(page.number("last") == 3)
            let events = page.objects("events")
            #expect(events.map { $0.string("type") } == ["appointment.booked", "appointment.cancelled"])
            let data = try #require(events.last?.object("data"))
            #expect(data.number("change") == 3 && data.string("practice") == "north")
            #expect(data.object("record")?.string("id") == World.cancelled.uuidString.lowercased())
            #expect(data.object("record")?.number("version") == 2)
            let rest = try #require(try await rig.get("/changes?after=3", [("accept", "application/json")]).json)
            #expect(rest.objects("events").isEmpty && rest.number("last") == 3)
        }
    }

    @Test("A stream tells what is there and what comes, and goes on after the event that a client saw last")
    func stream() async throws {
        try await HTTPRig.run { rig async throws in
            try await Stream.open(rig, after: 0) { events async throws in
                #expect(try await events.next()?.id == 1)
                #expect(try await events.next()?.id == 3)
                try await change(rig, 4, World.booked)
                let fresh = try #require(try await events.next())
                #expect(fresh.id == 4 && fresh.event == "appointment.updated")
                #expect(fresh.data.contains(World.booked.uuidString.lowercased()))
            }
            try await change(rig, 5, World.noshow)
            try await Stream.open(rig, after: 0, lastEventID: 3) { events async throws in
                #expect(try await events.next()?.id == 4)
                #expect(try await events.next()?.id == 5)
            }
        }
    }

    @Test("A key follows its own practice's changes only, and only so many times at once")
    func limits() async throws {
        try await HTTPRig.run { rig async throws in
            try await Stream.open(rig, after: 0, key: World.southKey) { events async throws in
                #expect(try await events.next()?.data.contains("\"practice\":\"south\"") == true)
            }
            #expect(try await rig.get("/changes", [("accept", "image/png")]).status == 406)
            try await Stream.open(rig, after: 0) { one async throws in
                #expect(try await one.next()?.id == 1)
                try await hold(7, rig) {
                    let refused = try await rig.get("/changes")
                    #expect(refused.status == 429)
                }
            }
        }
    }

    @Test("What GET /changes does not know it refuses as /fhir does, and a key that is not in force it does not let in")
    func refusals() async throws {
        try await HTTPRig.run { rig async throws in
            for (path, key, status, code) in [
                ("/changes?since=1", World.northKey, 400, "not-supported"),
                ("/changes?after=1&after=2", World.northKey, 400, "invalid"),
                ("/changes?after=-1", World.northKey, 400, "value"),
                ("/changes?since=1", nil, 401, "login"), ("/changes", "pmk_nobody", 401, "unknown"),
            ] as [(String, String?, Int, String)] {
                let answer = try await rig.get(path, key: key)
                #expect(answer.status == status, "\(path)")
                let outcome = try #require(answer.json)
                #expect(outcome.string("resourceType") == "OperationOutcome")
                #expect(outcome.objects("issue").map { $0.string("code") } == [code], "\(path)")
            }
        }
    }

    @Test("A stream whose client has closed its connection is let go at once, though nothing changes")
    func gone() async throws {
        try await HTTPRig.run { rig async throws in
            try await Stream.open(rig, after: 0) { events async throws in
                #expect(try await events.next()?.id == 1)
                #expect(rig.metric("pmsync_change_streams") == 1)
            }
            let deadline = ContinuousClock.now + patience
            while rig.metric("pmsync_change_streams") != 0, .now < deadline { await Task.yield() }
            #expect(rig.metric("pmsync_change_streams") == 0)
        }
    }

    private func hold(_ count: Int, _ rig: HTTPRig, _ body: () async throws -> Void) async throws {
        if count == 0 { return try await body() }
        try await Stream.open(rig, after: 0) { events async throws in
            #expect(try await events.next()?.id == 1)
            try await hold(count - 1, rig, body)
        }
    }

    private func change(_ rig: HTTPRig, _ number: Int64, _ record: UUID) async throws {
        try await rig.pool.execute(
            """
            WITH counter AS (
                UPDATE records.practice SET last_change = \(number) WHERE practice_id = 'north' RETURNING practice_id
            )
            INSERT INTO records.change (practice_id, number, type, record_kind, record_id, version)
            SELECT practice_id, \(number), 'appointment.updated', 'appointment', \(record), 9 FROM counter
            """)
    }
}

/// Less than the heartbeat's fifteen seconds.
private let patience = Duration.seconds(10)

/// The events of one `GET /changes`.
private struct Stream {
    struct Event {
        let id: Int64
        let event: String
        let data: String
    }

    private var parts: HTTPClientResponse.Body.AsyncIterator
    private var text = ""

    static func open(
        _ rig: HTTPRig, after: Int, lastEventID: Int? = nil, key: String = World.northKey,
        _ body: (inout Stream) async throws -> Void
    ) async throws {
        // A client of its own: dropping it ends the connection, and with it the stream on the server.
        let client = HTTPClient(eventLoopGroupProvider: .singleton)
        do {
            var request = HTTPClientRequest(url: rig.base + "/changes?after=\(after)")
            request.headers.add(name: "authorization", value: "Bearer \(key)")
            request.headers.add(name: "accept", value: "text/event-stream")
            if let lastEventID { request.headers.add(name: "last-event-id", value: String(lastEventID)) }
            let response = try await client.execute(request, timeout: .seconds(30))
            #expect(response.headers.first(name: "content-type") == "text/event-stream")
            var stream = Stream(parts: response.body.makeAsyncIterator())
            try await body(&stream)
        } catch {
            try await client.shutdown()
            throw error
        }
        try await client.shutdown()
    }

    mutating func next() async throws -> Event? {
        while true {
            while let end = text.firstRange(of: "\n\n") {
                let block = text[..<end.lowerBound]
                text.removeSubrange(..<end.upperBound)
                if let event = Self.event(block) { return event }
            }
            guard let part = try await parts.next(isolation: #isolation) else { return nil }
            text += String(buffer: part)
        }
    }

    private static func event(_ block: Substring) -> Event? {
        var fields: [String: String] = [:]
        for line in block.split(separator: "\n") {
            let halves = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            if halves.count == 2 { fields[String(halves[0])] = String(halves[1].dropFirst()) }
        }
        guard let id = fields["id"].flatMap({ Int64($0) }), let event = fields["event"], let data = fields["data"]
        else {
            return nil
        }
        return Event(id: id, event: event, data: data)
    }
}
