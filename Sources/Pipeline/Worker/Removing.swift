package import Foundation
package import Postgres
package import Queue

/// The act that mends a finding of a record that the PM's list no longer has: a person confirms that the PM has deleted it
/// without a message. The worker then adds that as an event of the appointment and tells the booking apps. The console
/// and `pmsync` share it: it notes the act and enqueues the job, in the caller's transaction.
package struct Removing: Sendable {
    package static let jobKind = "remove"
    /// To be rung for once the caller has committed.
    package static let queue = "scheduling"
    private static let findingCode = "missing-in-pm"

    private let secret: KeySecret
    private let queueID: Int16

    package enum Answer: Hashable, Sendable {
        case asked
        case unknownFinding
        /// It no longer shows: nothing was done.
        case closed
        /// It is no record of ours that the PM's list lacks: nothing was done.
        case notByRemoval
    }

    package init(pool: Pool) async throws {
        secret = try await KeySecret.read(from: pool)
        queueID = try await QueueName.find(Self.queue, from: pool).id
    }

    /// Asks the worker to remove the finding's record. Under the console's role the practice must be one that the
    /// transaction may see. Takes the job's key lock, so call it last.
    package func confirm(
        _ finding: Mending.Subject, by actor: String, reason: String, in transaction: Transaction
    ) async throws -> Answer {
        let rows = try await transaction.query(
            """
            SELECT record_id, code, closed_at IS NOT NULL FROM reconciliation.finding
            WHERE practice_id = \(finding.practice) AND workflow = \(finding.workflow) AND key = \(finding.key)
            """)
        guard let (record, code, isClosed) = try rows.first?.decode((UUID?, String, Bool).self) else {
            return .unknownFinding
        }
        if isClosed { return .closed }
        guard let record, code == Self.findingCode else { return .notByRemoval }
        try await transaction.execute(
            """
            INSERT INTO reconciliation.finding_act (practice_id, workflow, key, act, reason, actor)
            VALUES (\(finding.practice), \(finding.workflow), \(finding.key), 'removed', \(reason), \(actor))
            """)
        let job = NewJob(
            kind: Self.jobKind, key: JobKey("remove/\(finding.practice)/\(record.uuidString)", secret: secret),
            practice: finding.practice, payload: #"{"record":"\#(record.uuidString.lowercased())"}"#)
        try await NewJob.enqueue([job], into: queueID, in: transaction)
        return .asked
    }

    /// The record that a job asks to remove; nil where it cannot be read.
    package static func record(in job: Job) -> UUID? {
        struct Payload: Decodable { let record: UUID }
        return (try? JSONDecoder().decode(Payload.self, from: Data(job.payload.utf8)))?.record
    }
}
