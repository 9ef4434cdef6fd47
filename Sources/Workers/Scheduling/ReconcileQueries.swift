import Foundation
import Postgres
import Practice
import Reconciliation

/// Every statement of scheduling's reconciliation. It reads other modules' tables and writes `reconciliation.run` and
/// `reconciliation.finding`.
enum ReconcileQueries {
    // MARK: Rows that cannot be read

    /// The records that each of these numbers of the PM's list may name, in whatever numbering; of a group, each member's,
    /// which bears the group's number with the person's mark. The last: it names one for certain, for where the schedule
    /// has a numbering of its own the number may be another's in a different one. Reads all names of the practice, for the
    /// rare list with such a row.
    static func named(_ references: [String], practice: String) -> SQL {
        """
        SELECT DISTINCT w.word, a.appointment_id, a.kind = 'filler' OR NOT EXISTS (
            SELECT FROM pg_temp.numbering n WHERE n.names = 'appointment' AND n.kind = 'filler')
        FROM records.appointment_alias a
        CROSS JOIN LATERAL (VALUES (a.value), (split_part(a.value, '#', 1))) AS w (word)
        WHERE a.practice_id = \(practice) AND w.word = ANY (\(references))
        """
    }

    /// Those of these ids that are records of ours. Primary key.
    static func known(_ ids: [UUID], practice: String) -> SQL {
        "SELECT id FROM records.appointment WHERE practice_id = \(practice) AND id = ANY (\(ids))"
    }

    /// Open findings that were not seen again and that such a row may be of: nobody knows whether they are mended. What a
    /// readable line is of is not among them.
    static func unsure(
        practice: String, workflow: String, client: UUID?, runs: [UUID], _ lines: UnreadLines, _ rows: UnreadRows,
        side: Int16
    ) -> SQL {
        let name = side == 0 ? SideName.pm.rawValue : SideName.app.rawValue
        return """
            SELECT f.key FROM reconciliation.finding f
            LEFT JOIN (SELECT DISTINCT record FROM pg_temp.known WHERE side = \(side)) k ON k.record = f.record_id
            LEFT JOIN (SELECT DISTINCT reference FROM pg_temp.listed WHERE side = \(side)) l
                ON l.reference = f.sides->(\(name)::text)->0->>'reference'
            WHERE f.practice_id = \(practice) AND f.workflow = \(workflow) AND f.closed_at IS NULL
                AND f.client_id IS NOT DISTINCT FROM \(client) AND f.run_id <> ALL (\(runs))
                AND CASE WHEN f.record_id IS NULL
                    THEN coalesce(f.sides->(\(name)::text)->0->>'reference' = ANY (\(Array(lines.references))), false)
                        OR (\(lines.isAnyWithoutReference) AND l.reference IS NULL)
                    ELSE f.record_id = ANY (\(Array(rows.records)))
                        OR (\(rows.isAnyUnnamed) AND (k.record IS NULL OR f.code LIKE 'duplicate-%')) END
            """
    }

    // MARK: Who and what there is

    /// Booking apps that have a list of their own.
    static func apps(_ practice: String) -> SQL {
        """
        SELECT id, name, list, list_key FROM api.client
        WHERE practice_id = \(practice) AND revoked_at IS NULL AND list IS NOT NULL ORDER BY name, id
        """
    }

    static func practicesWithApps() -> SQL {
        "SELECT DISTINCT practice_id FROM api.client WHERE revoked_at IS NULL AND list IS NOT NULL"
    }

    static func bookables(_ practice: String) -> SQL {
        """
        SELECT id, kind, code, name, npi FROM records.resource WHERE practice_id = \(practice)
        """
    }

    /// One at a time writes a practice's findings.
    static func lock(_ practice: String) -> SQL {
        "SELECT pg_advisory_xact_lock(hashtextextended('reconciliation/' || \(practice), 0))::text"
    }

    /// Each feed's last message of any kind: index entry_by_feed.
    static func lastMessages(_ feeds: [String]) -> SQL {
        """
        SELECT f.name, (
            SELECT received_at FROM journal.entry WHERE feed = f.name AND direction = 'in'
            ORDER BY received_at DESC LIMIT 1)
        FROM unnest(\(feeds)) AS f (name)
        """
    }

    /// Feeds that nothing is taken from for now, and since when: as good as silent.
    static func held(_ feeds: [String]) -> SQL {
        "SELECT feed, at FROM journal.held WHERE feed = ANY (\(feeds))"
    }

    // MARK: Names

    static func names(_ practice: String, of record: UUID) -> SQL {
        "SELECT value FROM records.appointment_alias WHERE practice_id = \(practice) AND appointment_id = \(record)"
    }

    static func names(_ enterprise: String, ofPerson person: UUID) -> SQL {
        """
        SELECT a.value FROM records.person_alias a
        JOIN records.person p ON p.enterprise_id = a.enterprise_id AND p.id = a.person_id
        WHERE a.enterprise_id = \(enterprise) AND (p.id = \(person) OR p.survivor = \(person))
        """
    }

    // MARK: Evidence

    /// Primary key of appointment_event.
    static func newestEvent(_ practice: String, _ record: UUID) -> SQL {
        """
        SELECT received_on, entry_id FROM records.appointment_event
        WHERE practice_id = \(practice) AND appointment_id = \(record) ORDER BY entry_id DESC LIMIT 1
        """
    }

    /// Messages of the practice that wait, are parked, or were discarded, the newest `limit` of each. One that waits behind
    /// a parked one of its key is parked for the same reason.
    static func unfinished(_ practice: String, limit: Int64) -> SQL {
        """
        WITH ours AS (SELECT id FROM queue.queue WHERE name = 'scheduling'),
        waiting AS (  -- 1: not taken yet
            SELECT 'waiting' AS state, NULL::text AS code, j.received_on, j.entry_id
            FROM queue.job j
            WHERE j.queue = (SELECT id FROM ours) AND j.practice_id = \(practice) AND j.kind = 'message'
            LIMIT \(limit)
        ), blocked AS (  -- 2: retrying, parked, or behind one that is
            SELECT coalesce(h.state, b.state) AS state, coalesce(h.code, b.code) AS code,
                coalesce(h.received_on, b.received_on) AS said_on, coalesce(h.entry_id, b.entry_id) AS said_by,
                b.received_on, b.entry_id
            FROM queue.blocked b
            LEFT JOIN LATERAL (
                SELECT f.state, f.code, f.received_on, f.entry_id FROM queue.blocked f
                WHERE f.queue = b.queue AND f.lane = b.lane AND f.key = b.key AND f.id < b.id AND f.holds_key
                    AND f.state IN ('parked', 'uncertain')
                ORDER BY f.id LIMIT 1) h ON b.state = 'waiting'
            WHERE b.queue = (SELECT id FROM ours) AND b.practice_id = \(practice) AND b.kind = 'message'
            ORDER BY b.id DESC LIMIT \(limit)
        ), discarded AS (  -- 3: let go by a person, whose outcome does not say of which practice: index outcome_discarded
            SELECT 'discarded' AS state, NULL::text AS code, o.received_on, o.entry_id
            FROM journal.outcome o
            JOIN journal.entry e ON e.received_on = o.received_on AND e.id = o.entry_id
            WHERE o.code = 'discarded' AND e.practice_id = \(practice)
            ORDER BY o.at DESC LIMIT \(limit)
        ), every AS (
            SELECT state, code, received_on AS said_on, entry_id AS said_by, received_on, entry_id FROM waiting
            UNION ALL SELECT state, code, said_on, said_by, received_on, entry_id FROM blocked
            UNION ALL SELECT state, code, received_on, entry_id, received_on, entry_id FROM discarded
        )
        SELECT v.state, v.code, v.said_on, v.said_by, e.feed,
            CASE WHEN e.practice_id = \(practice) AND e.encoding = 'plain' THEN e.payload END
        FROM every v
        JOIN journal.entry e ON e.received_on = v.received_on AND e.id = v.entry_id
        ORDER BY v.entry_id
        """
    }

    /// The newest notice of a record to a booking app: index delivery_by_record.
    static func delivery(_ practice: String, _ record: UUID, _ client: UUID) -> SQL {
        """
        SELECT d.state, d.attempts, d.status, d.answer, d.version, coalesce(d.ended_at, d.created_at)
        FROM api.delivery d
        JOIN api.subscription s ON s.practice_id = d.practice_id AND s.id = d.subscription_id
        WHERE d.practice_id = \(practice) AND d.record_id = \(record) AND s.client_id = \(client)
        ORDER BY d.created_at DESC, d.event_number DESC LIMIT 1
        """
    }

    /// Whether a change of the record is yet to become a notice, and the code of a notice's job that waits for a person.
    static func outgoing(_ practice: String, _ record: UUID, _ client: UUID) -> SQL {
        """
        SELECT EXISTS (
                SELECT FROM records.change c
                WHERE c.practice_id = \(practice) AND c.record_id = \(record) AND c.tell AND c.number > coalesce(
                    (SELECT f.last_change FROM records.fan_out f WHERE f.practice_id = \(practice)), 0)),
            (SELECT b.code FROM api.delivery d
             JOIN api.subscription s ON s.practice_id = d.practice_id AND s.id = d.subscription_id
             JOIN queue.blocked b ON b.queue = s.queue AND b.kind = 'notice' AND b.state IN ('parked', 'uncertain')
                AND b.payload->>'subscription' = d.subscription_id::text
                AND b.payload->>'event' = d.event_number::text
             WHERE d.practice_id = \(practice) AND d.record_id = \(record) AND s.client_id = \(client)
                AND d.state = 'pending'
             ORDER BY d.event_number DESC LIMIT 1)
        """
    }

    /// Whether a booking app is told of nothing, though it subscribes.
    static func isNotLive(_ practice: String, _ client: UUID) -> SQL {
        """
        SELECT coalesce(bool_and(mode <> 'live'), false) FROM api.subscription
        WHERE practice_id = \(practice) AND client_id = \(client) AND ended_at IS NULL
        """
    }

    /// When the finding that is open under this key was first seen. Primary key.
    static func firstSeen(_ key: String, _ scope: Scope) -> SQL {
        """
        SELECT first_seen_at FROM reconciliation.finding
        WHERE practice_id = \(scope.practice) AND workflow = \(scope.workflow) AND key = \(key) AND closed_at IS NULL
        """
    }

    /// Index finding_open.
    static func openByCode() -> SQL {
        """
        SELECT code, count(*) FROM reconciliation.finding WHERE closed_at IS NULL AND NOT withheld GROUP BY code
        """
    }
}
