import Foundation
import HL7
import Journal
import Postgres
import Queue
import Scheduling
import Worker
import Workflow

/// What a replay will do, in the order in which it does it: the jobs' own, which is the order their messages came in.
struct ReplayPlan {
    private let blocked: [ListedJob]
    private let anew: [Anew]

    /// A message that nobody would run any more.
    private struct Anew {
        let entry: EntryID
        let practice: String?
        let queue: QueueName
        let job: NewJob
        let outcome: String
    }

    /// One job; throws when there is none, or it is neither parked nor uncertain.
    init(job id: Int64, from pool: Pool) async throws {
        let job = try await ListedJob.find(id, in: pool)
        guard job.isOutOfWork else { throw CommandError.notBlocked(id, state: job.state) }
        (blocked, anew) = ([job], [])
    }

    /// - Parameter items: only those that wait for one of these codes.
    init(
        parkedIn queue: String?, code: String?, practice: String? = nil, items: [UUID]? = nil, from pool: Pool
    ) async throws {
        if let queue { _ = try await QueueName.find(queue, from: pool) }
        let filter = JobFilter(
            state: "parked", queue: queue, code: code, practice: practice, workItems: items, limit: .max)
        (blocked, anew) = (try await ListedJob.list(filter, from: pool), [])
    }

    /// A message's jobs; where it has none because it was discarded or refused, a new one.
    init(message id: EntryID, from pool: Pool) async throws {
        let jobs = try await ListedJob.list(JobFilter(entry: id.number), from: pool).filter { $0.day == id.day }
        blocked = jobs.filter(\.isOutOfWork)
        if let job = jobs.first {
            guard !blocked.isEmpty else { throw CommandError.notBlocked(job.id, state: job.state) }
            anew = []
            return
        }
        let last = try await pool.query(Queries.outcomes(of: id)).last
        let outcome = try last.map { try $0.decode((Date, String, String, String?).self).2 }
        guard let outcome, ["discarded", "refused"].contains(outcome),
            let entry = try await Entry.read(id, from: pool), entry.direction == "in"
        else { throw CommandError.nothingToReplay(id.text, outcome: outcome ?? "it has no outcome") }
        anew = [try await Self.takeUp(entry, outcome, pool)]
    }

    private static func takeUp(_ entry: Entry, _ outcome: String, _ pool: Pool) async throws -> Anew {
        let definition = try await DefinitionStore(pool: pool).current()
        let secret = try await KeySecret.read(from: pool)
        let loaded = LoadJob.again(
            payload: entry.payload, practice: entry.practice, entry: (entry.id.day, entry.id.number),
            definition: definition, secret: secret)
        if let loaded {
            let queue = try await QueueName.find(SchedulingJobs.queue, from: pool)
            return Anew(entry: entry.id, practice: entry.practice, queue: queue, job: loaded, outcome: outcome)
        }
        let route: Route
        do throws(HL7Error) {
            route = definition.route(try Message(entry.payload), port: nil, feedName: entry.feed)
        } catch {
            throw CommandError.nothingToReplay(entry.id.text, outcome: "it cannot be read: \(error)")
        }
        let queues = try await QueueName.all(from: pool)
        guard
            let queue = queues.first(where: { $0.name == route.workflow })
                ?? queues.first(where: {
                    $0.name == Route.fallback
                })
        else { throw QueueError.unknownQueue(route.workflow) }
        let key = JobKey(route.keyMaterial, secret: secret)
        return Anew(
            entry: entry.id, practice: route.practice, queue: queue,
            job: NewJob(
                kind: "message", key: key, practice: route.practice, day: entry.id.day, entry: entry.id.number),
            outcome: outcome)
    }

    struct Row: Encodable {
        let order: Int
        /// Nil for a message that gets a new one.
        let job: Int64?
        let queue: String
        let kind: String
        let state: String
        let code: String?
        let practice: String?
        let message: String?
        /// Later jobs of its key, which follow it.
        let followedBy: Int64
    }

    /// What the jobs wait for, where that is a code.
    var workItems: Set<UUID> { Set(blocked.compactMap(\.workItem)) }

    var rows: [Row] {
        blocked.enumerated().map { index, job in
            Row(
                order: index + 1, job: job.id, queue: job.queueName, kind: job.kind, state: job.state, code: job.code,
                practice: job.practice, message: job.message?.text, followedBy: job.holdsKey ? job.successors : 0)
        }
            + anew.enumerated().map { index, one in
                Row(
                    order: blocked.count + index + 1, job: nil, queue: one.queue.name, kind: one.job.kind,
                    state: one.outcome, code: nil, practice: one.practice, message: one.entry.text, followedBy: 0)
            }
    }

    /// One commit, on record under the person's name; gives the queues to ring for.
    func carryOut(by person: String, in pool: Pool) async throws -> Set<String> {
        try await pool.transaction { transaction in
            var rings = try await BlockedJobs.replay(blocked.map(\.id), in: transaction)
            let subjects = blocked.map { "job \($0.id)" } + anew.map { "message \($0.entry.text)" }
            _ = try await transaction.execute(
                Queries.audit(
                    "replayed", subjects, reason: "", by: person,
                    practices: blocked.map(\.practice) + anew.map(\.practice)))
            for one in anew {
                try await NewJob.enqueue([one.job], into: one.queue.id, in: transaction)
                rings.insert(one.queue.name)
            }
            return rings
        }
    }
}

extension ListedJob {
    /// Nobody will run it until a person says so.
    var isOutOfWork: Bool { state == "parked" || state == "uncertain" }
}
