import Postgres
import Queue
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
}
