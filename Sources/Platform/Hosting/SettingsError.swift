/// What is wrong with the settings. It names keys, lines and forms, never a value: a value may be a password.
package enum SettingsError: Error, Equatable, CustomStringConvertible {
    case unknownKey(String, nearest: String?)
    case malformed(String, expected: String)
    case missing(String)
    /// The configuration file cannot be read.
    case unreadable
    case notAnAssignment(line: Int)
    case repeated(String, line: Int)
    /// A file may not name another.
    case nested(line: Int)
    /// The file holds a password, and everybody on this machine may read it.
    case exposedSecret(String)

    package var description: String {
        switch self {
        case .unknownKey(let key, let nearest?): "unknown setting \(key), did you mean \(nearest)?"
        case .unknownKey(let key, nil): "unknown setting \(key)"
        case .malformed(let key, let expected): "\(key) must be \(expected)"
        case .missing(let key): "\(key) must be set"
        case .unreadable: "the file that \(Settings.Key.config.name) names cannot be read"
        case .notAnAssignment(let line): "line \(line) of the configuration file is not KEY=value"
        case .repeated(let key, let line): "line \(line) of the configuration file sets \(key) again"
        case .nested(let line): "line \(line) of the configuration file names another file, which it may not"
        case .exposedSecret(let key):
            "\(key) in the configuration file holds a password, and the file is readable by everybody: chmod o-r it"
        }
    }

    /// The closed set of codes under which these are logged.
    package var code: String {
        switch self {
        case .unknownKey: "unknown-setting"
        case .malformed: "malformed-setting"
        case .missing: "missing-setting"
        case .unreadable, .notAnAssignment, .repeated, .nested: "bad-configuration-file"
        case .exposedSecret: "exposed-secret"
        }
    }
}
