import Foundation
package import Practice

/// An alarm in the words of an office: which feed, since when by the practice's clock, what that means. Pure.
package struct AlarmWords: Sendable {
    private let alarm: SilentFeed
    private let practice: String
    private let time: PracticeTime

    package init(_ alarm: SilentFeed, practice: String, time: PracticeTime) {
        self.alarm = alarm
        self.practice = practice
        self.time = time
    }

    package var subject: String { "\(practice): feed \(alarm.feed) is silent since \(clock(alarm.since))" }

    package var body: String {
        let usual =
            alarm.usual.map { "At this hour a message usually comes every \(Self.words($0)).\n" }
            ?? "That is longer than the practice has declared to matter.\n"
        return "\(practice) has heard nothing from its feed \(alarm.feed) since \(day(alarm.since)).\n" + usual
            + """

            Until it speaks again, differences that depend on it are withheld, and booking apps hear of no change.
            Look at the sender's interface engine and its connection to pmsync; `pmsync feed list` shows what waits here.

            This is told once; another message comes when the feed speaks again.

            """
    }

    package var endSubject: String { "\(practice): feed \(alarm.feed) speaks again" }

    package var endBody: String {
        let end = alarm.endedAt.map { " at \(day($0))" } ?? ""
        return """
            The feed \(alarm.feed) of \(practice) speaks again\(end). It had been silent since \(day(alarm.since)).

            What its sender kept meanwhile is being taken in; what was withheld is compared again with the next run.

            """
    }

    private func clock(_ instant: Date) -> String { String(day(instant).dropFirst(11)) }

    /// `2026-11-22 14:02`, by the practice's clock.
    private func day(_ instant: Date) -> String { String(time.text(instant).replacing("T", with: " ").prefix(16)) }

    static func words(_ seconds: TimeInterval) -> String {
        let minutes = Int((seconds / 60).rounded())
        if minutes <= 1 { return "minute" }
        if minutes < 90 { return "\(minutes) minutes" }
        let hours = Int((seconds / 3600).rounded())
        return "\(hours) hours"
    }
}
