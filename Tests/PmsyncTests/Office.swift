import Foundation
import Journal
import Postgres
import Queue
import TestSupport
import Testing
import Worker
import Workflow

@testable import Pmsync

/// Where the sources are.
enum Repository {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path
    static let workflows = root + "/workflows"
}

/// A database of a test's own, and a data folder by which the commands find it.
struct Office {
    let pool: Pool
    private let folder: String

    /// Opens it with the repository's definitions in force, and closes it after the body.
    static func open(_ test: String = #function, _ body: (Office) async throws -> Void) async throws {
        let database = try await TestDatabase.make(test)
        let folder = FileManager.default.temporaryDirectory.path + "/office-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try database.url.write(toFile: folder + "/database-url", atomically: true, encoding: .utf8)
        let pool = try database.pool()
        defer { pool.close() }
        let files = try Definition.files(inFolder: Repository.workflows)
        _ = try await DefinitionStore.apply(files, by: "test", to: pool)
        try await body(Office(pool: pool, folder: folder))
    }

    /// Runs a command on this database; gives its exit status.
    func run(_ words: String...) async -> Int32 { await run(words) }

    func run(_ words: [String]) async -> Int32 {
        await PmsyncCommand.run(words: words + ["--data", folder])
    }

    /// A file of this text within the office.
    func file(_ name: String, _ bytes: [UInt8]) throws -> String {
        let path = "\(folder)/\(name)"
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        return path
    }

    /// An entry of the journal.
    func enter(_ payload: [UInt8] = Array("MSH|^~\\&|A".utf8), controlID: String = UUID().uuidString) async throws
        -> EntryID
    {
        let arrival = Arrival(
            feed: "demo-pm", practice: "demo", peer: "test", controlID: controlID, messageType: "SIU^S12",
            payload: payload)
        return try await pool.transaction { try await Arrival.record([arrival], in: $0) }[0].id
    }

    /// A blocked job about an entry, or a notice.
    func block(
        _ state: String = "parked", entry: EntryID? = nil, queue: String = "scheduling", payload: String = "{}"
    ) async throws -> Int64 {
        let code = state == "waiting" ? nil : "unmapped-status"
        let key = [UInt8](repeating: 7, count: 16)
        let runAt = state == "retrying" ? Date() + 3_600 : nil
        let row = try await pool.query(
            """
            INSERT INTO queue.blocked (queue, lane, id, kind, state, attempts, run_at, enqueued_at, key, holds_key, code,
                practice_id, received_on, entry_id, payload)
            SELECT q.id, 0, nextval('queue.job_id'), 'message', \(state), 1::smallint, \(runAt), clock_timestamp(),
                \(key), true, \(code), 'demo', \(entry?.day), \(entry?.number), \(payload)::text::jsonb
            FROM queue.queue q WHERE q.name = \(queue)
            RETURNING id
            """)
        return try #require(row.first).decode(Int64.self)
    }

    func states() async throws -> [String] {
        try await pool.query("SELECT state FROM queue.blocked ORDER BY id").map { try $0.decode(String.self) }
    }

    func count(_ sql: SQL) async throws -> Int64 {
        try #require(try await pool.query(sql).first).decode(Int64.self)
    }
}
