package import Foundation
package import Postgres
import Practice

// What a booking app may ask for, as values: every criterion must hold, each by any of its alternatives. Reading is by
// keyset in the order of the records' ids, which never change, so that a page is neither lost nor doubled while records
// do. The caller's transaction says whose records can be seen at all (row-level security); the practice is named besides.

/// Instants from `from` on and before `before`; an open end is nil. Negated: those outside.
package struct InstantRange: Sendable {
    package var from: Date?
    package var before: Date?
    package var isNegated: Bool

    package init(from: Date?, before: Date?, isNegated: Bool = false) {
        self.from = from
        self.before = before
        self.isNegated = isNegated
    }
}

/// Days from `from` on and before `before`; as above.
package struct DayRange: Sendable {
    package var from: CalendarDay?
    package var before: CalendarDay?
    package var isNegated: Bool

    package init(from: CalendarDay?, before: CalendarDay?, isNegated: Bool = false) {
        self.from = from
        self.before = before
        self.isNegated = isNegated
    }
}

/// An identifier with open places: nil is any.
package struct IdentifierMatch: Sendable {
    package var kind: String?
    package var authority: String?
    package var value: String?

    package init(kind: String?, authority: String?, value: String?) {
        self.kind = kind
        self.authority = authority
        self.value = value
    }
}

package struct NameMatch: Sendable {
    package enum Mode: Sendable {
        /// Without regard to case and accents.
        case prefix, contains
        case exact
    }

    package var text: String
    package var mode: Mode

    package init(_ text: String, _ mode: Mode) {
        self.text = text
        self.mode = mode
    }
}

/// Where a page begins and how much it holds.
package struct Page: Sendable {
    /// The last id of the page before; nil for the first.
    package var after: UUID?
    package var limit: Int

    package init(after: UUID? = nil, limit: Int) {
        self.after = after
        self.limit = limit
    }
}

/// One page of what was found.
package struct Found<Record: Sendable>: Sendable {
    package let records: [Record]
    /// Whether there is another page after the last record.
    package let hasMore: Bool

    /// `rows` are up to one more than the page holds.
    init(_ rows: [Record], _ page: Page) {
        records = Array(rows.prefix(page.limit))
        hasMore = rows.count > page.limit
    }
}

extension SQL {
    /// Holds where any does; of nothing, never.
    static func any(_ alternatives: [SQL]) -> SQL { joined(alternatives, by: " OR ", whenNone: "false") }

    /// Holds where all do.
    static func all(_ conditions: [SQL]) -> SQL { joined(conditions, by: " AND ", whenNone: "true") }

    private static func joined(_ parts: [SQL], by word: SQL, whenNone: SQL) -> SQL {
        guard var sum = parts.first.map({ "(" + $0 }) else { return whenNone }
        for part in parts.dropFirst() { sum += word + part }
        return sum + ")"
    }

    static func instants(_ column: SQL, _ ranges: [InstantRange]) -> SQL {
        any(ranges.map { between(column, $0.from, $0.before, $0.isNegated) })
    }

    static func days(_ column: SQL, _ ranges: [DayRange]) -> SQL {
        any(ranges.map { between(column, $0.from, $0.before, $0.isNegated) })
    }

    private static func between<Point: PostgresValue>(
        _ column: SQL, _ from: Point?, _ before: Point?, _ isNegated: Bool
    ) -> SQL {
        var bounds: [SQL] = []
        if let from { bounds.append(column + " >= \(from)") }
        if let before { bounds.append(column + " < \(before)") }
        return isNegated ? "NOT " + all(bounds) : all(bounds)
    }

    /// On the columns kind, authority and value of the alias table `l`.
    static func identifiers(_ matches: [IdentifierMatch]) -> SQL {
        any(
            matches.map { match in
                var parts: [SQL] = []
                if let kind = match.kind { parts.append("l.kind = \(kind)") }
                if let authority = match.authority { parts.append("l.authority = \(authority)") }
                if let value = match.value { parts.append("l.value = \(value)") }
                return all(parts)
            })
    }

    static func name(_ columns: [SQL], _ matches: [NameMatch]) -> SQL {
        any(
            matches.flatMap { match in
                columns.map { column in
                    switch match.mode {
                    case .exact: column + " = \(match.text)"
                    case .prefix: "starts_with(" + folded(column) + ", " + folded("\(match.text)::text") + ")"
                    case .contains: "position(" + folded("\(match.text)::text") + " IN " + folded(column) + ") > 0"
                    }
                }
            })
    }

    /// Small letters without their accents.
    private static func folded(_ text: SQL) -> SQL {
        "regexp_replace(normalize(lower(" + text + "), NFD), '[\\u0300-\\u036F]', '', 'g')"
    }

    static func after(_ column: SQL, _ page: Page) -> SQL {
        page.after.map { column + " > \($0)" } ?? "true"
    }
}
