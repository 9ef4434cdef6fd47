import Foundation
import Hummingbird
import Postgres
import Worker
import Workflow

/// The first page: for each practice what the last comparison found, what is open, what is parked, and whether its feeds
/// still speak. Every number leads to what it counts.
extension Console {
    var morningRoutes: [Route] {
        [.get("/") { visit, person in try await morning(visit, person) }]
    }

    private struct MorningPage {
        let frame: Frame
        let practices: [Section]
    }

    private struct Section {
        let id: String
        let name: String
        let round: Round?
        let isDone: Bool
        /// Why it cannot be said that all agrees, though nothing is open.
        let doubt: String?
        let isAgreed: Bool
        let open: String
        let openLink: String
        let codes: [CodeLine]
        let parked: String
        let parkedLink: String
        let hasParked: Bool
        let feeds: [FeedLine]
        let silent: [AlarmLine]
    }

    private struct Round {
        let at: Moment
        let days: String
        let reportLink: String
        let comparisons: [ComparisonLine]
        let addsUp: Bool
        let sources: [ReportRound.Source]
    }

    private struct CodeLine {
        let words: String
        let total: Int64
        let link: String
        let ages: [Age]
    }

    private struct Age {
        let label: String
        let count: Int64
        let link: String
        let isSome: Bool
    }

    private struct FeedLine {
        let name: String
        let last: Moment
        let hour: Int64
    }

    private func morning(_ visit: Visit, _ person: SignedIn) async throws -> Response {
        // Before the pages' transaction: it reads by a connection of its own.
        let definition = try? await definitions.current()
        let page = try await reading(person) { desk in
            var sections: [Section] = []
            for office in desk.offices { sections.append(try await section(office, definition, desk)) }
            return MorningPage(
                frame: Frame(title: "This morning", person, at: "/"), practices: sections)
        }
        return pages.page(.morning, page)
    }

    private func section(_ office: Office, _ definition: Definition?, _ desk: Desk) async throws -> Section {
        let findings = Address(path: "/findings", parameters: [("practice", office.id), ("state", "open")])
        let open = try await desk.transaction.query(
            FindingQueries.open(by: .code, office.id, at: office.time.bounds(of: desk.now)))
        let codes = try open.map { row in
            let (code, today, yesterday, older) = try row.decode((String, Int64, Int64, Int64).self)
            let one = Address(path: findings.path, parameters: findings.parameters + [("code", code)])
            return CodeLine(
                words: Words.finding(code), total: today + yesterday + older, link: one.text,
                ages: zip(FindingAge.allCases, [today, yesterday, older]).map { age, count in
                    Age(
                        label: age.words, count: count, link: one.with("age", age.rawValue), isSome: count > 0)
                })
        }
        let total = codes.reduce(0) { $0 + $1.total }
        let parked = try await desk.transaction.query(JobQueries.blockedCount(office.id)).first?.decode(Int64.self) ?? 0
        let own = definition.flatMap { definition in
            definition.practices[office.id].map { practice in
                definition.feeds.values.filter { $0.practices.values.contains(practice.id) }.map(\.name)
            }
        }
        let feeds = try await desk.transaction.query(FeedQueries.lastHeard(office.id, feeds: own)).map { row in
            let (name, last, hour) = try row.decode((String, Date, Int64).self)
            return FeedLine(name: name, last: Moment(last, office.time, now: desk.databaseNow), hour: hour)
        }
        let round = try await ReportRound.newest(office.id, in: desk.transaction)
        let doubt = Self.doubt(round, desk)
        return Section(
            id: office.id, name: office.name, round: round.map { describe($0, office, desk) }, isDone: total == 0,
            doubt: total == 0 ? doubt : nil, isAgreed: total == 0 && doubt == nil,
            open: Words.count(total, "finding needs you", "findings need you"), openLink: findings.text, codes: codes,
            parked: Words.count(parked, "job is parked", "jobs are parked"),
            parkedLink: Form.link("/jobs", ["state": "parked", "practice": office.id]), hasParked: parked > 0,
            feeds: feeds,
            silent: try await SilentFeed.open(of: office.id, in: desk.transaction).map { AlarmLine($0, desk) })
    }

    /// Nobody is told that all is well on the word of a comparison that is old, or that could not see.
    private static func doubt(_ round: ReportRound?, _ desk: Desk) -> String? {
        guard let round else { return "nothing was compared yet" }
        let age = desk.now.timeIntervalSince(round.endedAt)
        if age > 26 * 3600 { return "the last comparison is \(Moment.age(age)) old" }
        return round.doubt
    }

    private func describe(_ round: ReportRound, _ office: Office, _ desk: Desk) -> Round {
        return Round(
            at: Moment(round.endedAt, office.time, now: desk.now), days: round.days,
            reportLink: Form.link("/report/scheduling", ["practice": office.id]),
            comparisons: round.runs.map { ComparisonLine($0, isLinked: true) }, addsUp: round.addsUp,
            sources: round.sources(office.time, now: desk.now))
    }
}
