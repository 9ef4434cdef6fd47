import Foundation
import Synchronization

/// A program of ours in a process of its own, as `pmsync up` starts it: it holds one end of a pipe and stops when that
/// closes, so that it does not outlive the tests.
final class Child: Sendable {
    let name: String
    let pid: Int32
    /// Where its log lines are.
    let log: String
    private let lifeline: FileHandle
    private let facts: AsyncStream<[String: String]>
    private let ending: AsyncStream<Int32>
    private let state = Mutex(State())

    private struct State {
        var output: [String] = []
        var status: Int32?
    }

    /// - Parameter output: each line of its standard output, as it comes.
    init(
        _ name: String, _ executable: String, arguments: [String] = [], environment: [String: String], log: String,
        output: (@Sendable (String) -> Void)? = nil
    ) throws {
        self.name = name
        self.log = log
        let process = Process()
        process.executableURL = URL(filePath: executable)
        process.arguments = arguments
        process.environment = Products.environment
            .merging(["PATH": "/usr/local/bin:/usr/bin:/bin", "PMSYNC_PARENT_FD": "0", "TZ": "UTC"]) { $1 }
            .merging(environment) { $1 }
        let (lifeline, standardOutput) = (Pipe(), Pipe())
        process.standardInput = lifeline
        process.standardOutput = standardOutput
        if !FileManager.default.fileExists(atPath: log) {
            _ = FileManager.default.createFile(atPath: log, contents: nil)
        }
        let errors = try FileHandle(forWritingTo: URL(filePath: log))
        try errors.seekToEnd()
        process.standardError = errors
        let (facts, whenReady) = AsyncStream.makeStream(of: [String: String].self)
        let (ending, whenEnded) = AsyncStream.makeStream(of: Int32.self)
        (self.facts, self.ending) = (facts, ending)
        process.terminationHandler = { process in
            let status = process.terminationStatus
            whenEnded.yield(process.terminationReason == .uncaughtSignal ? 128 + status : status)
            whenEnded.finish()
        }
        try process.run()
        pid = process.processIdentifier
        self.lifeline = lifeline.fileHandleForWriting
        let reader = standardOutput.fileHandleForReading
        let thread = Thread { [weak self] in
            for line in Lines(reader) {
                self?.state.withLock { $0.output.append(line) }
                output?(line)
                let words = line.split(separator: " ")
                if words.first == "ready" {
                    let pairs = words.dropFirst(2).map { $0.split(separator: "=", maxSplits: 1).map(String.init) }
                    whenReady.yield(Dictionary(pairs.filter { $0.count == 2 }.map { ($0[0], $0[1]) }) { $1 })
                }
            }
            whenReady.finish()
        }
        thread.start()
    }

    /// What its ready line says; throws when it ends before.
    func ready() async throws -> [String: String] {
        for await said in facts { return said }
        throw PathError.ended(name, status: await ended(), log: logTail)
    }

    /// Its lines on standard output, so far.
    var output: [String] { state.withLock { $0.output } }

    /// Waits for its end: its status, or 128 and the signal.
    @discardableResult
    func ended() async -> Int32 {
        for await status in ending { state.withLock { $0.status = status } }
        return state.withLock { $0.status ?? -1 }
    }

    func signal(_ number: Int32) { kill(pid, number) }

    /// Ends it without a chance to do anything more.
    func murder() async {
        signal(SIGKILL)
        await ended()
    }

    /// Asks it to stop, as when the parent is gone; kills it when it does not. Its status.
    func stop(within patience: Duration = .seconds(20)) async -> Int32 {
        try? lifeline.close()
        let pid = pid
        return await withTaskGroup(of: Void.self) { group in
            group.addTask {
                do { try await Task.sleep(for: patience) } catch { return }
                kill(pid, SIGKILL)
            }
            let status = await ended()
            group.cancelAll()
            return status
        }
    }

    var logTail: String {
        let lines = (try? String(contentsOfFile: log, encoding: .utf8))?.split(separator: "\n") ?? []
        return lines.suffix(12).joined(separator: "\n")
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

enum PathError: Error, CustomStringConvertible {
    case ended(String, status: Int32, log: String)
    case refused(String, status: Int32, output: String)
    case never(String)
    case missing(String)

    var description: String {
        switch self {
        case .ended(let name, let status, let log): "\(name) ended with status \(status):\n\(log)"
        case .refused(let words, let status, let output): "pmsync \(words) gave \(status):\n\(output)"
        case .never(let what): "it never came about: \(what)"
        case .missing(let what): "\(what) is missing"
        }
    }
}
