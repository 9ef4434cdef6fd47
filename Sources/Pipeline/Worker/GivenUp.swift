package import Postgres

/// Messages that nobody would run any more: discarded, or refused at the door. A sender's resend and a person's replay
/// take them up anew, and two at once only once.
package enum GivenUp {
    /// Of these entries those that nobody works on and that are to be: the caller enqueues a job for each in the same
    /// transaction. Until it commits nobody else is given the same.
    package static func take(
        _ days: [CalendarDay], _ entries: [Int64], in transaction: Transaction
    ) async throws -> Set<Int64> {
        if entries.isEmpty { return [] }
        try await transaction.query(lock(entries))
        return Set(
            try await transaction.query(givenUp(days, entries)).map { try $0.decode((CalendarDay, Int64).self).1 })
    }

    /// A statement of its own, before the one that looks: what another has committed meanwhile is then seen.
    private static func lock(_ entries: [Int64]) -> SQL {
        """
        SELECT pg_advisory_xact_lock(hashtextextended('entry/' || e.id, 0))::text
        FROM (SELECT DISTINCT id FROM unnest(\(entries)) AS u (id) ORDER BY id) e
        """
    }

    /// Index outcome_by_entry. Entries whose newest outcome says that nobody will run them, and that have no job; the
    /// last condition reads the queue's jobs one by one, which only the rare resend of a discarded message does.
    private static func givenUp(_ days: [CalendarDay], _ entries: [Int64]) -> SQL {
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
}
