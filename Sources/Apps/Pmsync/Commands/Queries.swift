import Foundation
import Journal
import Postgres

/// The statements of the operator's commands that no module owns.
enum Queries {
    // MARK: Journal

    /// Primary key, one day at a time: the number alone is not indexed, and a day that has no partition costs nothing.
    static func day(of number: Int64, on day: CalendarDay?) -> SQL {
        """
        SELECT e.received_on
        FROM generate_series(
            coalesce(\(day)::date, current_date + 1), coalesce(\(day)::date, current_date - 4000), interval '-1 day'
        ) AS d (day)
        CROSS JOIN LATERAL (
            SELECT e.received_on FROM journal.entry e WHERE e.received_on = d.day::date AND e.id = \(number)
        ) e
        LIMIT 1
        """
    }

    /// Primary key, newest first; index entry_by_control_id where one is asked for.
    static func messages(_ filter: Messages.Filter) -> SQL {
        """
        SELECT e.received_on, e.id, e.received_at, e.direction, e.feed, e.practice_id, e.message_type, e.control_id,
            e.flags,
            coalesce(
                (SELECT b.state || coalesce(' ' || b.code, '') FROM queue.blocked b
                 WHERE b.received_on = e.received_on AND b.entry_id = e.id LIMIT 1),
                (SELECT o.code FROM journal.outcome o
                 WHERE o.received_on = e.received_on AND o.entry_id = e.id ORDER BY o.id DESC LIMIT 1))
        FROM journal.entry e
        WHERE (\(filter.feed)::text IS NULL OR e.feed = \(filter.feed))
            AND (\(filter.type)::text IS NULL OR e.message_type = \(filter.type))
            AND (\(filter.controlID)::text IS NULL OR e.control_id = \(filter.controlID))
            AND (\(filter.since)::timestamptz IS NULL
                OR e.received_at >= \(filter.since) AND e.received_on >= (\(filter.since) AT TIME ZONE 'UTC')::date)
        ORDER BY e.received_on DESC, e.id DESC LIMIT \(filter.limit)
        """
    }

    /// Index outcome_by_entry.
    static func outcomes(of entry: EntryID) -> SQL {
        """
        SELECT at, workflow, code, detail FROM journal.outcome
        WHERE received_on = \(entry.day) AND entry_id = \(entry.number) ORDER BY id
        """
    }

    /// Index repeat_by_entry.
    static func repeats(of entry: EntryID) -> SQL {
        """
        SELECT at, peer FROM journal.repeat
        WHERE received_on = \(entry.day) AND entry_id = \(entry.number) ORDER BY id
        """
    }

    /// Reads the practice's changes one by one.
    static func changes(of entry: EntryID, practice: String?) -> SQL {
        """
        SELECT c.number, c.type, c.record_kind, c.record_id::text, c.version,
            coalesce(string_agg(k.name || ' ' || d.state, ', ' ORDER BY k.name), '')
        FROM records.change c
        LEFT JOIN api.delivery d ON d.practice_id = c.practice_id AND d.record_id = c.record_id
            AND d.change_number = c.number
        LEFT JOIN api.subscription s ON s.practice_id = d.practice_id AND s.id = d.subscription_id
        LEFT JOIN api.client k ON k.practice_id = s.practice_id AND k.id = s.client_id
        WHERE c.practice_id = \(practice) AND c.received_on = \(entry.day) AND c.entry_id = \(entry.number)
        GROUP BY c.practice_id, c.number ORDER BY c.number
        """
    }

    /// Primary key of workflow.unmapped where the practice is given; the table is short.
    static func items(of code: String, tables: [String], practice: String?) -> SQL {
        """
        SELECT id FROM workflow.unmapped
        WHERE code = \(code) AND table_name = ANY (\(tables))
            AND (\(practice)::text IS NULL OR practice_id = \(practice))
        """
    }

    /// Primary key, day by day.
    static func payloads(
        of feed: String, practice: String, since: Date, after day: CalendarDay, _ number: Int64, limit: Int64
    ) -> SQL {
        """
        SELECT received_on, id, received_at, payload FROM journal.entry
        WHERE direction = 'in' AND received_on >= \(day) AND (received_on, id) > (\(day), \(number)::bigint)
            AND feed = \(feed) AND (practice_id IS NULL OR practice_id = \(practice))
            AND received_at >= \(since) AND octet_length(payload) <= 262144
        ORDER BY received_on, id LIMIT \(limit)
        """
    }

    // MARK: What operators do

    static func audit(_ act: String, _ subjects: [String], reason: String, by actor: String, practices: [String?])
        -> SQL
    {
        """
        INSERT INTO console.audit (actor, act, subject, reason, practice_id)
        SELECT \(actor), \(act), s.subject, \(reason), s.practice
        FROM unnest(\(subjects), \(practices)) AS s (subject, practice)
        """
    }

    /// The primary key of api.delivery.
    static func discardNotice(subscription: UUID, event: Int64, practice: String) -> SQL {
        """
        UPDATE api.delivery SET state = 'discarded', ended_at = clock_timestamp()
        WHERE practice_id = \(practice) AND subscription_id = \(subscription) AND event_number = \(event)
            AND state = 'pending'
        """
    }

    /// A queue by its name, else the queue of a client's webhook.
    static func queue(_ name: String, practice: String?) -> SQL {
        """
        SELECT q.name, q.practice_id FROM queue.queue q WHERE q.name = \(name)
        UNION ALL
        SELECT q.name, q.practice_id
        FROM api.client c
        JOIN api.subscription s ON s.practice_id = c.practice_id AND s.client_id = c.id AND s.ended_at IS NULL
        JOIN queue.queue q ON q.id = s.queue
        WHERE c.practice_id = \(practice) AND c.name = \(name) AND c.revoked_at IS NULL
        """
    }

    /// A queue that drains does what it has by now. Gives the last job that is still done.
    static func pause(_ queue: String, reason: String?, drains: Bool) -> SQL {
        """
        UPDATE queue.queue q SET paused_reason = \(reason), drains_through = CASE WHEN \(drains) THEN greatest(0,
            (SELECT max(j.id) FROM queue.job j WHERE j.queue = q.id),
            (SELECT max(b.id) FROM queue.blocked b WHERE b.queue = q.id)) END
        WHERE q.name = \(queue) RETURNING q.drains_through
        """
    }

    /// Jobs that a drain still has to do: the queue's, and those that are tried again.
    static func unfinished(in queue: String, through: Int64) -> SQL {
        """
        SELECT (SELECT count(*) FROM queue.job j WHERE j.queue = q.id AND j.id <= \(through))
            + (SELECT count(*) FROM queue.blocked b
               WHERE b.queue = q.id AND b.state = 'retrying' AND b.id <= \(through))
        FROM queue.queue q WHERE q.name = \(queue)
        """
    }

    /// Messages of a feed that still wait for their turn.
    static func unfinished(ofFeed feed: String) -> SQL {
        """
        SELECT count(*) FROM (
            SELECT j.received_on, j.entry_id FROM queue.job j WHERE j.entry_id IS NOT NULL
            UNION ALL
            SELECT b.received_on, b.entry_id FROM queue.blocked b WHERE b.state = 'retrying'
        ) w JOIN journal.entry e ON e.received_on = w.received_on AND e.id = w.entry_id
        WHERE e.feed = \(feed)
        """
    }

    static func hold(_ feed: String, reason: String, by actor: String) -> SQL {
        """
        INSERT INTO journal.held (feed, reason, actor) VALUES (\(feed), \(reason), \(actor))
        ON CONFLICT (feed) DO UPDATE SET reason = excluded.reason, actor = excluded.actor, at = clock_timestamp()
        """
    }

    static func takeAgain(_ feed: String) -> SQL { "DELETE FROM journal.held WHERE feed = \(feed)" }

    static func heldFeeds() -> SQL { "SELECT feed, reason FROM journal.held" }

    /// The modes that destinations have had, the newest first.
    static func modes(_ practice: String?) -> SQL {
        """
        SELECT m.practice_id, c.name, m.at, m.mode, m.after_change, m.actor, m.reason
        FROM api.mode m
        JOIN api.subscription s ON s.practice_id = m.practice_id AND s.id = m.subscription_id
        JOIN api.client c ON c.practice_id = s.practice_id AND c.id = s.client_id
        WHERE \(practice)::text IS NULL OR m.practice_id = \(practice)
        ORDER BY m.id DESC
        """
    }

    static func webhookNames() -> SQL {
        """
        SELECT q.name, c.name, s.mode FROM api.subscription s
        JOIN api.client c ON c.practice_id = s.practice_id AND c.id = s.client_id
        JOIN queue.queue q ON q.id = s.queue
        """
    }

    // MARK: Checking

    static func parkedCodes() -> SQL {
        "SELECT code, count(*) FROM queue.blocked WHERE state = 'parked' GROUP BY code ORDER BY code"
    }

    static func daysAhead() -> SQL {
        """
        SELECT count(*) FROM generate_series(current_date, current_date + 30, interval '1 day') d (day)
        WHERE to_regclass('journal.entry_' || to_char(d.day, 'YYYYMMDD')) IS NOT NULL
        """
    }

    /// One row a program, even where none has run.
    static func workers() -> SQL {
        """
        SELECT 'scheduling', count(*) FROM queue.worker
        WHERE name = 'scheduling' AND lease_until > clock_timestamp()
        """
    }

    static func held() -> SQL {
        """
        SELECT name, coalesce(paused_reason, 'its destination fails; tried again by itself') FROM queue.queue
        WHERE paused_reason IS NOT NULL OR circuit_open_until > clock_timestamp() ORDER BY name
        """
    }

    static func webhooks() -> SQL {
        """
        SELECT s.practice_id, c.name, s.url, s.mode FROM api.subscription s
        JOIN api.client c ON c.practice_id = s.practice_id AND c.id = s.client_id
        WHERE s.ended_at IS NULL AND c.revoked_at IS NULL AND s.mode <> 'off' ORDER BY 1, 2
        """
    }
}
