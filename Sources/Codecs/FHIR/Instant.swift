package import Foundation

/// A point in time with the offset it is to be read at: FHIR's `instant`, which always names its zone.
///
/// Two instants are equal when they are the same point, whatever their offsets.
package struct Instant: Codable, Sendable, Comparable, Hashable {
    package let date: Date
    package let offsetSeconds: Int

    /// In UTC when no zone is given; pass the practice's zone where the instant is shown to people.
    package init(_ date: Date, zone: TimeZone = .gmt) {
        self.init(date, offsetSeconds: zone.secondsFromGMT(for: date))
    }

    /// An offset is written in whole minutes: seconds of one (zones before 1900) are dropped.
    package init(_ date: Date, offsetSeconds: Int) {
        self.date = date
        self.offsetSeconds = offsetSeconds / 60 * 60
    }

    package static func == (one: Instant, other: Instant) -> Bool { one.date == other.date }
    package static func < (one: Instant, other: Instant) -> Bool { one.date < other.date }
    package func hash(into hasher: inout Hasher) { hasher.combine(date) }
}

// MARK: Text

extension Instant: CustomStringConvertible {
    /// `2026-11-03T09:00:00-07:00`, with milliseconds or microseconds where there are any.
    package var description: String {
        let micros = Int64((date.timeIntervalSince1970 * 1_000_000).rounded()) + Int64(offsetSeconds) * 1_000_000
        let (seconds, fraction) = micros.flooredDivision(by: 1_000_000)
        let (days, second) = seconds.flooredDivision(by: 86_400)
        let day = CalendarDate(daysSince1970: Int(days))
        var text = "\(day)T\(pad(second / 3600)):\(pad(second / 60 % 60)):\(pad(second % 60))"
        if fraction != 0 {
            text += fraction % 1000 == 0 ? "." + pad(fraction / 1000, to: 3) : "." + pad(fraction, to: 6)
        }
        let minutes = Int64(abs(offsetSeconds) / 60)
        return text + (offsetSeconds < 0 ? "-" : "+") + "\(pad(minutes / 60)):\(pad(minutes % 60))"
    }

    /// Nil for a text that is no instant: no zone, no seconds, a 30th of February.
    package init?(_ text: String) {
        guard let moment = Moment(text), moment.precision == .second, let offset = moment.offsetSeconds,
            let date = moment.date(offsetSeconds: offset)
        else { return nil }
        self.init(date, offsetSeconds: offset)
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let instant = Instant(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not an instant with a zone")
        }
        self = instant
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

func pad(_ number: some BinaryInteger, to width: Int = 2) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
}

extension Int64 {
    /// Quotient towards minus infinity, and a remainder that is never negative.
    func flooredDivision(by divisor: Int64) -> (Int64, Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
