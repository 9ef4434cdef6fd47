import Foundation
import HL7
import Testing
import Workflow

@testable import Pmsync

/// The load of `pmsync bench path`.
@Suite struct PathLoadTests {
    private static func steps(_ count: Int, seed: UInt64, as place: (Int, of: Int) = (0, of: 1)) -> [PathMix.Step] {
        var mix = PathMix(seed: seed, connection: place.0, of: place.of)
        return (0..<count).map { _ in mix.next() }
    }

    /// An S12 of the demo practice, as now sent.
    static func booking() -> [UInt8] {
        var messages = PathMessages(from: Date())
        let visit = PathMix.Visit(number: 1, person: 1, place: 1)
        return messages.bytes(
            .init(act: .bookNewPerson, visit: visit), number: 1, at: Int(Date().timeIntervalSince1970 * 1000))
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `of every twenty messages eight book, half of them for known persons, three move, seven modify, two cancel`(
        seed: UInt64
    ) {
        let steps = Self.steps(400, seed: seed)
        var known: Set<Int> = []
        for start in stride(from: 0, to: steps.count, by: 20) {
            let deck = steps[start..<start + 20]
            var count: [String: Int] = [:]
            var repeated = 0
            for step in deck {
                count[step.act.trigger, default: 0] += 1
                if !known.insert(step.visit.person).inserted, step.act.trigger == "S12" { repeated += 1 }
            }
            #expect(count == ["S12": 8, "S13": 3, "S14": 7, "S15": 2])
            #expect(repeated == 4)
        }
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `a message is of a visit that was booked before, that has not ended, and whose state it may change`(
        seed: UInt64
    )
        throws
    {
        /// What each act may follow; nil where the visit is new.
        let before: [PathMix.Act: [PathMix.Act?]] = [
            .bookNewPerson: [nil], .bookKnownPerson: [nil],
            .reschedule: [.bookNewPerson, .bookKnownPerson, .reschedule, .move, .confirm],
            .move: [.bookNewPerson, .bookKnownPerson, .reschedule, .move, .confirm],
            .confirm: [.bookNewPerson, .bookKnownPerson, .reschedule, .move],
            .keep: [.bookNewPerson, .bookKnownPerson, .reschedule, .move, .confirm],
            .checkOut: [.keep],
            .cancel: [.bookNewPerson, .bookKnownPerson, .reschedule, .move, .confirm],
        ]
        var visits: [Int: PathMix.Step] = [:]
        var places: Set<Int> = []
        for step in Self.steps(2_000, seed: seed) {
            let last = visits.updateValue(step, forKey: step.visit.number)
            #expect(before[step.act]?.contains(last?.act) == true, "\(step.act) after \(String(describing: last?.act))")
            if let last { #expect(last.visit.person == step.visit.person) }
            if step.visit.place == last?.visit.place { continue }
            #expect(places.insert(step.visit.place).inserted, "two visits at one place")
        }
    }

    @Test func `persons, visits and places of different connections are different, and the same seed gives the same`() {
        let all = (0..<3).map { Self.steps(500, seed: 7, as: ($0, of: 3)) }
        for (one, other) in [(0, 1), (0, 2), (1, 2)] {
            for number in [\PathMix.Visit.number, \.person, \.place] {
                let theirs = Set(all[other].map { $0.visit[keyPath: number] })
                #expect(all[one].allSatisfy { !theirs.contains($0.visit[keyPath: number]) })
            }
        }
        #expect(all[1] == Self.steps(500, seed: 7, as: (1, of: 3)))
        #expect(all[1] != Self.steps(500, seed: 8, as: (1, of: 3)))
    }

    @Test func `each message is the demo practice's, says when it was sent, and is found again by its control id`()
        throws
    {
        let definition = try Definition(files: Definition.files(inFolder: Repository.workflows))
        var messages = PathMessages(from: Date(timeIntervalSince1970: 1_790_000_000))
        for (number, step) in Self.steps(200, seed: 3).enumerated() {
            let bytes = messages.bytes(step, number: number, at: 1_790_000_000_007 + number * 400)
            let message = try Message(bytes)
            let route = definition.route(message, port: nil, feedName: nil)
            #expect(route.practice == "demo")
            #expect(route.parkCode == nil)
            let sent = try #require(DTM(String(decoding: bytes, as: UTF8.self).split(separator: "|")[6].description))
            #expect(sent.epochSeconds() == 1_790_000_000 + Int64(7 + number * 400) / 1000)
            #expect(message.header.controlID.flatMap { messages.number(ofControlID: $0) } == number)
            #expect(String(decoding: bytes, as: UTF8.self).contains("|SIU^\(step.act.trigger)|"))
        }
        #expect(messages.number(ofControlID: "another's") == nil)
    }

    @Test func `a webhook's request is whole with its body's last byte, and two in one piece are two`() throws {
        let body = #"{"data":{"change":4711,"event":3,"practice":"demo"},"timestamp":"t","type":"appointment.booked"}"#
        let request = Array(
            "POST / HTTP/1.1\r\nhost: h\r\nContent-Length: \(body.utf8.count)\r\nwebhook-id: i\r\n\r\n\(body)".utf8)
        for length in 0..<request.count { #expect(WebhookRequest(request.prefix(length)) == nil) }
        let first = try #require(WebhookRequest(request + request))
        #expect(first.length == request.count)
        #expect(first.change == 4711)
        let alarm = try #require(WebhookRequest(Array("POST / HTTP/1.1\r\ncontent-length: 2\r\n\r\n{}".utf8)))
        #expect(alarm.change == nil)
    }

    @Test(arguments: [
        ("MSH|^~\\&|A\rMSA|AA|B1\r", "AA"), ("MSH|^~\\&|A\rMSA|AE\r", "AE"), ("MSH|^~\\&|MSA|AA\r", ""),
    ])
    func `an answer's code is its MSA-1`(answer: String, code: String) {
        #expect(PathSender.code(of: Array(answer.utf8)) == code)
    }

    @Test func `a process's times are found behind a name with spaces and parentheses`() throws {
        let line = "42 (a) b (c) S 7 42 42 0 -1 4194560 100 200 0 0 150 50 25 75 20 0 1 0 100 0 0"
        let stat = try #require(ProcessUsage.Stat(line, ticksPerSecond: 100))
        #expect(stat.parent == 7)
        #expect(stat.processor == 2)
        #expect(stat.endedChildren == 1)
        #expect(ProcessUsage.Stat("", ticksPerSecond: 100) == nil)
        #expect(ProcessUsage.processor(ofTree: ProcessInfo.processInfo.processIdentifier) > 0)
        #expect(ProcessUsage.proportionalMemory(ProcessInfo.processInfo.processIdentifier) > 1)
    }

    @Test func `a backlog grows that ends higher than it stood, and a burst that is over is none`() {
        func backlog(_ messages: (Int) -> Int) -> PathBacklog {
            PathBacklog((0..<200).map { .init(at: UInt64($0) * 1_000, messages: messages($0)) }, in: 0..<200_000)
        }
        #expect(backlog { $0 * 5 }.hasGrown(rate: 200))
        #expect(!backlog { _ in 12 }.hasGrown(rate: 200))
        #expect(!backlog { 80..<120 ~= $0 ? 500 : 12 }.hasGrown(rate: 200))
        #expect(backlog { $0 }.at(50) == 95)
    }

    @Test func `what a message costs is what was used in between, by program, without this process`() {
        let before = PathUsage(
            at: 0, processor: ["gateway": 1, "postgres": 5, "bench": 1], roundTrips: ["gateway": 10],
            statements: ["gateway": 20], commits: 100, walBytes: 1_000)
        let after = PathUsage(
            at: 2_000_000_000, processor: ["gateway": 1.5, "postgres": 6, "bench": 3], roundTrips: ["gateway": 60],
            statements: ["gateway": 220], commits: 150, walBytes: 2_000)
        let cost = PathCost(before: before, after: after, messages: 100)
        #expect(cost.programs == ["gateway", "postgres"])
        #expect(cost.processor == 15)
        #expect(cost.processor("gateway") == 5)
        #expect(cost.processor("bench") == 20)
        #expect(cost.roundTrips == 0.5)
        #expect(cost.statements == 2)
        #expect(cost.commits == 0.5)
        #expect(cost.walBytes == 10)
        #expect(cost.share(of: 2) == 87.5)
    }
}
