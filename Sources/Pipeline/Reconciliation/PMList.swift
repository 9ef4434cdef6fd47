package import Foundation
package import Practice

/// The PM's own appointment list as CSV: appointment_id, status, start, end, patient, provider, location, event. Times
/// are the practice's wall clock, without a zone.
package struct PMList: Sendable {
    package enum Column: String, Hashable, Sendable, CaseIterable {
        case appointment = "appointment_id"
        case status, start, end, patient, provider, location, event

        /// Other names that exports give it; compared without regard to case, spaces and underscores.
        var aliases: [String] {
            switch self {
            case .appointment: ["appointmentid", "apptid", "appt", "appointmentnumber", "id"]
            case .status: ["status", "apptstatus", "appointmentstatus"]
            case .start: ["start", "starttime", "begin", "begintime", "apptstart", "datetime", "appointmentdate"]
            case .end: ["end", "endtime", "apptend"]
            case .patient: ["patient", "mrn", "patientid", "patientmrn", "personnumber", "chart"]
            case .provider: ["provider", "resource", "rendering", "providerid"]
            case .location: ["location", "site", "locationname"]
            case .event: ["event", "appttype", "appointmenttype", "eventname"]
            }
        }

        var isRequired: Bool { [.appointment, .status, .start, .patient].contains(self) }
    }

    /// One line of the list.
    package struct Row: Hashable, Sendable {
        package let line: Int
        package let appointment: String
        package let status: String
        package let start: PracticeTime.Reading
        package let end: PracticeTime.Reading?
        /// Empty for a block.
        package let patient: String
        package let provider: String
        package let location: String
        package let event: String
    }

    private let columns: [Column: Int]
    private let fieldCount: Int
    private let time: PracticeTime
    /// When the list was made: settles which of two readings a time in the repeated hour has.
    private let asOf: Date
    private var starts = Remembered<String, PracticeTime.Reading?>()
    private var ends = Remembered<End, PracticeTime.Reading?>()

    private struct End: Hashable {
        let text: String
        let start: Date
    }

    /// Throws where a needed column is not in the header, or one is there twice.
    package init(header: CSVReader.Record, time: PracticeTime, asOf: Date) throws(ReconciliationError) {
        var columns: [Column: Int] = [:]
        for (index, name) in header.fields.enumerated() {
            let plain = name.lowercased().filter { $0.isLetter || $0.isNumber }
            guard let column = Column.allCases.first(where: { $0.aliases.contains(plain) }) else { continue }
            if columns.updateValue(index, forKey: column) != nil {
                throw .csv(line: header.line, .repeatedColumn(column.rawValue))
            }
        }
        for column in Column.allCases where column.isRequired && columns[column] == nil {
            throw .csv(line: header.line, .missingColumn(column.rawValue))
        }
        self.columns = columns
        fieldCount = header.fields.count
        self.time = time
        self.asOf = asOf
    }

    /// The appointment's number, of a row that cannot be used for another reason; nil where that is not known either.
    package func appointment(_ record: CSVReader.Record) -> String? {
        guard record.fault == nil, record.fields.count == fieldCount, let index = columns[.appointment] else {
            return nil
        }
        let text = record.fields[index].trimmingCharacters(in: .whitespaces)
        return text.isEmpty ? nil : text
    }

    package mutating func row(_ record: CSVReader.Record) throws(ReconciliationError) -> Row {
        if let fault = record.fault { throw .csv(line: record.line, fault) }
        guard record.fields.count == fieldCount else {
            throw .csv(line: record.line, .fieldCount(expected: fieldCount, found: record.fields.count))
        }
        func text(_ column: Column) -> String {
            columns[column].map { record.fields[$0].trimmed } ?? ""
        }
        if text(.appointment).isEmpty {
            throw .csv(line: record.line, .missingValue(column: Column.appointment.rawValue))
        }
        let (time, asOf) = (time, asOf)
        let start = starts.value(for: text(.start)) { text in
            WallTime(listed: text).map { time.reading(of: $0, receipt: asOf) }
        }
        guard let startReading = start else {
            throw .csv(line: record.line, .badTime(column: Column.start.rawValue))
        }
        var endReading: PracticeTime.Reading?
        if case let said = text(.end), !said.isEmpty {
            // An end in the repeated hour takes the reading nearest to its start.
            endReading = ends.value(for: End(text: said, start: startReading.instant)) { end in
                WallTime(listed: end.text).map { time.reading(of: $0, receipt: end.start) }
            }
            if endReading == nil { throw .csv(line: record.line, .badTime(column: Column.end.rawValue)) }
        }
        if let endReading, endReading.instant < startReading.instant {
            throw .csv(line: record.line, .endsBeforeItsStart)
        }
        return Row(
            line: record.line, appointment: text(.appointment), status: text(.status), start: startReading,
            end: endReading, patient: text(.patient), provider: text(.provider), location: text(.location),
            event: text(.event))
    }
}

extension String {
    fileprivate var trimmed: String {
        // Foundation's way is slow, and nearly no field has anything to trim.
        guard let first = utf8.first, let last = utf8.last else { return self }
        let needsNone = (0x21...0x7E).contains(first) && (0x21...0x7E).contains(last)
        return needsNone ? self : trimmingCharacters(in: .whitespaces)
    }
}

extension PMList.Row {
    /// As an entry: `status` is the practice's table, `person` the key that the other sides use for this MRN.
    package func entry(authority: String, status: AppointmentStatus?, person: String) -> Entry {
        var entry = Entry(
            reference: appointment, person: person, status: status, start: start.instant, end: end?.instant)
        entry.identifiers = [Identifier(.filler, authority: authority, value: appointment)]
        entry.sourceStatus = self.status
        entry.resource = provider.isEmpty ? nil : provider
        entry.display.last4 = String(patient.suffix(4))
        return entry
    }
}

extension WallTime {
    /// `2026-11-03 09:00[:00]` (or with T), or as American exports have it, `11/3/2026 9:00[:00] AM`.
    init?(listed text: String) {
        let parts = text.split(whereSeparator: { $0 == " " || $0 == "T" }).map(String.init)
        guard parts.count == 2 || parts.count == 3 else { return nil }
        let clock = parts[1].split(separator: ":", omittingEmptySubsequences: false).map { Int($0) }
        guard clock.count == 2 || clock.count == 3, var hour = clock[0], let minute = clock[1],
            let second = clock.count == 3 ? clock[2] : 0
        else { return nil }
        if parts.count == 3 {
            guard (1...12).contains(hour), let half = ["AM": 0, "PM": 12][parts[2].uppercased()] else { return nil }
            hour = hour % 12 + half
        }
        let isAmerican = parts[0].contains("/")
        let date = parts[0].split(separator: isAmerican ? "/" : "-", omittingEmptySubsequences: false).map { Int($0) }
        guard date.count == 3, let first = date[0], let middle = date[1], let third = date[2] else { return nil }
        self.init(
            year: isAmerican ? third : first, month: isAmerican ? first : middle, day: isAmerican ? middle : third,
            hour: hour, minute: minute, second: second)
    }
}
