import Foundation
import Hosting
import Journal
import Postgres
import Queue
import Records
import ServiceLifecycle
import TestSupport
import Testing
import Worker
import Workflow

@testable import Scheduling

/// A clinic whose worker is at work in this process: messages go through journal and queue, and end on record or parked.
struct Desk: Sendable {
    let clinic: Clinic
    let metrics: Metrics
    private let secret: KeySecret
    private let queue: Int16
    private let bell: Doorbell

    /// - Parameter now: the business rules' clock, where it is held.
    static func open(
        now: Date? = nil, _ test: String = #function, _ body: @Sendable (Desk) async throws -> Void
    ) async throws {
        let clinic = try await Clinic(test)
        try await open(clinic, now: now, body)
    }

    /// The worker again, over what is there.
    /// - Parameter noting: is told what became of each batch of scheduling's jobs.
    static func open(
        _ clinic: Clinic, now: Date?,
        settings: [String: String] = [:],
        noting: @escaping @Sendable (JobBatch, BatchResult) -> Void = { _, _ in },
        _ body: @Sendable (Desk) async throws -> Void
    ) async throws {
        var environment = settings
        environment["PMSYNC_DATABASE_URL"] = clinic.database.url
        if let now { environment["PMSYNC_NOW"] = now.formatted(.iso8601) }
        let program = Program(
            name: "scheduling", settings: try Settings(environment: environment), output: { _ in },
            handlesSignals: false)
        let worker = try await Worker(program, role: "pmsync_scheduling")
        let jobs = try await SchedulingJobs(worker)
        let fanOut = FanOut(secret: worker.secret)
        let crew = worker.crew([
            Duty(
                .named(SchedulingJobs.queue),
                work: .batches { batch, transaction in
                    let result = try await jobs.batch(batch, transaction)
                    noting(batch, result)
                    return result
                }),
            fanOut.duty(),
        ])
        let watch = try await MidnightWatch(worker)
        let days = try await DayWatch(worker)
        let desk = Desk(
            clinic: clinic, metrics: program.metrics, secret: worker.secret,
            queue: try await QueueName.find(SchedulingJobs.queue, from: clinic.pool).id,
            bell: Doorbell(try clinic.database.configuration()))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await crew.run() }
            group.addTask { try await watch.run() }
            group.addTask { try await days.run() }
            do {
                try await body(desk)
            } catch {
                group.cancelAll()
                throw error
            }
            group.cancelAll()
        }
        await desk.bell.close()
    }

    /// A message in the journal with its job, as the gateway leaves them; the journal's number. It is received by the
    /// database's clock, and a stamp ahead of that counts as receipt: what is sent here was written long ago.
    @discardableResult
    func send(_ bytes: [UInt8], feed: String = "demo-pm", practice: String = "demo", key: String) async throws -> Int64
    {
        let arrival = Arrival(
            feed: feed, practice: practice, peer: "test", controlID: UUID().uuidString, messageType: "SIU^S12",
            payload: bytes)
        let entry = try await clinic.pool.transaction { transaction in
            guard let entry = try await Arrival.record([arrival], in: transaction).first?.id else {
                throw CancellationError()
            }
            let job = NewJob(
                kind: SchedulingJobs.message, key: JobKey(key, secret: secret), practice: practice, day: entry.day,
                entry: entry.number)
            try await NewJob.enqueue([job], into: queue, in: transaction)
            return entry.number
        }
        await bell.ring([SchedulingJobs.queue])
        return entry
    }

    /// A person answers a parked job's question.
    func decide(_ job: Int64, _ choice: Deciding.Choice) async throws -> Deciding.Answer {
        let answer = try await clinic.pool.transaction { transaction in
            try await Deciding.decide(job: job, choice, by: "ann", reason: "she phoned", in: transaction)
        }
        await bell.ring([SchedulingJobs.queue])
        return answer
    }

    func ring() async { await bell.ring([SchedulingJobs.queue, FanOut.queue]) }

    /// Until nothing is left to do but what waits for a person.
    func settled() async throws {
        try await until("all is done") {
            try await clinic.count(
                """
                SELECT (SELECT count(*) FROM queue.job)
                    + (SELECT count(*) FROM queue.blocked WHERE state = 'retrying')
                    + (SELECT count(*) FROM queue.blocked w WHERE w.state = 'waiting' AND NOT EXISTS (
                        SELECT FROM queue.blocked p WHERE p.queue = w.queue AND p.lane = w.lane AND p.key = w.key
                            AND p.state = 'parked'))
                """) == 0
        }
    }

    func until(_ what: String, _ isSo: () async throws -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while try await !isSo() {
            if ContinuousClock.now > deadline {
                Issue.record("never: \(what)")
                return
            }
            _ = try await clinic.pool.query("SELECT pg_sleep(0.02)::text")
        }
    }

    func texts(_ sql: SQL) async throws -> [String] {
        try await clinic.pool.query(sql).map { try $0.decode(String.self) }
    }

    /// The jobs that are parked, oldest first.
    func parked() async throws -> [ListedJob] {
        try await ListedJob.list(JobFilter(state: "parked"), from: clinic.pool)
    }
}
