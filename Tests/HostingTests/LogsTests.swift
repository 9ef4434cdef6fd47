import Foundation
import Logging
import Synchronization
import Testing

@testable import Hosting

@Suite struct LogsTests {
    private final class Lines: Sendable {
        let all = Mutex<[String]>([])
        var text: String { all.withLock { $0.joined() } }
        func write(_ line: String) { all.withLock { $0.append(line) } }
        func fields() throws -> [String: any Sendable] {
            let line = try #require(all.withLock { $0.last })
            #expect(line.hasSuffix("\n") && line.filter(\.isNewline).count == 1)
            return try #require(
                JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: any Sendable])
        }
    }

    private func logger(_ label: String, _ lines: Lines, level: Logger.Level = .info) -> Logger {
        Logger(label: label) { JSONLines(program: "gateway", label: $0, level: level, write: lines.write) }
    }

    @Test func `a line is one JSON object with the message and its metadata`() async throws {
        let lines = Lines()
        var logger = logger("pmsync.gateway", lines)
        logger[metadataKey: "feed"] = "main"
        await Logs.with(["message.id": "41"]) {
            logger.info("message done\nreally", metadata: ["job.attempt": "\(2)"])
        }
        let fields = try lines.fields()
        #expect(fields["level"] as? String == "info")
        #expect(fields["program"] as? String == "gateway")
        #expect(fields["message"] as? String == "message done\nreally")
        #expect(
            fields["metadata"] as? [String: String] == ["feed": "main", "message.id": "41", "job.attempt": "2"])
        let ts = try #require(fields["ts"] as? String)
        #expect(throws: Never.self) {
            try Date(ts, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true))
        }
    }

    @Test func `metadata that is not plain is left out`() throws {
        let lines = Lines()
        logger("pmsync.x", lines).info("said", metadata: ["patient": ["name": "Ada"], "names": ["Ada"]])
        #expect(lines.text.contains("said") && !lines.text.contains("Ada"))
    }

    @Test func `a library speaks from warning up and without metadata`() throws {
        let lines = Lines()
        let library = logger("NIO", lines, level: .trace)
        library.info("opened /Patient/7")
        #expect(lines.text.isEmpty)
        library.error("failed", metadata: ["path": "/Patient/7"])
        #expect(try lines.fields()["metadata"] == nil)
    }

    private enum Sample: Error {
        case plain
        case carrying(String)
    }
    private struct Loud: Error { let name: String }

    @Test func `an error's code is its type and case and never what it carries`() {
        #expect(FailureCode.of(Sample.plain) == "Sample.plain")
        #expect(FailureCode.of(Sample.carrying("Ada")) == "Sample.carrying")
        #expect(FailureCode.of(Loud(name: "Ada")) == "Loud")
    }
}
