import Journal
package import Postgres
import Practice
package import Queue
import Records
package import Workflow

/// The job of one row of a loaded file: one more way in, under the person's key like a message, and told to nobody.
package enum LoadJob {
    package static let kind = "load"

    package static func job(
        _ row: LoadedRow, by reader: LoadReader, entry: (day: CalendarDay, number: Int64), secret: KeySecret
    ) -> NewJob {
        NewJob(
            kind: kind, key: JobKey(reader.keyMaterial(row), secret: secret), practice: reader.practice.id,
            day: entry.day, entry: entry.number)
    }

    /// The job of an entry that was let go, taken up again; nil where it is no row of a load, or cannot be read.
    package static func again(
        payload: [UInt8], practice: String?, entry: (day: CalendarDay, number: Int64), definition: Definition,
        secret: KeySecret
    ) -> NewJob? {
        guard let loaded = LoadEntry(bytes: payload), let feed = definition.feeds[loaded.feed],
            let profile = practice.flatMap({ definition.practices[$0] }), let layout = definition.layouts[loaded.layout]
        else { return nil }
        let reader = LoadReader(
            definition: definition, practice: profile, feed: feed,
            columns: LayoutColumns(layout, header: loaded.header), asOf: loaded.asOf)
        guard let row = try? reader.read(loaded.fields, isGroup: loaded.isGroup) else { return nil }
        return job(row, by: reader, entry: entry, secret: secret)
    }

    static func read(_ entry: Entry, _ definition: Definition) throws(Park) -> LoadedRow {
        guard let loaded = LoadEntry(bytes: entry.payload) else {
            throw Park(.unreadable, holdsKey: false, detail: "it is no row of a load")
        }
        return try LoadReader.read(loaded, practice: entry.practice, number: entry.id.number, definition)
    }

    /// Writes what is no appointment; the outcome's code.
    static func write(
        _ row: LoadedRow, practice: String, _ definition: Definition, _ transaction: Transaction
    ) async throws -> String {
        switch row {
        case .schedule: preconditionFailure("What a row says of the schedule is applied as a message.")
        case .ignored: return "ignored"
        case .person(let seen):
            let enterprise = definition.practices[practice]?.enterprise ?? practice
            let sighting = PersonSighting(seen)
            let before = try await sighting.standing(enterprise: enterprise, in: transaction)
            _ = try await sighting.record(enterprise: enterprise, in: transaction)
            return before == .same ? "unchanged" : "applied"
        case .resource(let loaded):
            let isChanged = try await Resources.load(
                loaded.use, capacity: loaded.capacity, practice: practice, in: transaction)
            return isChanged ? "applied" : "unchanged"
        }
    }
}
