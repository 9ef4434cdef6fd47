import Foundation
import Practice
import Records
import Testing

@testable import Scheduling

@Suite struct DayBurstTests {
    private let time = PracticeTime(zone: .gmt)
    private static let noon = Date(timeIntervalSince1970: 1_796_126_400)

    private func move(
        _ number: Int64, after seconds: Double, from doctor: String = "D1", to: (String, Double)? = nil,
        status: AppointmentStatus = .cancelled
    ) -> AppointmentMove {
        var before = Appointment(id: UUID(), status: .booked, eventAt: Self.noon)
        before.start = Self.noon + Double(number) * 1800
        before.resources = [ResourceUse(kind: .practitioner, code: doctor), ResourceUse(kind: .location, code: "MAIN")]
        var after = before
        if let to {
            after.start = before.start.map { $0 + to.1 * 86_400 }
            after.resources = [ResourceUse(kind: .practitioner, code: to.0)]
        } else {
            after.status = status
        }
        return AppointmentMove(
            number: number, at: Self.noon + seconds, record: before.id, before: before, after: after)
    }

    private func find(_ moves: [AppointmentMove], after seconds: Double = 600, left: Int = 0) -> [DayBurst] {
        let places = DayBurst.places(moves, time: time)
        let left = Dictionary(uniqueKeysWithValues: places.map { ($0, left) })
        return DayBurst.find(moves, time: time, now: Self.noon + seconds, left: left)
    }

    private func day(_ count: Int64, apart: Double = 2, to: (String, Double)? = nil) -> [AppointmentMove] {
        (1...count).map { move($0, after: Double($0) * apart, to: to) }
    }

    @Test func aDayThatGoesAtOnceIsOneActWithItsMembersInOrder() throws {
        let moves = day(8)
        let found = find(moves.shuffled())
        #expect(found.count == 1)
        #expect(found.first?.kind == .cancelled && found.first?.from.code == "D1")
        #expect(found.first?.members == moves.map(\.record))
    }

    @Test func aTransferIsToAnotherResourceOrAnotherDay() {
        for to in [("D2", 0.0), ("D1", 7.0), ("D2", 7.0)] {
            let found = find(day(6, to: to))
            #expect(found.map(\.kind) == [.transferred] && found.first?.to?.code == to.0)
        }
        #expect(find(day(6, to: ("D1", 0))).isEmpty)
    }

    @Test func aFewOrALingeringTrickleOrADayThatStandsIsNoAct() {
        #expect(find(day(Int64(DayBurst.fewest) - 1)).isEmpty)
        #expect(find(day(8, apart: DayBurst.gap + 1), after: 5000).isEmpty)
        #expect(find(day(8), left: 8).isEmpty)
        #expect(find(day(8), left: 2).count == 1)
    }

    @Test func anActIsToldWhenItIsOver() {
        let moves = day(8)
        #expect(find(moves, after: 16 + DayBurst.quiet - 1).isEmpty)
        #expect(find(moves, after: 16 + DayBurst.quiet).count == 1)
    }

    @Test func twoResourcesAreTwoActs() {
        let other = (1...6).map { move(Int64($0) + 7, after: Double($0), from: "D9") }
        #expect(Set(find(day(6) + other).map(\.from.code)) == ["D1", "D9"])
    }

    @Test func noShowsAndWhatWasOverAreNoCancellations() {
        #expect(find((1...8).map { move($0, after: Double($0), status: .noshow) }).isEmpty)
    }
}
