import Foundation
import Postgres
import Queue
import Synchronization
import Testing

private struct Trouble: Error {}

@Suite(.timeLimit(.minutes(1))) struct QueueTests {
    @Test func jobsOfOneKeyRunInTheOrderTheyCame() async throws {
        let bench = try await QueueBench()
        try await bench.enqueue((0..<60).map { (key: "k\($0 % 5)", kind: "\($0)") })
        let duty = Duty(
            .named("bench"),
            work: .within { job, _ in
                bench.note(job.kind)
                return Done()
            })
        try await bench.running(duty) { _ = await bench.notes(60) }
        for key in 0..<5 {
            let ofKey = bench.order.compactMap(Int.init).filter { $0 % 5 == key }
            #expect(ofKey == ofKey.sorted())
        }
        #expect(try await bench.count("SELECT count(*) FROM queue.job") == 0)
    }

    @Test func aKeyWaitsForItsFailingHeadAndOthersGoOn() async throws {
        let bench = try await QueueBench()
        try await bench.enqueue([("a", "a1"), ("a", "a2"), ("b", "b1"), ("a", "a3")])
        let attempts = Mutex(0)
        let retry = RetrySchedule(steps: [.milliseconds(10), .milliseconds(10), .milliseconds(10)])
        let duty = Duty(
            .named("bench"), retry: retry,
            work: .within { job, _ in
                if job.kind == "a1",
                    attempts.withLock({
                        $0 += 1
                        return $0
                    }) < 3
                {
                    throw Failure(code: "away", kind: .transient, stage: "test")
                }
                bench.note(job.kind)
                return Done()
            })
        try await bench.running(duty) { _ = await bench.notes(4) }
        #expect(bench.order.filter { $0.hasPrefix("a") } == ["a1", "a2", "a3"])
        #expect(bench.order.first == "b1")
        #expect(attempts.withLock { $0 } == 3)
    }

    @Test func aParkedJobThatHoldsItsKeyKeepsSuccessorsInOrderUntilReplay() async throws {
        let bench = try await QueueBench()
        try await bench.enqueue([("a", "a1"), ("a", "a2"), ("b", "b1")])
        let isMended = Mutex(false)
        let duty = Duty(
            .named("bench"),
            work: .within { job, _ in
                if job.kind == "a1", !isMended.withLock({ $0 }) {
                    throw Failure(code: "unmapped-status", kind: .permanent, stage: "read")
                }
                bench.note(job.kind)
                return Done()
            })
        try await bench.running(duty) {
            _ = await bench.notes(1)
            try await bench.until { try await bench.count("SELECT count(*) FROM queue.blocked") == 2 }
            #expect(bench.order == ["b1"])
            let parked = try await ListedJob.list(JobFilter(state: "parked"), from: bench.pool)
            #expect(parked.map(\.code) == ["unmapped-status"])
            #expect(parked.map(\.successors) == [1])
            isMended.withLock { $0 = true }
            _ = try await bench.pool.transaction { try await BlockedJobs.replay(parked.map(\.id), in: $0) }
            _ = await bench.notes(3)
        }
        #expect(bench.order == ["b1", "a1", "a2"])
        #expect(try await bench.count("SELECT count(*) FROM queue.blocked") == 0)
    }

    @Test func aParkedJobThatStepsAsideLetsItsKeyGoOn() async throws {
        let bench = try await QueueBench()
        try await bench.enqueue([("a", "a1"), ("a", "a2")])
        let duty = Duty(
            .named("bench"),
            work: .within { job, _ in
                if job.kind == "a1" {
                    throw Failure(code: "refused", kind: .permanent, stage: "test", holdsKey: false)
                }
                bench.note(job.kind)
                return Done()
            })
        try await bench.running(duty) { _ = await bench.notes(1) }
        #expect(bench.order == ["a2"])
    }

    @Test func discardingAParkedHeadSetsItsSuccessorsFree() async throws {
        let bench = try await QueueBench()
        try await bench.enqueue([("a", "bad"), ("a", "a2")])
        let duty = Duty(
            .named("bench"),
            work: .within { job, _ in
                if job.kind == "bad" { throw Failure(code: "unreadable", kind: .permanent, stage: "read") }
                bench.note(job.kind)
                return Done()
            })
        try await bench.running(duty) {
            try await bench.until { try await bench.count("SELECT count(*) FROM queue.blocked") == 2 }
            let parked = try await ListedJob.list(JobFilter(state: "parked"), from: bench.pool)
            let gone = try await bench.pool.transaction { try await BlockedJobs.discard(parked[0].id, in: $0) }
            #expect(gone?.kind == "bad")
            _ = await bench.notes(1)
        }
        #expect(bench.order == ["a2"])
    }

    @Test func whatAFailedJobWroteIsRolledBackAndItsNeighboursStay() async throws {
        let bench = try await QueueBench(lanes: 1)
        _ = try await bench.pool.execute("CREATE TABLE public.effect (kind text)")
        try await bench.enqueue([("a", "good1"), ("b", "bad"), ("c", "good2")])
        let duty = Duty(
            .named("bench"),
            work: .within { job, transaction in
                _ = try await transaction.execute("INSERT INTO public.effect VALUES (\(job.kind))")
                if job.kind == "bad" { throw Trouble() }
                bench.note(job.kind)
                return Done()
            })
        try await bench.running(duty) { _ = await bench.notes(2) }
        let kinds = try await bench.pool.query("SELECT kind FROM public.effect ORDER BY kind").map {
            try $0.decode(String.self)
        }
        #expect(kinds == ["good1", "good2"])
        #expect(try await bench.count("SELECT count(*) FROM queue.blocked WHERE code = 'unexpected'") == 1)
    }

    @Test func whatATakenOverWorkerStillWritesIsRolledBack() async throws {
        let bench = try await QueueBench(lanes: 1)
        _ = try await bench.pool.execute("CREATE TABLE public.effect (kind text)")
        try await bench.enqueue([("a", "once")])
        let isFirst = Mutex(true)
        let pool = bench.pool
        let duty = Duty(
            .named("bench"),
            work: .within { job, transaction in
                _ = try await transaction.execute("INSERT INTO public.effect VALUES (\(job.kind))")
                if isFirst.withLock({
                    let was = $0
                    $0 = false
                    return was
                }) {
                    // A colleague takes the lane in the middle of this batch, as after a frozen process's lease.
                    _ = try await pool.execute(
                        "UPDATE queue.lane SET owner = NULL, epoch = epoch + 1 WHERE queue = \(job.queue)")
                }
                bench.note(job.kind)
                return Done()
            })
        try await bench.running(duty) {
            _ = await bench.notes(2)
            try await bench.until { try await bench.count("SELECT count(*) FROM queue.job") == 0 }
        }
        #expect(bench.order == ["once", "once"])
        #expect(try await bench.count("SELECT count(*) FROM public.effect") == 1)
    }

    @Test func aDeadWorkersLanesAreTakenAtOnceAndAFrozenOnesAfterItsLease() async throws {
        let bench = try await QueueBench(lanes: 4)
        // A worker that is gone: a row with a long lease, whose session lock nobody holds.
        let dead = try await bench.pool.query(
            """
            INSERT INTO queue.worker (name, host, version, lease_until)
            VALUES ('other', 'h', 'v', clock_timestamp() + interval '1 hour') RETURNING id
            """
        ).first?.decode(Int32.self)
        _ = try await bench.pool.execute(
            "UPDATE queue.lane SET owner = \(dead), epoch = 7 WHERE queue = \(bench.queue)")
        try await bench.enqueue([("a", "1"), ("b", "2"), ("c", "3")])
        let duty = Duty(
            .named("bench"),
            work: .within { job, _ in
                bench.note(job.kind)
                return Done()
            })
        try await bench.running(duty) { _ = await bench.notes(3) }
        #expect(try await bench.count("SELECT min(epoch) FROM queue.lane WHERE queue = \(bench.queue)") == 8)
    }

    @Test func twoCrewsShareTheLanesAndDoEachJobOnce() async throws {
        let bench = try await QueueBench(lanes: 16)
        let duty = Duty(
            .named("bench"),
            work: .within { job, _ in
                bench.note(job.kind)
                return Done()
            })
        let (one, two) = (try bench.crew(duty), try bench.crew(duty))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await one.run() }
            group.addTask { try await two.run() }
            try await bench.until {
                try await bench.count(
                    "SELECT count(*) FROM (SELECT owner FROM queue.lane WHERE queue = \(bench.queue) AND owner IS NOT NULL GROUP BY owner HAVING count(*) = 8) o"
                ) == 2
            }
            try await bench.enqueue((0..<200).map { (key: "k\($0 % 40)", kind: "\($0)") })
            _ = await bench.notes(200)
            one.stop()
            two.stop()
            try await group.waitForAll()
        }
        #expect(Set(bench.order).count == 200)
        #expect(bench.order.count == 200)
        for key in 0..<40 {
            let ofKey = bench.order.compactMap(Int.init).filter { $0 % 40 == key }
            #expect(ofKey == ofKey.sorted())
        }
    }

    @Test func aPausedQueueRestsUntilItIsResumed() async throws {
        let bench = try await QueueBench()
        _ = try await bench.pool.execute("UPDATE queue.queue SET paused_reason = 'upgrade' WHERE id = \(bench.queue)")
        try await bench.enqueue([("a", "a1")])
        let duty = Duty(
            .named("bench"),
            work: .within { job, _ in
                bench.note(job.kind)
                return Done()
            })
        try await bench.running(duty) {
            try await bench.until {
                try await bench.count(
                    "SELECT count(*) FROM queue.lane WHERE queue = \(bench.queue) AND owner IS NOT NULL") == 8
            }
            #expect(bench.order.isEmpty)
            _ = try await bench.pool.execute("UPDATE queue.queue SET paused_reason = NULL WHERE id = \(bench.queue)")
            _ = await bench.notes(1)
        }
    }

    @Test func aStatementThatAlwaysExceedsItsTimeIsCountedAsAnAttemptAtLastAndOthersGoOn() async throws {
        let bench = try await QueueBench(lanes: 2)
        try await bench.enqueue([("a", "slow"), ("a", "after"), ("b", "quick")])
        let duty = Duty(
            .named("bench"), retry: RetrySchedule(steps: []),
            work: .within { job, transaction in
                if job.kind == "slow" {
                    _ = try await transaction.execute("SET LOCAL statement_timeout = '20ms'")
                    _ = try await transaction.query("SELECT pg_sleep(30)::text")
                }
                bench.note(job.kind)
                return Done()
            })
        try await bench.running(duty) {
            _ = await bench.notes(1)
            try await bench.until {
                try await bench.count("SELECT count(*) FROM queue.blocked WHERE state = 'parked'") == 1
            }
        }
        #expect(bench.order == ["quick"])
        let blocked = try await ListedJob.list(JobFilter(), from: bench.pool)
        #expect(blocked.map(\.kind) == ["slow", "after"])
        #expect(blocked.first?.code == "statement-timeout" && blocked.first?.attempts == 1)
    }

    /// A batch is halved around one bad job: it must not come back for ever and hold all others up.
    @Test(arguments: ["read", "write", "note"])
    func `A job whose commit fails is parked alone, and the others of its batch go on in their order`(
        _ place: String
    ) async throws {
        let bench = try await QueueBench(lanes: 2)
        let kinds = (0..<9).map { $0 == 5 ? "bad" : "good\($0)" }
        try await bench.enqueue(kinds.map { ($0 == "bad" ? "b" : "a", $0) })
        let duty = Duty(
            .named("bench"),
            onFailure: { job, _, transaction in
                guard place == "note" else { return }
                _ = try await transaction.execute("SELECT \(job.kind)::bigint")
            },
            work: .batches { batch, transaction in
                if place == "read", batch.jobs.contains(where: { $0.kind == "bad" }) {
                    _ = try await transaction.execute("SELECT 1 / 0")
                }
                let result = try batch.decide { job in
                    if place == "note", job.kind == "bad" {
                        throw Failure(code: "refused", kind: .permanent, stage: "work", holdsKey: true)
                    }
                    return .done
                }
                if place == "write", result.finished.contains(where: { $0.kind == "bad" }) {
                    _ = try await transaction.execute("SELECT 1 / 0")
                }
                for job in result.finished {
                    _ = try await transaction.execute(
                        "INSERT INTO queue.suspect (queue, lane, id) VALUES (\(job.queue), \(job.lane), \(job.id))")
                }
                return result
            })
        try await bench.running(duty) {
            try await bench.until {
                try await bench.count("SELECT count(*) FROM queue.blocked WHERE state = 'parked'") == 1
            }
            try await bench.until { try await bench.count("SELECT count(*) FROM queue.job") == 0 }
        }
        let blocked = try await ListedJob.list(JobFilter(), from: bench.pool)
        #expect(blocked.map(\.kind) == ["bad"])
        #expect(try await bench.count("SELECT count(*) FROM queue.suspect") == 8)
    }

    @Test func `Where a job of a batch parks, later ones of its key wait, though the batch was halved`() async throws {
        let bench = try await QueueBench(lanes: 1)
        try await bench.enqueue([("a", "parks"), ("a", "waits"), ("b", "breaks"), ("a", "waits too"), ("c", "goes")])
        let duty = Duty(
            .named("bench"),
            work: .batches { batch, transaction in
                let result = try batch.decide { job in
                    if job.kind == "parks" {
                        throw Failure(code: "refused", kind: .permanent, stage: "work", holdsKey: true)
                    }
                    return .done
                }
                if result.finished.contains(where: { $0.kind == "breaks" }) {
                    _ = try await transaction.execute("SELECT 1 / 0")
                }
                for job in result.finished { bench.note(job.kind) }
                return result
            })
        try await bench.running(duty) {
            try await bench.until {
                let left = try await bench.count("SELECT count(*) FROM queue.job")
                return try await bench.count("SELECT count(*) FROM queue.blocked") == 4 && left == 0
            }
        }
        let blocked = try await ListedJob.list(JobFilter(), from: bench.pool)
        #expect(
            blocked.map { "\($0.kind) \($0.state)" } == [
                "parks parked", "waits waiting", "breaks parked", "waits too waiting",
            ])
        #expect(bench.order == ["goes"])
    }

    @Test func `A batch that another commit forestalls is decided anew at once`() async throws {
        let bench = try await QueueBench(lanes: 2)
        try await bench.enqueue([("a", "first"), ("b", "second")])
        let misses = Mutex(2)
        let duty = Duty(
            .named("bench"),
            work: .batches { batch, transaction in
                let isMiss = misses.withLock { left in
                    left -= 1
                    return left >= 0
                }
                if isMiss { try await transaction.later("SELECT 1 WHERE false", rows: 1) }
                for job in batch.jobs { bench.note(job.kind) }
                return BatchResult(finished: batch.jobs)
            })
        try await bench.running(duty) {
            try await bench.until { try await bench.count("SELECT count(*) FROM queue.job") == 0 }
        }
        #expect(bench.order == ["first", "second", "first", "second", "first", "second"])
        #expect(try await bench.count("SELECT count(*) FROM queue.blocked") == 0)
    }

    @Test func `A job that comes alone is worked at once, and those of a trickle share a batch`() async throws {
        let bench = try await QueueBench(lanes: 1)
        let sizes = Mutex<[Int]>([])
        let duty = Duty(
            .named("bench"), pace: .milliseconds(500),
            work: .batches { batch, _ in
                sizes.withLock { $0.append(batch.jobs.count) }
                for job in batch.jobs { bench.note(job.kind) }
                return BatchResult(finished: batch.jobs)
            })
        try await bench.running(duty) {
            try await bench.enqueue([("a", "first")])
            _ = await bench.notes(1)
            try await bench.enqueue([("b", "second")])
            try await bench.enqueue([("c", "third")])
            _ = await bench.notes(3)
        }
        #expect(sizes.withLock { $0 } == [1, 2])
    }

    @Test func stoppingGivesLanesAndMembershipBack() async throws {
        let bench = try await QueueBench()
        let duty = Duty(
            .named("bench"),
            work: .within { job, _ in
                bench.note(job.kind)
                return Done()
            })
        try await bench.running(duty) {
            try await bench.until {
                try await bench.count(
                    "SELECT count(*) FROM queue.lane WHERE queue = \(bench.queue) AND owner IS NOT NULL") == 8
            }
        }
        #expect(try await bench.count("SELECT count(*) FROM queue.lane WHERE owner IS NOT NULL") == 0)
        #expect(try await bench.count("SELECT count(*) FROM queue.worker") == 0)
    }
}
