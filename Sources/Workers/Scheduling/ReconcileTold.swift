import Foundation
import Postgres

extension ReconcileQueries {
    /// Whether anybody was ever to be told of a record: what an initial load left is told to nobody. Index
    /// change_by_record.
    static func isTold(_ practice: String, _ record: UUID) -> SQL {
        """
        SELECT EXISTS (
            SELECT FROM records.change c WHERE c.practice_id = \(practice) AND c.record_id = \(record) AND c.tell)
        """
    }
}
