import Foundation
import Logging
import Postgres

/// Works one queue: keeps its share of lanes, fetches, hands jobs to the duty's work, and writes how each ended under
/// the lanes' epochs.
actor Consumer {
    let queue: QueueName
    let duty: Duty
    let options: Crew.Options
    let membership: Membership
    let pool: Pool
    private let fetcher: Fetcher
    let doorbell: Doorbell
    let wakes: Wakes
    let observer: any QueueObserver
    let logger: Logger

    private var lanes = Lanes()
    private var balancedAt: ContinuousClock.Instant?
    private var breaker = Breaker()
    /// The last batch was full, so there is more than one can see at a time.
    private var isUnderLoad = false
    /// Keys whose job is with the outside now.
    private var busy: Set<LaneKey> = []
    /// Lanes whose jobs a commit under way will end.
    private var inHand: Set<Int16> = []
    private var commits = 0
    /// A look passed over lanes or keys in hand, so there is to be another when they are free.
    private var isAnotherDue = false
    private var conclusions: [Conclusion] = []
    private var isConcluding = false
    private var trouble = Trouble()
    /// Lanes whose workers died again and again, and the last job of each that may be why.
    private var suspects = Suspects()
    /// A job that may kill this process is in hand, and nothing else is to be.
    private var isAlone = false
    private var isPaused = false
    private var drainsThrough: Int64?

    init(
        queue: QueueName, duty: Duty, options: Crew.Options, membership: Membership, pool: Pool, fetching: Pool,
        doorbell: Doorbell, wakes: Wakes, observer: any QueueObserver, logger: Logger
    ) {
        self.queue = queue
        self.duty = duty
        self.options = options
        self.membership = membership
        self.pool = pool
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
        case .within(let atOnce, let work): await runWithin(work, atOnce: atOnce, signal)
        case .outside(let atOnce, let work): await runOutside(work, atOnce: atOnce, signal)
        }
        await giveBack()
    }

    // MARK: Work that ends in our own database

    private func runWithin(_ work: @escaping Duty.Within, atOnce: Int, _ signal: Signal) async {
        await withDiscardingTaskGroup { group in
            while !wakes.isStopping {
                do {
                    try await balance()
                    let isPartial = isUnderLoad
                    let limit = trouble.isFresh ? duty.batch ?? options.batch : 1
                    isAnotherDue = isAnotherDue || commits > 0
                    let fetched = commits < atOnce && !isAlone ? try await fetch(limit) : nil
                    guard let fetched, !fetched.jobs.isEmpty else {
                        // Under load only some lanes were looked at; the next look is at all.
                        if fetched == nil || !isPartial { await signal.next() }
                        continue
                    }
                    guard let (chosen, suspect) = try await choose(fetched, isIdle: commits == 0) else {
                        await signal.next()
                        continue
                    }
                    commits += 1
                    isAlone = suspect != nil
                    inHand.formUnion(chosen.touched.keys)
                    group.addTask { await self.commit(chosen, suspect, work) }
                } catch {
                    await recover(from: error)
                }
            }
        }
    }

    private func commit(_ fetched: Fetched, _ suspect: Job?, _ work: @escaping Duty.Within) async {
        // Jobs from the rare path hold others back, and a full batch leaves some behind.
        var isAnotherDue = isUnderLoad || suspect != nil || fetched.jobs.contains(where: \.wasBlocked)
        let attempt = { (transaction: Transaction, isSafe: Bool) in
            let report = try await self.batch(fetched, work, transaction, isSafe: isSafe)
            if let suspect { try await transaction.execute(Queries.clear(suspect)) }
            return report
        }
        do {
            let report: Report
            do {
                report = try await pool.transaction { try await attempt($0, false) }
            } catch is OneFailed {
                report = try await pool.transaction { try await attempt($0, true) }
            }
            trouble.passed()
            isAnotherDue = isAnotherDue || !report.failed.isEmpty
            await tell(report)
        } catch {
            await recover(from: error)
            isAnotherDue = true
        }
        if let suspect {
            suspects.cameBack(from: suspect)
            isAlone = false
        }
        inHand.subtract(fetched.touched.keys)
        commits -= 1
        if isAnotherDue || self.isAnotherDue { wakes.wake(queue.name) }
        self.isAnotherDue = false
    }

    /// Nearly every job goes well, so a batch is first tried without the two round trips of a savepoint each.
    private struct OneFailed: Error {}

    /// One commit: the jobs, each under its savepoint where `isSafe`, their ends, and the fence.
    private func batch(
        _ fetched: Fetched, _ work: Duty.Within, _ transaction: Transaction, isSafe: Bool
    ) async throws -> Report {
        var report = Report()
        var held = fetched.held
        var done: [Job] = []
        var aside: [Job] = []
        var last: [Last] = []
        for job in fetched.jobs {
            let key = LaneKey(job)
            if !job.wasBlocked && held.contains(key) {
                aside.append(job)
                continue
            }
            do {
                let end =
                    isSafe
                    ? try await transaction.savepoint { try await work(job, $0) } : try await work(job, transaction)
                report.rings.formUnion(end.rings)
                last += end.last
                done.append(job)
            } catch {
                let failure = try Failure(of: error, alone: fetched.jobs.count == 1 ? job : nil)
                if !isSafe { throw OneFailed() }
                if try await block(job, failure, transaction, &report) { held.insert(key) }
            }
        }
        try await end(done, aside, under: fetched.touched, in: transaction)
        report.finished = done
        var ran: Set<String> = []
        for one in last.enumerated().sorted(by: { ($0.element.name, $0.offset) < ($1.element.name, $1.offset) }) {
            if !ran.insert(one.element.name).inserted && one.element.once { continue }
            try await one.element.body(transaction)
        }
        return report
    }

    // MARK: Work that calls outside

    private func runOutside(_ work: @escaping Duty.Outside, atOnce: Int, _ signal: Signal) async {
        await withDiscardingTaskGroup { group in
            while !wakes.isStopping {
                do {
                    try await balance()
                    let started = try await takeOutside(atOnce)
                    trouble.passed()
                    for job in started.jobs {
                        group.addTask { await self.perform(job, started.epochs[job.lane] ?? -1, work) }
                    }
                    if started.jobs.isEmpty && !started.again { await signal.next() }
                } catch {
                    await recover(from: error)
                }
            }
        }
    }

    private func takeOutside(_ atOnce: Int) async throws -> (jobs: [Job], epochs: [Int16: Int64], again: Bool) {
        let room = breaker.room(of: atOnce - busy.count, isIdle: busy.isEmpty, now: .now)
        guard room > 0, lanes.count > 0, !isAlone else { return ([], [:], false) }
        let found = try await fetch(room)
        guard let (fetched, suspect) = try await choose(found, isIdle: busy.isEmpty) else { return ([], [:], false) }
        isAlone = suspect != nil
        let aside = fetched.jobs.filter { !$0.wasBlocked && fetched.held.contains(LaneKey($0)) }
        if !aside.isEmpty {
            try await pool.transaction { transaction in
                try await self.end([], aside, under: fetched.touched, in: transaction)
            }
        }
        let asideIDs = Set(aside.map(\.id))
        var chosen: [Job] = []
        for job in fetched.jobs where !asideIDs.contains(job.id) && chosen.count < room {
            if busy.insert(LaneKey(job)).inserted { chosen.append(job) }
        }
        return (chosen, fetched.lanes, !aside.isEmpty)
    }

    private func perform(_ job: Job, _ epoch: Int64, _ work: @escaping Duty.Outside) async {
        var report = Report()
        let suspect = isAlone ? job : nil
        do {
            let ending = try await work(job)
            let hasRecovered = breaker.passed()
            try await conclude(job, epoch, hasRecovered: hasRecovered) { transaction in
                try await ending(transaction)
                if let suspect { try await transaction.execute(Queries.clear(suspect)) }
            }
            report.finished = [job]
            if hasRecovered { await noteCircuit() }
        } catch {
            do {
                let failure = try Failure(of: error, alone: job)
                if failure.kind == .transient, failure.stage != "database" { breaker.failed(now: .now) }
                report = try await finishing {
                    try await self.pool.transaction { transaction in
                        var report = Report()
                        _ = try await self.block(job, failure, transaction, &report)
                        if let suspect { try await transaction.execute(Queries.clear(suspect)) }
                        try await self.fence([job.lane: epoch], transaction)
                        return report
                    }
                }
                await noteCircuit()
            } catch {
                await recover(from: error)
            }
        }
        busy.remove(LaneKey(job))
        if let suspect {
            suspects.cameBack(from: suspect)
            isAlone = false
        }
        await tell(report)
        wakes.wake(queue.name)
    }

    /// What an outside call that went well leaves to be written.
    private struct Conclusion {
        let job: Job
        let epoch: Int64
        let ending: Duty.Ending
        let hasRecovered: Bool
        let done: CheckedContinuation<Void, any Error>
    }

    /// Ends the job in a commit with all that wait for one: no timer, whoever comes while a commit is under way joins the
    /// next. Outlives the cancellation of its task.
    private func conclude(
        _ job: Job, _ epoch: Int64, hasRecovered: Bool, _ ending: @escaping Duty.Ending
    ) async throws {
        try await withCheckedThrowingContinuation { done in
            conclusions.append(
                Conclusion(job: job, epoch: epoch, ending: ending, hasRecovered: hasRecovered, done: done))
            if isConcluding { return }
            isConcluding = true
            Task { await self.concludeAll() }
        }
    }

    private func concludeAll() async {
        while !conclusions.isEmpty {
            let together = conclusions
            conclusions = []
            do {
                try await write(together)
                for one in together { one.done.resume() }
            } catch {
                // One that cannot be written must not hold the others up.
                for one in together {
                    do {
                        try await write([one])
                        one.done.resume()
                    } catch {
                        one.done.resume(throwing: error)
                    }
                }
            }
        }
        isConcluding = false
    }

    private func write(_ conclusions: [Conclusion]) async throws {
        let held = Dictionary(conclusions.map { ($0.job.lane, $0.epoch) }, uniquingKeysWith: min)
        try await pool.transaction { transaction in
            for one in conclusions { try await one.ending(transaction) }
            if conclusions.contains(where: \.hasRecovered) {
                _ = try await transaction.execute(Queries.hasten(self.queue.id))
            }
            try await self.end(conclusions.map(\.job), [], under: held, in: transaction)
        }
    }

    private func noteCircuit() async {
        guard let seconds = breaker.changed(now: .now) else { return }
        _ = try? await pool.execute(Queries.openCircuit(queue.id, seconds: seconds > 0 ? seconds : nil))
        if seconds > 0 {
            logger.warning("The circuit is open: the destination fails.", metadata: ["circuit.seconds": "\(seconds)"])
        }
    }

    // MARK: Jobs that may kill this process

    /// What may be run together; or, where it comes first, one job that is to be tried alone, its try noted. Nil when
    /// that one must wait until nothing else is in hand, or was parked instead.
    private func choose(_ fetched: Fetched, isIdle: Bool) async throws -> (Fetched, suspect: Job?)? {
        if suspects.isEmpty { return (fetched, nil) }
        var chosen = fetched
        chosen.jobs = Array(fetched.jobs.prefix { !suspects.include($0) })
        guard chosen.jobs.isEmpty, let first = fetched.jobs.first else { return (chosen, nil) }
        chosen.jobs = [first]
        // One that waits for its key is not run, so it need not be feared.
        if !first.wasBlocked && fetched.held.contains(LaneKey(first)) { return (chosen, nil) }
        guard isIdle, try await mayTry(first, under: fetched.lanes) else { return nil }
        return (chosen, first)
    }

    /// Notes the try before it is made. False once nobody has come back from so many: the job is parked.
    private func mayTry(_ job: Job, under epochs: [Int16: Int64]) async throws -> Bool {
        suspects.add(job.id)
        let tries = try await pool.query(Queries.suspect(job)).first?.decode(Int16.self) ?? 1
        if suspects.allow(job, tries: tries) { return true }
        let failure = Failure(code: "kills-worker", kind: .permanent, stage: "take", holdsKey: false)
        let report = try await pool.transaction { transaction in
            var report = Report()
            _ = try await self.block(job, failure, transaction, &report)
            try await transaction.execute(Queries.giveOneTry(job, of: Suspects.tries))
            try await self.fence([job.lane: epochs[job.lane] ?? -1], transaction)
            return report
        }
        await tell(report)
        wakes.wake(queue.name)
        return false
    }

    /// Takes care with lanes whose workers died.
    private func suspect(_ lanes: [Int16]) async throws {
        if lanes.isEmpty { return }
        logger.warning("Workers died in these lanes: their jobs are tried one by one.")
        let batch = duty.batch ?? options.batch
        for row in try await pool.query(Queries.suspects(queue.id, lanes: lanes, batch: Int64(batch))) {
            let (lane, last) = try row.decode((Int16, Int64?).self)
            if let last { suspects.add(lane, until: last) }
        }
    }

    // MARK: Steps that both share

    /// Looks at the lanes; first gives back what waited for a key that nothing holds any more.
    private func fetch(_ limit: Int) async throws -> Fetched {
        if isPaused && drainsThrough == nil { return Fetched() }
        let numbers = lanes.next(underLoad: isUnderLoad, except: inHand)
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
    private func end(
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

    /// Gives whether the key is held from here on.
    private func block(
        _ job: Job, _ failure: Failure, _ transaction: Transaction, _ report: inout Report
    ) async throws -> Bool {
        var generator = SystemRandomNumberGenerator()
        var failure = failure
        var state = "parked"
        var after: Double?
        var attempts = job.attempts
        switch failure.kind {
        case .transient:
            attempts += 1
            if let delay = duty.retry.delay(afterAttempt: Int(attempts), using: &generator) {
                state = "retrying"
                after = max(delay, failure.retryAfter ?? .zero).seconds
                failure.holdsKey = true
            }
        case .permanent: break
        case .ambiguous: state = "uncertain"
        }
        _ = try await transaction.execute(
            Queries.block(job, state: state, attempts: attempts, after: after, failure: failure))
        try await duty.onFailure?(job, failure, transaction)
        report.failed.append((job, failure, state))
        return failure.holdsKey
    }

    private func fence(_ held: [Int16: Int64], _ transaction: Transaction) async throws {
        if held.isEmpty { return }
        let sorted = held.sorted { $0.key < $1.key }
        let sql = Queries.holdLanes(
            queue.id, worker: await membership.id, lanes: sorted.map(\.key), epochs: sorted.map(\.value))
        guard try await transaction.execute(sql) == held.count else { throw QueueError.laneLost }
    }

    private func balance() async throws {
        if let balancedAt, ContinuousClock.now - balancedAt < .seconds(1), lanes.count > 0 { return }
        balancedAt = .now
        (isPaused, drainsThrough) = try await fetcher.pause()
        let worker = await membership.id
        // What the table says counts: lanes may have been taken while this process was frozen or cut off.
        let owned = try await pool.query(Queries.ownedLanes(queue.id, worker: worker)).map {
            try $0.decode((Int16, Int64).self)
        }
        lanes.replace(with: owned)
        switch Balance(held: lanes.count, lanes: Int(queue.lanes), workers: try await membership.workers()) {
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
            let inUse = inHand.union(busy.map(\.lane))
            let spare = Array(lanes.all.filter { !inUse.contains($0) }.suffix(count))
            if spare.isEmpty { return }
            lanes.remove(spare)
            _ = try await pool.execute(Queries.releaseLanes(queue.id, worker: worker, lanes: spare))
        }
    }

    private func giveBack() async {
        let held = lanes.all
        lanes.removeAll()
        let (queue, membership, pool) = (queue, membership, pool)
        // Lanes that are not given back are taken over all the same, once this worker is seen to be gone.
        _ = try? await finishing {
            try await pool.execute(Queries.releaseLanes(queue.id, worker: await membership.id, lanes: held))
        }
    }

    private func tell(_ report: Report) async {
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
        if !report.rings.isEmpty { await doorbell.ring(report.rings) }
    }

    private func recover(from error: any Error) async {
        if error as? QueueError == .laneLost {
            lanes.removeAll()
            observer.lostLanes(queue: queue.name)
        }
        logger.warning("A batch was rolled back.", metadata: ["failure.code": "\(Failure.code(of: error))"])
        await wakes.pause(trouble.failed())
    }
}
