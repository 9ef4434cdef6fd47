package import Foundation
package import Practice
import Reconciliation
package import Workflow

/// One row of a loaded file as the journal keeps it: what it was said to be, the file's header and the row, as they came.
/// The same row of the same file gives the same bytes.
package struct LoadEntry: Hashable, Sendable {
    package var kind: LoadKind
    package var layout: String
    /// The feed in whose numbering its numbers are.
    package var feed: String
    /// When the file was made: the time of what its rows say.
    package var asOf: Date
    /// Whether other rows of the file bear the same number for other people: a group visit.
    package var isGroup: Bool
    package var header: [String]
    package var fields: [String]

    package init(
        kind: LoadKind, layout: String, feed: String, asOf: Date, isGroup: Bool, header: [String], fields: [String]
    ) {
        self.kind = kind
        self.layout = layout
        self.feed = feed
        self.asOf = asOf
        self.isGroup = isGroup
        self.header = header
        self.fields = fields
    }

    /// The feed's name in the journal.
    package static let feedName = "load"

    package var bytes: [UInt8] {
        let marks = [
            Self.mark, kind.rawValue, "layout=\(layout)", "feed=\(feed)", "as-of=\(asOf.formatted(.iso8601))",
        ]
        let first = (marks + (isGroup ? ["group"] : [])).joined(separator: " ") + "\n"
        return Array((first + Self.line(header) + Self.line(fields)).utf8)
    }

    /// As it came, but for quotes that were not needed: no spreadsheet opens it.
    private static func line(_ fields: [String]) -> String {
        fields.map { field in
            guard field.unicodeScalars.contains(where: { ",\"\r\n".unicodeScalars.contains($0) }) else { return field }
            return "\"" + field.replacing("\"", with: "\"\"") + "\""
        }.joined(separator: ",") + "\n"
    }

    private static let mark = "# pmsync load"

    /// Nil where these are not such bytes.
    package init?(bytes: [UInt8]) {
        guard let end = bytes.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        let first = String(decoding: bytes[..<end], as: UTF8.self)
        guard first.hasPrefix(Self.mark + " ") else { return nil }
        let words = first.dropFirst(Self.mark.count).split(separator: " ").map(String.init)
        func value(_ key: String) -> String? {
            words.first { $0.hasPrefix(key + "=") }.map { String($0.dropFirst(key.count + 1)) }
        }
        var reader = CSVReader()
        guard let kind = words.first.flatMap(LoadKind.init(rawValue:)), let layout = value("layout"),
            let feed = value("feed"), let asOf = value("as-of").flatMap({ try? Date($0, strategy: .iso8601) }),
            let records = try? reader.read(bytes[bytes.index(after: end)...]), records.count == 2
        else { return nil }
        self.init(
            kind: kind, layout: layout, feed: feed, asOf: asOf, isGroup: words.last == "group",
            header: records[0].fields, fields: records[1].fields)
    }
}

/// What a row of a loaded file says, in our words.
package enum LoadedRow: Hashable, Sendable {
    case schedule(SchedulingMessage)
    case person(ParsedPerson)
    case resource(LoadedResource)
    /// The status table says that its word means nothing to others.
    case ignored
}

/// Who or what can be booked, as a row says it.
package struct LoadedResource: Hashable, Sendable {
    package let use: ResourceUse
    /// How many people it takes at a time; nil: the row does not say.
    package let capacity: Int32?
}

/// Why a row cannot be used: the column, and which kind of thing is wrong with it; never what it holds.
package struct LoadFault: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Reason: String, Hashable, Sendable, CaseIterable {
        case empty = "is empty"
        case noTime = "holds no time of the layout's patterns"
        case noDay = "holds no day of the layout's patterns"
        case noNumber = "holds no number that can be meant"
        case endsBeforeItsStart = "is before the start"
        case unmapped = "has no row in its table"
        case unknownKind = "is none of practitioner, location, device"
        case noName = "no column names the appointment or the person"
        case fieldCount = "has more or fewer values than the header has columns"
        case strayQuote = "has a quote in the midst of a value"
        case repeated = "is on an earlier line of the file already, with other values"
    }

    /// The column as the file names it; nil for the row as a whole.
    package let column: String?
    package let reason: Reason
    /// The table to extend, for an unmapped code.
    package let table: TableName?

    package init(_ reason: Reason, column: String? = nil, table: TableName? = nil) {
        self.reason = reason
        self.column = column
        self.table = table
    }

    package var description: String {
        let what = reason == .unmapped ? "has no row in tables/\(table?.rawValue ?? "").csv" : reason.rawValue
        return column.map { "\($0) \(what)" } ?? what
    }

    /// As a worker parks it, where the definitions have changed since it was journaled.
    var parkCode: ParkCode {
        switch reason {
        case .noTime, .noDay: .invalidTime
        case .endsBeforeItsStart, .noNumber: .invalidDuration
        case .empty: .missingStart
        case .noName: .missingIdentifier
        case .unmapped: table?.parkCode ?? .unmappedStatus
        case .unknownKind: .missingResource
        case .fieldCount, .strayQuote, .repeated: .unreadable
        }
    }
}
