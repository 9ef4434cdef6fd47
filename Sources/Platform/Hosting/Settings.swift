package import Foundation
package import Logging

/// A program's settings: the environment's `PMSYNC_` variables over the file that `PMSYNC_CONFIG` names, over the
/// defaults. Every value was checked against its key's form when it was read, so a getter cannot fail.
package struct Settings: Sendable {
    private let values: [String: String]

    /// Reads and checks all. An empty variable counts as not set.
    package init(
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(SettingsError) {
        let given = environment.filter { name, value in
            name.hasPrefix(Self.prefix) && !value.isEmpty && !Self.tolerated.contains(name)
        }
        var merged: [String: String] = [:]
        if let path = given[Key.config.name] {
            merged = try ConfigurationFile.read(path)
        }
        merged.merge(given) { _, environment in environment }
        for (name, value) in merged.sorted(by: { $0.key < $1.key }) {
            try Self.check(name, value)
        }
        values = merged
    }

    private static let prefix = "PMSYNC_"

    /// Not settings of a program, but of the tests that start it.
    private static let tolerated: Set<String> = ["PMSYNC_RECORD"]

    /// What was given for the key, else its default, else nil.
    package func text(_ key: Key) -> String? {
        values[key.name] ?? key.fallback
    }

    /// What was given for the key, else its default; throws where there is neither.
    package func required(_ key: Key) throws(SettingsError) -> String {
        guard let text = text(key) else { throw .missing(key.name) }
        return text
    }

    /// A number or a port; nil when neither given nor defaulted.
    package func optionalNumber(_ key: Key) -> Int? {
        text(key).flatMap { Int($0) }
    }

    /// A number or a port of a key that has a default.
    package func number(_ key: Key) -> Int {
        guard let number = optionalNumber(key) else { preconditionFailure("\(key.name) is no number with a default") }
        return number
    }

    /// A number of seconds.
    package func seconds(_ key: Key) -> Duration {
        .seconds(number(key))
    }

    package func flag(_ key: Key) -> Bool {
        text(key).flatMap(Self.flags) ?? false
    }

    package func instant(_ key: Key) -> Date? {
        text(key).flatMap(Self.instants)
    }

    package var logLevel: Logger.Level {
        text(.logLevel).flatMap(Logger.Level.init(rawValue:)) ?? .info
    }

    /// The clock of the business rules: the system's, unless `PMSYNC_NOW` holds it.
    package var wall: Wall {
        instant(.now).map(Wall.fixed) ?? .system
    }

    /// What was given, by file or environment, without defaults: for a child process that must see the same.
    package var given: [String: String] { values }
}

extension Settings {
    private static func check(_ name: String, _ value: String) throws(SettingsError) {
        guard let key = keys.first(where: { $0.name == name }) else {
            let short = name.hasPrefix(prefix) ? String(name.dropFirst(prefix.count)) : name
            let known = keys.map { String($0.name.dropFirst(prefix.count)) }
            throw .unknownKey(name, nearest: Spelling.nearest(to: short, in: known).map { prefix + $0 })
        }
        guard allows(key.form, value) else { throw .malformed(name, expected: key.form.expectation) }
    }

    private static func allows(_ form: Key.Form, _ value: String) -> Bool {
        switch form {
        case .text, .path: true
        case .url: URLComponents(string: value)?.scheme?.isEmpty == false
        case .port: Int(value).map { (0...65535).contains($0) } ?? false
        case .number(let range): Int(value).map(range.contains) ?? false
        case .flag: flags(value) != nil
        case .level: Logger.Level(rawValue: value) != nil
        case .instant: instants(value) != nil
        }
    }

    private static func flags(_ value: String) -> Bool? {
        switch value.lowercased() {
        case "on", "true", "yes", "1": true
        case "off", "false", "no", "0": false
        default: nil
        }
    }

    private static func instants(_ value: String) -> Date? {
        try? Date(value, strategy: .iso8601)
    }
}
