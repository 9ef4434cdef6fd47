import Foundation
import Postgres
import Practice
import PracticeSimulator
import Reconciliation
import Scheduling
import Worker

/// A season played to its end, and what its reports are worth.
struct AgreementRun: Sendable {
    let plan: AgreementPlan
    private(set) var judge = AgreementJudge()
    private(set) var season: Season
    private(set) var messages = 0
    private(set) var comparisons = 0
    /// What shadow would have told on the first day, beside what the old feed told.
    private(set) var parity: ParitySummary?
    private(set) var oldFeed: OldFeed?
    /// Message by message, of the first few that were got wrong.
    private(set) var stories: [String] = []
    private let say: @Sendable (String) -> Void

    /// - Parameter say: is told how far it is.
    init(_ plan: AgreementPlan, say: @escaping @Sendable (String) -> Void = { _ in }) {
        self.plan = plan
        self.say = say
        season = plan.season
    }

    /// Plays it on a database of its own. `rules` in place of the product's own show that the judgement can fail.
    mutating func play(
        workflows: String? = nil, temporary: String? = nil, rules: Rules = Rules()
    ) async throws {
        let stage = try await AgreementStage.set(plan, workflows: workflows, temporary: temporary, rules: rules)
        do {
            try await play(on: stage)
        } catch {
            await stage.strike()
            throw error
        }
        await stage.strike()
    }

    private mutating func play(on stage: AgreementStage) async throws {
        let began = ContinuousClock.now
        try await move(to: plan.at(0, 5), on: stage)
        for (practice, house) in zip(plan.names, season.houses) {
            if let file = house.load { try await stage.load(file, of: practice.name) }
        }
        try await stage.introduce()
        try await stage.shadow(plan.names[0].name)
        for day in 0..<plan.days {
            // The night's list, and the report at 7:30.
            try await move(to: plan.at(day, 6), on: stage)
            try await stage.passMidnight(plan.names.map(\.name))
            let night = try await export(on: stage)
            try await compare(at: plan.at(day, 7.5), asOf: night, day, on: stage)
            // A list at noon; the world goes on while it is made.
            try await move(to: plan.at(day, 12.8), on: stage)
            let noon = try await export(on: stage)
            try await move(to: plan.at(day, 13.1), on: stage)
            try await compare(at: plan.at(day, 13.3), asOf: noon, day, on: stage)
            try await move(to: plan.at(day, 22.5), on: stage)
            if day == 0 {
                oldFeed = season.houses[0].oldFeed
                parity = try await stage.endShadow(of: plan.names[0].name, at: plan.at(day, 22.8))
            }
            let elapsed = Int((ContinuousClock.now - began) / .seconds(1))
            say(
                "day \(day + 1) of \(plan.days): \(season.appointments) appointments, \(messages) messages, "
                    + "\(judge.signs) signs due, recall \(judge.recall), \(judge.falseAccusations) false; \(elapsed) s")
            try await tellWrongs(on: stage)
        }
    }

    /// Of what was got wrong since, while it can still be looked into.
    private mutating func tellWrongs(on stage: AgreementStage) async throws {
        for wrong in judge.wrongs.dropFirst(stories.count).prefix(40 - min(40, stories.count)) {
            var story = ["\(wrong)"]
            for number in wrong.appointments { story += try await stage.story(of: number).map { "    \($0)" } }
            stories.append(story.joined(separator: "\n"))
        }
    }

    private mutating func move(to instant: Date, on stage: AgreementStage) async throws {
        let sent = season.advance(to: instant)
        try await stage.clock.set(instant)
        for practice in plan.names {
            try await stage.obey(season.takeOrders(of: practice.number), of: practice.name)
        }
        messages += sent.count
        let tellings = season.takeTellings(of: plan.names[0].number)
        if parity == nil, stage.isInShadow {
            try await stage.deliver(sent, beside: tellings)
        } else {
            try await stage.deliver(sent)
        }
        try await stage.settle()
        for practice in plan.names {
            try await stage.obey(season.takeStaffOrders(of: practice.number), of: practice.name)
        }
    }

    private func export(on stage: AgreementStage) async throws -> Date {
        let asOf = try await stage.clock.now()
        for (practice, house) in zip(plan.names, season.houses) {
            try stage.export(house.list, of: practice.name, asOf: asOf)
        }
        return asOf
    }

    private mutating func compare(at instant: Date, asOf: Date, _ day: Int, on stage: AgreementStage) async throws {
        try await stage.clock.set(instant)
        let now = try await stage.clock.now()
        for practice in plan.names {
            let days = try await stage.reconciliation.usualDays(of: practice.name, now: now)
            for run in try await stage.reconciliation.run(
                practice: practice.name, from: days.from, to: days.to, now: now)
            {
                guard run.pmProblem == nil, run.appProblem == nil else {
                    throw AgreementError.unread(run.pmProblem?.code ?? run.appProblem?.code ?? "")
                }
            }
            comparisons += 1
        }
        let numbers = Dictionary(uniqueKeysWithValues: plan.names.map { ($0.name, $0.number) })
        let today = AgreementPlan.first.adding(days: day)
        judge.observe(
            try await stage.sightings(numbers), plants: season.plants, asOf: asOf, now: now,
            window: today.adding(days: -1)...today.adding(days: 14))
    }
}

enum AgreementError: Error, Equatable, CustomStringConvertible {
    /// A list of the season could not be read.
    case unread(String)
    /// A load has rows that could not be used.
    case badRows(Int)

    var description: String {
        switch self {
        case .unread(let code): "a list of the season could not be read: \(code)"
        case .badRows(let count): "\(count) rows of a season's load could not be used"
        }
    }
}

extension AgreementJudge.Wrong {
    /// The PM's numbers of what it is about.
    fileprivate var appointments: [String] {
        switch self {
        case .missed(_, _, let appointment, _, _), .otherCause(_, _, _, let appointment, _, _),
            .outlived(_, _, let appointment, _, _):
            [appointment]
        case .accused(_, _, let appointments, _, _): appointments
        }
    }
}
