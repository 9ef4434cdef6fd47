import Crypto
package import Postgres

extension Arrival {
    /// Puts arrivals on record, in order, and says of each whether it is new. Safe to repeat: a second call finds the
    /// first one's entries, which is how a lost answer to COMMIT is settled.
    package static func record(
        _ arrivals: [Arrival], in transaction: Transaction
    ) async throws -> [Recorded] {
        let digests = arrivals.map { Array(SHA256.hash(data: $0.payload)) }
        let inserted = try await transaction.query(Queries.recordArrivals(arrivals, digests))
        var recorded = [Recorded?](repeating: nil, count: arrivals.count)
        for row in inserted {
            let (position, day, number, reused) = try row.decode((Int64, CalendarDay, Int64, Bool).self)
            recorded[Int(position) - 1] = .fresh(EntryID(day: day, number: number), reused: reused)
        }
        let repeated = recorded.indices.filter { recorded[$0] == nil }
        if !repeated.isEmpty {
            let found = try await transaction.query(
                Queries.recordRepeats(repeated.map { arrivals[$0] }, repeated.map { digests[$0] }))
            for row in found {
                let (position, day, number) = try row.decode((Int64, CalendarDay, Int64).self)
                recorded[repeated[Int(position) - 1]] = .again(EntryID(day: day, number: number))
            }
        }
        return recorded.map { entry in
            guard let entry else { preconditionFailure("An arrival was neither recorded nor found.") }
            return entry
        }
    }
}

/// A frame that never became an entry: cut off, or longer than its feed allows.
package struct Refusal: Sendable {
    package var feed: String
    package var peer: String
    package var reason: String
    /// Bytes seen before it was given up.
    package var size: Int
    /// Its first 64 KiB.
    package var head: [UInt8]

    package init(feed: String, peer: String, reason: String, size: Int, head: [UInt8]) {
        self.feed = feed
        self.peer = peer
        self.reason = reason
        self.size = size
        self.head = Array(head.prefix(65536))
    }

    package func record(in transaction: Transaction) async throws {
        try await transaction.later(Queries.recordRefusal(self))
    }
}

/// How an entry ended: one row in the commit of its work. `code` is from a closed set; `detail` never holds a value of a
/// patient.
package struct Outcome: Sendable {
    package var entry: EntryID
    package var workflow: String
    package var definition: [UInt8]?
    package var code: String
    package var detail: String?

    package init(entry: EntryID, workflow: String, definition: [UInt8]?, code: String, detail: String? = nil) {
        self.entry = entry
        self.workflow = workflow
        self.definition = definition
        self.code = code
        self.detail = detail
    }

    package func record(in transaction: Transaction) async throws {
        try await Self.record([self], in: transaction)
    }

    package static func record(_ outcomes: [Outcome], in transaction: Transaction) async throws {
        try await transaction.later(Queries.recordOutcomes(outcomes))
    }
}

extension Arrival {
    /// Puts on record what was sent, bytes as they went. Not for notices to apps, of which a delivery keeps the digest.
    package func recordSent(in transaction: Transaction) async throws {
        try await transaction.later(Queries.recordSent(self, Array(SHA256.hash(data: payload))))
    }
}
