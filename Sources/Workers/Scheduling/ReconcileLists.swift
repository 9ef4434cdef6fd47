import Destination
import FHIR
import Foundation
import Postgres
import Practice
import Reconciliation
import Workflow

/// One line of another side's list, before it is known which of our records it is.
struct ListedEntry: Sendable {
    var entry: Reconciliation.Entry
    /// The person as the list has them: a chart number, or with `FHIR` our own id; empty for a block.
    var patient: String
    /// Our record's id as the list keeps it; looked up before it is believed.
    var ownID: UUID?
    /// Names in a known numbering. The reference itself is tried in each numbering that the practice has.
    var names: [Practice.Identifier] = []
    /// A resource's time, by the list's own word for it.
    var isBlock = false
    /// The list may name the appointment by the reference alone (the PM's own list does).
    var isNamedByReference = false
}

/// A side's own list, read to its end; its lines are in the database.
struct ReadList: Sendable {
    /// As of when it speaks.
    let asOf: Date
    let count: Int
    /// The days of which it has a line.
    let days: Set<Day>
    let unknownResources: Int
    let unknownLocations: Int
    /// Rows that could not be read; nil where all could.
    let unread: UnreadLines?
}

/// Rows of a list that could not be read, when the others could.
package struct UnreadLines: Sendable, Equatable {
    package private(set) var count: Int
    /// What is wrong with the first of them.
    package let first: ListProblem
    /// The appointments that they name: by the list's own numbers, and by our ids.
    private(set) var references: Set<String> = []
    private(set) var ours: Set<UUID> = []
    private(set) var isAnyWithoutReference = false
    private(set) var isAnyWithoutOurs = false

    init(_ problem: ListProblem, naming reference: String?, _ own: UUID?) {
        count = 0
        first = problem
        add(naming: reference, own)
    }

    mutating func add(naming reference: String?, _ own: UUID?) {
        count += 1
        if let reference { references.insert(reference) } else { isAnyWithoutReference = true }
        if let own { ours.insert(own) } else { isAnyWithoutOurs = true }
    }

    /// A few among many; a list of which more is bad is none, and its counts would lie.
    func isBearable(of rows: Int) -> Bool { count <= 3 && count < rows || count * 100 <= rows }
}

/// Why a list could not be used. It is said aloud in the run's sources, and nobody is accused by it.
package struct ListProblem: Error, Equatable, Sendable {
    /// From a closed set.
    package let code: String
    /// The line of a CSV file that could not be read.
    package let line: Int?
    /// Where it is no fault of the list, but ours: the run fails.
    let database: PostgresError?

    init(_ code: String, line: Int? = nil) {
        self.init(code, line: line, database: nil)
    }

    private init(_ code: String, line: Int?, database: PostgresError?) {
        self.code = code
        self.line = line
        self.database = database
    }

    static func ofDatabase(_ error: PostgresError) -> ListProblem {
        ListProblem("database", line: nil, database: error)
    }

    init(_ error: ReconciliationError) {
        switch error {
        case .csv(let line, let fault): self.init("csv-\(fault.code)", line: line)
        case .outOfOrder, .repeatedHere: self.init("list-unreadable")
        }
    }

    package var description: String { code + (line.map { " at line \($0)" } ?? "") }
}

extension CSVFault {
    fileprivate var code: String {
        switch self {
        case .strayQuote: "stray-quote"
        case .unendedQuote: "unended-quote"
        case .tooLong: "too-long"
        case .noHeader: "no-header"
        case .missingColumn: "missing-column"
        case .repeatedColumn: "repeated-column"
        case .fieldCount: "field-count"
        case .badTime: "bad-time"
        case .endsBeforeItsStart: "ends-before-its-start"
        case .missingValue: "missing-value"
        }
    }
}

/// What reads lists needs to know of a practice.
struct ListContext: Sendable {
    let definition: Definition
    let practice: PracticeProfile
    let time: PracticeTime
    /// Somewhat wider than what is compared.
    let reach: Range<Date>
    /// The database's clock, by which records bear their times.
    let clock: Date
    let bookables: Bookables

    /// What a word of the PM's means. `isListed` is false for what is nothing to tell.
    func status(_ word: String) -> (status: AppointmentStatus?, isBlock: Bool, isListed: Bool) {
        let row = definition.table(.status).row(word, practice: practice.id, on: time.day(of: clock))
        let text = row?["status"] ?? ""
        return (row?.appointmentStatus, text == CodeTable.StatusWord.blocked, text != CodeTable.StatusWord.ignored)
    }

    /// A no-show of a day that is over may be the PM's own at midnight, which no message announces.
    func isDerived(_ status: AppointmentStatus?, start: Date?, asOf: Date) -> Bool {
        guard status == .noshow, let start else { return false }
        return time.end(of: time.day(of: start)) <= asOf
    }
}

/// Who can be booked, and where, by everything that a list may call them.
struct Bookables: Sendable {
    /// One that is on record.
    struct Known: Sendable {
        let id: UUID
        let kind: String
        let code: String
        let name: String
        let npi: String
    }

    private let codes: [String: String]
    private let sites: [String: String]
    private let byID: [UUID: String]

    /// `known`: those on record; the tables' are added. A word that stands for two is none.
    init(_ known: [Known], resources: [CodeTable.Row], locations: [CodeTable.Row]) {
        var codes: [String: Set<String>] = [:]
        var sites: [String: Set<String>] = [:]
        for one in known {
            for word in [one.code, one.name, one.npi] where !word.isEmpty {
                if one.kind == "location" {
                    sites[word.uppercased(), default: []].insert(Self.site(one.code))
                } else {
                    codes[word.uppercased(), default: []].insert(one.code)
                }
            }
        }
        for row in resources where ["practitioner", "device"].contains(row["kind"]) {
            for word in [row.code, row["name"], row["npi"]] where !word.isEmpty {
                codes[word.uppercased(), default: []].insert(row.code)
            }
        }
        for row in locations {
            for word in [row.code, row["name"]] where !word.isEmpty {
                sites[word.uppercased(), default: []].insert(Self.site(row.code))
            }
        }
        for one in known where one.kind != "location" { codes[one.code.uppercased()] = [one.code] }
        self.codes = codes.compactMapValues { $0.count == 1 ? $0.first : nil }
        self.sites = sites.compactMapValues { $0.count == 1 ? $0.first : nil }
        byID = Dictionary(known.map { ($0.id, $0.kind == "location" ? Self.site($0.code) : $0.code) }) { one, _ in one }
    }

    func code(_ word: String) -> String? { codes[word.uppercased()] }
    func code(_ id: UUID) -> String? { byID[id] }

    /// The place's code without its room (`MAIN/EXAM2` is in `MAIN`): lists name the place.
    func site(_ word: String) -> String? { sites[word.uppercased()] ?? sites[Self.site(word).uppercased()] }

    private static func site(_ code: String) -> String { String(code.prefix { $0 != "/" }) }
}
