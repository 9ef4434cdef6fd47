import Foundation
import PracticeSimulator
import Reconciliation
import Testing
import Worker

@testable import Pmsync

/// A season of a day or two through the real path: journal, queue, worker, fan-out, a booking app's list, reconciliation.
@Suite(.timeLimit(.minutes(5))) struct AgreementTests {
    private static let plan = AgreementPlan(
        seed: 5, days: 2, practices: 2, providers: 5, appointments: 60, share: 0.5)

    @Test func `every fault that is planted is found under its cause, and nobody innocent is accused`() async throws {
        var run = AgreementRun(Self.plan)
        try await run.play(workflows: Repository.workflows)
        #expect(run.judge.signs >= 6)
        #expect(run.innocents > run.judge.plants.count)
        #expect(run.judge.recall == 1, "\(run.stories.joined(separator: "\n"))")
        #expect(run.judge.wrongs.isEmpty, "\(run.stories.joined(separator: "\n"))")
        // What the old feed lost is ours alone, and what it had an hour out differs.
        let (parity, old) = (try #require(run.parity), try #require(run.oldFeed))
        #expect(parity.same > 20 && old.lost + old.hourOff > 0)
        #expect(parity.differs == old.hourOff && parity.onlyOurs >= old.lost && parity.waiting == 0)
    }

    @Test func `a rule that is switched off is seen`() async throws {
        // Whatever changed in the last month may still be on its way: then nothing is ever found.
        var rules = Rules()
        rules.grace = 30 * 86_400
        var plan = Self.plan
        plan.days = 1
        var run = AgreementRun(plan)
        try await run.play(workflows: Repository.workflows, rules: rules)
        #expect(run.judge.signs > 0)
        #expect(run.judge.recall < 0.5)
        #expect(!run.stories.isEmpty)
    }
}

@Suite struct PlantingTests {
    @Test func `faults of every code that a finding may have are planted`() {
        var season = AgreementPlan(seed: 3, days: 12, practices: 1, providers: 8, appointments: 120, share: 0.4).season
        _ = season.advance(to: AgreementPlan(days: 12).at(11, 22))
        let planted = Set(season.plants.flatMap(\.signs).map(\.code))
        #expect(Set(FindingCode.allCases.map(\.rawValue)).subtracting(planted) == [])
    }
}

@Suite struct AgreementJudgeTests {
    private let noon = Date(timeIntervalSince1970: 1_792_000_000)
    private let day = LocalDay(year: 2026, month: 10, day: 19)

    private func sighting(_ code: String, _ cause: String, _ appointment: String) -> Sighting {
        Sighting(practice: "0001", key: code + appointment, code: code, cause: cause, appointments: [appointment])
    }

    private func judged(_ sightings: [Sighting]) -> AgreementJudge {
        let plants = [
            Plant(
                kind: .dropped, practice: "0001", appointment: "A1", day: day,
                signs: [PlantSign("missing-here", "never-sent")], from: noon - 7200, until: noon + 86_400, message: "1"),
            Plant(
                kind: .doubledInApp, practice: "0001", appointment: "A2", day: day,
                signs: [PlantSign("duplicate-in-app", "")], from: noon - 7200, until: noon - 3600, message: "2"),
        ]
        var judge = AgreementJudge()
        judge.observe(sightings, plants: plants, asOf: noon - 600, now: noon, window: day...day)
        return judge
    }

    @Test func `what was planted and is said is right`() {
        let judge = judged([sighting("missing-here", "never-sent", "A1")])
        #expect(judge.recall == 1 && judge.precision == 1 && judge.signs == 1 && judge.wrongs.isEmpty)
    }

    @Test func `another cause, silence, an innocent and a fault that was mended are each wrong in their way`() {
        let other = judged([sighting("missing-here", "parked", "A1")])
        #expect(other.recall == 0 && other.precision == 1)
        let silence = judged([])
        #expect(silence.recall == 0 && silence.falseAccusations == 0)
        let innocent = judged([
            sighting("missing-here", "never-sent", "A1"), sighting("time-differs", "never-sent", "A9"),
        ])
        #expect(innocent.recall == 1 && innocent.precision == 0.5 && innocent.falseAccusations == 1)
        let mended = judged([
            sighting("missing-here", "never-sent", "A1"), sighting("duplicate-in-app", "unknown", "A2"),
        ])
        #expect(mended.falseAccusations == 1)
        #expect(mended.wrongs.count == 1)
    }
}
