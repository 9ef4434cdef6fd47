import Foundation
import Worker

/// A feed that is silent against its rhythm, or was, in a line.
struct AlarmLine {
    let feed: String
    let practice: String
    let since: Moment
    let usual: String
    let state: String
    let sign: String
    let tone: String

    init(_ alarm: SilentFeed, _ desk: Desk) {
        let time = desk.time(alarm.practice)
        feed = alarm.feed
        practice = desk.name(alarm.practice)
        since = Moment(alarm.since, time, now: desk.databaseNow)
        usual =
            alarm.usual.map { "usually a message every \(Moment.age($0)) at that hour" }
            ?? "longer than the practice says it may be"
        if let ended = alarm.endedAt {
            (state, sign, tone) = ("Spoke again \(Moment(ended, time, now: desk.databaseNow).text)", "✓", "good")
        } else {
            (state, sign, tone) = ("Silent", "✕", "bad")
        }
    }
}
