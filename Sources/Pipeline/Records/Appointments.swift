package import Foundation
package import Postgres

/// Appointments on record, beyond what a batch loads.
package enum Appointments {
    /// Those whose person is still expected and whose day is over, as is the day of the last word on them. Index
    /// appointment_by_start.
    package static func overdue(
        since: Date, before midnight: Date, practice: String, limit: Int64, in transaction: Transaction
    ) async throws -> [UUID] {
        try await transaction.query(
            """
            SELECT id FROM records.appointment
            WHERE practice_id = \(practice) AND start_at >= \(since) AND start_at < \(midnight)
                AND event_at < \(midnight) AND status IN ('booked', 'pending')
            ORDER BY id LIMIT \(limit)
            """
        ).map { try $0.decode(UUID.self) }
    }
}
