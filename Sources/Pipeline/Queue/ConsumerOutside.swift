import Logging
import Postgres

/// Work that calls outside: no transaction is open meanwhile, and ends share commits.
extension Consumer {
    func runOutside(_ work: @escaping Duty.Outside, atOnce: Int, _ signal: Signal) async {
        await withDiscardingTaskGroup { group in
            while !wakes.isStopping {
                do {
                    try await balance()
                    let started = try await takeOutside(atOnce)
                    trouble.passed()
                    for job in started.jobs {
                        group.addTask { await self.perform(job, started.epochs[job.lane] ?? -1, work) }
                    }
                    if !started.isMore { await signal.next() }
                } catch {
                    await recover(from: error)
                }
            }
        }
    }

    /// `isMore`: there may be more to start at once.
    func takeOutside(_ atOnce: Int) async throws -> (jobs: [Job], epochs: [Int16: Int64], isMore: Bool) {
        isAnotherDue = isAnotherDue || !busy.isEmpty
        let room = breaker.room(of: atOnce - busy.count, isIdle: busy.isEmpty, now: .now)
        guard room > 0, lanes.count > 0, !isAlone else { return ([], [:], false) }
        let isPartial = isUnderLoad
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
        // What waits for a key that is in hand now has to be looked for again when it is free.
        isAnotherDue = isAnotherDue || chosen.count < found.jobs.count
        return (chosen, fetched.lanes, isPartial || isUnderLoad && !chosen.isEmpty || !aside.isEmpty)
    }

    func perform(_ job: Job, _ epoch: Int64, _ work: @escaping Duty.Outside) async {
        var report = Report()
        let suspect = isAlone ? job : nil
        var freesOthers = suspect != nil || job.wasBlocked
        do {
            let ending = try await work(job)
            let outage = breaker.passed(now: .now)
            try await conclude(job, epoch, after: outage) { transaction in
                try await ending(transaction)
                if let suspect { try await transaction.execute(Queries.clear(suspect)) }
            }
            report.finished = [job]
            if outage != nil {
                await noteCircuit()
                freesOthers = true
            }
        } catch {
            freesOthers = true
            do {
                let failure = try Failure(of: error, alone: job)
                if failure.kind == .transient, failure.stage != "database" { breaker.failed(now: .now) }
                report = try await finishing {
                    try await self.pool.transaction { transaction in
                        var report = Report()
                        try await self.block(job, failure, transaction, &report)
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
        if freesOthers || isAnotherDue { wakes.wake(queue.name) }
        isAnotherDue = false
    }

    /// What an outside call that went well leaves to be written.
    struct Conclusion {
        let job: Job
        let epoch: Int64
        let ending: Duty.Ending
        let outage: Breaker.Outage?
        let done: CheckedContinuation<Void, any Error>
    }

    /// Ends the job in a commit with all that wait for one: no timer, whoever comes while a commit is under way joins the
    /// next. Outlives the cancellation of its task.
    func conclude(
        _ job: Job, _ epoch: Int64, after outage: Breaker.Outage?, _ ending: @escaping Duty.Ending
    ) async throws {
        try await withCheckedThrowingContinuation { done in
            conclusions.append(
                Conclusion(job: job, epoch: epoch, ending: ending, outage: outage, done: done))
            if isConcluding { return }
            isConcluding = true
            Task { await self.concludeAll() }
        }
    }

    func concludeAll() async {
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

    func write(_ conclusions: [Conclusion]) async throws {
        let held = Dictionary(conclusions.map { ($0.job.lane, $0.epoch) }, uniquingKeysWith: min)
        try await pool.transaction { transaction in
            for one in conclusions { try await one.ending(transaction) }
            if let outage = conclusions.compactMap(\.outage).first {
                // Each try is one of the few that a job has: what fails always, among others that go well, keeps its own times.
                let attempts = self.duty.retry.attempts(in: outage)
                try await transaction.later(Queries.hasten(self.queue.id, triedAtMost: attempts))
            }
            try await self.end(conclusions.map(\.job), [], under: held, in: transaction)
        }
    }

    func noteCircuit() async {
        guard let seconds = breaker.changed(now: .now) else { return }
        _ = try? await pool.execute(Queries.openCircuit(queue.id, seconds: seconds > 0 ? seconds : nil))
        if seconds > 0 {
            logger.warning("The circuit is open: the destination fails.", metadata: ["circuit.seconds": "\(seconds)"])
        }
    }
}
