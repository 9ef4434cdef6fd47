import Foundation
import HL7
import Practice
import Records
import Testing
import Workflow

@testable import Scheduling

/// Random programs of bookings, moves, cancellations and states, late, doubled and reordered, with ids present or missing:
/// the record ends as an oracle that was there, or the message is parked; never a silent second entry.
///
/// A failure prints its seed and the smallest program that still fails, message by message.
@Suite struct ProgramTests {
    /// Every id, any order of arrival, any repetition. Only a move or an end of an id that is not known yet may park, for a
    /// reschedule may be a new id.
    @Test(arguments: 0..<150)
    func withIdsTheRecordIsThePMsBookHoweverItsMessagesCame(seed: Int) throws {
        try check(seed, Deeds.Habits(naming: .always, isReordered: true, isDoubled: true))
    }

    @Test(arguments: 0..<150)
    func withIdsAndInOrderNothingParks(seed: Int) throws {
        let habits = Deeds.Habits(naming: .always, isReordered: false, isDoubled: true)
        #expect(try Run(Deeds(seed: seed, habits), isDecided: false).parked == [])
        try check(seed, habits)
    }

    /// No id at all, in order and doubled: what cannot be told parks, a person decides, and the record is the PM's book.
    @Test(arguments: 0..<150)
    func withoutIdsThePMsBookIsReachedWhereAPersonDecidesWhatParks(seed: Int) throws {
        try check(seed, Deeds.Habits(naming: .never, isReordered: false, isDoubled: true))
    }

    @Test(arguments: 0..<150)
    func withSomeIdsThePMsBookIsReachedWhereAPersonDecidesWhatParks(seed: Int) throws {
        try check(seed, Deeds.Habits(naming: .sometimes, isReordered: false, isDoubled: true))
    }

    /// No id and out of order: either nothing parks and the record is the PM's book, or what came late waits in sight.
    @Test func lateMessagesWithoutIdsAreAppliedRightlyOrParkInSight() throws {
        var settled = 0
        for seed in 0..<400 {
            let habits = Deeds.Habits(
                naming: seed.isMultiple(of: 2) ? .never : .sometimes, isReordered: true, isDoubled: true)
            let program = Deeds(seed: seed, habits)
            let run = try Run(program, isDecided: false)
            if run.parked.isEmpty { settled += 1 }
            if let trouble = run.trouble(isDecided: false) { report(seed, habits, trouble, isDecided: false) }
        }
        // A test in which everything parks shows nothing.
        #expect(settled > 150, "\(settled) of 400 programs ran through")
    }

    /// Each message names its visit and nothing else: one that comes late is asked about only where a newer one would mean
    /// another appointment.
    @Test func lateMessagesThatNameTheirVisitAreAppliedRightlyOrParkInSight() throws {
        var settled = 0
        for seed in 0..<400 {
            let habits = Deeds.Habits(naming: .never, isReordered: true, isDoubled: true, namesVisits: true)
            let run = try Run(Deeds(seed: seed, habits), isDecided: false)
            if run.parked.isEmpty { settled += 1 }
            if let trouble = run.trouble(isDecided: false) { report(seed, habits, trouble, isDecided: false) }
        }
        #expect(settled > 250, "\(settled) of 400 programs ran through")
    }

    @Test func aMoveUnderANewNumberThatOvertakesItsBookingIsOneVisitOnceTheBookingComes() throws {
        var program = Deeds(seed: 0, Deeds.Habits(naming: .always, isReordered: false, isDoubled: false))
        let booking = Deeds.Act(
            visit: 1, event: "S12", person: 1, doctor: 1, start: 2, word: "Booked", isNamed: true, at: 0, id: "F1")
        let move = Deeds.Act(
            visit: 1, event: "S13", person: 1, doctor: 1, start: 6, word: "", isNamed: true, at: 1, id: "F1N",
            parent: "F1")
        program.arrivals = [move, booking]
        let run = try Run(program, isDecided: true)
        #expect(run.trouble(isDecided: true) == nil)
    }

    /// The change under the new number makes an entry of its own; the move then says whose it is.
    @Test func aChangeUnderANewNumberThatOvertakesTheMoveIsOneVisitOnceTheMoveComes() throws {
        let run = try Run(.overtakenMove, isDecided: true)
        #expect(run.parked == [])
        #expect(run.trouble(isDecided: true) == nil)
        let live = run.book.appointments.values.filter { $0.state.status.isLive }
        #expect(live.map { Set($0.identifiers.keys.map(\.value)) } == [["F1", "F1N"]])
        #expect(live.map { Set($0.history.events.map(\.at)).count } == [3])
    }

    private func check(_ seed: Int, _ habits: Deeds.Habits) throws {
        let run = try Run(Deeds(seed: seed, habits), isDecided: true)
        if let trouble = run.trouble(isDecided: true) { report(seed, habits, trouble, isDecided: true) }
    }

    private func report(_ seed: Int, _ habits: Deeds.Habits, _ trouble: String, isDecided: Bool) {
        var small = Deeds(seed: seed, habits)
        var last = trouble
        var isSmaller = true
        while isSmaller {
            isSmaller = false
            for index in small.arrivals.indices where small.stands(without: index) {
                let fewer = small.without(index)
                guard let still = try? Run(fewer, isDecided: isDecided).trouble(isDecided: isDecided) else { continue }
                (small, last, isSmaller) = (fewer, still, true)
                break
            }
        }
        Issue.record("seed \(seed), \(habits):\n\(last)\n\(small)")
    }
}

/// What a PM did to its book, and how its messages came here.
struct Deeds: CustomStringConvertible {
    enum Naming { case always, sometimes, never }

    struct Habits {
        let naming: Naming
        let isReordered: Bool
        let isDoubled: Bool
        /// By PV1-19, which never outweighs what the message says.
        var namesVisits = false
    }

    struct Act {
        /// Which of the PM's appointments; the message need not say.
        let visit: Int
        let event: String
        let person: Int
        let doctor: Int
        /// In half-hours from the first day's eight o'clock.
        let start: Int
        let word: String
        let isNamed: Bool
        /// In minutes.
        let at: Int
        /// The visit's own number of that moment: a move may give it a new one, and then names the one before.
        var id = ""
        var parent = ""
        /// The number is in SCH-1, where others have it in SCH-2.
        var isSwapped = false
        /// PV1-19 holds the visit's number.
        var namesVisit = false
    }

    struct Visit: Equatable {
        var person: Int
        var start: Int
        var status: AppointmentStatus
    }

    /// In the order of arrival; doubled ones are there twice.
    var arrivals: [Act] = []
    let hasIDs: Bool

    init(seed: Int, _ habits: Habits) {
        var random = ProgramDice(UInt64(seed))
        hasIDs = habits.naming != .never
        var book: [Int: Visit] = [:]
        var doctors: [Int: Int] = [:]
        var numbers: [Int: String] = [:]
        var acts: [Act] = []
        for minute in 0..<Int.random(in: 3...14, using: &random) {
            let live = book.filter { $0.value.status.isExpected }.keys.sorted()
            let isNamed: Bool =
                switch habits.naming {
                case .always: true
                case .sometimes: Bool.random(using: &random)
                case .never: false
                }
            let person = Int.random(in: 1...2, using: &random)
            let doctor = Int.random(in: 1...2, using: &random)
            // One person is at one place at a time, and a doctor's hour is one's only.
            let busy = Set(book.values.filter { $0.status != .cancelled && $0.status != .enteredInError }.map(\.start))
            let free = (0..<12).filter { !busy.contains($0) }
            guard let start = free.randomElement(using: &random) else { continue }
            let choice = Int.random(in: 0...14, using: &random)
            guard choice > 4, let visit = live.randomElement(using: &random), var entry = book[visit] else {
                let visit = book.count + 1
                book[visit] = Visit(person: person, start: start, status: .booked)
                doctors[visit] = doctor
                numbers[visit] = "F\(visit)"
                // A booking says its id where the feed has any, as every feed does.
                acts.append(
                    Act(
                        visit: visit, event: "S12", person: person, doctor: doctor, start: start, word: "Booked",
                        isNamed: hasIDs, at: minute, id: "F\(visit)"))
                continue
            }
            var (event, word, parent) = ("S14", "", "")
            switch choice {
            case 5, 6: (event, entry.start) = ("S13", start)
            case 7: (event, entry.status) = ("S15", .cancelled)
            case 8: (event, entry.status) = ("S26", .noshow)
            case 9: (word, entry.status) = ("KEPT", .arrived)
            case 10: (event, word, entry.status) = ("S12", "KEPT", .arrived)
            case 11: entry.start = start
            case 12: (event, entry.status) = ("S17", .enteredInError)
            case 13:
                (event, entry.start) = ("S13", start)
                if isNamed {
                    parent = numbers[visit] ?? ""
                    numbers[visit] = "\(parent)N"
                }
            default: word = "CONFIRMED"
            }
            book[visit] = entry
            acts.append(
                Act(
                    visit: visit, event: event, person: entry.person, doctor: doctors[visit] ?? 1, start: entry.start,
                    word: word, isNamed: isNamed, at: minute, id: numbers[visit] ?? "", parent: parent,
                    isSwapped: Int.random(in: 0...4, using: &random) == 0))
        }
        for var act in acts {
            act.namesVisit = habits.namesVisits
            arrivals.append(act)
            if habits.isDoubled, Int.random(in: 0...3, using: &random) == 0 {
                let place = habits.isReordered ? Int.random(in: 0...arrivals.count, using: &random) : arrivals.count
                arrivals.insert(act, at: place)
            }
        }
        if habits.isReordered {
            for index in arrivals.indices.dropFirst() where Int.random(in: 0...3, using: &random) == 0 {
                arrivals.swapAt(index, Int.random(in: max(0, index - 3)..<index, using: &random))
            }
        }
    }

    /// A change under a new number comes before the move to it, which is doubled.
    static var overtakenMove: Deeds {
        var program = Deeds(seed: 0, Habits(naming: .always, isReordered: false, isDoubled: false))
        let booking = Act(
            visit: 1, event: "S12", person: 1, doctor: 1, start: 2, word: "Booked", isNamed: true, at: 0, id: "F1")
        let move = Act(
            visit: 1, event: "S13", person: 1, doctor: 1, start: 6, word: "", isNamed: true, at: 1, id: "F1N",
            parent: "F1")
        let change = Act(
            visit: 1, event: "S14", person: 1, doctor: 1, start: 8, word: "", isNamed: true, at: 2, id: "F1N")
        program.arrivals = [booking, change, move, move]
        return program
    }

    /// A program in which a visit is never booked, or bears a number that nothing gave it, shows nothing.
    func stands(without index: Int) -> Bool {
        let act = arrivals[index]
        let isNeeded = act.word == "Booked" || !act.parent.isEmpty
        return !isNeeded
            || !arrivals.indices.contains {
                $0 != index && arrivals[$0].visit == act.visit && arrivals[$0].at != act.at
            } || arrivals.indices.contains { $0 != index && arrivals[$0].at == act.at }
    }

    func without(_ index: Int) -> Deeds {
        var fewer = self
        fewer.arrivals.remove(at: index)
        return fewer
    }

    /// The oracle: each visit as the PM's acts leave it, in the order in which they happened. A visit whose booking is not
    /// among them is not there.
    var book: [Int: Visit] {
        var book: [Int: Visit] = [:]
        for act in arrivals.sorted(by: { $0.at < $1.at }) {
            var visit = book[act.visit] ?? Visit(person: act.person, start: act.start, status: .booked)
            switch act.event {
            case "S13": (visit.start, visit.status) = (act.start, .booked)
            case "S15": visit.status = .cancelled
            case "S26": visit.status = .noshow
            case "S17": visit.status = .enteredInError
            case "S12":
                visit = Visit(person: act.person, start: act.start, status: act.word == "KEPT" ? .arrived : .booked)
            default:
                visit.start = act.start
                if act.word == "KEPT" { visit.status = .arrived }
                if act.word == "CONFIRMED" { visit.status = .booked }
            }
            book[act.visit] = visit
        }
        return book
    }

    static func instant(_ start: Int) -> Date { Date(timeIntervalSince1970: 1_733_061_600 + Double(start) * 1800) }

    /// - Parameter name: tells one program's people and ids from another's.
    static func bytes(_ act: Act, of name: String = "") -> [UInt8] {
        let time = { (minutes: Int) in
            let (hour, minute) = (10 + minutes / 60, minutes % 60)
            return "20241120\(hour)\(minute < 10 ? "0" : "")\(minute)00"
        }
        let slot = { (half: Int) in
            let hour = 8 + half / 2
            return "20241201\(hour < 10 ? "0" : "")\(hour)\(half.isMultiple(of: 2) ? "00" : "30")00"
        }
        let number = act.isNamed ? "\(name)\(act.id)" : ""
        let names = act.isSwapped ? "\(number)|" : "|\(number)"
        let parent = act.parent.isEmpty ? "" : "\(name)\(act.parent)"
        let lines = [
            "MSH|^~\\&|DEMOPM|C|X|Y|\(time(act.at))||SIU^\(act.event)|\(name)\(act.event)\(act.at)|P|2.5.1",
            "SCH|\(names)||||||OVF|30|min|^^^\(slot(act.start))^\(slot(act.start + 1))"
                + "|||||||||||||\(parent)|\(act.word)",
            "PID|1||\(name)\(act.person)^^^C^MR||TEST^ALEX",
            "PV1|1|O" + String(repeating: "|", count: 17) + (act.namesVisit ? "V\(act.visit)" : ""),
            "AIL|1||MAIN", "AIP|1||100\(act.doctor)^EXAMPLE^ADA",
        ]
        return Array((lines.joined(separator: "\r") + "\r").utf8)
    }

    var description: String {
        arrivals.map {
            "  visit \($0.visit) \($0.event) \($0.word) person \($0.person) doctor \($0.doctor) start \($0.start)"
                + " at \($0.at)\($0.isNamed ? " \($0.parent.isEmpty ? "" : "\($0.parent) now ")\($0.id)" : " unnamed")\($0.isSwapped ? " swapped" : "")"
        }.joined(separator: "\n")
    }
}

/// A program as the schedule takes it, with a person at the desk who knows which visit a parked message means.
private struct Run {
    let program: Deeds
    var book: SchedulingTrial
    /// Message numbers that parked at first.
    var parked: [Int] = []
    var undecided: [Int] = []

    init(_ program: Deeds, isDecided: Bool) throws {
        self.program = program
        book = SchedulingTrial(definition: try Self.definition.get())
        for (index, act) in program.arrivals.enumerated() {
            guard case .parked(let park) = receive(index, act) else { continue }
            parked.append(index)
            if isDecided { try decide(index, act, park) } else { undecided.append(index) }
        }
    }

    private static let definition = Result { try Cases.definition(inFolder: Shipped.workflows) }

    private mutating func receive(_ index: Int, _ act: Deeds.Act) -> SchedulingTrial.Outcome {
        book.receive(
            Deeds.bytes(act), receivedAt: Date(timeIntervalSince1970: 1_732_328_000), entry: Int64(index + 1))
    }

    private mutating func decide(_ index: Int, _ act: Deeds.Act, _ park: Park) throws {
        try #require(park.code == .ambiguousAppointment, "\(park)")
        let meant = book.appointments.first { visits(of: $0.value) == [act.visit] }?.key
        book.decide(Int64(index + 1), is: meant, of: park.candidates)
        guard case .recorded = receive(index, act) else {
            Issue.record("a decided message parked again: \(index)")
            return
        }
    }

    /// Whose messages a record is made of.
    private func visits(of entry: AppointmentSlice.Record) -> Set<Int> {
        Set(entry.history.events.map { program.arrivals[Int($0.entry) - 1].visit })
    }

    /// What is wrong, in a sentence; nil when the record is the PM's book, but for the visits of a person of whom a message
    /// waits in sight: of these alone nothing is expected.
    func trouble(isDecided: Bool) -> String? {
        // What says no id can be meant for any of its person's visits, and for nobody else's.
        let persons = Set(undecided.map { program.arrivals[$0].person })
        let waiting = Set(program.arrivals.filter { persons.contains($0.person) }.map(\.visit))
        var seen: [Int: Deeds.Visit] = [:]
        for entry in book.appointments.values {
            let visits = visits(of: entry)
            // There never was one: its messages are another's.
            if entry.history.events.allSatisfy({ $0.kind == .retracted }), entry.state.status == .enteredInError {
                continue
            }
            guard visits.count == 1, let visit = visits.first else {
                if visits.isSubset(of: waiting) { continue }
                return "messages of visits \(visits.sorted()) are in one entry; waiting: \(waiting.sorted())"
            }
            if waiting.contains(visit) { continue }
            if seen[visit] != nil { return "visit \(visit) has a second entry" }
            let start = entry.state.start.map { Int($0.timeIntervalSince(Deeds.instant(0)) / 1800) } ?? -1
            let person = program.arrivals.first { $0.visit == visit }?.person ?? 0
            seen[visit] = Deeds.Visit(person: person, start: start, status: entry.state.status)
        }
        let wanted = program.book.filter { !waiting.contains($0.key) }
        return wanted == seen ? nil : "the PM has \(Self.text(wanted))\nthe record has \(Self.text(seen))"
    }

    private static func text(_ book: [Int: Deeds.Visit]) -> String {
        book.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value.status) at \($0.value.start)" }
            .joined(separator: ", ")
    }
}

/// SplitMix64: the same throws for the same seed.
private struct ProgramDice: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
