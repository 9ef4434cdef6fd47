import Postgres
import Queue

extension NewJob {
    /// Whether the same is asked for already and not done yet, also where it is tried again or waits for a person: two who
    /// press at once ask once. Takes the lock first that an enqueue of the key takes, so that the second sees what the
    /// first has committed.
    func isUnderWay(in queue: Int16, _ transaction: Transaction) async throws -> Bool {
        _ = try await transaction.query(
            "SELECT pg_advisory_xact_lock(\(key.lock(in: queue)))::text")
        let waiting = try await transaction.query(
            """
            SELECT 1 FROM queue.job j JOIN queue.queue q ON q.id = j.queue
            WHERE j.queue = \(queue) AND j.lane = get_byte(\(key.bytes)::bytea, 0) % q.lanes AND j.key = \(key.bytes)
                AND j.kind = \(kind) AND j.payload = \(payload)::text::jsonb
            UNION ALL
            SELECT 1 FROM queue.blocked b JOIN queue.queue q ON q.id = b.queue
            WHERE b.queue = \(queue) AND b.lane = get_byte(\(key.bytes)::bytea, 0) % q.lanes AND b.key = \(key.bytes)
                AND b.kind = \(kind) AND b.payload = \(payload)::text::jsonb
            """)
        return !waiting.isEmpty
    }
}
