package import HL7

/// What a workflow does with a message type and event.
package enum Action: String, Codable, Sendable, CaseIterable {
    case booked, rescheduled, modified, cancelled, discontinued, deleted
    /// Adds, changes or drops services and resources of an appointment.
    case resources
    case noshow
    /// Takes a stretch of a resource's day.
    case block
    /// Gives one back.
    case open
}

/// What a workflow reads from a message. Each has a list of paths; the first that holds a value is taken.
package enum FieldName: String, Codable, Sendable, CaseIterable {
    case eventTime = "event-time"
    case start, end, duration
    /// One path for each of `duration`'s, in its order: where its unit is.
    case durationUnits = "duration-units"
    case status, type
    /// What kind of events it is booked under, where the message says; else the event's row does.
    case category
    case typeText = "type-text"
    case reason
    case cancelReason = "cancel-reason"
    case parentPlacer = "parent-placer"
    case parentFiller = "parent-filler"
    /// Who gives the appointment where no AIP says so: XCN fields, whole.
    case practitioner
    /// Where it is where no AIL says so: PL fields, whole.
    case location
    case family, given
    case birthDate = "birth-date"
    case sex, phone, email
}

/// What happens to a code that its table does not know.
package enum Unmapped: String, Codable, Sendable, CaseIterable {
    /// The message waits for the row.
    case park
    /// The code is taken as it is.
    case pass
}

/// One `workflow.yaml`.
package struct WorkflowRules: Sendable {
    package let name: String
    /// What it does, by `SIU^S12`. A message is one workflow's only.
    package let accepts: [String: Action]
    package let fields: [FieldName: [Path]]
    package let unmapped: [TableName: Unmapped]
    /// The park codes whose job holds back the later jobs of its key.
    package let holdsKey: Set<ParkCode>

    init(_ section: Section) {
        section.allow(["workflow", "accepts", "fields", "unmapped", "holds-key"])
        name = section.required("workflow")?.text ?? section.file
        var accepts: [String: Action] = [:]
        if let events = section.section("accepts") {
            for key in events.keys { accepts[key.text] = events.word(key.text, Action.self) }
        } else {
            section.problems.add(section.file, section.line, "\"accepts\" is missing")
        }
        self.accepts = accepts
        fields = section.section("fields").map(Self.fields) ?? [:]
        unmapped = section.section("unmapped").map(Self.unmapped) ?? [:]
        holdsKey = Set(section.words("holds-key", ParkCode.self))
    }

    /// Path lists by field; what is no field or no path is a problem.
    static func fields(_ section: Section) -> [FieldName: [Path]] {
        section.allow(FieldName.allCases.map(\.rawValue))
        var fields: [FieldName: [Path]] = [:]
        for field in FieldName.allCases {
            guard let list = section.list(field.rawValue) else { continue }
            for item in list where field == .start && item.text.hasPrefix("PV1-44") {
                section.problems.add(section.file, item.line, "PV1-44 is the visit's time, never the appointment's")
            }
            fields[field] = list.compactMap { section.path($0) }
        }
        if let durations = fields[.duration], let units = fields[.durationUnits], durations.count != units.count {
            let line = section.line(of: FieldName.durationUnits.rawValue)
            section.problems.add(section.file, line, "\"duration-units\" needs one path for each of \"duration\"")
        }
        return fields
    }

    static func unmapped(_ section: Section) -> [TableName: Unmapped] {
        section.allow(TableName.allCases.map(\.rawValue))
        var result: [TableName: Unmapped] = [:]
        for table in TableName.allCases { result[table] = section.word(table.rawValue, Unmapped.self) }
        return result
    }
}

extension Section {
    func path(_ scalar: Scalar) -> Path? {
        if let path = Path(scalar.text) { return path }
        problems.add(file, scalar.line, "\"\(scalar.text)\" is no path such as SCH-11.4")
        return nil
    }

    func path(_ key: String) -> Path? { scalar(key).flatMap { path($0) } }

    func paths(_ key: String) -> [Path]? { list(key)?.compactMap { path($0) } }

    func words<Word: RawRepresentable & CaseIterable>(_ key: String, _ type: Word.Type) -> [Word]
    where Word.RawValue == String {
        (list(key) ?? []).compactMap { item in
            if let word = Word(rawValue: item.text) { return word }
            problems.unknown(key, item.text, among: Word.allCases.map(\.rawValue), file, item.line)
            return nil
        }
    }
}
