package import Foundation

/// A day on the practice's wall.
package struct LocalDay: Hashable, Comparable, Codable, Sendable, CustomStringConvertible {
    /// Days since 1970-01-01.
    package let number: Int

    package init(number: Int) { self.number = number }

    package init(year: Int, month: Int, day: Int) {
        // Days from civil, Gregorian, March-based years (H. Hinnant's algorithm).
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let ofEra = shifted - era * 400
        let ofYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        number = era * 146_097 + ofEra * 365 + ofEra / 4 - ofEra / 100 + ofYear - 719_468
    }

    /// Reads 2026-12-01; nil for anything else, and for a day that no month has.
    package init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].count == 4, parts[1].count == 2, parts[2].count == 2,
            let year = Int(parts[0]), let month = Int(parts[1]), let day = Int(parts[2])
        else { return nil }
        self.init(year: year, month: month, day: day)
        guard civil == (year, month, day) else { return nil }
    }

    package var civil: (year: Int, month: Int, day: Int) {
        let shifted = number + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let ofEra = shifted - era * 146_097
        let yearOfEra = (ofEra - ofEra / 1460 + ofEra / 36_524 - ofEra / 146_096) / 365
        let ofYear = ofEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * ofYear + 2) / 153
        let month = shiftedMonth + (shiftedMonth < 10 ? 3 : -9)
        let day = ofYear - (153 * shiftedMonth + 2) / 5 + 1
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }

    package var isWeekend: Bool { [2, 3].contains(((number % 7) + 7) % 7) }

    package func adding(days: Int) -> LocalDay { LocalDay(number: number + days) }

    package static func < (a: LocalDay, b: LocalDay) -> Bool { a.number < b.number }

    /// 2026-12-01
    package var description: String {
        let (year, month, day) = civil
        return "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
    }

    /// 20261201
    var compact: String {
        let (year, month, day) = civil
        return padded(year, 4) + padded(month, 2) + padded(day, 2)
    }
}

/// A time on the practice's wall: no zone, as NextGen sends it.
package struct LocalTime: Hashable, Comparable, Codable, Sendable, CustomStringConvertible {
    /// Since 1970-01-01T00:00 on the same wall.
    package let milliseconds: Int64

    package init(milliseconds: Int64) { self.milliseconds = milliseconds }

    package init(_ day: LocalDay, minute: Int) {
        milliseconds = Int64(day.number) * 86_400_000 + Int64(minute) * 60_000
    }

    /// What the wall shows at this instant.
    package init(_ instant: Date, in zone: TimeZone) {
        let seconds = instant.timeIntervalSince1970
        milliseconds = Int64((seconds * 1000).rounded(.down)) + Int64(zone.secondsFromGMT(for: instant)) * 1000
    }

    package var day: LocalDay { LocalDay(number: Int(milliseconds.floorDivided(by: 86_400_000))) }
    /// Since midnight.
    package var minute: Int { Int(ofDay / 60_000) }
    private var ofDay: Int64 { milliseconds - milliseconds.floorDivided(by: 86_400_000) * 86_400_000 }

    package func adding(minutes: Int) -> LocalTime { LocalTime(milliseconds: milliseconds + Int64(minutes) * 60_000) }
    package func adding(milliseconds more: Int64) -> LocalTime { LocalTime(milliseconds: milliseconds + more) }

    package static func < (a: LocalTime, b: LocalTime) -> Bool { a.milliseconds < b.milliseconds }

    /// 2026-12-01T15:00
    package var description: String { "\(day)T\(padded(minute / 60, 2)):\(padded(minute % 60, 2))" }

    /// 202612011500
    package var twelveDigits: String { day.compact + padded(minute / 60, 2) + padded(minute % 60, 2) }

    /// 20261201150000123: no dot, no zone.
    package var seventeenDigits: String { twelveDigits + padded(Int(ofDay % 60_000), 5) }
}

func padded(_ number: Int, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
}

extension Int64 {
    fileprivate func floorDivided(by divisor: Int64) -> Int64 {
        let quotient = self / divisor
        return self % divisor < 0 ? quotient - 1 : quotient
    }
}
