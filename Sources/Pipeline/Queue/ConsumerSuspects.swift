import Logging
import Postgres

/// Jobs that may kill this process.
extension Consumer {
    /// What may be run together; or, where it comes first, one job that is to be tried alone, its try noted. Nil when
    /// that one must wait until nothing else is in hand, or was parked instead.
    func choose(_ fetched: Fetched, isIdle: Bool) async throws -> (Fetched, suspect: Job?)? {
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
    func mayTry(_ job: Job, under epochs: [Int16: Int64]) async throws -> Bool {
        suspects.add(job.id)
        let tries = try await pool.query(Queries.suspect(job)).first?.decode(Int16.self) ?? 1
        if suspects.allow(job, tries: tries) { return true }
        let failure = Failure(code: "kills-worker", kind: .permanent, stage: "take", holdsKey: false)
        let report = try await pool.transaction { transaction in
            var report = Report()
            try await self.block(job, failure, transaction, &report)
            try await transaction.execute(Queries.giveOneTry(job, of: Suspects.tries))
            try await self.fence([job.lane: epochs[job.lane] ?? -1], transaction)
            return report
        }
        await tell(report)
        wakes.wake(queue.name)
        return false
    }

    /// Takes care with lanes whose workers died.
    func suspect(_ lanes: [Int16]) async throws {
        if lanes.isEmpty { return }
        logger.warning("Workers died in these lanes: their jobs are tried one by one.")
        let batch = duty.batch ?? options.batch
        for row in try await pool.query(Queries.suspects(queue.id, lanes: lanes, batch: Int64(batch))) {
            let (lane, last) = try row.decode((Int16, Int64?).self)
            if let last { suspects.add(lane, until: last) }
        }
    }
}
