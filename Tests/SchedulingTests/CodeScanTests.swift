import Foundation
import Journal
import Postgres
import TestSupport
import Testing
import Worker
import Workflow

@testable import Scheduling

/// Codes counted behind the workers, and what comes of the counts.
@Suite struct CodeScanTests {
    /// Journals one message a code of `types`, under the shipped definitions.
    private func journal(_ types: [String], _ pool: Pool) async throws {
        let arrivals = types.enumerated().map { index, type in
            Arrival(
                feed: "demo-pm", practice: "demo", peer: "test", controlID: "\(type)-\(index)-\(UUID())",
                messageType: "SIU^S12", payload: CrosswalkTests.message(type: type))
        }
        _ = try await pool.transaction { try await Arrival.record(arrivals, in: $0) }
    }

    private func opened(_ body: (Pool, CodeScan, DefinitionStore) async throws -> Void) async throws {
        let pool = try await TestDatabase.make().pool()
        defer { pool.close() }
        _ = try await DefinitionStore.apply(
            try Definition.files(inFolder: Shipped.workflows), by: "test", to: pool)
        let definitions = DefinitionStore(pool: pool)
        try await body(pool, CodeScan(pool: pool, definitions: definitions, settled: .zero), definitions)
    }

    private var monthAgo: CalendarDay { CalendarDay(daysBeforeToday: 30) }

    @Test func `Every entry is counted once, in batches, however often the journal is scanned`() async throws {
        try await opened { pool, scan, definitions in
            try await journal(["OVF", "OVF", "NEW", "ovf", "NEW"], pool)
            #expect(try await scan.step(limit: 2))
            #expect(try await scan.step(limit: 2))
            try await scan.run()
            try await scan.run()
            try await journal(["NEW"], pool)
            try await scan.run()
            let counts = try await pool.query(
                "SELECT code || ' ' || messages FROM workflow.code_seen WHERE table_name = 'events' ORDER BY code"
            ).map { try $0.decode(String.self) }
            #expect(counts == ["NEW 3", "OVF 3"])
            let items = try await pool.transaction { [monthAgo] transaction in
                try await UnmappedItem.list(
                    since: monthAgo, definition: try await definitions.current(), in: transaction)
            }
            #expect(items.map { "\($0.code.table.rawValue) \($0.code.code)" } == ["events NEW"])
            #expect(items.map(\.messages) == [3] && items.map(\.parked) == [0] && items.map(\.policy) == [.pass])
        }
    }

    @Test func `An entry that is not settled yet stops the scan, and is counted by the next`() async throws {
        try await opened { pool, _, definitions in
            try await journal(["NEW"], pool)
            let patient = CodeScan(pool: pool, definitions: definitions, settled: .seconds(3_600))
            try await patient.run()
            #expect(try await pool.query("SELECT 1 FROM workflow.code_seen").isEmpty)
            try await CodeScan(pool: pool, definitions: definitions, settled: .zero).run()
            #expect(try await pool.query("SELECT 1 FROM workflow.code_seen WHERE code = 'NEW'").count == 1)
        }
    }

    @Test func `Coverage counts what tables know, names what they do not, and rows that nothing asked for`()
        async throws
    {
        try await opened { pool, scan, definitions in
            try await journal(["OVF", "OVF", "OVF", "NEW"], pool)
            try await scan.run()
            let coverage = try await pool.transaction { [monthAgo] transaction in
                try await CodeCoverage.read(
                    since: monthAgo, until: CalendarDay(daysBeforeToday: 0),
                    definition: try await definitions.current(), in: transaction)
            }
            let events = try #require(coverage.first { $0.practice == "demo" && $0.table == .events })
            #expect(events.percent == 75 && events.unmapped == ["NEW": 1])
            #expect(events.unused.map(\.code) == ["NPV", "PHY", "NUR", "GRP"])
            let status = try #require(coverage.first { $0.practice == "demo" && $0.table == .status })
            #expect(status.percent == 100 && status.unused.isEmpty)
            let shared = try #require(coverage.first { $0.practice == nil && $0.table == .status })
            #expect(shared.rows == shared.unused.count + 1 && shared.percent == nil)
        }
    }

    @Test func `The console sees the items of its person's practices only`() async throws {
        let database = try await TestDatabase.make()
        let owner = try database.pool()
        defer { owner.close() }
        _ = try await owner.execute(
            """
            INSERT INTO workflow.code_seen SELECT p, 'events', 'X', '', current_date, current_date, current_date, 1,
                now(), now(), current_date, 1 FROM unnest('{demo,demo-west}'::text[]) p
            """)
        _ = try await owner.execute(
            """
            INSERT INTO workflow.unmapped (practice_id, id, table_name, code)
            SELECT p, gen_random_uuid(), 'events', 'X' FROM unnest('{demo,demo-west}'::text[]) p
            """)
        let console = try await database.session(role: "pmsync_console")
        for table in ["workflow.code_seen", "workflow.unmapped"] {
            let count: SQL =
                table == "workflow.unmapped"
                ? "SELECT count(*) FROM workflow.unmapped" : "SELECT count(*) FROM workflow.code_seen"
            try await console.script("RESET pmsync.practices")
            #expect(try await console.query(count)[0].decode(Int64.self) == 0)
            try await console.script("SET pmsync.practices = 'demo'")
            #expect(try await console.query(count)[0].decode(Int64.self) == 1)
        }
        await console.close()
    }
}

extension CalendarDay {
    fileprivate init(daysBeforeToday days: Int) {
        let text = (Date.now - Double(days) * 86_400).formatted(.iso8601.year().month().day())
        guard let day = CalendarDay(text) else { preconditionFailure("an instant has a day") }
        self = day
    }
}
