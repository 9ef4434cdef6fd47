import Foundation
import Postgres
import Practice
import Queue
import Records
import TestSupport
import Testing
import Worker

@testable import Scheduling

/// A decision that is taken back while others are at work.
@Suite(.timeLimit(.minutes(2))) struct TakeBackTests {
    /// An appointment that a decision was applied to.
    private func decided(_ clinic: Clinic) async throws -> (record: UUID, decision: Int64) {
        let record = try await clinic.book("F1", mrn: "M1", start: clinic.at(1, 9))
        let row = try await clinic.pool.query(
            """
            INSERT INTO records.decision (practice_id, received_on, entry_id, person_id, candidates, appointment_id, actor,
                reason, question, became, applied_at)
            SELECT practice_id, received_on, entry_id, person_id, ARRAY[id], id, 'ann', 'she phoned', '\\x00', id,
                clock_timestamp()
            FROM records.appointment WHERE id = \(record) RETURNING id
            """
        ).first
        return (record, try #require(try row?.decode(Int64.self)))
    }

    /// A second message of the appointment, as its commit leaves it.
    private func say(_ record: UUID, _ transaction: Transaction) async throws {
        try await transaction.execute(
            """
            INSERT INTO records.appointment_event (practice_id, appointment_id, event_at, entry_id, received_on, facts)
            SELECT practice_id, appointment_id, event_at + interval '1 minute', entry_id + 1, received_on, facts
            FROM records.appointment_event WHERE appointment_id = \(record)
            """)
    }

    @Test(arguments: [true, false])
    func whatIsBeingFiledMeanwhileIsSeen(holdsPerson: Bool) async throws {
        let clinic = try await Clinic("meanwhile\(holdsPerson)")
        let (record, decision) = try await decided(clinic)
        let own = try clinic.database.pool(role: "pmsync_scheduling")
        let ended = Noted<Bool>()
        let waits: SQL = """
            SELECT 1 FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
            WHERE NOT l.granted AND a.datname = current_database()
            """
        // One that files a second message holds its person, or has written its appointment already.
        let takingBack = try await clinic.pool.transaction { transaction in
            if holdsPerson {
                let alias = Alias(Identifier(.mrn, authority: Clinic.mrns, value: "M1"), trust: 80)
                _ = try await PersonSlice.lock([PersonSlice.Key(Clinic.id, alias.identifier)], in: transaction)
            } else {
                try await transaction.execute(
                    "UPDATE records.appointment SET changed_at = clock_timestamp() WHERE id = \(record)")
            }
            let takingBack = Task {
                defer { ended.note(true) }
                return try await own.transaction { transaction in
                    try await Retraction.hold(decision, practice: Clinic.id, in: transaction)
                    let target = try await Retraction.target(of: decision, practice: Clinic.id, in: transaction)
                    return try await Retraction.said(of: target ?? record, practice: Clinic.id, in: transaction)
                }
            }
            while ended.all.isEmpty {
                if try await !clinic.pool.query(waits).isEmpty { break }
                await Task.yield()
            }
            try await say(record, transaction)
            return takingBack
        }
        #expect(try await takingBack.value.count == 2)
    }

    @Test func whatIsFiledAnewIsPutIntoTheQueueAndRungFor() async throws {
        let clinic = try await Clinic()
        let noted = Noted<Set<String>>()
        let noting: @Sendable (JobBatch, BatchResult) -> Void = { batch, result in
            if batch.jobs.first?.kind == SchedulingJobs.takeBack { noted.note(result.rings) }
        }
        try await Desk.open(clinic, now: nil, noting: noting) { desk in
            let times = [("S12", "110000", "100000"), ("S12", "130000", "100100"), ("S13", "150000", "100200")]
            for (event, start, at) in times {
                let lines = [
                    "MSH|^~\\&|DEMOPM|C|X|Y|20241112\(at)||SIU^\(event)|\(UUID().uuidString.prefix(20))|P|2.5.1",
                    "SCH|||||||||30|min|^^^20241120\(start)", "PID|1||1^^^C^MR||TEST^ALEX", "AIL|1||MAIN",
                    "AIP|1||1001^EXAMPLE^ADA",
                ]
                try await desk.send(Array((lines.joined(separator: "\r") + "\r").utf8), key: "person/demo/1")
                try await desk.settled()
            }
            let job = try #require(try await desk.parked().first)
            let first = try #require(
                try await clinic.pool.query("SELECT id FROM records.appointment ORDER BY start_at").first?
                    .decode(UUID.self))
            #expect(try await desk.decide(job.id, .appointment(first)) != .notAsked)
            try await desk.settled()
            let decision = try #require(
                try await clinic.pool.query("SELECT id FROM records.decision WHERE became IS NOT NULL").first?
                    .decode(Int64.self))
            let taking = try await TakingBack(pool: clinic.pool)
            let answer = try await clinic.pool.transaction {
                try await taking.takeBack(decision, by: "ann", reason: "it was the other", in: $0)
            }
            #expect(answer == .asked)
            await desk.ring()
            try await desk.until("it asks again") { try await desk.parked().count == 1 }
        }
        #expect(noted.all == [[SchedulingJobs.queue, FanOut.queue]])
    }
}
