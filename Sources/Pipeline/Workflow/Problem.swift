/// One thing wrong in a folder of definitions, where it is, and the nearest right word where there is one.
package struct Problem: Hashable, Sendable, CustomStringConvertible {
    package let file: String
    package let line: Int
    package let text: String

    package init(file: String, line: Int, text: String) {
        self.file = file
        self.line = line
        self.text = text
    }

    package var description: String { "\(file):\(line): \(text)" }
}

/// All that is wrong in a folder of definitions, by file and line. A folder is taken whole or refused whole.
package struct DefinitionError: Error, Sendable, CustomStringConvertible {
    package let problems: [Problem]

    package var description: String { problems.map(\.description).joined(separator: "\n") }
}

/// Gathers problems while a folder is read.
final class Problems {
    private(set) var all: [Problem] = []

    func add(_ file: String, _ line: Int, _ text: String) {
        all.append(Problem(file: file, line: line, text: text))
    }

    /// Adds "unknown KIND "word", did you mean "nearest"?"
    func unknown(_ kind: String, _ word: String, among known: some Sequence<String>, _ file: String, _ line: Int) {
        let hint = word.nearest(among: known).map { ", did you mean \"\($0)\"?" } ?? ""
        add(file, line, "unknown \(kind) \"\(word)\"\(hint)")
    }

    var sorted: [Problem] { all.sorted { ($0.file, $0.line, $0.text) < ($1.file, $1.line, $1.text) } }
}

extension String {
    /// The known word with the fewest edits to this one, when it is near enough to be meant.
    func nearest(among known: some Sequence<String>) -> String? {
        let near = known.map { (word: $0, edits: edits(to: $0)) }.min { ($0.edits, $0.word) < ($1.edits, $1.word) }
        guard let near, near.edits <= max(2, utf8.count / 3) else { return nil }
        return near.word
    }

    /// Levenshtein's distance, without regard to case.
    func edits(to other: String) -> Int {
        let target = Array(other.lowercased().utf8)
        var row = Array(0...target.count)
        for (index, byte) in lowercased().utf8.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for column in target.indices {
                let substituted = diagonal + (byte == target[column] ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = Swift.min(substituted, diagonal + 1, row[column] + 1)
            }
        }
        return row[target.count]
    }
}
