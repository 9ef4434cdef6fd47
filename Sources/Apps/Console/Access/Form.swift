import Foundation

/// Names and values as a browser sends them, in a query or a form. The first of a name counts; a value that is blank
/// counts as not given.
struct Form: Sendable {
    private var values: [String: String] = [:]

    init() {}

    init(_ text: String) {
        for pair in text.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = Self.unescape(parts[0])
            if values[name] == nil { values[name] = parts.count > 1 ? Self.unescape(parts[1]) : "" }
        }
    }

    /// Trimmed, without NUL, which PostgreSQL cannot hold.
    subscript(name: String) -> String? {
        guard let value = verbatim(name)?.trimmingCharacters(in: .whitespacesAndNewlines), !value.isEmpty else {
            return nil
        }
        return value
    }

    /// As it was typed: a password.
    func verbatim(_ name: String) -> String? {
        values[name]?.replacing("\0", with: "")
    }

    /// A reason that a person gave; what is only blanks is none.
    func reason() throws(ConsoleError) -> String {
        guard let reason = self["reason"] else { throw .reasonMissing }
        return String(reason.prefix(1000))
    }

    private static func unescape(_ text: Substring) -> String {
        text.replacing("+", with: " ").removingPercentEncoding ?? ""
    }

    static func escape(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: unreserved) ?? ""
    }

    private static let unreserved = CharacterSet(
        charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")

    /// A path with the parameters that have a value.
    static func link(_ path: String, _ parameters: KeyValuePairs<String, String?>) -> String {
        let pairs = parameters.compactMap { name, value in value.map { "\(name)=\(escape($0))" } }
        if pairs.isEmpty { return path }
        return path + (path.contains("?") ? "&" : "?") + pairs.joined(separator: "&")
    }
}
