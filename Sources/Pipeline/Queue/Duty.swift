package import Postgres

/// What a crew does with the jobs of a queue.
package struct Duty: Sendable {
    package enum Queues: Sendable {
        case named(String)
        /// Every queue whose name begins so; queues made later are found by themselves.
        case prefixed(String)

        func include(_ name: String) -> Bool {
            switch self {
            case .named(let own): name == own
            case .prefixed(let start): name.hasPrefix(start)
            }
        }
    }

    /// Work that ends in our own database: many jobs one commit, each under its savepoint.
    package typealias Within = @Sendable (Job, Transaction) async throws -> Done

    /// What an outside call leaves to be written with the job's end.
    package typealias Ending = @Sendable (Transaction) async throws -> Void

    /// Work that calls outside: no transaction is open meanwhile; jobs of different keys run side by side. Throws
    /// `Failure`.
    package typealias Outside = @Sendable (Job) async throws -> Ending

    package enum Work: Sendable {
        /// Up to `atOnce` commits side by side, each of lanes of its own: one runs while another waits for a statement.
        case within(atOnce: Int = 1, Within)
        case outside(atOnce: Int, Outside)
    }

    let queues: Queues
    let retry: RetrySchedule
    let work: Work
    /// How many jobs one commit takes; nil leaves it to the crew.
    let batch: Int?
    /// Called in the commit that notes a failed attempt, so that the job's owner can note it too.
    let onFailure: (@Sendable (Job, Failure, Transaction) async throws -> Void)?

    package init(
        _ queues: Queues, retry: RetrySchedule = .local, batch: Int? = nil,
        onFailure: (@Sendable (Job, Failure, Transaction) async throws -> Void)? = nil, work: Work
    ) {
        self.queues = queues
        self.retry = retry
        self.batch = batch
        self.work = work
        self.onFailure = onFailure
    }
}

/// What a job within the database leaves to be done with its commit.
package struct Done: Sendable {
    /// Queues that it put jobs into, to ring for after the commit.
    package var rings: Set<String>
    /// Statements on rows that others wait for, such as a practice's counter.
    package var last: [Last]

    package init(rings: Set<String> = [], last: [Last] = []) {
        self.rings = rings
        self.last = last
    }
}

/// A statement that must come at the end of a commit: it locks a row that other commits want. All of a batch run in the
/// order of their names, so that two commits never wait for each other crosswise.
package struct Last: Sendable {
    package let name: String
    /// Of several with one name only the first runs.
    package let once: Bool
    package let body: @Sendable (Transaction) async throws -> Void

    package init(name: String, once: Bool = false, body: @escaping @Sendable (Transaction) async throws -> Void) {
        self.name = name
        self.once = once
        self.body = body
    }
}
