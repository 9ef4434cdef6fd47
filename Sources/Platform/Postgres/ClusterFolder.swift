import FoundationEssentials
import Glibc

/// The folder of a private cluster, the user that its server runs as, and the server's programs.
///
///     FOLDER/data           the database (PGDATA)
///     FOLDER/run            the socket, unless its path would be too long
///     FOLDER/postgres.log   the server's log; the one before it is postgres.log.1
struct ClusterFolder: Sendable {
    struct User: Sendable {
        let id: uid_t
        let group: gid_t
    }

    let path: String
    /// Whom the server runs as in our stead; nil when it runs as we do.
    let user: User?
    let programs: String

    var data: String { path + "/data" }
    var log: String { path + "/postgres.log" }
    var isMade: Bool { FileManager.default.fileExists(atPath: data + "/PG_VERSION") }

    /// Makes the folder if need be, with access for the server's user only (and root).
    init(_ folder: String) async throws(PostgresError) {
        user = try Self.serverUser()
        do { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) } catch {
            throw .cluster(.couldNot("make the folder \(folder)"))
        }
        path = try realFolder(folder)
        programs = try Self.programs(forData: path + "/data")
        try own(path)
        try await checkThatTheServerMayEnter()
    }

    /// Runs as the server's user: the words to put before a command.
    var asServer: [String] {
        guard let user else { return [] }
        return ["setpriv", "--reuid=\(user.id)", "--regid=\(user.group)", "--clear-groups", "--no-new-privs"]
    }

    func program(_ name: String) -> String { programs + "/" + name }

    /// Makes a folder that only the server's user may enter, or takes the one that is there if it is such a one.
    func own(_ folder: String) throws(PostgresError) {
        _ = unsafe mkdir(folder, 0o700)
        if let user { _ = unsafe lchown(folder, user.id, user.group) }
        var found = stat()
        guard unsafe lstat(folder, &found) == 0, found.st_mode & S_IFMT == S_IFDIR,
            found.st_uid == user?.id ?? geteuid(), unsafe chmod(folder, 0o700) == 0
        else { throw .cluster(.couldNot("make \(folder) the server's own folder")) }
    }

    /// The folder of the socket. A socket's path has at most 107 bytes; a deep cluster keeps its socket elsewhere.
    func socketFolder() throws(PostgresError) -> String {
        let near = path + "/run"
        let isShort = (near + "/.s.PGSQL.5432.lock").utf8.count <= 107
        let folder = isShort ? near : "/tmp/pmsync-\(String(stableHash(path), radix: 36))"
        try own(folder)
        return folder
    }

    private func checkThatTheServerMayEnter() async throws(PostgresError) {
        guard user != nil else { return }
        guard await run(asServer + ["test", "-w", path]) == 0 else { throw .cluster(.notTraversable(folder: path)) }
    }

    /// Runs a program to its end, output and all into the log; its status.
    func run(_ arguments: [String]) async -> Int32 {
        let null = unsafe open("/dev/null", O_RDONLY | O_CLOEXEC)
        let log = openLog()
        defer {
            close(null)
            close(log)
        }
        guard let child = Child(arguments, input: null, output: log, errors: log) else { return 127 }
        return await child.status(within: .seconds(300)) ?? 127
    }

    func openLog() -> Int32 { unsafe open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600) }

    private static func serverUser() throws(PostgresError) -> User? {
        guard geteuid() == 0 else { return nil }
        guard let entry = unsafe getpwnam("postgres") else { throw .cluster(.noPostgresUser) }
        return unsafe User(id: entry.pointee.pw_uid, group: entry.pointee.pw_gid)
    }

    /// The newest server, or the one that made the data.
    private static func programs(forData data: String) throws(PostgresError) -> String {
        let base = "/usr/lib/postgresql"
        let found = ((try? FileManager.default.contentsOfDirectory(atPath: base)) ?? [])
            .filter { FileManager.default.isExecutableFile(atPath: "\(base)/\($0)/bin/postgres") }
            .compactMap { Int($0) }
        guard let newest = found.max() else { throw .cluster(.noServerInstalled) }
        guard let made = try? String(contentsOfFile: data + "/PG_VERSION", encoding: .utf8) else {
            return "\(base)/\(newest)/bin"
        }
        let version = made.filter { !$0.isWhitespace }
        guard let number = Int(version), found.contains(number) else {
            throw .cluster(.otherVersion(found: version, ours: String(newest)))
        }
        return "\(base)/\(number)/bin"
    }
}

private func realFolder(_ folder: String) throws(PostgresError) -> String {
    guard let real = unsafe realpath(folder, nil) else { throw .cluster(.couldNot("find the folder \(folder)")) }
    defer { unsafe free(real) }
    return unsafe String(cString: real)
}

/// FNV-1a: the same in every run, unlike Swift's.
private func stableHash(_ text: String) -> UInt64 {
    text.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
}
