package import Foundation
package import Journal
package import Postgres
package import Records
package import Workflow

/// How a worker decides: pure, and the same for production, cases, trials and property tests. `WorkflowRunner` reads and
/// writes around it.
///
///     fetch jobs -> read their entries -> parse -> needs
///         -> load the slice of the record that the batch touches
///         -> decide, job by job, in memory: a draft is applied, or the job parks
///         -> write the difference, outcomes, changes, the jobs' ends, in one commit
package protocol RecordWorkflow: Sendable {
    /// Of its queue, its section of a definition, its outcomes and metrics.
    static var name: String { get }
    /// What one input says.
    associatedtype Parsed: Sendable
    associatedtype Slice: RecordSlice

    func parse(_ input: Input, _ definition: Definition) throws(Park) -> Parsed
    /// What of the record `decide` may ask for.
    func needs(of parsed: Parsed, from input: Input) -> Slice.Needs
    func decide(_ parsed: Parsed, in slice: Slice, _ context: DecisionContext) throws(Undecided) -> Slice.Draft
}

/// The part of the record that a batch touches, in memory. An empty one is a record without a database.
package protocol RecordSlice: Sendable {
    associatedtype Needs: SliceNeeds
    /// What is to be recorded of one input. A job that parks has none, so it leaves no trace.
    associatedtype Draft: Sendable

    init()
    /// Reads what is needed, and holds it until the commit.
    static func load(_ needs: Needs, in transaction: Transaction) async throws -> Self
    mutating func apply(_ draft: Draft) -> Effect
    /// Writes what has changed since it was loaded, one part of the order after the other.
    func save(_ part: WriteOrder, in transaction: Transaction) async throws
}

/// What a batch needs: a union over its inputs.
package protocol SliceNeeds: Sendable {
    init()
    mutating func formUnion(_ other: Self)
    /// Whether everything is read that was said of what is found, however rarely a decision asks for it.
    var wantsHistory: Bool { get set }
    /// How many locks loading it may take; a batch takes few.
    var locks: Int { get }
}

/// One input of a workflow: a message of the journal, or a row of a loaded file.
package struct Input: Sendable {
    /// The kind of its job.
    package let kind: String
    package let entry: EntryID
    package let bytes: [UInt8]
    package let feed: String
    package let practice: String?
    /// The listener of its own by which the message came.
    package let port: Int?
    package let receivedAt: Date
    /// It was parked and is replayed: what a person decided of it counts.
    package let isTriedAgain: Bool

    package init(
        kind: String, entry: EntryID, bytes: [UInt8], feed: String, practice: String? = nil, port: Int? = nil,
        receivedAt: Date, isTriedAgain: Bool = false
    ) {
        self.kind = kind
        self.entry = entry
        self.bytes = bytes
        self.feed = feed
        self.practice = practice
        self.port = port
        self.receivedAt = receivedAt
        self.isTriedAgain = isTriedAgain
    }
}

/// What decisions rest on beside the record.
package struct DecisionContext: Sendable {
    package let definition: Definition
    package let input: Input
    /// The id of a new record.
    package let makeID: @Sendable () -> UUID

    package init(_ definition: Definition, _ input: Input, makeID: @escaping @Sendable () -> UUID = { UUID() }) {
        self.definition = definition
        self.input = input
        self.makeID = makeID
    }
}

/// Why an input has no draft.
package enum Undecided: Error {
    /// It waits for a person.
    case parked(Park)
    /// It needs what was not loaded: it is decided in a batch that begins with it, for which everything is read that was
    /// said of what is found.
    case notLoaded
}

/// What applying a draft did.
package struct Effect: Sendable {
    /// The outcome's code, from a closed set.
    package var code: String
    package var practice: String
    /// What others are told, in order.
    package var changes: [NewChange]

    package init(_ code: String = "unchanged", practice: String, changes: [NewChange] = []) {
        self.code = code
        self.practice = practice
        self.changes = changes
    }

    package mutating func add(_ change: NewChange?) {
        guard let change else { return }
        code = "applied"
        changes.append(change)
    }
}

/// The order in which a commit writes, and so locks. Every commit keeps it, so that two never wait for each other crosswise.
package enum WriteOrder: Int, CaseIterable, Sendable {
    /// By id.
    case persons
    /// Current rows by id; then what is only appended.
    case records
    /// By id, under their own lock.
    case resources
    /// Practices in ascending order, changes in job order.
    case counters
    /// Jobs that the batch makes: each key is a lock.
    case queueKeys
    /// The batch's own jobs, and with them the fence.
    case lanes
}
