/// A day of the calendar, in whatever practice: no zone, no time.
package struct Day: Hashable, Sendable, Comparable, Codable, CustomStringConvertible {
    package let year: Int
    package let month: Int
    package let day: Int

    /// Nil where the calendar has no such day.
    package init?(year: Int, month: Int, day: Int) {
        guard (1...9999).contains(year), (1...12).contains(month), (1...31).contains(day) else { return nil }
        self.year = year
        self.month = month
        self.day = day
        if Day(number: number) != self { return nil }
    }

    /// Nil unless the text is `YYYY-MM-DD`.
    package init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.map(\.utf8.count) == [4, 2, 2], parts.joined().utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let year = Int(parts[0]), let month = Int(parts[1]), let day = Int(parts[2])
        else { return nil }
        self.init(year: year, month: month, day: day)
    }

    package var description: String { "\(padded(year, to: 4))-\(padded(month))-\(padded(day))" }

    package func adding(days: Int) -> Day { Day(number: number + days) }

    package static func < (one: Day, other: Day) -> Bool { one.number < other.number }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let day = Day(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a day")
        }
        self = day
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }

    // The proleptic Gregorian calendar by eras of 400 years, in years that begin in March.

    /// Days since 1970-01-01.
    var number: Int {
        let shiftedYear = month <= 2 ? year - 1 : year
        let yearOfEra = shiftedYear % 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return shiftedYear / 400 * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    init(number: Int) {
        let days = number + 719_468
        let dayOfEra = days % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        year = days / 146_097 * 400 + yearOfEra + (month <= 2 ? 1 : 0)
    }
}

/// What a clock on the wall shows: a day and a time, without a zone.
package struct WallTime: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let day: Day
    package let hour: Int
    package let minute: Int
    package let second: Int
    package let millisecond: Int

    /// Nil where the calendar or the clock has no such time. Parts that the sender left out are 0.
    package init?(
        year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0, second: Int = 0, millisecond: Int = 0
    ) {
        guard let day = Day(year: year, month: month, day: day), (0..<24).contains(hour), (0..<60).contains(minute),
            (0..<60).contains(second), (0..<1000).contains(millisecond)
        else { return nil }
        self.day = day
        self.hour = hour
        self.minute = minute
        self.second = second
        self.millisecond = millisecond
    }

    /// `2026-11-01 01:30`, with seconds and milliseconds where they are not 0.
    package var description: String {
        var text = "\(day) \(padded(hour)):\(padded(minute))"
        if second != 0 || millisecond != 0 { text += ":" + padded(second) }
        if millisecond != 0 { text += "." + padded(millisecond, to: 3) }
        return text
    }

    package static func < (one: WallTime, other: WallTime) -> Bool { one.milliseconds < other.milliseconds }

    /// As if the wall were in UTC.
    var milliseconds: Int { (((day.number * 24 + hour) * 60 + minute) * 60 + second) * 1000 + millisecond }

    init(milliseconds: Int) {
        var rest = milliseconds
        func take(_ size: Int) -> Int {
            let (quotient, remainder) = rest.quotientAndRemainder(dividingBy: size)
            rest = remainder < 0 ? quotient - 1 : quotient
            return remainder < 0 ? remainder + size : remainder
        }
        millisecond = take(1000)
        second = take(60)
        minute = take(60)
        hour = take(24)
        day = Day(number: rest)
    }
}

func padded(_ number: Int, to width: Int = 2) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
}
