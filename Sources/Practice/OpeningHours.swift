package import Foundation

/// When a practice is open: outside of it nobody sends, so silence says nothing.
package struct OpeningHours: Hashable, Sendable {
    /// By weekday, 0 is Monday: minutes since midnight by the practice's clock. Empty: closed that day.
    private let days: [[Range<Int>]]
    private let holidays: Set<Day>

    /// Always open but on holidays, which is what holds where nobody said anything.
    package init(holidays: Set<Day> = []) {
        self.init(days: Array(repeating: [0..<1440], count: 7), holidays: holidays)
    }

    /// - Parameter days: seven, from Monday on.
    package init(days: [[Range<Int>]], holidays: Set<Day> = []) {
        precondition(days.count == 7, "a week has seven days")
        self.days = days
        self.holidays = holidays
    }

    package func isHoliday(_ day: Day) -> Bool { holidays.contains(day) }

    /// The open stretches of a day, in order.
    func minutes(of day: Day) -> [Range<Int>] {
        isHoliday(day) ? [] : days[day.weekday]
    }

    /// Seconds of open hours between two instants, to the minute; counting ends at `limit`.
    package func seconds(
        from start: Date, to end: Date, upTo limit: TimeInterval, by time: PracticeTime
    ) -> TimeInterval {
        var counted: TimeInterval = 0
        var instant = start
        while instant < end, counted < limit {
            let next = min(end, instant.addingTimeInterval(60))
            if isOpen(at: time.wall(at: instant)) { counted += next.timeIntervalSince(instant) }
            instant = next
        }
        return counted
    }

    package func isOpen(at wall: WallTime) -> Bool {
        let minute = wall.hour * 60 + wall.minute
        return minutes(of: wall.day).contains { $0.contains(minute) }
    }
}

extension OpeningHours {
    package static let weekdays = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

    /// The weekdays of `mon`, `mon-fri` or `fri-mon`; nil for anything else.
    package static func weekdays(_ text: String) -> [Int]? {
        let ends = text.lowercased().split(separator: "-", omittingEmptySubsequences: false)
            .map { weekdays.firstIndex(of: String($0)) }
        switch ends.count {
        case 1: return ends[0].map { [$0] }
        case 2:
            guard let first = ends[0], let last = ends[1] else { return nil }
            return (0...(last - first + 7) % 7).map { (first + $0) % 7 }
        default: return nil
        }
    }

    /// Minutes of `08:00-17:30`; the end may be 24:00. Nil for anything else.
    package static func stretch(_ text: String) -> Range<Int>? {
        let ends = text.split(separator: "-", omittingEmptySubsequences: false).map { minute(String($0)) }
        guard ends.count == 2, let start = ends[0], let end = ends[1], start < end else { return nil }
        return start..<end
    }

    private static func minute(_ text: String) -> Int? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ (1...2).contains($0.utf8.count) }), parts[1].utf8.count == 2,
            let hour = Int(parts[0]), let minute = Int(parts[1]), (0...24).contains(hour), (0..<60).contains(minute),
            hour < 24 || minute == 0
        else { return nil }
        return hour * 60 + minute
    }
}

extension Day {
    /// 0 is Monday: 1970-01-01 was a Thursday.
    package var weekday: Int { ((number + 3) % 7 + 7) % 7 }
}
