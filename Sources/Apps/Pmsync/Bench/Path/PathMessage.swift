import Foundation
import Postgres

/// Writes the mix's steps as the demo practice's PM sends them, NextGen through Rosetta. Plain appending, because sender and
/// path share the cores.
struct PathMessages: Sendable {
    private let tag: String
    /// `20261122`, ...
    private let days: [String]
    private var second = 0
    private var secondText = ""

    private static let practitioners = 40
    private static let halfHours = 16
    /// Room for more than a million visits.
    private static let dayCount = 2_000
    private static let events = ["OVF", "NPV", "PHY", "NUR"]

    init(from now: Date) {
        let today = CalendarDay(daysSince2000: Int((now.timeIntervalSince1970 / 86_400).rounded(.down)) - 10_957)
        days = (30..<30 + Self.dayCount).map { Self.compact(today.adding(days: $0)) }
        tag = String(Int(now.timeIntervalSince1970), radix: 36).uppercased()
    }

    /// MSH-10 of the message with this number.
    func controlID(_ number: Int) -> String { "B\(tag)-\(number)" }

    /// The number of the message with this MSH-10; nil where it is not one of this load.
    func number(ofControlID id: String) -> Int? {
        id.hasPrefix("B\(tag)-") ? Int(id.dropFirst(tag.utf8.count + 2)) : nil
    }

    /// - Parameter now: MSH-7, in milliseconds since 1970.
    mutating func bytes(_ step: PathMix.Step, number: Int, at now: Int) -> [UInt8] {
        let visit = step.visit
        let slot = visit.place / Self.practitioners
        let day = days[slot / Self.halfHours % days.count]
        let minute = 8 * 60 + slot % Self.halfHours * 30
        let start = day + Self.clock(minute)
        let end = day + Self.clock(minute + 30)
        let event = Self.events[visit.number % Self.events.count]
        let word = step.act.word
        let person = String(100_000 + visit.person)
        var text = "MSH|^~\\&|NextGen Rosetta|Demo Family Practice^0001|Billing System|Billing System|"
        text += time(now)
        text += "||SIU^\(step.act.trigger)|B\(tag)-\(number)|P|2.3\r"
        text += "SCH||\(tag)\(visit.number)||||\(event)^\(event)||\(event)^\(event)|30|minutes|^^^\(start)^\(end)"
        text += "|||||2295^Clerk^Front||||2295^Clerk^Front|||||\(word)\r"
        text +=
            "PID|1|\(person)|M\(person)^^^NextGen Clinic^MR|\(tag)-\(person)|BENCH\(person)^ALEX||19800229|F||^White"
        text += "|10 Sample Rd^^Springfield^IL^62701^USA^^^SANGAMON||^PRN^PH^^^217^5\(person)~^NET^Internet^zz\(person)"
        text += "@example.org||^English|S||||||^Not Hispanic or Latino||||||||N\r"
        text += "PV1|1|O|MAIN||||\(2000 + visit.place % Self.practitioners)^EXAMPLE^ADA\r"
        text += "AIL|1|A|MAIN|^Place||\(start)||||||\(word)\r"
        return Array(text.utf8)
    }

    /// With milliseconds, so that a visit's messages of one second keep their order.
    private mutating func time(_ now: Int) -> String {
        if now / 1000 != second || secondText.isEmpty {
            second = now / 1000
            let day = CalendarDay(daysSince2000: second / 86_400 - 10_957)
            secondText =
                Self.compact(day) + Self.clock(second % 86_400 / 60) + Self.two(second % 60) + "."
        }
        let millisecond = now % 1000
        return secondText + "\(millisecond / 100)" + Self.two(millisecond % 100) + "+0000"
    }

    private static func compact(_ day: CalendarDay) -> String { day.description.replacing("-", with: "") }

    private static func clock(_ minute: Int) -> String { two(minute / 60) + two(minute % 60) }

    private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}

extension PathMix.Act {
    var trigger: String {
        switch self {
        case .bookNewPerson, .bookKnownPerson: "S12"
        case .reschedule: "S13"
        case .confirm, .move, .keep, .checkOut: "S14"
        case .cancel: "S15"
        }
    }

    /// SCH-25, in NextGen's words.
    var word: String {
        switch self {
        case .bookNewPerson, .bookKnownPerson, .reschedule, .move: "PENDING"
        case .confirm: "CONFIRMED"
        case .keep: "KEPT"
        case .checkOut: "CHECKED OUT"
        case .cancel: "CANCELLED"
        }
    }
}
