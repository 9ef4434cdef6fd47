import ArgumentParser
import Foundation
import Journal
import Postgres
import Queue
import Worker

/// `pmsync discard ID --reason TEXT`
struct Discard: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Gives a parked or uncertain job up for good, with a reason on record.")

    @OptionGroup var connection: Connection
    @Argument(help: "The job.") var id: Int64
    @Option(help: "Why; it stands in the audit.") var reason: String

    func validate() throws {
        guard reason.contains(where: { !$0.isWhitespace }) else { throw ValidationError("--reason must say why") }
    }

    func run() async throws {
        let pool = try connection.pool()
        defer { pool.close() }
        let discarded = try await Discarding(id: id, reason: reason, person: NSUserName()).carryOut(in: pool)
        await Doorbell.ringOnce([discarded.queueName], pool.configuration)
        print("discarded job \(id)")
    }
}

/// A job given up: gone from the queue, with an outcome of its message, the end of its notice, and who did it and why, in
/// one commit.
struct Discarding {
    let id: Int64
    let reason: String
    let person: String

    @discardableResult
    func carryOut(in pool: Pool) async throws -> BlockedJobs.Discarded {
        let job = try await ListedJob.find(id, in: pool)
        return try await pool.transaction { transaction in
            guard let gone = try await BlockedJobs.discard(id, in: transaction) else {
                throw CommandError.notBlocked(id, state: job.state)
            }
            if let day = gone.day, let entry = gone.entry {
                try await Outcome(
                    entry: EntryID(day: day, number: entry), workflow: gone.queueName, definition: nil,
                    code: "discarded"
                ).record(in: transaction)
            }
            if gone.queueName.hasPrefix(Notices.queuePrefix), let practice = job.practice,
                let notice = try? JSONDecoder().decode(NoticePayload.self, from: Data(gone.payload.utf8))
            {
                _ = try await transaction.execute(
                    Queries.discardNotice(subscription: notice.subscription, event: notice.event, practice: practice))
            }
            _ = try await transaction.execute(
                Queries.audit("discarded", ["job \(id)"], reason: reason, by: person, practices: [job.practice]))
            return gone
        }
    }

    private struct NoticePayload: Decodable {
        let subscription: UUID
        let event: Int64
    }
}
