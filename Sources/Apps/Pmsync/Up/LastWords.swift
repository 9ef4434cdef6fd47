import Foundation

/// What a program that could not start said last: the message of its log's newest critical line.
enum LastWords {
    static func of(_ log: String) -> String? {
        guard let handle = try? FileHandle(forReadingFrom: URL(fileURLWithPath: log)),
            let size = try? handle.seekToEnd()
        else { return nil }
        try? handle.seek(toOffset: size > tail ? size - tail : 0)
        let text = String(decoding: (try? handle.readToEnd()) ?? Data(), as: UTF8.self)
        return text.split(separator: "\n").reversed().lazy.compactMap(message(of:)).first
    }

    private static let tail: UInt64 = 16_384

    private struct Line: Decodable {
        let level: String
        let message: String
    }

    private static func message(of line: Substring) -> String? {
        guard let line = try? JSONDecoder().decode(Line.self, from: Data(line.utf8)), line.level == "critical" else {
            return nil
        }
        return line.message
    }
}
