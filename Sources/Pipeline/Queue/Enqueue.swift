package import Postgres

extension NewJob {
    /// Puts jobs into a queue, in the order given, with the caller's next statement or commit. Takes a lock on each key
    /// until commit, so call it last. Ring the doorbell after the commit.
    package static func enqueue(_ jobs: [NewJob], into queue: Int16, in transaction: Transaction) async throws {
        if !jobs.isEmpty { try await transaction.later(Queries.enqueue(jobs, into: queue)) }
    }
}

/// A queue as the tables name it.
package struct QueueName: Hashable, Sendable {
    package let id: Int16
    package let name: String
    package let lanes: Int16

    /// The queue of this name.
    package static func find(_ name: String, from pool: Pool) async throws -> QueueName {
        guard let found = try await all(from: pool).first(where: { $0.name == name }) else {
            throw QueueError.unknownQueue(name)
        }
        return found
    }

    package static func all(from pool: Pool) async throws -> [QueueName] {
        try await pool.query(Queries.queues()).map { row in
            let (id, name, lanes) = try row.decode((Int16, String, Int16).self)
            return QueueName(id: id, name: name, lanes: lanes)
        }
    }

    /// Makes the queue with its lanes, or finds it. Safe to repeat.
    package static func make(
        _ name: String, lanes: Int16, practice: String?, in transaction: Transaction
    ) async throws -> Int16 {
        guard let row = try await transaction.query(Queries.makeQueue(name, lanes: lanes, practice: practice)).first
        else { throw QueueError.unknownQueue(name) }
        return try row.decode(Int16.self)
    }
}
