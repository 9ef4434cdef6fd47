/// PostgreSQL over libpq: one `Session` a connection, each blocking on a thread of its own; a `Pool` of them, on which
/// a `Transaction` is made; a `Listener` for NOTIFY; a `PrivateCluster` when there is no server. All values go binary
/// both ways and are bound, never spliced. It knows no table of ours, keeps no text of a server's error (a DETAIL line
/// quotes rows), and never repeats a commit whose answer was lost.
package enum PostgresError: Error, Equatable, Sendable {
    /// The server refused a statement. Its message and DETAIL are dropped on purpose.
    case server(SQLState, constraint: String?)
    /// There is no connection, or no longer.
    case connection(ConnectionFault)
    /// COMMIT was sent and no answer came: it may have happened. Look before doing it again.
    case commitUnknown
    /// A statement's cached plan no longer fits its tables, inside a transaction; the next attempt plans anew.
    case stalePlan
    /// A statement changed another number of rows than it had to: another commit was first, or what it names is not there.
    case missed
    /// No session became free in time.
    case deadline
    /// The task was cancelled; a running statement was stopped on the server.
    case cancelled
    /// A result's column is not what was asked for. Columns count from 0.
    case decoding(column: Int, DecodingFault)
    /// A number of columns was asked for that the result does not have.
    case columns(asked: Int, found: Int)
    /// The session, pool or transaction has ended.
    case closed
    /// The private cluster cannot be made or started.
    case cluster(ClusterFault)

    /// Whether the same work may succeed later, unchanged. False where it may already have happened.
    package var isTransient: Bool {
        switch self {
        case .server(let state, _): state.isTransient
        case .connection, .deadline, .stalePlan, .missed: true
        case .commitUnknown, .cancelled, .decoding, .columns, .closed, .cluster: false
        }
    }

    /// Whether the server named this constraint.
    package func violates(_ constraint: String) -> Bool {
        if case .server(_, let named) = self { named == constraint } else { false }
    }
}

extension PostgresError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .server(let state, let constraint):
            "the database refused with SQLSTATE \(state)" + (constraint.map { ", constraint \($0)" } ?? "")
        case .connection(let fault): fault.rawValue
        case .commitUnknown: "the answer to a COMMIT was lost; it may have happened"
        case .stalePlan: "a cached statement no longer fits its tables"
        case .missed: "a statement did not find the rows that it had to change"
        case .deadline: "no database session became free in time"
        case .cancelled: "the statement was cancelled"
        case .decoding(let column, let fault): "column \(column) of a result: \(fault)"
        case .columns(let asked, let found): "\(asked) columns were asked of a result that has \(found)"
        case .closed: "the database session has ended"
        case .cluster(let fault): "\(fault)"
        }
    }
}

/// Why there is no connection, as a fixed sentence: libpq's own text names hosts, users and databases.
package enum ConnectionFault: String, Sendable, CaseIterable {
    case url = "the database URL cannot be read"
    case refused = "nothing listens at the database's address"
    case noSuchHost = "the database's host name is not known"
    case timeout = "the database did not answer in time"
    case authentication = "the database does not accept this user or password"
    case noSuchDatabase = "the database does not exist"
    case noSuchRole = "the database user does not exist"
    case tooMany = "the database has no connection to spare"
    case starting = "the database is starting or stopping"
    case encryption = "the encrypted connection to the database could not be made"
    case unreachable = "the database cannot be reached"
    case lost = "the connection to the database was lost"
    case noThread = "no thread could be made for a database session"
}

package enum DecodingFault: Equatable, Sendable {
    /// The column has another type, named by its OID.
    case type(UInt32)
    case null
    /// The bytes are not a value of the type, or do not fit the Swift type.
    case malformed
}

/// Five characters that say what went wrong (PostgreSQL, appendix A).
package struct SQLState: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }
    private init(_ rawValue: String) { self.rawValue = rawValue }

    package static let serializationFailure = SQLState("40001")
    package static let deadlock = SQLState("40P01")
    package static let uniqueViolation = SQLState("23505")
    package static let foreignKeyViolation = SQLState("23503")
    package static let checkViolation = SQLState("23514")
    package static let exclusionViolation = SQLState("23P01")
    package static let queryCanceled = SQLState("57014")
    package static let lockNotAvailable = SQLState("55P03")
    package static let insufficientPrivilege = SQLState("42501")
    package static let undefinedTable = SQLState("42P01")
    package static let duplicateDatabase = SQLState("42P04")
    static let inFailedTransaction = SQLState("25P02")
    static let noSuchStatement = SQLState("26000")
    static let featureNotSupported = SQLState("0A000")
    static let unknown = SQLState("XX000")

    package var description: String { rawValue }

    /// Connection (08), rollback (40), resources (53), operator (57), system (58), a lock or an idle time out.
    package var isTransient: Bool {
        ["08", "40", "53", "57", "58"].contains(rawValue.prefix(2)) || self == .lockNotAvailable || rawValue == "25P03"
            || self == .noSuchStatement
    }
}
