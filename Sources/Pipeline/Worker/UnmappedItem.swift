package import Foundation
package import Postgres
import Practice
package import Queue
package import Workflow

/// A code that messages bear and no table knows, as a person sees it: one item, however many messages hold it. Mended by
/// adding the row and, where messages wait, replaying the group.
package struct UnmappedItem: Sendable, Hashable, Identifiable {
    /// What its parked jobs bear, and `pmsync replay --item` takes.
    package let id: UUID
    package let code: UnmappedCode
    /// What its table declares for the practice: the message waits, or the code is taken as it is.
    package let policy: Unmapped
    /// Messages that looked it up, within what was asked for and as far as the journal was re-read.
    package internal(set) var messages: Int64 = 0
    /// Messages that wait for the row, now.
    package internal(set) var parked: Int64 = 0
    /// Later messages of the same people, which wait behind these.
    package internal(set) var heldBack: Int64 = 0
    /// When the first of all these came, and the last.
    package internal(set) var since: Date
    package internal(set) var last: Date
    /// One of them: the first that waits, else the last that was seen.
    package internal(set) var example: MessagePlace
    /// A row is there for the newest day that was looked up: what is parked only wants to be replayed.
    package internal(set) var hasRow: Bool

    /// Where a message stands in the journal.
    package struct MessagePlace: Sendable, Hashable {
        package let day: CalendarDay
        package let number: Int64
    }
}

extension UnmappedItem {
    /// The items of these practices (nil: of all), those that hold up messages first, then the most frequent. Codes that
    /// were last seen before `since` are left out unless messages wait for them. Bounded by what there is to mend.
    package static func list(
        practices: [String]? = nil, since: CalendarDay, definition: Definition, in transaction: Transaction
    ) async throws -> [UnmappedItem] {
        var items: [UUID: UnmappedItem] = [:]
        for row in try await transaction.query(CodeQueries.seen(practices, since: since)) {
            let seen = try SeenCode(row: row)
            guard let code = seen.code, !definition.knows(code, event: seen.event, on: seen.lastDay) else { continue }
            items[code.id, default: UnmappedItem(code, seen, definition)].add(seen)
        }
        for row in try await transaction.query(CodeQueries.parked(practices)) {
            let (id, practice, table, word, count, first, last, day, entry, heldBack) = try row.decode(
                (UUID, String, String, String, Int64, Date, Date, CalendarDay, Int64, Int64).self)
            guard let table = TableName(rawValue: table) else { continue }
            let code = UnmappedCode(practice: practice, table: table, code: word)
            var item =
                items[id]
                ?? UnmappedItem(
                    id: id, code: code, policy: .park, since: first, last: last,
                    example: MessagePlace(day: day, number: entry),
                    hasRow: definition.table(table).rows(code.code, practice: practice).isEmpty == false)
            (item.parked, item.heldBack) = (count, heldBack)
            item.messages = max(item.messages, count)
            item.since = min(item.since, first)
            item.last = max(item.last, last)
            item.example = MessagePlace(day: day, number: entry)
            items[id] = item
        }
        return items.values.sorted { ($1.parked, $1.messages, $0.code) < ($0.parked, $0.messages, $1.code) }
    }

    private init(_ code: UnmappedCode, _ seen: SeenCode, _ definition: Definition) {
        self.init(
            id: code.id, code: code, policy: definition.policy(of: code), since: seen.firstAt, last: seen.lastAt,
            example: seen.example, hasRow: false)
    }

    private mutating func add(_ seen: SeenCode) {
        messages += seen.messages
        since = min(since, seen.firstAt)
        if seen.lastAt >= last { (last, example) = (seen.lastAt, seen.example) }
    }

    /// Puts a code on the list, in the commit that parks the first message for it. Safe to repeat.
    package static func note(_ item: WorkItem, in transaction: Transaction) async throws {
        _ = try await transaction.execute(CodeQueries.note(item))
    }
}

/// A code that was looked up, over the days that were asked for.
struct SeenCode {
    /// nil: of a table that this version does not know.
    let code: UnmappedCode?
    let event: String
    let firstDay: CalendarDay
    let lastDay: CalendarDay
    let messages: Int64
    let firstAt: Date
    let lastAt: Date
    let example: UnmappedItem.MessagePlace

    init(row: Row) throws {
        let (practice, table, word, event, firstDay, lastDay, messages, firstAt, lastAt, day, entry) = try row.decode(
            (String, String, String, String, CalendarDay, CalendarDay, Int64, Date, Date, CalendarDay, Int64).self)
        code = TableName(rawValue: table).map { UnmappedCode(practice: practice, table: $0, code: word) }
        self.event = event
        (self.firstDay, self.lastDay, self.messages) = (firstDay, lastDay, messages)
        (self.firstAt, self.lastAt) = (firstAt, lastAt)
        example = UnmappedItem.MessagePlace(day: day, number: entry)
    }
}

extension UnmappedCode {
    /// The same in every process and for ever.
    package var id: UUID { UUID(name: "\(practice)/\(table.rawValue)/\(code)", in: Self.space) }

    private static let space = UUID(uuidString: "6D1B2F0E-50C6-4A43-9E0B-6C2F3C7E5A01") ?? UUID()
}

extension Definition {
    func row(_ code: UnmappedCode, event: String, on day: CalendarDay) -> CodeTable.Row? {
        guard let day = Day(year: day.year, month: day.month, day: day.day) else { return nil }
        return table(code.table).row(
            code.code, practice: code.practice, on: day, event: event.isEmpty ? nil : event)
    }

    func knows(_ code: UnmappedCode, event: String, on day: CalendarDay) -> Bool {
        row(code, event: event, on: day) != nil
    }

    /// What happens to a code of a practice that its table does not know; park where one of its feeds says so.
    package func policy(of code: UnmappedCode) -> Unmapped {
        let feeds = feeds.values.filter { $0.practices.values.contains(code.practice) }
        return feeds.contains { $0.unmapped[code.table] == .park } ? .park : .pass
    }
}
