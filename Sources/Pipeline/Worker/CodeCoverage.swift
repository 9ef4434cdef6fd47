package import Foundation
package import Postgres
import Practice
package import Workflow

/// How much of what a practice's messages say one table knows, and which of its rows nothing asked for.
package struct CodeCoverage: Sendable {
    /// nil: the rows that are for every practice, which all practices share.
    package let practice: String?
    package let table: TableName
    /// Looked up, and found. A code whose row holds for part of the days it was asked for counts as not found.
    package private(set) var messages: Int64 = 0
    package private(set) var known: Int64 = 0
    /// What is not found, by how many messages; the most frequent hundred are told apart.
    package private(set) var unmapped: [String: Int64] = [:]
    /// Rows that hold on some day of the time and that nothing asked for, by line.
    package private(set) var unused: [CodeTable.Row] = []
    /// How many rows there are that could have been asked for.
    package private(set) var rows = 0

    /// Nil where nothing was looked up.
    package var percent: Double? { messages == 0 ? nil : Double(known) * 100 / Double(messages) }
}

extension CodeCoverage {
    /// Each practice's tables and then the shared rows, from the codes seen since a day. One pass; holds codes, no messages.
    package static func read(
        since: CalendarDay, until: CalendarDay, definition: Definition, in transaction: Transaction
    ) async throws -> [CodeCoverage] {
        var found: [Place: CodeCoverage] = [:]
        var used: [TableName: Set<Int>] = [:]
        try await transaction.forEach(CodeQueries.seenDaily(nil, since: since)) { rows in
            for row in rows {
                let seen = try SeenCode(row: row)
                guard let code = seen.code, definition.practices[code.practice] != nil else { continue }
                let ends = [seen.firstDay, seen.lastDay].map { definition.row(code, event: seen.event, on: $0) }
                for row in ends { row.map { _ = used[code.table, default: []].insert($0.line) } }
                let place = Place(practice: code.practice, table: code.table)
                found[place, default: CodeCoverage(practice: code.practice, table: code.table)]
                    .add(seen, code.code, isKnown: !ends.contains { $0 == nil })
            }
        }
        for (name, table) in definition.tables {
            for row in table.rows where row.holds(from: since, to: until) {
                let place = Place(practice: row.practice, table: name)
                let isUsed = used[name]?.contains(row.line) ?? false
                found[place, default: CodeCoverage(practice: row.practice, table: name)].add(row, isUsed: isUsed)
            }
        }
        let order = TableName.allCases
        return found.values.sorted { one, other in
            let places = [one, other].map { order.firstIndex(of: $0.table) ?? 0 }
            return (one.practice ?? "~", places[0]) < (other.practice ?? "~", places[1])
        }
    }

    /// The instant up to which the journal was re-read; nil: it was not yet.
    package static func asOf(in transaction: Transaction) async throws -> Date? {
        try await transaction.query(CodeQueries.scanned()).first?.decode(Date.self)
    }

    private struct Place: Hashable {
        let practice: String?
        let table: TableName
    }

    private init(practice: String?, table: TableName) {
        self.practice = practice
        self.table = table
    }

    private mutating func add(_ seen: SeenCode, _ code: String, isKnown: Bool) {
        messages += seen.messages
        if isKnown {
            known += seen.messages
        } else {
            unmapped[code, default: 0] += seen.messages
            if unmapped.count > 200 {
                unmapped = Dictionary(
                    uniqueKeysWithValues: unmapped.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(100)
                        .map { ($0.key, $0.value) })
            }
        }
    }

    private mutating func add(_ row: CodeTable.Row, isUsed: Bool) {
        rows += 1
        if !isUsed { unused.append(row) }
    }
}

extension CodeTable.Row {
    fileprivate func holds(from first: CalendarDay, to last: CalendarDay) -> Bool {
        guard let first = Day(year: first.year, month: first.month, day: first.day),
            let last = Day(year: last.year, month: last.month, day: last.day)
        else { return false }
        return (from.map { $0 <= last } ?? true) && (to.map { $0 >= first } ?? true)
    }
}
