package import Foundation
package import Postgres

/// A change of a record, for whoever must hear of it.
package struct NewChange: Sendable {
    package var type: String
    package var recordKind: String
    package var record: UUID
    package var version: Int32
    /// False for what is on record without telling anyone (an initial load).
    package var tell: Bool
    /// The journal's entry that it came by; nil where no message did.
    package var day: CalendarDay?
    package var entry: Int64?

    package init(type: String, recordKind: String, record: UUID, version: Int32, tell: Bool = true) {
        self.type = type
        self.recordKind = recordKind
        self.record = record
        self.version = version
        self.tell = tell
    }

    /// Numbers the changes without gaps, with the transaction's next statement: takes the practice's counter row, so it is
    /// among the last things in a commit, and practices come in ascending order.
    package static func append(
        _ changes: [NewChange], practice: String, in transaction: Transaction
    ) async throws {
        if changes.isEmpty { return }
        let count = Int64(changes.count)
        try await transaction.later(
            """
            WITH counter AS (
                UPDATE records.practice SET last_change = last_change + \(count) WHERE practice_id = \(practice)
                RETURNING last_change - \(count) AS before
            )
            INSERT INTO records.change
                (practice_id, number, type, record_kind, record_id, version, tell, received_on, entry_id)
            SELECT \(practice), before + c.n, c.type, c.kind, c.record, c.version, c.tell, c.day, c.entry
            FROM counter, unnest(\(changes.map(\.type)), \(changes.map(\.recordKind)), \(changes.map(\.record)),
                \(changes.map { Int64($0.version) })::bigint[]::integer[], \(changes.map(\.tell)),
                \(changes.map(\.day)), \(changes.map(\.entry))
            ) WITH ORDINALITY AS c (type, kind, record, version, tell, day, entry, n)
            """, rows: changes.count)
    }
}
