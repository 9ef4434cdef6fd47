import FoundationEssentials
import Glibc
package import Postgres
import Schema
import Synchronization

/// A database of a test's own, migrated, on a server that the test process shares and that ends with it.
///
/// Databases of tests that are over are dropped as new ones are made; all go with the server.
package struct TestDatabase: Sendable {
    package let name: String
    /// As the owner, who passes by row-level security.
    package let url: String

    /// Makes a database, named after the test that asks.
    package static func make(_ test: String = #function) async throws -> TestDatabase {
        try await TestServer.shared.makeDatabase(test)
    }

    /// The server's own URL of another database on it (`postgres`: one that is always there).
    package static func url(ofDatabase name: String) async throws -> String {
        try await TestServer.shared.url(ofDatabase: name)
    }

    package func pool(role: String? = nil, size: Int = 4) throws -> Pool {
        try Pool(configuration(role: role), size: size, acquisitionTimeout: .seconds(60))
    }

    package func session(role: String? = nil) async throws -> Session {
        try await Session.connect(configuration(role: role))
    }

    package func configuration(role: String? = nil) throws -> Configuration {
        try Configuration(url: url, role: role, applicationName: "test")
    }
}

/// One private cluster a test process, with the migrated database from which the tests' are cloned.
private actor TestServer {
    static let shared = TestServer()

    private struct Running: Sendable {
        let cluster: PrivateCluster
        let administration: Pool
    }

    private var start: Task<Running, any Error>?
    private var made: [(name: String, at: ContinuousClock.Instant)] = []
    private var count = 0

    func url(ofDatabase name: String) async throws -> String { Self.url(try await running(), name) }

    func makeDatabase(_ test: String) async throws -> TestDatabase {
        let server = try await running()
        count += 1
        let words = test.lowercased().filter { $0.isASCII && ($0.isLetter || $0.isNumber) }.prefix(40)
        let name = "t\(count)_\(words)"
        made.append((name, .now))
        let old = databasesToDrop()
        try await server.administration.withSession { session in
            // FILE_COPY took 0.26 s where WAL_LOG took 0.6 s, on a busy machine.
            try await session.script(
                "CREATE DATABASE \"\(name)\" TEMPLATE \(PrivateCluster.database) STRATEGY FILE_COPY")
            for name in old { try? await session.script("DROP DATABASE \"\(name)\"") }
        }
        return TestDatabase(name: name, url: Self.url(server, name))
    }

    /// Those made two minutes ago and more, but for the newest sixteen. Without FORCE: one that is in use stays.
    private func databasesToDrop() -> [String] {
        let old = made.dropLast(16).prefix { $0.at.duration(to: .now) > .seconds(120) }.map(\.name)
        made.removeFirst(old.count)
        return old
    }

    private func running() async throws -> Running {
        let task =
            start
            ?? Task {
                let folder = FileManager.default.temporaryDirectory.path + "/pmsync-test-\(getpid())"
                let cluster = try await PrivateCluster.start(folder: folder, durable: false, removedAtEnd: true)
                try await Schema.migrate(url: cluster.url)
                let url = cluster.url.replacing("/\(PrivateCluster.database)?", with: "/postgres?")
                // Patient: a busy machine is no failure of a test.
                var configuration = try Configuration(url: url, applicationName: "test administration")
                configuration.statementTimeout = nil
                configuration.lockTimeout = nil
                let administration = Pool(configuration, size: 2, acquisitionTimeout: .seconds(600))
                return Running(cluster: cluster, administration: administration)
            }
        start = task
        return try await task.value
    }

    private static func url(_ server: Running, _ name: String) -> String {
        server.cluster.url.replacing("/\(PrivateCluster.database)?", with: "/\(name)?")
    }
}
