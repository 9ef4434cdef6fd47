import CLibPQ
import Glibc

/// A connection as libpq keeps it: every call blocks, and only one thread at a time may make one. This file and
/// `Row.swift` are all there is of libpq's pointers.
@safe
final class Wire {
    private let connection: OpaquePointer
    private let traffic: Traffic

    init(_ configuration: Configuration) throws(PostgresError) {
        traffic = configuration.traffic
        let keywords = configuration.keywords
        let names = CStrings(keywords.map(\.0))
        let values = CStrings(keywords.map(\.1))
        let made = unsafe PQconnectdbParams(names.pointers, values.pointers, 1)
        guard let made = unsafe made else { throw .connection(.unreachable) }
        guard unsafe PQstatus(made) == CONNECTION_OK else {
            let fault = unsafe ConnectionFault(libpq: String(cString: PQerrorMessage(made)))
            unsafe PQfinish(made)
            throw .connection(fault)
        }
        unsafe connection = unsafe made
        unsafe PQsetNoticeReceiver(made, { _, _ in }, nil)  // libpq's own prints to stderr, values and all
        _ = try script(configuration.preamble)
    }

    deinit { unsafe PQfinish(connection) }

    /// Never used by libpq while its session is idle, so that whoever holds the idle session may look at it.
    var socket: Int32 { unsafe PQsocket(connection) }

    /// Lost, or left in the midst of a pipeline.
    var isBroken: Bool { unsafe isLost || PQpipelineStatus(connection) != PQ_PIPELINE_OFF }

    private var isLost: Bool { unsafe PQstatus(connection) != CONNECTION_OK }

    var transaction: PGTransactionStatusType { unsafe PQtransactionStatus(connection) }

    func cancelKey() -> CancelKey? { unsafe PQgetCancel(connection).map { unsafe CancelKey(owning: $0) } }

    /// The simple protocol: text, of one or more statements.
    func script(_ text: String) throws(PostgresError) -> Reply {
        traffic.add(statements: 1)
        return unsafe try check(PQexec(connection, text))
    }

    func prepare(_ name: String, _ text: String, types: [UInt32]) throws(PostgresError) {
        traffic.add(statements: 0)
        _ = unsafe try check(PQprepare(connection, name, text, Int32(types.count), types))
    }

    /// One statement as it goes to the server: text of the source's own, or what is prepared there under a name.
    enum Statement {
        case text(String)
        case prepared(String, Parameters)
    }

    func run(_ statement: Statement) throws(PostgresError) -> Reply {
        switch statement {
        case .text(let text): return try script(text)
        case .prepared(let name, let parameters):
            traffic.add(statements: 1)
            return unsafe try check(
                withPointers(parameters) { values, lengths, formats in
                    unsafe PQexecPrepared(connection, name, Int32(lengths.count), values, lengths, formats, 1)
                })
        }
    }

    /// Statements in one round trip (libpq 34.5): the replies up to the first that failed, and its error; those after it did
    /// not run. All but the last give few rows, or server and client would wait for each other to read.
    func run(_ statements: [Statement]) -> (replies: [Reply], failure: PostgresError?) {
        guard unsafe PQenterPipelineMode(connection) == 1 else { return ([], .connection(.lost)) }
        defer { unsafe PQexitPipelineMode(connection) }  // where it cannot, the connection counts as broken
        let sent = statements.prefix { send($0) }.count
        traffic.add(statements: sent)
        guard unsafe PQpipelineSync(connection) == 1 else { return ([], .connection(.lost)) }
        var replies: [Reply] = []
        var failure: PostgresError? = sent == statements.count ? nil : .connection(.lost)
        for _ in 0..<sent {
            do throws(PostgresError) {
                unsafe replies.append(try check(PQgetResult(connection)))
            } catch {
                failure = failure ?? error
            }
            unsafe PQclear(PQgetResult(connection))  // none: the end of this one's results
        }
        unsafe PQclear(PQgetResult(connection))  // the end of the pipeline
        return (replies, failure)
    }

    private func send(_ statement: Statement) -> Bool {
        switch statement {
        case .text(let text): unsafe PQsendQueryParams(connection, text, 0, nil, nil, nil, nil, 1) == 1
        case .prepared(let name, let parameters):
            unsafe withPointers(parameters) { values, lengths, formats in
                unsafe PQsendQueryPrepared(connection, name, Int32(lengths.count), values, lengths, formats, 1) == 1
            }
        }
    }

    /// Runs a statement that will not come again.
    func runOnce(_ text: String, _ parameters: Parameters) throws(PostgresError) -> Reply {
        traffic.add(statements: 1)
        return unsafe try check(
            withPointers(parameters) { values, lengths, formats in
                unsafe PQexecParams(
                    connection, text, Int32(lengths.count), parameters.types, values, lengths, formats, 1)
            })
    }

    /// The next row of a running COPY TO STDOUT, as it is; nil at its end.
    func copiedRow() throws(PostgresError) -> [UInt8]? {
        var buffer: UnsafeMutablePointer<CChar>?
        let length = unsafe PQgetCopyData(connection, &buffer, 0)
        defer { unsafe PQfreemem(buffer) }
        if length > 0, let start = unsafe buffer {
            return unsafe Array(UnsafeRawBufferPointer(start: start, count: Int(length)))
        }
        _ = try ended()
        if length == -2 { throw .connection(.lost) }
        return nil
    }

    /// Sends the whole of a COPY FROM STDIN; the number of rows that were taken.
    func copyIn(_ text: String, _ bytes: [UInt8]) throws(PostgresError) -> Int {
        traffic.add(roundTrips: 2, statements: 1)
        _ = unsafe try check(PQexecParams(connection, text, 0, nil, nil, nil, nil, 1))
        let isSent = unsafe bytes.withUnsafeBytes { bytes in
            unsafe PQputCopyData(
                connection, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(bytes.count)) == 1
        }
        guard isSent, unsafe PQputCopyEnd(connection, nil) == 1 else {
            _ = try ended()
            throw .connection(.lost)
        }
        return try ended()
    }

    /// Hears a COPY out; the rows of its last part.
    private func ended() throws(PostgresError) -> Int {
        var last = unsafe PQgetResult(connection)
        var failure: PostgresError?
        var affected = 0
        while let result = unsafe last {
            do { affected = unsafe try check(result).affected } catch { failure = failure ?? error }
            unsafe last = unsafe PQgetResult(connection)
        }
        if let failure { throw failure }
        return affected
    }

    /// Notifications that have come, after reading what the socket holds.
    func notifications() throws(PostgresError) -> [(channel: String, payload: String)] {
        guard unsafe PQconsumeInput(connection) == 1, !isLost else { throw .connection(.lost) }
        var heard: [(channel: String, payload: String)] = []
        while let notification = unsafe PQnotifies(connection) {
            unsafe heard.append(
                (String(cString: notification.pointee.relname), String(cString: notification.pointee.extra)))
            unsafe PQfreemem(notification)
        }
        return heard
    }

    private func check(_ result: OpaquePointer?) throws(PostgresError) -> Reply {
        guard let result = unsafe result else { throw .connection(.lost) }
        let reply = unsafe Reply(owning: result)
        switch reply.status {
        case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY, PGRES_COPY_OUT, PGRES_COPY_IN: return reply
        default:
            if isLost { throw .connection(.lost) }
            throw .server(reply.state ?? .unknown, constraint: reply.constraint)
        }
    }

    private func withPointers<Result>(
        _ parameters: Parameters,
        _ body: (UnsafePointer<UnsafePointer<CChar>?>, [Int32], [Int32]) -> Result
    ) -> Result {
        unsafe parameters.bytes.withUnsafeBytes { bytes in
            let start = unsafe bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
            let values = unsafe parameters.entries.map { entry in
                unsafe entry.length == nil ? nil : start.map { unsafe $0 + entry.start }
            }
            let lengths = parameters.entries.map { Int32($0.length ?? 0) }
            return unsafe body(values, lengths, [Int32](repeating: 1, count: lengths.count))
        }
    }
}

/// Stops what a connection runs, from any thread.
///
/// Unchecked, because PQcancel only reads the PGcancel and may be called from any thread (libpq, 34.7).
@safe
final class CancelKey: @unchecked Sendable {
    private let key: OpaquePointer

    init(owning key: OpaquePointer) { unsafe self.key = unsafe key }
    deinit { unsafe PQfreeCancel(key) }

    /// Blocks until the server has been told.
    func send() {
        var reason = [CChar](repeating: 0, count: 256)
        _ = unsafe PQcancel(key, &reason, Int32(reason.count))
    }
}

extension ConnectionFault {
    /// Before there is a connection libpq gives no SQLSTATE, only a sentence; of it no more than this is kept.
    fileprivate init(libpq message: String) {
        let signs: [(String, ConnectionFault)] = [
            ("authentication failed", .authentication), ("no password supplied", .authentication),
            ("no pg_hba.conf entry", .authentication), ("too many clients", .tooMany),
            ("remaining connection slots", .tooMany), ("too many connections", .tooMany),
            ("starting up", .starting), ("shutting down", .starting), ("recovery mode", .starting),
            ("could not translate host name", .noSuchHost), ("timeout expired", .timeout), ("SSL", .encryption),
            ("certificate", .encryption), ("Connection refused", .refused), ("No such file", .refused),
        ]
        if let (_, fault) = signs.first(where: { message.contains($0.0) }) {
            self = fault
        } else if message.contains("does not exist") {
            self = message.contains("role \"") ? .noSuchRole : .noSuchDatabase
        } else {
            self = .unreachable
        }
    }
}
