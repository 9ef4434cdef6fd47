package import Foundation
import Practice

/// A message in a file names days that are ahead on one day and past on another. Here they keep their distance from now.
package enum WrittenDays {
    /// The message with every time of the year of `written` moved by the same number of days: those that bring the day
    /// `written` to so many days before today, in UTC. Other years' days, such as dates of birth, stay.
    package static func moved(
        _ message: [UInt8], written: String, toDaysAgo ago: Int, now: Date = Date()
    ) -> [UInt8] {
        let clock = PracticeTime(zone: .gmt)
        guard let from = Day(written) else { preconditionFailure("\(written) is no YYYY-MM-DD") }
        let today = clock.start(of: clock.day(of: now))
        let days = Int((today.timeIntervalSince(clock.start(of: from)) / 86_400).rounded()) - ago
        var result: [UInt8] = []
        for run in runs(message) {
            // YYYYMMDD, then nothing, hours and minutes, seconds or milliseconds.
            guard [8, 12, 14, 17].contains(run.count), run.starts(with: written.utf8.prefix(4)), let day = day(run)
            else {
                result += run
                continue
            }
            result += day.adding(days: days).description.utf8.filter { $0 != UInt8(ascii: "-") } + run.dropFirst(8)
        }
        return result
    }

    /// Digits that stand together, and what is between them.
    private static func runs(_ bytes: [UInt8]) -> [ArraySlice<UInt8>] {
        let isDigit = { (byte: UInt8) in (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
        var runs: [ArraySlice<UInt8>] = []
        var rest = bytes[...]
        while let first = rest.first {
            let run = rest.prefix { isDigit($0) == isDigit(first) }
            runs.append(run)
            rest = rest.dropFirst(run.count)
        }
        return runs
    }

    private static func day(_ run: ArraySlice<UInt8>) -> Day? {
        let digits = run.prefix(8).map { Int($0 - UInt8(ascii: "0")) }
        guard digits.count == 8, digits.allSatisfy({ (0...9).contains($0) }) else { return nil }
        let number = { (from: Int, to: Int) in digits[from..<to].reduce(0) { $0 * 10 + $1 } }
        return Day(year: number(0, 4), month: number(4, 6), day: number(6, 8))
    }
}
