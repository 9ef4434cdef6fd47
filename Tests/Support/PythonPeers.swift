package import Foundation

/// Python programs that this project did not write, in a virtual environment of the user's cache that is made once.
package struct PythonPeers: Sendable {
    package let python: URL

    /// Makes the environment where it is missing or is of other requirements. Nil where it cannot be made: no Python, or
    /// nobody to fetch packages from.
    package static func ready(_ name: String, requirements: String) throws -> PythonPeers? {
        let environment = ProcessInfo.processInfo.environment
        let cache =
            environment["XDG_CACHE_HOME"].map { URL(filePath: $0) }
            ?? FileManager.default.homeDirectoryForCurrentUser.appending(path: ".cache")
        let folder = cache.appending(path: "pmsync/\(name)")
        let python = folder.appending(path: "bin/python")
        let installed = folder.appending(path: "installed.txt")
        try FileManager.default.createDirectory(
            at: folder.deletingLastPathComponent(), withIntermediateDirectories: true)
        let lock = unsafe open(folder.path + ".lock", O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        flock(lock, LOCK_EX)
        defer { close(lock) }
        if (try? String(contentsOf: installed, encoding: .utf8)) == requirements {
            return PythonPeers(python: python)
        }
        try? FileManager.default.removeItem(at: folder)
        let wanted = requirements.split(whereSeparator: \.isNewline).map(String.init)
        let steps = [
            (URL(filePath: "/usr/bin/env"), ["python3", "-m", "venv", folder.path]),
            (python, ["-m", "pip", "install", "-q"] + wanted),
        ]
        for (program, arguments) in steps {
            guard let step = try? run(program, arguments), step.status == 0 else { return nil }
        }
        try requirements.write(to: installed, atomically: true, encoding: .utf8)
        return PythonPeers(python: python)
    }

    /// Runs a script, or `-m` and a module, to its end.
    package func run(_ arguments: [String]) throws -> (status: Int32, output: String) {
        try Self.run(python, arguments)
    }

    private static func run(_ program: URL, _ arguments: [String]) throws -> (status: Int32, output: String) {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = program
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: output, as: UTF8.self))
    }
}
