import Foundation
import HL7
import Testing

@testable import PracticeSimulator

@Suite struct ScriptTests {
    @Test func `the same seed gives the same bytes and the same list`() {
        let one = Array(Script(premises()).prefix(600))
        let other = Array(Script(premises()).prefix(600))
        #expect(one.count == 600)
        #expect(one == other)
    }

    @Test func `another seed, day or practice gives other bytes`() {
        let one = Script(premises()).prefix(50).map(\.bytes)
        var later = premises()
        later.date = firstOfDecember.adding(days: 1)
        var elsewhere = premises()
        elsewhere.practice = "0002"
        for other in [premises(seed: 8), later, elsewhere] {
            #expect(Set(Script(other).prefix(50).map(\.bytes)).isDisjoint(with: one))
        }
    }

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func `every message parses and has one person or is a block`(seed: UInt64) throws {
        for step in Script(premises(seed: seed, habits: oddHabits)).prefix(800) {
            let message = try Message(step.bytes)
            let blocks = ["S23", "S24"].contains(step.event)
            #expect(message.segments(named: "PID").count == (blocks ? 0 : 1))
            #expect(message.segments(named: "SCH").count == 1)
            #expect(message.text("MSH-9.2") == step.event)
            #expect(message.text("MSH-10") == step.controlID)
            #expect(message.text("MSH-4.2") == "0001")
            #expect(message.text("MSH-7")?.count == 17)
            #expect(message.text("SCH-11.4") == step.entry.start.twelveDigits)
            if let person = step.entry.person { #expect(message.text("PID-5.1") == person.family) }
        }
    }

    @Test func `no control id comes twice and the PM's clock never stands still`() {
        let steps = Array(Script(premises(habits: oddHabits)).prefix(1500))
        #expect(Set(steps.map(\.controlID)).count == steps.count)
        #expect(zip(steps, steps.dropFirst()).allSatisfy { $0.at < $1.at })
        #expect(steps.map(\.number) == Array(0..<1500))
    }

    @Test func `a few days hold each kind of message and each oddity`() {
        let steps = Array(Script(premises(appointments: 30, habits: oddHabits)).prefix(6000))
        #expect(Set(steps.map(\.event)) == ["S12", "S13", "S14", "S15", "S17", "S23", "S24", "S26"])
        #expect(Set(steps.flatMap(\.oddities)) == Set(Oddity.allCases).subtracting([.loaded]))
    }

    @Test func `the history of a load says so and nothing after it does`() throws {
        var load = premises()
        load.loadsHistory = true
        let steps = Script(load).day()
        #expect(try steps.allSatisfy { try Message($0.bytes).text("MSH-11.2") == ($0.quick ? "I" : nil) })
    }

    @Test func `midnight is silent, and who was there after all is told on the next morning`() {
        let steps = Array(Script(premises(appointments: 60, habits: oddHabits)).prefix(2500))
        let absent = steps.filter { $0.oddities.contains(.noShowAtMidnight) }
        #expect(absent.count > 5)
        #expect(absent.allSatisfy { $0.silent && $0.at.minute < 30 && $0.entry.start.day < $0.at.day })
        let late = steps.filter { $0.oddities.contains(.keptNextDay) }
        #expect(!late.isEmpty)
        #expect(late.allSatisfy { $0.event == "S12" && !$0.silent && $0.entry.start.day < $0.at.day })
        #expect(Set(late.map(\.entry.id)).isSubset(of: absent.map(\.entry.id)))
    }

    @Test func `a chain's links follow one another and become one visit`() {
        let steps = Array(Script(premises(appointments: 60, habits: oddHabits)).prefix(2500))
        let links = Dictionary(grouping: steps.filter { $0.act == .booked && $0.oddities.contains(.chain) }) {
            $0.entry.bundle ?? ""
        }
        #expect(links.count > 3)
        for chain in links.values {
            #expect(Set(chain.map(\.entry.provider)).count == 3)
            #expect(zip(chain, chain.dropFirst()).allSatisfy { $0.entry.end == $1.entry.start })
        }
        let kept = steps.filter { $0.act == .kept && $0.entry.bundle?.hasPrefix("C") == true }
        #expect(Set(kept.compactMap(\.entry.visit)).count < kept.count)
    }

    @Test func `the history comes first, quickly, and before the day`() {
        let steps = Script(premises()).day()
        let history = steps.prefix { $0.quick }
        #expect(history.count > 80)
        #expect(
            history.allSatisfy { $0.at.day <= firstOfDecember && $0.at < LocalTime(firstOfDecember, minute: 7 * 60) })
        #expect(steps.dropFirst(history.count).allSatisfy { $0.at.day == firstOfDecember && !$0.quick })
        #expect(Set(history.map(\.entry.start.day)).count >= 6)
    }

    @Test func `at the day's end nobody of the day is still expected`() {
        var script = Script(premises(appointments: 40))
        while let step = script.next(), step.at.day <= firstOfDecember {}
        while let step = script.next(), step.quick {}
        let left = script.book.entries.values.filter {
            $0.start.day == firstOfDecember && !$0.isBlock && $0.status.isOpen
        }
        #expect(left.isEmpty)
    }

    @Test func `no provider and no person is in two places at once`() {
        var habits = oddHabits
        habits.overbooked = 0
        var script = Script(premises(appointments: 60, habits: habits))
        for _ in 0..<900 { _ = script.next() }
        let standing = script.book.entries.values.filter {
            ![.cancelled, .deleted, .noShow, .waiting].contains($0.status) && $0.event != VisitType.group.code
        }
        func clashes(_ key: (BookEntry) -> String?) -> [String] {
            Dictionary(grouping: standing.filter { key($0) != nil }) { key($0) ?? "" }.values.flatMap { entries in
                let sorted = entries.sorted { $0.start < $1.start }
                return zip(sorted, sorted.dropFirst()).filter { $0.end > $1.start }.map { "\($0.id) \($1.id)" }
            }
        }
        #expect(clashes { $0.provider }.isEmpty)
        #expect(clashes { $0.person.map { "\($0.number)" } }.isEmpty)
    }

    @Test func `with the world's clock no message is of the future`() throws {
        let start = try Date("2026-12-01T14:00:00Z", strategy: .iso8601)
        let anchor = ScriptClock.Anchor(from: 0, instant: start, pace: 2)
        let premises = premises(clock: .now(anchors: [anchor]))
        let live = Script(premises).prefix(600).filter { !$0.quick }
        let now = LocalTime(start, in: premises.zone)
        #expect(live.count > 100)
        for (index, step) in live.enumerated() {
            #expect(step.at.milliseconds - now.milliseconds - Int64(index) * 2000 < 1000)
        }
        #expect(live.contains { $0.act == .kept })
    }

    @Test func `days and times are those of the calendar`() throws {
        #expect(LocalDay("2026-12-01") == firstOfDecember)
        #expect(LocalDay("2026-02-30") == nil)
        #expect(LocalDay("2028-02-29")?.adding(days: 1).description == "2028-03-01")
        #expect(!firstOfDecember.isWeekend)
        #expect(firstOfDecember.adding(days: 4).isWeekend)
        let zone = try #require(TimeZone(identifier: "America/New_York"))
        let instant = try Date("2026-12-01T20:05:09Z", strategy: .iso8601)
        #expect(LocalTime(instant, in: zone).seventeenDigits == "20261201150509000")
    }

    @Test func `people are made up and seen to be`() {
        let steps = Script(premises()).prefix(300)
        #expect(
            steps.allSatisfy { $0.entry.person.map { $0.family.hasPrefix("ZZ") && $0.phone.hasPrefix("555") } ?? true })
    }
}
