import Foundation
import Hosting
import NIOCore
import NIOPosix
import Postgres
import Queue
import Scheduling
import Schema
import Worker
import Workflow

/// Tries one thing after the other and keeps each verdict. It changes nothing and sends nothing.
struct Inspection {
    private(set) var verdicts: [Verdict] = []
    private var feedPorts: [Int] = []

    mutating func note(_ word: Verdict.Word, _ what: String, _ detail: String) {
        verdicts.append(Verdict(verdict: word, what: what, detail: detail))
    }

    /// Nil when they are wrong.
    mutating func settings() -> Settings? {
        do throws(SettingsError) {
            let settings = try Settings()
            note(
                .ok, "settings",
                settings.given.isEmpty ? "all defaults" : settings.given.keys.sorted().joined(separator: " "))
            return settings
        } catch {
            note(.failed, "settings", error.description)
            return nil
        }
    }

    /// The folder of definitions and its cases.
    mutating func folder(_ given: String?) {
        guard let folder = try? DefinitionFolder(given).path else {
            return note(given == nil ? .note : .failed, "definitions folder", given ?? "there is none here")
        }
        do {
            let results = try Cases.run(folder: folder)
            let failed = results.count { !$0.failures.isEmpty }
            note(failed == 0 ? .ok : .failed, "definitions folder", "\(folder): \(results.count) cases, \(failed) fail")
        } catch let error as DefinitionError {
            for problem in error.problems { note(.failed, "definitions folder", "\(folder)/\(problem)") }
        } catch {
            note(.failed, "definitions folder", Sentence.of(error))
        }
    }

    // MARK: The database

    /// Whether it answers.
    mutating func database(_ url: String) async throws -> Bool {
        do {
            let session = try await Session.connect(try Configuration(url: url))
            let version = try await session.query("SHOW server_version").first?.decode(String.self) ?? ""
            await session.close()
            note(.ok, "database", "PostgreSQL \(version)")
            return true
        } catch {
            note(.failed, "database", Sentence.of(error))
            return false
        }
    }

    mutating func schema(_ configuration: Configuration) async {
        do {
            let pending = try await Schema.pending(configuration)
            if pending.isEmpty {
                note(.ok, "schema", "of this version")
            } else {
                note(.failed, "schema", "`pmsync migrate` is due: " + pending.joined(separator: " "))
            }
        } catch {
            note(.failed, "schema", Sentence.of(error))
        }
    }

    mutating func roles(_ url: String) async {
        var missing: [String] = []
        for role in Schema.roles {
            do {
                try await Session.connect(try Configuration(url: url, role: role)).close()
            } catch {
                missing.append(role)
            }
        }
        if missing.isEmpty {
            note(.ok, "roles", "each can be taken")
        } else {
            note(.failed, "roles", "cannot be taken: " + missing.joined(separator: " "))
        }
    }

    // MARK: What is in force

    mutating func definitions(_ pool: Pool) async {
        do {
            let definition = try await DefinitionStore(pool: pool).current()
            feedPorts = definition.ports
            note(
                .ok, "definitions in force",
                "\(definition.practices.count) practices, \(definition.feeds.count) feeds, "
                    + "\(definition.workflows.count) workflows")
        } catch DefinitionStoreError.unreadable(let problems) {
            for problem in problems { note(.failed, "definitions in force", problem.description) }
        } catch {
            note(.failed, "definitions in force", Sentence.of(error))
        }
        await rows(pool, "parked jobs", Queries.parkedCodes()) { row in
            let (code, count) = try row.decode((String, Int64).self)
            return (.note, "\(count) under \(code); `pmsync jobs --code \(code)`")
        }
    }

    /// Days ahead, workers, paused queues.
    mutating func work(_ pool: Pool) async {
        await rows(pool, "journal", Queries.daysAhead()) { row in
            let days = try row.decode(Int64.self)
            return (days > 1 ? .ok : .failed, "\(days) days made ahead")
        }
        await rows(pool, "workers", Queries.workers()) { row in
            let (name, alive) = try row.decode((String, Int64).self)
            return (alive > 0 ? .ok : .note, "\(name): \(alive) at work")
        }
        await rows(pool, "paused", Queries.held()) { row in
            let (queue, reason) = try row.decode((String, String).self)
            return (.note, "\(queue): \(reason)")
        }
    }

    private mutating func rows(
        _ pool: Pool, _ what: String, _ sql: SQL, _ verdict: (Row) throws -> (Verdict.Word, String)
    ) async {
        do {
            for row in try await pool.query(sql) {
                let (word, detail) = try verdict(row)
                note(word, what, detail)
            }
        } catch {
            note(.failed, what, Sentence.of(error))
        }
    }

    // MARK: The network

    /// A connection is made to each and nothing is sent.
    mutating func webhooks(_ pool: Pool) async {
        do {
            for row in try await pool.query(Queries.webhooks()) {
                let (practice, client, url, mode) = try row.decode((String, String, String, String).self)
                let parts = URLComponents(string: url)
                guard let host = parts?.host, !host.isEmpty else {
                    note(.failed, "webhook", "\(client) of \(practice): its URL names no host")
                    continue
                }
                let port = parts?.port ?? (parts?.scheme == "http" ? 80 : 443)
                let isThere = await Self.answers(host, port)
                note(
                    isThere ? .ok : mode == "live" ? .failed : .note, "webhook",
                    "\(client) of \(practice) (\(mode)): " + (isThere ? "answers" : "nobody answers")
                        + " at \(host):\(port)")
            }
        } catch {
            note(.failed, "webhook", Sentence.of(error))
        }
    }

    /// Each port is either served already or free to be.
    mutating func ports(_ settings: Settings) async {
        let host = settings.text(.listen) ?? "127.0.0.1"
        let named: [(String, Int)] =
            [
                ("MLLP", settings.number(.mllpPort)), ("HTTP", settings.number(.httpPort)),
                ("console", settings.number(.consolePort)),
            ] + feedPorts.map { ("feed", $0) }
        for (name, port) in named where port != 0 {
            if await Self.answers(host, port) {
                note(.ok, "port", "\(name) \(host):\(port) is served")
            } else if await Self.isFree(host, port) {
                note(.ok, "port", "\(name) \(host):\(port) is free")
            } else {
                note(.failed, "port", "\(name) \(host):\(port) cannot be listened on")
            }
        }
    }

    private static func answers(_ host: String, _ port: Int) async -> Bool {
        let connecting = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connectTimeout(.seconds(5)).connect(host: host, port: port)
        guard let channel = try? await connecting.get() else { return false }
        try? await channel.close()
        return true
    }

    private static func isFree(_ host: String, _ port: Int) async -> Bool {
        let binding = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1).bind(host: host, port: port)
        guard let channel = try? await binding.get() else { return false }
        try? await channel.close()
        return true
    }
}
