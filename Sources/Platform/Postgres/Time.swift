package import FoundationEssentials

/// 2000-01-01T00:00:00Z, from which PostgreSQL counts, in seconds after Foundation's 2001-01-01.
private let postgresEpoch: Double = -366 * 86_400

/// Microseconds, as timestamptz keeps them. Beyond its range it is bound as infinity, which is read as
/// `distantFuture` or `distantPast`.
extension Date: PostgresValue {
    package static var type: UInt32 { TypeID.timestamptz }

    package func encode(into bytes: inout [UInt8]) -> Bool {
        let microseconds = ((timeIntervalSinceReferenceDate - postgresEpoch) * 1_000_000).rounded()
        bytes.append(integer: Int64(exactly: microseconds) ?? (microseconds < 0 ? .min : .max))
        return true
    }

    package static func decode(_ bytes: Span<UInt8>, type: UInt32) -> Date? {
        guard bytes.count == 8, let microseconds = Int64(bigEndian: bytes, at: 0) else { return nil }
        switch microseconds {
        case .max: return .distantFuture
        case .min: return .distantPast
        default:
            let (seconds, rest) = microseconds.quotientAndRemainder(dividingBy: 1_000_000)
            return Date(timeIntervalSinceReferenceDate: postgresEpoch + Double(seconds) + Double(rest) / 1_000_000)
        }
    }
}

/// An exact length of time, bound as interval. One with months cannot be read; a day is 24 hours.
extension Duration: PostgresValue {
    package static var type: UInt32 { TypeID.interval }

    package func encode(into bytes: inout [UInt8]) -> Bool {
        let (seconds, attoseconds) = components
        bytes.append(integer: seconds * 1_000_000 + attoseconds / 1_000_000_000_000)
        bytes.append(integer: Int32(0))
        bytes.append(integer: Int32(0))
        return true
    }

    package static func decode(_ bytes: Span<UInt8>, type: UInt32) -> Duration? {
        guard let microseconds = Int64(bigEndian: bytes, at: 0), let days = Int32(bigEndian: bytes, at: 8),
            Int32(bigEndian: bytes, at: 12) == 0
        else { return nil }
        return .microseconds(microseconds) + .seconds(Int64(days) * 86_400)
    }
}

/// A day of the (proleptic Gregorian) calendar, with no zone: SQL's date.
package struct CalendarDay: Hashable, Comparable, Codable, Sendable, CustomStringConvertible {
    package let year: Int
    package let month: Int
    package let day: Int

    /// Nil where the calendar has no such day.
    package init?(year: Int, month: Int, day: Int) {
        guard (1...9999).contains(year), (1...12).contains(month), day >= 1 else { return nil }
        self.year = year
        self.month = month
        self.day = day
        guard CalendarDay(daysSince2000: daysSince2000) == self else { return nil }
    }

    /// `2026-11-22`, exactly so; nil otherwise.
    package init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.map(\.utf8.count) == [4, 2, 2], parts.allSatisfy({ $0.utf8.allSatisfy { 48...57 ~= $0 } }),
            let year = Int(parts[0]), let month = Int(parts[1]), let day = Int(parts[2])
        else { return nil }
        self.init(year: year, month: month, day: day)
    }

    /// Counted from 2000-01-01, as PostgreSQL does (Hinnant's days_from_civil).
    package init(daysSince2000 days: Int) {
        let shifted = days + 730_425
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
        month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    package var daysSince2000: Int {
        let marchYear = month <= 2 ? year - 1 : year
        let era = (marchYear >= 0 ? marchYear : marchYear - 399) / 400
        let yearOfEra = marchYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 730_425
    }

    package func adding(days: Int) -> CalendarDay { CalendarDay(daysSince2000: daysSince2000 + days) }

    package static func < (left: CalendarDay, right: CalendarDay) -> Bool {
        (left.year, left.month, left.day) < (right.year, right.month, right.day)
    }

    package var description: String {
        func padded(_ number: Int, _ width: Int) -> String {
            let digits = String(number)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        return "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
    }
}

extension CalendarDay: PostgresValue {
    package static var type: UInt32 { TypeID.date }

    package func encode(into bytes: inout [UInt8]) -> Bool {
        bytes.append(integer: Int32(daysSince2000))
        return true
    }

    package static func decode(_ bytes: Span<UInt8>, type: UInt32) -> CalendarDay? {
        guard bytes.count == 4, let days = Int32(bigEndian: bytes, at: 0), days != .max, days != .min else {
            return nil
        }
        return CalendarDay(daysSince2000: Int(days))
    }
}
