import Foundation
import Practice
import Workflow

@testable import Scheduling

/// Random inputs of two practices of one enterprise, as a batch may hold them: late, doubled and out of order, of persons
/// known and new, with and without ids; groups, blocks, overbookings, wait lists, loaded rows, and what cannot be used.
struct BatchProgram: CustomStringConvertible {
    struct Input {
        let practice: String
        let bytes: [UInt8]
        var isLoaded = false
    }

    let inputs: [Input]
    /// The jobs in their order: which input each is of. The same twice: a resend and a replay at once.
    var order: [Int]
    /// How many jobs a batch has.
    let size: Int

    var description: String {
        "in batches of \(size):\n"
            + order.map { index in
                "  [\(index)] \(inputs[index].practice) "
                    + String(decoding: inputs[index].bytes, as: UTF8.self).replacing("\r", with: "\n      ")
            }.joined(separator: "\n")
    }

    func without(_ places: Range<Int>) -> BatchProgram {
        var fewer = self
        fewer.order.removeSubrange(places)
        return fewer
    }

    /// Written out by hand: one job an input, all in batches of `size`.
    init(_ inputs: [Input], size: Int) {
        self.inputs = inputs
        self.size = size
        order = Array(inputs.indices)
    }

    init(seed: Int) {
        var maker = Maker(seed: seed)
        inputs = maker.make()
        order = maker.arrange(inputs.count)
        size = [order.count, order.count, 2, 5, max(2, order.count / 2)][seed % 5]
    }
}

/// The words of a message.
struct BatchMessage {
    struct Patient {
        var mrn = ""
        var guid = ""
        var name = "TEST^ALEX"
        var birth = ""
        var phone = ""
    }

    var practice = "left"
    var event = "S12"
    /// In minutes from ten o'clock, with what else the stamp holds.
    var at = 0
    var fraction = ""
    var filler = ""
    var isSwapped = false
    var parent = ""
    /// In quarters of an hour from eight o'clock.
    var start: Int? = 0
    var quarters = 2
    var type = "VIS"
    var word = "Booked"
    var visit = ""
    var people: [Patient] = []
    var doctor = ""
    var doctorName = "EXAMPLE^ADA"
    var room = ""
    var isInitial = false

    var input: BatchProgram.Input {
        let (hour, minute) = (10 + at / 60, at % 60)
        let stamp = "20241120\(hour)\(minute < 10 ? "0" : "")\(minute)00\(fraction)"
        let slot = { (quarter: Int) in
            let (hour, minute) = (8 + quarter / 4, quarter % 4 * 15)
            return "20241201\(hour < 10 ? "0" : "")\(hour)\(minute == 0 ? "00" : "\(minute)")00"
        }
        let time = start.map { "^^^\(slot($0))^\(slot($0 + quarters))" } ?? ""
        var lines = [
            "MSH|^~\\&|\(practice.uppercased())PM|C|X|Y|\(stamp)||SIU^\(event)|\(event)\(at)|P\(isInitial ? "^I" : "")|2.5.1",
            "SCH|\(isSwapped ? "\(filler)|" : "|\(filler)")||||||\(type)|||\(time)|||||||||||||\(parent)|\(word)",
        ]
        for patient in people {
            lines.append(
                "PID|1||\(patient.mrn)|\(patient.guid)|\(patient.name)||\(patient.birth)||||||\(patient.phone)")
            lines.append("PV1|1|O" + String(repeating: "|", count: 17) + visit)
        }
        if !room.isEmpty { lines.append("AIL|1||\(room)") }
        if !doctor.isEmpty { lines.append("AIP|1||\(doctor)^\(doctorName)") }
        return BatchProgram.Input(practice: practice, bytes: Array((lines.joined(separator: "\r") + "\r").utf8))
    }
}

private struct Maker {
    var random: BatchDice
    private var visits: [BatchMessage] = []
    private var renamed = 0

    init(seed: Int) { random = BatchDice(seed: UInt64(seed)) }

    private mutating func chance(_ one: Int, in all: Int) -> Bool { Int.random(in: 0..<all, using: &random) < one }
    private mutating func pick<T>(_ some: [T]) -> T { some[Int.random(in: 0..<some.count, using: &random)] }

    mutating func make() -> [BatchProgram.Input] {
        (0..<Int.random(in: 5...30, using: &random)).map { step($0) }
    }

    mutating func arrange(_ count: Int) -> [Int] {
        var order: [Int] = []
        for index in 0..<count {
            order.append(index)
            if chance(1, in: 7) { order.insert(index, at: Int.random(in: 0...order.count, using: &random)) }
        }
        for index in order.indices.dropFirst() where chance(1, in: 4) {
            order.swapAt(index, Int.random(in: max(0, index - 4)..<index, using: &random))
        }
        return order
    }

    /// The first three have numbers, of which two share an MRN; the fourth has none; the fifth has an MRN alone.
    private mutating func patient() -> BatchMessage.Patient {
        let who = Int.random(in: 0...4, using: &random)
        var one = BatchMessage.Patient()
        one.name = ["ALPHA^ANN", "BETA^BEN", "GAMMA^CY", "DELTA^DI", "EPSILON^ED"][who]
        one.mrn = ["M0", "M1", "M0", "", "M4"][who]
        one.guid = ["G0", "G1", "G2", "", ""][who]
        if who == 3 || chance(1, in: 3) { one.birth = "197\(who)0102" }
        if chance(1, in: 4) { one.phone = "555-010\(who)" }
        if who < 3, chance(1, in: 4) { one.guid = "" }
        if who < 3, chance(1, in: 6), !one.guid.isEmpty { one.mrn = "" }
        if chance(1, in: 12), !one.birth.isEmpty { (one.mrn, one.guid) = ("", "") }
        // Two charts in one line: whose it is depends on which was known first.
        if chance(1, in: 12) { one.mrn = pick(["M4~M1", "M0~M4", "M9~M1", "M1~M9"]) }
        return one
    }

    private mutating func step(_ minute: Int) -> BatchProgram.Input {
        var message = BatchMessage()
        message.practice = chance(1, in: 4) ? "right" : "left"
        message.at = chance(1, in: 6) ? max(0, minute - 2) : minute
        message.fraction = pick(["", "", "", ".5", ".1237"])
        message.doctor = pick(["D1", "D1", "D2", "D3"])
        message.doctorName = pick(["EXAMPLE^ADA", "EXAMPLE^ADA", "", "OTHER^BEA"])
        message.room = pick(["", "MAIN", "ROOM-2", "ROOM-2"])
        message.start = Int.random(in: 0...7, using: &random)
        message.quarters = pick([1, 2, 2, 3])
        message.isInitial = chance(1, in: 12)
        message.people = [patient()]
        let choice = Int.random(in: 0...27, using: &random)
        switch choice {
        case 0, 1: return block(message)
        case 2: return loaded(message)
        case 3, 4: return group(message)
        case 5..<14: return booking(message)
        default:
            guard let known = visits.randomElement(using: &random) else { return booking(message) }
            return later(choice, message, of: known)
        }
    }

    private mutating func booking(_ given: BatchMessage) -> BatchProgram.Input {
        var message = given
        message.word = pick(["Booked", "Booked", "Booked", "OVERBOOK", "WAITLIST", "KEPT", "NOSUCHWORD"])
        message.type = pick(["VIS", "VIS", "VIS", "PHX", "NOSUCHTYPE"])
        message.filler = chance(3, in: 4) ? "F\(visits.count + 1)" : ""
        if chance(1, in: 4) { message.visit = "V\(Int.random(in: 1...4, using: &random))" }
        visits.append(message)
        return message.input
    }

    private mutating func later(_ choice: Int, _ given: BatchMessage, of known: BatchMessage) -> BatchProgram.Input {
        var message = known
        (message.at, message.fraction, message.isInitial) = (given.at, given.fraction, given.isInitial)
        (message.word, message.parent) = ("", "")
        message.isSwapped = chance(1, in: 8)
        if chance(1, in: 5) { message.filler = "" }
        if chance(1, in: 12) { message.people = given.people }
        let last = visits.lastIndex { $0.filler == known.filler && $0.practice == known.practice } ?? 0
        switch choice {
        case 14, 15, 16:
            message.event = "S13"
            (message.start, message.quarters) = (given.start, given.quarters)
            if chance(1, in: 3) { (message.doctor, message.doctorName) = (given.doctor, given.doctorName) }
        case 17, 18:
            (message.event, message.start) = ("S13", given.start)
            if !known.filler.isEmpty {
                renamed += 1
                (message.parent, message.filler) = (known.filler, "\(known.filler)N\(renamed)")
            }
        case 19, 20, 21:
            message.event = "S14"
            message.word = pick(["KEPT", "CONFIRMED", "", "WAITLIST", "NOSUCHWORD"])
            if chance(1, in: 4) { message.room = given.room }
        case 22, 23: message.event = "S15"
        case 24: message.event = "S17"
        case 25: message.event = "S26"
        case 26: (message.event, message.doctor) = (pick(["S18", "S20"]), given.doctor)
        default: message.event = "S12"
        }
        if message.event == "S13" { visits[last] = message }
        return message.input
    }

    private mutating func group(_ given: BatchMessage) -> BatchProgram.Input {
        var message = given
        let known = visits.randomElement(using: &random)
        message.filler = chance(1, in: 3) ? known?.filler ?? "GRP1" : pick(["GRP1", "GRP2"])
        message.event = pick(["S12", "S12", "S14", "S13", "S15"])
        message.room = "ROOM-2"
        message.people += (0..<Int.random(in: 1...2, using: &random)).map { _ in patient() }
        if let known, chance(1, in: 2) { message.people[0] = known.people[0] }
        return message.input
    }

    private mutating func block(_ given: BatchMessage) -> BatchProgram.Input {
        var message = given
        (message.people, message.type, message.word) = ([], "", "")
        message.event = pick(["S23", "S23", "S24"])
        message.filler = pick(["", "B1", "B2"])
        return message.input
    }

    private mutating func loaded(_ given: BatchMessage) -> BatchProgram.Input {
        let number = chance(1, in: 2) ? visits.randomElement(using: &random)?.filler ?? "" : "L\(visits.count)"
        let quarter = given.start ?? 0
        let time =
            "2024-12-01 \(quarter < 8 ? "0" : "")\(8 + quarter / 4):\(quarter % 4 == 0 ? "00" : "\(quarter % 4 * 15)")"
        let person = given.people[0]
        let fields = [
            number, pick(["BOOKED", "BOOKED", "CANCELLED"]), time, "30", given.doctor,
            person.mrn.split(separator: "~").first.map(String.init) ?? "", person.guid,
            person.name.replacing("^", with: ", "), person.birth,
        ]
        let entry = LoadEntry(
            kind: .appointments, layout: "pm-appointments", feed: "\(given.practice)-pm",
            asOf: Date(timeIntervalSince1970: 1_732_118_400 + Double(given.at) * 60), isGroup: false,
            header: ["id", "status", "start", "minutes", "provider", "mrn", "person guid", "patient name", "dob"],
            fields: fields)
        return BatchProgram.Input(practice: given.practice, bytes: entry.bytes, isLoaded: true)
    }
}

/// SplitMix64: the same throws for the same seed.
private struct BatchDice: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = (seed &+ 7919) &* 0x9E37_79B9_7F4A_7C15 }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
