package import Foundation
package import Postgres

/// What became of a finding: what runs saw and what people did, the oldest first.
package enum FindingHistory {
    package struct Line: Sendable {
        package let at: Date
        /// opened, changed, closed, lapsed, reopened; or a person's act.
        package let what: String
        /// As it stood; nil for a person's act.
        package let code: String?
        package let cause: String?
        package let act: String?
        package let isWithheld: Bool?
        package let reason: String
        /// "" for a run.
        package let actor: String
    }

    package static func read(
        _ practice: String, workflow: String = "scheduling", key: String, in transaction: Transaction
    ) async throws -> [Line] {
        try await transaction.query(
            """
            SELECT at, what, code, cause, act, withheld, reason, actor FROM reconciliation.finding_history
            WHERE practice_id = \(practice) AND workflow = \(workflow) AND key = \(key) ORDER BY at, what
            """
        ).map { row in
            let (at, what, code, cause, act, withheld, reason, actor) = try row.decode(
                (Date, String, String?, String?, String?, Bool?, String, String).self)
            return Line(
                at: at, what: what, code: code, cause: cause, act: act, isWithheld: withheld, reason: reason,
                actor: actor)
        }
    }
}
