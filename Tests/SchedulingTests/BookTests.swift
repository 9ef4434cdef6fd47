import Foundation
import HL7
import Practice
import Records
import Testing
import Workflow

@testable import Scheduling

@Suite struct BookTests {
    /// One appointment's life under one id, in any order and with any repetition, ends the same.
    @Test(arguments: 0..<200)
    func whateverTheOrderOfArrivalTheScheduleEndsTheSame(seed: Int) throws {
        let definition = try Cases.definition(inFolder: Shipped.workflows)
        var random = Dice(UInt64(seed))
        let life = (0..<Int.random(in: 2...7, using: &random)).map { step in
            let event = ["S12", "S13", "S14", "S15", "S17", "S26", "S19"].randomElement(using: &random) ?? "S12"
            let hour = Int.random(in: 8...16, using: &random)
            return (entry: Int64(step + 1), bytes: Self.message(event, minute: step, hour: hour))
        }
        func end(_ messages: [(entry: Int64, bytes: [UInt8])]) throws -> Appointment {
            var book = SchedulingTrial(definition: definition)
            for message in messages {
                let outcome = book.receive(message.bytes, receivedAt: Self.now, entry: message.entry)
                guard case .recorded = outcome else {
                    Issue.record("seed \(seed): \(outcome)")
                    continue
                }
            }
            #expect(book.appointments.count == 1)
            var state = try #require(book.appointments.values.first).state
            state.person = nil
            state.id = UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))
            return state
        }
        let inOrder = try end(life)
        for _ in 0..<3 {
            let again = life + life.filter { _ in Bool.random(using: &random) }
            #expect(try end(again.shuffled(using: &random)) == inOrder)
        }
    }

    /// However two people's bookings without ids come, nobody gets a second entry for one time.
    @Test(arguments: 0..<100)
    func withoutIdsNoMessageMakesASecondEntryOfOneBooking(seed: Int) throws {
        let definition = try Cases.definition(inFolder: Shipped.workflows)
        var random = Dice(UInt64(seed) + 5_000)
        var book = SchedulingTrial(definition: definition)
        for step in 0..<12 {
            let event = ["S12", "S12", "S14", "S26"].randomElement(using: &random) ?? "S12"
            let bytes = Self.message(
                event, minute: step, hour: Int.random(in: 8...10, using: &random), filler: "",
                person: "\(Int.random(in: 1...2, using: &random))")
            _ = book.receive(bytes, receivedAt: Self.now, entry: Int64(step + 1))
        }
        let states = book.appointments.values.map(\.state)
        let keys = states.map { "\($0.person?.uuidString ?? "") \($0.start?.description ?? "")" }
        #expect(Set(keys).count == keys.count)
    }

    @Test func anInitialLoadIsRecordedAndNotTold() throws {
        let definition = try Cases.definition(inFolder: Shipped.workflows)
        let bytes = Self.message("S12", minute: 1, hour: 9, mode: "P^I")
        let read = try SchedulingMessage.read(
            bytes: bytes, definition: definition, feed: "demo-pm", receivedAt: Self.now, entry: 1)
        #expect(!read.tell)
        let told = try SchedulingMessage.read(
            bytes: Self.message("S12", minute: 1, hour: 9), definition: definition, feed: Route.unclaimed,
            receivedAt: Self.now, entry: 1)
        #expect(told.tell && told.practice == "demo" && told.enterprise == "demo")
    }

    @Test func aParkedMessageSaysWhereAndNeverWhat() throws {
        let definition = try Cases.definition(inFolder: Shipped.workflows)
        let bytes = Self.message("S12", minute: 1, hour: 9, status: "ZZSECRET")
        #expect {
            try SchedulingMessage.read(
                bytes: bytes, definition: definition, feed: "demo-pm", receivedAt: Self.now, entry: 1)
        } throws: { error in
            let park = error as? Park
            return park?.code == .unmappedStatus && park?.holdsKey == true
                && park?.detail == "SCH-25: its code has no row in tables/status.csv"
        }
    }

    @Test func capacityComesFromTheTableAndAPlaceIsNotCounted() throws {
        let definition = try Cases.definition(inFolder: Shipped.workflows)
        let read = try SchedulingMessage.read(
            bytes: Self.message("S12", minute: 1, hour: 9, place: "ROOM-G"), definition: definition, feed: "demo-pm",
            receivedAt: Self.now, entry: 1)
        guard case .appointments(let seen) = read.content else {
            Issue.record("an appointment was expected")
            return
        }
        let people = Dictionary(uniqueKeysWithValues: seen[0].capacities.map { ($0.code, $0.people) })
        #expect(people == ["ROOM-G": 8, "1001": 1])
        let office = try SchedulingMessage.read(
            bytes: Self.message("S12", minute: 1, hour: 9), definition: definition, feed: "demo-pm",
            receivedAt: Self.now, entry: 1)
        guard case .appointments(let other) = office.content else {
            Issue.record("an appointment was expected")
            return
        }
        #expect(other[0].capacities.first { $0.code == "MAIN" }?.people == .some(nil))
    }

    @Test func aTimeAheadOfItsReceiptCountsAsReceipt() throws {
        let definition = try Cases.definition(inFolder: Shipped.workflows)
        let early = Date(timeIntervalSince1970: 1_700_000_000)
        let read = try SchedulingMessage.read(
            bytes: Self.message("S12", minute: 1, hour: 9), definition: definition, feed: "demo-pm", receivedAt: early,
            entry: 1)
        guard case .appointments(let seen) = read.content else {
            Issue.record("an appointment was expected")
            return
        }
        #expect(seen[0].event.at == early)
    }

    static let now = Date(timeIntervalSince1970: 1_795_400_000)

    static func message(
        _ event: String, minute: Int, hour: Int, filler: String = "F1", person: String = "100", mode: String = "P",
        status: String = "", place: String = "MAIN"
    ) -> [UInt8] {
        let two = hour < 10 ? "0\(hour)" : "\(hour)"
        let lines = [
            "MSH|^~\\&|DEMOPM|C|X|Y|2026112010\(minute < 10 ? "0" : "")\(minute)00||SIU^\(event)|\(event)\(minute)|\(mode)|2.5.1",
            "SCH||\(filler)|||||||30|min|^^^20261201\(two)0000^20261201\(two)3000||||||||||||||\(status)",
            "PID|1||\(person)^^^C^MR||TEST^ALEX", "AIL|1||\(place)", "AIP|1||1001^EXAMPLE^ADA",
        ]
        return Array((lines.joined(separator: "\r") + "\r").utf8)
    }
}

/// SplitMix64: the same throws for the same seed.
private struct Dice: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
