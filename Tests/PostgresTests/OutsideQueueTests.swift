import Postgres
import Queue
import Synchronization
import Testing

/// Jobs that call outside: side by side, uncertain, and in an outage.
@Suite(.timeLimit(.minutes(1))) struct OutsideQueueTests {
    @Test func outsideCallsOfDifferentKeysRunSideBySideAndOfOneKeyInOrder() async throws {
        let bench = try await QueueBench(lanes: 2)
        try await bench.enqueue([("slow", "slow1"), ("slow", "slow2"), ("quick", "quick1"), ("quick", "quick2")])
        let (gate, open) = AsyncStream.makeStream(of: Void.self)
        let duty = Duty(
            .named("bench"),
            work: .outside(atOnce: 4) { job in
                if job.kind == "slow1" { for await _ in gate {} }
                bench.note(job.kind)
                return .nothing
            })
        try await bench.running(duty) {
            _ = await bench.notes(2)
            #expect(bench.order == ["quick1", "quick2"])
            open.finish()
            _ = await bench.notes(4)
            try await bench.until { try await bench.count("SELECT count(*) FROM queue.job") == 0 }
        }
        #expect(bench.order == ["quick1", "quick2", "slow1", "slow2"])
    }

    @Test func anAmbiguousAnswerIsUncertainAndHoldsOnlyItsOwnKey() async throws {
        let bench = try await QueueBench()
        try await bench.enqueue([("a", "a1"), ("a", "a2"), ("b", "b1")])
        let duty = Duty(
            .named("bench"),
            work: .outside(atOnce: 4) { job in
                if job.kind == "a1" { throw Failure(code: "no-answer", kind: .ambiguous, stage: "send") }
                bench.note(job.kind)
                return .nothing
            })
        try await bench.running(duty) {
            _ = await bench.notes(1)
            try await bench.until { try await bench.count("SELECT count(*) FROM queue.blocked") == 2 }
        }
        #expect(bench.order == ["b1"])
        #expect(try await bench.count("SELECT count(*) FROM queue.blocked WHERE state = 'uncertain'") == 1)
        #expect(try await bench.count("SELECT count(*) FROM queue.blocked WHERE state = 'waiting'") == 1)
    }

    /// Each success ends an outage that those which fail always have made; they are not asked again for every one.
    @Test func whatAlwaysFailsAmongWhatGoesWellDoesNotUseUpItsTries() async throws {
        let bench = try await QueueBench()
        let day = RetrySchedule(steps: Array(repeating: .seconds(86_400), count: 10))
        let duty = Duty(
            .named("bench"), retry: day,
            work: .outside(atOnce: 4) { job in
                if job.kind == "bad" {
                    throw Failure(code: "refused", kind: .transient, stage: "deliver", holdsKey: false)
                }
                bench.note(job.kind)
                return .nothing
            })
        try await bench.enqueue([("good", "good")])
        try await bench.running(duty) {
            _ = await bench.notes(1)
            try await bench.enqueue((0..<5).map { ("bad \($0)", "bad") })
            for round in 2...6 {
                try await bench.until {
                    let due = try await bench.pool.query(
                        """
                        SELECT (SELECT count(*) FROM queue.job)
                            + (SELECT count(*) FROM queue.blocked WHERE run_at <= clock_timestamp())
                        """)
                    return try due[0].decode(Int.self) == 0
                }
                try await bench.enqueue([("good", "good")])
                _ = await bench.notes(round)
            }
        }
        let tries = try await bench.pool.query("SELECT attempts FROM queue.blocked WHERE state = 'retrying'")
        #expect(try tries.map { try $0.decode(Int16.self) } == [2, 2, 2, 2, 2])
    }

    @Test func `what a look finds is read at once and ends in few commits, and each key keeps its order`() async throws
    {
        let bench = try await QueueBench()
        try await bench.enqueue((0..<100).map { ("k\($0 % 50)", "\($0)") })
        let reads = Mutex<[Int]>([])
        let writes = Mutex<[Int]>([])
        let duty = Duty(
            .named("bench"),
            work: .calls(atOnce: 25) { jobs in
                reads.withLock { $0.append(jobs.count) }
                return { job in
                    bench.note(job.kind)
                    return Duty.Ending("done", job.kind) { kinds, _ in writes.withLock { $0.append(kinds.count) } }
                }
            })
        try await bench.running(duty) {
            _ = await bench.notes(100)
            try await bench.until { try await bench.count("SELECT count(*) FROM queue.job") == 0 }
        }
        #expect(reads.withLock { $0.reduce(0, +) } == 100 && writes.withLock { $0.reduce(0, +) } == 100)
        #expect(reads.withLock { $0.first } == 50)
        #expect(writes.withLock { $0.count } < 60)
        for key in 0..<50 {
            let ofKey = bench.order.compactMap(Int.init).filter { $0 % 50 == key }
            #expect(ofKey == ofKey.sorted())
        }
    }

    @Test func `a job that cannot be read fails alone`() async throws {
        let bench = try await QueueBench()
        try await bench.enqueue([("a", "good1"), ("b", "bad"), ("c", "good2")])
        let duty = Duty(
            .named("bench"),
            work: .calls(atOnce: 4) { jobs in
                if jobs.contains(where: { $0.kind == "bad" }) {
                    throw Failure(code: "unreadable-job", kind: .permanent, stage: "read")
                }
                return { job in
                    bench.note(job.kind)
                    return .nothing
                }
            })
        try await bench.running(duty) {
            _ = await bench.notes(2)
            try await bench.until { try await bench.count("SELECT count(*) FROM queue.job") == 0 }
        }
        #expect(bench.order.sorted() == ["good1", "good2"])
        #expect(
            try await bench.count("SELECT count(*) FROM queue.blocked WHERE kind = 'bad' AND state = 'parked'") == 1)
    }

    @Test(arguments: ["in the call", "at its end"])
    func `what our own database refuses is no failure of the destination's`(place: String) async throws {
        let bench = try await QueueBench("refuses\(place)")
        _ = try await bench.pool.execute("CREATE TABLE public.effect (kind text CHECK (kind <> 'bad'))")
        let (gate, open) = AsyncStream.makeStream(of: Void.self)
        let write: @Sendable ([String]) -> SQL = { "INSERT INTO public.effect SELECT unnest(\($0))" }
        let day = RetrySchedule(steps: Array(repeating: .seconds(86_400), count: 10))
        let duty = Duty(
            .named("bench"), retry: day,
            work: .outside(atOnce: 16) { job in
                bench.note(job.kind)
                if place == "in the call" { try await bench.pool.execute(write([job.kind])) }
                // All are through before the first is written.
                for await _ in gate {}
                return Duty.Ending("effect", job.kind) { try await $1.later(write($0)) }
            })
        try await bench.enqueue((0..<8).map { ("bad \($0)", "bad") })
        try await bench.running(duty) {
            _ = await bench.notes(8)
            open.finish()
            try await bench.until {
                try await bench.count("SELECT count(*) FROM queue.blocked WHERE stage = 'record'") == 8
            }
        }
        #expect(try await bench.count("SELECT count(*) FROM queue.queue WHERE circuit_open_until IS NOT NULL") == 0)
    }

    @Test func `when the circuit opens, what was read and waits for a place is given back`() async throws {
        let bench = try await QueueBench()
        let day = RetrySchedule(steps: Array(repeating: .seconds(86_400), count: 10))
        let duty = Duty(
            .named("bench"), retry: day,
            work: .outside(atOnce: 1) { job in
                bench.note(job.kind)
                throw Failure(code: "away", kind: .transient, stage: "deliver", holdsKey: false)
            })
        try await bench.enqueue((0..<4).map { ("k\($0)", "\($0)") })
        try await bench.running(duty) {
            _ = await bench.notes(4)
            try await bench.enqueue((4..<8).map { ("k\($0)", "\($0)") })
            try await bench.until {
                try await bench.count("SELECT count(*) FROM queue.queue WHERE circuit_open_until IS NOT NULL") == 1
            }
            #expect(bench.order.count == 5)
        }
        #expect(try await bench.count("SELECT count(*) FROM queue.job") == 3)
    }

    @Test func `a call whose lane was taken over meanwhile leaves nothing, and is made again`() async throws {
        let bench = try await QueueBench(lanes: 1)
        _ = try await bench.pool.execute("CREATE TABLE public.effect (call text)")
        try await bench.enqueue([("a", "once")])
        let calls = Mutex(0)
        let pool = bench.pool
        let duty = Duty(
            .named("bench"),
            work: .outside(atOnce: 4) { job in
                let call = calls.withLock {
                    $0 += 1
                    return $0
                }
                if call == 1 {
                    _ = try await pool.execute(
                        "UPDATE queue.lane SET owner = NULL, epoch = epoch + 1 WHERE queue = \(job.queue)")
                }
                bench.note(job.kind)
                return Duty.Ending("effect", "\(call)") { calls, transaction in
                    try await transaction.later("INSERT INTO public.effect SELECT unnest(\(calls))")
                }
            })
        try await bench.running(duty) {
            _ = await bench.notes(2)
            try await bench.until { try await bench.count("SELECT count(*) FROM queue.job") == 0 }
        }
        let effects = try await bench.pool.query("SELECT call FROM public.effect").map { try $0.decode(String.self) }
        #expect(effects == ["2"])
    }
}
