import Postgres

/// Work that ends in our own database: all that waits, in one commit after the other. What comes meanwhile makes the next
/// batch; commits side by side made smaller batches of it, and measured slower.
extension Consumer {
    func runWithin(_ work: @escaping Duty.Batch, _ signal: Signal) async {
        while !wakes.isStopping {
            do {
                try await balance()
                let isPartial = isUnderLoad
                let found = try await fetch(trouble.isFresh ? duty.batch ?? options.batch : 1)
                // Under load only some lanes were looked at; the next look is at all.
                var isMore = isPartial || isUnderLoad
                if let (chosen, suspect) = try await choose(found, isIdle: true), !chosen.jobs.isEmpty {
                    // Jobs from the rare path hold others back.
                    isMore = isMore || chosen.jobs.count < found.jobs.count || chosen.jobs.contains(where: \.wasBlocked)
                    let hasFailed = try await commit(chosen, suspect, work)
                    isMore = isMore || hasFailed
                }
                if !isMore { await signal.next() }
            } catch {
                await recover(from: error)
            }
        }
    }

    /// Gives whether any job failed.
    private func commit(_ fetched: Fetched, _ suspect: Job?, _ work: @escaping Duty.Batch) async throws -> Bool {
        defer { if let suspect { suspects.cameBack(from: suspect) } }
        let alone = fetched.jobs.count == 1 ? fetched.jobs.first : nil
        let attempt = { (transaction: Transaction, isSafe: Bool) in
            if let suspect { try await transaction.later(Queries.clear(suspect)) }
            return try await self.batch(fetched, work, transaction, isSafe: isSafe)
        }
        var report: Report
        do {
            do {
                // Nearly every job goes well, so a batch is first tried without the round trips of a savepoint each.
                report = try await pool.transaction { try await attempt($0, false) }
            } catch {
                _ = try Failure(of: error, alone: alone)  // the database's own troubles are no job's
                report = try await pool.transaction { try await attempt($0, true) }
            }
        } catch {
            guard let alone else { throw error }
            report = try await setAside(alone, Failure(of: error, alone: alone), under: fetched.touched)
        }
        trouble.passed()
        await tell(report)
        return !report.failed.isEmpty
    }

    /// A job that fails where no savepoint is around it (what it reads with others, what it leaves for the end, what is
    /// noted of its failure) fails alone in the end, and must not be tried for ever.
    private func setAside(_ job: Job, _ failure: Failure, under held: [Int16: Int64]) async throws -> Report {
        try await pool.transaction { transaction in
            var report = Report()
            try await self.block(job, failure, isNoted: false, transaction, &report)
            try await self.fence(held, transaction)
            return report
        }
    }

    /// One commit: the jobs, each under its savepoint where `isSafe`, their ends, and the fence.
    func batch(
        _ fetched: Fetched, _ gather: Duty.Batch, _ transaction: Transaction, isSafe: Bool
    ) async throws -> Report {
        let work = try await gather(fetched.jobs, transaction)
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
            let end: Done
            do {
                end =
                    isSafe
                    ? try await transaction.savepoint { try await work(job, $0) } : try await work(job, transaction)
            } catch  where isSafe {
                let failure = try Failure(of: error, alone: fetched.jobs.count == 1 ? job : nil)
                if try await block(job, failure, transaction, &report) { held.insert(key) }
                continue
            }
            report.rings.formUnion(end.rings)
            last += end.last
            done.append(job)
        }
        try await Last.run(last, in: transaction)
        try await self.end(done, aside, under: fetched.touched, in: transaction)
        report.finished = done
        return report
    }
}
