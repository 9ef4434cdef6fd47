import Foundation
import HL7
import MLLP
import Testing

@testable import Pmsync

@Suite struct FileCommandTests {
    private static let cases = Repository.workflows + "/scheduling/cases"

    @Test func `A message is parsed, and a bad one is an error`() async throws {
        let folder = try Folder()
        #expect(await PmsyncCommand.run(words: ["parse", Self.cases + "/chain.hl7"]) == 0)
        #expect(await PmsyncCommand.run(words: ["parse", try folder.file("none.hl7", "PID|1\r")]) == 1)
        #expect(await PmsyncCommand.run(words: ["parse", try folder.file("half.hl7", "MSH|A\r")]) == 1)
        #expect(await PmsyncCommand.run(words: ["parse", folder.path + "/missing.hl7"]) == 1)
    }

    @Test func `The cases of a folder pass, and one alone`() async {
        #expect(await PmsyncCommand.run(words: ["test", Repository.workflows]) == 0)
        #expect(await PmsyncCommand.run(words: ["test", Self.cases + "/chain.expect.yaml"]) == 0)
        #expect(await PmsyncCommand.run(words: ["test", Repository.workflows + "/nowhere"]) == 1)
        #expect(await PmsyncCommand.run(words: ["test", Repository.workflows + "/README.md"]) == 2)
    }

    @Test func `A case that expects something else fails`() async throws {
        let folder = try Folder()
        let copy = folder.path + "/workflows"
        try FileManager.default.copyItem(atPath: Repository.workflows, toPath: copy)
        let file = copy + "/scheduling/cases/chain.expect.yaml"
        let text = try String(contentsOfFile: file, encoding: .utf8)
        let changed = text.replacing("booked", with: "noshow")
        #expect(changed != text)
        try changed.write(toFile: file, atomically: true, encoding: .utf8)
        #expect(await PmsyncCommand.run(words: ["test", copy]) == 1)
        #expect(await PmsyncCommand.run(words: ["test", file]) == 1)
        #expect(await PmsyncCommand.run(words: ["test", copy + "/scheduling/cases/group.hl7"]) == 0)
    }

    @Test(arguments: [(Acknowledgement.Code.aa, Int32(0)), (.ca, 0), (.ae, 1), (.cr, 1)])
    func `Sending exits 0 when every message is taken, else 1`(
        code: Acknowledgement.Code, status: Int32
    ) async throws {
        let server = try await Server.start(
            port: 0,
            onFrame: { frame, _ in
                let header = Header(head: frame.bytes)
                return Answer(
                    Acknowledgement.make(
                        code, for: header, text: "no", controlID: "1", time: DTM(epochSeconds: 1_795_000_000)))
            })
        let words = ["send", Self.cases + "/chain.hl7", "--to", "127.0.0.1:\(server.boundPort)"]
        #expect(await PmsyncCommand.run(words: words) == status)
        await server.stop()
    }

    @Test func `Sending to nobody exits 1`() async {
        let words = ["send", Self.cases + "/chain.hl7", "--to", "127.0.0.1:1"]
        #expect(await PmsyncCommand.run(words: words) == 1)
    }
}

/// A folder of a test's own, gone with it.
private final class Folder: Sendable {
    let path = FileManager.default.temporaryDirectory.path + "/pmsync-files-\(UUID().uuidString)"

    init() throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String, _ text: String) throws -> String {
        let file = "\(path)/\(name)"
        try text.write(toFile: file, atomically: true, encoding: .utf8)
        return file
    }
}
