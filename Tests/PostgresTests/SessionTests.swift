import Foundation
import Postgres
import TestSupport
import Testing

@Suite struct SessionTests {
    @Test func `a cached statement survives a change of its table`() async throws {
        let database = try await TestDatabase.make()
        let session = try await database.session()
        try await session.script("CREATE TABLE thing (id bigint); INSERT INTO thing VALUES (7)")
        let statement: SQL = "SELECT * FROM thing WHERE id = \(7)"
        #expect(try await session.query(statement)[0].decode(Int.self) == 7)
        let other = try await database.session()
        try await other.script("ALTER TABLE thing ADD COLUMN name text DEFAULT 'x'")
        #expect(try await session.query(statement)[0].decode((Int, String).self) == (7, "x"))
        try await other.script("DROP TABLE thing; CREATE TABLE thing (id integer)")
        #expect(try await session.query(statement).isEmpty)
    }

    @Test func `a cached statement survives a change of its table in a transaction, which runs again`() async throws {
        let database = try await TestDatabase.make()
        let pool = try database.pool(size: 1)
        let other = try await database.session()
        try await other.script("CREATE TABLE thing (id bigint); INSERT INTO thing VALUES (7)")
        func columns() async throws -> Int {
            try await pool.transaction { transaction in
                let rows = try await transaction.query("SELECT * FROM thing")
                do throws(PostgresError) {
                    _ = try rows[0].decode(Int.self)
                    return 1
                } catch {
                    guard case .columns(_, let found) = error else { throw error }
                    return found
                }
            }
        }
        #expect(try await columns() == 1)
        try await other.script("ALTER TABLE thing ADD COLUMN name text")
        #expect(try await columns() == 2)
    }

    @Test func `no more than 256 statements are kept, and those dropped can come again`() async throws {
        let session = try await TestDatabase.make().session()
        var sql: SQL = "SELECT 0"
        var statements: [SQL] = []
        for _ in 0..<300 {
            sql += "+1"
            statements.append(sql)
        }
        for _ in 0..<2 {
            for (index, statement) in statements.enumerated() {
                #expect(try await session.query(statement)[0].decode(Int.self) == index + 1)
            }
        }
        let kept = try await session.query("SELECT count(*) FROM pg_prepared_statements")[0].decode(Int.self)
        #expect((200...256).contains(kept))
    }

    @Test func `cancelling the task stops the statement on the server, and the session goes on`() async throws {
        let database = try await TestDatabase.make()
        let session = try await database.session()
        let observer = try await database.session()
        let began = ContinuousClock.now
        let sleep = Task { () -> PostgresError? in
            do throws(PostgresError) {
                try await session.query("SELECT pg_sleep(300)")
                return nil
            } catch { return error }
        }
        try await observer.untilRunning("%pg_sleep(300)%")
        sleep.cancel()
        #expect(await sleep.value == .cancelled)
        #expect(began.duration(to: .now) < .seconds(60))
        #expect(try await session.query("SELECT 1")[0].decode(Int.self) == 1)
    }

    @Test func `a task that is already cancelled runs nothing`() async throws {
        let session = try await TestDatabase.make().session()
        let task = Task {
            unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
            try await session.script("CREATE TABLE never ()")
        }
        await #expect(throws: PostgresError.cancelled) { try await task.value }
        #expect(try await session.query("SELECT to_regclass('never') IS NULL")[0].decode(Bool.self))
    }

    @Test func `statements that are cancelled at any moment leave no mark on the next`() async throws {
        let session = try await TestDatabase.make().session()
        for round in 0..<200 {
            let task = Task { _ = try? await session.query("SELECT count(*) FROM generate_series(1, \(round * 50))") }
            if round.isMultiple(of: 2) { await Task.yield() }
            task.cancel()
            #expect(try await session.query("SELECT \(round)")[0].decode(Int.self) == round)
            await task.value
        }
    }

    @Test func `an error has its SQLSTATE and constraint, and no value`() async throws {
        let session = try await TestDatabase.make().session()
        try await session.script("CREATE TABLE person (name text CONSTRAINT one_of_a_name UNIQUE)")
        try await session.execute("INSERT INTO person VALUES (\("Canary"))")
        let error = await #expect(throws: PostgresError.self) {
            try await session.execute("INSERT INTO person VALUES (\("Canary"))")
        }
        #expect(error == .server(.uniqueViolation, constraint: "one_of_a_name"))
        #expect(try #require(error).violates("one_of_a_name"))
        #expect(!String(reflecting: error).contains("Canary"))
    }

    @Test func `a statement ends at its time limit, with an error that may pass`() async throws {
        var configuration = try await TestDatabase.make().configuration()
        configuration.statementTimeout = .milliseconds(20)
        let session = try await Session.connect(configuration)
        let error = await #expect(throws: PostgresError.self) { try await session.query("SELECT pg_sleep(60)") }
        #expect(error == .server(.queryCanceled, constraint: nil))
        #expect(error?.isTransient == true)
    }

    @Test func `a session runs as the role that its configuration names`() async throws {
        let session = try await TestDatabase.make().session(role: "pmsync_api")
        #expect(try await session.query("SELECT current_user")[0].decode(String.self) == "pmsync_api")
        await #expect(throws: PostgresError.server(.insufficientPrivilege, constraint: nil)) {
            try await session.query("SELECT 1 FROM journal.entry")
        }
    }

    @Test func `a role's name is quoted`() async throws {
        let database = try await TestDatabase.make()
        await #expect(throws: PostgresError.server(SQLState(rawValue: "22023"), constraint: nil)) {
            try await database.session(role: "x\"; DROP TABLE journal.entry; --")
        }
    }

    @Test func `rows of COPY OUT come as the server writes them`() async throws {
        let session = try await TestDatabase.make().session()
        let (rows, sink) = AsyncStream.makeStream(of: String.self)
        try await session.copyOut("COPY (SELECT n, 'a' || n FROM generate_series(1, 3) n) TO STDOUT") { row in
            sink.yield(String(decoding: row, as: UTF8.self))
        }
        sink.finish()
        var read: [String] = []
        for await row in rows { read.append(row) }
        #expect(read == ["1\ta1\n", "2\ta2\n", "3\ta3\n"])
        #expect(try await session.query("SELECT 1").count == 1)
    }

    @Test func `rows that are copied in are there as they were, and a batch that does not fit leaves nothing`()
        async throws
    {
        let session = try await TestDatabase.make().session()
        try await session.script(
            "CREATE TEMP TABLE t (n bigint, small smallint, word text, at timestamptz, id uuid, words text[], yes boolean)"
        )
        let (id, at) = (UUID(), Date(timeIntervalSince1970: 1_800_000_000.25))
        let copy: SQL = "COPY pg_temp.t (n, small, word, at, id, words, yes) FROM STDIN (FORMAT binary)"
        var rows = CopyRows()
        rows.append(Int64(1), Int16(-2), "Zoë\n\\N", at as Date?, id as UUID?, ["a", ""], true)
        rows.append(Int64(2), Int16(3), "", nil as Date?, nil as UUID?, [String](), false)
        #expect(try await session.copyIn(copy, rows) == 2)
        let found = try await session.query("SELECT n, small, word, at, id, words, yes FROM pg_temp.t ORDER BY n").map {
            try $0.decode((Int64, Int16, String, Date?, UUID?, [String], Bool).self)
        }
        #expect(found[0].2 == "Zoë\n\\N" && found[0].3 == at && found[0].4 == id && found[0].5 == ["a", ""])
        #expect(found[1].2 == "" && found[1].3 == nil && found[1].4 == nil && found[1].5 == [] && !found[1].6)

        var wrong = CopyRows()
        wrong.append(Int64(3), Int16(3), "x", nil as Date?, nil as UUID?, [String](), false)
        wrong.append(Int64(4), Int64(3), "x", nil as Date?, nil as UUID?, [String](), false)
        await #expect(throws: PostgresError.server(SQLState(rawValue: "22P03"), constraint: nil)) {
            try await session.copyIn(copy, wrong)
        }
        #expect(try await session.query("SELECT count(*) FROM pg_temp.t").first?.decode(Int64.self) == 2)
    }

    @Test func `a closed session says so`() async throws {
        let session = try await TestDatabase.make().session()
        await session.close()
        await #expect(throws: PostgresError.closed) { try await session.query("SELECT 1") }
    }

    @Test func `sessions that are let go leave no thread behind`() async throws {
        let database = try await TestDatabase.make()
        let observer = try await database.session()
        for _ in 0..<20 {
            let session = try await Session.connect(database.configuration())
            try await session.query("SELECT 1")
        }
        // The server sees each of them go, which it does when the last reference has.
        while try await observer.query("SELECT count(*) FROM pg_stat_activity WHERE datname = \(database.name)")[0]
            .decode(Int.self) > 1
        { await Task.yield() }
    }

    @Test(arguments: [
        ("postgres://nobody@127.0.0.1:1/x", ConnectionFault.refused), ("postgres://x@/x?host=/nowhere", .refused),
        ("postgres://x@/%00", .url), ("mysql://x", .url), ("postgres://x@[::1/x", .url),
    ])
    func `no connection has a reason in a fixed sentence`(url: String, fault: ConnectionFault) async throws {
        await #expect(throws: PostgresError.connection(fault)) { try await Session.connect(Configuration(url: url)) }
    }

    @Test func `an unknown database and user are told apart`() async throws {
        let nowhere = try await TestDatabase.url(ofDatabase: "nowhere")
        await #expect(throws: PostgresError.connection(.noSuchDatabase)) {
            try await Session.connect(Configuration(url: nowhere))
        }
        let nobody = try await TestDatabase.url(ofDatabase: "postgres").replacing("pmsync@", with: "nobody@")
        await #expect(throws: PostgresError.connection(.noSuchRole)) {
            try await Session.connect(Configuration(url: nobody))
        }
    }
}
