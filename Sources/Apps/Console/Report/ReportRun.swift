package import Foundation
package import Postgres
import Practice

/// One stored comparison.
package struct ReportRun: Sendable {
    package let id: UUID
    package let practice: String
    package let workflow: String
    package let fromDay: CalendarDay
    package let toDay: CalendarDay
    package let rules: String
    package let startedAt: Date
    package let endedAt: Date
    private let sourcesText: String
    private let countsText: String

    private init(row: Row) throws {
        (
            id, practice, workflow, fromDay, toDay, rules, startedAt, endedAt, sourcesText, countsText
        ) = try row.decode(
            (UUID, String, String, CalendarDay, CalendarDay, String, Date, Date, String, String).self)
    }

    /// The newest run; with a day, the newest whose window holds it.
    package static func last(
        _ practice: String, workflow: String = "scheduling", day: CalendarDay? = nil, _ transaction: Transaction
    ) async throws -> ReportRun? {
        try await transaction.query(
            """
            SELECT id, practice_id, workflow, from_day, to_day, rules, started_at, ended_at, sources::text, counts::text
            FROM reconciliation.run
            WHERE practice_id = \(practice) AND workflow = \(workflow)
                AND (\(day)::date IS NULL OR \(day) BETWEEN from_day AND to_day)
            ORDER BY ended_at DESC LIMIT 1
            """
        ).first.map(ReportRun.init(row:))
    }

    /// A count that a run is summed up by.
    struct Figure {
        let name: String
        let label: String
        let value: Int
        /// The state of findings that it counts, where it counts findings.
        let state: String?
    }

    var figures: [Figure] {
        let counts = JSONValue(countsText)
        let sources = JSONValue(sourcesText)
        return Self.names.compactMap { name, label, state in
            // A side without a list was not compared; its 0 would say that it is empty.
            if name == "inPM", sources["pm"]?.instant == nil { return nil }
            if name == "inApp", sources["app"]?.instant == nil { return nil }
            return counts[name]?.integer.map { Figure(name: name, label: label, value: $0, state: state) }
        }
    }

    private static let names: [(String, String, String?)] = [
        ("inPM", "in the PM", nil), ("here", "here", nil), ("inApp", "in the app", nil), ("matched", "matched", nil),
        ("explained", "explained", nil), ("open", "open", "open"), ("withheld", "withheld", "withheld"),
    ]

    /// Why nothing found does not mean that all agrees; nil where it does.
    var doubt: String? {
        let sources = JSONValue(sourcesText)
        if let withheld = JSONValue(countsText)["withheld"]?.integer, withheld > 0 {
            return "\(withheld) withheld, because the feed was behind"
        }
        if sources["feedIsSilent"]?.isTrue == true { return "the feed is silent against its rhythm" }
        if sources["pm"]?.instant == nil, sources["app"]?.instant == nil { return "there was no list to compare with" }
        return nil
    }

    /// Why what looked like a difference was none, and how often.
    var explanations: [(name: String, count: Int)] {
        (JSONValue(countsText)["explanations"]?.object ?? [:])
            .compactMap { name, count in count.integer.map { (name, $0) } }
            .sorted { ($1.count, $0.name) < ($0.count, $1.name) }
    }

    /// Matched and explained, of all that was compared; nil while anything is withheld.
    var agreement: String? {
        let counts = JSONValue(countsText)
        guard let groups = counts["groups"]?.integer, (counts["withheld"]?.integer ?? 0) == 0 else { return nil }
        if groups == 0 { return "100 %" }
        let agreed = (counts["matched"]?.integer ?? 0) + (counts["explained"]?.integer ?? 0)
        // Cut, not rounded: 999 of 1000 is not 100 %.
        let tenths = agreed * 1000 / groups
        return tenths == 1000 ? "100 %" : "\(tenths / 10).\(tenths % 10) %"
    }

    /// As of when each source speaks.
    func sources(_ time: PracticeTime, now: Date) -> [(name: String, words: String)] {
        let sources = JSONValue(sourcesText)
        let all: [(String, String, String)] = [
            ("pm", "The PM's own list", "there was no list, so it was not compared"),
            ("feed", "The feed's last message", "none has ever come"),
            ("app", "The booking app's list", "there was no list, so it was not compared"),
        ]
        return all.map { key, name, none in
            var words = sources[key]?.instant.map { "as of \(Moment($0, time, now: now).text)" } ?? none
            if key == "feed", sources["feedIsSilent"]?.isTrue == true { words += "; silent against its rhythm" }
            return (name, words)
        }
    }
}
