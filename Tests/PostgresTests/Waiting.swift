import Foundation
import Postgres
import Synchronization
import TestSupport
import Testing

/// What happened, in order, noted from any task.
final class Tally<Event: Sendable>: Sendable {
    private let events = Mutex<[Event]>([])

    func note(_ event: Event) { events.withLock { $0.append(event) } }
    var noted: [Event] { events.withLock { $0 } }
}

/// Where tasks wait for each other, once.
actor Meeting {
    private var missing: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(of count: Int) { missing = count }

    func arrive() async {
        missing -= 1
        guard missing > 0 else {
            for one in waiting { one.resume() }
            waiting = []
            return
        }
        await withCheckedContinuation { waiting.append($0) }
    }
}

extension Session {
    /// Waits until another session of this database runs a statement like this one.
    func untilRunning(_ pattern: String, state: String = "active") async throws {
        while try await query(
            """
            SELECT 1 FROM pg_stat_activity
            WHERE datname = current_database() AND query LIKE \(pattern) AND state = \(state) AND pid <> pg_backend_pid()
            """
        ).isEmpty { await Task.yield() }
    }

    /// Ends another session's server process, and waits for that.
    func kill(_ pid: Int32) async throws {
        #expect(try await query("SELECT pg_terminate_backend(\(pid), 10000)")[0].decode(Bool.self))
    }
}

/// A folder's name that nothing has yet.
func temporaryFolder() -> String {
    "/tmp/pmsync-cluster-" + UUID().uuidString.prefix(8).lowercased()
}

/// The repository's folder, with a slash at its end.
var root: String { #filePath.replacing("Tests/PostgresTests/Waiting.swift", with: "") }

/// A new database without any schema.
func emptyDatabase(_ test: String = #function) async throws -> String {
    let name = "empty" + UUID().uuidString.prefix(8).lowercased()
    let admin = try await Session.connect(Configuration(url: try await TestDatabase.url(ofDatabase: "postgres")))
    try await admin.script("CREATE DATABASE \(name)")
    return try await TestDatabase.url(ofDatabase: name)
}

extension Session {
    /// The number of a table's rows that this session may see.
    func count(_ table: String) async throws -> Int {
        try await query(
            """
            SELECT (xpath('/row/n/text()', query_to_xml(format('SELECT count(*) AS n FROM %s', \(table)), false, true, '')))
                [1]::text::bigint
            """
        )[0].decode(Int.self)
    }
}

/// The schema as pg_dump writes it, without what changes from run to run, from day to day or between versions.
func pgDump(_ url: String) throws -> String {
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["pg_dump", "--schema-only", "--exclude-table=journal.entry_2*", "--dbname=\(url)"]
    process.standardOutput = output
    try process.run()
    let bytes = try output.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    var lines: [Substring] = []
    for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false) {
        let noise = ["--", "\\restrict", "\\unrestrict", "SET ", "SELECT pg_catalog.set_config"]
        if noise.contains(where: line.hasPrefix) || (line.isEmpty && lines.last?.isEmpty != false) { continue }
        lines.append(line)
    }
    return lines.joined(separator: "\n")
}
