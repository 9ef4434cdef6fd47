package import Foundation

/// What a file of an initial load holds.
package enum LoadKind: String, Codable, Sendable, CaseIterable {
    case appointments, patients, providers, resources

    /// As the journal names a row of it.
    package var messageType: String {
        switch self {
        case .appointments: "CSV^appointment"
        case .patients: "CSV^patient"
        case .providers: "CSV^provider"
        case .resources: "CSV^resource"
        }
    }

    package var fields: [LoadField] {
        switch self {
        case .appointments: LoadField.ofAppointments + LoadField.ofPersons
        case .patients: LoadField.ofPersons
        case .providers: [.code, .name, .family, .given, .npi]
        case .resources: [.code, .kind, .name, .npi, .capacity]
        }
    }

    /// Of each group a layout must name one at least.
    fileprivate var required: [[LoadField]] {
        switch self {
        case .appointments: [[.appointment, .placer, .visit, .mrn, .person, .local], [.start, .date]]
        case .patients: [[.mrn, .person, .local]]
        case .providers: [[.code], [.name, .family]]
        case .resources: [[.code]]
        }
    }
}

/// What a column of a loaded file may hold.
package enum LoadField: String, Codable, Sendable, CaseIterable {
    /// The number that messages bear in SCH-2, in SCH-1, and in PV1-19.
    case appointment, placer, visit
    case status, start, end
    /// A start and an end in columns of their own for the day and the clock.
    case date
    case startTime = "start-time"
    case endTime = "end-time"
    case minutes
    case provider, location, room, device, event
    case reason
    case cancelReason = "cancel-reason"
    /// A person's chart number, GUID, and number without a type.
    case mrn, person, local
    case family, given
    /// `EXAMPLE, ALEX` or `ALEX EXAMPLE`.
    case name
    case birthDate = "birth-date"
    case sex, phone, email
    case code, kind, npi, capacity

    fileprivate static let ofAppointments: [LoadField] = [
        .appointment, .placer, .visit, .status, .start, .end, .date, .startTime, .endTime, .minutes, .provider,
        .location, .room, .device, .event, .reason, .cancelReason,
    ]
    fileprivate static let ofPersons: [LoadField] = [
        .mrn, .person, .local, .family, .given, .name, .birthDate, .sex, .phone, .email,
    ]
}

/// How a kind of file is written: `layouts/NAME.yaml`.
package struct Layout: Sendable {
    package let name: String
    package let loads: LoadKind
    /// What the column of each field may be called; compared without regard to case, spaces and punctuation.
    package let columns: [LoadField: [String]]
    /// Columns that are there and not wanted.
    package let ignored: [String]
    /// How it writes times, and days without one; the first that fits is taken.
    package let times: [TimePattern]
    package let dates: [TimePattern]
    /// Of its times, where not the location's or the practice's.
    package let zone: TimeZone?

    init?(_ section: Section) {
        section.allow(["layout", "loads", "columns", "ignore", "times", "dates", "zone"])
        guard let name = section.required("layout"), section.required("loads") != nil,
            let loads = section.word("loads", LoadKind.self)
        else { return nil }
        if !name.text.isPlainWord {
            section.problems.add(section.file, name.line, "a layout's name is one word of letters, digits, . _ and -")
            return nil
        }
        self.name = name.text
        self.loads = loads
        ignored = (section.list("ignore") ?? []).map(\.text)
        times = section.patterns("times")
        dates = section.patterns("dates")
        zone = section.zone("zone")
        var columns: [LoadField: [String]] = [:]
        var taken: [String: LoadField] = [:]
        let stated = section.section("columns")
        if stated == nil { section.problems.add(section.file, section.line, "\"columns\" is missing") }
        stated?.allow(loads.fields.map(\.rawValue))
        for field in loads.fields {
            guard let names = stated?.list(field.rawValue) else { continue }
            columns[field] = names.map(\.text)
            for name in names {
                guard let other = taken.updateValue(field, forKey: name.text.plainLetters), other != field else {
                    continue
                }
                let text = "the column \"\(name.text)\" is \"\(other.rawValue)\" already"
                section.problems.add(section.file, name.line, text)
            }
        }
        self.columns = columns
        for group in loads.required where !group.contains(where: { columns[$0] != nil }) {
            let words = group.map { "\"\($0.rawValue)\"" }.joined(separator: " or ")
            section.problems.add(section.file, section.line(of: "columns"), "no column is \(words)")
        }
        if columns[.start] != nil || columns[.end] != nil, times.isEmpty {
            section.problems.add(section.file, section.line, "\"times\" is missing: how are times written?")
        }
        if columns[.date] != nil || columns[.birthDate] != nil, dates.isEmpty {
            section.problems.add(section.file, section.line, "\"dates\" is missing: how are days written?")
        }
    }
}

/// Which column of one file holds which field.
package struct LayoutColumns: Sendable {
    package let layout: Layout
    package let header: [String]
    package let positions: [LoadField: Int]
    /// Columns that the layout does not name, each with the nearest name that it does.
    package let unknown: [(position: Int, nearest: String?)]
    /// Columns that two fields' names fit, or that are there twice.
    package let repeated: [LoadField]

    package init(_ layout: Layout, header: [String]) {
        self.layout = layout
        self.header = header
        var positions: [LoadField: Int] = [:]
        var unknown: [(Int, String?)] = []
        var repeated: [LoadField] = []
        let ignored = Set(layout.ignored.map(\.plainLetters))
        let known = Dictionary(
            layout.columns.flatMap { field, names in names.map { ($0.plainLetters, field) } }
        ) { first, _ in first }
        let words = layout.columns.values.joined() + layout.ignored
        for (position, column) in header.enumerated() {
            let plain = column.plainLetters
            if let field = known[plain] {
                if positions.updateValue(position, forKey: field) != nil { repeated.append(field) }
            } else if !ignored.contains(plain) {
                unknown.append((position, column.nearest(among: words.sorted())))
            }
        }
        self.positions = positions
        self.unknown = unknown
        self.repeated = repeated
    }

    /// Groups of fields of which none is in the header, each by the names that it might have.
    package var missing: [[String]] {
        layout.loads.required.compactMap { group in
            let stated = group.filter { layout.columns[$0] != nil }
            if stated.contains(where: { positions[$0] != nil }) { return nil }
            return stated.compactMap { layout.columns[$0]?.first }
        }
    }

    /// What the column of a field is called in this file; else the field's own word.
    package func name(of field: LoadField) -> String {
        positions[field].map { header[$0] } ?? layout.columns[field]?.first ?? field.rawValue
    }
}

/// Whose numbers a practice's files bear, in the practice's file: `load:`.
package struct LoadProfile: Sendable, Hashable {
    /// The feed whose profile says in whose numbering the numbers are; nil: the practice's only one.
    package let feed: String?
    /// Where the profile leaves the authority to each message: the one that messages name, by kind.
    package let authorities: [String: String]

    static let none = LoadProfile(feed: nil, authorities: [:])

    private init(feed: String?, authorities: [String: String]) {
        self.feed = feed
        self.authorities = authorities
    }

    /// The feed must be one of the practice's.
    static func check(_ sections: [Section], feeds: [String: Feed], _ problems: Problems) {
        for section in sections {
            guard let practice = section.scalar("practice")?.text, let load = section.section("load"),
                let feed = load.scalar("feed")
            else { continue }
            let own = feeds.values.filter { $0.practices.values.contains(practice) }.map(\.name).sorted()
            if !own.contains(feed.text) { problems.unknown("feed", feed.text, among: own, section.file, feed.line) }
        }
    }

    init(_ section: Section?) {
        guard let section else {
            self = .none
            return
        }
        section.allow(["feed", "authorities"])
        var authorities: [String: String] = [:]
        let stated = section.section("authorities")
        let kinds = ["filler", "placer", "visit", "mrn", "person", "local"]
        stated?.allow(kinds)
        for kind in kinds { authorities[kind] = stated?.scalar(kind)?.text }
        self.init(feed: section.scalar("feed")?.text, authorities: authorities)
    }
}

extension Section {
    fileprivate func patterns(_ key: String) -> [TimePattern] {
        (list(key) ?? []).compactMap { item in
            if let pattern = TimePattern(item.text) { return pattern }
            problems.add(file, item.line, "\"\(item.text)\" is no pattern such as yyyy-MM-dd HH:mm")
            return nil
        }
    }
}

extension String {
    /// Letters and digits only, in lower case: what is left of a column's name however an export writes it.
    package var plainLetters: String { lowercased().filter { $0.isLetter || $0.isNumber } }

    var isPlainWord: Bool {
        !isEmpty
            && utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }
}
