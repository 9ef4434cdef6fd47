import Foundation

/// The programs as built, and the repository they were built from.
enum Products {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// Beside the test bundle.
    static let folder: String = {
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        let beside = (own as NSString).deletingLastPathComponent
        let isThere = FileManager.default.isExecutableFile(atPath: beside + "/pmsync-gateway")
        return isThere ? beside : root.appending(path: ".build/debug").path
    }()

    /// This process's environment without settings of ours and of PostgreSQL's: what moves its calendar moves that of the
    /// programs that it starts.
    static let environment = ProcessInfo.processInfo.environment.filter { name, _ in
        !name.hasPrefix("PMSYNC_") && !name.hasPrefix("PG")
    }

    static func program(_ name: String) -> String { "\(folder)/\(name)" }

    static func corpus(_ path: String) -> String {
        root.deletingLastPathComponent().appending(path: "shared/corpus/\(path)").path
    }

    /// Runs one program to its end: its status, and what it wrote on both outputs.
    static func run(
        _ executable: String, _ arguments: [String], environment: [String: String] = [:], folder: String? = nil
    ) async throws -> (status: Int32, output: String) {
        let output = FileManager.default.temporaryDirectory.appending(path: "out-\(UUID().uuidString)")
        _ = FileManager.default.createFile(atPath: output.path, contents: nil)
        defer { try? FileManager.default.removeItem(at: output) }
        let process = Process()
        process.executableURL = URL(filePath: executable)
        process.arguments = arguments
        process.environment = Self.environment
            .merging(["PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": NSHomeDirectory(), "TZ": "UTC"]) { $1 }
            .merging(environment) { $1 }
        if let folder { process.currentDirectoryURL = URL(filePath: folder) }
        let handle = try FileHandle(forWritingTo: output)
        process.standardOutput = handle
        process.standardError = handle
        process.standardInput = FileHandle.nullDevice
        let (ended, whenEnded) = AsyncStream.makeStream(of: Int32.self)
        process.terminationHandler = {
            whenEnded.yield($0.terminationStatus)
            whenEnded.finish()
        }
        try process.run()
        let status = await ended.first { _ in true } ?? -1
        return (status, (try? String(contentsOf: output, encoding: .utf8)) ?? "")
    }
}
