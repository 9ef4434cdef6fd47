import Foundation
import Postgres
import Queue
import Reconciliation
import Testing
import Worker

@testable import Scheduling

/// What a person asks the worker for, when other things happen before it is done.
@Suite(.timeLimit(.minutes(2))) struct MendingTests {
    /// A record that the PM's list no longer has, and the finding of it.
    private func gone(_ clinic: Clinic) async throws -> (record: UUID, finding: Mending.Subject) {
        let record = try await clinic.book("F1", mrn: "M1", start: clinic.at(2, 9))
        try clinic.exportPM([.init(id: "F9", start: clinic.at(2, 11), mrn: "M9")])
        try await clinic.reconcile(now: Date() + 400)
        let key = try await clinic.pool.query("SELECT key FROM reconciliation.finding WHERE code = 'missing-in-pm'")
            .first?.decode(String.self)
        return (record, Mending.Subject(practice: Clinic.id, key: try #require(key)))
    }

    private func confirm(_ finding: Mending.Subject, _ pool: Pool) async throws -> Removing.Answer {
        let removing = try await Removing(pool: pool)
        return try await pool.transaction {
            try await removing.confirm(finding, by: "ann", reason: "the desk deleted it", in: $0)
        }
    }

    @Test func whatThePMSpokeOfAfterItsRemovalWasConfirmedStays() async throws {
        let clinic = try await Clinic()
        let (record, finding) = try await gone(clinic)
        #expect(try await confirm(finding, clinic.pool) == .asked)
        // Before the worker comes to it, a message of it is applied.
        try await clinic.pool.execute(
            """
            INSERT INTO records.appointment_version
                (practice_id, appointment_id, version, event_at, received_on, entry_id, state)
            SELECT practice_id, appointment_id, version + 1, event_at, received_on, entry_id + 1, state
            FROM records.appointment_version WHERE appointment_id = \(record)
            """)
        try await clinic.pool.execute("UPDATE records.appointment SET version = version + 1 WHERE id = \(record)")
        try await Desk.open(clinic, now: nil) { desk in
            await desk.ring()
            try await desk.settled()
        }
        #expect(
            try await clinic.count("SELECT count(*) FROM records.appointment WHERE status = 'booked'") == 1)
        #expect(try await clinic.count("SELECT count(*) FROM records.change") == 0)
        #expect(try await clinic.count("SELECT count(*) FROM queue.blocked") == 0)
    }

    @Test(arguments: ["retrying", "waiting", "parked"])
    func whatIsTriedAgainOrWaitsIsNotAskedForTwice(state: String) async throws {
        let clinic = try await Clinic("blocked\(state)")
        let (_, finding) = try await gone(clinic)
        #expect(try await confirm(finding, clinic.pool) == .asked)
        try await clinic.pool.execute(
            """
            WITH gone AS (DELETE FROM queue.job RETURNING *)
            INSERT INTO queue.blocked (queue, lane, id, kind, state, attempts, run_at, enqueued_at, key, holds_key, code,
                practice_id, payload)
            SELECT queue, lane, id, kind, \(state), 1, CASE \(state) WHEN 'retrying' THEN clock_timestamp() END,
                enqueued_at, key, true, CASE WHEN \(state) <> 'waiting' THEN 'database' END, practice_id, payload
            FROM gone
            """)
        #expect(try await confirm(finding, clinic.pool) == .asked)
        #expect(try await clinic.count("SELECT count(*) FROM queue.job") == 0)
        #expect(try await clinic.count("SELECT count(*) FROM reconciliation.finding_act") == 1)
    }

    @Test func aResendIsPutIntoTheFanOutsQueueAndRungForAsAChangeIs() async throws {
        let clinic = try await Clinic()
        let app = try await clinic.addApp("app", list: nil)
        let record = try await clinic.book("F1", mrn: "M1", start: clinic.at(2, 9))
        let noted = Noted<Set<String>>()
        let noting: @Sendable (JobBatch, BatchResult) -> Void = { _, result in noted.note(result.rings) }
        try await Desk.open(clinic, now: nil, noting: noting) { desk in
            let secret = try await KeySecret.read(from: clinic.pool)
            let queue = try await QueueName.find(SchedulingJobs.queue, from: clinic.pool).id
            let payload = #"{"record":"\#(record.uuidString)","client":"\#(app.client.uuidString)"}"#
            let job = NewJob(
                kind: SchedulingJobs.resend, key: JobKey("resend", secret: secret), practice: Clinic.id,
                payload: payload)
            try await clinic.pool.transaction { try await NewJob.enqueue([job], into: queue, in: $0) }
            await desk.ring()
            try await desk.until("it is told again") {
                try await clinic.count("SELECT count(*) FROM api.delivery WHERE type = 'appointment.resync'") == 1
            }
        }
        #expect(noted.all == [[FanOut.queue]])
    }
}
