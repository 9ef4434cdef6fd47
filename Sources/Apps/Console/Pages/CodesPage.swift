import Foundation
import Hummingbird
import Postgres
import Practice
import Worker
import Workflow

/// Codes that messages bear and no table knows: one work item each, however many messages wait for it, with what mends it
/// and the replay of its group; and how much of what messages say the tables know.
extension Console {
    var codeRoutes: [Route] {
        [.get("/codes") { visit, person in try await codes(visit, person) }]
    }

    private struct CodesPage {
        let frame: Frame
        let isApplied: Bool
        let isUnreadable: Bool
        let items: [ItemLine]
        let coverage: [CoverageLine]
        let asOf: Moment?
    }

    private struct ItemLine {
        let code: String
        let table: String
        let practice: String
        let state: String
        let sign: String
        let tone: String
        let messages: Int64
        let parked: Int64
        let heldBack: String?
        let since: Moment
        let example: String
        let mend: String
        /// Only where the row is there: without it each would park again.
        let replayLink: String?
        let parkedLink: String?
    }

    private struct CoverageLine {
        let practice: String
        let table: String
        let percent: String
        let known: Int64
        let messages: Int64
        let unused: Int
        let rows: Int
    }

    /// How far back codes are looked at.
    private static let days = 30

    private func codes(_ visit: Visit, _ person: SignedIn) async throws -> Response {
        let definition: Definition?
        do {
            definition = try await definitions.current()
        } catch is DefinitionStoreError {
            definition = nil
        }
        let isUnreadable = await !definitions.problems.isEmpty
        let page = try await reading(person) { [definition] desk in
            let today = desk.time(nil).day(of: desk.databaseNow)
            let first = today.adding(days: -Self.days)
            guard let since = CalendarDay(year: first.year, month: first.month, day: first.day),
                let until = CalendarDay(year: today.year, month: today.month, day: today.day)
            else { throw ConsoleError.notFound }
            var items: [UnmappedItem] = []
            var coverage: [CodeCoverage] = []
            if let definition {
                items = try await UnmappedItem.list(
                    practices: person.practices, since: since, definition: definition, in: desk.transaction)
                coverage = try await CodeCoverage.read(
                    since: since, until: until, definition: definition, in: desk.transaction)
            }
            return CodesPage(
                frame: Frame(title: "Codes", person, at: "/codes"), isApplied: definition != nil,
                isUnreadable: isUnreadable,
                items: items.map { line($0, desk) },
                coverage: coverage.filter { $0.practice.map { person.practices.contains($0) } ?? false }
                    .filter { $0.messages > 0 }.map { line($0, desk) },
                asOf: try await CodeCoverage.asOf(in: desk.transaction)
                    .map { Moment($0, desk.time(nil), now: desk.databaseNow) })
        }
        return pages.page(.codes, page)
    }

    private func line(_ item: UnmappedItem, _ desk: Desk) -> ItemLine {
        let (state, sign, tone): (String, String, String) =
            if item.parked > 0, item.hasRow {
                ("The row is there: replay", "▲", "care")
            } else if item.parked > 0 {
                ("Messages wait for a row", "▲", "care")
            } else {
                ("Taken as it is", "◌", "soft")
            }
        let file = "tables/\(item.code.table.rawValue).csv"
        let mend =
            item.hasRow
            ? "Its row is in \(file) by now."
            : "Add a row for \(item.code.code) to \(file) and apply it; then replay here."
        return ItemLine(
            code: item.code.code, table: item.code.table.rawValue, practice: desk.name(item.code.practice),
            state: state, sign: sign, tone: tone, messages: item.messages, parked: item.parked,
            heldBack: item.heldBack > 0 ? Words.count(item.heldBack, "later one waits", "later ones wait") : nil,
            since: Moment(item.since, desk.time(item.code.practice), now: desk.databaseNow),
            example: "/messages/\(item.example.day)/\(item.example.number)", mend: mend,
            replayLink: item.parked > 0 && item.hasRow
                ? Form.link("/jobs/replay", ["item": item.id.uuidString.lowercased()]) : nil,
            parkedLink: item.parked > 0 ? Form.link("/jobs", ["item": item.id.uuidString.lowercased()]) : nil)
    }

    private func line(_ coverage: CodeCoverage, _ desk: Desk) -> CoverageLine {
        // Cut, not rounded: 999 of 1000 is not 100 %.
        let percent = coverage.percent.map { "\(($0 * 10).rounded(.down) / 10) %" } ?? "nothing looked up"
        return CoverageLine(
            practice: desk.name(coverage.practice), table: coverage.table.rawValue, percent: percent,
            known: coverage.known, messages: coverage.messages, unused: coverage.unused.count, rows: coverage.rows)
    }
}
