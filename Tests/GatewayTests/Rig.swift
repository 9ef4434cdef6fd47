import Foundation
import Gateway
import HL7
import Hosting
import MLLP
import Postgres
import Queue
import Synchronization
import TestSupport
import Workflow

/// A gateway's intake and MLLP side in this process, on a database of its own and a real socket.
struct Rig: Sendable {
    let database: TestDatabase
    /// As the owner.
    let pool: Pool
    let intake: Intake
    let definitions: Definitions
    let metrics: Metrics
    let port: Int

    static let writer = "gateway-writer"

    static func run(
        limits: MLLP.Limits = MLLP.Limits(), patience: Duration = .seconds(15), batch: Int = 512,
        extraFeeds: String = "", name: String = #function, _ body: (Rig) async throws -> Void
    ) async throws {
        let database = try await TestDatabase.make(name)
        let pool = try database.pool()
        try await Fixtures.practices(pool)
        let definition = try Fixtures.definition(extraFeeds: extraFeeds)
        let definitions = Definitions { definition }
        try await definitions.refresh()
        let metrics = Metrics()
        let counted = GatewayMetrics(metrics)
        var configuration = try database.configuration(role: "pmsync_gateway")
        configuration.applicationName = writer
        var options = Intake.Options()
        options.patience = patience
        options.batchCount = batch
        let intake = Intake(
            pool: Pool(configuration, size: 1, acquisitionTimeout: .seconds(2)), doorbell: Doorbell(configuration),
            secret: try await KeySecret.read(from: pool), queues: try await QueueName.all(from: pool),
            metrics: counted, options: options)
        let (bound, binder) = AsyncStream.makeStream(of: Int.self)
        let listeners = Listeners(
            intake: intake, definitions: definitions,
            options: .init(host: "127.0.0.1", port: 0, limits: limits), metrics: counted,
            onListening: { binder.yield($0) })
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await intake.run() }
            group.addTask { try await listeners.run() }
            var ports = bound.makeAsyncIterator()
            guard let port = await ports.next() else { throw RigError.notListening }
            let rig = Rig(
                database: database, pool: pool, intake: intake, definitions: definitions, metrics: metrics, port: port)
            do {
                try await body(rig)
            } catch {
                group.cancelAll()
                throw error
            }
            group.cancelAll()
        }
        pool.close()
    }

    func connect(_ other: Int? = nil) async throws -> Client {
        try await Client.connect(host: "127.0.0.1", port: other ?? port)
    }

    /// Sends one message on a connection of its own; the acknowledgement.
    func send(_ text: String) async throws -> Message {
        let client = try await connect()
        let answer = try await client.send(Array(text.utf8), deadline: .seconds(20))
        await client.close()
        return try Message(answer)
    }

    func count(_ sql: SQL) async throws -> Int64 {
        guard let row = try await pool.query(sql).first else { throw RigError.nothing }
        return try row.decode(Int64.self)
    }

    func texts(_ sql: SQL) async throws -> [String] {
        try await pool.query(sql).map { try $0.decode(String.self) }
    }

    var entries: Int64 { get async throws { try await count("SELECT count(*) FROM journal.entry") } }
    var jobs: Int64 { get async throws { try await count("SELECT count(*) FROM queue.job") } }

    /// Asks until it is so.
    func until(_ what: @Sendable () async throws -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while try await !what() {
            guard ContinuousClock.now < deadline else { throw RigError.never }
            await Task.yield()
        }
    }

    func metric(_ line: String) -> Double? {
        metrics.exposition().split(separator: "\n").first { $0.hasPrefix(line + " ") }
            .flatMap { Double($0.dropFirst(line.count + 1)) }
    }
}

enum RigError: Error {
    case notListening, nothing, never
}
