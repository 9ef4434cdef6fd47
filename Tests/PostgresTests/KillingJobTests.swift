import Foundation
import Logging
import Postgres
import Queue
import TestSupport
import Testing

/// A job that takes its process with it: real processes, real kills.
@Suite(.timeLimit(.minutes(3))) struct KillingJobTests {
    @Test("A job that kills its worker is tried alone and parked after a few deaths; all others are done, each once")
    func within() async throws {
        let database = try await TestDatabase.make()
        let pool = try database.pool()
        try await prepare(pool, outside: false)
        try await dieAndRecover(database, pool, outside: false)
    }

    @Test("So is one that kills its worker while it calls outside")
    func outside() async throws {
        let database = try await TestDatabase.make()
        let pool = try database.pool()
        try await prepare(pool, outside: true)
        try await dieAndRecover(database, pool, outside: true)
    }

    private func prepare(_ pool: Pool, outside: Bool) async throws {
        _ = try await pool.execute("CREATE TABLE public.effect (kind text)")
        let secret = try await KeySecret.read(from: pool)
        let kinds = (0..<30).map { $0 == 11 ? "kill" : "\($0)" }
        let jobs = kinds.map { NewJob(kind: $0, key: JobKey("k\($0)", secret: secret), practice: nil) }
        try await pool.transaction { transaction in
            let queue = try await QueueName.make("bench", lanes: 4, practice: nil, in: transaction)
            try await NewJob.enqueue(jobs, into: queue, in: transaction)
        }
    }

    /// Two deaths make the lanes suspect, three more are its own; the sixth worker parks it and does the rest.
    private func dieAndRecover(_ database: TestDatabase, _ pool: Pool, outside: Bool) async throws {
        let url = database.url
        for death in 1...5 {
            await #expect(processExitsWith: .signal(SIGKILL), "death \(death)") {
                [url = url as String, outside = outside as Bool] in
                try await work(url, outside: outside)
            }
        }
        await #expect(processExitsWith: .success) { [url = url as String, outside = outside as Bool] in
            try await work(url, outside: outside)
        }
        let parked = try await ListedJob.list(JobFilter(), from: pool)
        #expect(parked.map(\.kind) == ["kill"])
        #expect(parked.map(\.code) == ["kills-worker"])
        let done = try await pool.query("SELECT kind FROM public.effect ORDER BY kind").map {
            try $0.decode(String.self)
        }
        #expect(done.count == 29 && Set(done).count == 29)

        // A replay gives it one try, alone; nobody mended it, so it parks again.
        try await pool.transaction { _ = try await BlockedJobs.replay(parked.map(\.id), in: $0) }
        await #expect(processExitsWith: .signal(SIGKILL)) { [url = url as String, outside = outside as Bool] in
            try await work(url, outside: outside)
        }
        await #expect(processExitsWith: .success) { [url = url as String, outside = outside as Bool] in
            try await work(url, outside: outside)
        }
        let again = try await ListedJob.list(JobFilter(state: "parked"), from: pool)
        #expect(again.map(\.code) == ["kills-worker"])
        pool.close()
    }
}

/// One worker's process: works until nothing is left to do.
private func work(_ url: String, outside: Bool) async throws {
    let configuration = try Configuration(url: url)
    let pool = Pool(configuration, size: 4)
    let effect: @Sendable (String, Transaction) async throws -> Void = { kind, transaction in
        if kind == "kill" { kill(getpid(), SIGKILL) }
        try await transaction.execute("INSERT INTO public.effect VALUES (\(kind))")
    }
    let duty =
        outside
        ? Duty(
            .named("bench"),
            work: .outside(atOnce: 8) { job in
                if job.kind == "kill" { kill(getpid(), SIGKILL) }
                return Duty.Ending("effect", job.kind) { kinds, transaction in
                    for kind in kinds { try await effect(kind, transaction) }
                }
            })
        : Duty(
            .named("bench"),
            work: .within { job, transaction in
                try await effect(job.kind, transaction)
                return Done()
            })
    let crew = Crew(
        .init(name: "bench", version: "test", poll: .milliseconds(20)), duties: [duty], configuration: configuration,
        pool: pool, doorbell: Doorbell(configuration),
        logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await crew.run() }
        let left: SQL = """
            SELECT (SELECT count(*) FROM queue.job)
                + (SELECT count(*) FROM queue.blocked WHERE state IN ('retrying', 'waiting'))
            """
        while try await pool.query(left).first?.decode(Int64.self) != 0 { await Task.yield() }
        crew.stop()
        try await group.waitForAll()
    }
    pool.close()
}
