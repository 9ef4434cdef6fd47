import Postgres
import TestSupport
import Testing

@Suite struct PoolTests {
    struct Refused: Error, Equatable {}

    @Test func `a transaction is whole or not at all`() async throws {
        let pool = try await TestDatabase.make().pool()
        try await pool.execute("CREATE TABLE thing (id bigint)")
        let count = try await pool.transaction { transaction in
            try await transaction.execute("INSERT INTO thing SELECT generate_series(1, \(3))")
        }
        #expect(count == 3)
        await #expect(throws: Refused()) {
            try await pool.transaction { transaction in
                try await transaction.execute("DELETE FROM thing")
                throw Refused()
            }
        }
        #expect(try await pool.query("SELECT count(*) FROM thing")[0].decode(Int.self) == 3)
    }

    @Test func `a transaction whose error was swallowed does not pass for committed`() async throws {
        let pool = try await TestDatabase.make().pool()
        await #expect(throws: PostgresError.server(SQLState(rawValue: "25P02"), constraint: nil)) {
            try await pool.transaction { transaction in _ = try? await transaction.query("SELECT 1 / \(0)") }
        }
    }

    @Test func `a transaction that is over runs nothing more`() async throws {
        let pool = try await TestDatabase.make().pool(size: 1)
        let kept = try await pool.transaction { $0 }
        await #expect(throws: PostgresError.closed) { try await kept.query("SELECT 1") }
        try await pool.transaction { _ in
            await #expect(throws: PostgresError.closed) { try await kept.query("SELECT 1") }
        }
    }

    @Test func `of two that block each other one runs again, and both finish`() async throws {
        let pool = try await TestDatabase.make().pool()
        try await pool.execute("CREATE TABLE thing (id bigint, n bigint DEFAULT 0)")
        try await pool.execute("INSERT INTO thing VALUES (1), (2)")
        let both = Meeting(of: 2)
        let runs = Tally<Int>()
        try await withThrowingTaskGroup { group in
            for order in [[1, 2], [2, 1]] {
                group.addTask {
                    try await pool.transaction { transaction in
                        runs.note(1)
                        try await transaction.execute("SET LOCAL deadlock_timeout = '10ms'")
                        try await transaction.execute("UPDATE thing SET n = n + 1 WHERE id = \(order[0])")
                        await both.arrive()
                        try await transaction.execute("UPDATE thing SET n = n + 1 WHERE id = \(order[1])")
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(runs.noted.count == 3)
        #expect(try await pool.query("SELECT n FROM thing").map { try $0.decode(Int.self) } == [2, 2])
    }

    @Test func `a transaction that never serialises is given up after five runs`() async throws {
        let pool = try await TestDatabase.make().pool()
        let runs = Tally<Int>()
        await #expect(throws: PostgresError.server(.serializationFailure, constraint: nil)) {
            try await pool.transaction { transaction in
                runs.note(1)
                try await transaction.execute("DO $$ BEGIN RAISE serialization_failure; END $$")
            }
        }
        #expect(runs.noted.count == 5)
    }

    @Test func `a connection that is killed in a transaction is an error that may pass, and the pool recovers`()
        async throws
    {
        let database = try await TestDatabase.make()
        let pool = try database.pool(size: 1)
        let killer = try await database.session()
        let error = await #expect(throws: PostgresError.self) {
            try await pool.transaction { transaction in
                let pid = try await transaction.query("SELECT pg_backend_pid()")[0].decode(Int32.self)
                try await killer.kill(pid)
                try await transaction.query("SELECT 1")
            }
        }
        #expect(error == .connection(.lost))
        #expect(error?.isTransient == true)
        #expect(try await pool.query("SELECT 1")[0].decode(Int.self) == 1)
    }

    @Test func `connections that were killed while idle are not lent`() async throws {
        let database = try await TestDatabase.make()
        let pool = try database.pool(size: 2)
        let killer = try await database.session()
        for _ in 0..<5 {
            let pid = try await pool.query("SELECT pg_backend_pid()")[0].decode(Int32.self)
            try await killer.kill(pid)
        }
        #expect(try await pool.query("SELECT 1")[0].decode(Int.self) == 1)
    }

    @Test func `askers are served in the order of asking`() async throws {
        let pool = try await TestDatabase.make().pool(size: 1)
        let order = Tally<Int>()
        try await withThrowingTaskGroup { group in
            try await pool.withSession { _ in
                for number in 0..<8 {
                    group.addTask {
                        try await pool.withSession { _ in order.note(number) }
                    }
                    while pool.load.waiting <= number { await Task.yield() }
                }
            }
            try await group.waitForAll()
        }
        #expect(order.noted == Array(0..<8))
        #expect(pool.load.lent == 0 && pool.load.idle == 1 && pool.load.waiting == 0)
    }

    @Test func `an asker waits no longer than its time, nor once it is cancelled, nor once the pool is closed`()
        async throws
    {
        let configuration = try await TestDatabase.make().configuration()
        let pool = Pool(configuration, size: 1, acquisitionTimeout: .milliseconds(30))
        try await pool.withSession { _ in
            await #expect(throws: PostgresError.deadline) { try await pool.query("SELECT 1") }
        }
        let patient = Pool(configuration, size: 1, acquisitionTimeout: .seconds(600))
        try await patient.withSession { _ in
            let cancelled = Task { try await patient.query("SELECT 1") }
            while patient.load.waiting < 1 { await Task.yield() }
            cancelled.cancel()
            await #expect(throws: PostgresError.cancelled) { try await cancelled.value }
            let closed = Task { try await patient.query("SELECT 1") }
            while patient.load.waiting < 1 { await Task.yield() }
            patient.close()
            await #expect(throws: PostgresError.closed) { try await closed.value }
        }
        await #expect(throws: PostgresError.closed) { try await patient.query("SELECT 1") }
        #expect(patient.load.lent == 0 && patient.load.idle == 0 && patient.load.waiting == 0)
    }

    @Test func `a transaction that a borrower left open is rolled back`() async throws {
        let pool = try await TestDatabase.make().pool(size: 1)
        try await pool.withSession { try await $0.script("BEGIN; CREATE TABLE thing ()") }
        #expect(try await pool.query("SELECT to_regclass('thing') IS NULL")[0].decode(Bool.self))
    }

    @Test func `a session is let go when it is old`() async throws {
        let pool = Pool(try await TestDatabase.make().configuration(), size: 1, maximumAge: .zero)
        let first = try await pool.query("SELECT pg_backend_pid()")[0].decode(Int32.self)
        #expect(try await pool.query("SELECT pg_backend_pid()")[0].decode(Int32.self) != first)
    }

    @Test func `a wrong database is told at once, not at the deadline`() async throws {
        let url = try await TestDatabase.url(ofDatabase: "nowhere")
        let pool = Pool(try Configuration(url: url), size: 1, acquisitionTimeout: .seconds(600))
        await #expect(throws: PostgresError.connection(.noSuchDatabase)) { try await pool.query("SELECT 1") }
    }

    @Test func `a server that is away is tried until the deadline, and then named`() async throws {
        let pool = Pool(
            try Configuration(url: "postgres://x@/x?host=/nowhere"), size: 1, acquisitionTimeout: .milliseconds(300))
        await #expect(throws: PostgresError.connection(.refused)) { try await pool.query("SELECT 1") }
    }

    @Test func `a cursor gives every row once, in order, a batch at a time`() async throws {
        let pool = try await TestDatabase.make().pool()
        let batches = try await pool.transaction { transaction in
            var batches: [[Int]] = []
            try await transaction.forEach(batch: 4, "SELECT n FROM generate_series(1, \(10)) n ORDER BY n") { rows in
                batches.append(try rows.map { try $0.decode(Int.self) })
            }
            return batches
        }
        #expect(batches == [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10]])
    }

    @Test func `two cursors of one transaction are read side by side`() async throws {
        let pool = try await TestDatabase.make().pool()
        try await pool.transaction { transaction in
            let ours = try await transaction.cursor("SELECT n FROM generate_series(1, \(4)) n", batch: 2)
            let theirs = try await transaction.cursor("SELECT n::text FROM generate_series(1, 4) n", batch: 2)
            for _ in 0..<2 {
                let left = try await ours.next().map { try $0.decode(Int.self) }
                let right = try await theirs.next().map { try $0.decode(String.self) }
                #expect(left.map(String.init) == right)
            }
            #expect(try await ours.next().isEmpty)
        }
    }

    @Test func `a closure keeps its caller's isolation`() async throws {
        let pool = try await TestDatabase.make().pool()
        let counter = Counter()
        #expect(try await counter.count(with: pool) == 2)
    }

    private actor Counter {
        var count = 0

        func count(with pool: Pool) async throws -> Int {
            try await pool.transaction { transaction in
                count += try await transaction.query("SELECT 2")[0].decode(Int.self)
            }
            return count
        }
    }
}
