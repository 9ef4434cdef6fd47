import Foundation
import Postgres
import Queue

/// Statements on the codes that were seen.
enum CodeQueries {
    /// Primary key, by practice. One row a code and event.
    static func seen(_ practices: [String]?, since: CalendarDay) -> SQL {
        """
        SELECT practice_id, table_name, code, event, min(first_day), max(last_day), sum(messages)::bigint, min(first_at),
            max(last_at), (array_agg(received_on ORDER BY last_at DESC))[1],
            (array_agg(entry_id ORDER BY last_at DESC))[1]
        FROM workflow.code_seen
        WHERE seen_on >= \(since) AND (\(practices)::text[] IS NULL OR practice_id = ANY (\(practices)))
        GROUP BY practice_id, table_name, code, event
        """
    }

    /// One row a code, event and day of receipt, practice by practice.
    static func seenDaily(_ practices: [String]?, since: CalendarDay) -> SQL {
        """
        SELECT practice_id, table_name, code, event, first_day, last_day, messages, first_at, last_at, received_on,
            entry_id
        FROM workflow.code_seen
        WHERE seen_on >= \(since) AND (\(practices)::text[] IS NULL OR practice_id = ANY (\(practices)))
        ORDER BY practice_id, table_name
        """
    }

    /// Index blocked_by_work_item, and blocked_by_key for what waits behind.
    static func parked(_ practices: [String]?) -> SQL {
        """
        SELECT u.id, u.practice_id, u.table_name, u.code, count(*), min(b.enqueued_at), max(b.enqueued_at),
            (array_agg(b.received_on ORDER BY b.id))[1], (array_agg(b.entry_id ORDER BY b.id))[1],
            sum(CASE WHEN b.holds_key THEN (
                SELECT count(*) FROM queue.blocked w
                WHERE w.queue = b.queue AND w.lane = b.lane AND w.key = b.key AND w.state = 'waiting' AND w.id > b.id)
                ELSE 0 END)::bigint
        FROM queue.blocked b JOIN workflow.unmapped u ON u.id = b.work_item
        WHERE b.work_item IS NOT NULL AND b.state = 'parked' AND b.received_on IS NOT NULL
            AND (\(practices)::text[] IS NULL OR u.practice_id = ANY (\(practices)))
        GROUP BY u.practice_id, u.id
        """
    }

    static func note(_ item: WorkItem) -> SQL {
        """
        INSERT INTO workflow.unmapped (practice_id, id, table_name, code)
        VALUES (\(item.practice), \(item.id), \(item.table), \(item.code))
        ON CONFLICT DO NOTHING
        """
    }

    static func scanned() -> SQL { "SELECT as_of FROM workflow.code_scan WHERE workflow = 'scheduling'" }
}
