import Logging
import Postgres

/// Work that calls outside: no transaction is open meanwhile. A look takes a set whose facts are read at once; its calls go
/// out side by side as places come free, and what they leave to be written shares commits.
///
///     look -> in line -> gets a place -> the call -> ended or failed -> written with all that wait for a commit
///                \-> given back, to be looked for again: too old, the circuit opened, the queue was paused
extension Consumer {
    /// How many calls a look may take for each that can be out: few looks, and nothing waits long after it was read.
    private static let ahead = 4
    /// What was read longer ago is read again before it is acted on.
    private static let shelfLife = Duration.seconds(1)

    func runOutside(_ gather: @escaping Duty.Gather, atOnce: Int, _ signal: Signal) async {
        await withDiscardingTaskGroup { group in
            while !wakes.isStopping {
                do {
                    try await balance()
                    let taken = try await takeOutside(atOnce * Self.ahead)
                    trouble.passed()
                    if !taken.jobs.isEmpty { group.addTask { await self.call(taken, gather, atOnce: atOnce) } }
                    if !taken.isMore { await signal.next() }
                } catch {
                    await recover(from: error)
                }
            }
        }
    }

    /// Jobs whose keys are in hand from here on, until each is written or given back.
    struct Taken: Sendable {
        var jobs: [Job] = []
        var epochs: [Int16: Int64] = [:]
        /// One call to see whether the destination answers again.
        var isProbe = false
        /// There may be more to take at once.
        var isMore = false
    }

    func takeOutside(_ limit: Int) async throws -> Taken {
        // What waits for a place goes first; the look that then comes brings many again.
        guard line.isEmpty, busy.count <= limit, lanes.count > 0, !isAlone else {
            isAnotherDue = true
            return Taken()
        }
        isAnotherDue = isAnotherDue || !busy.isEmpty
        let isProbe = breaker.isTripped
        let room = breaker.room(of: limit, isIdle: busy.isEmpty, now: .now)
        guard room > 0 else { return Taken() }
        let isPartial = isUnderLoad
        let found = try await fetch(room)
        guard let (fetched, suspect) = try await choose(found, isIdle: busy.isEmpty) else { return Taken() }
        isAlone = suspect != nil
        let aside = fetched.jobs.filter { !$0.wasBlocked && fetched.held.contains(LaneKey($0)) }
        if !aside.isEmpty {
            try await pool.transaction { transaction in
                try await self.end([], aside, under: fetched.touched, in: transaction)
            }
        }
        let asideIDs = Set(aside.map(\.id))
        var taken = Taken(epochs: fetched.lanes, isProbe: isProbe)
        for job in fetched.jobs where !asideIDs.contains(job.id) && busy.insert(LaneKey(job)).inserted {
            taken.jobs.append(job)
        }
        // What waits for a key that is in hand now has to be looked for again when it is free.
        isAnotherDue = isAnotherDue || isUnderLoad || taken.jobs.count < found.jobs.count
        taken.isMore = isPartial && lanes.count > 16 || !aside.isEmpty
        return taken
    }

    // MARK: Calling

    /// A call that was taken and is to go out.
    struct Call {
        let job: Job
        let epoch: Int64
        let readAt: ContinuousClock.Instant
        let isProbe: Bool
    }

    /// A call that waits for a place.
    struct CallInLine {
        let call: Call
        /// Given whether it may go out.
        let turn: CheckedContinuation<Bool, Never>
    }

    private func call(_ taken: Taken, _ gather: @escaping Duty.Gather, atOnce: Int) async {
        let work: Duty.Outside
        do {
            work = try await gather(taken.jobs)
        } catch {
            // One that cannot be read must not hold the others up.
            if taken.jobs.count > 1, (try? Failure(of: error)) != nil {
                for job in taken.jobs {
                    let one = Taken(jobs: [job], epochs: taken.epochs, isProbe: taken.isProbe)
                    await call(one, gather, atOnce: atOnce)
                }
            } else if let job = taken.jobs.first, taken.jobs.count == 1 {
                await fail(job, taken.epochs[job.lane] ?? -1, error)
            } else {
                await recover(from: error)
                giveBack(taken.jobs)
            }
            return
        }
        let readAt = ContinuousClock.now
        await withDiscardingTaskGroup { group in
            for job in taken.jobs {
                let call = Call(
                    job: job, epoch: taken.epochs[job.lane] ?? -1, readAt: readAt, isProbe: taken.isProbe)
                group.addTask { await self.make(call, work, atOnce: atOnce) }
            }
        }
    }

    private func make(_ call: Call, _ work: @escaping Duty.Outside, atOnce: Int) async {
        let (job, epoch) = (call.job, call.epoch)
        if calling < atOnce {
            guard mayGo(call) else { return giveBack([job]) }
            calling += 1
        } else {
            let mayGo = await withCheckedContinuation { turn in line.append(CallInLine(call: call, turn: turn)) }
            if !mayGo { return giveBack([job]) }
        }
        let result: Result<Duty.Ending, any Error>
        do { result = .success(try await work(job)) } catch { result = .failure(error) }
        switch result {
        case .success(let ending):
            let outage = breaker.passed(now: .now)
            passPlace()
            await conclude(job, epoch, .ended(ending, after: outage))
            if outage != nil { await noteCircuit() }
        case .failure(let error):
            // Only what the other side did counts against it: a `Failure` is the call's own word, the rest is our trouble.
            if let failure = error as? Failure, failure.kind == .transient { breaker.failed(now: .now) }
            passPlace()
            await fail(job, epoch, error)
            await noteCircuit()
        }
    }

    private func mayGo(_ call: Call) -> Bool {
        !wakes.isStopping && (!isPaused || call.job.id <= drainsThrough ?? -1) && (call.isProbe || !breaker.isTripped)
            && ContinuousClock.now - call.readAt < Self.shelfLife && lanes.epochs[call.job.lane] == call.epoch
    }

    /// To the next in line that may still go out; those that may not are given back.
    private func passPlace() {
        calling -= 1
        if line.isEmpty { return }
        while !line.isEmpty {
            let next = line.removeFirst()
            let mayGo = mayGo(next.call)
            if mayGo { calling += 1 }
            next.turn.resume(returning: mayGo)
            if mayGo { break }
        }
        if line.isEmpty && isAnotherDue { lookAgain() }
    }

    /// The jobs were not tried: they stay where they are, and are looked for again.
    private func giveBack(_ jobs: [Job]) {
        for job in jobs { busy.remove(LaneKey(job)) }
        isAlone = false
        isAnotherDue = true
        if line.isEmpty { lookAgain() }
    }

    private func lookAgain() {
        isAnotherDue = false
        wakes.wake(queue.name)
    }

    private func fail(_ job: Job, _ epoch: Int64, _ error: any Error) async {
        do {
            await conclude(job, epoch, .failed(try Failure(of: error, alone: job)))
        } catch {
            await recover(from: error)
            giveBack([job])
        }
    }

    // MARK: What is to be written

    /// How a job's call went, on its way into a commit.
    struct Conclusion {
        enum Result {
            case ended(Duty.Ending, after: Breaker.Outage?)
            case failed(Failure)
        }

        let job: Job
        let epoch: Int64
        let result: Result
        let isSuspect: Bool
        let done: CheckedContinuation<Void, Never>
    }

    /// Writes it in a commit with all that wait for one: no timer, whoever comes while a commit is under way joins the next.
    /// Returns when it is written, or given up to whoever takes the job next. Outlives the cancellation of its task.
    private func conclude(_ job: Job, _ epoch: Int64, _ result: Conclusion.Result) async {
        await withCheckedContinuation { done in
            conclusions.append(
                Conclusion(job: job, epoch: epoch, result: result, isSuspect: isAlone, done: done))
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
                await settle(together, try await write(together.map { ($0, $0.result) }))
            } catch {
                await concludeOneByOne(together, after: error)
            }
            for one in together { one.done.resume() }
        }
        isConcluding = false
    }

    /// One that cannot be written must not hold the others up. Where the database cannot be written to at all they are given
    /// up together: whoever takes the jobs next makes the calls again.
    private func concludeOneByOne(_ together: [Conclusion], after error: any Error) async {
        var trouble = together.count == 1 ? error : nil
        for (index, one) in together.enumerated() {
            do {
                if let trouble { throw trouble }
                await settle([one], try await write([(one, one.result)]))
            } catch {
                trouble = nil
                do {
                    guard case .ended = one.result else { throw error }
                    // The call went well and what it left cannot be written: the job failed by no fault of the other side.
                    let failure = try Failure(of: error, alone: one.job)
                    await settle([one], try await write([(one, .failed(failure))]))
                } catch let error where error is QueueError {
                    await recover(from: error)
                    await settle([one], Report())
                } catch {
                    await recover(from: error)
                    return await settle(Array(together[index...]), Report())
                }
            }
        }
    }

    private func write(_ conclusions: [(Conclusion, Conclusion.Result)]) async throws -> Report {
        let held = Dictionary(conclusions.map { ($0.0.job.lane, $0.0.epoch) }, uniquingKeysWith: min)
        do {
            return try await fetcher.pool.transaction { transaction in
                var report = Report()
                var endings: [Duty.Ending] = []
                var outage: Breaker.Outage?
                for (one, result) in conclusions {
                    if one.isSuspect { try await transaction.later(Queries.clear(one.job)) }
                    switch result {
                    case .ended(let ending, let ended):
                        endings.append(ending)
                        report.finished.append(one.job)
                        outage = outage ?? ended
                    case .failed(let failure):
                        try await self.block(one.job, failure, transaction, &report)
                    }
                }
                try await Duty.Ending.write(endings, in: transaction)
                if let outage {
                    // Each try is one of the few that a job has: what fails always, among others that go well, keeps its own
                    // times.
                    let attempts = self.duty.retry.attempts(in: outage)
                    try await transaction.later(Queries.hasten(self.queue.id, triedAtMost: attempts))
                }
                try await self.finish(report.finished, under: held, in: transaction)
                return report
            }
        } catch PostgresError.server(QueueError.laneLostState, _) {
            throw QueueError.laneLost
        }
    }

    /// The jobs' ends and the fence, in one round trip with the commit.
    private func finish(_ done: [Job], under held: [Int16: Int64], in transaction: Transaction) async throws {
        if done.contains(where: \.wasBlocked) { return try await end(done, [], under: held, in: transaction) }
        let lanes = held.sorted { $0.key < $1.key }
        try await transaction.later(
            Queries.finishOrRefuse(
                queue.id, lanes: done.map(\.lane), ids: done.map(\.id), worker: await membership.id,
                held: lanes.map(\.key), epochs: lanes.map(\.value)))
    }

    /// Their keys are free again.
    private func settle(_ written: [Conclusion], _ report: Report) async {
        var freesOthers = !report.failed.isEmpty || report.finished.count < written.count
        for one in written {
            busy.remove(LaneKey(one.job))
            freesOthers = freesOthers || one.job.wasBlocked || one.isSuspect
            if case .ended(_, .some) = one.result { freesOthers = true }
            if one.isSuspect {
                suspects.cameBack(from: one.job)
                isAlone = false
            }
        }
        await tell(report)
        if freesOthers || isAnotherDue { lookAgain() }
    }

    private func noteCircuit() async {
        guard let seconds = breaker.changed(now: .now) else { return }
        _ = try? await pool.execute(Queries.openCircuit(queue.id, seconds: seconds > 0 ? seconds : nil))
        if seconds > 0 {
            logger.warning("The circuit is open: the destination fails.", metadata: ["circuit.seconds": "\(seconds)"])
        }
    }
}
