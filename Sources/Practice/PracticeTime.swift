package import Foundation

/// A practice's clock: from what its wall shows to an instant and back, with nothing guessed silently.
///
/// The zone is the location's, else the practice's; a feed may declare its own.
package struct PracticeTime: Hashable, Sendable {
    package let zone: TimeZone

    package init(zone: TimeZone) { self.zone = zone }

    /// Nil unless the name is one of the tz database's, such as `America/Denver`.
    package init?(zoneNamed name: String) {
        guard let zone = TimeZone(identifier: name) else { return nil }
        self.zone = zone
    }

    /// The instant that a wall time was taken to be, and what a person must know about that.
    package struct Reading: Hashable, Sendable {
        package let instant: Date
        /// `.ambiguousTime`: the wall showed it twice. `.missingTime`: never. Nil: once, or the sender said the offset.
        package let flag: AppointmentFlag?
    }

    /// An offset that the sender wrote wins. Of two readings the nearer to `receipt` is taken, the earlier where they are
    /// as near; a time that the wall never showed moves forward by the gap (02:30 is 03:30).
    package func reading(of wall: WallTime, offsetSeconds: Int? = nil, receipt: Date) -> Reading {
        if let offsetSeconds { return Reading(instant: wall.instant(offsetSeconds: offsetSeconds), flag: nil) }
        let offsets = offsets(around: wall)
        let readings = readings(of: wall, offsets)
        guard let first = readings.first, let last = readings.last else {
            return Reading(instant: wall.instant(offsetSeconds: offsets.before), flag: .missingTime)
        }
        if first == last { return Reading(instant: first, flag: nil) }
        let isLastNearer =
            abs(last.timeIntervalSince(receipt)) < abs(first.timeIntervalSince(receipt))
        return Reading(instant: isLastNearer ? last : first, flag: .ambiguousTime)
    }

    /// What the wall shows, to the millisecond.
    package func wall(at instant: Date) -> WallTime {
        WallTime(
            milliseconds: Int((instant.timeIntervalSince1970 * 1000).rounded(.down))
                + zone.secondsFromGMT(for: instant) * 1000)
    }

    /// The practice-local calendar day: a visit's date of service.
    package func day(of instant: Date) -> Day { wall(at: instant).day }

    /// The day's first instant: midnight, the first of two, or where midnight is skipped the instant of the skip.
    package func start(of day: Day) -> Date {
        let midnight = WallTime(milliseconds: day.number * 86_400_000)
        let offsets = offsets(around: midnight)
        if let first = readings(of: midnight, offsets).first { return first }
        let noon = midnight.instant(offsetSeconds: offsets.before).addingTimeInterval(86_400)
        return change(after: noon.addingTimeInterval(-3 * 86_400), before: noon)
    }

    /// The first instant after the day: days are half-open, 23 to 25 hours long.
    package func end(of day: Day) -> Date { start(of: day.adding(days: 1)) }

    /// `2026-11-01T01:30:00-06:00`, whole seconds, always with the offset.
    package func text(_ instant: Date) -> String {
        let wall = wall(at: instant)
        let offset = zone.secondsFromGMT(for: instant) / 60
        return "\(wall.day)T\(padded(wall.hour)):\(padded(wall.minute)):\(padded(wall.second))"
            + (offset < 0 ? "-" : "+") + "\(padded(abs(offset) / 60)):\(padded(abs(offset) % 60))"
    }

    // MARK: Around a change of offset

    /// The offsets in force a day before and a day after: no zone changes twice in that time, and no offset is a day.
    private func offsets(around wall: WallTime) -> (before: Int, after: Int) {
        let asUTC = wall.instant(offsetSeconds: 0)
        return (
            zone.secondsFromGMT(for: asUTC.addingTimeInterval(-86_400)),
            zone.secondsFromGMT(for: asUTC.addingTimeInterval(86_400))
        )
    }

    /// None, one, or two instants, in order, at which the wall shows this.
    private func readings(of wall: WallTime, _ offsets: (before: Int, after: Int)) -> [Date] {
        let candidates = offsets.before == offsets.after ? [offsets.before] : [offsets.before, offsets.after]
        return candidates.compactMap { offset in
            let instant = wall.instant(offsetSeconds: offset)
            return zone.secondsFromGMT(for: instant) == offset ? instant : nil
        }.sorted()
    }

    /// The second at which the offset changes, by halving: Foundation tells only of changes to and from summer time.
    private func change(after low: Date, before high: Date) -> Date {
        var low = Int(low.timeIntervalSince1970)
        var high = Int(high.timeIntervalSince1970)
        let first = zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(low)))
        while high - low > 1 {
            let middle = low + (high - low) / 2
            let offset = zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(middle)))
            if offset == first { low = middle } else { high = middle }
        }
        return Date(timeIntervalSince1970: Double(high))
    }
}

extension WallTime {
    /// To the bit as a column of the same instant is read: events are compared by their times.
    fileprivate func instant(offsetSeconds: Int) -> Date {
        let (seconds, rest) = milliseconds.quotientAndRemainder(dividingBy: 1000)
        return Date(
            timeIntervalSinceReferenceDate: Double(seconds - offsetSeconds)
                - Date.timeIntervalBetween1970AndReferenceDate + Double(rest) / 1000)
    }
}
