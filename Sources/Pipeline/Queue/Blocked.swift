package import Foundation
package import Postgres

/// Which jobs an operator asks for. Nil asks for all.
package struct JobFilter: Sendable {
    package var state: String?
    package var queue: String?
    package var code: String?
    package var practice: String?
    package var id: Int64?
    package var entry: Int64?
    /// Only those that wait for one of these.
    package var workItems: [UUID]?
    package var limit: Int64

    package init(
        state: String? = nil, queue: String? = nil, code: String? = nil, practice: String? = nil, id: Int64? = nil,
        entry: Int64? = nil, workItems: [UUID]? = nil, limit: Int64 = 500
    ) {
        self.state = state
        self.queue = queue
        self.code = code
        self.practice = practice
        self.id = id
        self.entry = entry
        self.workItems = workItems
        self.limit = limit
    }
}

/// A job as an operator sees it.
package struct ListedJob: Sendable, Identifiable {
    package let queue: Int16
    package let queueName: String
    package let lane: Int16
    package let id: Int64
    package let kind: String
    package let state: String
    package let attempts: Int16
    package let runAt: Date?
    package let enqueuedAt: Date
    package let since: Date
    package let code: String?
    package let stage: String?
    package let detail: String?
    package let practice: String?
    package let day: CalendarDay?
    package let entry: Int64?
    package let holdsKey: Bool
    /// Later jobs of its key that wait for it.
    package let successors: Int64
    /// What it waits for together with others; an id of workflow.unmapped.
    package let workItem: UUID?

    private init(row: Row) throws {
        (
            queue, queueName, lane, id, kind, state, attempts, runAt, enqueuedAt, since, code, stage, detail, practice,
            day, entry, holdsKey, successors, workItem
        ) = try row.decode(
            (
                Int16, String, Int16, Int64, String, String, Int16, Date?, Date, Date, String?, String?, String?,
                String?, CalendarDay?, Int64?, Bool, Int64, UUID?
            ).self)
    }

    /// Blocked jobs first, then those that merely wait for their turn, oldest first.
    package static func list(_ filter: JobFilter, from pool: Pool) async throws -> [ListedJob] {
        var found = try await pool.query(Queries.list(filter)).map(ListedJob.init(row:))
        if filter.code == nil && filter.workItems == nil && (filter.state == nil || filter.state == "waiting") {
            found += try await pool.query(Queries.waitingList(filter)).map(ListedJob.init(row:))
        }
        return Array(found.prefix(Int(filter.limit)))
    }
}

/// What operators and a sender's resend do with jobs that are parked or uncertain.
package enum BlockedJobs {
    /// Back to work, in their old place; gives the queues to ring for.
    package static func replay(_ ids: [Int64], in transaction: Transaction) async throws -> Set<String> {
        Set(try await transaction.query(Queries.replay(ids)).map { try $0.decode(String.self) })
    }

    package struct Discarded: Sendable {
        package let day: CalendarDay?
        package let entry: Int64?
        package let queueName: String
        package let kind: String
        package let payload: String
    }

    /// Takes a parked or uncertain job away for good; nil when there is none of this id. The caller writes the reason in
    /// the same transaction.
    package static func discard(_ id: Int64, in transaction: Transaction) async throws -> Discarded? {
        try await transaction.query(Queries.discard(id)).first.map { row in
            let (day, entry, queue, kind, payload) = try row.decode(
                (CalendarDay?, Int64?, String, String, String).self)
            return Discarded(day: day, entry: entry, queueName: queue, kind: kind, payload: payload)
        }
    }

    /// Re-opens the parked jobs of entries that came again; gives those that had one.
    package static func reopen(
        days: [CalendarDay], entries: [Int64], in transaction: Transaction
    ) async throws -> Set<Int64> {
        Set(
            try await transaction.query(Queries.reopen(days, entries)).map {
                try $0.decode((CalendarDay, Int64).self).1
            })
    }
}

/// How much is left to do in one queue.
package struct Backlog: Sendable {
    package let queueName: String
    package let practice: String?
    package let waiting: Int64
    package let oldest: Date?
    package let pausedReason: String?
    package let circuitOpenUntil: Date?
    package let retrying: Int64
    package let heldBack: Int64
    package let parked: Int64
    package let uncertain: Int64

    private init(row: Row) throws {
        (
            queueName, practice, waiting, oldest, pausedReason, circuitOpenUntil, retrying, heldBack, parked, uncertain
        ) = try row.decode(
            (String, String?, Int64, Date?, String?, Date?, Int64, Int64, Int64, Int64).self)
    }

    package static func read(from pool: Pool) async throws -> [Backlog] {
        try await pool.query(Queries.backlog()).map(Backlog.init(row:))
    }
}
