package import Practice

/// The code tables that there are, by the name of their file in `tables/`.
package enum TableName: String, Codable, Sendable, CaseIterable {
    case status
    case events
    case categories
    case locations
    case resources
    case providers
    case cancelReasons = "cancel-reasons"

    /// The columns that a table must have, after `code`.
    var required: [String] {
        switch self {
        case .status: ["status"]
        case .events, .categories, .cancelReasons: ["text"]
        case .locations, .providers: ["name"]
        case .resources: ["kind", "name"]
        }
    }

    /// The columns that it may have besides.
    var optional: [String] {
        switch self {
        case .status: ["overbooked", "event"]
        case .events: ["category"]
        case .categories, .cancelReasons: []
        case .locations: ["zone"]
        case .resources: ["npi", "capacity", "provider"]
        case .providers: ["npi"]
        }
    }

    static let common = ["from", "to", "practice"]

    package var parkCode: ParkCode {
        switch self {
        case .status: .unmappedStatus
        case .events: .unmappedEvent
        case .categories: .unmappedCategory
        case .locations: .unmappedLocation
        case .resources: .unmappedResource
        case .providers: .unmappedProvider
        case .cancelReasons: .unmappedCancelReason
        }
    }
}

/// What one system's codes mean, by practice and day. Codes are compared without regard to case.
package struct CodeTable: Sendable {
    package struct Row: Sendable, Hashable {
        package let code: String
        package let line: Int
        /// The practice that the row is for; nil: every practice without a row of its own.
        package let practice: String?
        /// The trigger event that the row is for (`S13`); nil: every event without a row of its own.
        package let event: String?
        /// The first and the last day on which the row holds; nil: always before, always after.
        package let from: Day?
        package let to: Day?
        private let values: [String: String]

        init(code: String, line: Int, values: [String: String], from: Day?, to: Day?) {
            self.code = code
            self.line = line
            self.values = values
            self.from = from
            self.to = to
            practice = values["practice"].flatMap { $0.isEmpty ? nil : $0 }
            event = values["event"].flatMap { $0.isEmpty ? nil : $0.uppercased() }
        }

        /// The row's value in a column; "" when the table has no such column.
        package subscript(column: String) -> String { values[column] ?? "" }

        fileprivate var rank: Int { (practice == nil ? 0 : 2) + (event == nil ? 0 : 1) }

        fileprivate func holds(on day: Day) -> Bool { begins(by: day) && to.map { day <= $0 } ?? true }

        private func begins(by day: Day?) -> Bool {
            guard let from, let day else { return true }
            return from <= day
        }

        fileprivate func overlaps(_ other: Row) -> Bool {
            practice == other.practice && event == other.event && begins(by: other.to) && other.begins(by: to)
        }
    }

    package let name: TableName
    /// As its header names them.
    let columns: [String]
    /// Rows by upper-case code, those of one practice or event first.
    private let byCode: [String: [Row]]

    package var rows: [Row] { byCode.values.joined().sorted { $0.line < $1.line } }

    /// The row that says what a code means in a practice on a day, for an event.
    package func row(_ code: String, practice: String, on day: Day, event: String? = nil) -> Row? {
        byCode[code.uppercased()]?.first { row in
            (row.practice == nil || row.practice == practice) && (row.event == nil || row.event == event)
                && row.holds(on: day)
        }
    }

    /// The rows that a practice has for a code, on whatever day and for whatever event.
    package func rows(_ code: String, practice: String) -> [Row] {
        byCode[code.uppercased(), default: []].filter { $0.practice == nil || $0.practice == practice }
    }

    init(empty name: TableName) {
        self.name = name
        columns = []
        byCode = [:]
    }

    init(_ name: TableName, file: String, text: String, problems: Problems) {
        self.name = name
        let records = CSV.records(text)
        guard let header = records.first else {
            problems.add(file, 1, "the file is empty")
            columns = []
            byCode = [:]
            return
        }
        let columns = header.fields.map { $0.lowercased() }
        self.columns = columns
        let known = ["code"] + name.required + name.optional + TableName.common
        for column in columns where !known.contains(column) {
            problems.unknown("column", column, among: known, file, header.line)
        }
        let misspelt = columns.filter { !known.contains($0) }.compactMap { $0.nearest(among: known) }
        for column in ["code"] + name.required where !columns.contains(column) && !misspelt.contains(column) {
            problems.add(file, header.line, "the column \"\(column)\" is missing")
        }
        if !columns.contains("code") {
            byCode = [:]
            return
        }
        var byCode: [String: [Row]] = [:]
        for record in records.dropFirst() {
            guard record.fields.count == columns.count else {
                problems.add(file, record.line, "\(record.fields.count) values for \(columns.count) columns")
                continue
            }
            let values = Dictionary(zip(columns, record.fields)) { first, _ in first }
            guard let row = Row(values, line: record.line, file: file, problems: problems) else { continue }
            let key = row.code.uppercased()
            for other in byCode[key, default: []] where other.overlaps(row) {
                let what = other.from == row.from && other.to == row.to ? "is there already" : "overlaps the dates of"
                problems.add(file, row.line, "code \"\(row.code)\" \(what) line \(other.line)")
            }
            byCode[key, default: []].append(row)
        }
        self.byCode = byCode.mapValues { rows in rows.sorted { ($1.rank, $0.line) < ($0.rank, $1.line) } }
    }
}

extension CodeTable.Row {
    fileprivate init?(_ values: [String: String], line: Int, file: String, problems: Problems) {
        guard let code = values["code"], !code.isEmpty else {
            problems.add(file, line, "the code is missing")
            return nil
        }
        func day(_ column: String) -> Day? {
            guard let text = values[column], !text.isEmpty else { return nil }
            if let day = Day(text) { return day }
            problems.add(file, line, "\"\(column)\" takes a date such as 2026-11-22")
            return nil
        }
        let from = day("from")
        let to = day("to")
        if let from, let to, from > to { problems.add(file, line, "\"to\" is before \"from\"") }
        self.init(code: code, line: line, values: values, from: from, to: to)
    }
}

/// Comma-separated values with double quotes; lines that begin with # are remarks.
enum CSV {
    struct Record {
        let line: Int
        var fields: [String]
    }

    static func records(_ text: String) -> [Record] {
        var records: [Record] = []
        var record = Record(line: 1, fields: [])
        var field: [UInt8] = []
        var line = 1
        var quoted = false
        var wasQuoted = false
        func endField() {
            let text = String(decoding: field, as: UTF8.self)
            record.fields.append(wasQuoted ? text : text.trimmed)
            field = []
            wasQuoted = false
        }
        func endRecord() {
            endField()
            if record.fields != [""], !(record.fields[0].first == "#") { records.append(record) }
            record = Record(line: line, fields: [])
        }
        let bytes = Array(text.utf8)
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            if byte == UInt8(ascii: "\n") { line += 1 }
            if quoted {
                if byte != UInt8(ascii: "\"") {
                    field.append(byte)
                } else if index < bytes.count, bytes[index] == UInt8(ascii: "\"") {
                    field.append(byte)
                    index += 1
                } else {
                    quoted = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): (quoted, wasQuoted) = (true, true)
            case UInt8(ascii: ","): endField()
            case UInt8(ascii: "\r"): break
            case UInt8(ascii: "\n"): endRecord()
            default: field.append(byte)
            }
        }
        if !field.isEmpty || !record.fields.isEmpty { endRecord() }
        return records
    }
}

extension String {
    fileprivate var trimmed: String {
        String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }
}
