import Foundation
import HL7
import Practice
import Workflow

/// Reads one message by its feed's path lists. A value that is not text in the message's charset parks the message: what
/// is stored is what was sent, or nothing.
struct MessageReader {
    let message: Message
    let definition: Definition
    let rules: WorkflowRules
    let feed: Feed
    let practice: PracticeProfile
    let receivedAt: Date
    /// The practice-local day on which the message came, by which its words count.
    let day: Day
    /// The practice-local day of the appointment, by which who, where and what for counts: what a provider is called and
    /// where they work does not change for visits before a move. The day the message came where there is none.
    let appointmentDay: Day
    /// Notes every code that is looked up; then none parks. nil but where codes are counted.
    let lookUps: CodeLookUps?
    /// Of times that say none: the feed's own, else the practice's.
    let zone: TimeZone
    private let mayHoldInvalidText: Bool

    init(
        _ message: Message, definition: Definition, rules: WorkflowRules, feed: Feed, practice: PracticeProfile,
        receivedAt: Date, lookUps: CodeLookUps? = nil
    ) {
        self.message = message
        self.definition = definition
        self.rules = rules
        self.feed = feed
        self.practice = practice
        self.receivedAt = receivedAt
        let zone = feed.zone(of: practice.id) ?? practice.zone
        self.zone = zone
        self.lookUps = lookUps
        let clock = PracticeTime(zone: practice.zone)
        day = clock.day(of: receivedAt)
        let start = (feed.fields[.start] ?? []).lazy.compactMap { message.text($0) }.first
        let instant = start.flatMap { Self.instant($0, in: zone, receivedAt: receivedAt)?.instant }
        appointmentDay = instant.map { clock.day(of: $0) } ?? day
        mayHoldInvalidText = message.hasInvalidText
    }

    func park(_ code: ParkCode, _ detail: String) -> Park {
        Park(code, holdsKey: rules.holdsKey.contains(code), detail: detail)
    }

    // MARK: Text

    /// The value at a path; in a group message that of one patient's own segments.
    func text(_ path: Path, of patient: Patient? = nil, component: Int? = nil) throws(Park) -> String? {
        guard let segment = segment(path, of: patient) else { return nil }
        return try text(
            segment, path.field, repetition: path.repetition ?? 1, component: component ?? path.component ?? 1,
            subcomponent: path.subcomponent ?? 1)
    }

    func text(
        _ segment: Segment, _ field: Int, repetition: Int = 1, component: Int = 1, subcomponent: Int = 1
    ) throws(Park) -> String? {
        guard
            let text = segment.text(
                field, repetition: repetition, component: component, subcomponent: subcomponent)
        else { return nil }
        if mayHoldInvalidText, text.unicodeScalars.contains("\u{FFFD}") {
            let place = "\(segment.name)-\(field)"
            throw park(.invalidText, "\(place) is not text in the message's charset; the profile may name another")
        }
        let trimmed = text.trimmingCharacters(in: .whitespaces)
        return trimmed.isEmpty ? nil : trimmed
    }

    /// The first value of a field's paths, and where it was.
    func first(_ field: FieldName, of patient: Patient? = nil) throws(Park) -> (text: String, path: Path)? {
        for path in feed.fields[field] ?? [] {
            if let text = try text(path, of: patient) { return (text, path) }
        }
        return nil
    }

    /// A coded value: its code (component 1) and words (component 2), each standing in for the other.
    func coded(_ field: FieldName) throws(Park) -> (code: String, words: String, path: Path)? {
        for path in feed.fields[field] ?? [] {
            let code = try text(path)
            let words = path.component == nil ? try text(path, component: 2) : nil
            if let any = code ?? words { return (code ?? any, words ?? any, path) }
        }
        return nil
    }

    func segment(_ path: Path, of patient: Patient? = nil) -> Segment? {
        let own = patient?.segments.filter { $0.name == path.segment } ?? []
        if path.occurrence <= own.count { return own[path.occurrence - 1] }
        return message.segment(path.segment, occurrence: path.occurrence)
    }

    // MARK: Tables

    /// What a table says of a code. nil: it does not know it, and such a code passes. Throws where it parks.
    func row(
        _ table: TableName, _ code: String, at path: String, event: String? = nil
    ) throws(Park) -> CodeTable.Row? {
        let row = peek(table, code, event: event)
        lookUps?.note(CodeLookUp(table: table, code: code, event: event ?? "", day: day(for: table)))
        if row == nil, lookUps == nil, feed.unmapped[table] == .park {
            var park = park(table.parkCode, "\(path): its code has no row in tables/\(table.rawValue).csv")
            park.unmapped = UnmappedCode(practice: practice.id, table: table, code: code)
            throw park
        }
        return row
    }

    /// The row, where there is one; an absence is not minded.
    func peek(_ table: TableName, _ code: String, event: String? = nil) -> CodeTable.Row? {
        definition.table(table).row(code, practice: practice.id, on: day(for: table), event: event)
    }

    private func day(for table: TableName) -> Day { table.countsByArrival ? day : appointmentDay }

    // MARK: Time

    /// The zone of the appointment's times: the feed's own, else its location's, else the practice's.
    func appointmentZone() throws(Park) -> TimeZone {
        if feed.zone(of: practice.id) != nil { return zone }
        for path in ["AIL-3.1"] + (feed.fields[.location] ?? []) {
            guard let code = try text(path) else { continue }
            let row = peek(.locations, code)
            return row.flatMap { TimeZone(identifier: $0["zone"]) } ?? zone
        }
        return zone
    }

    /// A time to the hour or finer; in `zone` where it says none of its own.
    func instant(_ text: String, in zone: TimeZone) -> PracticeTime.Reading? {
        Self.instant(text, in: zone, receivedAt: receivedAt)
    }

    private static func instant(_ text: String, in zone: TimeZone, receivedAt: Date) -> PracticeTime.Reading? {
        guard let time = DTM(text), time.precision >= .hour,
            let wall = WallTime(
                year: time.year, month: time.month, day: time.day, hour: time.hour, minute: time.minute,
                second: time.second, millisecond: time.nanosecond / 1_000_000)
        else { return nil }
        return PracticeTime(zone: zone).reading(of: wall, offsetSeconds: time.offsetSeconds, receipt: receivedAt)
    }

    /// When it happened: the first of the field's times that can be read, else receipt; receipt too for one that is more
    /// than ten minutes ahead of it.
    func eventTime() throws(Park) -> Date {
        for path in feed.fields[.eventTime] ?? [] {
            guard let text = try text(path), let reading = instant(text, in: zone) else { continue }
            return reading.instant > receivedAt + 600 ? receivedAt : reading.instant
        }
        return receivedAt
    }

    struct Times {
        var start: Date?
        var end: Date?
        var flags: Set<AppointmentFlag> = []
    }

    /// Start and end. Where the night of a clock change blurs one of them, the end is as far from the start as the wall
    /// clock says, so that the duration is right.
    func times() throws(Park) -> Times {
        var times = Times()
        guard let (startText, startPath) = try first(.start) else { return times }
        let zone = try appointmentZone()
        guard let start = instant(startText, in: zone) else { throw park(.invalidTime, "\(startPath) holds no time") }
        times.start = start.instant
        if let flag = start.flag { times.flags.insert(flag) }
        if let (endText, endPath) = try first(.end) {
            guard let end = instant(endText, in: zone) else { throw park(.invalidTime, "\(endPath) holds no time") }
            var instant = end.instant
            if start.flag != nil || end.flag != nil, let length = wallSeconds(from: startText, to: endText) {
                instant = start.instant + length
            }
            if instant < start.instant { throw park(.invalidDuration, "\(endPath) is before \(startPath)") }
            if instant > start.instant { times.end = instant }
        }
        if times.end == nil, let length = try duration(), length > 0 { times.end = start.instant + length }
        return times
    }

    private func wallSeconds(from start: String, to end: String) -> TimeInterval? {
        guard let start = DTM(start), let end = DTM(end), start.offsetSeconds == nil, end.offsetSeconds == nil,
            let from = start.epochSeconds(defaultOffset: 0), let to = end.epochSeconds(defaultOffset: 0)
        else { return nil }
        return TimeInterval(to - from)
    }

    private func duration() throws(Park) -> TimeInterval? {
        let units = feed.fields[.durationUnits] ?? []
        for (index, path) in (feed.fields[.duration] ?? []).enumerated() {
            guard let text = try text(path), let number = Double(text), number > 0, number < 1_000_000 else { continue }
            let unit = index < units.count ? try self.text(units[index]) : nil
            if let seconds = Self.seconds(ofUnit: unit) { return number * seconds }
        }
        return nil
    }

    /// Minutes where the message does not say; nil for a word that is no unit of a visit's length.
    static func seconds(ofUnit unit: String?) -> TimeInterval? {
        guard let unit = unit?.lowercased() else { return 60 }
        switch unit {
        case "s", "sec", "secs", "second", "seconds": return 1
        case "m", "min", "mins", "minute", "minutes": return 60
        case "h", "hr", "hrs", "hour", "hours": return 3600
        default: return nil
        }
    }

    // MARK: Patients

    /// One PATIENT group: a PID with what follows it up to the next PID or the resources.
    struct Patient {
        var segments: [Segment]
    }

    func patients() -> [Patient] {
        var patients: [Patient] = []
        for segment in message.segments {
            switch segment.name {
            case "PID": patients.append(Patient(segments: [segment]))
            case "PD1", "PV1", "PV2":
                if !patients.isEmpty { patients[patients.count - 1].segments.append(segment) }
            default: break
            }
        }
        return patients
    }
}
