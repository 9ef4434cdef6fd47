import Postgres

extension Failure {
    /// The job's own failure; throws the error on when it is not the job's but the database's or the lane's, so that the
    /// whole batch rolls back and nothing is counted against the job. A job that was alone and whose statement was given
    /// up for its time, a lock or the server's resources is counted at last: what always fails so must not be tried
    /// without end. Its waits are long, because it may be the server that is ill.
    init(of error: any Error, alone job: Job? = nil) throws {
        if let job, case .server(let state, _) = error as? PostgresError, Self.givesUp(state) {
            self.init(
                code: state == .queryCanceled
                    ? "statement-timeout"
                    : state == .lockNotAvailable
                        ? "lock-timeout"
                        : "database-resources",
                kind: .transient, stage: "database", retryAfter: Self.databaseWaits[min(Int(job.attempts), 5)])
            return
        }
        switch error {
        case let failure as Failure: self = failure
        case is CancellationError: throw error
        case is QueueError: throw error
        case let error as PostgresError:
            guard let failure = Failure(refusedBy: error) else { throw error }
            self = failure
        default: self = Failure(code: "unexpected", kind: .permanent, stage: "work")
        }
    }

    private static func givesUp(_ state: SQLState) -> Bool {
        state == .queryCanceled || state == .lockNotAvailable || state.rawValue.hasPrefix("53")
    }

    private static let databaseWaits: [Duration] = [
        .seconds(2), .seconds(10), .seconds(30), .seconds(120), .seconds(300), .seconds(900),
    ]

    /// Nil for trouble of the database itself: connection, resources, shutdown, deadlock.
    private init?(refusedBy error: PostgresError) {
        if case .decoding = error {
            self.init(code: "unreadable-record", kind: .permanent, stage: "record")
            return
        }
        if error == .missed {
            self.init(code: "stale", kind: .transient, stage: "record")
            return
        }
        guard case .server(let state, _) = error else { return nil }
        switch state.rawValue.prefix(2) {
        case "40", "08", "53", "55", "57", "58", "25": return nil
        case "23": self.init(code: "constraint", kind: .transient, stage: "record")
        default: self.init(code: "database-refused", kind: .permanent, stage: "record")
        }
    }

    /// A label for logs and metrics: never text from a message or a server.
    package static func code(of error: any Error) -> String {
        switch error {
        case let failure as Failure: failure.code
        case .server(let state, _) as PostgresError: "sqlstate-\(state.rawValue)"
        case .commitUnknown as PostgresError: "commit-unknown"
        case .missed as PostgresError: "stale"
        case is PostgresError: "database-away"
        case is QueueError: "lane-lost"
        case is CancellationError: "cancelled"
        default: "unexpected"
        }
    }
}

/// Runs a write that must outlive the cancellation of its task: the effect has happened and only its record is missing.
package func finishing<T: Sendable>(_ body: @escaping @Sendable () async throws -> T) async throws -> T {
    try await Task { try await body() }.value
}
