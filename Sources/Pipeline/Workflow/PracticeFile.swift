import Foundation
import Yams

/// A practice's file as text, to be changed in one place and left as it is everywhere else, remarks and all.
package enum PracticeFile {
    /// Where a folder has the practice's file; nil: nowhere.
    package static func path(of practice: String, in files: [String: String]) -> String? {
        files.keys.sorted().first { path in
            guard path.hasPrefix("practices/"), let text = files[path] else { return false }
            return (try? compose(yaml: text))?.mapping?["practice"]?.string == practice
        }
    }

    /// The text with the feed read by `profile`: its own `profile` is replaced, or `line`, the whole feed as a flow mapping,
    /// is put before the others. Throws where the file is written in a way that only a person should change.
    package static func naming(
        _ line: String, feed: String, profile: String, in text: String, path: String
    ) throws(PracticeFileError) -> String {
        guard let node = try? compose(yaml: text), let mapping = node.mapping else { throw .unreadable(path) }
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        guard let feeds = mapping["feeds"] else {
            if lines.last?.isEmpty == false { lines.append("") }
            return lines.joined(separator: "\n") + "feeds:\n  - \(line)\n"
        }
        guard let items = feeds.sequence, let first = items.first?.mark else { throw .byHand(path, line) }
        if let own = items.first(where: { $0.mapping?["feed"]?.string == feed })?.mapping {
            let key = own["profile"] == nil ? "feed" : "profile"
            let old = own[key]?.string ?? ""
            guard let mark = own[key]?.mark, mark.line <= lines.count else { throw .byHand(path, line) }
            var changed = lines[mark.line - 1]
            let start = changed.utf8.index(changed.utf8.startIndex, offsetBy: mark.column - 1)
            guard changed[start...].hasPrefix(old) else { throw .byHand(path, line) }
            let end = changed.index(start, offsetBy: old.count)
            if key == "profile" {
                changed.replaceSubrange(start..<end, with: profile)
            } else if changed[..<start].contains("{") {
                changed.insert(contentsOf: ", profile: \(profile)", at: end)
            } else if let column = changed.range(of: "feed:")?.lowerBound {
                let blanks = String(repeating: " ", count: changed.distance(from: changed.startIndex, to: column))
                changed += "\n\(blanks)profile: \(profile)"
            }
            lines[mark.line - 1] = changed
            return lines.joined(separator: "\n")
        }
        let indentation = lines[first.line - 1].prefix { $0 == " " }
        guard lines[first.line - 1].dropFirst(indentation.count).hasPrefix("-") else { throw .byHand(path, line) }
        lines.insert("\(indentation)- \(line)", at: first.line - 1)
        return lines.joined(separator: "\n")
    }
}

/// Why a practice's file is not changed.
package enum PracticeFileError: Error, Equatable, Sendable, CustomStringConvertible {
    case unreadable(String)
    /// The feed to write, in a file that is written in an unusual way.
    case byHand(String, String)

    package var description: String {
        switch self {
        case .unreadable(let path): "\(path) is not YAML"
        case .byHand(let path, let line): "\(path) cannot be changed by itself; write under \"feeds\": - \(line)"
        }
    }
}
