import Postgres
import TestSupport
import Testing

/// Statements of a transaction that go out with its next one.
@Suite struct LaterTests {
    private static func pool() async throws -> Pool {
        let pool = try await TestDatabase.make().pool(size: 1)
        try await pool.execute("CREATE TABLE thing (id bigint PRIMARY KEY, name text)")
        return pool
    }

    private static func names(_ pool: Pool) async throws -> [String] {
        try await pool.query("SELECT name FROM thing ORDER BY id").map { try $0.decode(String.self) }
    }

    @Test(arguments: 1...2) func `what is left for later runs before the next statement, in order`(round: Int)
        async throws
    {
        let pool = try await Self.pool()
        for name in ["new", "kept by the server"].prefix(round) {
            let read = try await pool.transaction { transaction in
                try await transaction.execute("DELETE FROM thing")
                try await transaction.later("INSERT INTO thing VALUES (1, \(name))")
                try await transaction.later("UPDATE thing SET name = name || '!' WHERE id = 1")
                return try await transaction.query("SELECT name FROM thing")[0].decode(String.self)
            }
            #expect(read == name + "!")
        }
    }

    @Test func `what is left for the commit is in it`() async throws {
        let pool = try await Self.pool()
        try await pool.transaction { try await $0.later("INSERT INTO thing VALUES (1, 'a')") }
        try await pool.transaction { try await $0.later("INSERT INTO thing VALUES (2, 'b')") }
        #expect(try await Self.names(pool) == ["a", "b"])
    }

    @Test func `its error is the next statement's, which does not run, and nothing stays`() async throws {
        let pool = try await Self.pool()
        await #expect(throws: PostgresError.server(.uniqueViolation, constraint: "thing_pkey")) {
            try await pool.transaction { transaction in
                try await transaction.execute("INSERT INTO thing VALUES (1, 'a')")
                try await transaction.later("INSERT INTO thing VALUES (1, 'again')")
                try await transaction.later("INSERT INTO thing VALUES (2, 'b')")
                try await transaction.execute("INSERT INTO thing VALUES (3, 'c')")
            }
        }
        #expect(try await Self.names(pool).isEmpty)
    }

    @Test func `its error is the commit's, which does not happen`() async throws {
        let pool = try await Self.pool()
        await #expect(throws: PostgresError.server(.uniqueViolation, constraint: "thing_pkey")) {
            try await pool.transaction { transaction in
                try await transaction.execute("INSERT INTO thing VALUES (1, 'a')")
                try await transaction.later("INSERT INTO thing VALUES (1, 'again')")
            }
        }
        #expect(try await Self.names(pool).isEmpty)
    }

    @Test(arguments: [false, true]) func `one that changes another number of rows than it had to is not committed`(
        isLast: Bool
    ) async throws {
        let pool = try await Self.pool()
        await #expect(throws: PostgresError.missed) {
            try await pool.transaction { transaction in
                try await transaction.execute("INSERT INTO thing VALUES (1, 'a')")
                try await transaction.later("UPDATE thing SET name = 'b' WHERE id = 2", rows: 1)
                if !isLast { try await transaction.later("INSERT INTO thing VALUES (3, 'c')") }
            }
        }
        #expect(try await Self.names(pool).isEmpty)
    }

    @Test func `one that missed its rows dooms the transaction, though its error was swallowed`() async throws {
        let pool = try await Self.pool()
        await #expect(throws: PostgresError.missed) {
            try await pool.transaction { transaction in
                try await transaction.later("UPDATE thing SET name = 'b' WHERE id = 2", rows: 1)
                _ = try? await transaction.execute("INSERT INTO thing VALUES (1, 'a')")
            }
        }
        #expect(try await Self.names(pool) == [])
    }

    @Test func `what the server always refuses so is no plan that went stale`() async throws {
        let pool = try await Self.pool()
        try await pool.execute(
            """
            CREATE FUNCTION refuse() RETURNS void LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'feature_not_supported'; END $$
            """)
        let runs = Tally<Int>()
        for call in 1...2 {
            await #expect(throws: PostgresError.server(SQLState(rawValue: "0A000"), constraint: nil)) {
                try await pool.transaction { transaction in
                    runs.note(call)
                    try await transaction.execute("INSERT INTO thing VALUES (1, 'a')")
                    try await transaction.later("SELECT refuse()::text")
                }
            }
        }
        // What was planned before is planned anew, once.
        #expect(runs.noted == [1, 2, 2])
    }

    @Test func `it is there for a cursor, a script and rows that are copied in`() async throws {
        let pool = try await Self.pool()
        let counts = try await pool.transaction { transaction in
            try await transaction.later("INSERT INTO thing VALUES (1, 'a')")
            let rows = try await transaction.cursor("SELECT id FROM thing").next()
            try await transaction.later("INSERT INTO thing VALUES (2, 'b')")
            try await transaction.script("UPDATE thing SET name = name || '!'")
            try await transaction.later("DELETE FROM thing WHERE id = 1")
            return (rows.count, try await transaction.query("SELECT count(*) FROM thing")[0].decode(Int.self))
        }
        #expect(counts == (1, 1))
        #expect(try await Self.names(pool) == ["b!"])
    }

    @Test(arguments: [false, true]) func `a table that changed under it has the transaction run again`(
        isLast: Bool
    ) async throws {
        let database = try await TestDatabase.make()
        let pool = try database.pool(size: 1)
        let other = try await database.session()
        try await other.script("CREATE TABLE thing (id bigint PRIMARY KEY, name text)")
        let runs = Tally<Int>()
        func write(_ id: Int) async throws {
            try await pool.transaction { transaction in
                runs.note(id)
                try await transaction.execute("INSERT INTO thing VALUES (\(id), 'a')")
                try await transaction.later("SELECT * FROM thing")
                if !isLast { try await transaction.execute("UPDATE thing SET name = 'b'") }
            }
        }
        try await write(1)
        try await other.script("ALTER TABLE thing ADD COLUMN more text")
        try await write(2)
        #expect(try await Self.names(pool) == (isLast ? ["a", "a"] : ["b", "b"]))
        #expect(runs.noted == [1, 2, 2])
    }

    @Test func `a connection that is lost before it is sent loses it, and says so`() async throws {
        let database = try await TestDatabase.make()
        let pool = try database.pool(size: 1)
        let other = try await database.session()
        try await other.script("CREATE TABLE thing (id bigint)")
        let error = await #expect(throws: PostgresError.self) {
            try await pool.transaction { transaction in
                let server = try await transaction.query("SELECT pg_backend_pid()")[0].decode(Int32.self)
                try await other.execute("SELECT pg_terminate_backend(\(server), 10000)")
                try await transaction.later("INSERT INTO thing VALUES (1)")
                try await transaction.query("SELECT 1")
            }
        }
        #expect(error?.isTransient == true)
        #expect(try await pool.query("SELECT count(*) FROM thing")[0].decode(Int.self) == 0)
    }
}
