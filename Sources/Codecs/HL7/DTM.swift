/// An HL7 time as the sender wrote it: `YYYY[MM[DD[HH[MM[SS[.S...]]]]]][+/-ZZZZ]`, and NextGen's 17 digits, whose last
/// three are milliseconds. It keeps what was said: how precise, and whether with a zone.
package struct DTM: Hashable, Sendable {
    package enum Precision: Int, Comparable, Sendable {
        case year, month, day, hour, minute, second, fraction

        package static func < (one: Self, other: Self) -> Bool { one.rawValue < other.rawValue }
    }

    package let year: Int
    /// 1 where `precision` is coarser, and so for `day`.
    package let month: Int
    package let day: Int
    /// 0 where `precision` is coarser, and so for what follows.
    package let hour: Int
    package let minute: Int
    package let second: Int
    package let nanosecond: Int
    package let precision: Precision
    /// East of Greenwich; nil where the sender gave no zone.
    package let offsetSeconds: Int?

    /// Nil where it is not a time that exists. Blanks around it and a second component (`^S`) are ignored.
    package init?(_ text: String) {
        var bytes = text[...].utf8.drop { $0 <= 0x20 }.prefix { $0 != 0x5E }
        while let last = bytes.last, last <= 0x20 { bytes = bytes.dropLast() }
        let digits = bytes.prefix(while: Self.isDigit)
        var rest = bytes[digits.endIndex...]
        var fraction = Substring("").utf8
        if rest.first == 0x2E {
            guard digits.count == 14 else { return nil }
            fraction = rest.dropFirst().prefix(while: Self.isDigit)
            guard (1...9).contains(fraction.count) else { return nil }
            rest = rest[fraction.endIndex...]
        } else if digits.count == 17 {
            fraction = digits.suffix(3)
        }
        guard let parts = Self.parts(digits, hasFraction: !fraction.isEmpty), let zone = Self.zone(rest) else {
            return nil
        }
        (year, month, day, hour, minute, second) = parts.fields
        precision = parts.precision
        nanosecond = fraction.isEmpty ? 0 : Self.number(fraction) * Self.power(9 - fraction.count)
        offsetSeconds = zone.offset
    }

    /// An instant, to the second, as a clock at `offsetSeconds` shows it.
    package init(epochSeconds: Int64, offsetSeconds: Int = 0) {
        let local = epochSeconds + Int64(offsetSeconds)
        let days = (local >= 0 ? local : local - 86_399) / 86_400
        let time = Int(local - days * 86_400)
        (year, month, day) = Self.date(days: Int(days))
        (hour, minute, second) = (time / 3600, time / 60 % 60, time % 60)
        nanosecond = 0
        precision = .second
        self.offsetSeconds = offsetSeconds
    }

    /// The instant it begins, where it says its zone or `defaultOffset` is given for those that do not; else nil.
    package func epochSeconds(defaultOffset: Int? = nil) -> Int64? {
        guard let offset = offsetSeconds ?? defaultOffset else { return nil }
        let days = Int64(Self.days(year: year, month: month, day: day))
        return days * 86_400 + Int64(hour * 3600 + minute * 60 + second - offset)
    }

    private static func parts(
        _ digits: Substring.UTF8View, hasFraction: Bool
    ) -> (fields: (Int, Int, Int, Int, Int, Int), precision: Precision)? {
        let precisions: [Int: Precision] = [
            4: .year, 6: .month, 8: .day, 10: .hour, 12: .minute, 14: .second, 17: .second,
        ]
        guard let precision = precisions[digits.count] else { return nil }
        func two(_ from: Int, or missing: Int) -> Int {
            digits.count >= from + 2 ? number(digits.dropFirst(from).prefix(2)) : missing
        }
        let year = number(digits.prefix(4))
        let (month, day) = (two(4, or: 1), two(6, or: 1))
        let (hour, minute, second) = (two(8, or: 0), two(10, or: 0), two(12, or: 0))
        guard year > 0, (1...12).contains(month), (1...length(ofMonth: month, year: year)).contains(day), hour < 24,
            minute < 60, second < 60
        else { return nil }
        return ((year, month, day, hour, minute, second), hasFraction ? .fraction : precision)
    }

    /// `+HHMM`, `-HHMM`, `Z`, or nothing.
    private static func zone(_ text: Substring.UTF8View) -> (offset: Int?, Void)? {
        guard let sign = text.first else { return (nil, ()) }
        let digits = text.dropFirst()
        if sign == 0x5A { return digits.isEmpty ? (0, ()) : nil }
        guard sign == 0x2B || sign == 0x2D, digits.count == 4, digits.allSatisfy(isDigit) else { return nil }
        let (hours, minutes) = (number(digits.prefix(2)), number(digits.suffix(2)))
        guard hours <= 15, minutes < 60 else { return nil }
        let seconds = hours * 3600 + minutes * 60
        return (sign == 0x2D ? -seconds : seconds, ())
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    private static func number(_ digits: Substring.UTF8View) -> Int {
        digits.reduce(0) { $0 * 10 + Int($1) - 0x30 }
    }

    private static func power(_ exponent: Int) -> Int {
        (0..<exponent).reduce(1) { product, _ in product * 10 }
    }

    private static func length(ofMonth month: Int, year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Days since 1970-01-01 in the Gregorian calendar, for years from 1.
    private static func days(year: Int, month: Int, day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400
        let ofEra = shifted - era * 400
        let ofYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + ofEra * 365 + ofEra / 4 - ofEra / 100 + ofYear - 719_468
    }

    private static func date(days: Int) -> (Int, Int, Int) {
        let shifted = days + 719_468
        let era = shifted / 146_097
        let ofEra = shifted - era * 146_097
        let yearOfEra = (ofEra - ofEra / 1460 + ofEra / 36_524 - ofEra / 146_096) / 365
        let ofYear = ofEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * ofYear + 2) / 153
        let day = ofYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }
}

extension DTM: CustomStringConvertible {
    /// As HL7 writes it, with its own precision and zone; a fraction is written as milliseconds.
    package var description: String {
        var text = Self.padded(year, 4)
        let parts = [month, day, hour, minute, second]
        text += parts.prefix(min(precision.rawValue, 5)).map { Self.padded($0, 2) }.joined()
        if precision == .fraction { text += "." + Self.padded(nanosecond / 1_000_000, 3) }
        if let offsetSeconds {
            let minutes = abs(offsetSeconds) / 60
            text += (offsetSeconds < 0 ? "-" : "+") + Self.padded(minutes / 60, 2) + Self.padded(minutes % 60, 2)
        }
        return text
    }

    private static func padded(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
