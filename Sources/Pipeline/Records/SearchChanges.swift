package import Foundation
package import Postgres

/// A change of a record, as whoever follows a practice's changes hears it.
package struct FoundChange: Sendable {
    package let number: Int64
    package let type: String
    package let recordKind: String
    package let record: UUID
    package let version: Int32
    package let tell: Bool
    package let at: Date
    /// The appointments of a day that was cancelled or transferred as one.
    package let members: [UUID]
}

package enum ChangeLog {
    /// The practice's changes after `number`, in their order, those that nobody is told of included: the reader needs
    /// their numbers. Commit order is number order, so nothing appears later below what was read.
    package static func after(
        _ number: Int64, practice: String, limit: Int, in transaction: Transaction
    ) async throws -> [FoundChange] {
        let rows = try await transaction.query(
            """
            SELECT c.number, c.type, c.record_kind, c.record_id, c.version, c.tell, c.at, coalesce((
                SELECT e.members FROM records.day_event e
                WHERE c.record_kind = 'day' AND e.practice_id = c.practice_id AND e.id = c.record_id), '{}')
            FROM records.change c
            WHERE c.practice_id = \(practice) AND c.number > \(number) ORDER BY c.number LIMIT \(Int64(limit))
            """)
        return try rows.map { row in
            let (number, type, kind, record, version, tell, at, members) = try row.decode(
                (Int64, String, String, UUID, Int32, Bool, Date, [UUID]).self)
            return FoundChange(
                number: number, type: type, recordKind: kind, record: record, version: version, tell: tell, at: at,
                members: members)
        }
    }
}

/// What reading a practice's records needs to know of it.
package struct FoundPractice: Sendable {
    package let name: String
    package let zone: TimeZone

    package static func read(_ practice: String, in transaction: Transaction) async throws -> FoundPractice? {
        let rows = try await transaction.query(
            "SELECT name, zone FROM records.practice WHERE practice_id = \(practice)")
        return try rows.first.map { row in
            let (name, zone) = try row.decode((String, String).self)
            guard let zone = TimeZone(identifier: zone) else { throw RecordsError.unreadable("practice.zone") }
            return FoundPractice(name: name, zone: zone)
        }
    }
}

extension Transaction {
    /// Says whose records this transaction may see, for a role that row-level security binds. The setting is a list
    /// divided by commas, so a practice's id with one in it sees nothing.
    package func see(practice: String) async throws {
        let allowed = practice.contains(",") ? "" : practice
        _ = try await query("SELECT set_config('pmsync.practices', \(allowed), true)")
    }
}
