import Foundation
import HL7
import MLLP
import Postgres
import Synchronization
import TestSupport
import Testing

/// A practice under test: real programs on a database of its own, definitions applied by `pmsync apply`, a booking app
/// with a webhook, and a PM that sends over MLLP. Waits for signals only; ends everything that it started.
final class Practice: Sendable {
    let database: TestDatabase
    /// As the owner.
    let pool: Pool
    let app: BookingApp
    let folder: String
    private let state = Mutex(State())

    private struct State {
        var running: [String: Child] = [:]
        var ports: [String: String] = [:]
        /// Those whose end was ours.
        var ended: Set<Int32> = []
        var client: Client?
    }

    static let north = "north"

    /// - Parameters:
    ///   - workers: how many scheduling workers; the first is `scheduling-1`.
    ///   - settings: of every program, besides where the database is.
    ///   - practices: more files of definitions.
    static func open(
        workers: Int = 1, settings: [String: String] = [:], files: [String: String] = [:], name: String = #function,
        _ body: (Practice) async throws -> Void
    ) async throws {
        let database = try await TestDatabase.make(name)
        let folder = FileManager.default.temporaryDirectory.appending(path: "path-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let practice = Practice(database, try database.pool(size: 6), folder)
        defer { practice.pool.close() }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await practice.app.run() }
            do {
                try await practice.furnish(files)
                try await practice.start("gateway", settings)
                practice.app.introduce(base: "http://127.0.0.1:\(practice.port("http"))")
                for number in 1...max(workers, 1) where workers > 0 {
                    try await practice.start("scheduling-\(number)", settings)
                }
                try await body(practice)
                await practice.end(isOver: true)
            } catch {
                await practice.end(isOver: false)
                Issue.record("\(error)\n\(practice.logs)")
            }
            group.cancelAll()
        }
    }

    private init(_ database: TestDatabase, _ pool: Pool, _ folder: String) {
        self.database = database
        self.pool = pool
        self.folder = folder
        app = BookingApp()
    }

    // MARK: Its furniture

    private func furnish(_ files: [String: String]) async throws {
        let definitions = folder + "/workflows"
        try FileManager.default.copyItem(atPath: Products.root.appending(path: "workflows").path, toPath: definitions)
        for (path, text) in Self.north().merging(files, uniquingKeysWith: { $1 }) {
            try text.write(toFile: "\(definitions)/\(path)", atomically: true, encoding: .utf8)
        }
        try await pmsync("apply", definitions)
        let port = await app.port()
        let said = try await pmsync(
            "client", "add", "booking", "--practice", Self.north, "--webhook", "http://127.0.0.1:\(port)/hook")
        let words = said.split(whereSeparator: \.isWhitespace).map(String.init)
        guard words.count == 4, words[0] == "key", words[2] == "secret" else {
            throw PathError.missing("key and secret")
        }
        try app.introduce(key: words[1], secret: words[3])
    }

    /// The practice's file, and further lines of it.
    static func north(_ more: String = "") -> [String: String] {
        [
            "practices/north.yaml": """
            practice: north
            name: North Clinic
            zone: America/Denver
            feeds:
              - {feed: north-pm, profile: standard, sender: NORTHPM}
            \(more)

            """
        ]
    }

    /// Runs the operator's command; what it printed. Throws when it does not end well.
    @discardableResult
    func pmsync(_ words: String...) async throws -> String { try await pmsync(words) }

    @discardableResult
    func pmsync(_ words: [String]) async throws -> String {
        let (status, output) = try await Products.run(
            Products.program("pmsync"), words, environment: ["PMSYNC_DATABASE_URL": database.url], folder: folder)
        guard status == 0 else { throw PathError.refused(words.joined(separator: " "), status: status, output: output) }
        return output
    }

    // MARK: Its programs

    /// Starts `gateway` or `scheduling-N`; the gateway at the ports that it had before.
    @discardableResult
    func start(_ name: String, _ settings: [String: String] = [:]) async throws -> [String: String] {
        let kind = name.split(separator: "-").first.map(String.init) ?? name
        var environment = settings
        environment["PMSYNC_DATABASE_URL"] = database.url + "&application_name=" + name
        environment["PMSYNC_ALLOW_PRIVATE_WEBHOOKS"] = "on"
        environment["PMSYNC_MLLP_PORT"] = state.withLock { $0.ports["mllp"] } ?? "0"
        environment["PMSYNC_HTTP_PORT"] = state.withLock { $0.ports["http"] } ?? "0"
        let child = try Child(
            name, Products.program("pmsync-\(kind)"), environment: environment, log: "\(folder)/\(name).log")
        state.withLock { $0.running[name] = child }
        let facts = try await child.ready()
        state.withLock { state in
            for (key, value) in facts { state.ports[key == "admin" ? "\(name).admin" : key] = value }
        }
        return facts
    }

    func port(_ name: String) -> Int { state.withLock { $0.ports[name].flatMap { Int($0) } } ?? 0 }

    func child(_ name: String) throws -> Child {
        guard let child = state.withLock({ $0.running[name] }) else { throw PathError.missing(name) }
        return child
    }

    /// kill -9; returns when it is gone.
    func murder(_ name: String) async throws {
        let child = try child(name)
        state.withLock { _ = $0.ended.insert(child.pid) }
        await child.murder()
    }

    /// Freezes a worker, in the midst of a transaction where that comes about within fifty tries; whether it did.
    func freeze(_ name: String) async throws -> Bool {
        let child = try child(name)
        for _ in 0..<50 {
            child.signal(SIGSTOP)
            // What was on its way to the server comes to its end; what waits for the worker now waits for good.
            _ = try await pool.query("SELECT pg_sleep(0.03)::text")
            let open = try await count(
                """
                SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
                    AND application_name = \(name) AND state = 'idle in transaction'
                """)
            if open > 0 { return true }
            child.signal(SIGCONT)
            _ = try await pool.query("SELECT pg_sleep(0.01)::text")
        }
        return false
    }

    /// Everything that was started ends; what had to be running still was, and nothing that is a patient's was logged.
    private func end(isOver: Bool) async {
        let (children, client) = state.withLock { state in
            (state.running.values.filter { !state.ended.contains($0.pid) }, state.client)
        }
        await client?.close()
        for child in children {
            child.signal(SIGCONT)
            let status = await child.stop()
            if isOver { #expect(status == 0, "\(child.name) stopped:\n\(child.logTail)") }
        }
        if isOver { #expect(!logs(whole: true).contains(Booking.family), "a patient's name came into a log") }
    }

    var logs: String { logs(whole: false) }

    private func logs(whole: Bool) -> String {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return files.filter { $0.hasSuffix(".log") }.sorted().map { file in
            let text = (try? String(contentsOfFile: "\(folder)/\(file)", encoding: .utf8)) ?? ""
            return "\(file):\n" + (whole ? text : text.split(separator: "\n").suffix(8).joined(separator: "\n"))
        }.joined(separator: "\n")
    }

    // MARK: Its PM

    /// Sends one message on the PM's connection: the acknowledgement's code.
    @discardableResult
    func send(_ message: [UInt8]) async throws -> String {
        let open = state.withLock { $0.client }
        let client: Client
        if let open {
            client = open
        } else {
            client = try await connect()
            state.withLock { $0.client = client }
        }
        let answer = try Message(try await client.send(message, deadline: .seconds(20)))
        return answer.text("MSA-1") ?? ""
    }

    func connect() async throws -> Client { try await Client.connect(host: "127.0.0.1", port: port("mllp")) }

    // MARK: Waiting and looking

    /// Asks until it is so; the database paces the asking.
    func until(
        _ what: String, within patience: Duration = .seconds(30), _ isSo: () async throws -> Bool
    ) async throws {
        let deadline = ContinuousClock.now + patience
        while try await !isSo() {
            guard ContinuousClock.now < deadline else { throw PathError.never(what) }
            _ = try? await pool.query("SELECT pg_sleep(0.01)::text")
        }
    }

    func count(_ sql: SQL) async throws -> Int {
        guard let row = try await pool.query(sql).first else { throw PathError.missing("a row") }
        return Int(try row.decode(Int64.self))
    }

    func texts(_ sql: SQL) async throws -> [String] {
        try await pool.query(sql).map { try $0.decode(String.self) }
    }

    /// Until so many entries have their outcome or are parked, and every change was told, heard and read.
    func settled(_ entries: Int, within patience: Duration = .seconds(60)) async throws {
        try await until("\(entries) messages are settled", within: patience) {
            try await count(
                """
                SELECT count(*) FROM journal.entry e WHERE e.direction = 'in' AND (
                    EXISTS (SELECT FROM journal.outcome o WHERE o.received_on = e.received_on AND o.entry_id = e.id)
                    OR EXISTS (SELECT FROM queue.blocked b WHERE b.received_on = e.received_on AND b.entry_id = e.id
                        AND b.state = 'parked'))
                """) >= entries
        }
        try await until("every change is told", within: patience) {
            try await count(
                """
                SELECT (SELECT count(*) FROM queue.job) + (SELECT count(*) FROM queue.blocked WHERE state <> 'parked')
                    + (SELECT count(*) FROM api.delivery WHERE state = 'pending')
                    + (SELECT sum(p.last_change - coalesce(f.last_change, 0))::bigint
                       FROM records.practice p LEFT JOIN records.fan_out f USING (practice_id))
                """) == 0
        }
        try await until("the app has read what it heard of", within: patience) { app.isUpToDate }
    }

    /// One line an appointment, by start: status, wall clock in Denver, minutes, flags.
    func schedule() async throws -> [String] {
        try await texts(
            """
            SELECT concat_ws(' ', status, to_char(start_at AT TIME ZONE 'America/Denver', 'YYYY-MM-DD HH24:MI'),
                round(extract(epoch FROM end_at - start_at) / 60)::text, array_to_string(flags, ','))
            FROM records.appointment ORDER BY start_at, id
            """)
    }

    /// Whether the app holds our record as it stands: each appointment it heard of, with its state, times and version.
    func agrees() async throws -> Bool {
        let ours = try await texts(
            """
            SELECT concat_ws(' ', id, status, version, extract(epoch FROM start_at)::bigint,
                extract(epoch FROM end_at)::bigint)
            FROM records.appointment ORDER BY id::text
            """)
        let theirs = app.held.values.sorted { $0.id < $1.id }.map { shown in
            let times = [shown.start, shown.end].map { text in
                text.flatMap { try? Date($0, strategy: .iso8601) }.map { String(Int64($0.timeIntervalSince1970)) } ?? ""
            }
            return ([shown.id, shown.status, shown.meta?.versionId ?? ""] + times).joined(separator: " ")
        }
        if ours != theirs { Issue.record("ours: \(ours)\ntheirs: \(theirs)") }
        return ours == theirs
    }
}
