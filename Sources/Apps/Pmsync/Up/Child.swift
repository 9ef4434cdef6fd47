import Foundation
import Hosting

/// A program to run: what `up` keeps alive.
struct ChildPlan: Sendable {
    let name: String
    let executable: String
    var arguments: [String] = []
    var environment: [String: String]
    /// Where its log lines go.
    let log: String

    /// Where it listened the first time it listens again: others have been told.
    mutating func keepPorts(_ ready: [String: String]) {
        let keys: [String: Settings.Key] = [
            "mllp": .mllpPort, "http": .httpPort, "console": .consolePort, "admin": .adminPort,
        ]
        for (fact, key) in keys {
            if let port = ready[fact] { environment[key.name] = port }
        }
    }
}

/// One run of a program. It holds one end of a pipe as its standard input and shuts down when that closes, so it never
/// outlives this process, kill -9 included.
final class Child: Sendable {
    let pid: Int32
    /// What its ready line said: `admin`, `mllp`, `http`, ...
    let ready: AsyncStream<[String: String]>
    /// Yields once, when it has ended: its exit status, or 128 and the signal.
    let ended: AsyncStream<Int32>
    private let lifeline: FileHandle

    init(_ plan: ChildPlan) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: plan.executable)
        process.arguments = plan.arguments
        process.environment = plan.environment.merging(["PMSYNC_PARENT_FD": "0"]) { $1 }
        let (lifeline, output) = (Pipe(), Pipe())
        process.standardInput = lifeline
        process.standardOutput = output
        process.standardError = try Self.appending(to: plan.log)
        let (ready, whenReady) = AsyncStream.makeStream(of: [String: String].self)
        let (ended, whenEnded) = AsyncStream.makeStream(of: Int32.self)
        process.terminationHandler = { process in
            let status = process.terminationStatus
            whenEnded.yield(process.terminationReason == .uncaughtSignal ? 128 + status : status)
            whenEnded.finish()
            whenReady.finish()
        }
        try process.run()
        let reader = output.fileHandleForReading
        let thread = Thread {
            for line in Lines(reader) {
                if let facts = ReadyLine.parse(line) { whenReady.yield(facts) }
            }
        }
        thread.start()
        pid = process.processIdentifier
        self.lifeline = lifeline.fileHandleForWriting
        self.ready = ready
        self.ended = ended
    }

    /// Asks it to stop as if this process had ended; kills it when it has not within the patience.
    func stop(patience: Duration = .seconds(15)) async {
        try? lifeline.close()
        let pid = pid
        let patient = Task {
            try await Task.sleep(for: patience)
            kill(pid, SIGKILL)
        }
        for await _ in ended {}
        patient.cancel()
    }

    private static func appending(to path: String) throws -> FileHandle {
        if !FileManager.default.fileExists(atPath: path) {
            _ = FileManager.default.createFile(atPath: path, contents: nil, attributes: [.posixPermissions: 0o600])
        }
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        try handle.seekToEnd()
        return handle
    }
}

/// `ready NAME key=value ...`, as every program says when it is.
enum ReadyLine {
    static func parse(_ line: String) -> [String: String]? {
        let words = line.split(separator: " ")
        guard words.first == "ready" else { return nil }
        var facts: [String: String] = [:]
        for word in words.dropFirst(2) {
            let parts = word.split(separator: "=", maxSplits: 1)
            if parts.count == 2 { facts[String(parts[0])] = String(parts[1]) }
        }
        return facts
    }
}

/// The lines of a handle, until it closes. Blocks its thread.
private struct Lines: Sequence, IteratorProtocol {
    private let handle: FileHandle
    private var rest: [UInt8] = []

    init(_ handle: FileHandle) {
        self.handle = handle
    }

    mutating func next() -> String? {
        while true {
            if let end = rest.firstIndex(of: 0x0A) {
                defer { rest.removeSubrange(...end) }
                return String(decoding: rest[..<end], as: UTF8.self)
            }
            let more = handle.availableData
            if more.isEmpty { return nil }
            rest += more
        }
    }
}
