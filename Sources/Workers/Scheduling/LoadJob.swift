package import Postgres
package import Queue
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

    static func read(
        _ bytes: [UInt8], practice: String?, entry: Int64, _ definition: Definition
    ) throws(Park) -> LoadedRow {
        guard let loaded = LoadEntry(bytes: bytes) else {
            throw Park(.unreadable, holdsKey: false, detail: "it is no row of a load")
        }
        return try LoadReader.read(loaded, practice: practice, number: entry, definition)
    }
}
