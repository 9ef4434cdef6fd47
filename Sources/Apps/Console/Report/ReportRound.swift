import Foundation
import Postgres
import Practice
import Worker

/// What was compared at one time, as the first page and the report show it.
package struct ReportRound: Sendable {
    /// One a booking app, by name; never empty.
    package let runs: [ReportRun]
    /// The newest of them, or the only one.
    let endedAt: Date

    /// Nil where nothing was compared; with a time, where nothing was in it.
    static func newest(
        _ practice: String, ended: Range<Date>? = nil, in transaction: Transaction
    ) async throws -> ReportRound? {
        let runs = try await ReportRun.newest(practice, ended: ended, in: transaction)
        guard let endedAt = runs.map(\.endedAt).max() else { return nil }
        return ReportRound(runs: runs, endedAt: endedAt)
    }

    /// The days compared.
    var days: String {
        guard let first = runs.map(\.fromDay).min(), let last = runs.map(\.toDay).max() else { return "" }
        return first == last ? Moment.day(first) : "\(Moment.day(first)) to \(Moment.day(last))"
    }

    /// Why nothing found does not mean that all agrees, by the first run that has a doubt; nil where none has.
    var doubt: String? { runs.lazy.compactMap(\.doubt).first }

    /// When its findings stood as it left them; nil where it is the last one, whose findings stand as they do now.
    var past: Date? { runs.contains { $0.agreement.hasMembers } ? nil : endedAt }

    var addsUp: Bool { runs.allSatisfy(\.addsUp) }

    // MARK: Sources

    /// A source as people read it.
    struct Source {
        let name: String
        let words: String
        /// In a word, why what it says is not known; nil where it was read.
        let trouble: String?
    }

    /// The feeds and each list, named, with as of when it speaks, or why it does not and since when.
    func sources(_ time: PracticeTime, now: Date) -> [Source] {
        guard let first = runs.first else { return [] }
        let moment = { (instant: Date) in Moment(instant, time, now: now).text }
        var sources = Self.feeds(first.sources, moment)
        sources.append(Self.list("The PM's own list", first.sources.pm, moment))
        for run in runs where run.app != nil {
            sources.append(Self.list("The list of \(run.app ?? "")", run.sources.appList, moment))
        }
        if runs.allSatisfy({ $0.app == nil }) {
            sources.append(
                Source(name: "Booking apps", words: "none has a list of its own to compare with", trouble: nil))
        }
        return sources
    }

    private static func feeds(_ run: RunSources, _ moment: (Date) -> String) -> [Source] {
        if run.feeds.isEmpty {
            let words = run.feed.map { "last message \(moment($0))" } ?? "no message has ever come"
            let trouble = run.feedIsSilent ? "Silent" : run.feed == nil ? "Unheard" : nil
            return [
                Source(
                    name: "The feed", words: words + (run.feedIsSilent ? "; silent against its rhythm" : ""),
                    trouble: trouble)
            ]
        }
        return run.feeds.map { feed in
            var words = feed.last.map { "last message \(moment($0))" } ?? "no message has ever come"
            if let since = feed.silentSince { words += "; silent since \(moment(since))" }
            if feed.last == nil, !feed.isAwaited { words += "; none is expected" }
            return Source(
                name: "Feed \(feed.name)", words: words,
                trouble: feed.silentSince != nil ? "Silent" : feed.last == nil && feed.isAwaited ? "Unheard" : nil)
        }
    }

    private static func list(
        _ name: String, _ reading: RunSources.Reading, _ moment: (Date) -> String
    ) -> Source {
        if let asOf = reading.asOf {
            var words = "as of \(moment(asOf))"
            if !reading.lacks.isEmpty {
                words += "; it has nothing of " + reading.lacks.map(Moment.day).joined(separator: ", ")
            }
            if reading.unread > 0 {
                let rows = Words.count(Int64(reading.unread), "row", "rows")
                words += "; \(rows) of it could not be read and \(reading.unread == 1 ? "is" : "are") not compared"
                words += reading.firstUnread.map { ": \(Words.listProblem($0))" } ?? ""
            }
            let isWhole = reading.lacks.isEmpty && reading.unread == 0
            return Source(name: name, words: words, trouble: isWhole ? nil : "Not whole")
        }
        guard let problem = reading.problem else {
            return Source(name: name, words: "none is named, so it was not compared", trouble: nil)
        }
        let since = reading.since.map { " since \(moment($0))" } ?? ""
        return Source(
            name: name, words: "could not be read\(since), so it was not compared: \(Words.listProblem(problem))",
            trouble: "Not read")
    }
}
