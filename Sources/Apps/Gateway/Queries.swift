import Postgres

/// The statements that span the journal and the queue, or that no other module owns.
enum Queries {
    /// Index outcome_by_entry. Entries whose newest outcome says that nobody will run them, and that have no job; the
    /// last condition reads the queue's jobs one by one, which only the rare resend of a discarded message does.
    static func givenUp(_ days: [CalendarDay], _ entries: [Int64]) -> SQL {
        """
        SELECT a.day, a.entry
        FROM unnest(\(days), \(entries)) AS a (day, entry)
        CROSS JOIN LATERAL (
            SELECT o.code FROM journal.outcome o
            WHERE o.received_on = a.day AND o.entry_id = a.entry ORDER BY o.id DESC LIMIT 1
        ) newest
        WHERE newest.code IN ('discarded', 'refused')
            AND NOT EXISTS (SELECT FROM queue.blocked b WHERE b.received_on = a.day AND b.entry_id = a.entry)
            AND NOT EXISTS (SELECT FROM queue.job j WHERE j.received_on = a.day AND j.entry_id = a.entry)
        ORDER BY a.entry
        """
    }

    static func heldFeeds() -> SQL { "SELECT feed FROM journal.held" }

    /// The unique key of api.client.
    static func client(_ keyHash: [UInt8]) -> SQL {
        "SELECT practice_id, id FROM api.client WHERE key_hash = \(keyHash) AND revoked_at IS NULL"
    }
}
