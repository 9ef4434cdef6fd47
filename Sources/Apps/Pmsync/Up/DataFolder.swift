import Foundation

/// The folder that `up` keeps everything in: the private cluster, logs, the demo's state. One `up` at a time.
struct DataFolder: Sendable {
    let path: String
    private let lock: Int32

    /// Made when missing, and locked until this process ends, however it ends.
    init(_ wanted: String?) throws(UpError) {
        let path = wanted.map { ($0 as NSString).standardizingPath } ?? Self.usual
        let full = path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
        self.path = full
        do {
            // Others may pass through: the database server of a root's `up` runs as user postgres. What is inside is closed.
            try FileManager.default.createDirectory(
                atPath: full, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o711])
            try FileManager.default.createDirectory(
                atPath: full + "/log", withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw .folder(full, doing: "be made")
        }
        lock = unsafe open(full + "/up.lock", O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        guard lock >= 0 else { throw .folder(full, doing: "be locked") }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else { throw .dataFolderInUse(full) }
    }

    /// Whether an `up` runs on this folder. True where that cannot be told.
    static func isInUse(_ path: String) -> Bool {
        let lock = unsafe open(path + "/up.lock", O_RDONLY | O_CLOEXEC)
        guard lock >= 0 else { return true }
        defer { close(lock) }
        return flock(lock, LOCK_SH | LOCK_NB) != 0
    }

    var cluster: String { path + "/postgres" }

    func log(_ name: String) -> String { path + "/log/\(name).log" }

    /// Leaves word of the database for the other commands (`--data DIR`).
    func note(_ url: String) throws(UpError) { try note(url, in: "database-url") }

    /// Leaves word of where the console is.
    func note(console url: String) throws(UpError) { try note(url, in: "console-url") }

    /// Where the console of the `up` on this folder is; nil when none runs.
    static func console(_ path: String) -> String? {
        guard isInUse(path) else { return nil }
        return try? String(contentsOfFile: path + "/console-url", encoding: .utf8)
    }

    private func note(_ url: String, in name: String) throws(UpError) {
        let file = path + "/" + name
        guard
            FileManager.default.createFile(
                atPath: file, contents: Data(url.utf8), attributes: [.posixPermissions: 0o600])
        else { throw .folder(file, doing: "be written") }
    }

    /// A folder within, for our eyes only.
    func folder(_ name: String) throws(UpError) -> String {
        let folder = path + "/" + name
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw .folder(folder, doing: "be made")
        }
        return folder
    }

    static var usual: String {
        if getuid() == 0 { return "/var/lib/pmsync" }
        let environment = ProcessInfo.processInfo.environment
        let base = environment["XDG_DATA_HOME"] ?? (environment["HOME"] ?? "") + "/.local/share"
        return base + "/pmsync"
    }
}
