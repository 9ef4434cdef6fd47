import Foundation
import Hosting
import Hummingbird
import Logging
import NIOCore
import Postgres
import Schema
import Synchronization

/// What the path is measured on: a folder and a durable cluster of its own, the gateway and the scheduling worker as
/// processes, and in this process the booking app's webhook.
final class PathStage: Sendable {
    static let practice = "demo"

    let folder: String
    let url: String
    let pool: Pool
    let receiver: WebhookClock
    let mllpPort: Int
    private let cluster: PrivateCluster
    private let programs: [Child]
    private let serving: Task<Void, any Error>

    private init(
        folder: String, cluster: PrivateCluster, pool: Pool, receiver: WebhookClock, mllpPort: Int, programs: [Child],
        serving: Task<Void, any Error>
    ) {
        self.folder = folder
        self.cluster = cluster
        self.pool = pool
        self.receiver = receiver
        self.mllpPort = mllpPort
        self.programs = programs
        self.serving = serving
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
        let receiver = WebhookClock()
        let (serving, port) = try await receiver.serve()
        _ = try await Clients.add(
            .init(name: "bench", practice: practice, webhook: "http://127.0.0.1:\(port)/", list: nil, listKey: nil),
            to: pool)
        var environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("PMSYNC_") }
        environment[Settings.Key.databaseURL.name] = cluster.url
        environment[Settings.Key.mllpPort.name] = "0"
        environment[Settings.Key.httpPort.name] = "0"
        environment[Settings.Key.allowPrivateWebhooks.name] = "on"
        var programs: [Child] = []
        var mllp = 0
        for name in ["gateway", "scheduling"] {
            let log = "\(folder)/\(name).log"
            let child = try Child(
                ChildPlan(
                    name: name, executable: try Programs.path(of: name), environment: environment, log: log))
            programs.append(child)
            guard let facts = await child.ready.first(where: { _ in true }) else {
                throw UpError.didNotStart(name, status: 1, said: LastWords.of(log), log: log)
            }
            if let port = facts["mllp"].flatMap({ Int($0) }) { mllp = port }
        }
        return PathStage(
            folder: folder, cluster: cluster, pool: pool, receiver: receiver, mllpPort: mllp, programs: programs,
            serving: serving)
    }

    /// So that what is measured next has the machine to itself.
    func stopPrograms() async {
        for program in programs.reversed() { await program.stop() }
    }

    /// As autovacuum does within a minute: plans for tables that were empty a moment ago are not those of a practice.
    func analyze() async throws {
        let owner = Pool(try Configuration(url: url), size: 1)
        defer { owner.close() }
        _ = try await owner.execute("ANALYZE")
    }

    func strike(keepingLogs: Bool = false) async {
        await stopPrograms()
        serving.cancel()
        pool.close()
        await cluster.stop()
        if keepingLogs { return }
        try? FileManager.default.removeItem(atPath: folder)
    }
}

/// A booking app that answers at once and remembers when each notice's request came.
final class WebhookClock: Sendable {
    private let arrivals = Mutex<[String: ContinuousClock.Instant]>([:])

    var count: Int { arrivals.withLock { $0.count } }

    /// By `webhook-id`; of a repeat the first.
    var seen: [String: ContinuousClock.Instant] { arrivals.withLock { $0 } }

    /// Serves on a free port until the task is cancelled.
    func serve() async throws -> (Task<Void, any Error>, port: Int) {
        let (ports, whenBound) = AsyncStream.makeStream(of: Int.self)
        var logger = Logger(label: "bench.webhook")
        logger.logLevel = .critical
        let application = Application(
            responder: CallbackResponder { (request: Request, _: BasicRequestContext) in
                let now = ContinuousClock.now
                let id = request.headers[values: .init("webhook-id") ?? .accept].first
                _ = try await request.body.collect(upTo: 1 << 20)
                if let id { self.note(id, now) }
                return Response(status: .noContent)
            },
            configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { whenBound.yield($0.localAddress?.port ?? 0) }, logger: logger)
        let serving = Task { try await application.run() }
        guard let port = await ports.first(where: { _ in true }) else {
            throw UpError.folder("127.0.0.1", doing: "be served")
        }
        return (serving, port)
    }

    private func note(_ id: String, _ now: ContinuousClock.Instant) {
        arrivals.withLock { arrivals in
            if arrivals[id] == nil { arrivals[id] = now }
        }
    }
}
