import Postgres

/// What a look at a worker's lanes found.
struct Fetched: Sendable {
    /// The lanes looked at, with their epochs.
    var lanes: [Int16: Int64] = [:]
    /// Due retries first, then what waits for its turn, in id order.
    var jobs: [Job] = []
    /// Keys that something on the rare path holds.
    var held: Set<LaneKey> = []
    /// Something waits for a key that nothing holds any more.
    var hasFreed = false

    /// The lanes that the jobs are in: the fence need not touch others.
    var touched: [Int16: Int64] {
        let used = Set(jobs.map(\.lane))
        return lanes.filter { used.contains($0.key) }
    }
}

struct LaneKey: Hashable, Sendable {
    let lane: Int16
    let key: [UInt8]

    init(lane: Int16, key: [UInt8]) {
        self.lane = lane
        self.key = key
    }

    init(_ job: Job) {
        self.init(lane: job.lane, key: job.key)
    }
}

/// Reads a queue's lanes, outside any transaction: nobody else takes what is in them, and where that is no longer so the
/// fence refuses what follows. On sessions of its own: a queue is empty one moment and long the next, so its plans must
/// not depend on what was known of its size (`Plans.onceByKey`).
struct Fetcher: Sendable {
    let queue: Int16
    let pool: Pool

    /// - Parameters:
    ///   - busy: keys whose job this worker has in hand.
    ///   - through: the last job that is still done, of a queue that drains.
    func look(
        at lanes: [Int16: Int64], busy: [[UInt8]], limit: Int, through: Int64? = nil
    ) async throws -> Fetched {
        var fetched = Fetched(lanes: lanes)
        let numbers = lanes.keys.sorted()
        if numbers.isEmpty { return fetched }
        let rows = try await pool.query(
            Queries.waiting(queue, lanes: numbers, busy: busy, limit: Int64(limit), through: through))
        if try rows.first?.value(0, as: Bool.self) == true {
            for row in try await pool.query(Queries.blockedKeys(queue, lanes: numbers)) {
                let (lane, key, isHeld, isWaiting) = try row.decode((Int16, [UInt8], Bool, Bool).self)
                if isHeld { fetched.held.insert(LaneKey(lane: lane, key: key)) }
                if isWaiting && !isHeld { fetched.hasFreed = true }
            }
            if fetched.hasFreed { return fetched }
            let due = Queries.due(queue, lanes: numbers, busy: busy, limit: Int64(limit))
            fetched.jobs = try await pool.query(due).map(Job.init(due:))
        }
        fetched.jobs = Array((fetched.jobs + (try rows.compactMap(Job.init(waiting:)))).prefix(limit))
        return fetched
    }

    /// Whether the queue is paused, and through which job it drains all the same.
    func pause() async throws -> (isPaused: Bool, through: Int64?) {
        try await pool.query(Queries.isPaused(queue)).first?.decode((Bool, Int64?).self) ?? (true, nil)
    }
}
