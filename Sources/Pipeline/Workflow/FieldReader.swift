package import Foundation
package import HL7
package import Practice

/// Reads one message by its feed's path lists: text, codes with their tables, times, identifiers. A value that is not text
/// in the message's charset parks the message: what is stored is what was sent, or nothing. Pure.
package struct FieldReader {
    package let message: Message
    package let definition: Definition
    package let rules: WorkflowRules
    package let feed: Feed
    package let practice: PracticeProfile
    package let receivedAt: Date
    /// The practice-local day on which the message came, by which its words count.
    package let day: Day
    /// The practice-local day that the message is about, by which who, where and what for counts: what a provider is called
    /// and where they work does not change for earlier days. The day the message came where it says none.
    package let subjectDay: Day
    /// Notes every code that is looked up; then none parks. nil but where codes are counted.
    package let lookUps: CodeLookUps?
    /// Of times that say none: the feed's own, else the practice's.
    package let zone: TimeZone
    private let mayHoldInvalidText: Bool

    /// - Parameter subject: the paths of the time that the message is about.
    package init(
        _ message: Message, definition: Definition, rules: WorkflowRules, feed: Feed, practice: PracticeProfile,
        receivedAt: Date, subject: [Path], lookUps: CodeLookUps? = nil
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
        let stated = subject.lazy.compactMap { message.text($0) }.first
        let instant = stated.flatMap { Self.instant($0, in: zone, receivedAt: receivedAt)?.instant }
        subjectDay = instant.map { clock.day(of: $0) } ?? day
        mayHoldInvalidText = message.hasInvalidText
    }

    package func park(_ code: ParkCode, _ detail: String) -> Park {
        Park(code, holdsKey: rules.holdsKey.contains(code), detail: detail)
    }

    // MARK: Text

    /// The value at a path; of one of several groups its own segments'.
    package func text(_ path: Path, of group: Group? = nil, component: Int? = nil) throws(Park) -> String? {
        guard let segment = segment(path, of: group) else { return nil }
        return try text(
            segment, path.field, repetition: path.repetition ?? 1, component: component ?? path.component ?? 1,
            subcomponent: path.subcomponent ?? 1)
    }

    package func text(
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
    package func first(_ field: FieldName, of group: Group? = nil) throws(Park) -> (text: String, path: Path)? {
        for path in feed.fields[field] ?? [] {
            if let text = try text(path, of: group) { return (text, path) }
        }
        return nil
    }

    /// A coded value: its code (component 1) and words (component 2), each standing in for the other.
    package func coded(_ field: FieldName) throws(Park) -> (code: String, words: String, path: Path)? {
        for path in feed.fields[field] ?? [] {
            let code = try text(path)
            let words = path.component == nil ? try text(path, component: 2) : nil
            if let any = code ?? words { return (code ?? any, words ?? any, path) }
        }
        return nil
    }

    package func segment(_ path: Path, of group: Group? = nil) -> Segment? {
        let own = group?.segments.filter { $0.name == path.segment } ?? []
        if path.occurrence <= own.count { return own[path.occurrence - 1] }
        return message.segment(path.segment, occurrence: path.occurrence)
    }

    // MARK: Tables

    /// What a table says of a code. nil: it does not know it, and such a code passes. Throws where it parks.
    package func row(
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
    package func peek(_ table: TableName, _ code: String, event: String? = nil) -> CodeTable.Row? {
        definition.table(table).row(code, practice: practice.id, on: day(for: table), event: event)
    }

    private func day(for table: TableName) -> Day { table.countsByArrival ? day : subjectDay }

    // MARK: Time

    /// A time to the hour or finer; in `zone` where it says none of its own.
    package func instant(_ text: String, in zone: TimeZone) -> PracticeTime.Reading? {
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
    package func eventTime() throws(Park) -> Date {
        for path in feed.fields[.eventTime] ?? [] {
            guard let text = try text(path), let reading = instant(text, in: zone) else { continue }
            return reading.instant > receivedAt + 600 ? receivedAt : reading.instant
        }
        return receivedAt
    }

    // MARK: Identifiers

    /// Every repetition at the rule's field that is of its types.
    package func identifiers(_ rule: IdentifierRule, of group: Group?) throws(Park) -> [Alias] {
        guard let segment = segment(rule.path, of: group) else { return [] }
        var aliases: [Alias] = []
        let repetitions = rule.path.repetition.map { $0...$0 } ?? 1...max(1, segment.repetitions(rule.path.field))
        for repetition in repetitions {
            guard
                let value = try text(
                    segment, rule.path.field, repetition: repetition, component: rule.path.component ?? 1)
            else { continue }
            let type = try text(segment, rule.path.field, repetition: repetition, component: 5) ?? ""
            if !rule.types.isEmpty, !rule.types.contains(type.uppercased()) { continue }
            var authority = rule.authority
            if let component = rule.authorityComponent,
                let stated = try text(segment, rule.path.field, repetition: repetition, component: component)
            {
                authority = stated
            }
            aliases.append(Alias(Identifier(rule.kind, authority: authority, value: value), trust: rule.trust))
        }
        return aliases
    }

    // MARK: Groups

    /// A segment with those that belong to it, such as one of several PIDs with its PV1.
    package struct Group {
        package var segments: [Segment]
    }

    /// Each segment of this name with what follows it of `members`.
    package func groups(of name: String, with members: Set<String>) -> [Group] {
        var groups: [Group] = []
        for segment in message.segments {
            if segment.name == name {
                groups.append(Group(segments: [segment]))
            } else if members.contains(segment.name), !groups.isEmpty {
                groups[groups.count - 1].segments.append(segment)
            }
        }
        return groups
    }
}
