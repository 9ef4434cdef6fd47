package import Foundation
package import Practice

extension PracticeTime {
    /// When the practice's clock shows so many hours of that day: nine is nine, also after a night in which it was put
    /// forward or back.
    package func instant(of day: Day, hour: Double) -> Date {
        let seconds = Int((hour * 3600).rounded())
        let (days, rest) = (seconds / 86_400, seconds % 86_400)
        let day = day.adding(days: days)
        guard
            let wall = WallTime(
                year: day.year, month: day.month, day: day.day, hour: rest / 3600, minute: rest / 60 % 60,
                second: rest % 60)
        else { preconditionFailure("\(hour) hours are before the day") }
        return reading(of: wall, receipt: start(of: day)).instant
    }
}
