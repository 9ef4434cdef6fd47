import Foundation
import Postgres
import Practice

/// As of when each source of a comparison speaks, and why one does not.
struct RunSources: Sendable {
    enum List: String, Sendable {
        case pm, app
    }

    /// One side's own list, as the comparison had it.
    struct Reading: Sendable {
        /// When it was made; nil where it was not read.
        let asOf: Date?
        /// Why it was not read, from a closed set and with the line of a file; nil where there is none to read.
        let problem: String?
    }

    let pm: Reading
    let appList: Reading
    let feed: Date?
    let feedIsSilent: Bool
    let client: UUID?
    let appName: String?

    init(_ json: JSONValue) {
        pm = Reading(asOf: json["pm"]?.instant, problem: json["pmProblem"]?.text)
        appList = Reading(asOf: json["app"]?.instant, problem: json["appProblem"]?.text)
        feed = json["feed"]?.instant
        feedIsSilent = json["feedIsSilent"]?.isTrue == true
        client = json["client"]?.text.flatMap(UUID.init(uuidString:))
        appName = json["clientName"]?.text
    }

    var readNothing: Bool { pm.asOf == nil && appList.asOf == nil }
}

/// What was compared at one time, as the first page and the report show it.
package struct ReportRound: Sendable {
    /// One a booking app, by name; never empty.
    package let runs: [ReportRun]
    /// When a list that could not be read this time was last read.
    private let lastRead: [String: Date]

    /// Nil where nothing was compared; with a day, nothing that holds it.
    static func newest(
        _ practice: String, day: CalendarDay? = nil, _ transaction: Transaction
    ) async throws -> ReportRound? {
        let runs = try await ReportRun.newest(practice, day: day, transaction)
        guard let first = runs.first else { return nil }
        var lastRead: [String: Date] = [:]
        if first.sources.pm.problem != nil { lastRead["pm"] = try await first.lastRead(.pm, transaction) }
        for run in runs where run.sources.appList.problem != nil {
            lastRead[run.id.uuidString] = try await run.lastRead(.app, transaction)
        }
        return ReportRound(runs: runs, lastRead: lastRead)
    }

    /// A source as people read it.
    struct Source {
        let name: String
        let words: String
        /// In a word, why what it says is not known; nil where it was read.
        let trouble: String?
    }

    /// The feed and each list, named, with as of when it speaks, or why it does not and since when.
    func sources(_ time: PracticeTime, now: Date) -> [Source] {
        guard let first = runs.first else { return [] }
        let moment = { (instant: Date) in Moment(instant, time, now: now).text }
        var feed = first.sources.feed.map { "last message \(moment($0))" } ?? "no message has ever come"
        var trouble = first.sources.feed == nil ? "Unheard" : nil
        if first.sources.feedIsSilent {
            feed += "; silent against its rhythm"
            trouble = "Silent"
        }
        var sources = [
            Source(name: "The feed", words: feed, trouble: trouble),
            source("The PM's own list", first.sources.pm, lastRead["pm"], moment),
        ]
        for run in runs where run.app != nil {
            sources.append(
                source("The list of \(run.app ?? "")", run.sources.appList, lastRead[run.id.uuidString], moment))
        }
        if runs.allSatisfy({ $0.app == nil }) {
            sources.append(
                Source(name: "Booking apps", words: "none has a list of its own to compare with", trouble: nil))
        }
        return sources
    }

    private func source(
        _ name: String, _ reading: RunSources.Reading, _ lastRead: Date?, _ moment: (Date) -> String
    ) -> Source {
        if let asOf = reading.asOf { return Source(name: name, words: "as of \(moment(asOf))", trouble: nil) }
        guard let problem = reading.problem else {
            return Source(name: name, words: "none is named, so it was not compared", trouble: nil)
        }
        let since = lastRead.map { "last read \(moment($0))" } ?? "it was never read"
        return Source(
            name: name, words: "could not be read, so it was not compared: \(Words.listProblem(problem)); \(since)",
            trouble: "Not read")
    }

    // MARK: In one line

    /// The days compared.
    var days: String {
        guard let run = runs.first else { return "" }
        return run.fromDay == run.toDay
            ? Moment.day(run.fromDay) : "\(Moment.day(run.fromDay)) to \(Moment.day(run.toDay))"
    }

    /// Why nothing found does not mean that all agrees, by the first run that has a doubt; nil where none has.
    var doubt: String? { runs.lazy.compactMap(\.doubt).first }
}
