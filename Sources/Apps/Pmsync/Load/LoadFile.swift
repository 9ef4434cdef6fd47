import Crypto
import Foundation
import HL7
import Practice
import Reconciliation
import Scheduling
import Workflow

/// A file that is to be loaded, read by its layout: the rows that can be used, and what is wrong with the others.
struct LoadFile: Sendable {
    struct Row: Sendable {
        let line: Int
        let entry: LoadEntry
        let row: LoadedRow
    }

    struct BadRow: Sendable, Encodable {
        let line: Int
        let column: String?
        let reason: String
    }

    let name: String
    let digest: [UInt8]
    private(set) var good: [Row] = []
    private(set) var bad: [BadRow] = []
    /// Rows that are on an earlier line too, word for word.
    private(set) var repeated = 0
    /// What a person should know of the header.
    private(set) var notes: [String] = []

    /// All of its rows, whatever became of them.
    var rows: Int { good.count + bad.count + repeated }

    private let header: [String]
    private let records: [CSVReader.Record]

    /// Reads it whole. Throws where there is no such file, it is no CSV, or it has no header.
    init(_ path: String) throws {
        name = (path as NSString).lastPathComponent
        guard let handle = FileHandle(forReadingAtPath: path) else { throw LoadError.missing(path) }
        defer { try? handle.close() }
        var reader = CSVReader(isForgiving: true)
        var hash = SHA256()
        var records: [CSVReader.Record] = []
        do {
            while let piece = try handle.read(upToCount: 65_536), !piece.isEmpty {
                hash.update(data: piece)
                records += try reader.read(piece)
            }
            if let last = try reader.finish() { records.append(last) }
        } catch ReconciliationError.csv(let line, let fault) {
            throw LoadError.notCSV(path, line: line, fault)
        }
        digest = Array(hash.finalize())
        guard let header = records.first else { throw LoadError.notCSV(path, line: 1, .noHeader) }
        if let fault = header.fault { throw LoadError.notCSV(path, line: 1, fault) }
        self.header = header.fields
        self.records = Array(records.dropFirst())
    }

    /// Looks at every row. Throws where the header lacks what the layout needs, or has a column twice.
    mutating func read(
        definition: Definition, practice: PracticeProfile, feed: Feed, layout: Layout, asOf: Date
    ) throws {
        let columns = LayoutColumns(layout, header: header)
        notes = columns.unknown.map { position, nearest in
            let hint = nearest.map { ", did you mean \"\($0)\"?" } ?? ""
            return
                "\(name):1: column \"\(header[position])\" is none of layouts/\(layout.name).yaml's\(hint) It is left out."
        }
        if let twice = columns.repeated.first { throw LoadError.columnTwice(name, columns.name(of: twice)) }
        if let missing = columns.missing.first { throw LoadError.columnMissing(name, missing, notes: notes) }
        let reader = LoadReader(
            definition: definition, practice: practice, feed: feed, columns: columns, asOf: asOf)
        var seen = Seen()
        let groups = Self.groups(records, columns)
        for record in records {
            let number = columns.positions[.appointment].flatMap { Self.field($0, of: record) } ?? ""
            do throws(LoadFault) {
                if record.fault != nil { throw LoadFault(.strayQuote) }
                let row = try reader.read(record.fields, isGroup: groups.contains(number))
                if seen.holds(record.fields) {
                    repeated += 1
                    continue
                }
                if seen.conflicts(row, number) {
                    throw LoadFault(.repeated, column: columns.name(of: .appointment))
                }
                let entry = LoadEntry(
                    kind: layout.loads, layout: layout.name, feed: feed.name, asOf: asOf,
                    isGroup: groups.contains(number), header: header, fields: record.fields)
                good.append(Row(line: record.line, entry: entry, row: row))
            } catch {
                bad.append(BadRow(line: record.line, column: error.column, reason: Self.reason(error, record)))
            }
        }
    }

    /// The column that is missing for a row to wait its turn among its person's messages: the number by which the feed's are
    /// kept in order, where the file has others of the person alone. Nil where nothing is missing.
    func missingKey(of feed: Feed, layout: Layout) -> LoadField? {
        let columns = LayoutColumns(layout, header: header)
        let fields: [(LoadField, Identifier.Kind)] = [(.mrn, .mrn), (.person, .person), (.local, .local)]
        let kinds = feed.personKey.compactMap { path in
            feed.personIdentifiers.first { $0.path.segment == path.segment && $0.path.field == path.field }?.kind
        }
        guard let first = kinds.first, let needed = fields.first(where: { $0.1 == first })?.0 else { return nil }
        let isOfPersons = fields.contains { columns.positions[$0.0] != nil }
        return isOfPersons && columns.positions[needed] == nil ? needed : nil
    }

    private static func reason(_ fault: LoadFault, _ record: CSVReader.Record) -> String {
        if fault.reason == .fieldCount, record.lastLine > record.line {
            return fault.reason.rawValue + ": a quote joins the lines \(record.line) to \(record.lastLine)"
        }
        guard fault.reason == .unmapped, let table = fault.table else { return fault.reason.rawValue }
        return "has no row in tables/\(table.rawValue).csv"
    }

    private static func field(_ position: Int, of record: CSVReader.Record) -> String? {
        guard position < record.fields.count else { return nil }
        let text = record.fields[position].trimmingCharacters(in: .whitespaces)
        return text.isEmpty ? nil : text
    }

    /// Numbers under which several people are booked: group visits.
    private static func groups(_ records: [CSVReader.Record], _ columns: LayoutColumns) -> Set<String> {
        guard let number = columns.positions[.appointment],
            let person = columns.positions[.mrn] ?? columns.positions[.person] ?? columns.positions[.local]
        else { return [] }
        var people: [String: Set<String>] = [:]
        for record in records {
            guard let id = field(number, of: record), let who = field(person, of: record) else { continue }
            people[id, default: []].insert(who)
        }
        return Set(people.filter { $0.value.count > 1 }.keys)
    }

    private struct Seen {
        private var rows: Set<[String]> = []
        private var appointments: Set<[String]> = []

        mutating func holds(_ fields: [String]) -> Bool { !rows.insert(fields).inserted }

        /// One number for one person on two lines that differ: which of them holds cannot be told.
        mutating func conflicts(_ row: LoadedRow, _ number: String) -> Bool {
            guard !number.isEmpty, case .schedule(let message) = row, case .appointments(let seen) = message.content
            else { return false }
            let who = seen.first?.person.aliases.first?.identifier.value ?? ""
            return !appointments.insert([number, who]).inserted
        }
    }
}

/// Why a file cannot be loaded at all.
enum LoadError: Error, CustomStringConvertible {
    case missing(String)
    case notCSV(String, line: Int, CSVFault)
    case columnTwice(String, String)
    case columnMissing(String, [String], notes: [String])
    case unknownPractice(String)
    case unknownLayout(String, LoadKind, known: [String])
    case wrongLayout(String, LoadKind)
    case whichLayout(LoadKind, [String])
    case noFeed(String)
    case outOfOrder(LoadField, feed: String)
    case whichFeed(String, [String])

    var description: String {
        switch self {
        case .missing(let path): "\(path) cannot be read"
        case .notCSV(let path, let line, let fault): "\(path):\(line): no CSV that can be read: \(fault.words)"
        case .columnTwice(let file, let column): "\(file):1: two columns are \"\(column)\""
        case .columnMissing(let file, let names, let notes):
            (["\(file):1: no column is \(names.map { "\"\($0)\"" }.joined(separator: " or "))"] + notes).joined(
                separator: "\n")
        case .unknownPractice(let id): "no practice \"\(id)\" is in the definitions in force"
        case .unknownLayout(let name, let kind, let known):
            "there is no layout \"\(name)\"; of \(kind.rawValue) there are: \(known.joined(separator: ", "))"
        case .wrongLayout(let name, let kind): "layouts/\(name).yaml does not load \(kind.rawValue)"
        case .whichLayout(let kind, let names):
            names.isEmpty
                ? "no layout of \(kind.rawValue) is in layouts/"
                : "say --layout: one of \(names.joined(separator: ", "))"
        case .noFeed(let practice): "practices/\(practice).yaml has no feed in whose numbering the file could be"
        case .outOfOrder(let field, let feed):
            "the file names persons by other numbers than the feed \(feed), which is being heard: a row could not wait its "
                + "turn among its person's messages. Add a column \"\(field.rawValue)\", or hold the feed while it is loaded: "
                + "pmsync feed drain \(feed) --reason TEXT, then load, then pmsync feed resume \(feed)"
        case .whichFeed(let practice, let names):
            "practices/\(practice).yaml has several feeds: say there in whose numbering its files are, "
                + "`load: {feed: NAME}`, one of \(names.joined(separator: ", "))"
        }
    }
}

extension CSVFault {
    fileprivate var words: String {
        switch self {
        case .strayQuote: "a quote in the midst of a value"
        case .unendedQuote: "a quote that does not end"
        case .tooLong: "a value or a row that is too long"
        case .noHeader: "it has no header"
        default: "it cannot be read"
        }
    }
}
