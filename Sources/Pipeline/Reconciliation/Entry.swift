package import Foundation
package import Practice

/// What one side says of one appointment.
package struct Entry: Codable, Hashable, Sendable {
    /// Our record's id: our own, the one that the app keeps, or the one that the PM's identifiers were resolved to.
    package var record: UUID?
    /// The side's own id, as a person would look it up there.
    package var reference: String
    package var identifiers: [Identifier]
    package var start: Date?
    package var end: Date?
    /// Nil: the side's word has no meaning here yet.
    package var status: AppointmentStatus?
    package var sourceStatus: String
    /// The status was worked out by rule (the midnight no-show), not said by anybody.
    package var isStatusDerived: Bool
    /// A key of the person that is the same on all sides; empty for a block, which has none.
    package var person: String
    /// The side names somebody who is known here. Where it is false `person` is the side's own word.
    package var isPersonKnown: Bool
    /// Our record's person has a chart number.
    package var hasChart: Bool
    /// The code of who is booked; nil where the side does not say.
    package var resource: String?
    /// The code of the place, without its room; nil where the side does not say.
    package var location: String?
    /// It bears our record's own id, as only somebody can who was told of it.
    package var bearsOurID: Bool
    /// It lies within another appointment of the same person that both sides have: the list, or our record, shows a
    /// visit's parts one by one.
    package var isPartOfVisit: Bool
    package var version: Int?
    /// When the side last changed it; nil where it does not say.
    package var changedAt: Date?
    package var display: Display

    /// As much of a person as a report shows.
    package struct Display: Codable, Hashable, Sendable {
        package var initials: String
        package var last4: String

        package init(initials: String = "", last4: String = "") {
            self.initials = initials
            self.last4 = last4
        }
    }

    package init(reference: String, person: String, status: AppointmentStatus?, start: Date?, end: Date?) {
        self.reference = reference
        self.person = person
        self.status = status
        self.start = start
        self.end = end
        identifiers = []
        sourceStatus = ""
        isStatusDerived = false
        isPersonKnown = true
        hasChart = false
        bearsOurID = false
        isPartOfVisit = false
        display = Display()
    }

    /// The person of an entry that is one of our records and names nobody.
    package static let unnamed = "unnamed"

    package var key: EntryKey {
        if let record { return .record(record) }
        return .natural(start: start ?? .distantPast, person: person, resource: resource ?? "")
    }

    package var isBlock: Bool { person.isEmpty }

    /// An unmapped word counts as live: better looked at than overlooked.
    package var isLive: Bool { status?.isLive ?? true }
}

/// What entries of the three sides are matched by: our record's id where it is known, else start, person and resource.
/// All records come before all others; records in the order of their bytes, as PostgreSQL sorts uuid.
package enum EntryKey: Hashable, Comparable, Sendable {
    case record(UUID)
    case natural(start: Date, person: String, resource: String)

    package static func < (one: EntryKey, other: EntryKey) -> Bool {
        switch (one, other) {
        case (.record(let one), .record(let other)): one < other
        case (.record, .natural): true
        case (.natural, .record): false
        case (.natural(let start, let person, let resource), .natural(let otherStart, let otherPerson, let other)):
            if start != otherStart {
                start < otherStart
            } else if person != otherPerson {
                precedes(person, otherPerson)
            } else {
                precedes(resource, other)
            }
        }
    }

    /// By bytes, as PostgreSQL sorts text under the collation "C".
    private static func precedes(_ one: String, _ other: String) -> Bool {
        one.utf8.lexicographicallyPrecedes(other.utf8)
    }
}

/// A side's entries in the order of their keys, pulled one at a time.
package struct EntryStream {
    let next: () async throws -> Entry?

    package init(_ next: @escaping () async throws -> Entry?) { self.next = next }

    package init(_ entries: some Sequence<Entry>) {
        var iterator = entries.makeIterator()
        next = { iterator.next() }
    }

    package init<Entries: AsyncSequence>(_ entries: Entries) where Entries.Element == Entry {
        var iterator = entries.makeAsyncIterator()
        next = { try await iterator.next(isolation: #isolation) }
    }
}

extension Entry {
    /// Entries of another side with our record's id where `lookup` knows it, in the order of their keys.
    ///
    /// `lookup` is given those without an id, some hundreds at a time, and answers in the same order: by the most trusted
    /// identifier, else by start, person and resource. For lists that fit in memory; the worker lets the database do it.
    package static func resolved(
        _ entries: [Entry], inBatchesOf size: Int = 500, lookup: ([Entry]) async throws -> [UUID?]
    ) async throws -> [Entry] {
        var entries = entries
        let open = entries.indices.filter { entries[$0].record == nil }
        for start in stride(from: 0, to: open.count, by: size) {
            let batch = open[start..<min(start + size, open.count)]
            for (index, record) in zip(batch, try await lookup(batch.map { entries[$0] })) {
                entries[index].record = record
            }
        }
        return entries.sorted { $0.key < $1.key }
    }
}
