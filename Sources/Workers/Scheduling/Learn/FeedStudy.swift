package import Foundation
import HL7
import Practice
import Workflow

/// What a feed's messages show of how it writes: fed one message after the other, it keeps counts and samples and no
/// patient's value but in memory, and no more of these the longer it is fed.
package struct FeedStudy: Sendable {
    static let appointmentPaths: [Path] = ["SCH-2", "SCH-1", "PV1-19", "PV1-50", "SCH-27", "SCH-26"]
    static let personPaths: [Path] = ["PID-4[1]", "PID-3", "PID-2", "PID-4[2]", "PID-18"]
    static let parentPaths: [Path] = ["SCH-24", "SCH-23", "SCH-4"]
    static let practicePaths: [Path] = ["MSH-4.2", "MSH-3.2", "PV1-39", "MSH-6.2", "PV1-3.4"]
    static let typePaths: [Path] = ["SCH-8", "AIS-3", "SCH-7", "SCH-6"]
    static let statusPaths: [Path] = ["SCH-25", "AIL-12", "AIP-12", "AIS-10", "AIG-14"]
    static let timePaths: [Path] = [
        "MSH-7", "EVN-2", "SCH-11.4", "SCH-11.5", "TQ1-7", "AIS-4", "AIG-8", "AIL-6", "AIP-6", "PV1-44",
    ]

    /// The clocks that MSH-7 may show; of two that show the same the first is taken.
    static let zones = [
        "America/New_York", "America/Chicago", "America/Denver", "America/Phoenix", "America/Los_Angeles",
        "America/Anchorage", "Pacific/Honolulu",
    ].compactMap { TimeZone(identifier: $0) }

    /// The practice's clock, by which the rhythm is told.
    let zone: TimeZone
    private(set) var messages = 0
    private(set) var unreadable = 0
    /// Messages about schedules: what follows but for marks, types and rhythm is of these.
    package private(set) var schedule = 0
    private(set) var first: Date?
    private(set) var last: Date?
    private(set) var types = Tally<String>(limit: 200)
    /// `MSH-3.1|MSH-4.1`.
    private(set) var marks = Tally<String>(limit: 200)
    private(set) var practiceValues: [Path: Tally<String>] = [:]
    private(set) var modes = Tally<String>(limit: 20)
    private(set) var charsets = Tally<String>(limit: 20)
    private(set) var versions = Tally<String>(limit: 20)
    /// Bytes beyond ASCII where no character set is declared: messages that are UTF-8, and that are not.
    private(set) var undeclared = (utf8: 0, other: 0)
    /// Messages that have a segment, and those where a field of its first is filled.
    private(set) var segments = Tally<String>(limit: 100)
    private(set) var filled = Tally<FieldPlace>(limit: 2_000)
    /// Sunday is 0.
    private(set) var rhythm = [[Int]](repeating: [Int](repeating: 0, count: 24), count: 7)
    /// Messages whose MSH-7 says no zone, and how often each of `zones` explains when they came.
    private(set) var clocks = (asked: 0, fit: [Int](repeating: 0, count: FeedStudy.zones.count))
    private(set) var times: [Path: TimeEvidence] = [:]
    /// `S12 PENDING`.
    private(set) var states = Tally<String>(limit: 500)

    private(set) var appointmentIDs = ValueSample()
    private(set) var personIDs = ValueSample()
    private(set) var parentIDs = ValueSample()
    private(set) var identifiers: [Path: IdentifierEvidence] = [:]
    /// People, as far as name and date of birth tell them apart.
    private(set) var people = ValueSample()

    private(set) var codes: [Path: CodeBook] = [:]
    private(set) var cancelReasons = CodeBook()
    private(set) var relations = Relations()
    private(set) var examples = Examples()

    package struct FieldPlace: Hashable, Comparable, Sendable {
        package let segment: String
        package let field: Int

        package static func < (one: Self, other: Self) -> Bool {
            (one.segment, one.field) < (other.segment, other.field)
        }
    }

    /// What two places of one message have to do with each other.
    struct Relations: Sendable {
        /// Both there, and the same, by the paths' names.
        var both = Tally<String>(limit: 50)
        var same = Tally<String>(limit: 50)
        var emails = Tally<Int>(limit: 10)
        var withoutProvider = 0
        var withoutPatient = 0
        var groups = 0
    }

    package init(zone: TimeZone) { self.zone = zone }

    /// Takes a message in, whatever it is.
    package mutating func add(_ bytes: [UInt8], receivedAt: Date) {
        messages += 1
        first = min(first ?? receivedAt, receivedAt)
        last = max(last ?? receivedAt, receivedAt)
        note(receivedAt)
        guard let message = try? Message(bytes) else {
            unreadable += 1
            return
        }
        noteHeader(message, receivedAt)
        guard message.header.typeAndEvent.hasPrefix("SIU^"), message.segment("SCH") != nil else { return }
        schedule += 1
        let seen = Sighting(message)
        noteFields(message)
        noteTimes(message)
        noteIdentifiers(seen)
        noteCodes(seen)
        noteRelations(seen)
        examples.add(bytes, seen)
    }

    // MARK: Around the message

    private mutating func note(_ instant: Date) {
        let seconds = Int(instant.timeIntervalSince1970.rounded(.down)) + zone.secondsFromGMT(for: instant)
        let days = Int((Double(seconds) / 86_400).rounded(.down))
        rhythm[((days + 4) % 7 + 7) % 7][(seconds - days * 86_400) / 3600] += 1
    }

    private mutating func noteHeader(_ message: Message, _ receivedAt: Date) {
        let header = message.header
        types.add(header.typeAndEvent)
        marks.add("\(message.text("MSH-3.1") ?? "")|\(message.text("MSH-4.1") ?? "")")
        for path in Self.practicePaths {
            if let value = message.text(path) { practiceValues[path, default: Tally(limit: 50)].add(value) }
        }
        modes.add([message.text("MSH-11.1") ?? "", message.text("MSH-11.2") ?? ""].joined(separator: "/"))
        versions.add(message.text("MSH-12") ?? "")
        charsets.add(message.text("MSH-18") ?? "")
        if message.text("MSH-18") == nil, message.bytes.contains(where: { $0 > 0x7F }) {
            if String(validating: message.bytes, as: UTF8.self) != nil {
                undeclared.utf8 += 1
            } else {
                undeclared.other += 1
            }
        }
        if let text = message.text("MSH-7"), let time = DTM(text), time.offsetSeconds == nil, time.precision >= .minute,
            let wall = time.epochSeconds(defaultOffset: 0)
        {
            clocks.asked += 1
            for (index, zone) in Self.zones.enumerated() {
                let sent = Double(wall) - Double(zone.secondsFromGMT(for: receivedAt))
                if abs(sent - receivedAt.timeIntervalSince1970) < 900 { clocks.fit[index] += 1 }
            }
        }
    }

    private mutating func noteFields(_ message: Message) {
        var names: Set<String> = []
        for segment in message.segments where names.insert(segment.name).inserted {
            let name = segment.name
            guard name.utf8.count == 3 else { continue }
            segments.add(name)
            for field in 1...max(1, min(60, segment.fieldCount)) {
                if let raw = segment.raw(field), !raw.isEmpty { filled.add(FieldPlace(segment: name, field: field)) }
            }
        }
    }

    private mutating func noteTimes(_ message: Message) {
        for path in Self.timePaths {
            guard let text = message.text(path) else { continue }
            times[path, default: TimeEvidence()].add(text)
        }
    }

    // MARK: Who and which

    private mutating func noteIdentifiers(_ seen: Sighting) {
        let owner = seen.person
        if owner != 0 { _ = people.see(String(owner), at: 0, owner: owner, isBooking: seen.isBooking) }
        for (place, path) in Self.appointmentPaths.enumerated() {
            guard let value = seen.message.text(path) else { continue }
            let (before, isFollowed) = appointmentIDs.see(value, at: place, owner: owner, isBooking: seen.isBooking)
            identifiers[path, default: IdentifierEvidence()].add(value, seen, before: before, isFollowed: isFollowed)
        }
        for (place, path) in Self.personPaths.enumerated() {
            guard let segment = seen.message.segment("PID"), let value = seen.message.text(path) else { continue }
            let (before, isFollowed) = personIDs.see(value, at: place, owner: owner, isBooking: seen.isBooking)
            identifiers[path, default: IdentifierEvidence()].add(value, seen, before: before, isFollowed: isFollowed)
            for repetition in 1...max(1, min(8, segment.repetitions(path.field))) where path.repetition == nil {
                let type = segment.text(path.field, repetition: repetition, component: 5) ?? ""
                let authority = segment.text(path.field, repetition: repetition, component: 4) ?? ""
                if segment.text(path.field, repetition: repetition) == nil { continue }
                identifiers[path, default: IdentifierEvidence()].note(type: type, authority: authority)
            }
        }
        for (place, path) in Self.parentPaths.enumerated() {
            guard let value = seen.message.text(path), seen.isBooking else { continue }
            // A booking's own ids may come later; its time tells it from its siblings.
            let own = ValueSample.hash(seen.message.text("SCH-11.4") ?? "")
            let (before, isFollowed) = parentIDs.see(value, at: place, owner: own, isBooking: true)
            identifiers[path, default: IdentifierEvidence()].add(value, seen, before: before, isFollowed: isFollowed)
        }
    }

    // MARK: What

    private mutating func noteCodes(_ seen: Sighting) {
        let message = seen.message
        states.add("\(seen.event) \((seen.status ?? "(none)").uppercased())")
        for path in Self.statusPaths {
            guard let word = message.text(path) else { continue }
            codes[path, default: CodeBook()].add(word, of: seen.person, personal: seen.personal)
        }
        for path in Self.typePaths {
            guard let segment = message.segment(path.segment),
                let code = segment.text(path.field) ?? segment.text(path.field, component: 2)
            else { continue }
            let words = segment.text(path.field, component: 2) ?? ""
            codes[path, default: CodeBook()].add(code, words: words, of: seen.person, personal: seen.personal)
            if path == "SCH-6", seen.isEnding {
                cancelReasons.add(code, words: words, of: seen.person, personal: seen.personal)
            }
        }
        for (path, name) in [("AIL-3", 4), ("PV1-3", 9), ("AIG-3", 2)] as [(Path, Int)] {
            guard let segment = message.segment(path.segment), let code = segment.text(path.field) else { continue }
            codes[path, default: CodeBook()].add(
                code, words: segment.text(path.field, component: name) ?? "", of: seen.person, personal: seen.personal)
        }
        for path in ["AIP-3", "PV1-7", "SCH-15"] as [Path] {
            guard let segment = message.segment(path.segment), let code = segment.text(path.field) else { continue }
            let name = [3, 2].compactMap { segment.text(path.field, component: $0) }.joined(separator: " ")
            codes[path, default: CodeBook()].add(code, words: name, of: seen.person, personal: seen.personal)
        }
    }

    private mutating func noteRelations(_ seen: Sighting) {
        let message = seen.message
        func compare(_ one: Path, _ other: Path) {
            guard let a = message.text(one), let b = message.text(other) else { return }
            relations.both.add("\(one) \(other)")
            if a.uppercased() == b.uppercased() { relations.same.add("\(one) \(other)") }
        }
        compare("SCH-6", "SCH-8")
        compare("SCH-6", "SCH-7")
        compare("SCH-7", "SCH-8")
        compare("SCH-15", "AIP-3")
        compare("SCH-15", "PV1-7")
        compare("PID-4[1]", "PID-3")
        if message.text("AIP-3") == nil, message.text("PV1-7") == nil { relations.withoutProvider += 1 }
        let patients = message.segments(named: "PID").count
        if patients == 0 { relations.withoutPatient += 1 }
        if patients > 1 { relations.groups += 1 }
        if let segment = message.segment("PID") {
            for repetition in 1...max(1, min(6, segment.repetitions(13)))
            where segment.text(13, repetition: repetition, component: 4)?.contains("@") == true {
                relations.emails.add(repetition)
            }
        }
    }
}
