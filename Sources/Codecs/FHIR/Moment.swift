import Foundation

/// A date or time as FHIR writes it, at the precision it was written with: what `instant`, `date`, `dateTime` and a
/// search's date value have in common.
struct Moment: Hashable {
    enum Precision: Hashable { case year, month, day, minute, second }

    let precision: Precision
    /// The first day where the text names a month or a year.
    let day: CalendarDate
    var hour = 0
    var minute = 0
    /// With its fraction.
    var second = 0.0
    var fractionDigits = 0
    /// Nil when no zone was written.
    var offsetSeconds: Int?

    /// Nil when the text is not `YYYY[-MM[-DD[Thh:mm[:ss[.f]][Z|±hh:mm]]]]`. A space in the zone's place of `+` is read
    /// as `+`: clients forget to escape it in a query.
    init?(_ text: String) {
        var scan = Scanner(text)
        guard let year = scan.number(4) else { return nil }
        var month = 1
        var dayOfMonth = 1
        var precision = Precision.year
        if scan.take("-") {
            guard let number = scan.number(2) else { return nil }
            month = number
            precision = .month
            if scan.take("-") {
                guard let number = scan.number(2) else { return nil }
                dayOfMonth = number
                precision = .day
            }
        }
        guard let day = CalendarDate(year: year, month: month, day: dayOfMonth) else { return nil }
        self.day = day
        if precision == .day, scan.take("T") {
            guard let hour = scan.number(2), scan.take(":"), let minute = scan.number(2), hour < 24, minute < 60 else {
                return nil
            }
            self.hour = hour
            self.minute = minute
            precision = .minute
            if scan.take(":") {
                guard let whole = scan.number(2), whole <= 60 else { return nil }
                second = Double(whole)
                precision = .second
                if scan.take(".") {
                    guard let (fraction, digits) = scan.fraction() else { return nil }
                    second += fraction
                    fractionDigits = digits
                }
            }
            guard let zone = scan.zone() else { return nil }
            offsetSeconds = zone
        }
        guard scan.isAtEnd else { return nil }
        self.precision = precision
    }

    func date(offsetSeconds: Int) -> Date? {
        let wall = Double(day.daysSince1970 * 86_400 + hour * 3600 + minute * 60) + second
        return Date(timeIntervalSince1970: wall - Double(offsetSeconds))
    }
}

/// Reads ASCII digits and signs from the left.
private struct Scanner {
    private let bytes: [UInt8]
    private var at = 0

    init(_ text: String) { bytes = Array(text.utf8) }

    var isAtEnd: Bool { at == bytes.count }

    mutating func take(_ sign: Unicode.Scalar) -> Bool {
        guard at < bytes.count, bytes[at] == UInt8(ascii: sign) else { return false }
        at += 1
        return true
    }

    mutating func number(_ digits: Int) -> Int? {
        guard at + digits <= bytes.count else { return nil }
        var value = 0
        for byte in bytes[at..<at + digits] {
            guard (0x30...0x39).contains(byte) else { return nil }
            value = value * 10 + Int(byte - 0x30)
        }
        at += digits
        return value
    }

    mutating func fraction() -> (value: Double, digits: Int)? {
        let start = at
        while at < bytes.count, (0x30...0x39).contains(bytes[at]) { at += 1 }
        guard (1...9).contains(at - start) else { return nil }
        let value = bytes[start..<at].reversed().reduce(0.0) { ($0 + Double($1 - 0x30)) / 10 }
        return (value, at - start)
    }

    /// `.some(nil)` where no zone is written; nil where what is written is none.
    mutating func zone() -> Int?? {
        if isAtEnd { return .some(nil) }
        if take("Z") { return 0 }
        let sign: Int
        if take("-") {
            sign = -1
        } else if take("+") || take(" ") {
            sign = 1
        } else {
            return nil
        }
        guard let hours = number(2), take(":"), let minutes = number(2), hours <= 14, minutes < 60 else { return nil }
        return sign * (hours * 3600 + minutes * 60)
    }
}
