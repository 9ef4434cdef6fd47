import Foundation
package import Postgres
import Queue

/// The act that mends a finding by telling a booking app of the record again. The console and `pmsync` share it: it notes
/// the act and enqueues the job, in the caller's transaction.
package struct Mending: Sendable {
    /// To be rung for once the caller has committed.
    package static let queue = "scheduling"

    private let secret: KeySecret
    private let queueID: Int16

    /// Which finding.
    package struct Subject: Hashable, Sendable {
        package let practice: String
        package let workflow: String
        package let key: String

        package init(practice: String, workflow: String = "scheduling", key: String) {
            self.practice = practice
            self.workflow = workflow
            self.key = key
        }
    }

    package enum Answer: Hashable, Sendable {
        case asked
        case unknownFinding
        /// It no longer shows: nothing was done.
        case closed
        /// It is of no record of ours, or of no booking app: a re-send mends nothing.
        case notByResend
    }

    package init(pool: Pool) async throws {
        secret = try await KeySecret.read(from: pool)
        queueID = try await QueueName.find(Self.queue, from: pool).id
    }

    /// Asks the worker to tell the finding's booking app, and no other, how the record stands. Under the console's role
    /// the practice must be one that the transaction may see. Takes the job's key lock, so call it last.
    package func resend(
        _ finding: Subject, by actor: String, reason: String = "", in transaction: Transaction
    ) async throws -> Answer {
        let rows = try await transaction.query(
            """
            SELECT record_id, client_id, closed_at IS NOT NULL FROM reconciliation.finding
            WHERE practice_id = \(finding.practice) AND workflow = \(finding.workflow) AND key = \(finding.key)
            """)
        guard let (record, client, isClosed) = try rows.first?.decode((UUID?, UUID?, Bool).self) else {
            return .unknownFinding
        }
        if isClosed { return .closed }
        guard let record, let client else { return .notByResend }
        let key = JobKey("resend/\(finding.practice)/\(record.uuidString)", secret: secret)
        let job = NewJob(
            kind: FanOut.resend, key: key, practice: finding.practice, payload: Self.payload(record, client: client))
        if try await job.isUnderWay(in: queueID, transaction) { return .asked }
        try await transaction.execute(
            """
            INSERT INTO reconciliation.finding_act (practice_id, workflow, key, act, reason, actor)
            VALUES (\(finding.practice), \(finding.workflow), \(finding.key), 'resend', \(reason), \(actor))
            """)
        try await NewJob.enqueue([job], into: queueID, in: transaction)
        return .asked
    }

    private static func payload(_ record: UUID, client: UUID) -> String {
        #"{"record":"\#(record.uuidString.lowercased())","client":"\#(client.uuidString.lowercased())"}"#
    }
}
