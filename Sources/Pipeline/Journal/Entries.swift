import Foundation
package import Postgres

extension Entry {
    /// The entry with these bytes; nil when its day has left the journal.
    package static func read(_ id: EntryID, in transaction: Transaction) async throws -> Entry? {
        try await transaction.query(Queries.readEntries([id.number], of: id.day)).first.map(Entry.init(row:))
    }

    package static func read(_ id: EntryID, from pool: Pool) async throws -> Entry? {
        try await pool.query(Queries.readEntries([id.number], of: id.day)).first.map(Entry.init(row:))
    }

    /// Those that are there, by a query a day.
    package static func read(_ ids: [EntryID], in transaction: Transaction) async throws -> [EntryID: Entry] {
        var entries: [EntryID: Entry] = [:]
        for (day, some) in Dictionary(grouping: ids, by: \.day) {
            for row in try await transaction.query(Queries.readEntries(some.map(\.number), of: day)) {
                let entry = try Entry(row: row)
                entries[entry.id] = entry
            }
        }
        return entries
    }

    private init(row: Row) throws {
        let (day, number, receivedAt, direction, feed, practice, peer, controlID, messageType, flags, payload) =
            try row.decode(
                (
                    CalendarDay, Int64, Date, String, String, String?, String, String, String, [String], [UInt8]
                ).self)
        self.init(
            id: EntryID(day: day, number: number), receivedAt: receivedAt, direction: direction, feed: feed,
            practice: practice, peer: peer, controlID: controlID, messageType: messageType, flags: flags,
            payload: payload)
    }
}

/// The journal's days ahead: without the day's partition nothing can be journaled and nothing is acknowledged.
package enum JournalDays {
    /// Makes yesterday's to the day two weeks ahead. Called by the gateway at start and hourly. Safe to repeat.
    package static func make(in pool: Pool) async throws {
        _ = try await pool.query(Queries.makeDays())
    }
}
