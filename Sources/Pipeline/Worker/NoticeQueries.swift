import Foundation
import Postgres

/// A delivery is found by its primary key's order (`>=` and LIMIT 1), which no other index gives: a plan that was made while
/// the table was empty would else take the first index that begins with the practice. What is changed is then reached by its
/// place, for a changed row would have to be joined.
enum NoticeQueries {
    typealias Key = (practice: String, subscription: UUID, event: Int64)

    /// Of these events of one subscription those that are still to be sent, with where to.
    static func pending(_ keys: [Key]) -> SQL {
        let (practice, subscription) = (keys[0].practice, keys[0].subscription)
        return """
            WITH webhook AS MATERIALIZED (
                SELECT url, secret, previous_secret FROM api.subscription
                WHERE practice_id = \(practice) AND id = \(subscription) AND ended_at IS NULL AND mode <> 'off'
            )
            SELECT d.event_number, d.id, d.type, d.created_at, d.change_number, d.record_kind, d.record_id, d.version,
                w.url, w.secret, w.previous_secret, coalesce(e.members, '{}')
            FROM webhook w
            CROSS JOIN unnest(\(keys.map(\.event))) AS asked (event)
            CROSS JOIN LATERAL (
                SELECT * FROM api.delivery x
                WHERE x.practice_id = \(practice) AND x.subscription_id = \(subscription)
                    AND x.event_number >= asked.event
                ORDER BY x.event_number LIMIT 1
            ) d
            LEFT JOIN LATERAL (
                SELECT x.members FROM records.day_event x
                WHERE d.record_kind = 'day' AND x.practice_id = \(practice) AND x.id = d.record_id LIMIT 1
            ) e ON true
            WHERE d.event_number = asked.event AND d.state = 'pending'
            """
    }

    static func delivered(_ keys: [Key], statuses: [Int32], attempts: [Int32], digests: [[UInt8]]) -> SQL {
        """
        UPDATE api.delivery d SET state = 'delivered', status = r.status, attempts = r.attempts, digest = r.digest,
            ended_at = clock_timestamp()
        FROM (
            SELECT found.place, asked.status, asked.attempts, asked.digest
            FROM unnest(
                \(keys.map(\.practice)), \(keys.map(\.subscription)), \(keys.map(\.event)), \(statuses), \(attempts),
                \(digests)
            ) AS asked (practice, subscription, event, status, attempts, digest)
            CROSS JOIN LATERAL (\(fragment: place)) found
            WHERE found.event_number = asked.event OFFSET 0
        ) r
        WHERE d.ctid = r.place AND d.state = 'pending'
        """
    }

    /// What was delivered stays so.
    static func discarded(_ keys: [Key]) -> SQL {
        """
        UPDATE api.delivery d SET state = 'discarded', ended_at = clock_timestamp()
        FROM (
            SELECT found.place
            FROM unnest(\(keys.map(\.practice)), \(keys.map(\.subscription)), \(keys.map(\.event)))
                AS asked (practice, subscription, event)
            CROSS JOIN LATERAL (\(fragment: place)) found
            WHERE found.event_number = asked.event OFFSET 0
        ) r
        WHERE d.ctid = r.place AND d.state = 'pending'
        """
    }

    static func failed(_ key: Key, status: Int32?, said: String?) -> SQL {
        """
        UPDATE api.delivery d SET attempts = attempts + 1, status = \(status), answer = \(said)
        FROM (
            SELECT found.place
            FROM (VALUES (\(key.practice), \(key.subscription), \(key.event))) AS asked (practice, subscription, event)
            CROSS JOIN LATERAL (\(fragment: place)) found
            WHERE found.event_number = asked.event OFFSET 0
        ) r
        WHERE d.ctid = r.place
        """
    }

    private static let place: SQL = """
        SELECT x.ctid AS place, x.event_number FROM api.delivery x
        WHERE x.practice_id = asked.practice AND x.subscription_id = asked.subscription
            AND x.event_number >= asked.event
        ORDER BY x.event_number LIMIT 1
        """
}
