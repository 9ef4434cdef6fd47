import Foundation
package import Logging

/// Logs: one JSON object a line on stderr. A message is a fixed sentence; what varies is metadata under dotted keys, and
/// only plain strings of it are written. Loggers of libraries speak from `warning` up and without metadata, because what
/// they put there may be a request.
package enum Logs {
    /// Metadata bound to the running task, added to each of its lines.
    @TaskLocal package static var context: Logger.Metadata = [:]

    /// Makes every `Logger` of this process write such lines. To be called once, first.
    package static func bootstrap(program: String, level: Logger.Level = .info) {
        LoggingSystem.bootstrap { label in
            JSONLines(program: program, label: label, level: level, write: writeToStandardError)
        }
    }

    /// Runs the body with more metadata bound to the task.
    package static func with<T>(_ metadata: Logger.Metadata, _ body: () async throws -> T) async rethrows -> T {
        try await $context.withValue(context.merging(metadata) { _, new in new }, operation: body)
    }

    private static func writeToStandardError(_ line: String) {
        // A reader that went away must not end the program; there is nobody left to tell.
        try? FileHandle.standardError.write(contentsOf: Data(line.utf8))
    }
}

/// The handler behind every logger.
struct JSONLines: LogHandler {
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?
    var logLevel: Logger.Level

    private let program: String
    private let ours: Bool
    private let write: @Sendable (String) -> Void

    /// Labels that begin with `pmsync` are ours.
    init(program: String, label: String, level: Logger.Level, write: @escaping @Sendable (String) -> Void) {
        self.program = program
        self.write = write
        ours = label.hasPrefix("pmsync")
        logLevel = ours ? level : max(level, .warning)
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var fields: [String: String] = [:]
        if ours {
            let all = [Logs.context, metadata, event.metadata ?? [:]]
            for (key, value) in all.joined() {
                fields[key] = Self.plain(value)
            }
        }
        let line = Line(
            ts: Date.ISO8601FormatStyle(includingFractionalSeconds: true).format(Date()),
            level: event.level.rawValue, program: program, message: event.message.description,
            metadata: fields.isEmpty ? nil : fields)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
        guard let json = try? encoder.encode(line) else { return }
        write(String(decoding: json, as: UTF8.self) + "\n")
    }

    private static func plain(_ value: Logger.Metadata.Value) -> String {
        switch value {
        case .string(let text): text
        case .stringConvertible(let value): value.description
        case .dictionary, .array: "(not plain)"
        }
    }

    private struct Line: Encodable {
        let ts: String
        let level: String
        let program: String
        let message: String
        let metadata: [String: String]?
    }
}
