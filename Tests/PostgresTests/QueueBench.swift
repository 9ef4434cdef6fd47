import Foundation
import Logging
import Postgres
import Queue
import Synchronization
import TestSupport
import Testing

/// A queue of a test's own, in a database of its own, and what was done with its jobs.
final class QueueBench: Sendable {
    let database: TestDatabase
    let pool: Pool
    let queue: Int16
    let secret: KeySecret
    private let done = Mutex<[String]>([])
    private let heard: AsyncStream<String>
    private let tell: AsyncStream<String>.Continuation

    init(lanes: Int16 = 8, _ test: String = #function) async throws {
        database = try await TestDatabase.make(test)
        pool = try database.pool(size: 8)
        queue = try await pool.transaction { try await QueueName.make("bench", lanes: lanes, practice: nil, in: $0) }
        secret = try await KeySecret.read(from: pool)
        (heard, tell) = AsyncStream.makeStream()
    }

    func enqueue(_ jobs: [(key: String, kind: String)]) async throws {
        let new = jobs.map { NewJob(kind: $0.kind, key: JobKey($0.key, secret: secret), practice: nil) }
        try await pool.transaction { try await NewJob.enqueue(new, into: queue, in: $0) }
        let bell = Doorbell(try database.configuration())
        await bell.ring(["bench"])
        await bell.close()
    }

    func note(_ text: String) {
        done.withLock { $0.append(text) }
        tell.yield(text)
    }

    var order: [String] { done.withLock { $0 } }

    /// Waits until so many things were noted.
    func notes(_ count: Int) async -> [String] {
        var iterator = heard.makeAsyncIterator()
        while order.count < count, !Task.isCancelled { _ = await iterator.next() }
        return order
    }

    func crew(_ duty: Duty) throws -> Crew {
        let configuration = try database.configuration()
        return Crew(
            .init(name: "bench", version: "test", poll: .milliseconds(50)), duties: [duty],
            configuration: configuration, pool: try database.pool(size: 8), doorbell: Doorbell(configuration),
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
    }

    /// Runs a crew while the body waits for what it wants to see.
    func running(_ duty: Duty, _ body: () async throws -> Void) async throws {
        let crew = try crew(duty)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await crew.run() }
            try await body()
            crew.stop()
            try await group.waitForAll()
        }
    }

    /// Asks until it is so; the queue's own doings end in commits, which nothing announces.
    func until(_ condition: () async throws -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while try await !condition() {
            try #require(ContinuousClock.now < deadline, "it did not come to be in time")
            await Task.yield()
        }
    }

    func count(_ sql: SQL) async throws -> Int64 {
        try await pool.query(sql).first?.decode(Int64.self) ?? -1
    }
}
