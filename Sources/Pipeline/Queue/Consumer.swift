import Foundation
import Logging
import Postgres

/// Works one queue: keeps its share of lanes, fetches, hands jobs to the duty's work, and writes how each ended under
/// the lanes' epochs. Work that ends in our own database is in `ConsumerWithin`, work that calls outside in
/// `ConsumerOutside`, care with jobs that may kill this process in `ConsumerSuspects`.
actor Consumer {
    let queue: QueueName
    let duty: Duty
    let options: Crew.Options
    let membership: Membership
    let pool: Pool
    /// Whose sessions plan once and by index: batches are written with these.
    let writing: Pool
    let fetcher: Fetcher
    let doorbell: Doorbell
    let wakes: Wakes
    let observer: any QueueObserver
    let logger: Logger

    var lanes = Lanes()
    var balancedAt: ContinuousClock.Instant?
    var breaker = Breaker()
    /// The last batch was full, so there is more than one can see at a time.
    var isUnderLoad = false
    /// Keys whose job is taken: it is with the outside, in line for it, or its end is being written.
    var busy: Set<LaneKey> = []
    /// A look passed over keys in hand or found no end, so there is to be another.
    var isAnotherDue = false
    /// Calls that are with the outside now, and those that were taken and wait for a place.
    var calling = 0
    var line: [CallInLine] = []
    var conclusions: [Conclusion] = []
    var isConcluding = false
    var trouble = Trouble()
    /// Lanes whose workers died again and again, and the last job of each that may be why.
    var suspects = Suspects()
    /// A job that may kill this process is in hand, and nothing else is to be.
    var isAlone = false
    /// Nobody but this process works such queues: what it rings for, it need not ring for outside. Whoever joins looks
    /// at the queues first, and polls.
    var isSoleWorker = false
    private var announcedAt: ContinuousClock.Instant?
    var isPaused = false
    var drainsThrough: Int64?

    init(
        queue: QueueName, duty: Duty, options: Crew.Options, membership: Membership, pool: Pool, writing: Pool,
        fetching: Pool,
        doorbell: Doorbell, wakes: Wakes, observer: any QueueObserver, logger: Logger
    ) {
        self.queue = queue
        self.duty = duty
        self.options = options
        self.membership = membership
        self.pool = pool
        self.writing = writing
        fetcher = Fetcher(queue: queue.id, pool: fetching)
        self.doorbell = doorbell
        self.wakes = wakes
        self.observer = observer
        var logger = logger
        logger[metadataKey: "queue"] = "\(queue.name)"
        self.logger = logger
    }

    func run() async {
        let signal = wakes.stream(of: queue.name)
        switch duty.work {
        case .batches(let work): await runWithin(work, signal)
        case .calls(let atOnce, let gather): await runOutside(gather, atOnce: atOnce, signal)
        }
        await giveBack()
    }

    // MARK: Steps that both share

    /// Looks at the lanes; first gives back what waited for a key that nothing holds any more.
    func fetch(_ limit: Int) async throws -> Fetched {
        if isPaused && drainsThrough == nil {
            isUnderLoad = false
            return Fetched()
        }
        let numbers = lanes.next(underLoad: isUnderLoad)
        let look = lanes.epochs.filter { numbers.contains($0.key) }
        var fetched = try await fetcher.look(at: look, busy: busy.map(\.key), limit: limit, through: drainsThrough)
        while fetched.hasFreed {
            try await pool.transaction { transaction in
                try await transaction.execute(Queries.free(self.queue.id, lanes: numbers))
                try await self.fence(look, transaction)
            }
            fetched = try await fetcher.look(at: look, busy: busy.map(\.key), limit: limit, through: drainsThrough)
        }
        isUnderLoad = fetched.jobs.count >= limit
        return fetched
    }

    /// The jobs' ends, and with the last of them the fence.
    func end(
        _ done: [Job], _ aside: [Job], under held: [Int16: Int64], in transaction: Transaction
    ) async throws {
        let blocked = done.filter(\.wasBlocked)
        if !blocked.isEmpty {
            let sql = Queries.finishBlocked(queue.id, lanes: blocked.map(\.lane), ids: blocked.map(\.id))
            guard try await transaction.execute(sql) == blocked.count else { throw QueueError.laneLost }
        }
        if !aside.isEmpty {
            let sql = Queries.setAside(queue.id, lanes: aside.map(\.lane), ids: aside.map(\.id))
            _ = try await transaction.execute(sql)
        }
        let plain = done.filter { !$0.wasBlocked }
        if plain.isEmpty { return try await fence(held, transaction) }
        let lanes = held.sorted { $0.key < $1.key }
        let sql = Queries.finish(
            queue.id, lanes: plain.map(\.lane), ids: plain.map(\.id), worker: await membership.id,
            held: lanes.map(\.key), epochs: lanes.map(\.value))
        let (gone, stillHeld) = try await transaction.query(sql)[0].decode((Int, Int).self)
        guard gone == plain.count, stillHeld == held.count else { throw QueueError.laneLost }
    }

    /// Moves a job to the rare path. `isNoted`: the job's owner notes it too.
    func block(
        _ job: Job, _ setback: Setback, isNoted: Bool = true, _ transaction: Transaction, _ report: inout Report
    ) async throws {
        try await transaction.later(Queries.block(job, setback))
        if isNoted { try await duty.onFailure?(job, setback.failure, transaction) }
        report.failed.append((job, setback.failure, setback.state))
    }

    func block(_ job: Job, _ failure: Failure, _ transaction: Transaction, _ report: inout Report) async throws {
        try await block(job, Setback(failure, of: job, duty.retry), transaction, &report)
    }

    func fence(_ held: [Int16: Int64], _ transaction: Transaction) async throws {
        if held.isEmpty { return }
        let sorted = held.sorted { $0.key < $1.key }
        let sql = Queries.holdLanes(
            queue.id, worker: await membership.id, lanes: sorted.map(\.key), epochs: sorted.map(\.value))
        guard try await transaction.execute(sql) == held.count else { throw QueueError.laneLost }
    }

    func balance() async throws {
        if let balancedAt, ContinuousClock.now - balancedAt < .seconds(1), lanes.count > 0 { return }
        balancedAt = .now
        (isPaused, drainsThrough) = try await fetcher.pause()
        let worker = await membership.id
        // What the table says counts: lanes may have been taken while this process was frozen or cut off.
        let owned = try await pool.query(Queries.ownedLanes(queue.id, worker: worker)).map {
            try $0.decode((Int16, Int64).self)
        }
        lanes.replace(with: owned)
        let workers = try await membership.workers()
        isSoleWorker = workers <= 1
        switch Balance(held: lanes.count, lanes: Int(queue.lanes), workers: workers) {
        case .keep: break
        case .take(let count):
            let taken = try await pool.transaction { transaction in
                try await transaction.query(Queries.takeLanes(self.queue.id, worker: worker, count: Int64(count)))
                    .map { try $0.decode((Int16, Int64, Int16).self) }
            }
            for (lane, epoch, _) in taken { lanes.add(lane, epoch: epoch) }
            for row in try await pool.query(Queries.tried(queue.id, lanes: taken.map(\.0))) {
                suspects.add(try row.decode(Int64.self))
            }
            try await suspect(taken.filter { $0.2 >= Suspects.deaths }.map(\.0))
        case .release(let count):
            let inUse = Set(busy.map(\.lane))
            let spare = Array(lanes.all.filter { !inUse.contains($0) }.suffix(count))
            if spare.isEmpty { return }
            lanes.remove(spare)
            _ = try await pool.execute(Queries.releaseLanes(queue.id, worker: worker, lanes: spare))
        }
    }

    func giveBack() async {
        let held = lanes.all
        lanes.removeAll()
        let (queue, membership, pool) = (queue, membership, pool)
        // Lanes that are not given back are taken over all the same, once this worker is seen to be gone.
        _ = try? await finishing {
            try await pool.execute(Queries.releaseLanes(queue.id, worker: await membership.id, lanes: held))
        }
    }

    func tell(_ report: Report) async {
        for job in report.finished {
            observer.finished(queue: queue.name, kind: job.kind, waited: Date.now.timeIntervalSince(job.enqueuedAt))
        }
        for (job, failure, state) in report.failed {
            observer.failed(queue: queue.name, kind: job.kind, failure: failure, state: state)
            logger.log(
                level: state == "retrying" ? .info : .warning, "A job failed.",
                metadata: [
                    "job.id": "\(job.id)", "job.kind": "\(job.kind)", "job.attempt": "\(job.attempts + 1)",
                    "job.state": "\(state)", "failure.code": "\(failure.code)", "failure.stage": "\(failure.stage)",
                ])
        }
        let others = report.rings.filter {
            !wakes.wake($0) || !isSoleWorker || options.announced.contains($0) && mayAnnounce()
        }
        if !others.isEmpty { await doorbell.ring(others) }
    }

    /// Ten times a second at most: whoever only listens looks by itself as well.
    private func mayAnnounce() -> Bool {
        if let announcedAt, ContinuousClock.now - announcedAt < .milliseconds(100) { return false }
        announcedAt = .now
        return true
    }

    func recover(from error: any Error) async {
        if error as? QueueError == .laneLost {
            lanes.removeAll()
            observer.lostLanes(queue: queue.name)
        }
        logger.warning("A batch was rolled back.", metadata: ["failure.code": "\(Failure.code(of: error))"])
        await wakes.pause(trouble.failed())
    }
}
