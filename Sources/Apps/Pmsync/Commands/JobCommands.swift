import ArgumentParser
import Foundation
import Journal
import Postgres
import Queue

/// `pmsync jobs`
struct Jobs: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Lists the jobs that are not done: the blocked ones first, then those that wait for their turn.")

    /// A job that runs is still listed as waiting: it is gone when it is done.
    enum State: String, ExpressibleByArgument, CaseIterable {
        case waiting, retrying, parked, uncertain
    }

    @OptionGroup var connection: Connection
    @OptionGroup var output: Output
    @Option(help: "Only in this state.") var state: State?
    @Option(help: "Only this workflow's, or another queue's by its name.") var workflow: String?
    @Option(help: "Only those blocked for this reason.") var code: String?
    @Option(help: "At most so many.") var limit: Int64 = 500

    func run() async throws {
        let pool = try connection.pool()
        defer { pool.close() }
        let filter = JobFilter(state: state?.rawValue, queue: workflow, code: code, limit: limit)
        try output.write(try await ListedJob.list(filter, from: pool).map(JobRow.init))
    }
}

/// A job as it is listed.
struct JobRow: Encodable {
    let job: Int64
    let queue: String
    let kind: String
    let state: String
    let code: String?
    let attempts: Int16
    let since: Date
    let runAt: Date?
    let practice: String?
    let message: String?
    /// Later jobs of its key that wait for it.
    let holdsBack: Int64

    init(_ job: ListedJob) {
        self.job = job.id
        (queue, kind, state, code, attempts) = (job.queueName, job.kind, job.state, job.code, job.attempts)
        (since, runAt, practice) = (job.since, job.runAt, job.practice)
        message = job.message?.text
        holdsBack = job.holdsKey ? job.successors : 0
    }
}

extension ListedJob {
    /// The message that it is about.
    var message: EntryID? {
        guard let day, let entry else { return nil }
        return EntryID(day: day, number: entry)
    }

    /// The job of this id; throws when there is none.
    static func find(_ id: Int64, in pool: Pool) async throws -> ListedJob {
        guard let job = try await list(JobFilter(id: id), from: pool).first else { throw CommandError.unknownJob(id) }
        return job
    }
}

/// `pmsync job ID`
struct JobCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "job", abstract: "One job that is not done.")

    @OptionGroup var connection: Connection
    @OptionGroup var output: Output
    @Argument(help: "Its number.") var id: Int64

    func run() async throws {
        let pool = try connection.pool()
        defer { pool.close() }
        let job = try await ListedJob.find(id, in: pool)
        guard output.format == .table else { return try output.write([JobStory(job)]) }
        let story = JobStory(job)
        output.lines([
            ("job", "\(job.id)"), ("queue", job.queueName), ("kind", job.kind), ("state", job.state),
            ("code", job.code ?? ""), ("stage", job.stage ?? ""), ("detail", job.detail ?? ""),
            ("attempts", "\(job.attempts)"), ("enqueued", job.enqueuedAt.formatted(.iso8601)),
            ("since", job.since.formatted(.iso8601)), ("runs at", job.runAt?.formatted(.iso8601) ?? ""),
            ("practice", job.practice ?? ""), ("message", story.message ?? ""),
            ("holds back", job.holdsKey ? "\(job.successors)" : ""),
        ])
        let candidates = try await pool.transaction { transaction in try await Candidate.all(of: id, in: transaction) }
        guard let candidates else { return }
        output.say("\nwhich appointment is meant? `pmsync decide \(id) --appointment ID` or `--new`, with --reason")
        try output.write(candidates)
    }
}

private struct JobStory: Encodable {
    let job: Int64
    let queue: String
    let kind: String
    let state: String
    let code: String?
    let stage: String?
    let detail: String?
    let attempts: Int16
    let enqueued: Date
    let since: Date
    let runAt: Date?
    let practice: String?
    let message: String?
    let holdsBack: Int64

    init(_ job: ListedJob) {
        self.job = job.id
        (queue, kind, state, code, stage) = (job.queueName, job.kind, job.state, job.code, job.stage)
        (detail, attempts, enqueued, since) = (job.detail, job.attempts, job.enqueuedAt, job.since)
        (runAt, practice, message) = (job.runAt, job.practice, job.message?.text)
        holdsBack = job.holdsKey ? job.successors : 0
    }
}
