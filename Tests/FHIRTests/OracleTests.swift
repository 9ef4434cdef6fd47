import FHIR
import Foundation
import TestSupport
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

/// fhir-check with its Python packages.
private struct Oracle {
    let peers: PythonPeers
    let script: URL

    static func ready() throws -> Oracle {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let tool = root.appending(path: "../shared/tools/fhir-check").standardizedFileURL
        guard let wanted = try? String(contentsOf: tool.appending(path: "requirements.txt"), encoding: .utf8) else {
            try Test.cancel("../shared/tools/fhir-check is not beside this repository")
        }
        guard let peers = try PythonPeers.ready("fhir-check", requirements: wanted) else {
            try Test.cancel("fhir-check's Python packages could not be installed")
        }
        return Oracle(peers: peers, script: tool.appending(path: "check.py"))
    }

    func check(_ files: [String]) throws -> (status: Int32, output: String) {
        try peers.run([script.path] + files)
    }
}
