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

    /// Work that ends in our own database: decides and writes the jobs of one commit. An error rolls the commit back: the
    /// batch is halved until the job that fails is alone.
    package typealias Batch = @Sendable (JobBatch, Transaction) async throws -> BatchResult

    /// Work of one job that does its own reading and writing in the commit.
    package typealias Within = @Sendable (Job, Transaction) async throws -> Done

    /// Work that calls outside: no transaction is open meanwhile; jobs of different keys run side by side. A `Failure` that
    /// it throws is the other side's; any other error is our own trouble.
    package typealias Outside = @Sendable (Job) async throws -> Ending

    /// Reads at once what the jobs of a look need, then gives the call that each of them is.
    package typealias Gather = @Sendable ([Job]) async throws -> Outside

    package enum Work: Sendable {
        case batches(Batch)
        case calls(atOnce: Int, Gather)

        package static func within(_ work: @escaping Within) -> Work {
            .batches { batch, transaction in try await batch.each { try await work($0, transaction) } }
        }

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
    /// The least time between the beginnings of two batches that are not full. A job that comes alone waits for nothing; in
    /// a steady trickle a few come together, where each alone would cost several times as much.
    let pace: Duration
    /// Called in the commit that notes a failed attempt, so that the job's owner can note it too.
    let onFailure: (@Sendable (Job, Failure, Transaction) async throws -> Void)?

    package init(
        _ queues: Queues, retry: RetrySchedule = .local, batch: Int? = nil, pace: Duration = .zero,
        onFailure: (@Sendable (Job, Failure, Transaction) async throws -> Void)? = nil, work: Work
    ) {
        self.queues = queues
        self.retry = retry
        self.batch = batch
        self.pace = pace
        self.work = work
        self.onFailure = onFailure
    }
}

/// What a job within the database leaves to be done after its commit.
package struct Done: Sendable {
    /// Queues that it put jobs into, to ring for.
    package var rings: Set<String>

    package init(rings: Set<String> = []) {
        self.rings = rings
    }
}
