import Foundation
import Hosting
import Postgres
import Testing
import Worker
import Workflow

@testable import Scheduling

/// Definitions that a newer version applied and this one cannot read.
@Suite(.timeLimit(.minutes(2))) struct UnreadableDefinitionTests {
    private static func message(_ id: String) -> [UInt8] {
        Array(
            """
            MSH|^~\\&|DEMOPM|CLINIC|X|Y|20260101080000||SIU^S12|\(id)|P|2.5.1\r\
            SCH||\(id)||||||OVF|30|min|^^^20260105090000||||||||||||||Booked\r\
            PID|1||\(id)^^^CLINIC^MR||Canaryson^Zoe\r\
            RGS|1|A\rAIL|1||MAIN\rAIP|1||1001^LAST^FIRST\r
            """.utf8)
    }

    private func gauge(_ metrics: Metrics) -> Bool {
        metrics.exposition().contains("pmsync_definition_unreadable 1\n")
    }

    /// As a newer `pmsync apply` would leave them.
    private func applyNewer(to pool: Pool) async throws {
        try await pool.execute(
            """
            INSERT INTO workflow.definition (digest, files, applied_by)
            SELECT sha256('newer'),
                jsonb_set(files, '{practices/clinic.yaml}', '"practice: clinic\\nsomething-new: yes\\n"'), 'newer'
            FROM workflow.definition ORDER BY id DESC LIMIT 1
            """)
    }

    @Test func `The last readable definition stays in force, with an alarm, until another readable one comes`()
        async throws
    {
        let clinic = try await Clinic()
        let metrics = Metrics()
        let store = DefinitionStore(pool: clinic.pool, metrics: metrics)
        let good = try await store.current()
        #expect(!gauge(metrics))
        try await applyNewer(to: clinic.pool)
        for _ in 0..<2 {
            #expect(try await store.current(isFresh: true).digest == good.digest)
            #expect(gauge(metrics))
            #expect(await !store.problems.isEmpty)
            #expect(await store.problems.allSatisfy { $0.file == "practices/clinic.yaml" })
        }
        try await clinic.apply([:])
        #expect(try await store.current(isFresh: true).digest != good.digest)
        #expect(!gauge(metrics))
        #expect(await store.problems.isEmpty)
    }

    @Test func `A command that has read none before is told what it cannot read`() async throws {
        let clinic = try await Clinic()
        try await applyNewer(to: clinic.pool)
        await #expect {
            try await DefinitionStore(pool: clinic.pool).current()
        } throws: { error in
            guard case DefinitionStoreError.unreadable(let problems) = error else { return false }
            return !problems.isEmpty && problems.allSatisfy { $0.file == "practices/clinic.yaml" }
        }
    }

    @Test func `A worker that starts with none that it can read leaves the jobs alone, and works them once it can`()
        async throws
    {
        let clinic = try await Clinic()
        try await applyNewer(to: clinic.pool)
        try await Desk.open(clinic, now: nil) { desk in
            try await desk.send(Self.message("A1"), key: "person/A1")
            try await desk.until("the worker has looked") { gauge(desk.metrics) }
            #expect(try await clinic.count("SELECT count(*) FROM queue.job") == 1)
            try await clinic.apply([:])
            try await desk.settled()
            let early = try await clinic.count(
                """
                SELECT count(*) FROM queue.worker
                WHERE started_at < (SELECT max(applied_at) FROM workflow.definition)
                """)
            #expect(early == 0)
            #expect(try await clinic.count("SELECT count(*) FROM queue.blocked") == 0)
            #expect(try await clinic.count("SELECT count(*) FROM records.appointment") == 1)
        }
    }

    @Test func `A worker goes on with the definition that it has when a newer one comes`() async throws {
        let clinic = try await Clinic()
        try await Desk.open(clinic, now: nil) { desk in
            try await desk.send(Self.message("A1"), key: "person/A1")
            try await desk.settled()
            try await applyNewer(to: clinic.pool)
            // The watches look again and again, and so see the newer one.
            try await desk.until("the worker has looked") { gauge(desk.metrics) }
            try await desk.send(Self.message("A2"), key: "person/A2")
            try await desk.settled()
            #expect(try await clinic.count("SELECT count(*) FROM queue.blocked") == 0)
            #expect(try await clinic.count("SELECT count(*) FROM records.appointment") == 2)
        }
    }
}
