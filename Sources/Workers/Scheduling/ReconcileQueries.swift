import Foundation
import Postgres
import Practice
import Reconciliation

/// Every statement of scheduling's reconciliation. It reads other modules' tables and writes `reconciliation.run` and
/// `reconciliation.finding`.
enum ReconcileQueries {
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
        SELECT id, code, name, npi FROM records.resource
        WHERE practice_id = \(practice) AND kind IN ('practitioner', 'device')
        """
    }

    /// One at a time writes a practice's findings.
    static func lock(_ practice: String) -> SQL {
        "SELECT pg_advisory_xact_lock(hashtextextended('reconciliation/' || \(practice), 0))::text"
    }

    /// The feeds' last message of any kind: index entry_by_feed.
    static func lastMessage(_ feeds: [String]) -> SQL {
        """
        SELECT max(e.received_at)
        FROM unnest(\(feeds)) AS f (name)
        CROSS JOIN LATERAL (
            SELECT received_at FROM journal.entry WHERE feed = f.name AND direction = 'in'
            ORDER BY received_at DESC LIMIT 1) e
        """
    }

    // MARK: Our record

    /// In the order of ids, as the comparison wants them. Who is booked: the only practitioner, else the only device.
    static func appointments(_ practice: String, from: Date, to: Date) -> SQL {
        """
        \(fragment: columns())
        WHERE a.practice_id = \(practice) AND a.start_at >= \(from) AND a.start_at < \(to)
        ORDER BY a.id
        """
    }

    static func appointment(_ practice: String, _ id: UUID) -> SQL {
        "\(fragment: columns()) WHERE a.practice_id = \(practice) AND a.id = \(id)"
    }

    private static func columns() -> SQL {
        """
        SELECT a.id, a.version, a.status, a.source_status, a.start_at, a.end_at, a.changed_at,
            coalesce(p.survivor, a.person_id), coalesce(left(p.given, 1) || left(p.family, 1), ''),
            coalesce((
                SELECT right(l.value, 4) FROM records.person_alias l
                WHERE l.enterprise_id = a.enterprise_id AND l.person_id = a.person_id AND l.kind = 'mrn'
                ORDER BY l.trust DESC, l.first_seen_at LIMIT 1), ''),
            b.people, b.things
        FROM records.appointment a
        LEFT JOIN records.person p ON p.enterprise_id = a.enterprise_id AND p.id = a.person_id
        CROSS JOIN LATERAL (
            SELECT coalesce(array_agg(r.code) FILTER (WHERE r.kind = 'practitioner'), '{}') AS people,
                coalesce(array_agg(r.code) FILTER (WHERE r.kind = 'device'), '{}') AS things
            FROM records.appointment_resource u
            JOIN records.resource r ON r.practice_id = u.practice_id AND r.id = u.resource_id
            WHERE u.practice_id = a.practice_id AND u.appointment_id = a.id) b
        """
    }

    // MARK: Names

    /// The kinds and authorities that the practice's appointments are named in: a few, found by skipping along the primary
    /// key.
    static func appointmentNumberings(_ practice: String) -> SQL {
        """
        WITH RECURSIVE known AS (
            (SELECT kind, authority FROM records.appointment_alias WHERE practice_id = \(practice)
             ORDER BY kind, authority LIMIT 1)
            UNION ALL
            SELECT n.kind, n.authority FROM known k CROSS JOIN LATERAL (
                SELECT a.kind, a.authority FROM records.appointment_alias a
                WHERE a.practice_id = \(practice) AND (a.kind, a.authority) > (k.kind, k.authority)
                ORDER BY a.kind, a.authority LIMIT 1) n
        )
        SELECT kind, authority FROM known
        """
    }

    /// The same of the enterprise's persons.
    static func personNumberings(_ enterprise: String) -> SQL {
        """
        WITH RECURSIVE known AS (
            (SELECT kind, authority FROM records.person_alias WHERE enterprise_id = \(enterprise)
             ORDER BY kind, authority LIMIT 1)
            UNION ALL
            SELECT n.kind, n.authority FROM known k CROSS JOIN LATERAL (
                SELECT a.kind, a.authority FROM records.person_alias a
                WHERE a.enterprise_id = \(enterprise) AND (a.kind, a.authority) > (k.kind, k.authority)
                ORDER BY a.kind, a.authority LIMIT 1) n
        )
        SELECT kind, authority FROM known
        """
    }

    /// Persons by our own id; the survivor where they were merged.
    static func persons(_ enterprise: String, rows: [Int], ids: [UUID]) -> SQL {
        """
        SELECT w.n, coalesce(p.survivor, p.id), left(p.given, 1) || left(p.family, 1)
        FROM unnest(\(rows), \(ids)) AS w (n, id)
        JOIN records.person p ON p.enterprise_id = \(enterprise) AND p.id = w.id
        """
    }

    /// Persons by name: primary key of person_alias.
    static func persons(
        _ enterprise: String, rows: [Int], kinds: [String], authorities: [String], values: [String]
    ) -> SQL {
        """
        SELECT w.n, a.kind, coalesce(p.survivor, p.id), left(p.given, 1) || left(p.family, 1)
        FROM unnest(\(rows), \(kinds), \(authorities), \(values)) AS w (n, kind, authority, value)
        JOIN records.person_alias a ON a.enterprise_id = \(enterprise)
            AND a.kind = w.kind AND a.authority = w.authority AND a.value = w.value
        JOIN records.person p ON p.enterprise_id = a.enterprise_id AND p.id = a.person_id
        """
    }

    static func existing(_ practice: String, _ ids: [UUID]) -> SQL {
        "SELECT id FROM records.appointment WHERE practice_id = \(practice) AND id = ANY (\(ids))"
    }

    /// Appointments by name: primary key of appointment_alias.
    static func named(
        _ practice: String, _ enterprise: String, probes: [Int], kinds: [String], authorities: [String],
        values: [String]
    ) -> SQL {
        """
        SELECT w.n, l.appointment_id, l.trust, a.start_at, coalesce(p.survivor, a.person_id)
        FROM unnest(\(probes), \(kinds), \(authorities), \(values)) AS w (n, kind, authority, value)
        JOIN records.appointment_alias l ON l.practice_id = \(practice)
            AND l.kind = w.kind AND l.authority = w.authority AND l.value = w.value
        JOIN records.appointment a ON a.practice_id = l.practice_id AND a.id = l.appointment_id
        LEFT JOIN records.person p ON p.enterprise_id = \(enterprise) AND p.id = a.person_id
        """
    }

    /// Live appointments and no-shows of a person, or of anybody where none is said, at a time with a resource: index
    /// appointment_by_start.
    static func timed(
        _ practice: String, _ enterprise: String, rows: [Int], starts: [Date?], persons: [String?], resources: [String?]
    ) -> SQL {
        """
        SELECT w.n, a.id
        FROM unnest(\(rows), \(starts.map { $0 ?? .distantPast }), \(persons), \(resources))
            AS w (n, start_at, person, resource)
        JOIN records.appointment a ON a.practice_id = \(practice) AND a.start_at = w.start_at
            AND a.status NOT IN ('cancelled', 'entered-in-error', 'proposed')
        LEFT JOIN records.person p ON p.enterprise_id = \(enterprise) AND p.id = a.person_id
        WHERE (w.person IS NULL OR coalesce(p.survivor, a.person_id) = w.person::uuid)
            AND (w.resource IS NULL OR NOT EXISTS (
                SELECT FROM records.appointment_resource u
                JOIN records.resource r ON r.practice_id = u.practice_id AND r.id = u.resource_id
                WHERE u.practice_id = a.practice_id AND u.appointment_id = a.id AND r.kind IN ('practitioner', 'device')
            ) OR EXISTS (
                SELECT FROM records.appointment_resource u
                JOIN records.resource r ON r.practice_id = u.practice_id AND r.id = u.resource_id
                WHERE u.practice_id = a.practice_id AND u.appointment_id = a.id AND r.code = w.resource))
        """
    }

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

    /// Messages of the practice that wait, are parked, or were discarded in the last month, the newest of each. One that
    /// waits behind a parked one of its key is parked for the same reason.
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
        ), discarded AS (  -- 3: let go by a person: index outcome_discarded
            SELECT 'discarded' AS state, NULL::text AS code, o.received_on, o.entry_id
            FROM journal.outcome o
            WHERE o.code = 'discarded' AND o.at > clock_timestamp() - interval '30 days'
            ORDER BY o.at DESC LIMIT \(limit)
        ), every AS (
            SELECT state, code, received_on AS said_on, entry_id AS said_by, received_on, entry_id FROM waiting
            UNION ALL SELECT state, code, said_on, said_by, received_on, entry_id FROM blocked
            UNION ALL SELECT state, code, received_on, entry_id, received_on, entry_id FROM discarded
        )
        SELECT v.state, v.code, v.said_on, v.said_by, e.feed, e.payload
        FROM every v
        JOIN journal.entry e ON e.received_on = v.received_on AND e.id = v.entry_id
        WHERE e.practice_id = \(practice) AND e.encoding = 'plain'
        ORDER BY v.entry_id LIMIT \(limit)
        """
    }

    /// The newest notice of a record to a booking app: index delivery_by_record.
    static func delivery(_ practice: String, _ record: UUID, _ client: UUID) -> SQL {
        """
        SELECT d.state, d.attempts, d.status, d.version, coalesce(d.ended_at, d.created_at)
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
                JOIN records.practice p ON p.practice_id = c.practice_id AND c.number > p.fanned_out
                WHERE c.practice_id = \(practice) AND c.record_id = \(record) AND c.tell),
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

    // MARK: What was found

    static func insertRun(_ run: ReconciliationRun, sources: String, counts: String) -> SQL {
        """
        INSERT INTO reconciliation.run
            (practice_id, id, workflow, from_day, to_day, rules, started_at, ended_at, sources, counts)
        VALUES (\(run.practice), \(run.id), \(run.workflow), \(CalendarDay(run.fromDay)), \(CalendarDay(run.toDay)),
            \(run.rules), \(run.startedAt), \(run.endedAt), \(sources)::text::jsonb, \(counts)::text::jsonb)
        """
    }

    /// A finding keeps its first sighting; one that had closed is open again.
    /// When the finding that is open under this key was first seen. Primary key.
    static func firstSeen(_ key: String, _ scope: Scope) -> SQL {
        """
        SELECT first_seen_at FROM reconciliation.finding
        WHERE practice_id = \(scope.practice) AND workflow = \(scope.workflow) AND key = \(key) AND closed_at IS NULL
        """
    }

    static func upsert(_ finding: Finding, sides: String, run: UUID, practice: String, workflow: String, at: Date)
        -> SQL
    {
        """
        INSERT INTO reconciliation.finding (practice_id, workflow, key, code, cause, act, withheld, day, record_id,
            client_id, received_on, entry_id, sides, watermark, first_seen_at, last_seen_at, run_id)
        VALUES (\(practice), \(workflow), \(finding.key), \(finding.code.rawValue), \(finding.cause.rawValue),
            \(finding.act.rawValue), \(finding.isWithheld), \(finding.day.flatMap(CalendarDay.init)), \(finding.record),
            \(finding.client), \(finding.receivedOn.flatMap(CalendarDay.init)), \(finding.entry), \(sides)::text::jsonb,
            \(finding.watermark), \(at), \(at), \(run))
        ON CONFLICT (practice_id, workflow, key) DO UPDATE SET
            code = excluded.code, cause = excluded.cause, act = excluded.act, withheld = excluded.withheld,
            day = excluded.day, record_id = excluded.record_id, client_id = excluded.client_id,
            received_on = excluded.received_on, entry_id = excluded.entry_id, sides = excluded.sides,
            watermark = excluded.watermark, last_seen_at = excluded.last_seen_at, closed_at = NULL,
            run_id = excluded.run_id
        """
    }

    /// Closes what no longer shows. A finding without a client is against the PM; `unreadApps`, and the PM where
    /// `pmIsUnread`, were not compared though they have lists.
    static func close(
        _ practice: String, workflow: String, from: Day, to: Day, runs: [UUID], pmIsUnread: Bool, unreadApps: [UUID],
        at: Date
    ) -> SQL {
        """
        UPDATE reconciliation.finding SET closed_at = \(at)
        WHERE practice_id = \(practice) AND workflow = \(workflow) AND closed_at IS NULL AND run_id <> ALL (\(runs))
            AND (day IS NULL OR day BETWEEN \(CalendarDay(from)) AND \(CalendarDay(to)))
            AND CASE WHEN client_id IS NULL THEN NOT \(pmIsUnread) ELSE client_id <> ALL (\(unreadApps)) END
        """
    }

    /// Index finding_open.
    static func openByCode() -> SQL {
        """
        SELECT code, count(*) FROM reconciliation.finding WHERE closed_at IS NULL AND NOT withheld GROUP BY code
        """
    }
}
