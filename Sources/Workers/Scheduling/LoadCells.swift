import Foundation
import Practice
import Workflow

/// One row's values, by field.
struct LoadCells {
    let reader: LoadReader
    let fields: [String]

    private var layout: Layout { reader.columns.layout }

    func text(_ field: LoadField) -> String? {
        guard let position = reader.columns.positions[field] else { return nil }
        let text = fields[position].trimmingCharacters(in: .whitespaces)
        return text.isEmpty ? nil : text
    }

    func fault(_ reason: LoadFault.Reason, _ field: LoadField, table: TableName? = nil) -> LoadFault {
        LoadFault(reason, column: reader.columns.name(of: field), table: table)
    }

    // MARK: Persons

    func person(isNeeded: Bool) throws(LoadFault) -> ParsedPerson {
        var person = ParsedPerson()
        for (field, kind) in [(LoadField.mrn, Identifier.Kind.mrn), (.person, .person), (.local, .local)] {
            if let value = text(field) { person.aliases.append(reader.alias(kind, value)) }
        }
        person.aliases = person.aliases.mostTrustedFirst
        let whole = text(.name).map(Self.names)
        person.family = text(.family) ?? whole?.family ?? ""
        person.given = text(.given) ?? whole?.given ?? ""
        person.sex = text(.sex) ?? ""
        person.phone = text(.phone) ?? ""
        person.email = text(.email) ?? ""
        if let text = text(.birthDate) {
            guard let birth = birth(text) else { throw fault(.noDay, .birthDate) }
            person.birthDate = birth
        }
        person = person.named
        if isNeeded, person.aliases.isEmpty { throw LoadFault(.noName) }
        return person
    }

    private static func names(_ text: String) -> (family: String, given: String) {
        let parts = text.split(separator: ",", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
        if parts.count == 2 { return (parts[0], parts[1]) }
        let words = text.split(separator: " ").map(String.init)
        return words.count > 1 ? (words.last ?? "", words.dropLast().joined(separator: " ")) : (text, "")
    }

    /// Two digits of a year that would be ahead are of the century before.
    private func birth(_ text: String) -> Day? {
        guard let reading = (layout.dates + layout.times).lazy.compactMap({ $0.read(text) }).first,
            let year = reading.year, let month = reading.month, let day = reading.day,
            let birth = Day(year: year, month: month, day: day)
        else { return nil }
        return birth <= reader.day ? birth : Day(year: year - 100, month: month, day: day)
    }

    // MARK: Who and what can be booked

    func provider() throws(LoadFault) -> LoadedResource {
        guard let code = text(.code) else { throw fault(.empty, .code) }
        let name = text(.name) ?? [text(.given), text(.family)].compactMap(\.self).joined(separator: " ")
        return try loaded(ResourceUse(kind: .practitioner, code: code, name: name, npi: text(.npi) ?? ""))
    }

    func resource() throws(LoadFault) -> LoadedResource {
        guard let code = text(.code) else { throw fault(.empty, .code) }
        var kind = ResourceUse.Kind.device
        if let word = text(.kind) {
            guard let known = ResourceUse.Kind(rawValue: word.lowercased()) else { throw fault(.unknownKind, .kind) }
            kind = known
        }
        return try loaded(ResourceUse(kind: kind, code: code, name: text(.name) ?? "", npi: text(.npi) ?? ""))
    }

    /// The practice's table of resources goes before the file, as it does for messages.
    private func loaded(_ use: ResourceUse) throws(LoadFault) -> LoadedResource {
        var use = use
        if !use.npi.isEmpty, use.npi.utf8.count != 10 || !use.npi.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
            throw fault(.noNumber, .npi)
        }
        var capacity: Int32?
        if let text = text(.capacity) {
            guard let number = Int32(text), (1...1000).contains(number) else { throw fault(.noNumber, .capacity) }
            capacity = number
        }
        if let row = reader.definition.table(.resources).row(use.code, practice: reader.practice.id, on: reader.day) {
            use.kind = ResourceUse.Kind(rawValue: row["kind"]) ?? use.kind
            if !row["name"].isEmpty { use.name = row["name"] }
            if !row["npi"].isEmpty { use.npi = row["npi"] }
            capacity = Int32(row["capacity"]) ?? capacity
        }
        return LoadedResource(use: use, capacity: capacity)
    }

    // MARK: Times

    /// A start and an end, with what a person must know about them.
    func times() throws(LoadFault) -> FieldReader.Times {
        var times = FieldReader.Times()
        guard let (wall, offset) = try start() else { return times }
        let clock = PracticeTime(zone: zone())
        let start = clock.reading(of: wall, offsetSeconds: offset, receipt: reader.asOf)
        times.start = start.instant
        if let flag = start.flag { times.flags.insert(flag) }
        let endField = text(.end) == nil ? LoadField.endTime : .end
        if let text = text(endField) {
            guard let (end, offset) = moment(text, on: wall.day) else { throw fault(.noTime, endField) }
            // An end in the hour that comes twice takes the reading nearest to its start.
            let instant = clock.reading(of: end, offsetSeconds: offset, receipt: start.instant).instant
            if instant < start.instant { throw fault(.endsBeforeItsStart, endField) }
            if instant > start.instant { times.end = instant }
        }
        if times.end == nil, let text = text(.minutes) {
            guard let minutes = Double(text), minutes >= 0, minutes < 10_000 else { throw fault(.noNumber, .minutes) }
            if minutes > 0 { times.end = start.instant + minutes * 60 }
        }
        return times
    }

    private func start() throws(LoadFault) -> (WallTime, Int?)? {
        if let text = text(.start) {
            guard let read = moment(text, on: nil) else { throw fault(.noTime, .start) }
            return read
        }
        guard let text = text(.date) else { return nil }
        guard let reading = layout.dates.lazy.compactMap({ $0.read(text) }).first, let year = reading.year,
            let month = reading.month, let date = reading.day, let day = Day(year: year, month: month, day: date)
        else {
            // Some exports write the clock into the same column.
            guard self.text(.startTime) == nil, let read = moment(text, on: nil) else { throw fault(.noDay, .date) }
            return read
        }
        guard let clock = self.text(.startTime) else { throw fault(.empty, .startTime) }
        guard let read = moment(clock, on: day) else { throw fault(.noTime, .startTime) }
        return read
    }

    private static let clocks = ["H:mm[:ss]", "h:mm[:ss][ ]a", "HHmm"].compactMap(TimePattern.init)

    /// A day with a time; where a day is given, a time alone too.
    private func moment(_ text: String, on day: Day?) -> (WallTime, Int?)? {
        for pattern in layout.times {
            guard let reading = pattern.read(text), let year = reading.year, let month = reading.month,
                let date = reading.day, let hour = reading.hour,
                let wall = WallTime(
                    year: year, month: month, day: date, hour: hour, minute: reading.minute, second: reading.second)
            else { continue }
            return (wall, reading.offsetSeconds)
        }
        guard let day else { return nil }
        for pattern in Self.clocks {
            guard let reading = pattern.read(text), let hour = reading.hour,
                let wall = WallTime(
                    year: day.year, month: day.month, day: day.day, hour: hour, minute: reading.minute,
                    second: reading.second)
            else { continue }
            return (wall, nil)
        }
        return nil
    }

    /// The layout's own, else the location's, else the practice's.
    private func zone() -> TimeZone {
        if let zone = layout.zone { return zone }
        guard let word = text(.location), let row = reader.place(word) else { return reader.practice.zone }
        return TimeZone(identifier: row["zone"]) ?? reader.practice.zone
    }
}

extension LoadReader {
    /// A location's row, by its code or its name.
    func place(_ word: String) -> CodeTable.Row? { row(.locations, word, columns: ["name"]) }

    /// A row by its code, else by another column that holds the word: exports write names as often as codes.
    func row(_ table: TableName, _ word: String, columns: [String]) -> CodeTable.Row? {
        let rows = definition.table(table)
        if let row = rows.row(word, practice: practice.id, on: day) { return row }
        let named = rows.rows.filter { row in
            columns.contains { !row[$0].isEmpty && row[$0].lowercased() == word.lowercased() }
                && rows.row(row.code, practice: practice.id, on: day)?.line == row.line
        }
        return named.count == 1 ? named.first : nil
    }
}
