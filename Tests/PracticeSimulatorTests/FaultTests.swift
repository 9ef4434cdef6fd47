import HL7
import Testing

@testable import PracticeSimulator

@Suite struct FaultTests {
    private let clean = deliveries(of: Feed(premises()), 400)

    private func faulty(_ fault: Fault, _ amount: FaultDose.Amount, _ count: Int = 400) -> (Feed, [Delivery]) {
        var feed = Feed(premises(), faults: [FaultDose(fault, amount)])
        let deliveries = (0..<count).compactMap { _ in feed.next() }
        return (feed, deliveries)
    }

    @Test(arguments: [Fault.lost, .neverSent])
    func `a message that never leaves is the only one missing`(fault: Fault) {
        let (feed, sent) = faulty(fault, .count(3), 300)
        let missing = feed.ledger.filter { $0.kind == "fault" }.compactMap(\.message)
        #expect(missing.count == 3)
        #expect(sent.map(\.bytes) == clean.filter { !missing.contains($0.controlID) }.prefix(300).map(\.bytes))
    }

    @Test func `doubled adds the same bytes and nothing else`() {
        let (feed, sent) = faulty(.doubled, .count(4), 304)
        let doubled = feed.ledger.filter { $0.kind == "fault" }.compactMap(\.message)
        #expect(doubled.count == 4)
        var expected: [[UInt8]] = []
        for delivery in clean {
            expected += Array(repeating: delivery.bytes, count: doubled.contains(delivery.controlID) ? 2 : 1)
        }
        #expect(sent.map(\.bytes) == Array(expected.prefix(304)))
    }

    @Test(arguments: [Fault.reordered, .late])
    func `what is told late is told all the same`(fault: Fault) {
        let (feed, sent) = faulty(fault, .count(5), 400)
        #expect(feed.ledger.filter { $0.kind == "fault" }.count == 5)
        let ids = sent.map(\.controlID)
        #expect(ids != clean.map(\.controlID))
        #expect(Set(ids.prefix(370)).isSubset(of: clean.map(\.controlID)))
        #expect(Set(ids).isSuperset(of: clean.prefix(370).map(\.controlID)))
        #expect(sent.map(\.number) == Array(0..<400))
    }

    @Test func `cut and silent change no byte`() {
        for fault in [Fault.cut, .silent] {
            let (_, sent) = faulty(fault, .count(3))
            #expect(sent.map(\.bytes) == clean.map(\.bytes))
            #expect(sent.filter { $0.cut || $0.silence > 0 }.count == 3)
        }
    }

    @Test func `a wrong code is in the message and in the PM's list`() throws {
        let (feed, sent) = faulty(.wrongCode, .count(6), 300)
        let wrong = feed.ledger.filter { $0.kind == "fault" }
        #expect(wrong.count == 6)
        let changed = zip(sent, clean).filter { $0.bytes != $1.bytes }.map(\.0)
        #expect(changed.map(\.controlID) == wrong.compactMap(\.message))
        for delivery in changed {
            let message = try Message(delivery.bytes)
            #expect(message.text("SCH-25") == "ROOMED" || message.text("AIL-3") == "ANNEX-9")
        }
        #expect(feed.list.contains("ROOMED") || feed.list.contains("ANNEX-9"))
    }

    @Test func `the ledger says which differences a later message has ended`() throws {
        var feed = Feed(premises(), faults: [FaultDose(.lost, .share(0.1))])
        feed.skip(500)
        let lost = feed.ledger.filter { $0.name == "lost" }
        #expect(lost.contains { $0.found && $0.healed == nil })
        #expect(lost.contains { $0.found && $0.healed != nil })
        #expect(lost.contains { !$0.found })
        for line in lost {
            guard let healed = line.healed, let message = line.message else { continue }
            #expect(message < healed)
        }
    }

    @Test func `one fault does not disturb another`() {
        // Which messages it takes; what became of them is known only as far as each script has run.
        func messages(_ ledger: [LedgerLine]) -> [String?] { ledger.filter { $0.name == "lost" }.map(\.message) }
        let alone = messages(faulty(.lost, .share(0.05)).0.ledger)
        var both = Feed(
            premises(), faults: [FaultDose(.doubled, .share(0.1)), FaultDose(.lost, .share(0.05))])
        both.skip(440)
        let among = messages(both.ledger)
        #expect(alone.count > 5)
        #expect(Array(among.prefix(alone.count)) == Array(alone.prefix(among.count)))
    }

    @Test func `the demo plants four differences among oddities that are none`() throws {
        var feed = Feed(premises(), planting: .demo)
        let sent = (0..<170).compactMap { _ in feed.next() }
        let planted = feed.ledger.filter { $0.kind == "plant" }
        #expect(Set(planted.map(\.name)) == ["never-sent", "wrong-code", "app-drops", "app-edits"])
        #expect(planted.count == 4)
        #expect(Set(planted.map(\.appointment)).count == 4)
        #expect(planted.allSatisfy { $0.found })
        #expect(feed.ledger.filter { $0.kind == "oddity" }.count > 20)
        #expect(feed.ledger.filter { $0.kind == "oddity" }.allSatisfy { !$0.found })

        let silent = try #require(planted.first { $0.name == "never-sent" }?.appointment)
        #expect(feed.list.contains(silent))
        #expect(try sent.allSatisfy { try Message($0.bytes).text("SCH-2") != silent })
        let miscoded = try #require(planted.first { $0.name == "wrong-code" }?.appointment)
        #expect(feed.list.contains("\(miscoded),WEB BOOKED,"))
        #expect(feed.forgottenByApp.count == 1)
        #expect(feed.movedByApp.count == 1)
    }

    @Test func `a fault's words are read, and wrong ones refused`() throws {
        #expect(try FaultDose(parsing: "late=0.5") == FaultDose(.late, .share(0.5)))
        #expect(try FaultDose(parsing: "app-drops=3") == FaultDose(.appDrops, .count(3)))
        #expect(try FaultDose(parsing: "cut") == FaultDose(.cut, .share(0.02)))
        for wrong in ["lots", "late=", "late=0", "late=1.5", "late=-1", ""] {
            #expect(throws: SimulatorError.badFault(wrong)) { try FaultDose(parsing: wrong) }
        }
    }
}
