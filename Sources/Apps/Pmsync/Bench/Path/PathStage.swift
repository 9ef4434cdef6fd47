import Foundation
import Hosting
import Postgres
import Schema

/// What the path is measured on: a folder and a durable cluster of its own, the gateway and the scheduling worker as
/// processes, and in this process the sender and two booking apps' webhooks.
final class PathStage: Sendable {
    static let practice = "demo"

    /// A program under test.
    struct Program: Sendable {
        let name: String
        let child: Child
        let adminPort: Int

        var pid: Int32 { child.pid }
    }

    let folder: String
    let url: String
    let pool: Pool
    let exchange: PathExchange
    let mllpPort: Int
    let programs: [Program]
    /// The database server's main process.
    let postmaster: Int32
    private let cluster: PrivateCluster

    /// In the order of their start.
    private static let names = ["gateway", "scheduling"]

    private init(
        folder: String, cluster: PrivateCluster, pool: Pool, exchange: PathExchange, mllpPort: Int,
        programs: [Program], postmaster: Int32
    ) {
        self.folder = folder
        self.cluster = cluster
        self.pool = pool
        self.exchange = exchange
        self.mllpPort = mllpPort
        self.programs = programs
        self.postmaster = postmaster
        url = cluster.url
    }

    static func set(workflows: String?, temporary: String?) async throws -> PathStage {
        let definitions = try DefinitionFolder(workflows)
        let base = temporary ?? FileManager.default.temporaryDirectory.path
        let folder = "\(base)/pmsync-bench-\(ProcessInfo.processInfo.processIdentifier)"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o711])
        do {
            let cluster = try await PrivateCluster.start(
                folder: folder + "/postgres", durable: true, removedAtEnd: true)
            do {
                return try await set(folder, cluster, definitions)
            } catch {
                await cluster.stop()
                throw error
            }
        } catch {
            try? FileManager.default.removeItem(atPath: folder)
            throw error
        }
    }

    private static func set(
        _ folder: String, _ cluster: PrivateCluster, _ definitions: DefinitionFolder
    ) async throws -> PathStage {
        try await Schema.migrate(url: cluster.url)
        let pool = Pool(try Configuration(url: cluster.url, role: "pmsync_operator"), size: 2)
        try await definitions.apply(to: pool)
        let exchange = try await PathExchange.start(messages: PathMessages(from: Date()))
        for (index, port) in exchange.ports.enumerated() {
            _ = try await Clients.add(
                .init(
                    name: "bench-\(index + 1)", practice: practice, webhook: "http://127.0.0.1:\(port)/", list: nil,
                    listKey: nil),
                to: pool)
        }
        let backend = try await pool.query("SELECT pg_backend_pid()")[0].decode(Int32.self)
        var programs: [Program] = []
        var mllp = 0
        for name in names {
            let (child, facts) = try await start(name, folder, cluster)
            programs.append(Program(name: name, child: child, adminPort: facts["admin"].flatMap { Int($0) } ?? 0))
            if let port = facts["mllp"].flatMap({ Int($0) }) { mllp = port }
        }
        return PathStage(
            folder: folder, cluster: cluster, pool: pool, exchange: exchange, mllpPort: mllp, programs: programs,
            postmaster: ProcessUsage.stat(backend)?.parent ?? 0)
    }

    private static func start(
        _ name: String, _ folder: String, _ cluster: PrivateCluster
    ) async throws -> (Child, [String: String]) {
        var environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("PMSYNC_") }
        environment[Settings.Key.databaseURL.name] = cluster.url
        environment[Settings.Key.mllpPort.name] = "0"
        environment[Settings.Key.httpPort.name] = "0"
        environment[Settings.Key.allowPrivateWebhooks.name] = "on"
        let log = "\(folder)/\(name).log"
        let child = try Child(
            ChildPlan(name: name, executable: try Programs.path(of: name), environment: environment, log: log))
        guard let facts = await child.ready.first(where: { _ in true }) else {
            throw UpError.didNotStart(name, status: 1, said: LastWords.of(log), log: log)
        }
        return (child, facts)
    }

    /// A process that takes half of a core until it is stopped.
    func startNeighbor() async throws -> Child {
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let child = try Child(
            ChildPlan(
                name: "neighbor", executable: own, arguments: ["bench", "neighbor"], environment: [:],
                log: "\(folder)/neighbor.log"))
        _ = await child.ready.first { _ in true }
        return child
    }

    /// So that what is measured next has the machine to itself.
    func stopPrograms() async {
        for program in programs.reversed() { await program.child.stop() }
    }

    /// As autovacuum does within a minute: plans for tables that were empty a moment ago are not those of a practice.
    func analyze() async throws {
        let owner = Pool(try Configuration(url: url), size: 1)
        defer { owner.close() }
        _ = try await owner.execute("ANALYZE")
    }

    /// What holds messages back, for a person.
    func parked() async throws -> String {
        let rows = try await pool.query(
            """
            SELECT state, coalesce(code, ''), count(*) FROM queue.blocked GROUP BY 1, 2 ORDER BY 3 DESC LIMIT 5
            """)
        let texts = try rows.map { row in
            let (state, code, count) = try row.decode((String, String, Int64).self)
            return "\(count) \(state) \(code)"
        }
        return texts.isEmpty ? "none" : texts.joined(separator: ", ")
    }

    func strike(keepingLogs: Bool = false) async {
        await stopPrograms()
        await exchange.close()
        pool.close()
        await cluster.stop()
        if keepingLogs { return }
        try? FileManager.default.removeItem(atPath: folder)
    }
}
