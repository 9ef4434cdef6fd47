package import Foundation

/// A search as a client asked for it: every criterion must hold, each by any of its alternatives.
///
/// Strict: a parameter, modifier or prefix that this server would have to leave out is an error, so that nobody takes
/// more for less. Dates are half-open ranges of instants; one without an offset is read in the practice's zone.
package struct SearchQuery: Hashable, Sendable {
    package let type: ResourceType
    package let criteria: [Criterion]
    /// As asked; nil when the client did not say. The server caps it.
    package let count: Int?
    /// Where the page before ended, in the server's own words.
    package let cursor: String?
    private let parts: [Part]

    private struct Part: Hashable { let name, value: String }

    /// One parameter with its alternatives.
    package struct Criterion: Hashable, Sendable {
        package let parameter: SearchParameter
        package let match: Match
    }

    package enum Match: Hashable, Sendable {
        /// For date, start and _lastUpdated.
        case instants([InstantRange])
        /// For birthdate.
        case days([DayRange])
        /// For status: known codes only.
        case codes([String])
        /// For identifier.
        case tokens([Token])
        /// For _id.
        case ids([String])
        case references([Target])
        case strings([Text])
    }

    /// Instants from `from` on and before `before`; an open end is nil. Negated (`ne`): those outside.
    package struct InstantRange: Hashable, Sendable {
        package let from: Date?
        package let before: Date?
        package let isNegated: Bool
    }

    /// Days from `from` on and before `before`.
    package struct DayRange: Hashable, Sendable {
        package let from: CalendarDate?
        package let before: CalendarDate?
        package let isNegated: Bool
    }

    package struct Token: Hashable, Sendable {
        /// Nil: any system. Empty: none at all (`|value`).
        package let system: String?
        /// Nil: any value of the system (`system|`).
        package let code: String?

        package init(system: String?, code: String?) {
            self.system = system
            self.code = code
        }
    }

    package struct Target: Hashable, Sendable {
        /// Nil where only an id was given and the parameter has several target types.
        package let type: ResourceType?
        package let id: String

        package init(type: ResourceType?, id: String) {
            self.type = type
            self.id = id
        }
    }

    package struct Text: Hashable, Sendable {
        package enum Mode: Hashable, Sendable {
            /// Without regard to case and accents, from the start: the way without a modifier.
            case prefix
            case contains, exact
        }
        package let value: String
        package let mode: Mode

        package init(value: String, mode: Mode) {
            self.value = value
            self.mode = mode
        }
    }

    /// `query` is the URL's part after the question mark, still escaped.
    package init(_ type: ResourceType, query: String, zone: TimeZone) throws(SearchError) {
        try self.init(type, parameters: try SearchQuery.parameters(of: query), zone: zone)
    }

    /// `parameters` are unescaped, in the order given.
    package init(_ type: ResourceType, parameters: [(name: String, value: String)], zone: TimeZone)
        throws(SearchError)
    {
        self.type = type
        var criteria: [Criterion] = []
        var parts: [Part] = []
        var count: Int?
        var cursor: String?
        for (name, value) in parameters {
            switch name {
            case "_count":
                if count != nil { throw .repeated("_count") }
                guard let number = Int(value), (0...1_000_000).contains(number) else { throw .badCount }
                count = number
            case "_cursor":
                if cursor != nil { throw .repeated("_cursor") }
                cursor = value
                continue
            case "_format":
                guard ["json", "application/json", "application/fhir+json", "application/fhir json"].contains(value)
                else { throw .notJSON }
            default:
                criteria.append(try SearchQuery.criterion(of: name, value, in: type, zone: zone))
            }
            parts.append(Part(name: name, value: value))
        }
        self.criteria = criteria
        self.count = count
        self.cursor = cursor
        self.parts = parts
    }

    /// This search as a relative URL, at the page that `cursor` stands for; nil for the first. Parsing its query gives
    /// the same search.
    package func url(cursor: String?) -> String {
        let all = parts + (cursor.map { [Part(name: "_cursor", value: $0)] } ?? [])
        guard !all.isEmpty else { return type.rawValue }
        return type.rawValue + "?"
            + all.map { SearchQuery.escape($0.name) + "=" + SearchQuery.escape($0.value) }.joined(separator: "&")
    }

    // MARK: Text of a query

    private static func parameters(of query: String) throws(SearchError) -> [(name: String, value: String)] {
        var found: [(name: String, value: String)] = []
        for pair in query.split(separator: "&") {
            let halves = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = unescape(halves[0])
            let value = unescape(halves.count > 1 ? halves[1] : "")
            guard let name, let value else { throw .badEscape }
            found.append((name, value))
        }
        return found
    }

    private static func unescape(_ text: Substring) -> String? {
        text.replacingOccurrences(of: "+", with: " ").removingPercentEncoding
    }

    private static func escape(_ text: String) -> String {
        let unreserved = CharacterSet(
            charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:,/|")
        return text.addingPercentEncoding(withAllowedCharacters: unreserved) ?? ""
    }
}
