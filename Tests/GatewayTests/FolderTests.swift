import Foundation
import HL7
import Postgres
import Queue
import TestSupport
import Testing
import Workflow

@testable import Gateway

@Suite struct FolderTests {
    private static let message = "MSH|^~\\&|X|Y|||20261120||SIU^S12|%|P|2.5\rSCH|1|2\rPID|1||7^^^A^MR\r"

    /// A gateway's intake with a watched folder; files in it are as old as they need be.
    private static func run(
        fileLimit: Int = 1 << 20, _ body: (Rig, String) async throws -> Void, test: String = #function
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "watched-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await Rig.run(extraFeeds: "\n  - {feed: files, profile: standard, folder: \(folder)}", name: test) { rig in
            let folders = Folders(
                intake: rig.intake, definitions: rig.definitions, data: nil, limit: 4096, fileLimit: fileLimit,
                pause: .milliseconds(20))
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await folders.run() }
                try await body(rig, folder)
                group.cancelAll()
            }
        }
    }

    private static func put(_ text: String, _ name: String, in folder: String, age: TimeInterval = 60) throws {
        let path = "\(folder)/.\(name)"
        try Data(text.utf8).write(to: URL(filePath: path))
        let written = Date(timeIntervalSinceNow: -age)
        try FileManager.default.setAttributes([.modificationDate: written], ofItemAtPath: path)
        try FileManager.default.moveItem(atPath: path, toPath: "\(folder)/\(name)")
    }

    private static func holds(_ folder: String, _ name: String) -> Bool {
        FileManager.default.fileExists(atPath: "\(folder)/\(name)")
    }

    @Test func aFileOfMessagesIsJournaledInOrderAndArchived() async throws {
        try await Self.run { rig, folder in
            let text = ["1", "2", "3"].map { Self.message.replacing("%", with: $0) }.joined()
            try Self.put(text, "day.hl7", in: folder)
            try await rig.until { Self.holds(folder, "archive/day.hl7") }
            #expect(
                try await rig.texts("SELECT control_id FROM journal.entry WHERE feed = 'files' ORDER BY id") == [
                    "1", "2", "3",
                ])
            #expect(try await rig.jobs == 3)
            #expect(!Self.holds(folder, "day.hl7") && !Self.holds(folder, "claimed/day.hl7"))
        }
    }

    @Test func aFileThatCannotBeUsedIsRejectedWithTheReasonBesideItAndKept() async throws {
        try await Self.run { rig, folder in
            try Self.put("hello", "note.txt", in: folder)
            try await rig.until { Self.holds(folder, "rejected/note.txt") }
            let reason = try String(contentsOfFile: "\(folder)/rejected/note.txt.reason", encoding: .utf8)
            #expect(reason.contains("no-header") && reason.contains("no HL7 message"))
            #expect(try await rig.entries == 1)
            #expect(try await rig.jobs == 0)
        }
    }

    @Test func oneBadMessageDoesNotTakeTheOthersAlong() async throws {
        try await Self.run { rig, folder in
            let long = Self.message.replacing("%", with: "9") + "NTE|1||" + String(repeating: "x", count: 5000) + "\r"
            let text = Self.message.replacing("%", with: "1") + Self.message.replacing("%", with: "") + long
            try Self.put(text, "mixed.hl7", in: folder)
            try await rig.until { Self.holds(folder, "rejected/mixed.hl7") }
            let reason = try String(contentsOfFile: "\(folder)/rejected/mixed.hl7.reason", encoding: .utf8)
            #expect(reason == "message 2: refused, no-control-id\nmessage 3: it is longer than is taken\n")
            #expect(try await rig.jobs == 1)
            #expect(try await rig.count("SELECT count(*) FROM journal.refusal WHERE reason = 'too-long'") == 1)
        }
    }

    @Test func aFileThatWasClaimedBeforeACrashIsTakenUpAndItsMessagesStandOnce() async throws {
        try await Self.run { rig, folder in
            try Self.put(Self.message.replacing("%", with: "1"), "one.hl7", in: folder)
            try await rig.until { Self.holds(folder, "archive/one.hl7") }
            // As if the gateway had died between the commit and the archive.
            try FileManager.default.moveItem(
                atPath: "\(folder)/archive/one.hl7", toPath: "\(folder)/claimed/one.hl7")
            try await rig.until { Self.holds(folder, "archive/one.hl7") }
            #expect(try await rig.entries == 1)
            #expect(try await rig.jobs == 1)
        }
    }

    @Test func `A file longer than is taken is rejected unread, claimed before or not; those beside it are taken`()
        async throws
    {
        try await Self.run(fileLimit: 2000) { rig, folder in
            let one = Self.message.replacing("%", with: "1")
            let long = String(repeating: one, count: 2001 / one.utf8.count + 1)
            try FileManager.default.createDirectory(atPath: "\(folder)/claimed", withIntermediateDirectories: true)
            try Self.put(long, "left.hl7", in: "\(folder)/claimed")
            try Self.put(long, "new.hl7", in: folder)
            try Self.put(one, "small.hl7", in: folder)
            try await rig.until { Self.holds(folder, "archive/small.hl7") }
            try await rig.until { Self.holds(folder, "rejected/left.hl7") && Self.holds(folder, "rejected/new.hl7") }
            let reason = try String(contentsOfFile: "\(folder)/rejected/new.hl7.reason", encoding: .utf8)
            #expect(reason == "the file has \(long.utf8.count) bytes; 2000 are taken at most\n")
            #expect(try await rig.entries == 1)
            #expect(try await rig.count("SELECT count(*) FROM journal.refusal WHERE reason = 'too-long'") == 2)
            #expect(try await rig.send(Fixtures.siu("M1")).text("MSA-1") == "AA")
        }
    }

    @Test func `A file longer than what is read at once is cut into all of its messages`() async throws {
        try await Self.run { rig, folder in
            let note = "NTE|1||" + String(repeating: "x", count: 3000) + "\r"
            let numbers = (1...100).map(String.init)
            let text = numbers.map { Self.message.replacing("%", with: $0) + note }.joined()
            try Self.put(text, "day.hl7", in: folder)
            try await rig.until { Self.holds(folder, "archive/day.hl7") }
            #expect(try await rig.texts("SELECT control_id FROM journal.entry ORDER BY id") == numbers)
            #expect(
                try await rig.count("SELECT count(DISTINCT octet_length(payload)) FROM journal.entry WHERE id > 0") == 3
            )
        }
    }

    @Test func `A live gateway's claims are its own; those of one that has ended are found and finished`() async throws
    {
        let folder = FileManager.default.temporaryDirectory.appending(path: "watched-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let later = Date(timeIntervalSinceNow: 60)
        var first: WatchedFolder? = try WatchedFolder(folder)
        let second = try WatchedFolder(folder)
        try Self.put("a", "a.hl7", in: folder)
        #expect(try first?.claim(now: later) == ["a.hl7"])
        try Self.put("b", "b.hl7", in: folder)
        #expect(try second.claim(now: later) == ["b.hl7"])
        // Each finds its own again, and only that.
        #expect(try first?.claim(now: later) == ["a.hl7"])
        #expect(try second.claim(now: later) == ["b.hl7"])
        // Its process ends, with the lock and nothing else.
        first = nil
        #expect(try Set(second.claim(now: later)) == ["a.hl7", "b.hl7"])
        let owners = try FileManager.default.contentsOfDirectory(atPath: "\(folder)/claimed")
        #expect(owners.count == 1)
        try second.keep("a.hl7")
        #expect(Self.holds(folder, "archive/a.hl7"))
    }

    @Test func aFileThatIsStillWrittenIsLeftAlone() async throws {
        try await Self.run { rig, folder in
            try Self.put(Self.message.replacing("%", with: "1"), "growing.hl7", in: folder, age: -600)
            try Self.put(Self.message.replacing("%", with: "2"), "upload.part", in: folder)
            try Self.put(Self.message.replacing("%", with: "3"), "whole.hl7", in: folder)
            try await rig.until { Self.holds(folder, "archive/whole.hl7") }
            #expect(Self.holds(folder, "growing.hl7") && Self.holds(folder, "upload.part"))
            #expect(try await rig.entries == 1)
        }
    }
}
