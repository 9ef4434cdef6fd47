import Postgres

/// The jobs of one commit, in order. Whoever handles them decides them one after the other in memory, then writes what was
/// decided; a job that fails leaves no trace but its failure, and one whose key a failed job holds is set aside.
package struct JobBatch: Sendable {
    package let jobs: [Job]
    /// Keys that something on the rare path holds.
    var held: Set<LaneKey>
    let retry: RetrySchedule
    /// Jobs that failed when the batch was tried before: they are not run again.
    var failures: [Int64: Failure] = [:]

    init(jobs: [Job], held: Set<LaneKey>, retry: RetrySchedule) {
        self.jobs = jobs
        self.held = held
        self.retry = retry
    }

    /// What deciding a job leaves to do.
    package enum Step: Sendable {
        case done
        /// It needs what was not loaded for this batch: the batch ends before it.
        case endsBatch
    }

    /// Decides the jobs in order. A `Failure` is the job's own; any other error is the batch's, and nothing of it is
    /// written.
    package func decide(_ body: (Job) throws -> Step) throws -> BatchResult {
        var pass = Pass(self)
        for job in jobs where pass.mayRun(job) {
            do {
                guard try body(job) == .done else { return pass.result }
                pass.result.finished.append(job)
            } catch let failure as Failure {
                pass.fail(job, failure)
            }
        }
        return pass.result
    }

    /// Jobs that each do their own reading and writing, one after the other. One that fails has written: the batch is tried
    /// again without it.
    package func each(_ body: (Job) async throws -> Done) async throws -> BatchResult {
        var pass = Pass(self)
        for job in jobs where pass.mayRun(job) {
            do {
                pass.result.rings.formUnion(try await body(job).rings)
                pass.result.finished.append(job)
            } catch let failure as Failure {
                throw FailedJob(id: job.id, failure: failure)
            }
        }
        return pass.result
    }

    /// One job after the other: which of them may run, and what became of each.
    private struct Pass {
        var result = BatchResult()
        private var held: Set<LaneKey>
        private let batch: JobBatch

        init(_ batch: JobBatch) {
            self.batch = batch
            held = batch.held
        }

        mutating func mayRun(_ job: Job) -> Bool {
            if !job.wasBlocked && held.contains(LaneKey(job)) {
                result.aside.append(job)
                return false
            }
            if let failure = batch.failures[job.id] {
                fail(job, failure)
                return false
            }
            return true
        }

        mutating func fail(_ job: Job, _ failure: Failure) {
            let setback = Setback(failure, of: job, batch.retry)
            if setback.failure.holdsKey { held.insert(LaneKey(job)) }
            result.failed.append((job, setback))
        }
    }

    /// The first of them; the others are left to the next batch.
    package func prefix(_ count: Int) -> JobBatch { with(Array(jobs.prefix(count))) }

    /// One half of them, which is decided before the other.
    func halves() -> (JobBatch, JobBatch) {
        let middle = jobs.count / 2
        return (prefix(middle), with(Array(jobs[middle...])))
    }

    private func with(_ jobs: [Job]) -> JobBatch {
        var batch = JobBatch(jobs: jobs, held: held, retry: retry)
        batch.failures = failures
        return batch
    }
}

/// A job that failed after it had begun to write.
struct FailedJob: Error {
    let id: Int64
    let failure: Failure
}

/// What became of the jobs of a batch; of those that are not named nothing: they are in the next.
package struct BatchResult: Sendable {
    package internal(set) var finished: [Job] = []
    package internal(set) var failed: [(job: Job, setback: Setback)] = []
    /// Their key is held.
    package internal(set) var aside: [Job] = []
    /// Queues that the batch put jobs into, to ring for after the commit.
    package var rings: Set<String> = []

    package init() {}

    /// All of these ended well.
    package init(finished: [Job], rings: Set<String> = []) {
        self.finished = finished
        self.rings = rings
    }
}

/// Where a failure leaves a job.
package struct Setback: Sendable {
    package let failure: Failure
    /// `retrying`, `parked` or `uncertain`.
    package let state: String
    package let attempts: Int16
    /// When it is tried again, in seconds from now; nil: when a person says so.
    let after: Double?

    init(_ failure: Failure, of job: Job, _ retry: RetrySchedule) {
        var generator = SystemRandomNumberGenerator()
        var failure = failure
        switch failure.kind {
        case .transient:
            attempts = job.attempts + 1
            if let delay = retry.delay(afterAttempt: Int(attempts), using: &generator) {
                (state, after) = ("retrying", max(delay, failure.retryAfter ?? .zero).seconds)
                failure.holdsKey = true
            } else {
                (state, after) = ("parked", nil)
            }
        case .permanent: (state, attempts, after) = ("parked", job.attempts, nil)
        case .ambiguous: (state, attempts, after) = ("uncertain", job.attempts, nil)
        }
        self.failure = failure
    }
}
