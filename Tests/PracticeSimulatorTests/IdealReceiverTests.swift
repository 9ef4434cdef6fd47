import HL7
import Testing

@testable import PracticeSimulator

/// What a receiver makes of the messages that takes each once, in order, and knows the PM's ways: an id wherever it
/// stands; else the person at that time; else the person's only appointment.
private struct IdealReceiver {
    struct Record: Hashable {
        var ids: Set<String>
        let person: String
        var status: String
        var start: String
        var end: String
        var mrn: String
        var provider: String
        var location: String
        var event: String

        var isOpen: Bool { ["PENDING", "CONFIRMED", "KEPT"].contains(status) }
        var line: String { [person, status, start, end, mrn, provider, location, event].joined(separator: " ") }
    }

    var records: [Record] = []
    var ambiguous = 0
    private var taken: Set<String> = []

    mutating func take(_ bytes: [UInt8]) throws {
        let message = try Message(bytes)
        guard taken.insert(message.text("MSH-10") ?? "").inserted, let person = message.text("PID-4.1") else { return }
        let ids = Set([message.text("SCH-1"), message.text("SCH-2")].compactMap { $0 })
        let start = message.text("SCH-11.4") ?? ""
        var index = records.firstIndex { !$0.ids.isDisjoint(with: ids) }
        if index == nil {
            index = records.firstIndex { $0.person == person && $0.start == start && $0.isOpen && ids.isEmpty }
        }
        if index == nil, message.text("MSH-9.2") != "S12" {
            let open = records.indices.filter { records[$0].person == person && records[$0].isOpen }
            if open.count == 1 { index = open[0] } else { ambiguous += 1 }
        }
        let seen = Record(
            ids: ids, person: person, status: message.text("SCH-25") ?? "", start: start,
            end: message.text("SCH-11.5") ?? "", mrn: message.text("PID-3") ?? "",
            provider: message.text("PV1-7.1") ?? "", location: message.text("AIL-3") ?? "",
            event: message.text("SCH-8") ?? "")
        if let index {
            let known = records[index].ids
            records[index] = seen
            records[index].ids.formUnion(known)
        } else {
            records.append(seen)
        }
    }

    var lines: [String] { records.filter { $0.status != "DELETED" }.map(\.line).sorted() }
}

@Suite struct IdealReceiverTests {
    @Test(arguments: [1, 2, 3, 4, 5] as [UInt64])
    func `the book equals what an ideal receiver computes`(seed: UInt64) throws {
        var script = Script(premises(seed: seed, habits: oddHabits))
        var receiver = IdealReceiver()
        for _ in 0..<450 {
            guard let step = script.next() else { break }
            try receiver.take(step.bytes)
        }
        #expect(receiver.ambiguous == 0)
        #expect(receiver.lines == Self.lines(of: script.book))
    }

    @Test func `a message too few is seen`() throws {
        var feed = Feed(premises(), faults: [FaultDose(.lost, .share(0.05))])
        var receiver = IdealReceiver()
        for _ in 0..<300 { try receiver.take(feed.next()?.bytes ?? []) }
        #expect(feed.ledger.contains { $0.name == "lost" && $0.healed == nil })
        #expect(receiver.lines != Self.lines(of: feed.book))
    }

    @Test func `resends and cuts leave an ideal receiver where it was`() throws {
        var feed = Feed(premises(), faults: [FaultDose(.doubled, .share(0.2)), FaultDose(.cut, .share(0.1))])
        var receiver = IdealReceiver()
        // Up to the first midnight, of which nothing is sent.
        for _ in 0..<190 { try receiver.take(feed.next()?.bytes ?? []) }
        #expect(receiver.lines == Self.lines(of: feed.book))
    }

    @Test func `the exported list has the header that reconciliation reads and a row for each appointment`() {
        var feed = Feed(premises())
        feed.skip(300)
        let rows = feed.list.split(separator: "\n")
        #expect(rows.first == "appointment_id,status,start,end,mrn,provider,location,event")
        #expect(rows.count - 1 == Self.lines(of: feed.book).count)
        #expect(rows.allSatisfy { $0.split(separator: ",", omittingEmptySubsequences: false).count == 8 })
    }

    private static func lines(of book: Book) -> [String] {
        book.entries.values.filter { !$0.isBlock && $0.status != .deleted }.map { entry in
            [
                entry.person?.guid ?? "", entry.status.rawValue, entry.start.twelveDigits, entry.end.twelveDigits,
                entry.mrn ?? "", entry.provider, entry.location, entry.event,
            ].joined(separator: " ")
        }.sorted()
    }
}
