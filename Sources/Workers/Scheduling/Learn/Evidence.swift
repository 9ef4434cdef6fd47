import HL7

/// One schedule message, with what the study asks of it more than once.
struct Sighting {
    let message: Message
    /// `S12`.
    let event: String
    let status: String?
    /// Who it is about, by name and date of birth, hashed; 0: nobody.
    let person: UInt64
    let personal: PersonalWords

    init(_ message: Message) {
        self.message = message
        event = message.header.event ?? ""
        status = FeedStudy.statusPaths.lazy.compactMap { message.text($0) }.first
        let who = (["PID-5.1", "PID-5.2", "PID-7"] as [Path]).map { message.text($0)?.uppercased() ?? "" }
        person = who.allSatisfy(\.isEmpty) ? 0 : ValueSample.hash(who.joined(separator: "|"))
        personal = PersonalWords(message)
    }

    var isBooking: Bool { event == "S12" }
    var isEnding: Bool { ["S15", "S16", "S17", "S26"].contains(event) }
}

/// How one identifier's place behaves.
struct IdentifierEvidence: Sendable {
    private(set) var present = 0
    private(set) var inBookings = 0
    /// Later messages with a value at this place that is followed, and those whose value a booking had borne before.
    private(set) var later = 0
    private(set) var laterKnown = 0
    private(set) var shapes = Tally<String>(limit: 20)
    private(set) var types = Tally<String>(limit: 20)
    private(set) var authorities = Tally<String>(limit: 20)

    mutating func add(_ value: String, _ seen: Sighting, before: ValueSample.Life?, isFollowed: Bool) {
        present += 1
        shapes.add(Self.shape(of: value))
        if seen.isBooking {
            inBookings += 1
        } else if isFollowed {
            later += 1
            if before?.wasBooked == true { laterKnown += 1 }
        }
    }

    mutating func note(type: String, authority: String) {
        types.add(type)
        authorities.add(authority)
    }

    var isGUID: Bool { shapes.ranked.first?.key == "GUID" }

    private static func shape(of value: String) -> String {
        let parts = value.split(separator: "-").map(\.utf8.count)
        let isHex = value.utf8.allSatisfy {
            $0 == 0x2D || UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 || "abcdefABCDEF".utf8.contains($0)
        }
        if parts == [8, 4, 4, 4, 12], isHex { return "GUID" }
        let length = value.utf8.count
        return value.utf8.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
            ? "\(length) digits" : "\(length) characters"
    }
}

/// How times are written at one place.
struct TimeEvidence: Sendable {
    private(set) var present = 0
    private(set) var unreadable = 0
    private(set) var withZone = 0
    /// By the number of leading digits.
    private(set) var digits = Tally<Int>(limit: 30)

    mutating func add(_ text: String) {
        present += 1
        guard let time = DTM(text) else {
            unreadable += 1
            return
        }
        digits.add(text.utf8.prefix { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }.count)
        if time.offsetSeconds != nil { withZone += 1 }
    }
}

/// A few messages to make cases of: the first of each event and status, and what followed a few bookings. Held in memory
/// as they came, and written only by `Pseudonyms`.
struct Examples: Sendable {
    private(set) var kinds: [(name: String, message: [UInt8])] = []
    private(set) var lives: [UInt64: [[UInt8]]] = [:]
    private static let longest = 65_536

    mutating func add(_ bytes: [UInt8], _ seen: Sighting) {
        guard bytes.count <= Self.longest else { return }
        let name = "\(seen.event) \(seen.status ?? "")"
        if kinds.count < 24, !kinds.contains(where: { $0.name.uppercased() == name.uppercased() }) {
            kinds.append((name, bytes))
        }
        if seen.person != 0, let life = lives[seen.person] {
            if life.count < 6 { lives[seen.person]?.append(bytes) }
        } else if seen.person != 0, seen.isBooking, lives.count < 40 {
            lives[seen.person] = [bytes]
        }
    }
}
