package import Foundation
package import Postgres

/// The third step: exactly one worker holds a job, jobs of one key run in order, different keys side by side. Owns the
/// schema `queue`. A job's row exists if and only if work remains. Called by whoever opens a transaction (enqueue), by
/// workers (`Crew`), and by operators (`Blocked`). It never looks into a payload and never calls anyone outside.
///
///         enqueue            take                    finish
///     o ----------> waiting ------> in a batch ---------------------> gone (an outcome says how)
///                      ^               |  fail (transient)
///                      |  free         +-----------------> retrying --- due ---> in a batch
///                      |               |  fail (permanent)
///                   set aside          +-----------------> parked  --- replay ---> retrying
///                 (its key is held)    |  fail (ambiguous)        \--- discard ---> gone, with a reason
///                                      +-----------------> uncertain (the same two ways out)
package struct Job: Sendable {
    package let queue: Int16
    package let lane: Int16
    package let id: Int64
    package let kind: String
    package let attempts: Int16
    package let enqueuedAt: Date
    package let key: [UInt8]
    package let practice: String?
    package let day: CalendarDay?
    package let entry: Int64?
    /// JSON; ids only.
    package let payload: String
    /// Whether it comes back from `queue.blocked` rather than from `queue.job`.
    let wasBlocked: Bool

    /// Whether it was tried before, or replayed: what stood in its way may have been mended a moment ago.
    package var isTriedAgain: Bool { wasBlocked }

    /// A row of `Queries.waiting`: nil where no job waits.
    init?(waiting row: Row) throws {
        let (_, queue, lane, id, kind, attempts, enqueuedAt, key, practice, day, entry, payload) = try row.decode(
            (
                Bool, Int16?, Int16?, Int64?, String?, Int16?, Date?, [UInt8]?, String?, CalendarDay?, Int64?, String?
            ).self)
        guard let queue, let lane, let id, let kind, let attempts, let enqueuedAt, let key, let payload else {
            return nil
        }
        self.queue = queue
        self.lane = lane
        self.id = id
        self.kind = kind
        self.attempts = attempts
        self.enqueuedAt = enqueuedAt
        self.key = key
        self.practice = practice
        self.day = day
        self.entry = entry
        self.payload = payload
        wasBlocked = false
    }

    /// A row of `Queries.due`.
    init(due row: Row) throws {
        let (queue, lane, id, kind, attempts, enqueuedAt, key, practice, day, entry, payload) = try row.decode(
            (
                Int16, Int16, Int64, String, Int16, Date, [UInt8], String?, CalendarDay?, Int64?, String
            ).self)
        self.queue = queue
        self.lane = lane
        self.id = id
        self.kind = kind
        self.attempts = attempts
        self.enqueuedAt = enqueuedAt
        self.key = key
        self.practice = practice
        self.day = day
        self.entry = entry
        self.payload = payload
        wasBlocked = true
    }
}

/// A job that is not in the queue yet.
package struct NewJob: Sendable {
    package var kind: String
    package var key: JobKey
    package var practice: String?
    package var day: CalendarDay?
    package var entry: Int64?
    package var payload: String

    package init(
        kind: String, key: JobKey, practice: String?, day: CalendarDay? = nil, entry: Int64? = nil,
        payload: String = "{}"
    ) {
        self.kind = kind
        self.key = key
        self.practice = practice
        self.day = day
        self.entry = entry
        self.payload = payload
    }
}

/// Why a job did not end well. `code` is from a closed set, because it labels metrics and groups work items; `detail`
/// names paths, tables and codes, never a value of a patient.
package struct Failure: Error, Hashable, Sendable {
    package enum Kind: String, Sendable {
        /// Worth another try as it is.
        case transient
        /// Another try changes nothing until a person or a table does.
        case permanent
        /// It may have happened: look at the other side before doing it again.
        case ambiguous
    }

    package var code: String
    package var kind: Kind
    package var stage: String
    package var detail: String
    /// Whether later jobs of the key wait for this one.
    package var holdsKey: Bool
    /// Not before this long from now; nil leaves it to the backoff.
    package var retryAfter: Duration?
    /// The one thing that a person mends for this job and all that wait for the same.
    package var workItem: WorkItem?

    package init(
        code: String, kind: Kind, stage: String, detail: String = "", holdsKey: Bool = true,
        retryAfter: Duration? = nil,
        workItem: WorkItem? = nil
    ) {
        self.code = code
        self.kind = kind
        self.stage = stage
        self.detail = detail
        self.holdsKey = holdsKey
        self.retryAfter = retryAfter
        self.workItem = workItem
    }
}

/// What many parked jobs wait for. Only its id comes into a job's row; what it is about is for whoever keeps the list of
/// work items (`Duty.onFailure`), and for no log.
package struct WorkItem: Hashable, Sendable {
    package let id: UUID
    package let practice: String
    package let table: String
    package let code: String

    package init(id: UUID, practice: String, table: String, code: String) {
        self.id = id
        self.practice = practice
        self.table = table
        self.code = code
    }
}
