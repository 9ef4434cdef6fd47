import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import ServiceLifecycle
import Synchronization
import Testing

@testable import Hosting

@Suite struct ProgramTests {
    private final class Diary: Sendable {
        let entries = Mutex<[String]>([])
        func write(_ entry: String) { entries.withLock { $0.append(entry) } }
    }

    private struct Recorded: Service {
        let name: String
        let diary: Diary
        let gate: Readiness.Gate

        func run() async throws {
            gate.open()
            try await gracefulShutdown()
            diary.write("\(name) stops")
        }
    }

    private struct Failing: Service {
        struct Broken: Error {}
        func run() async throws { throw Broken() }
    }

    private static func get(_ port: Int, _ path: String) async throws -> (status: Int, body: String) {
        let request = HTTPClientRequest(url: "http://127.0.0.1:\(port)/\(path)")
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(5))
        let body = try await response.body.collect(upTo: 1 << 20)
        return (Int(response.status.code), String(buffer: body))
    }

    @Test(.timeLimit(.minutes(1)))
    func `a program says when it is ready and stops in reverse order when its parent is gone`() async throws {
        let parent = Pipe()
        let descriptor = dup(parent.fileHandleForReading.fileDescriptor)
        let diary = Diary()
        let (lines, line) = AsyncStream.makeStream(of: String.self)
        let program = Program(
            name: "sample", settings: try Settings(environment: ["PMSYNC_PARENT_FD": "\(descriptor)"]),
            output: { line.yield($0) }, handlesSignals: false)
        let database = Mutex(true)
        async let ended: Void = program.run { program in
            program.readiness.announce("mllp", 2575)
            program.readiness.check("database") { database.withLock { $0 } }
            return ["first", "second"].map {
                Recorded(name: $0, diary: diary, gate: program.readiness.gate($0))
            }
        }
        let ready = try #require(await lines.first { _ in true })
        let match = try #require(ready.wholeMatch(of: /ready sample admin=(\d+) mllp=2575/))
        let port = try #require(Int(match.1))

        #expect(try await Self.get(port, "readyz") == (200, "ready\n"))
        database.withLock { $0 = false }
        #expect(try await Self.get(port, "readyz") == (503, "not ready: database\n"))
        #expect(try await Self.get(port, "healthz").status == 200)
        let metrics = try await Self.get(port, "metrics").body
        for name in [
            "process_start_time_seconds", "pmsync_database_round_trips_total", "pmsync_database_statements_total",
        ] {
            #expect(metrics.contains("\n\(name) "))
        }

        try parent.fileHandleForWriting.close()
        try await ended
        #expect(diary.entries.withLock { $0 } == ["second stops", "first stops"])
    }

    @Test(.timeLimit(.minutes(1)))
    func `a program ends with the error that one of its services threw and stops the others`() async throws {
        let diary = Diary()
        let program = Program(
            name: "sample", settings: try Settings(environment: [:]), output: { _ in }, handlesSignals: false)
        await #expect(throws: Failing.Broken.self) {
            try await program.run { program in
                [Recorded(name: "first", diary: diary, gate: program.readiness.gate("first")), Failing()]
            }
        }
        #expect(diary.entries.withLock { $0 } == ["first stops"])
    }

    @Test func `wrong settings exit with two and one line that names the key`() async throws {
        let result = await #expect(processExitsWith: .exitCode(2), observing: [\.standardErrorContent]) {
            unsafe setenv("PMSYNC_MLP_PORT", "hunter2", 1)
            await Program.main("sample", words: []) { _ in [] }
        }
        let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(text.contains("unknown setting PMSYNC_MLP_PORT, did you mean PMSYNC_MLLP_PORT?"))
        #expect(text.contains(#""failure.code":"unknown-setting""#))
        #expect(!text.contains("hunter2"))
    }

    @Test func `words that are not understood exit with two`() async {
        await #expect(processExitsWith: .exitCode(2)) {
            await Program.main("sample", words: ["--verbose"]) { _ in [] }
        }
    }

    @Test func `an error that ends the program exits with one and its code`() async {
        let result = await #expect(processExitsWith: .exitCode(1), observing: [\.standardErrorContent]) {
            await Program.main("sample", words: []) { _ in [Failing()] }
        }
        let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(text.contains(#""failure.code":"Broken""#))
    }
}
