import Foundation
import Practice
import Testing

@Suite struct RhythmTests {
    private static let denver = PracticeTime(zone: TimeZone(identifier: "America/Denver") ?? .gmt)
    private static let weekdays = OpeningHours(days: Array(repeating: [8 * 60..<17 * 60], count: 5) + [[], []])

    /// A wall time of December 2026 in Denver; the 14th is a Monday.
    private static func at(_ day: Int, _ hour: Int, _ minute: Int = 0) -> Date {
        let wall = WallTime(year: 2026, month: 12, day: day, hour: hour, minute: minute)
        return wall.map { denver.reading(of: $0, receipt: Date()).instant } ?? .distantPast
    }

    /// Messages every `gap` minutes from eight to five on working days, four weeks up to that instant.
    private static func messages(every gap: Int, until end: Date) -> [Date] {
        var found: [Date] = []
        var instant = at(14, 8).addingTimeInterval(-28 * 86_400)
        while instant < end {
            if weekdays.isOpen(at: denver.wall(at: instant)) { found.append(instant) }
            instant.addTimeInterval(TimeInterval(gap * 60))
        }
        return found
    }

    private static func rhythm(
        every gap: Int, now: Date, hours: OpeningHours = OpeningHours(), silences: [Range<Date>] = []
    ) -> Rhythm {
        Rhythm(
            heard: messages(every: gap, until: at(14, 9)), from: at(14, 8).addingTimeInterval(-28 * 86_400), now: now,
            silences: silences, time: denver, hours: hours)
    }

    @Test(
        "A busy feed's silence matters within minutes, a slow feed's within hours",
        arguments: [
            (1, 10, 20), (10, 25, 75), (30, 120, 280),
        ])
    func speaks(gap: Int, fineFor: Int, silentBy: Int) {
        let last = Self.at(14, 9)
        let rhythm = Self.rhythm(every: gap, now: last)
        let fine = rhythm.judge(last: last, now: last.addingTimeInterval(TimeInterval(fineFor * 60)))
        #expect(fine == .fine)
        let late = rhythm.judge(last: last, now: last.addingTimeInterval(TimeInterval(silentBy * 60)))
        #expect(late == .silent(since: last))
        let usual = rhythm.usualGap(at: last) ?? 0
        #expect(abs(usual - max(300, TimeInterval(gap * 60))) < 30)
    }

    @Test("The night, the weekend and a holiday are no silence; the first busy hour after them is")
    func rests() {
        let friday = Self.at(11, 16, 59)
        let rhythm = Self.rhythm(every: 1, now: Self.at(14, 7))
        #expect(rhythm.judge(last: friday, now: Self.at(12, 12)) == .fine)
        #expect(rhythm.judge(last: friday, now: Self.at(14, 7, 55)) == .fine)
        #expect(rhythm.judge(last: friday, now: Self.at(14, 8, 31)) == .silent(since: friday))
        let closed = OpeningHours(holidays: Day("2026-12-14").map { [$0] } ?? [])
        let restful = Self.rhythm(every: 1, now: Self.at(14, 7), hours: closed)
        #expect(restful.judge(last: friday, now: Self.at(14, 16)) == .fine)
        #expect(restful.judge(last: friday, now: Self.at(15, 8, 31)) == .silent(since: friday))
    }

    @Test("What the practice declares wins: minutes of its open hours, or never")
    func declared() {
        let last = Self.at(11, 16, 50)
        let rhythm = Rhythm(
            .after(1800), heard: [], from: last, now: last, time: Self.denver, hours: Self.weekdays)
        #expect(rhythm.judge(last: last, now: Self.at(14, 8, 19)) == .fine)
        #expect(rhythm.judge(last: last, now: Self.at(14, 8, 21)) == .silent(since: last))
        let never = Rhythm(.never, heard: [], from: last, now: last, time: Self.denver)
        #expect(never.judge(last: last, now: Self.at(14, 16)) == .notJudged(.declared))
    }

    @Test("A feed is judged once three days of its hours are known, by working days together at first")
    func learns() {
        let heard = Self.messages(every: 1, until: Self.at(16, 12))
        for (first, verdict) in [
            (Self.at(14, 0), Rhythm.Verdict.notJudged(.tooLittleLearned)),
            (Self.at(10, 0), .silent(since: Self.at(16, 12))),
        ] {
            let rhythm = Rhythm(heard: heard, from: first, now: Self.at(16, 13), time: Self.denver)
            #expect(rhythm.judge(last: Self.at(16, 12), now: Self.at(16, 13)) == verdict)
        }
        let none = Rhythm(heard: [], from: Self.at(1, 0), now: Self.at(16, 13), time: Self.denver)
        #expect(none.judge(last: nil, now: Self.at(16, 13)) == .notJudged(.neverHeard))
    }

    @Test("A day on which the feed was silent teaches nothing, so a second outage is told as soon as the first")
    func outages() {
        let last = Self.at(14, 9)
        let outage = Self.at(7, 8)..<Self.at(9, 17)
        let heard = Self.messages(every: 1, until: last).filter { !outage.contains($0) }
        let from = Self.at(14, 8).addingTimeInterval(-28 * 86_400)
        let learned = Rhythm(heard: heard, from: from, now: last, silences: [outage], time: Self.denver)
        let fooled = Rhythm(heard: heard, from: from, now: last, time: Self.denver)
        let soon = last.addingTimeInterval(16 * 60)
        #expect(learned.judge(last: last, now: soon) == .silent(since: last))
        #expect(fooled.judge(last: last, now: soon) == .fine)
    }

    @Test(
        "Opening hours are written as people write them",
        arguments: [
            ("mon-fri", [0, 1, 2, 3, 4]), ("sat", [5]), ("fri-mon", [4, 5, 6, 0]), ("sun-sun", [6]),
        ])
    func weekdays(text: String, days: [Int]) {
        #expect(OpeningHours.weekdays(text) == days)
    }

    @Test(
        "What is no stretch of a day is refused",
        arguments: ["8-17", "17:00-08:00", "08:00", "25:00-26:00", "8:0-9:00"])
    func stretches(text: String) {
        #expect(OpeningHours.stretch(text) == nil)
        #expect(OpeningHours.stretch("8:00-24:00") == 480..<1440)
    }
}
