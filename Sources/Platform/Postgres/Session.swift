import CLibPQ
import Glibc
import Synchronization

/// A connection to the database, with a thread of its own on which libpq blocks.
///
/// One statement runs at a time, in the order of the calls. A cancelled task's statement is stopped on the server. The
/// connection and the thread end with the session's last reference; `close` ends the connection sooner.
package actor Session {
    private nonisolated let thread: SessionThread
    /// For whoever holds the session over several statements.
    nonisolated let guests: SessionThread.Guests
    private nonisolated let life: Life
    private let configuration: Configuration
    private var wire: Wire?
    private var cancelKey: CancelKey?
    private var statements = StatementCache()
    private var transactions = 0
    private var openTransaction: Int?
    /// What goes out with the open transaction's next statement; whatever is not prepared sends it first.
    private var waiting: [Outgoing] = []
    /// A statement did not find its rows: the transaction goes no further.
    private var hasMissed = false
    private var cursors = 0

    private struct Outgoing {
        let statement: Wire.Statement
        /// How many rows it has to change; nil for any number.
        var rows: Int?
        /// The server had planned it before, perhaps for tables that have changed.
        var isKept = false
    }

    /// What others may know of a session without waiting for its thread.
    private final class Life: Sendable {
        let isBroken = Atomic(false)
        let socket = Atomic<Int32>(-1)
    }

    package nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe thread.asUnownedSerialExecutor() }

    /// Connects, and applies the configuration's role and timeouts. Not stopped by cancellation, but by its
    /// `connectTimeout`.
    package static func connect(_ configuration: Configuration) async throws(PostgresError) -> Session {
        guard let thread = SessionThread.start() else { throw .connection(.noThread) }
        let session = Session(configuration, thread)
        try await session.open()
        return session
    }

    private init(_ configuration: Configuration, _ thread: SessionThread) {
        self.configuration = configuration
        self.thread = thread
        guests = SessionThread.Guests(thread)
        life = Life()
    }

    deinit { thread.finish() }

    private func open() throws(PostgresError) {
        let wire = try Wire(configuration)
        cancelKey = wire.cancelKey()
        life.socket.store(wire.socket, ordering: .releasing)
        self.wire = wire
    }

    package func close() {
        life.isBroken.store(true, ordering: .releasing)
        wire = nil
        cancelKey = nil
    }

    // MARK: Statements

    /// The rows of a statement, which is prepared and kept under its text.
    @discardableResult
    package func query(_ sql: SQL) async throws(PostgresError) -> [Row] {
        try await cancellable { session throws(PostgresError) in try session.prepared(sql).rows }
    }

    /// Runs a statement for its effect; the number of rows that it changed or gave.
    @discardableResult
    package func execute(_ sql: SQL) async throws(PostgresError) -> Int {
        try await cancellable { session throws(PostgresError) in try session.prepared(sql).affected }
    }

    /// Runs text of one or more statements by the simple protocol, in one implicit transaction unless it says BEGIN.
    package func script(_ text: String) async throws(PostgresError) {
        try await cancellable { session throws(PostgresError) in
            try session.sendWaiting()
            _ = try session.connected().script(text)
            session.statements.markStale()  // the text may have said DEALLOCATE or DISCARD
        }
    }

    /// Hands over each row of `COPY ... TO STDOUT`, as the server sends it, on the session's thread.
    package func copyOut(
        _ sql: SQL, each: @escaping @Sendable ([UInt8]) -> Void
    ) async throws(PostgresError) {
        try await cancellable { session throws(PostgresError) in
            try session.sendWaiting()
            let wire = try session.connected()
            _ = try wire.runOnce(sql.text, sql.parameters)
            while let row = try wire.copiedRow() { each(row) }
        }
    }

    /// Sends rows to `COPY ... FROM STDIN (FORMAT binary)`, in a transaction of its own; the number that was taken.
    @discardableResult
    package func copyIn(_ sql: SQL, _ rows: CopyRows) async throws(PostgresError) -> Int {
        try await cancellable { session throws(PostgresError) in
            try session.sendWaiting()
            return try session.connected().copyIn(sql.text, rows.stream)
        }
    }

    func copyIn(_ sql: SQL, _ rows: CopyRows, in transaction: Int) async throws(PostgresError) -> Int {
        try await cancellable { session throws(PostgresError) in
            try session.check(transaction)
            try session.sendWaiting()
            return try session.connected().copyIn(sql.text, rows.stream)
        }
    }

    // MARK: Transactions

    /// Runs `body` and commits; any error rolls back and is thrown on. For what needs one and the same session before
    /// and after: a temporary table. Never run again by itself.
    package nonisolated func transaction<Value>(
        isolation: Isolation = .readCommitted, _ body: (Transaction) async throws -> Value
    ) async throws -> Value {
        let number = try await begin(isolation)
        do {
            let value = try await body(Transaction(session: self, number: number))
            try await commit(number)
            return value
        } catch {
            await rollback()
            throw error
        }
    }

    /// Begins a transaction, with its first statement; its number goes with each of them, so that none runs after its end.
    func begin(_ isolation: Isolation) throws(PostgresError) -> Int {
        guard openTransaction == nil else { throw .closed }
        _ = try connected()
        waiting = [Outgoing(statement: .text("BEGIN ISOLATION LEVEL \(isolation.rawValue)"))]
        hasMissed = false
        transactions += 1
        openTransaction = transactions
        return transactions
    }

    /// Commits, with what waits. Not stopped by cancellation: a COMMIT that is under way is better heard out.
    func commit(_ transaction: Int) throws(PostgresError) {
        try check(transaction)
        defer { openTransaction = nil }
        // What has to be counted is heard before COMMIT is sent.
        if waiting.contains(where: { $0.rows != nil }) { try sendWaiting() }
        if try connected().transaction == PQTRANS_IDLE, waiting.count == 1 {
            waiting = []  // begun, and nothing said
            return
        }
        do throws(PostgresError) {
            let reply = try guarded { _ throws(PostgresError) in try send(Outgoing(statement: .text("COMMIT"))) }
            guard reply.command == "COMMIT" else { throw .server(.inFailedTransaction, constraint: nil) }
        } catch {
            if case .connection = error { throw .commitUnknown }
            throw error
        }
    }

    /// Ends whatever transaction is open. Not stopped by cancellation; a failure leaves the session broken.
    func rollback() {
        openTransaction = nil
        waiting = []
        guard let wire, wire.transaction != PQTRANS_IDLE else { return }
        do { _ = try guarded { wire throws(PostgresError) in try wire.script("ROLLBACK") } } catch { close() }
    }

    /// Runs one of a transaction's statements. Kept under its text unless it is one that will not come again.
    func run(_ sql: SQL, in transaction: Int, once: Bool = false) async throws(PostgresError) -> Reply {
        try await cancellable { session throws(PostgresError) in
            try session.check(transaction)
            guard once else { return try session.prepared(sql) }
            try session.sendWaiting()
            return try session.connected().runOnce(sql.text, sql.parameters)
        }
    }

    /// Runs several of a transaction's statements in one round trip, with what waits before them.
    func run(together statements: [SQL], in transaction: Int) async throws(PostgresError) -> [Reply] {
        try await cancellable { session throws(PostgresError) in
            try session.check(transaction)
            var outgoing: [Outgoing] = []
            for sql in statements { outgoing.append(try session.outgoing(sql)) }
            guard let last = outgoing.popLast() else { return [] }
            let before = session.waiting.count
            session.waiting += outgoing
            return Array(try session.sendAll(last).dropFirst(before))
        }
    }

    /// Leaves a statement to go out with the next one.
    func later(_ sql: SQL, rows: Int?, in transaction: Int) async throws(PostgresError) {
        try await cancellable { session throws(PostgresError) in
            try session.check(transaction)
            var statement = try session.outgoing(sql)
            statement.rows = rows
            session.waiting.append(statement)
        }
    }

    /// A transaction's own text, which cancellation does not stop.
    func keep(_ text: String, in transaction: Int) throws(PostgresError) {
        try check(transaction)
        try sendWaiting()
        _ = try guarded { wire throws(PostgresError) in try wire.script(text) }
    }

    func newCursorName(in transaction: Int) throws(PostgresError) -> String {
        try check(transaction)
        cursors += 1
        return "c\(cursors)"
    }

    private func check(_ transaction: Int) throws(PostgresError) {
        guard openTransaction == transaction else { throw .closed }
        if hasMissed { throw .missed }
        // Where BEGIN itself failed, what follows would commit by itself.
        let state = try connected().transaction
        guard state != PQTRANS_IDLE || !waiting.isEmpty else {
            throw .server(.inFailedTransaction, constraint: nil)
        }
    }

    // MARK: Life

    /// Whether the session may serve another caller. Only whoever holds the session alone may ask.
    nonisolated var isBroken: Bool { life.isBroken.load(ordering: .acquiring) }

    /// Whether the idle connection's socket has something to read, which means its end more often than not. Costs one
    /// system call and no change of thread. Only whoever holds the session alone may ask.
    nonisolated var hasNews: Bool {
        var descriptor = pollfd(fd: life.socket.load(ordering: .acquiring), events: Int16(POLLIN), revents: 0)
        return unsafe poll(&descriptor, 1, 0) != 0
    }

    /// Waits for the socket, the wake-up descriptor or the time, then gives what was notified.
    func notifications(
        wake: Int32, within patience: Duration
    ) throws(PostgresError) -> [(channel: String, payload: String)] {
        try guarded { wire throws(PostgresError) in
            let already = try wire.notifications()
            guard already.isEmpty else { return already }
            var descriptors = [
                pollfd(fd: wire.socket, events: Int16(POLLIN), revents: 0),
                pollfd(fd: wake, events: Int16(POLLIN), revents: 0),
            ]
            _ = unsafe poll(&descriptors, 2, Int32(clamping: patience.milliseconds))
            return try wire.notifications()
        }
    }

    // MARK: The seam

    private func connected() throws(PostgresError) -> Wire {
        guard let wire else { throw .closed }
        return wire
    }

    /// Notes a lost connection.
    private func guarded<Result>(
        _ body: (Wire) throws(PostgresError) -> Result
    ) throws(PostgresError) -> Result {
        let wire = try connected()
        defer { if wire.isBroken { life.isBroken.store(true, ordering: .releasing) } }
        return try body(wire)
    }

    private func cancellable<Value: Sendable>(
        _ body: (isolated Session) throws(PostgresError) -> Value
    ) async throws(PostgresError) -> Value {
        let run = StatementRun(key: cancelKey)
        let result: Result<Value, PostgresError> = await withTaskCancellationHandler {
            guard !Task.isCancelled, run.begin() else { return .failure(.cancelled) }
            return Result { () throws(PostgresError) in
                try guarded { _ throws(PostgresError) in try body(self) }
            }
        } onCancel: {
            run.stop()
        }
        guard run.end() else { return try result.get() }
        if case .failure(.server(.queryCanceled, _)) = result { throw .cancelled }
        // The stop came after the statement's end: an empty statement takes it, so that the next one does not.
        if wire?.isBroken == false { _ = try? wire?.script("") }
        return try result.get()
    }

    /// Runs a statement that is kept on the server under its text and types. When its plan no longer fits (after DDL)
    /// everything kept is forgotten; outside a transaction it is tried once more, planned anew.
    private func prepared(_ sql: SQL) throws(PostgresError) -> Reply {
        let state = try connected().transaction
        let idle = openTransaction == nil && state == PQTRANS_IDLE
        if idle, statements.isStale { try forgetStatements() }
        do throws(PostgresError) {
            return try send(outgoing(sql))
        } catch {
            guard idle, error == .stalePlan else { throw error }
            try forgetStatements()
            return try send(outgoing(sql))
        }
    }

    private func forgetStatements() throws(PostgresError) {
        _ = try connected().script("DEALLOCATE ALL")
        statements.removeAll()
    }

    /// The statement under the name by which the server keeps it, from now on where it did not.
    private func outgoing(_ sql: SQL) throws(PostgresError) -> Outgoing {
        let key = StatementCache.Key(text: sql.text, types: sql.parameters.types)
        if let known = statements.name(of: key) {
            return Outgoing(statement: .prepared(known, sql.parameters), isKept: true)
        }
        try sendWaiting()  // it may make what this one speaks of, or be what makes room
        let wire = try connected()
        if let evicted = statements.evict(), wire.transaction != PQTRANS_INERROR {
            _ = try wire.script("DEALLOCATE \(evicted)")
        }
        let name = statements.newName()
        try wire.prepare(name, key.text, types: key.types)
        statements.keep(key, name)
        return Outgoing(statement: .prepared(name, sql.parameters))
    }

    /// Sends a statement, and what waits before it in the same round trip; its reply. Throws `stalePlan` where a plan of
    /// the server's no longer fits.
    @discardableResult
    private func send(_ statement: Outgoing) throws(PostgresError) -> Reply {
        guard let reply = try sendAll(statement).last else { preconditionFailure("one statement has one reply") }
        return reply
    }

    /// As `send`; the replies of all that went out, what waited first.
    private func sendAll(_ statement: Outgoing) throws(PostgresError) -> [Reply] {
        let wire = try connected()
        let together = waiting + [statement]
        waiting = []
        do throws(PostgresError) {
            if together.count == 1, statement.rows == nil { return [try wire.run(statement.statement)] }
            let (replies, failure) = wire.run(together.map(\.statement))
            for (one, reply) in zip(together, replies) {
                guard let rows = one.rows, reply.affected != rows else { continue }
                hasMissed = true
                throw .missed
            }
            if let failure { throw failure }
            return replies
        } catch {
            guard case .server(let state, _) = error, together.contains(where: \.isKept),
                state == .noSuchStatement || state == .featureNotSupported
            else { throw error }
            statements.markStale()
            throw .stalePlan
        }
    }

    private func sendWaiting() throws(PostgresError) {
        guard let last = waiting.popLast() else { return }
        try guarded { _ throws(PostgresError) in _ = try send(last) }
    }
}

package enum Isolation: String, Sendable {
    case readCommitted = "READ COMMITTED"
    case repeatableRead = "REPEATABLE READ"
    case serializable = "SERIALIZABLE"
}
