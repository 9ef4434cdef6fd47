import Foundation
import Postgres

/// Every statement of the queue. One statement a change of state; each write of a worker stands in a transaction that
/// ends with `holdLanes`.
enum Queries {
    // MARK: Entering

    /// Locks the keys in the order of their locks and draws the first id only when it has them all, so that a key's id order
    /// is its commit order whoever enqueues. A queue that is not there leaves its lane null, which is refused.
    static func enqueue(_ jobs: [NewJob], into queue: Int16) -> SQL {
        """
        INSERT INTO queue.job (queue, lane, kind, key, practice_id, received_on, entry_id, payload)
        SELECT \(queue), get_byte(j.key, 0) % held.lanes, j.kind, j.key, j.practice, j.day, j.entry, j.payload::jsonb
        FROM (
            SELECT q.lanes
            FROM (
                SELECT count(pg_advisory_xact_lock(k.lock)) FROM unnest(\(locks(of: jobs, in: queue))) AS k (lock)
            ) locked
            LEFT JOIN queue.queue q ON q.id = \(queue)
        ) held
        CROSS JOIN unnest(
            \(jobs.map(\.kind)), \(jobs.map(\.key.bytes)), \(jobs.map(\.practice)), \(jobs.map(\.day)),
            \(jobs.map(\.entry)), \(jobs.map(\.payload))
        ) WITH ORDINALITY AS j (kind, key, practice, day, entry, payload, n)
        ORDER BY j.n
        """
    }

    private static func locks(of jobs: [NewJob], in queue: Int16) -> [Int64] {
        if jobs.count == 1 { return [jobs[0].key.lock(in: queue)] }
        return Set(jobs.map { $0.key.lock(in: queue) }).sorted()
    }

    static func queues() -> SQL { "SELECT id, name, lanes FROM queue.queue ORDER BY id" }

    static func makeQueue(_ name: String, lanes: Int16, practice: String?) -> SQL {
        "SELECT queue.make(\(name), \(lanes), \(practice))"
    }

    // MARK: Leasing

    static func register(name: String, host: String, version: String, lease: Double) -> SQL {
        """
        INSERT INTO queue.worker (name, host, version, lease_until)
        VALUES (\(name), \(host), \(version), clock_timestamp() + make_interval(secs => \(lease)))
        RETURNING id
        """
    }

    /// A session's lock on its worker's id: gone at once when the process is killed.
    static func holdLife(_ worker: Int32) -> SQL { "SELECT pg_advisory_lock(77, \(worker))::text" }

    static func heartbeat(_ worker: Int32, lease: Double) -> SQL {
        """
        UPDATE queue.worker SET lease_until = clock_timestamp() + make_interval(secs => \(lease))
        WHERE id = \(worker)
        """
    }

    static func unregister(_ worker: Int32) -> SQL { "DELETE FROM queue.worker WHERE id = \(worker)" }

    /// Workers whose lease has passed and that own nothing any more.
    static func forgetTheDead() -> SQL {
        """
        DELETE FROM queue.worker w
        WHERE w.lease_until < clock_timestamp() - interval '1 hour'
            AND NOT EXISTS (SELECT FROM queue.lane l WHERE l.owner = w.id)
        """
    }

    /// Who shares the queues, oneself included. One whose lock is free is dead, whatever its lease says: counting it would
    /// leave its share of the lanes to nobody until the lease has passed.
    static func colleagues(_ name: String, of worker: Int32) -> SQL {
        """
        SELECT count(*) FROM queue.worker w
        WHERE w.name = \(name) AND w.lease_until > clock_timestamp()
            AND (w.id = \(worker) OR NOT pg_try_advisory_xact_lock(77, w.id))
        """
    }

    /// Takes up to `count` lanes that nobody holds, or whose holder is dead (its lock is free) or frozen (its lease has
    /// passed). The epoch goes up, so whatever the old holder still writes is refused; so does the count of deaths where
    /// a holder had not given the lane back.
    static func takeLanes(_ queue: Int16, worker: Int32, count: Int64) -> SQL {
        """
        WITH free AS (
            SELECT l.queue, l.lane
            FROM queue.lane l LEFT JOIN queue.worker w ON w.id = l.owner
            WHERE l.queue = \(queue) AND l.owner IS DISTINCT FROM \(worker)
                AND (l.owner IS NULL OR w.id IS NULL OR w.lease_until < clock_timestamp()
                    OR pg_try_advisory_xact_lock(77, l.owner))
            ORDER BY l.lane LIMIT \(count)
            FOR UPDATE OF l SKIP LOCKED
        )
        UPDATE queue.lane l SET owner = \(worker), epoch = l.epoch + 1,
            deaths = least(l.deaths + CASE WHEN l.owner IS NULL THEN 0 ELSE 1 END, 100)
        FROM free WHERE l.queue = free.queue AND l.lane = free.lane
        RETURNING l.lane, l.epoch, l.deaths
        """
    }

    /// Primary key.
    static func ownedLanes(_ queue: Int16, worker: Int32) -> SQL {
        "SELECT lane, epoch FROM queue.lane WHERE queue = \(queue) AND owner = \(worker)"
    }

    static func releaseLanes(_ queue: Int16, worker: Int32, lanes: [Int16]) -> SQL {
        """
        UPDATE queue.lane SET owner = NULL
        WHERE queue = \(queue) AND owner = \(worker) AND lane = ANY (\(lanes))
        """
    }

    /// The fence: ends every transaction of a worker. Fewer rows than lanes means that one was taken over. What commits
    /// did not kill the worker, so the lanes' deaths are forgotten: no write more, for the row is written anyway.
    static func holdLanes(_ queue: Int16, worker: Int32, lanes: [Int16], epochs: [Int64]) -> SQL {
        """
        UPDATE queue.lane l SET deaths = 0
        FROM unnest(\(lanes), \(epochs)) AS mine (lane, epoch)
        WHERE l.queue = \(queue) AND l.lane = mine.lane AND l.owner = \(worker) AND l.epoch = mine.epoch
        """
    }

    // MARK: Jobs that may kill their worker

    /// Primary keys. Of each lane the last job that a dead worker can have had in hand: one batch from the front, and
    /// what is on the rare path.
    static func suspects(_ queue: Int16, lanes: [Int16], batch: Int64) -> SQL {
        """
        SELECT mine.lane, greatest(
            (SELECT max(j.id) FROM (
                SELECT j.id FROM queue.job j
                WHERE j.queue = \(queue) AND j.lane = mine.lane ORDER BY j.id LIMIT \(batch)) j),
            (SELECT max(b.id) FROM queue.blocked b
             WHERE b.queue = \(queue) AND b.lane = mine.lane AND b.state = 'retrying'))
        FROM unnest(\(lanes)) AS mine (lane)
        """
    }

    /// Primary key. The jobs of these lanes that were tried alone before.
    static func tried(_ queue: Int16, lanes: [Int16]) -> SQL {
        "SELECT id FROM queue.suspect WHERE queue = \(queue) AND lane = ANY (\(lanes))"
    }

    /// Written before the job is tried: only a try that nobody comes back from leaves it.
    static func suspect(_ job: Job) -> SQL {
        """
        INSERT INTO queue.suspect (queue, lane, id) VALUES (\(job.queue), \(job.lane), \(job.id))
        ON CONFLICT (queue, lane, id) DO UPDATE SET tries = queue.suspect.tries + 1, tried_at = clock_timestamp()
        RETURNING tries
        """
    }

    static func clear(_ job: Job) -> SQL {
        "DELETE FROM queue.suspect WHERE queue = \(job.queue) AND lane = \(job.lane) AND id = \(job.id)"
    }

    /// Leaves it one try: whoever replays it has mended something.
    static func giveOneTry(_ job: Job, of tries: Int16) -> SQL {
        """
        UPDATE queue.suspect SET tries = \(tries - 1)
        WHERE queue = \(job.queue) AND lane = \(job.lane) AND id = \(job.id)
        """
    }

    // MARK: Reading

    /// The primary key's order, lane by lane; `busy` keys are being worked on by this worker. Each row says first whether
    /// these lanes have anything on the rare path (index blocked_by_key); where nothing waits, that is all of one row.
    /// `through`: the last job of a queue that drains.
    static func waiting(
        _ queue: Int16, lanes: [Int16], busy: [[UInt8]], limit: Int64, through: Int64? = nil
    ) -> SQL {
        """
        SELECT rare.is_there, j.queue, j.lane, j.id, j.kind, j.attempts, j.enqueued_at, j.key, j.practice_id, j.received_on,
            j.entry_id, j.payload::text
        FROM (
            SELECT EXISTS (SELECT FROM queue.blocked WHERE queue = \(queue) AND lane = ANY (\(lanes)))
        ) AS rare (is_there)
        LEFT JOIN (
            SELECT k.*
            FROM unnest(\(lanes)) AS mine (lane)
            CROSS JOIN LATERAL (
                SELECT * FROM queue.job i
                WHERE i.queue = \(queue) AND i.lane = mine.lane
                    AND i.key NOT IN (SELECT b.key FROM unnest(\(busy)) AS b (key))  -- hashed, where ALL compares with each
                    \(fragment: through.map { "AND i.id <= \($0)" } ?? "")
                ORDER BY i.id LIMIT \(limit)
            ) k
            ORDER BY k.id LIMIT \(limit)
        ) j ON true
        ORDER BY j.id
        """
    }

    /// Index blocked_due.
    static func due(_ queue: Int16, lanes: [Int16], busy: [[UInt8]], limit: Int64) -> SQL {
        """
        SELECT queue, lane, id, kind, attempts, enqueued_at, key, practice_id, received_on, entry_id, payload::text
        FROM queue.blocked b
        WHERE queue = \(queue) AND state = 'retrying' AND run_at <= clock_timestamp() AND lane = ANY (\(lanes))
            AND key <> ALL (\(busy))
            AND NOT EXISTS (
                SELECT FROM queue.blocked e
                WHERE e.queue = b.queue AND e.lane = b.lane AND e.key = b.key AND e.id < b.id
                    AND e.holds_key AND e.state <> 'waiting')
        ORDER BY id LIMIT \(limit)
        """
    }

    /// Index blocked_by_key. The keys of these lanes on the rare path: whether something holds each, and what waits.
    static func blockedKeys(_ queue: Int16, lanes: [Int16]) -> SQL {
        """
        SELECT lane, key, bool_or(holds_key AND state <> 'waiting'), bool_or(state = 'waiting')
        FROM queue.blocked WHERE queue = \(queue) AND lane = ANY (\(lanes))
        GROUP BY lane, key
        """
    }

    /// Index blocked_by_key. Gives back what waited for a key that nothing holds any more, with its old place.
    static func free(_ queue: Int16, lanes: [Int16]) -> SQL {
        """
        WITH freed AS (
            DELETE FROM queue.blocked b
            WHERE b.queue = \(queue) AND b.lane = ANY (\(lanes)) AND b.state = 'waiting'
                AND NOT EXISTS (
                    SELECT FROM queue.blocked h
                    WHERE h.queue = b.queue AND h.lane = b.lane AND h.key = b.key
                        AND h.holds_key AND h.state <> 'waiting')
            RETURNING *
        )
        INSERT INTO queue.job
            (queue, lane, id, kind, attempts, enqueued_at, key, practice_id, received_on, entry_id, payload)
        SELECT queue, lane, id, kind, attempts, enqueued_at, key, practice_id, received_on, entry_id, payload
        FROM freed
        """
    }

    static func isPaused(_ queue: Int16) -> SQL {
        "SELECT paused_reason IS NOT NULL, drains_through FROM queue.queue WHERE id = \(queue)"
    }

    // MARK: Ending

    /// The jobs' end and the fence in one: gives how many jobs were there, and how many of the lanes are still held.
    static func finish(
        _ queue: Int16, lanes: [Int16], ids: [Int64], worker: Int32, held: [Int16], epochs: [Int64]
    ) -> SQL {
        """
        WITH gone AS (
            DELETE FROM queue.job j USING unnest(\(lanes), \(ids)) AS done (lane, id)
            WHERE j.queue = \(queue) AND j.lane = done.lane AND j.id = done.id
            RETURNING 1
        ), fence AS (
            \(fragment: holdLanes(queue, worker: worker, lanes: held, epochs: epochs))
            RETURNING 1
        )
        SELECT (SELECT count(*) FROM gone), (SELECT count(*) FROM fence)
        """
    }

    /// The same for what goes out together with the commit: a wrong count is refused by the server (`laneLost`). Each job is
    /// found by the primary key's order, whatever is known of the table's size.
    static func finishOrRefuse(
        _ queue: Int16, lanes: [Int16], ids: [Int64], worker: Int32, held: [Int16], epochs: [Int64]
    ) -> SQL {
        """
        WITH gone AS (
            DELETE FROM queue.job j USING (
                SELECT found.place
                FROM unnest(\(lanes), \(ids)) AS done (lane, id)
                CROSS JOIN LATERAL (
                    SELECT i.ctid AS place, i.id FROM queue.job i
                    WHERE i.queue = \(queue) AND i.lane = done.lane AND i.id >= done.id ORDER BY i.id LIMIT 1
                ) found
                WHERE found.id = done.id OFFSET 0
            ) there
            WHERE j.ctid = there.place
            RETURNING 1
        ), fence AS (
            \(fragment: holdLanes(queue, worker: worker, lanes: held, epochs: epochs))
            RETURNING 1
        )
        SELECT CASE
            WHEN (SELECT count(*) FROM gone) = \(Int64(ids.count))
                AND (SELECT count(*) FROM fence) = \(Int64(held.count)) THEN true
            ELSE queue.lane_lost()
        END
        """
    }

    static func finishBlocked(_ queue: Int16, lanes: [Int16], ids: [Int64]) -> SQL {
        """
        DELETE FROM queue.blocked b USING unnest(\(lanes), \(ids)) AS done (lane, id)
        WHERE b.queue = \(queue) AND b.lane = done.lane AND b.id = done.id
        """
    }

    /// Moves a job to the rare path, or gives a blocked one its new state.
    static func block(_ job: Job, _ setback: Setback) -> SQL {
        let failure = setback.failure
        return """
            WITH gone AS (
                DELETE FROM queue.job WHERE queue = \(job.queue) AND lane = \(job.lane) AND id = \(job.id)
            )
            INSERT INTO queue.blocked (queue, lane, id, kind, state, attempts, run_at, enqueued_at, key, holds_key, code,
                stage, detail, practice_id, received_on, entry_id, payload, work_item)
            VALUES (\(job.queue), \(job.lane), \(job.id), \(job.kind), \(setback.state), \(setback.attempts),
                clock_timestamp() + make_interval(secs => \(setback.after)), \(job.enqueuedAt), \(job.key), \(failure.holdsKey),
                \(failure.code), \(failure.stage), \(failure.detail), \(job.practice), \(job.day), \(job.entry),
                \(job.payload)::text::jsonb, \(failure.workItem?.id))
            ON CONFLICT (queue, lane, id) DO UPDATE SET
                state = excluded.state, attempts = excluded.attempts, run_at = excluded.run_at,
                work_item = excluded.work_item, holds_key = excluded.holds_key, code = excluded.code, stage = excluded.stage, detail = excluded.detail,
                blocked_at = clock_timestamp()
            """
    }

    /// Sets jobs aside whose key is held: they keep their place.
    static func setAside(_ queue: Int16, lanes: [Int16], ids: [Int64]) -> SQL {
        """
        WITH aside AS (
            DELETE FROM queue.job j USING unnest(\(lanes), \(ids)) AS held (lane, id)
            WHERE j.queue = \(queue) AND j.lane = held.lane AND j.id = held.id
            RETURNING j.*
        )
        INSERT INTO queue.blocked (queue, lane, id, kind, state, attempts, run_at, enqueued_at, key, holds_key,
            practice_id, received_on, entry_id, payload)
        SELECT queue, lane, id, kind, 'waiting', attempts, NULL, enqueued_at, key, true, practice_id, received_on,
            entry_id, payload
        FROM aside
        """
    }

    static func openCircuit(_ queue: Int16, seconds: Double?) -> SQL {
        """
        UPDATE queue.queue SET circuit_open_until = clock_timestamp() + make_interval(secs => \(seconds))
        WHERE id = \(queue)
        """
    }

    /// Index blocked_due. A destination that answers again is asked at once for what waits out its silence.
    static func hasten(_ queue: Int16, triedAtMost attempts: Int16) -> SQL {
        """
        UPDATE queue.blocked SET run_at = clock_timestamp()
        WHERE queue = \(queue) AND state = 'retrying' AND run_at > clock_timestamp() AND attempts <= \(attempts)
        """
    }

    // MARK: Operators

    static func list(_ filter: JobFilter) -> SQL {
        """
        SELECT b.queue, q.name, b.lane, b.id, b.kind, b.state, b.attempts, b.run_at, b.enqueued_at, b.blocked_at,
            b.code, b.stage, b.detail, b.practice_id, b.received_on, b.entry_id, b.holds_key,
            (SELECT count(*) FROM queue.blocked w
             WHERE w.queue = b.queue AND w.lane = b.lane AND w.key = b.key AND w.state = 'waiting' AND w.id > b.id), b.work_item
        FROM queue.blocked b JOIN queue.queue q ON q.id = b.queue
        WHERE (\(filter.state)::text IS NULL OR b.state = \(filter.state))
            AND (\(filter.queue)::text IS NULL OR q.name = \(filter.queue))
            AND (\(filter.code)::text IS NULL OR b.code = \(filter.code))
            AND (\(filter.practice)::text IS NULL OR b.practice_id = \(filter.practice))
            AND (\(filter.id)::bigint IS NULL OR b.id = \(filter.id))
            AND (\(filter.entry)::bigint IS NULL OR b.entry_id = \(filter.entry))
            AND (\(filter.workItems)::uuid[] IS NULL OR b.work_item = ANY (\(filter.workItems)))
        ORDER BY b.id LIMIT \(filter.limit)
        """
    }

    static func waitingList(_ filter: JobFilter) -> SQL {
        """
        SELECT j.queue, q.name, j.lane, j.id, j.kind, 'waiting', j.attempts, NULL::timestamptz, j.enqueued_at,
            j.enqueued_at, NULL::text, NULL::text, NULL::text, j.practice_id, j.received_on, j.entry_id, false, 0::bigint, NULL::uuid
        FROM queue.job j JOIN queue.queue q ON q.id = j.queue
        WHERE (\(filter.queue)::text IS NULL OR q.name = \(filter.queue))
            AND (\(filter.practice)::text IS NULL OR j.practice_id = \(filter.practice))
            AND (\(filter.id)::bigint IS NULL OR j.id = \(filter.id))
            AND (\(filter.entry)::bigint IS NULL OR j.entry_id = \(filter.entry))
        ORDER BY j.id LIMIT \(filter.limit)
        """
    }

    /// Parked and uncertain jobs go back to work now, with a fresh count of attempts and in their old place.
    static func replay(_ ids: [Int64]) -> SQL {
        """
        UPDATE queue.blocked SET state = 'retrying', run_at = clock_timestamp(), attempts = 0
        WHERE id = ANY (\(ids)) AND state IN ('parked', 'uncertain')
        RETURNING (SELECT name FROM queue.queue q WHERE q.id = queue)
        """
    }

    static func discard(_ id: Int64) -> SQL {
        """
        DELETE FROM queue.blocked WHERE id = \(id) AND state IN ('parked', 'uncertain')
        RETURNING received_on, entry_id, (SELECT name FROM queue.queue q WHERE q.id = queue), kind, payload::text
        """
    }

    /// Index blocked_by_entry. The parked jobs of entries that their sender sent again.
    static func reopen(_ days: [CalendarDay], _ entries: [Int64]) -> SQL {
        """
        UPDATE queue.blocked b SET state = 'retrying', run_at = clock_timestamp(), attempts = 0
        FROM unnest(\(days), \(entries)) AS again (day, entry)
        WHERE b.received_on = again.day AND b.entry_id = again.entry AND b.state = 'parked'
        RETURNING b.received_on, b.entry_id
        """
    }

    static func backlog() -> SQL {
        """
        SELECT q.name, q.practice_id, count(j.id), min(j.enqueued_at), q.paused_reason, q.circuit_open_until,
            (SELECT count(*) FROM queue.blocked b WHERE b.queue = q.id AND b.state = 'retrying'),
            (SELECT count(*) FROM queue.blocked b WHERE b.queue = q.id AND b.state = 'waiting'),
            (SELECT count(*) FROM queue.blocked b WHERE b.queue = q.id AND b.state = 'parked'),
            (SELECT count(*) FROM queue.blocked b WHERE b.queue = q.id AND b.state = 'uncertain')
        FROM queue.queue q LEFT JOIN queue.job j ON j.queue = q.id
        GROUP BY q.id ORDER BY q.id
        """
    }
}
