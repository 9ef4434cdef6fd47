import Foundation

/// The file that `PMSYNC_CONFIG` names: `KEY=value` lines, blank lines, and comments on lines of their own. A value may
/// stand in double quotes.
enum ConfigurationFile {
    static func read(_ path: String) throws(SettingsError) -> [String: String] {
        guard let data = FileManager.default.contents(atPath: path),
            let attributes = try? FileManager.default.attributesOfItem(atPath: path),
            let mode = (attributes[.posixPermissions] as? NSNumber)?.intValue
        else { throw .unreadable }
        let values = try parse(String(decoding: data, as: UTF8.self))
        if mode & 0o004 != 0, let key = values.sorted(by: { $0.key < $1.key }).first(where: { hasPassword($0.value) }) {
            throw .exposedSecret(key.key)
        }
        return values
    }

    static func parse(_ text: String) throws(SettingsError) -> [String: String] {
        var values: [String: String] = [:]
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let line = line.trimmingCharacters(in: .whitespaces)
            if line.isEmpty || line.hasPrefix("#") { continue }
            guard let sign = line.firstIndex(of: "=") else { throw .notAnAssignment(line: index + 1) }
            let key = line[..<sign].trimmingCharacters(in: .whitespaces)
            guard !key.isEmpty else { throw .notAnAssignment(line: index + 1) }
            guard key != Settings.Key.config.name else { throw .nested(line: index + 1) }
            let value = unquoted(line[line.index(after: sign)...].trimmingCharacters(in: .whitespaces))
            guard values.updateValue(value, forKey: key) == nil else { throw .repeated(key, line: index + 1) }
        }
        return values.filter { !$0.value.isEmpty }
    }

    private static func unquoted(_ value: String) -> String {
        guard value.count >= 2, value.hasPrefix("\""), value.hasSuffix("\"") else { return value }
        return String(value.dropFirst().dropLast())
    }

    private static func hasPassword(_ value: String) -> Bool {
        guard let url = URLComponents(string: value), url.scheme != nil else { return false }
        if url.password?.isEmpty == false { return true }
        return url.queryItems?.contains { $0.name == "password" && $0.value?.isEmpty == false } ?? false
    }
}
