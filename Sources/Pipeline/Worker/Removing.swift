package import Foundation
package import Postgres
package import Queue
import Reconciliation

/// The act that mends a finding of a record that the PM's list no longer has: a person confirms that the PM has deleted it
/// without a message. The worker then adds that as an event of the appointment and tells the booking apps. The console
/// and `pmsync` share it: it notes the act and enqueues the job, in the caller's transaction.
package struct Removing: Sendable {
    package static let jobKind = "remove"
    /// To be rung for once the caller has committed.
    package static let queue = "scheduling"

    private let secret: KeySecret
    private let queueID: Int16

    package enum Answer: Hashable, Sendable {
        case asked
        case unknownFinding
        /// It no longer shows: nothing was done.
        case closed
        /// It is no record of ours that the PM's list lacks and no message explains, or one that is too young to judge:
        /// nothing was done.
        case notByRemoval
        /// The record has changed since it was compared, so the PM has spoken of it: nothing was done.
        case changedSince
    }

    package init(pool: Pool) async throws {
        secret = try await KeySecret.read(from: pool)
        queueID = try await QueueName.find(Self.queue, from: pool).id
    }

    /// Whether the record of a finding `f` still stands as it was compared.
    package static func isAsCompared() -> SQL {
        """
        EXISTS (
            SELECT FROM records.appointment a
            WHERE a.practice_id = f.practice_id AND a.id = f.record_id
                AND a.version = (f.sides->'here'->>'version')::integer)
        """
    }

    /// Asks the worker to remove the finding's record, and notes it with who and why, in the audit too. Under the console's
    /// role the practice must be one that the transaction may see. Takes the job's key lock, so call it last. Safe to
    /// repeat: what is asked for and not done yet is not asked for twice.
    package func confirm(
        _ finding: Mending.Subject, by actor: String, reason: String, in transaction: Transaction
    ) async throws -> Answer {
        let rows = try await transaction.query(
            """
            SELECT f.record_id, (f.sides->'here'->>'version')::integer, f.act, f.closed_at IS NOT NULL,
                \(fragment: Self.isAsCompared())
            FROM reconciliation.finding f
            WHERE f.practice_id = \(finding.practice) AND f.workflow = \(finding.workflow) AND f.key = \(finding.key)
            """)
        guard
            let (record, version, act, isClosed, isAsCompared) = try rows.first?.decode(
                (UUID?, Int32?, String, Bool, Bool).self)
        else { return .unknownFinding }
        if isClosed { return .closed }
        guard let record, act == Act.confirmRemoval.rawValue else { return .notByRemoval }
        guard let version, isAsCompared else { return .changedSince }
        let job = NewJob(
            kind: Self.jobKind, key: JobKey("remove/\(finding.practice)/\(record.uuidString)", secret: secret),
            practice: finding.practice,
            payload: #"{"record":"\#(record.uuidString.lowercased())","version":\#(version)}"#)
        if try await job.isUnderWay(in: queueID, transaction) { return .asked }
        try await transaction.execute(
            """
            INSERT INTO reconciliation.finding_act (practice_id, workflow, key, act, reason, actor)
            VALUES (\(finding.practice), \(finding.workflow), \(finding.key), 'removed', \(reason), \(actor))
            """)
        try await transaction.execute(
            """
            INSERT INTO console.audit (actor, act, subject, reason, practice_id)
            VALUES (\(actor), 'removed', \("appointment \(record.uuidString.lowercased())"), \(reason), \(finding.practice))
            """)
        try await NewJob.enqueue([job], into: queueID, in: transaction)
        return .asked
    }

    /// What a job asks to remove: the record as it stood when that was confirmed.
    package struct Asked: Decodable, Sendable {
        package let record: UUID
        package let version: Int32

        /// Nil where it cannot be read.
        package init?(_ job: Job) {
            guard let asked = try? JSONDecoder().decode(Asked.self, from: Data(job.payload.utf8)) else { return nil }
            self = asked
        }
    }
}
