import Postgres

/// Work that ends in our own database: all that waits, in one commit after the other. What comes meanwhile makes the next
/// batch; commits side by side made smaller batches of it, and measured slower.
///
///     batch ── commits ──> next
///       |── an error that may be a job's ──> its first half, then its second; a job alone is parked or tried again
///       |── another commit was first ──> once more, at once
///       '── the database's own trouble ──> rolled back, all of it again after a pause
extension Consumer {
    func runWithin(_ work: @escaping Duty.Batch, _ signal: Signal) async {
        while !wakes.isStopping {
            do {
                try await balance()
                let began = ContinuousClock.now
                let isPartial = isUnderLoad
                let found = try await fetch(trouble.isFresh ? duty.batch ?? options.batch : 1)
                // Under load only some lanes were looked at; the next look is at all.
                var isMore = isPartial || isUnderLoad
                if let (chosen, suspect) = try await choose(found, isIdle: true), !chosen.jobs.isEmpty {
                    // Jobs from the rare path hold others back.
                    isMore = isMore || chosen.jobs.count < found.jobs.count || chosen.jobs.contains(where: \.wasBlocked)
                    let isWhole = try await commit(chosen, suspect, work)
                    isMore = isMore || !isWhole
                }
                if isMore { continue }
                await signal.next()
                let early = duty.pace - (ContinuousClock.now - began)
                if early > .zero { await wakes.pause(early) }
            } catch {
                await recover(from: error)
            }
        }
    }

    /// Gives whether all jobs were in it and none failed.
    private func commit(_ fetched: Fetched, _ suspect: Job?, _ work: @escaping Duty.Batch) async throws -> Bool {
        defer { if let suspect { suspects.cameBack(from: suspect) } }
        let batch = JobBatch(jobs: fetched.jobs, held: fetched.held, retry: duty.retry)
        var isWhole = true
        _ = try await commit(batch, fetched.lanes, suspect, work, &isWhole)
        trouble.passed()
        return isWhole
    }

    /// Gives the keys that its failed jobs hold from here on.
    private func commit(
        _ batch: JobBatch, _ lanes: [Int16: Int64], _ suspect: Job?, _ work: @escaping Duty.Batch,
        _ isWhole: inout Bool
    ) async throws -> Set<LaneKey> {
        if batch.jobs.isEmpty { return [] }
        let alone = batch.jobs.count == 1 ? batch.jobs[0] : nil
        let report: Report
        do {
            report = try await repeating { try await self.write(batch, lanes, suspect, work) }
        } catch let failed as FailedJob {
            var batch = batch
            batch.failures[failed.id] = failed.failure
            return try await commit(batch, lanes, suspect, work, &isWhole)
        } catch {
            let failure = try Failure(of: error, alone: alone)  // the database's own troubles are no job's
            isWhole = false
            guard let alone else {
                var (first, second) = batch.halves()
                let held = try await commit(first, lanes, suspect, work, &isWhole)
                second.held.formUnion(held)
                return held.union(try await commit(second, lanes, nil, work, &isWhole))
            }
            report = try await park(alone, failure, suspect, lanes)
        }
        await tell(report)
        if !report.failed.isEmpty || report.finished.count < batch.jobs.count { isWhole = false }
        return Set(report.failed.filter { $0.1.holdsKey }.map { LaneKey($0.0) })
    }

    /// Another commit was first: what it wrote is decided upon at once. Not without end.
    private func repeating(_ body: () async throws -> Report) async throws -> Report {
        for _ in 0..<5 {
            do {
                return try await body()
            } catch let error as PostgresError where error == .missed || error.isConflict {
                continue
            }
        }
        return try await body()
    }

    /// One commit: what the work decides of the jobs, their ends, and the fence.
    private func write(
        _ batch: JobBatch, _ lanes: [Int16: Int64], _ suspect: Job?, _ work: @escaping Duty.Batch
    ) async throws -> Report {
        try await writing.transaction { transaction in
            if let suspect { try await transaction.later(Queries.clear(suspect)) }
            let result = try await work(batch, transaction)
            var report = Report()
            for (job, setback) in result.failed { try await self.block(job, setback, transaction, &report) }
            let touched = Set((result.finished + result.aside + result.failed.map(\.job)).map(\.lane))
            try await self.end(
                result.finished, result.aside, under: lanes.filter { touched.contains($0.key) }, in: transaction)
            report.finished = result.finished
            report.rings = result.rings
            return report
        }
    }

    /// A job whose commit fails though it is alone must not be tried for ever, and must not hold the others up.
    private func park(
        _ job: Job, _ failure: Failure, _ suspect: Job?, _ lanes: [Int16: Int64]
    ) async throws -> Report {
        let attempt = { (isNoted: Bool) in
            try await self.pool.transaction { transaction in
                var report = Report()
                if let suspect { try await transaction.later(Queries.clear(suspect)) }
                let setback = Setback(failure, of: job, self.duty.retry)
                try await self.block(job, setback, isNoted: isNoted, transaction, &report)
                try await self.fence([job.lane: lanes[job.lane] ?? -1], transaction)
                return report
            }
        }
        do {
            return try await attempt(true)
        } catch {
            _ = try Failure(of: error, alone: job)
            return try await attempt(false)  // it is what its owner notes that fails
        }
    }
}

extension PostgresError {
    /// A serialization failure or a deadlock: the same work may succeed at once.
    fileprivate var isConflict: Bool {
        if case .server(let state, _) = self { state == .serializationFailure || state == .deadlock } else { false }
    }
}
