import ArgumentParser
import Foundation
import Journal
import Postgres
import Queue
import Worker

/// `pmsync discard ID --reason TEXT`, or all that a queue and a code name.
struct Discard: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Gives parked or uncertain jobs up for good, with a reason on record.")

    @OptionGroup var connection: Connection
    @OptionGroup var output: Output
    @Argument(help: "The job.") var id: Int64?
    @Option(help: "Without a job: all of this queue, by the name that `pmsync jobs` shows.") var queue: String?
    @Option(help: "Without a job: all that are blocked for this reason.") var code: String?
    @Option(help: "Why; it stands in the audit.") var reason: String?
    @Flag(help: "Only say what would be done.") var dryRun = false

    func validate() throws {
        guard (id != nil) != (queue != nil || code != nil) else {
            throw ValidationError("say one job, or --queue and --code for all that they name")
        }
        guard dryRun || reason?.contains(where: { !$0.isWhitespace }) == true else {
            throw ValidationError("--reason must say why")
        }
    }

    func run() async throws {
        let pool = try connection.pool()
        defer { pool.close() }
        let jobs = try await chosen(pool)
        if id == nil || dryRun { try output.write(jobs.map(JobRow.init)) }
        let count = jobs.count == 1 ? "1 job" : "\(jobs.count) jobs"
        if dryRun { return output.say("\(count) would be discarded; nothing was done") }
        let rings = try await Discarding(jobs: jobs, reason: reason ?? "", person: NSUserName()).carryOut(in: pool)
        await Doorbell.ringOnce(rings, pool.configuration)
        output.say(id.map { "discarded job \($0)" } ?? "discarded \(count)")
    }

    private func chosen(_ pool: Pool) async throws -> [ListedJob] {
        if let id {
            let job = try await ListedJob.find(id, in: pool)
            guard job.isOutOfWork else { throw CommandError.notBlocked(id, state: job.state) }
            return [job]
        }
        if let queue { _ = try await QueueName.find(queue, from: pool) }
        var jobs: [ListedJob] = []
        for state in ["parked", "uncertain"] {
            jobs += try await ListedJob.list(
                JobFilter(state: state, queue: queue, code: code, limit: .max), from: pool)
        }
        return jobs
    }
}

/// Jobs given up: gone from the queue, with an outcome of their messages, the end of their notices, and who did it and
/// why, in one commit.
struct Discarding {
    let jobs: [ListedJob]
    let reason: String
    let person: String

    /// Gives the queues to ring for. Throws where one of the jobs has been taken up meanwhile, and then nothing is done.
    @discardableResult
    func carryOut(in pool: Pool) async throws -> Set<String> {
        try await pool.transaction { try await carryOut(in: $0) }
    }

    @discardableResult
    func carryOut(in transaction: Transaction) async throws -> Set<String> {
        var rings: Set<String> = []
        for job in jobs {
            guard let gone = try await BlockedJobs.discard(job.id, in: transaction) else {
                throw CommandError.notBlocked(job.id, state: "no longer blocked")
            }
            rings.insert(gone.queueName)
            try await settle(gone, job.practice, transaction)
        }
        _ = try await transaction.execute(
            Queries.audit(
                "discarded", jobs.map { "job \($0.id)" }, reason: reason, by: person,
                practices: jobs.map(\.practice)))
        return rings
    }

    private func settle(
        _ gone: BlockedJobs.Discarded, _ practice: String?, _ transaction: Transaction
    ) async throws {
        if let day = gone.day, let entry = gone.entry {
            try await Outcome(
                entry: EntryID(day: day, number: entry), workflow: gone.queueName, definition: nil, code: "discarded"
            ).record(in: transaction)
        }
        if gone.queueName.hasPrefix(Notices.queuePrefix), let practice,
            let notice = try? JSONDecoder().decode(NoticePayload.self, from: Data(gone.payload.utf8))
        {
            _ = try await transaction.execute(
                Queries.discardNotice(subscription: notice.subscription, event: notice.event, practice: practice))
        }
    }

    private struct NoticePayload: Decodable {
        let subscription: UUID
        let event: Int64
    }
}
