/// The PM's words for where an appointment stands.
package enum PMStatus: String, Codable, Sendable, CaseIterable {
    case pending = "PENDING"
    case confirmed = "CONFIRMED"
    case kept = "KEPT"
    case checkedOut = "CHECKED OUT"
    case cancelled = "CANCELLED"
    case noShow = "NO SHOW"
    case deleted = "DELETED"
    /// Over a time that was taken, on purpose.
    case overbooked = "OVERBOOK"
    /// Not a time yet, but a wish: an interim entry that the PM takes away by itself.
    case waiting = "WAIT LIST"

    /// Whether it still holds its time and may be moved or cancelled.
    package var isOpen: Bool { self == .pending || self == .confirmed || self == .overbooked }
}

/// One line of the PM's book.
package struct BookEntry: Sendable, Equatable {
    /// The PM's own number, whether its messages bear it or not.
    package let id: String
    package var status: PMStatus
    package var start: LocalTime
    package var minutes: Int
    /// Nil for a block.
    package var person: Person?
    /// Whether the person's chart number is in the book yet.
    package var hasChart: Bool
    /// Empty for a group: it is booked to its room.
    package var provider: String
    package var location: String
    package var event: String
    /// SCH-4: the series, group or chain it belongs to.
    package var bundle: String?
    /// SCH-24: the entry that this one takes the place of.
    package var replaces: String?
    /// PV1-19, made at check-in.
    package var visit: String?
    /// The entry that this one is a second entry of, by mistake.
    package var twin: String?

    package var end: LocalTime { start.adding(minutes: minutes) }
    package var isBlock: Bool { person == nil }
    package var mrn: String? { hasChart ? person?.mrn : nil }
}

/// What the PM itself knows: the truth that everybody else is compared with.
package struct Book: Sendable {
    package private(set) var entries: [String: BookEntry] = [:]

    package init() {}

    package mutating func put(_ entry: BookEntry) { entries[entry.id] = entry }

    package mutating func remove(_ id: String) { entries[id] = nil }

    /// The appointment list as the PM exports it: persons' appointments only, without deleted ones, by time.
    /// In the column mrn stands the chart's number or, while there is no chart, the person's (PID-2).
    /// `words` are statuses that a fault has put in place of the book's own, by id; `first` is the list's first day.
    package func csv(
        words: [String: String] = [:], places: [String: String] = [:], from first: LocalDay? = nil
    ) -> String {
        let rows = entries.values.filter { entry in
            !entry.isBlock && entry.status != .deleted && first.map { entry.start.day >= $0 } ?? true
        }
        .sorted { ($0.start, $0.id) < ($1.start, $1.id) }
        .map { entry in
            [
                entry.id, words[entry.id] ?? entry.status.rawValue, entry.start.description, entry.end.description,
                entry.mrn ?? entry.person.map { "\($0.number)" } ?? "", entry.provider,
                places[entry.id] ?? entry.location, entry.event,
            ].joined(separator: ",")
        }
        return ([Self.header] + rows).joined(separator: "\n") + "\n"
    }

    /// The same as a go-live's load wants it: with the person's GUID and name.
    package var loadCSV: String {
        let rows = entries.values.filter { !$0.isBlock && $0.status != .deleted }
            .sorted { ($0.start, $0.id) < ($1.start, $1.id) }
            .map { entry in
                let person = entry.person
                return [
                    entry.id, entry.status.rawValue, entry.start.description, entry.end.description, entry.mrn ?? "",
                    person?.guid ?? "", person?.family ?? "", person?.given ?? "", person?.birth.description ?? "",
                    person?.sex ?? "", person?.phone ?? "", entry.provider, entry.location, entry.event,
                ].joined(separator: ",")
            }
        return ([Self.loadHeader] + rows).joined(separator: "\n") + "\n"
    }

    package static let loadHeader =
        "appointment_id,status,start,end,mrn,person_id,last name,first name,date of birth,sex,phone,provider,location,event"
    package static let header = "appointment_id,status,start,end,mrn,provider,location,event"
}
