import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import Postgres
import Testing

extension PathSuite {
    /// `pmsync up --demo`: everything on one machine, each program a process of its own.
    @Suite struct UpTests {
        @Test(
            "Under pmsync up --demo each program that is killed is started again and nothing is lost; killed itself, it leaves nobody behind"
        )
        func demo() async throws {
            let folder = FileManager.default.temporaryDirectory.appending(path: "up-\(UUID().uuidString.prefix(8))")
                .path
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(atPath: folder) }
            let up = try Child(
                "up", Products.program("pmsync"),
                arguments: [
                    "up", "--demo", "--data", folder + "/data", "--mllp", "0", "--http", "0", "--console", "0",
                    "--workflows", Products.root.appending(path: "workflows").path,
                ], environment: ["HOME": folder], log: folder + "/up.log")
            do {
                try await live(up, folder)
            } catch {
                Issue.record("\(error)\n\(up.output.suffix(20).joined(separator: "\n"))\n\(up.logTail)")
                await up.murder()
            }
        }

        private func live(_ up: Child, _ folder: String) async throws {
            try await until("up is ready") { up.output.contains { $0.hasPrefix("ready") } }
            let names = ["gateway", "scheduling", "console", "practice"]
            var pids = try await programs(names, under: up.pid)
            #expect(Set(pids.values).count == names.count)
            let url = try String(contentsOfFile: folder + "/data/database-url", encoding: .utf8)
            let pool = Pool(try Configuration(url: url, applicationName: "test"), size: 2)
            defer { pool.close() }
            func count(_ sql: SQL) async throws -> Int {
                Int(try await pool.query(sql).first?.decode(Int64.self) ?? 0)
            }
            let taken: SQL = "SELECT count(*) FROM journal.entry WHERE direction = 'in'"
            let applied: SQL = "SELECT count(DISTINCT entry_id) FROM journal.outcome"
            let told: SQL = "SELECT count(*) FROM api.delivery WHERE state = 'delivered'"

            for name in names {
                try await until("messages come") { try await count(taken) > 0 }
                let old = try #require(pids[name])
                kill(old, SIGKILL)
                try await until("\(name) is started again", within: .seconds(60)) {
                    pids = try await programs(names, under: up.pid)
                    return pids[name] != nil && pids[name] != old
                }
                #expect(up.output.contains { $0.hasPrefix("\(name) ended (signal 9)") })
                // The whole path is open again, with the new one in it: what comes from now on is taken and told.
                let (before, toldBefore) = (try await count(taken), try await count(told))
                try await until("messages come after \(name) was killed", within: .seconds(60)) {
                    try await count(taken) > before
                }
                try await until("the app is told after \(name) was killed", within: .seconds(60)) {
                    try await count(told) > toldBefore
                }
            }
            let server = try #require(Self.descendants(of: up.pid).first { Self.isServer($0) })
            let before = try await count(taken)
            kill(server, SIGKILL)
            try await until("the database is started again", within: .seconds(120)) {
                guard up.output.contains(where: { $0.hasPrefix("the database server ended") }) else { return false }
                return ((try? await count(taken)) ?? 0) > before
            }
            let console = try #require(up.output.last { $0.hasPrefix("console   http") }?.split(separator: " ").last)
            let page = try await HTTPClient.shared.execute(
                HTTPClientRequest(url: String(console) + "healthz"), timeout: .seconds(10))
            #expect(page.status == .ok)
            let until = try await count("SELECT max(id) FROM journal.entry WHERE direction = 'in'")
            try await self.until("each message has its fate", within: .seconds(60)) {
                try await count(
                    """
                    SELECT count(*) FROM journal.entry e WHERE e.direction = 'in' AND e.id <= \(Int64(until))
                        AND NOT EXISTS (SELECT FROM journal.outcome o
                            WHERE o.received_on = e.received_on AND o.entry_id = e.id)
                        AND NOT EXISTS (SELECT FROM queue.blocked b
                            WHERE b.received_on = e.received_on AND b.entry_id = e.id AND b.state <> 'retrying')
                    """) == 0
            }
            #expect(try await count(applied) > 0)

            // Scenario 32 and its neighbours: what was planted is found under its cause, and nothing else is accused.
            try await self.until("the four planted differences are found") {
                try await pool.query(
                    """
                    SELECT code || ' ' || cause FROM reconciliation.finding
                    WHERE closed_at IS NULL AND NOT withheld ORDER BY 1
                    """
                ).map { try $0.decode(String.self) } == [
                    "missing-here never-sent", "missing-here received-and-unmapped", "missing-in-app overwritten-there",
                    "time-differs overwritten-there",
                ]
            }

            let everybody = Self.descendants(of: up.pid)
            #expect(everybody.count >= 5, "the database server is one of them")
            await up.murder()
            try await self.until("nobody is left behind", within: .seconds(60)) {
                !everybody.contains { Self.isRunning($0) }
            }
        }

        private func until(
            _ what: String, within patience: Duration = .seconds(120), _ isSo: () async throws -> Bool
        ) async throws {
            let deadline = ContinuousClock.now + patience
            while try await !isSo() {
                guard ContinuousClock.now < deadline else { throw PathError.never(what) }
                try await Task.sleep(for: .milliseconds(50))
            }
        }

        /// The process of each program, by name; waits until each has one.
        private func programs(_ names: [String], under parent: Int32) async throws -> [String: Int32] {
            var found: [String: Int32] = [:]
            for pid in Self.descendants(of: parent) {
                guard let program = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/exe"),
                    let name = names.first(where: { program.hasSuffix("/pmsync-\($0)") })
                else { continue }
                found[name] = pid
            }
            return found
        }

        /// Of PostgreSQL's processes the one whose parent is none of them.
        private static func isServer(_ pid: Int32) -> Bool {
            func isPostgres(_ pid: Int32) -> Bool {
                (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/exe"))?.hasSuffix("/postgres")
                    ?? false
            }
            return isPostgres(pid) && !(stat(pid).map { isPostgres($0.parent) } ?? false)
        }

        private static func descendants(of parent: Int32) -> [Int32] {
            let all = (try? FileManager.default.contentsOfDirectory(atPath: "/proc"))?.compactMap { Int32($0) } ?? []
            let parents = all.compactMap { pid in stat(pid).map { (pid, $0.parent) } }
            var family: [Int32] = [parent]
            for generation in 0... {
                guard generation < family.count else { break }
                family += parents.filter { $0.1 == family[generation] }.map(\.0)
            }
            return Array(family.dropFirst())
        }

        private static func isRunning(_ pid: Int32) -> Bool { stat(pid).map { $0.state != "Z" } ?? false }

        private static func stat(_ pid: Int32) -> (state: Substring, parent: Int32)? {
            guard let text = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
                let end = text.lastIndex(of: ")")
            else { return nil }
            let words = text[text.index(after: end)...].split(separator: " ")
            guard words.count > 1, let parent = Int32(words[1]) else { return nil }
            return (words[0], parent)
        }
    }
}
