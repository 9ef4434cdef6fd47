import Foundation
import Postgres
import TestSupport
import Testing

@testable import Schema

@Suite struct SchemaTests {
    @Test func `every migration of the folder is listed, in order, each under a number of its own`() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: root + "Sources/Platform/Schema/Migrations")
        #expect(files.sorted() == Schema.migrations.map { $0.name + ".sql" })
        #expect(Set(Schema.migrations.map(\.version)).count == Schema.migrations.count)
    }

    @Test func `migrating again applies nothing, and nothing is pending`() async throws {
        let url = try await emptyDatabase()
        #expect(try await Schema.pending(Configuration(url: url)) == Schema.migrations.map(\.name))
        #expect(try await Schema.migrate(url: url) == Schema.migrations.map(\.name))
        #expect(try await Schema.migrate(url: url) == [])
        #expect(try await Schema.pending(Configuration(url: url, role: "pmsync_gateway")) == [])
    }

    @Test func `of two that migrate at once one does, and the other finds it done`() async throws {
        let url = try await emptyDatabase()
        async let one = Schema.migrate(url: url)
        async let two = Schema.migrate(url: url)
        let applied = try await [one, two]
        #expect(applied.contains([]) && applied.contains(Schema.migrations.map(\.name)))
    }

    @Test func `databases of one server that are migrated at once do not fall over each other's roles`() async throws {
        let cluster = try await PrivateCluster.start(folder: temporaryFolder(), durable: false, removedAtEnd: true)
        let admin = try await Session.connect(Configuration(url: cluster.url))
        var urls: [String] = []
        for name in ["one", "two", "three"] {
            try await admin.script("CREATE DATABASE \(name)")
            urls.append(cluster.url.replacing("/pmsync?", with: "/\(name)?"))
        }
        let applied = try await withThrowingTaskGroup { group in
            for url in urls { group.addTask { try await Schema.migrate(url: url) } }
            return try await group.reduce(into: 0) { $0 += $1.count }
        }
        #expect(applied == 3 * Schema.migrations.count)
        await cluster.stop()
    }

    @Test func `a migration that was edited after it was applied is refused by name`() async throws {
        let configuration = try Configuration(url: try await emptyDatabase())
        let first = Migration("v0001_first", Array("CREATE TABLE first ()".utf8))
        #expect(try await Schema.migrate(configuration, to: [first]) == ["v0001_first"])
        let edited = Migration("v0001_first", Array("CREATE TABLE first (id bigint)".utf8))
        let second = Migration("v0002_second", Array("CREATE TABLE second ()".utf8))
        await #expect(throws: SchemaError.changed("v0001_first")) {
            try await Schema.migrate(configuration, to: [edited, second])
        }
        #expect(try await Schema.migrate(configuration, to: [first, second]) == ["v0002_second"])
    }

    @Test func `of a migration that fails or is killed halfway nothing stays, and it runs again`() async throws {
        let configuration = try Configuration(url: try await emptyDatabase())
        let bad = Migration("v0001_first", Array("CREATE TABLE first (); SELECT 1 / 0".utf8))
        await #expect(throws: SchemaError.failed("v0001_first", .server(SQLState(rawValue: "22012"), constraint: nil)))
        {
            try await Schema.migrate(configuration, to: [bad])
        }
        let observer = try await Session.connect(configuration)
        let slow = Migration("v0001_first", Array("CREATE TABLE first (); SELECT pg_sleep(300)".utf8))
        let killed = Task { try await Schema.migrate(configuration, to: [slow]) }
        try await observer.untilRunning("%pg_sleep(300)%")
        try await observer.query(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE query LIKE 'CREATE TABLE first%sleep%'"
        )
        await #expect(throws: SchemaError.failed("v0001_first", .connection(.lost))) { try await killed.value }
        let good = Migration("v0001_first", Array("CREATE TABLE first ()".utf8))
        #expect(try await Schema.migrate(configuration, to: [good]) == ["v0001_first"])
    }

    @Test func `an owner who is no superuser migrates, and its programs take their roles`() async throws {
        let cluster = try await PrivateCluster.start(folder: temporaryFolder(), durable: false, removedAtEnd: true)
        let admin = try await Session.connect(Configuration(url: cluster.url))
        try await admin.script("CREATE ROLE owner LOGIN CREATEROLE")
        try await admin.script("CREATE DATABASE theirs OWNER owner")
        let url = cluster.url.replacing("pmsync@/pmsync?", with: "owner@/theirs?")
        #expect(try await Schema.migrate(url: url) == Schema.migrations.map(\.name))
        for role in Schema.roles {
            let session = try await Session.connect(Configuration(url: url, role: role))
            #expect(try await session.query("SELECT current_user")[0].decode(String.self) == role)
        }
        await cluster.stop()
    }

    @Test
    func `every table with a practice has row-level security, which shows the API nothing until it is told whose`()
        async throws
    {
        let database = try await TestDatabase.make()
        let owner = try await database.session()
        let tables = try await owner.query(
            """
            SELECT n.nspname, c.relname, c.relrowsecurity AND c.relforcerowsecurity,
                has_any_column_privilege('pmsync_api', c.oid, 'SELECT')
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'practice_id'
            WHERE c.relkind IN ('r', 'p') AND n.nspname IN ('records', 'api', 'reconciliation', 'watch')
            ORDER BY 1, 2
            """
        ).map { try $0.decode((String, String, Bool, Bool).self) }
        #expect(tables.count >= 15)
        for (schema, table, isSecured, _) in tables { #expect(isSecured, "\(schema).\(table)") }

        try await owner.script(
            """
            INSERT INTO records.practice VALUES ('p1', 'e1', 'One', 'UTC'), ('p2', 'e2', 'Two', 'UTC');
            INSERT INTO records.resource (practice_id, kind, code) VALUES ('p1', 'device', 'd'), ('p2', 'device', 'd');
            INSERT INTO records.person (enterprise_id, id) SELECT e, gen_random_uuid() FROM unnest('{e1,e2}'::text[]) e
            """)
        let api = try await database.session(role: "pmsync_api")
        for (schema, table, _, mayRead) in tables where mayRead {
            #expect(try await api.count("\(schema).\(table)") == 0, "\(schema).\(table)")
        }
        #expect(try await api.count("records.person") == 0)
        try await api.script("SET pmsync.practices = 'p2'")
        #expect(try await api.count("records.practice") == 1)
        #expect(try await api.count("records.resource") == 1)
        #expect(try await api.count("records.person") == 1)
    }

    @Test func `what was taken off an appointment is read by who shows or files it, and not by the gateway`()
        async throws
    {
        let owner = try await TestDatabase.make().session()
        let readers = try await owner.query(
            """
            SELECT r FROM unnest(\(Schema.roles)) r WHERE has_table_privilege(r, 'records.retracted_event', 'SELECT')
            """
        ).map { try $0.decode(String.self) }
        #expect(Set(readers) == ["pmsync_scheduling", "pmsync_console", "pmsync_operator"])
    }

    @Test func `schema.sql is the schema as the migrations leave it`() async throws {
        let database = try await TestDatabase.make()
        let dump = try pgDump(database.url)
        let path = root + "Sources/Platform/Schema/schema.sql"
        if ProcessInfo.processInfo.environment["PMSYNC_RECORD"] == "1" {
            try Data(dump.utf8).write(to: URL(filePath: path))
        }
        let kept = try String(contentsOfFile: path, encoding: .utf8)
        #expect(dump.split(separator: "\n").difference(from: kept.split(separator: "\n")).isEmpty)
    }
}
