import FoundationEssentials
import Glibc
import Synchronization

/// A PostgreSQL server of our own, on a unix socket in a folder that only it and we may enter.
///
///     start:  initdb (once) -> wait for a server that a killed parent left -> serve -> answers
///     keep:   the server ended by itself, killed perhaps -> wait for what it left -> serve -> recovers -> answers
///     stop, or our death:  the lifeline closes -> SIGINT -> the server checkpoints and ends
///
/// The server is started by a small shell that reads the other end of a socket pair, its lifeline. However this process
/// ends, kill -9 too, the lifeline closes with it.
package final class PrivateCluster: Sendable {
    /// The database `pmsync`, as its owner.
    package let url: String
    private let folder: ClusterFolder
    private let durable: Bool
    private let current: Mutex<Current>

    private struct Current {
        var server: Server
        var isStopped = false
    }

    private init(url: String, _ folder: ClusterFolder, durable: Bool, _ server: Server) {
        self.url = url
        self.folder = folder
        self.durable = durable
        current = Mutex(Current(server: server))
    }

    /// The database's name.
    package static let database = "pmsync"

    /// Starts the folder's server, made first if need be, and gives it when it answers.
    ///
    /// - Parameters:
    ///   - durable: false for a cluster that may be lost with the machine's power: tests.
    ///   - removedAtEnd: the folder goes once the server has ended.
    package static func start(
        folder: String, durable: Bool, removedAtEnd: Bool = false
    ) async throws(PostgresError) -> PrivateCluster {
        let folder = try await ClusterFolder(folder)
        try await waitForTheLastServer(of: folder)
        if !folder.isMade { try await make(folder, durable: durable) }
        let sockets = try folder.socketFolder()
        let server = try Server(folder, sockets: sockets, durable: durable, removedAtEnd: removedAtEnd)
        do {
            try await server.waitUntilItAnswers(url(sockets, "postgres"))
            try await makeDatabase(url(sockets, "postgres"))
        } catch {
            await server.stop()
            throw error
        }
        return PrivateCluster(url: url(sockets, database), folder, durable: durable, server)
    }

    /// Ends every connection, writes everything down and stops; returns when the server is gone. Safe to repeat.
    package func stop() async {
        let server = current.withLock { current in
            current.isStopped = true
            return current.server
        }
        await server.stop()
    }

    /// Whether the server still runs.
    package var isRunning: Bool { current.withLock { $0.server.isRunning } }

    /// Starts the server again whenever it ends by itself, at the same address, until it is stopped. Not for a folder that
    /// goes with its server.
    package func keep(_ say: @Sendable (String) -> Void) async {
        while true {
            let ended = current.withLock { $0.server }
            await ended.end()
            await ended.stop()
            if current.withLock({ $0.isStopped }) { return }
            say("the database server ended; starting it again")
            do throws(PostgresError) {
                try await Self.waitForTheLastServer(of: folder)
                let next = try Server(folder, sockets: folder.socketFolder(), durable: durable, removedAtEnd: false)
                let isStopped = current.withLock { current in
                    current.server = next
                    return current.isStopped
                }
                if isStopped { return await next.stop() }
            } catch {
                say("the database server could not be started: \(error)")
                await pause(.seconds(1))
            }
        }
    }

    private static func url(_ sockets: String, _ database: String) -> String {
        let host = sockets.utf8.map { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "-"), UInt8(ascii: "_"),
                UInt8(ascii: "."):
                String(UnicodeScalar(byte))
            default: "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }
        }
        return "postgres://pmsync@/\(database)?host=\(host.joined())"
    }

    /// Made aside and then renamed, so that a half-made one is never taken for a cluster.
    private static func make(_ folder: ClusterFolder, durable: Bool) async throws(PostgresError) {
        let aside = folder.path + "/data.new"
        try? FileManager.default.removeItem(atPath: aside)
        let status = await folder.run(
            folder.asServer + [
                folder.program("initdb"), "-D", aside, "-U", "pmsync", "--auth-local=trust", "--auth-host=reject",
                "-E", "UTF8", "--locale=C.UTF-8", "--no-instructions", durable ? "--data-checksums" : "--no-sync",
            ])
        guard status == 0, unsafe rename(aside, folder.data) == 0 else {
            throw .cluster(.couldNot("make the database cluster; \(folder.log) says why"))
        }
    }

    /// A killed parent's server takes a moment to end, and its pid file would stop the next one. PostgreSQL believes the
    /// file whenever any process has that number; we look for a server whose working folder is this data folder.
    private static func waitForTheLastServer(of folder: ClusterFolder) async throws(PostgresError) {
        let deadline = ContinuousClock.now + .seconds(30)
        while let pid = processes(servingData: folder.data).first {
            guard ContinuousClock.now < deadline else { throw .cluster(.stillRunning(pid: pid)) }
            await pause(.milliseconds(20))
        }
        _ = unsafe unlink(folder.data + "/postmaster.pid")
    }

    private static func makeDatabase(_ url: String) async throws(PostgresError) {
        let session = try await Session.connect(Configuration(url: url))
        let rows = try await session.query("SELECT 1 FROM pg_database WHERE datname = \(database)")
        if rows.isEmpty { try await session.script("CREATE DATABASE \(identifier(database))") }
        await session.close()
    }
}

/// The processes of a server on this data folder that are not dead yet: main and children alike, for an orphaned child
/// still holds the shared memory.
private func processes(servingData data: String) -> [pid_t] {
    ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).compactMap { pid_t($0) }.filter { pid in
        // A zombie has neither link.
        guard let program = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/exe"),
            program.split(separator: "/").last?.hasPrefix("postgres") == true,
            let folder = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/cwd")
        else { return false }
        return folder == data
    }
}

/// A server that runs, and the lifeline that it ends with.
private final class Server: Sendable {
    private let folder: ClusterFolder
    private let shell: Child
    private let lifeline: Mutex<Int32?>

    init(
        _ folder: ClusterFolder, sockets: String, durable: Bool, removedAtEnd: Bool
    ) throws(PostgresError) {
        var ends: [Int32] = [-1, -1]
        let kind = SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue
        guard unsafe socketpair(AF_UNIX, Int32(kind), 0, &ends) == 0 else {
            throw .cluster(.couldNot("make a socket pair"))
        }
        _ = unsafe rename(folder.log, folder.log + ".1")
        let log = folder.openLog()
        defer {
            close(ends[1])
            close(log)
        }
        let command =
            ["/bin/sh", "-c", Self.script, "pmsync-postgres", removedAtEnd ? folder.path : "", sockets]
            + folder.asServer
            + [folder.program("postgres"), "-D", folder.data, "-k", sockets] + Self.options(durable: durable)
        guard let shell = Child(command, input: ends[1], output: log, errors: log) else {
            close(ends[0])
            throw .cluster(.couldNot("start /bin/sh"))
        }
        self.folder = folder
        self.shell = shell
        lifeline = Mutex(ends[0])
    }

    /// Whoever reads the lifeline tells the server; the shell itself waits for it, so that its end is known at once.
    private static let script = """
        folder=$1 sockets=$2; shift 2
        exec 3<&0 </dev/null
        "$@" 3<&- &
        server=$!
        { read -r _ <&3; kill -INT "$server"; } 2>/dev/null &
        reader=$!
        exec 3<&-
        wait "$server"; status=$?
        kill "$reader" 2>/dev/null
        if [ -n "$folder" ]; then rm -rf "$folder" "$sockets"; fi
        exit "$status"
        """

    /// The log keeps no statement, no parameter, no DETAIL, and no error's text at all, for each may quote a row.
    private static func options(durable: Bool) -> [String] {
        var settings = [
            "listen_addresses=", "unix_socket_permissions=0700", "max_connections=100", "timezone=UTC",
            "log_timezone=UTC", "jit=off", "log_min_messages=log", "log_min_error_statement=panic",
            "log_parameter_max_length=0", "log_parameter_max_length_on_error=0", "log_error_verbosity=terse",
            "log_statement=none",
        ]
        if !durable {
            settings += ["fsync=off", "synchronous_commit=off", "full_page_writes=off", "wal_level=minimal"]
            settings += ["max_wal_senders=0", "autovacuum_naptime=10min"]
        }
        return settings.flatMap { ["-c", $0] }
    }

    var isRunning: Bool { shell.statusNow() == nil }

    /// Waits until it has ended.
    func end() async {
        while isRunning { await pause(.milliseconds(200)) }
    }

    /// A server that was killed has to recover first, which takes as long as it takes; one that ended never answers.
    func waitUntilItAnswers(_ url: String) async throws(PostgresError) {
        let configuration = try Configuration(url: url)
        let deadline = ContinuousClock.now + .seconds(300)
        while true {
            do throws(PostgresError) {
                try await Session.connect(configuration).close()
                return
            } catch {
                guard isRunning, ContinuousClock.now < deadline else {
                    throw .cluster(.couldNot("start the database server; \(folder.log) says why"))
                }
            }
            await pause(.milliseconds(10))
        }
    }

    func stop() async {
        let line = lifeline.withLock { line in
            defer { line = nil }
            return line
        }
        if let line { close(line) }
        if await shell.status(within: .seconds(60)) != nil { return }
        for pid in processes(servingData: folder.data) { kill(pid, SIGQUIT) }
        _ = await shell.status(within: .seconds(10))
    }
}
