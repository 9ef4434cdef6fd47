import Foundation
import Postgres

enum Queries {
    /// Inserts into `seen` (primary key) first; only what is new there becomes an entry (primary key of its day).
    static func recordArrivals(_ arrivals: [Arrival], _ digests: [[UInt8]]) -> SQL {
        """
        WITH arrived AS (  -- 1: number them in the order they came
            SELECT a.*, nextval('journal.entry_id') AS id, (clock_timestamp() AT TIME ZONE 'UTC')::date AS received_on
            FROM unnest(
                \(arrivals.map(\.feed)), \(arrivals.map(\.practice)), \(arrivals.map(\.peer)),
                \(arrivals.map(\.controlID)), \(arrivals.map(\.messageType)), \(digests), \(arrivals.map(\.payload))
            ) WITH ORDINALITY AS a (feed, practice_id, peer, control_id, message_type, digest, payload, n)
            ORDER BY n
        ), fresh AS (  -- 2: a resend is a conflict; without a control id nothing can be told
            INSERT INTO journal.seen (feed, control_id, digest, received_on, entry_id)
            SELECT feed, control_id, digest, received_on, id FROM arrived WHERE control_id <> '' ORDER BY n
            ON CONFLICT DO NOTHING
            RETURNING entry_id
        ), judged AS (  -- 3: the same control id with other bytes, before this batch or within it
            SELECT a.*, a.control_id <> '' AND (
                EXISTS (
                    SELECT FROM journal.seen s
                    WHERE s.feed = a.feed AND s.control_id = a.control_id AND s.digest <> a.digest)
                OR EXISTS (
                    SELECT FROM arrived b
                    WHERE b.feed = a.feed AND b.control_id = a.control_id AND b.digest <> a.digest AND b.n < a.n)
                ) AS reused
            FROM arrived a
            WHERE a.control_id = '' OR a.id IN (SELECT entry_id FROM fresh)
        ), kept AS (  -- 4: the bytes
            INSERT INTO journal.entry
                (received_on, id, feed, practice_id, peer, control_id, message_type, digest, payload, flags)
            SELECT received_on, id, feed, practice_id, peer, control_id, message_type, digest, payload,
                CASE WHEN reused THEN ARRAY['control_id_reused'] ELSE '{}' END
            FROM judged
        )
        SELECT n, received_on, id, reused FROM judged ORDER BY n
        """
    }

    /// Finds the earlier entries by `seen`'s primary key and notes each resend.
    static func recordRepeats(_ arrivals: [Arrival], _ digests: [[UInt8]]) -> SQL {
        """
        WITH again AS (
            SELECT a.n, a.peer, s.received_on, s.entry_id
            FROM unnest(
                \(arrivals.map(\.feed)), \(arrivals.map(\.peer)), \(arrivals.map(\.controlID)), \(digests)
            ) WITH ORDINALITY AS a (feed, peer, control_id, digest, n)
            JOIN journal.seen s ON s.feed = a.feed AND s.control_id = a.control_id AND s.digest = a.digest
        ), noted AS (
            INSERT INTO journal.repeat (received_on, entry_id, peer) SELECT received_on, entry_id, peer FROM again
        )
        SELECT n, received_on, entry_id FROM again
        """
    }

    static func recordSent(_ message: Arrival, _ digest: [UInt8]) -> SQL {
        """
        INSERT INTO journal.entry
            (received_on, direction, feed, practice_id, peer, control_id, message_type, digest, payload)
        VALUES ((clock_timestamp() AT TIME ZONE 'UTC')::date, 'out', \(message.feed), \(message.practice),
            \(message.peer), \(message.controlID), \(message.messageType), \(digest), \(message.payload))
        """
    }

    static func recordRefusal(_ refusal: Refusal) -> SQL {
        """
        INSERT INTO journal.refusal (feed, peer, reason, size, head)
        VALUES (\(refusal.feed), \(refusal.peer), \(refusal.reason), \(Int64(refusal.size)), \(refusal.head))
        """
    }

    static func recordOutcomes(_ outcomes: [Outcome]) -> SQL {
        """
        INSERT INTO journal.outcome (received_on, entry_id, workflow, definition, code, detail)
        SELECT * FROM unnest(\(outcomes.map(\.entry.day)), \(outcomes.map(\.entry.number)), \(outcomes.map(\.workflow)),
            \(outcomes.map(\.definition)), \(outcomes.map(\.code)), \(outcomes.map(\.detail)))
        """
    }

    /// Primary key of the day.
    static func readEntries(_ numbers: [Int64], of day: CalendarDay) -> SQL {
        """
        SELECT received_on, id, received_at, direction, feed, practice_id, peer, control_id, message_type, flags, payload
        FROM journal.entries(\(day), \(numbers))
        """
    }

    static func makeDays() -> SQL {
        "SELECT journal.make_days(current_date - 1, current_date + 14)::text"
    }
}
