package import Logging
import Synchronization

/// A fixed number of sessions, lent to whoever asks in the order of asking.
///
/// There are as many turns as sessions. Who has a turn takes an idle session or makes one; a lost or aged one is let go
/// and the turn passes on. Connecting is tried again with growing pauses until the asker's deadline.
package final class Pool: Sendable {
    package let configuration: Configuration
    private let size: Int
    private let acquisitionTimeout: Duration
    private let maximumAge: Duration
    private let logger: Logger
    private let state: Mutex<State>

    private struct Lease: Sendable {
        let session: Session
        let bornAt: ContinuousClock.Instant
    }

    private struct Waiter: Sendable {
        let id: Int
        let continuation: CheckedContinuation<Result<Void, PostgresError>, Never>
    }

    private struct State: Sendable {
        var turns: Int
        var waiters: [Waiter] = []
        var lastWaiter = 0
        var idle: [Lease] = []
        var isClosed = false
        var failures = 0
        var connectAfter: ContinuousClock.Instant?
    }

    /// - Parameters:
    ///   - acquisitionTimeout: how long an asker waits for a turn and a connection together.
    ///   - maximumAge: when a session is let go at its return, so that servers and roles can change under it.
    package init(
        _ configuration: Configuration, size: Int, acquisitionTimeout: Duration = .seconds(10),
        maximumAge: Duration = .seconds(1_800), logger: Logger = Logger(label: "postgres")
    ) {
        precondition(size > 0, "a pool has at least one session")
        self.configuration = configuration
        self.size = size
        self.acquisitionTimeout = acquisitionTimeout
        self.maximumAge = maximumAge
        self.logger = logger
        state = Mutex(State(turns: size))
    }

    /// One statement, by itself. Never repeated: where the connection is lost it may have happened.
    @discardableResult
    package func query(_ sql: SQL) async throws(PostgresError) -> [Row] {
        let lease = try await acquire()
        defer { release(lease) }
        return try await lease.session.query(sql)
    }

    /// One statement, by itself, for its effect; the number of rows.
    @discardableResult
    package func execute(_ sql: SQL) async throws(PostgresError) -> Int {
        let lease = try await acquire()
        defer { release(lease) }
        return try await lease.session.execute(sql)
    }

    /// Lends a session; a transaction that is left open is rolled back.
    @discardableResult
    package func withSession<Value>(_ body: (Session) async throws -> Value) async throws -> Value {
        let lease = try await acquire()
        do {
            let value = try await withTaskExecutorPreference(lease.session.guests) { try await body(lease.session) }
            await lease.session.rollback()
            release(lease)
            return value
        } catch {
            await lease.session.rollback()
            release(lease)
            throw error
        }
    }

    /// Runs `body` and commits; any error rolls back and is thrown on.
    ///
    /// A serialization failure, a deadlock or a stale plan runs `body` again, at most five times in all, so it must not
    /// act on anything but the transaction. A COMMIT whose answer was lost throws `commitUnknown`. `body` runs on the
    /// session's own thread where no actor says otherwise: a change of thread for each statement cost more than most
    /// statements.
    @discardableResult
    package func transaction<Value>(
        isolation: Isolation = .readCommitted, _ body: (Transaction) async throws -> Value
    ) async throws -> Value {
        var attempt = 1
        while true {
            do {
                return try await once(isolation, body)
            } catch let error as PostgresError where error.isRolledBackByChance && attempt < 5 {
                logger.debug("A transaction runs again", metadata: ["postgres.attempt": "\(attempt)"])
                try await Task.sleep(for: Backoff(base: .milliseconds(5)).pause(after: attempt))
                attempt += 1
            }
        }
    }

    private func once<Value>(
        _ isolation: Isolation, _ body: (Transaction) async throws -> Value
    ) async throws -> Value {
        let lease = try await acquire()
        do {
            let value = try await withTaskExecutorPreference(lease.session.guests) {
                let number = try await lease.session.begin(isolation)
                let value = try await body(Transaction(session: lease.session, number: number))
                try await lease.session.commit(number)
                return value
            }
            release(lease)
            return value
        } catch {
            await lease.session.rollback()
            release(lease)
            throw error
        }
    }

    /// Lets the idle sessions go and refuses askers; lent ones go at their return.
    package func close() {
        let (idle, waiters) = state.withLock { state in
            defer {
                state.isClosed = true
                state.idle = []
                state.waiters = []
            }
            return (state.idle, state.waiters)
        }
        for waiter in waiters { waiter.continuation.resume(returning: .failure(.closed)) }
        _ = consume idle
    }

    /// How the pool is used at this moment.
    package struct Load: Sendable, Equatable {
        package let lent: Int
        package let idle: Int
        package let waiting: Int
    }

    package var load: Load {
        state.withLock { Load(lent: size - $0.turns, idle: $0.idle.count, waiting: $0.waiters.count) }
    }

    // MARK: Leases

    private func acquire() async throws(PostgresError) -> Lease {
        let deadline = ContinuousClock.now + acquisitionTimeout
        try await takeTurn(by: deadline)
        do throws(PostgresError) {
            if let lease = idleSession() { return lease }
            return try await connect(by: deadline)
        } catch {
            passTurn()
            throw error
        }
    }

    /// What comes on an idle session is its server's farewell, or rarely a changed setting: not worth telling apart.
    private func idleSession() -> Lease? {
        while let lease = state.withLock({ $0.idle.popLast() }) {
            if !isSpent(lease), !lease.session.hasNews { return lease }
        }
        return nil
    }

    private func isSpent(_ lease: Lease) -> Bool {
        lease.session.isBroken || lease.bornAt.duration(to: .now) > maximumAge
    }

    private func release(_ lease: Lease) {
        if !isSpent(lease) {
            state.withLock { if !$0.isClosed { $0.idle.append(lease) } }
        }
        passTurn()
    }

    private func connect(by deadline: ContinuousClock.Instant) async throws(PostgresError) -> Lease {
        while true {
            if let after = state.withLock({ $0.connectAfter }), after > .now {
                guard after < deadline else { throw .connection(.unreachable) }
                do { try await Task.sleep(until: after, clock: .continuous) } catch { throw .cancelled }
            }
            do throws(PostgresError) {
                let session = try await Session.connect(configuration)
                state.withLock {
                    $0.failures = 0
                    $0.connectAfter = nil
                }
                return Lease(session: session, bornAt: .now)
            } catch {
                guard case .connection(let fault) = error, fault.mayPass, !Task.isCancelled else { throw error }
                let pause = state.withLock { state in
                    state.failures += 1
                    let pause = Backoff(base: .milliseconds(50)).pause(after: state.failures)
                    state.connectAfter = .now + pause
                    return pause
                }
                logger.warning("The database cannot be reached", metadata: ["postgres.fault": "\(fault)"])
                guard ContinuousClock.now + pause < deadline else { throw .connection(fault) }
            }
        }
    }

    // MARK: Turns

    private func takeTurn(by deadline: ContinuousClock.Instant) async throws(PostgresError) {
        let (ready, id): (Result<Void, PostgresError>?, Int) = state.withLock { state in
            state.lastWaiter += 1
            return (Self.turn(in: &state), state.lastWaiter)
        }
        if let ready { return try ready.get() }
        async let _: Void = expire(id, at: deadline)
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let already: Result<Void, PostgresError>? = state.withLock { state in
                    if let turn = Self.turn(in: &state) { return turn }
                    // Asked under the lock: a cancellation or the timer that was too early for it finds no waiter.
                    if Task.isCancelled { return .failure(.cancelled) }
                    if ContinuousClock.now >= deadline { return .failure(.deadline) }
                    state.waiters.append(Waiter(id: id, continuation: continuation))
                    return nil
                }
                if let already { continuation.resume(returning: already) }
            }
        } onCancel: {
            give(up: id, .cancelled)
        }
        try result.get()
    }

    private static func turn(in state: inout State) -> Result<Void, PostgresError>? {
        if state.isClosed { return .failure(.closed) }
        guard state.turns > 0 else { return nil }
        state.turns -= 1
        return .success(())
    }

    private func expire(_ id: Int, at deadline: ContinuousClock.Instant) async {
        do { try await Task.sleep(until: deadline, clock: .continuous) } catch { return }
        give(up: id, .deadline)
    }

    private func give(up id: Int, _ error: PostgresError) {
        let waiter = state.withLock { state in
            state.waiters.firstIndex { $0.id == id }.map { state.waiters.remove(at: $0) }
        }
        waiter?.continuation.resume(returning: .failure(error))
    }

    private func passTurn() {
        let next = state.withLock { state -> Waiter? in
            guard state.waiters.isEmpty else { return state.waiters.removeFirst() }
            state.turns += 1
            return nil
        }
        next?.continuation.resume(returning: .success(()))
    }
}

extension PostgresError {
    /// Rolled back for no fault of its own: the same transaction may be run again at once.
    fileprivate var isRolledBackByChance: Bool {
        switch self {
        case .server(.serializationFailure, _), .server(.deadlock, _), .stalePlan: true
        default: false
        }
    }
}

extension ConnectionFault {
    /// Whether waiting may help; a wrong password or name stays wrong.
    var mayPass: Bool {
        switch self {
        case .url, .authentication, .noSuchDatabase, .noSuchRole, .encryption: false
        case .refused, .noSuchHost, .timeout, .tooMany, .starting, .unreachable, .lost, .noThread: true
        }
    }
}

/// Pauses that double, up to two seconds, each of a random length between half and the whole of it.
struct Backoff {
    let base: Duration
    var longest: Duration = .seconds(2)

    func pause(after failures: Int) -> Duration {
        let whole = min(base * (1 << min(failures - 1, 10)), longest)
        return whole * Double.random(in: 0.5...1)
    }
}
