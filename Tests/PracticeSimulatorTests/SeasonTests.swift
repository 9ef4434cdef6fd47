import Foundation
import HL7
import Testing

@testable import PracticeSimulator

@Suite struct SeasonTests {
    private func season(seed: UInt64 = 3, share: Double = 0.15) -> Season {
        var habits = Habits()
        habits.waitList = 0.05
        return Season(
            ["0001", "0002"].map { practice in
                var premises = Premises(
                    seed: seed, date: firstOfDecember, practice: practice, providers: 4, appointmentsADay: 50,
                    habits: habits)
                premises.loadsHistory = true
                return premises
            }, share: share)
    }

    private func at(_ day: Int, _ hour: Int) -> Date {
        LocalTime(firstOfDecember.adding(days: day), minute: hour * 60)
            .instant(in: TimeZone(identifier: "America/Chicago") ?? .gmt)
    }

    @Test func `the same season gives the same messages, plants and lists, however it is asked for`() {
        var one = season()
        var other = season()
        let all = one.advance(to: at(3, 22)).map(\.bytes)
        var parts: [[UInt8]] = []
        for day in 0..<4 {
            for hour in [6, 22] { parts += other.advance(to: at(day, hour)).map(\.bytes) }
        }
        #expect(Set(all) == Set(parts))
        #expect(one.plants == other.plants)
        #expect(one.houses.map(\.list) == other.houses.map(\.list))
        #expect(season(seed: 4).houses[0].premises != one.houses[0].premises)
    }

    @Test func `faults of every kind are planted, among ten times as many oddities`() {
        var season = season(share: 0.4)
        var seldom = self.season(share: 0.03)
        _ = season.advance(to: at(14, 22))
        _ = seldom.advance(to: at(9, 22))
        #expect(Set(PlantKind.allCases).subtracting(season.plants.map(\.kind)) == [])
        #expect(seldom.plants.count > 3)
        #expect(seldom.oddities.values.reduce(0, +) > 10 * seldom.plants.count)
        for plant in season.plants {
            #expect(!plant.signs.isEmpty)
            #expect(plant.from < plant.until)
        }
    }

    @Test func `a practice that goes live by a file sends nothing of what is in it until it changes`() throws {
        var premises = Premises(seed: 3, date: firstOfDecember, practice: "0003", providers: 4, appointmentsADay: 50)
        (premises.loadsHistory, premises.loadsByFile) = (true, true)
        var house = House(premises, rates: PlantRates(share: 0.1))
        #expect(house.advance(to: at(0, 6)).isEmpty)
        let lines = try #require(house.load).split(separator: "\n")
        #expect(lines.count > 100)
        #expect(lines.allSatisfy { $0.split(separator: ",", omittingEmptySubsequences: false).count == 14 })
        let listed = Set(house.list.split(separator: "\n").map { $0.prefix { $0 != "," } })
        #expect(listed == Set(lines.map { $0.prefix { $0 != "," } }))
        #expect(!house.advance(to: at(0, 12)).contains { String(decoding: $0.bytes, as: UTF8.self).contains("|P^I|") })
    }

    @Test func `an old feed tells the app of what the PM sends, but for what it loses`() {
        var premises = Premises(seed: 3, date: firstOfDecember, practice: "0004", providers: 4, appointmentsADay: 50)
        (premises.loadsHistory, premises.hasOldFeed) = (true, true)
        var house = House(premises, rates: PlantRates(share: 0.000001))
        let sent = house.advance(to: at(3, 22)).filter { !String(decoding: $0.bytes, as: UTF8.self).contains("|P^I|") }
        let told = house.takeTellings()
        #expect(told.keys.allSatisfy { id in sent.contains { $0.controlID == id } })
        #expect(told.count == house.oldFeed?.told)
        #expect((house.oldFeed?.lost ?? 0) > 0 && (house.oldFeed?.hourOff ?? 0) > 0)
        #expect(told.values.allSatisfy { String(decoding: $0, as: UTF8.self).contains("|Old Link|") })
        #expect(house.takeTellings().isEmpty)
    }

    @Test func `faults do not change what else happens`() {
        var spoilt = season(share: 0.1)
        var clean = season(share: 0.000001)
        _ = spoilt.advance(to: at(0, 6))
        _ = clean.advance(to: at(0, 6))
        #expect(spoilt.houses.map(\.list) == clean.houses.map(\.list))
        #expect(clean.plants.isEmpty)
    }

    @Test func `what was never sent is on the list and in no message until it is mended`() throws {
        var season = season(share: 0.2)
        var sent = season.advance(to: at(2, 13))
        let dropped = season.plants.filter { $0.kind == .neverSent || $0.kind == .dropped }
        #expect(dropped.count > 3)
        let messages = Set(sent.map(\.controlID))
        for plant in dropped { #expect(plant.message.map(messages.contains) == false) }
        sent += season.advance(to: at(9, 22))
        let open = season.plants.filter {
            $0.kind == .neverSent && $0.until < at(8, 0) && $0.signs.first?.code == "missing-here"
        }
        for plant in open { #expect(sent.contains { $0.appointment == plant.appointment && $0.at >= plant.until }) }
    }

    @Test func `a wall's time is an instant, in summer and in winter`() throws {
        let zone = try #require(TimeZone(identifier: "America/Denver"))
        for text in ["2026-10-31T18:00:00Z", "2026-11-01T18:00:00Z", "2026-07-01T05:30:00Z"] {
            let instant = try Date(text, strategy: .iso8601)
            #expect(LocalTime(instant, in: zone).instant(in: zone) == instant)
        }
    }
}
