import Foundation
import Postgres

extension ReconcileQueries {
    /// Whether a record has changes and none of them was to be told: what an initial load left. Index change_by_record.
    static func isLoadedOnly(_ practice: String, _ record: UUID) -> SQL {
        """
        SELECT coalesce(bool_and(NOT c.tell), false)
        FROM records.change c WHERE c.practice_id = \(practice) AND c.record_id = \(record)
        """
    }
}
