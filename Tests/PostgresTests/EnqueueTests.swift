import Postgres
import TestSupport
import Testing

@testable import Queue

/// How jobs enter a queue, and the plans of what is looked up by key in tables of which nothing is known.
@Suite(.timeLimit(.minutes(1))) struct EnqueueTests {
    private func job(_ key: String, _ bench: QueueBench) -> NewJob {
        NewJob(kind: key, key: JobKey(key, secret: bench.secret), practice: nil)
    }

    @Test func `whoever enqueues under a key waits for the commit of who did so before, whichever way each does it`()
        async throws
    {
        let bench = try await QueueBench()
        let (one, other) = (job("same", bench), job("other", bench))
        let function: SQL = """
            SELECT queue.enqueue(\(bench.queue), ARRAY['same'], ARRAY[\(one.key.bytes)]::bytea[], ARRAY[NULL::text],
                ARRAY[NULL::date], ARRAY[NULL::bigint], ARRAY['{}'])
            """
        let statement = Queries.enqueue([one, other], into: bench.queue)
        for (first, second) in [(statement, statement), (function, statement), (statement, function)] {
            try await bench.pool.transaction { before in
                try await before.query(first)
                await #expect(throws: PostgresError.server(.lockNotAvailable, constraint: nil)) {
                    try await bench.pool.transaction { after in
                        try await after.script("SET LOCAL lock_timeout = '50ms'")
                        try await after.query(second)
                    }
                }
                // Another key waits for nobody.
                try await bench.pool.transaction {
                    try await NewJob.enqueue([job("third", bench)], into: bench.queue, in: $0)
                }
            }
        }
    }

    @Test func `a key's lock is the same in a program and in the database`() async throws {
        let bench = try await QueueBench()
        for (index, queue) in [Int16(1), 7, 300, .max].enumerated() {
            let key = JobKey("key \(index)", secret: bench.secret)
            let lock = try await bench.pool.query("SELECT queue.key_lock(\(queue), \(key.bytes))")
            #expect(try lock.first?.decode(Int64.self) == key.lock(in: queue))
        }
    }

    @Test func `jobs get their ids in the order given, and a queue that is not there takes none`() async throws {
        let bench = try await QueueBench()
        let names = (0..<50).map { "job \($0)" }
        try await bench.pool.transaction {
            try await NewJob.enqueue(names.map { job($0, bench) }, into: bench.queue, in: $0)
        }
        let kinds = try await bench.pool.query("SELECT kind FROM queue.job ORDER BY id").map {
            try $0.decode(String.self)
        }
        #expect(kinds == names)
        await #expect(throws: PostgresError.server(SQLState(rawValue: "23502"), constraint: nil)) {
            try await bench.pool.transaction { try await NewJob.enqueue([job("lost", bench)], into: 999, in: $0) }
        }
    }

    @Test func `a job's end finds it by its whole key, though the queue was empty when that was planned`() async throws
    {
        let bench = try await QueueBench()
        var configuration = try bench.database.configuration()
        configuration.plans = .onceByKey
        let pool = Pool(configuration, size: 1)
        let ten = (0..<10).map(Int64.init)
        let plan = try await pool.query(
            """
            EXPLAIN \(fragment: Queries.finishOrRefuse(
                bench.queue, lanes: ten.map { Int16($0) }, ids: ten, worker: 1, held: [1], epochs: [1]))
            """
        ).map { try $0.decode(String.self) }
        pool.close()
        #expect(plan.contains { $0.contains("Index Cond") && $0.contains("id >=") && $0.contains("lane =") })
        #expect(plan.contains { $0.contains("Tid Scan on job") })
        #expect(!plan.contains { $0.contains("Seq Scan") })
    }
}
