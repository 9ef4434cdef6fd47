import Foundation

/// One appointment as a PM speaks of it on the wire.
struct Booking: Sendable {
    var sender = "NORTHPM"
    var filler: String
    var placer = ""
    var person: String
    /// Wall clock, as HL7 writes it, without a zone.
    var start: String
    var minutes = 30
    var provider = "1001"
    /// SCH-24: the filler id of the appointment that this one replaces.
    var replaces = ""
    var status = "Booked"
    /// A name that must never come into a log.
    static let family = "Canaryson"

    /// - Parameter at: when it happened (MSH-7), in seconds before now; an offset is sent.
    func message(_ event: String, id: String, at seconds: Int = 0) -> [UInt8] {
        let time = Self.stamp(Self.base.addingTimeInterval(Double(seconds)))
        let sch = [
            "SCH", placer, filler, "", "", "", event == "S15" ? "PT" : "", "", "OVF", String(minutes), "min",
            "^^^\(start)^\(end)", "", "", "", "", "", "", "", "", "", "", "", "", replaces, status,
        ]
        let lines = [
            "MSH|^~\\&|\(sender)|CLINIC|PMSYNC|HUB|\(time)||SIU^\(event)|\(id)|P|2.5.1",
            sch.joined(separator: "|"),
            "PID|1||\(person)^^^CLINIC^MR||\(Self.family)^Zoe||19800229|F",
            "RGS|1|A",
            "AIL|1||MAIN",
            "AIP|1||\(provider)^EXAMPLE^ADA",
        ]
        return Array((lines.joined(separator: "\r") + "\r").utf8)
    }

    func at(_ start: String) -> Booking {
        var moved = self
        moved.start = start
        return moved
    }

    /// The wall clock at the end; a test's visits end on the day they begin.
    private var end: String {
        let of = { (from: Int, count: Int) in Int(start.dropFirst(from).prefix(count)) ?? 0 }
        let minute = of(8, 2) * 60 + of(10, 2) + minutes
        return start.prefix(8) + Self.two(minute / 60) + Self.two(minute % 60) + "00"
    }

    /// An hour and a half before the tests began: what happens is never ahead of its receipt.
    static let base = Date(timeIntervalSinceNow: -5_400)

    private static func stamp(_ date: Date) -> String {
        let parts = Calendar.utc.dateComponents([.year, .month, .day, .hour, .minute, .second], from: date)
        let numbers = [parts.month, parts.day, parts.hour, parts.minute, parts.second]
        return "\(parts.year ?? 0)" + numbers.map { two($0 ?? 0) }.joined() + "+0000"
    }

    private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

    /// The day that lies so many days ahead, as HL7 writes it.
    static func day(_ ahead: Int) -> String {
        String(stamp(Date(timeIntervalSinceNow: Double(ahead) * 86_400)).prefix(8))
    }
}

extension Calendar {
    static let utc: Calendar = {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        return calendar
    }()
}
