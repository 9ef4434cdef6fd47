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

    /// Reads at once what the jobs of a commit need, then gives the work that each of them is.
    package typealias Batch = @Sendable ([Job], Transaction) async throws -> Within

    /// Work that calls outside: no transaction is open meanwhile; jobs of different keys run side by side. A `Failure` that
    /// it throws is the other side's; any other error is our own trouble.
    package typealias Outside = @Sendable (Job) async throws -> Ending

    /// Reads at once what the jobs of a look need, then gives the call that each of them is.
    package typealias Gather = @Sendable ([Job]) async throws -> Outside

    package enum Work: Sendable {
        case batches(Batch)
        case calls(atOnce: Int, Gather)

        package static func within(_ work: @escaping Within) -> Work { .batches { _, _ in work } }

        /// Calls that have nothing to read together.
        package static func outside(atOnce: Int, _ work: @escaping Outside) -> Work {
            .calls(atOnce: atOnce) { _ in work }
        }
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

/// A statement that comes at the end of a commit, once for all jobs of the batch that left one under its name: because it
/// locks a row that other commits want, or because one round trip does for many. They run in the order of their names, so
/// that two commits never wait for each other crosswise.
package struct Last: Sendable {
    let name: String
    let value: any Sendable
    let body: @Sendable ([any Sendable], Transaction) async throws -> Void

    /// - Parameters:
    ///   - value: this job's part.
    ///   - body: is given the parts of all jobs, in their order.
    package init<Value: Sendable>(
        _ name: String, _ value: Value, body: @escaping @Sendable ([Value], Transaction) async throws -> Void
    ) {
        self.name = name
        self.value = value
        self.body = { values, transaction in try await body(values.compactMap { $0 as? Value }, transaction) }
    }

    /// Runs what the jobs of a commit left.
    static func run(_ left: [Last], in transaction: Transaction) async throws {
        for (_, alike) in Dictionary(grouping: left, by: \.name).sorted(by: { $0.key < $1.key }) {
            try await alike.first?.body(alike.map(\.value), transaction)
        }
    }
}
