import Postgres

/// Work that ends in our own database: many jobs a commit, several commits side by side.
extension Consumer {
    func runWithin(_ work: @escaping Duty.Within, atOnce: Int, _ signal: Signal) async {
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
                    let isAll = !isPartial && !isUnderLoad && chosen.jobs.count == fetched.jobs.count
                    if isAll { await signal.next() }
                } catch {
                    await recover(from: error)
                }
            }
        }
    }

    func commit(_ fetched: Fetched, _ suspect: Job?, _ work: @escaping Duty.Within) async {
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
    func batch(
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
}
