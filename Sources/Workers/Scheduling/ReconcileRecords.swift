import Foundation
import Postgres
import Practice
import Reconciliation

/// Our side: the practice's appointments in the order of their ids, by a cursor, so that a batch at a time is held.
final class RecordedAppointments {
    private let practice: String
    private let transaction: Transaction
    private let cursor: Cursor
    private var rows: ArraySlice<Row> = []
    private var isOver = false

    init(practice: String, within reach: Range<Date>, in transaction: Transaction) async throws {
        self.practice = practice
        self.transaction = transaction
        cursor = try await transaction.cursor(
            ReconcileQueries.appointments(practice, from: reach.lowerBound, to: reach.upperBound))
    }

    var stream: EntryStream { EntryStream { try await self.next() } }

    private func next() async throws -> Entry? {
        if rows.isEmpty && !isOver {
            rows = try await cursor.next()[...]
            isOver = rows.isEmpty
        }
        return try rows.popFirst().map(Entry.init(appointment:))
    }

    /// One appointment wherever it starts.
    func read(_ id: UUID) async throws -> Entry? {
        try await transaction.query(ReconcileQueries.appointment(practice, id)).first.map(Entry.init(appointment:))
    }
}

extension Entry {
    fileprivate init(appointment row: Row) throws {
        let (id, version, status, word, start, end, changedAt, person, initials, last4, people, things) =
            try row.decode(
                (
                    UUID, Int, String, String, Date?, Date?, Date, UUID?, String, String, [String], [String]
                ).self)
        self.init(
            reference: id.uuidString.lowercased(), person: person?.uuidString.lowercased() ?? "",
            status: AppointmentStatus(rawValue: status), start: start, end: end)
        record = id
        sourceStatus = word
        // Of several who are booked none stands for all, and a list names only one.
        let booked = people.isEmpty ? things : people
        resource = booked.count == 1 ? booked[0] : nil
        self.version = version
        self.changedAt = changedAt
        display = Display(initials: initials, last4: last4)
    }
}
