import FHIR
import Foundation
import Testing

/// What is emitted, judged by programs that this project did not write (fhir-check: R4's JSON schema, fhir.resources,
/// R4's invariants by FHIRPath).
struct OracleTests {
    @Test("The independent checkers find nothing in anything that is emitted, and do find what is broken on purpose")
    func oracles() throws {
        let oracle = try Oracle.ready()
        let folder = FileManager.default.temporaryDirectory.appending(path: "fhir-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }

        var files: [String] = []
        for (name, bytes) in try Samples.all() {
            let file = folder.appending(path: name + ".json")
            try Data(bytes).write(to: file)
            files.append(file.path)
        }
        let verdict = try oracle.check(files)
        let findings = verdict.output.split(separator: "\n").dropLast()
        #expect(verdict.output.contains("\(files.count + 6) resources"), "\(verdict.output)")
        // The published schema's own slip: its list of versions ends at 4.0.0, R4's value set has 4.0.1.
        #expect(findings.count == 1, "\(verdict.output)")
        #expect(findings.first?.contains("metadata.json: schema: fhirVersion : '4.0.1' is not one of") == true)

        // app-4: a no-show with a reason to cancel. If this passes, the checkers are not looking.
        let noshow = String(decoding: JSON.encode(try Samples.appointment(.noshow)), as: UTF8.self)
        let broken = noshow.replacingOccurrences(
            of: "\"comment\":", with: "\"cancelationReason\":{\"text\":\"x\"},\"comment\":")
        #expect(broken != noshow)
        let file = folder.appending(path: "broken.json")
        try broken.write(to: file, atomically: true, encoding: .utf8)
        let refused = try oracle.check([file.path])
        #expect(refused.status == 1 && refused.output.contains("app-4"), "\(refused.output)")
    }
}

/// fhir-check with its Python packages, installed once into the user's cache.
private struct Oracle {
    let python: URL
    let script: URL

    static func ready() throws -> Oracle {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let tool = root.appending(path: "../shared/tools/fhir-check").standardizedFileURL
        let script = tool.appending(path: "check.py")
        let requirements = tool.appending(path: "requirements.txt")
        guard let wanted = try? String(contentsOf: requirements, encoding: .utf8) else {
            try Test.cancel("../shared/tools/fhir-check is not beside this repository")
        }
        let environment = ProcessInfo.processInfo.environment
        let cache =
            environment["XDG_CACHE_HOME"].map { URL(filePath: $0) }
            ?? FileManager.default.homeDirectoryForCurrentUser.appending(path: ".cache")
        let folder = cache.appending(path: "pmsync/fhir-check")
        let python = folder.appending(path: "bin/python")
        let installed = folder.appending(path: "installed.txt")
        if (try? String(contentsOf: installed, encoding: .utf8)) != wanted {
            try? FileManager.default.removeItem(at: folder)
            let steps = [
                (URL(filePath: "/usr/bin/env"), ["python3", "-m", "venv", folder.path]),
                (python, ["-m", "pip", "install", "-q", "-r", requirements.path]),
            ]
            for (program, arguments) in steps {
                guard let step = try? run(program, arguments), step.status == 0 else {
                    try Test.cancel("fhir-check's Python packages could not be installed")
                }
            }
            try wanted.write(to: installed, atomically: true, encoding: .utf8)
        }
        return Oracle(python: python, script: script)
    }

    func check(_ files: [String]) throws -> (status: Int32, output: String) {
        try Oracle.run(python, [script.path] + files)
    }

    private static func run(_ program: URL, _ arguments: [String]) throws -> (status: Int32, output: String) {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = program
        process.arguments = arguments
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: output, as: UTF8.self))
    }
}
