import Foundation
import Glibc
import Postgres
import TestSupport
import Testing

@Suite(.serialized) struct ClusterTests {
    @Test func `a server whose parent was killed stops by itself, and the next start finds all that was committed`()
        async throws
    {
        let folder = temporaryFolder()
        await #expect(processExitsWith: .signal(SIGKILL)) { [folder = folder as String] in
            let cluster = try await PrivateCluster.start(folder: folder, durable: true)
            let session = try await Session.connect(Configuration(url: cluster.url))
            try await session.script("CREATE TABLE kept AS SELECT 7::bigint AS n")
            kill(getpid(), SIGKILL)
        }
        let cluster = try await PrivateCluster.start(folder: folder, durable: true)
        let session = try await Session.connect(Configuration(url: cluster.url))
        #expect(try await session.query("SELECT n FROM kept")[0].decode(Int.self) == 7)
        await cluster.stop()
        #expect(!FileManager.default.fileExists(atPath: folder + "/data/postmaster.pid"))
        try FileManager.default.removeItem(atPath: folder)
    }

    @Test func `a pid file that names another program's process does not keep the server from starting`() async throws {
        let folder = temporaryFolder()
        await (try PrivateCluster.start(folder: folder, durable: false)).stop()
        let stale = "\(getpid())\n\(folder)/data\n1\n5432\n\(folder)/run\n\n 1 1\nready\n"
        try Data(stale.utf8).write(to: URL(filePath: folder + "/data/postmaster.pid"))
        let cluster = try await PrivateCluster.start(folder: folder, durable: false, removedAtEnd: true)
        #expect(cluster.isRunning)
        await cluster.stop()
        #expect(!cluster.isRunning)
        #expect(!FileManager.default.fileExists(atPath: folder))
    }

    @Test func `a server that was killed itself is started again, with its children waited for`() async throws {
        let folder = temporaryFolder()
        let first = try await PrivateCluster.start(folder: folder, durable: true)
        let session = try await Session.connect(Configuration(url: first.url))
        try await session.script("CREATE TABLE kept AS SELECT 7::bigint AS n")
        let pid = try String(contentsOfFile: folder + "/data/postmaster.pid", encoding: .utf8).split(separator: "\n")[0]
        kill(try #require(pid_t(pid)), SIGKILL)
        let second = try await PrivateCluster.start(folder: folder, durable: true, removedAtEnd: true)
        let again = try await Session.connect(Configuration(url: second.url))
        #expect(try await again.query("SELECT n FROM kept")[0].decode(Int.self) == 7)
        await second.stop()
        await first.stop()
    }

    @Test func `data of another version is refused with both versions named`() async throws {
        let folder = temporaryFolder()
        try FileManager.default.createDirectory(atPath: folder + "/data", withIntermediateDirectories: true)
        try Data("8\n".utf8).write(to: URL(filePath: folder + "/data/PG_VERSION"))
        let error = await #expect(throws: PostgresError.self) {
            try await PrivateCluster.start(folder: folder, durable: false)
        }
        guard case .cluster(.otherVersion("8", _)) = error else {
            Issue.record("not about the version: \(String(describing: error))")
            return
        }
        try FileManager.default.removeItem(atPath: folder)
    }

    @Test func `a folder that the server's user cannot enter is refused by name`() async throws {
        guard geteuid() == 0 else { try Test.cancel("only root has another user to run the server as") }
        let closed = temporaryFolder()
        unsafe mkdir(closed, 0o700)
        let folder = closed + "/deeper"
        await #expect(throws: PostgresError.cluster(.notTraversable(folder: folder))) {
            try await PrivateCluster.start(folder: folder, durable: false)
        }
        try FileManager.default.removeItem(atPath: closed)
    }

    @Test func `a folder too deep for a socket has its socket elsewhere`() async throws {
        let folder = temporaryFolder()
        let deep = folder + String(repeating: "-deep", count: 20)
        let cluster = try await PrivateCluster.start(folder: deep, durable: false, removedAtEnd: true)
        #expect(!cluster.url.contains(deep))
        let session = try await Session.connect(Configuration(url: cluster.url))
        #expect(try await session.query("SELECT 1")[0].decode(Int.self) == 1)
        await cluster.stop()
        let sockets = try #require(cluster.url.split(separator: "?host=").last)
        #expect(!FileManager.default.fileExists(atPath: String(sockets)))
    }

    @Test func `the server's log keeps no value of a statement that failed`() async throws {
        let folder = temporaryFolder()
        let cluster = try await PrivateCluster.start(folder: folder, durable: false)
        let session = try await Session.connect(Configuration(url: cluster.url))
        try await session.script("CREATE TABLE person (name text UNIQUE, age int CHECK (age < 200))")
        try await session.execute("INSERT INTO person VALUES ('Canary', 3)")
        for statement in [
            "INSERT INTO person VALUES ('Canary', 4)", "INSERT INTO person VALUES ('Canary2', 400)",
            "SELECT 'Canary'::integer", "SELECT Canary", "INSERT INTO person VALUES (\("Canary"), \(7))",
        ] as [SQL] {
            await #expect(throws: PostgresError.self) { try await session.execute(statement) }
        }
        await cluster.stop()
        let log = try String(contentsOfFile: folder + "/postgres.log", encoding: .utf8)
        #expect(log.contains("database system is shut down"))
        #expect(!log.contains("anary"))
        try FileManager.default.removeItem(atPath: folder)
    }
}
