import FoundationEssentials
import Glibc
import Postgres
import TestSupport
import Testing

@Suite struct CommitUnknownTests {
    @Test(arguments: [false, true])
    func `a COMMIT whose answer was lost is unknown, and is not run again, for it may have happened`(
        isTogether: Bool
    ) async throws {
        let database = try await TestDatabase.make()
        let direct = try await database.session()
        try await direct.script("CREATE TABLE thing (id bigint)")
        let proxy = try #require(AnswerDroppingProxy(server: try socketFolder(of: database.url)))
        let url = database.url.replacing(try socketFolder(of: database.url), with: proxy.folder)
        let pool = Pool(try Configuration(url: url), size: 1)
        let runs = Tally<Int>()
        let error = await #expect(throws: PostgresError.self) {
            try await pool.transaction { transaction in
                runs.note(1)
                let insert: SQL = "INSERT INTO thing VALUES (1)"
                if isTogether { try await transaction.later(insert) } else { try await transaction.execute(insert) }
            }
        }
        #expect(error == .commitUnknown)
        #expect(error?.isTransient == false)
        #expect(runs.noted == [1])
        #expect(try await direct.query("SELECT count(*) FROM thing")[0].decode(Int.self) == 1)
        #expect(try await pool.query("SELECT 1")[0].decode(Int.self) == 1)
    }

    private func socketFolder(of url: String) throws -> String {
        try #require(url.split(separator: "?host=").last).description
    }
}

/// A unix socket before the server's own that passes all bytes on, but hangs up instead of passing on the answer to
/// COMMIT.
private final class AnswerDroppingProxy: Sendable {
    let folder: String
    private let listener: Int32
    private let server: String

    init?(server: String) {
        self.server = server + "/.s.PGSQL.5432"
        folder = "/tmp/pmsync-proxy-\(getpid())-\(UUID().uuidString.prefix(8))"
        try? FileManager.default.removeItem(atPath: folder)
        try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        let bound = unsafe withAddress(folder + "/.s.PGSQL.5432") { unsafe bind(listener, $0, $1) }
        guard bound == 0, listen(listener, 8) == 0 else { return nil }
        Thread.detach { [listener, server = self.server] in
            while case let client = accept(listener, nil, nil), client >= 0 {
                Thread.detach { Self.serve(client, server) }
            }
        }
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
        try? FileManager.default.removeItem(atPath: folder)
    }

    private static func serve(_ client: Int32, _ path: String) {
        let server = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard unsafe withAddress(path, { unsafe connect(server, $0, $1) }) == 0 else { return }
        var isCommitting = false
        var descriptors = [
            pollfd(fd: client, events: Int16(POLLIN), revents: 0),
            pollfd(fd: server, events: Int16(POLLIN), revents: 0),
        ]
        copying: while unsafe poll(&descriptors, 2, -1) > 0 {
            for (index, descriptor) in descriptors.enumerated() where descriptor.revents != 0 {
                var bytes = [UInt8](repeating: 0, count: 65_536)
                let count = unsafe read(descriptor.fd, &bytes, bytes.count)
                guard count > 0, !(index == 1 && isCommitting) else { break copying }
                if index == 0, String(decoding: bytes[..<count], as: UTF8.self).contains("COMMIT\0") {
                    isCommitting = true
                }
                _ = unsafe write(index == 0 ? server : client, bytes, count)
            }
        }
        close(client)
        close(server)
    }
}

private enum Thread {
    static func detach(_ body: @escaping @Sendable () -> Void) {
        final class Box: Sendable {
            let body: @Sendable () -> Void
            init(_ body: @escaping @Sendable () -> Void) { self.body = body }
        }
        var thread = pthread_t()
        unsafe pthread_create(
            &thread, nil,
            { box in
                unsafe Unmanaged<Box>.fromOpaque(box!).takeRetainedValue().body()
                return nil
            }, Unmanaged.passRetained(Box(body)).toOpaque())
        pthread_detach(thread)
    }
}

private func withAddress(_ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: Array(path.utf8)) }
    return unsafe withUnsafePointer(to: &address) { pointer in
        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            unsafe body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
    }
}
