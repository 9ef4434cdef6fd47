import Foundation
import Postgres

enum FanOutQueries {
    /// One delivery: a change as one subscription hears it.
    struct Delivery {
        let subscription: UUID
        /// Counted from 1 among those that this subscription hears now.
        let place: Int64
        let id: UUID
        let type: String
        let change: Int64?
        let kind: String
        let record: UUID
        let version: Int32
        let isShadow: Bool
        /// Of its job; nil in shadow, where it has none.
        let key: [UInt8]?
    }

    /// Who hears of a practice's changes now, with the modes that held before.
    static func subscribers(_ practice: String) -> SQL {
        """
        SELECT s.id, s.client_id, s.mode, q.name, s.alarms,
            array(SELECT m.after_change FROM api.mode m
                  WHERE m.practice_id = s.practice_id AND m.subscription_id = s.id ORDER BY m.id),
            array(SELECT m.mode FROM api.mode m
                  WHERE m.practice_id = s.practice_id AND m.subscription_id = s.id ORDER BY m.id)
        FROM api.subscription s
        JOIN api.client c ON c.practice_id = s.practice_id AND c.id = s.client_id AND c.revoked_at IS NULL
        JOIN queue.queue q ON q.id = s.queue
        WHERE s.practice_id = \(practice) AND s.ended_at IS NULL AND s.mode <> 'off'
        ORDER BY s.id
        """
    }

    /// The subscribers, then the changes that nobody was told of, with what orders each one's notices: the person, the slot's
    /// resource, else the record. Primary keys; an appointment is found by its key's order, for other indexes begin with the
    /// practice too.
    static func unheard(_ practice: String, limit: Int64) -> SQL {
        """
        SELECT s.*, NULL::bigint, NULL::text, NULL::text, NULL::uuid, NULL::integer, NULL::boolean, NULL::uuid
        FROM (\(fragment: subscribers(practice))) s
        UNION ALL
        (SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL,
            c.number, c.type, c.record_kind, c.record_id, c.version, c.tell,
            coalesce(a.person_id, s.resource_id, c.record_id)
        FROM records.change c
        LEFT JOIN LATERAL (
            SELECT x.id, x.person_id FROM records.appointment x
            WHERE c.record_kind = 'appointment' AND x.practice_id = c.practice_id AND x.id >= c.record_id
            ORDER BY x.id LIMIT 1
        ) a ON a.id = c.record_id
        LEFT JOIN LATERAL (
            SELECT x.resource_id FROM records.slot x
            WHERE c.record_kind = 'slot' AND x.practice_id = c.practice_id AND x.id = c.record_id LIMIT 1
        ) s ON true
        WHERE c.practice_id = \(practice) AND c.number > coalesce(
            (SELECT f.last_change FROM records.fan_out f WHERE f.practice_id = \(practice)), 0)
        ORDER BY c.number LIMIT \(limit))
        """
    }

    /// Numbers and writes deliveries, and enqueues the jobs of those that are to be sent. `counts`: how many are of each
    /// subscription.
    static func tell(_ all: [Delivery], counts: [(UUID, Int64)], practice: String) -> SQL {
        """
        WITH told AS MATERIALIZED (  -- 1: in each subscription's order
            SELECT * FROM unnest(
                \(all.map(\.subscription)), \(all.map(\.place)), \(all.map(\.id)), \(all.map(\.type)),
                \(all.map(\.change)), \(all.map(\.kind)), \(all.map(\.record)), \(all.map(\.version)),
                \(all.map(\.isShadow)), \(all.map(\.key))
            ) WITH ORDINALITY AS t (subscription, place, id, type, change, kind, record, version, shadow, key, n)
        ), numbered AS (  -- 2: whoever numbers holds the subscription's row until the commit
            UPDATE api.subscription s SET last_event = s.last_event + c.count
            FROM unnest(\(counts.map(\.0)), \(counts.map(\.1))) AS c (id, count)
            WHERE s.practice_id = \(practice) AND s.id = c.id
            RETURNING s.id, s.queue, s.last_event - c.count AS before
        ), delivered AS (  -- 3
            INSERT INTO api.delivery (practice_id, subscription_id, event_number, id, type, change_number, record_kind,
                record_id, version, state, in_shadow, ended_at)
            SELECT \(practice), t.subscription, n.before + t.place, t.id, t.type, t.change, t.kind, t.record, t.version,
                CASE WHEN t.shadow THEN 'shadow' ELSE 'pending' END, t.shadow,
                CASE WHEN t.shadow THEN clock_timestamp() END
            FROM told t JOIN numbered n ON n.id = t.subscription
        )
        -- 4: nobody else enqueues into a subscription's queue, so its row does for the keys' locks: ids are drawn under it
        INSERT INTO queue.job (queue, lane, kind, key, practice_id, payload)
        SELECT n.queue, get_byte(t.key, 0) % q.lanes, \(NoticeJob.kind), t.key, \(practice),
            jsonb_build_object('subscription', t.subscription, 'event', n.before + t.place)
        FROM told t JOIN numbered n ON n.id = t.subscription JOIN queue.queue q ON q.id = n.queue
        WHERE NOT t.shadow ORDER BY t.n
        """
    }
}
