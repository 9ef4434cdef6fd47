package import Foundation
package import Postgres
import Practice

/// One stored comparison: the PM's list and our record, with the list of one booking app where the practice has any.
package struct ReportRun: Sendable {
    package let id: UUID
    package let practice: String
    package let workflow: String
    package let fromDay: CalendarDay
    package let toDay: CalendarDay
    package let rules: String
    package let startedAt: Date
    package let endedAt: Date
    /// The booking app's name; nil where the practice has none with a list.
    package let app: String?
    let client: UUID?
    let sources: RunSources
    private let counts: JSONValue

    private init(row: Row) throws {
        let sourcesText: String
        let countsText: String
        (
            id, practice, workflow, fromDay, toDay, rules, startedAt, endedAt, sourcesText, countsText
        ) = try row.decode(
            (UUID, String, String, CalendarDay, CalendarDay, String, Date, Date, String, String).self)
        sources = RunSources(JSONValue(sourcesText))
        counts = JSONValue(countsText)
        app = sources.appName
        client = sources.client
    }

    /// What was compared last: one run a booking app, by name. With a day, of those whose window holds it. Index
    /// run_by_time: runs of one comparison start at one instant.
    package static func newest(
        _ practice: String, workflow: String = "scheduling", day: CalendarDay? = nil, _ transaction: Transaction
    ) async throws -> [ReportRun] {
        let runs = try await transaction.query(
            """
            WITH newest AS (
                SELECT started_at FROM reconciliation.run
                WHERE practice_id = \(practice) AND workflow = \(workflow)
                    AND (\(day)::date IS NULL OR \(day) BETWEEN from_day AND to_day)
                ORDER BY ended_at DESC LIMIT 1
            )
            SELECT DISTINCT ON (r.sources->>'client') r.id, r.practice_id, r.workflow, r.from_day, r.to_day, r.rules,
                r.started_at, r.ended_at, r.sources::text, r.counts::text
            FROM newest n
            JOIN reconciliation.run r ON r.started_at = n.started_at AND r.ended_at >= n.started_at
            WHERE r.practice_id = \(practice) AND r.workflow = \(workflow)
                AND (\(day)::date IS NULL OR \(day) BETWEEN r.from_day AND r.to_day)
            ORDER BY r.sources->>'client', r.ended_at DESC
            """
        ).map(ReportRun.init(row:))
        return runs.sorted { ($0.app ?? "", $0.id) < ($1.app ?? "", $1.id) }
    }

    /// When a list was last read before this run: the PM's, or the app's of this run. Index run_by_time, from the newest.
    func lastRead(_ list: RunSources.List, _ transaction: Transaction) async throws -> Date? {
        try await transaction.query(
            """
            SELECT r.ended_at FROM reconciliation.run r
            WHERE r.practice_id = \(practice) AND r.workflow = \(workflow) AND r.ended_at < \(endedAt)
                AND r.sources->>\(list.rawValue) IS NOT NULL
                AND (\(list == .pm) OR r.sources->>'client' = \(client?.uuidString))
            ORDER BY r.ended_at DESC LIMIT 1
            """
        ).first?.decode(Date.self)
    }

    // MARK: Counts

    /// A count that a run is summed up by. `groups` is the sum of those from `matched` on.
    enum Figure: String, CaseIterable {
        case inPM, here, inApp, groups, matched, explained, withheld, open

        /// The state of findings that it counts, where it counts findings.
        var state: FindingFilter.State? {
            switch self {
            case .inPM, .here, .inApp, .groups, .matched, .explained: nil
            case .withheld: .withheld
            case .open: .open
            }
        }

        static let classes: [Figure] = [.matched, .explained, .withheld, .open]
    }

    /// Nil where there was nothing to count: a side without a list was not compared, and its 0 would say that it is empty.
    func count(_ figure: Figure) -> Int? {
        if figure == .inPM, sources.pm.asOf == nil { return nil }
        if figure == .inApp, sources.appList.asOf == nil { return nil }
        return counts[figure.rawValue]?.integer ?? 0
    }

    private func number(_ figure: Figure) -> Int { count(figure) ?? 0 }

    /// Why what looked like a difference was none, and how often.
    var explanations: [(name: String, count: Int)] {
        (counts["explanations"]?.object ?? [:])
            .compactMap { name, count in count.integer.map { (name, $0) } }
            .sorted { ($1.count, $0.name) < ($0.count, $1.name) }
    }

    /// Why what differs is not judged, and how often, the most first.
    var withheldBecause: [(cause: String, count: Int)] {
        (counts["withheldBecause"]?.object ?? [:])
            .compactMap { cause, count in count.integer.map { (cause, $0) } }
            .sorted { ($1.1, $0.0) < ($0.1, $1.0) }
    }

    /// What is withheld for another reason than that it is new: a feed or a list says too little.
    private var blind: Int {
        number(.withheld) - (withheldBecause.first { $0.cause == "too-young" }?.count ?? 0)
    }

    /// Matched and explained, of all that was judged; nil while a feed or a list says too little to judge.
    var agreement: String? {
        guard !sources.readNothing, blind == 0 else { return nil }
        let judged = number(.groups) - number(.withheld)
        if judged <= 0 { return "100 %" }
        // Cut, not rounded: 999 of 1000 is not 100 %.
        let tenths = (number(.matched) + number(.explained)) * 1000 / judged
        return tenths >= 1000 ? "100 %" : "\(tenths / 10).\(tenths % 10) %"
    }

    /// Why nothing found does not mean that all agrees; nil where it does.
    var doubt: String? {
        if sources.readNothing { return "there was no list to compare with" }
        if sources.pm.problem != nil { return "the PM's own list could not be read" }
        if sources.appList.problem != nil { return "the list of \(app ?? "the booking app") could not be read" }
        if sources.feedIsSilent { return "the feed is silent against its rhythm" }
        if blind == 0 { return nil }
        let words = Words.withheld(withheldBecause)
        return words.isEmpty ? "\(blind) withheld, because the feed was behind" : "withheld are \(words)"
    }
}
