import Foundation
import Postgres

/// Which of our records the lines of the lists are: by our own id, else by the most trusted name, else by person, start
/// and resource. In whole sets, each a statement over `ReconcileTables`.
enum ReconcileMatching {
    /// - Parameter madeAt: as of when each side's list speaks.
    static func run(
        practice: String, enterprise: String, madeAt: [Int16: Date], in transaction: Transaction
    ) async throws {
        for statement in [
            appointmentNumberings(practice), personNumberings(enterprise), "ANALYZE pg_temp.listed",
            patients(enterprise), "ANALYZE pg_temp.patient", byOwnID(practice), byName(practice, enterprise),
            "ANALYZE pg_temp.known", byTime(practice, enterprise),
            byTimeThen(practice, enterprise, madeAt), theirs(), twice(), "ANALYZE pg_temp.theirs",
        ] as [SQL] {
            try await transaction.execute(statement)
        }
    }

    /// The kinds and authorities that the practice's appointments are named in: a few, found by skipping along the primary
    /// key.
    private static func appointmentNumberings(_ practice: String) -> SQL {
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
        INSERT INTO pg_temp.numbering (names, kind, authority, rank)
        SELECT 'appointment', kind, authority, array_position(ARRAY['filler', 'placer', 'booking', 'visit'], kind)
        FROM known WHERE kind IN ('filler', 'placer', 'visit')
        """
    }

    /// The same of the enterprise's persons.
    private static func personNumberings(_ enterprise: String) -> SQL {
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
        INSERT INTO pg_temp.numbering (names, kind, authority, rank)
        SELECT 'person', kind, authority, array_position(ARRAY['mrn', 'person', 'local'], kind)
        FROM known WHERE kind IN ('mrn', 'person', 'local')
        """
    }

    /// Our person for each of the lists' words, the survivor where they were merged: by our own id, else by the first kind
    /// of number that names anybody. A number that stands for two persons names neither. Primary key of person_alias.
    private static func patients(_ enterprise: String) -> SQL {
        """
        WITH word AS (SELECT DISTINCT patient AS word FROM pg_temp.listed WHERE patient <> ''),
        by_id AS (  -- 1: the word is our own id
            SELECT w.word, coalesce(p.survivor, p.id) AS person_id
            FROM word w JOIN records.person p ON p.enterprise_id = \(enterprise) AND p.id = CASE
                WHEN w.word ~ '^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$' THEN w.word::uuid END
        ), named AS (  -- 2: a number of theirs
            SELECT w.word, n.rank, array_agg(DISTINCT coalesce(p.survivor, p.id)) AS persons
            FROM word w
            CROSS JOIN pg_temp.numbering n
            JOIN records.person_alias a ON a.enterprise_id = \(enterprise)
                AND a.kind = n.kind AND a.authority = n.authority AND a.value = w.word
            JOIN records.person p ON p.enterprise_id = a.enterprise_id AND p.id = a.person_id
            WHERE n.names = 'person'
            GROUP BY w.word, n.rank
        ), by_name AS (  -- 3: of the first kind that names anybody
            SELECT DISTINCT ON (word) word, persons FROM named ORDER BY word, rank
        )
        INSERT INTO pg_temp.patient (word, person_id, initials)
        SELECT f.word, f.person_id, left(p.given, 1) || left(p.family, 1)
        FROM (
            SELECT word, person_id FROM by_id
            UNION ALL
            SELECT n.word, n.persons[1] FROM by_name n
            WHERE cardinality(n.persons) = 1 AND NOT EXISTS (SELECT FROM by_id i WHERE i.word = n.word)
        ) f
        JOIN records.person p ON p.enterprise_id = \(enterprise) AND p.id = f.person_id
        """
    }

    private static func byOwnID(_ practice: String) -> SQL {
        """
        INSERT INTO pg_temp.known (side, n, record)
        SELECT l.side, l.n, l.own FROM pg_temp.listed l
        JOIN records.appointment a ON a.practice_id = \(practice) AND a.id = l.own
        """
    }

    /// A line of the PM's is tried in each numbering that the practice has; a group's appointments bear the group's id with
    /// the person's mark, which goes before the bare id. Where a number is not the schedule's own (SCH-2) it may stand for
    /// something else: then the time or the person must agree as well. Primary key of appointment_alias.
    private static func byName(_ practice: String, _ enterprise: String) -> SQL {
        """
        WITH probe AS (
            SELECT l.side, l.n, l.by_reference, l.patient, l.start_at, n.kind, n.authority, n.rank, v.value, v.marked
            FROM pg_temp.listed l
            CROSS JOIN pg_temp.numbering n
            CROSS JOIN LATERAL (VALUES (l.reference, false), (l.reference || '#' || l.patient, true)) v (value, marked)
            WHERE l.by_reference AND n.names = 'appointment' AND (l.patient <> '' OR NOT v.marked)
            UNION ALL
            SELECT l.side, l.n, false, l.patient, l.start_at, v.kind, v.authority,
                array_position(ARRAY['filler', 'placer', 'booking', 'visit'], v.kind), v.value, false
            FROM pg_temp.listed l
            CROSS JOIN LATERAL unnest(l.name_kinds, l.name_authorities, l.name_values) v (kind, authority, value)
            WHERE NOT l.by_reference
        )
        INSERT INTO pg_temp.known (side, n, record)
        SELECT DISTINCT ON (q.side, q.n) q.side, q.n, x.appointment_id
        FROM probe q
        JOIN records.appointment_alias x ON x.practice_id = \(practice)
            AND x.kind = q.kind AND x.authority = q.authority AND x.value = q.value
        JOIN records.appointment a ON a.practice_id = x.practice_id AND a.id = x.appointment_id
        LEFT JOIN records.person p ON p.enterprise_id = \(enterprise) AND p.id = a.person_id
        LEFT JOIN pg_temp.patient w ON w.word = q.patient
        WHERE NOT EXISTS (SELECT FROM pg_temp.known k WHERE k.side = q.side AND k.n = q.n)
            AND (q.kind = 'filler' OR NOT q.by_reference OR q.patient = '' OR a.start_at = q.start_at
                OR coalesce(p.survivor, a.person_id) = w.person_id)
        ORDER BY q.side, q.n, q.marked DESC, q.rank, x.trust DESC, a.start_at IS NOT DISTINCT FROM q.start_at DESC, a.id
        """
    }

    /// By person, start and resource; where the list names nobody, by start and resource among those that no other line
    /// has named. Only where there is exactly one. Index appointment_by_start.
    private static func byTime(_ practice: String, _ enterprise: String) -> SQL {
        """
        WITH rest AS (
            SELECT l.side, l.n, l.start_at, l.resource, w.person_id
            FROM pg_temp.listed l
            LEFT JOIN pg_temp.patient w ON w.word = l.patient
            WHERE l.start_at IS NOT NULL
                AND (w.person_id IS NOT NULL
                    OR (l.patient = '' AND NOT l.is_block AND l.by_reference AND l.resource IS NOT NULL))
                AND NOT EXISTS (SELECT FROM pg_temp.known k WHERE k.side = l.side AND k.n = l.n)
        )
        INSERT INTO pg_temp.known (side, n, record)
        SELECT r.side, r.n, (array_agg(a.id))[1]
        FROM rest r
        JOIN records.appointment a ON a.practice_id = \(practice) AND a.start_at = r.start_at
            AND a.status NOT IN ('cancelled', 'entered-in-error', 'proposed')
        LEFT JOIN records.person p ON p.enterprise_id = \(enterprise) AND p.id = a.person_id
        WHERE (r.person_id = coalesce(p.survivor, a.person_id)
                OR (r.person_id IS NULL
                    AND NOT EXISTS (SELECT FROM pg_temp.known k WHERE k.side = r.side AND k.record = a.id)))
            AND (r.resource IS NULL OR NOT EXISTS (
                SELECT FROM records.appointment_resource u
                JOIN records.resource s ON s.practice_id = u.practice_id AND s.id = u.resource_id
                WHERE u.practice_id = a.practice_id AND u.appointment_id = a.id AND s.kind IN ('practitioner', 'device')
            ) OR EXISTS (
                SELECT FROM records.appointment_resource u
                JOIN records.resource s ON s.practice_id = u.practice_id AND s.id = u.resource_id
                WHERE u.practice_id = a.practice_id AND u.appointment_id = a.id AND s.code = r.resource))
        GROUP BY r.side, r.n
        HAVING count(*) = 1
        """
    }

    /// The same of what has changed since the list was made, as it stood then: cancelled or moved meanwhile, it is on the
    /// list all the same. Index appointment_by_person, primary key of appointment_version.
    private static func byTimeThen(_ practice: String, _ enterprise: String, _ madeAt: [Int16: Date]) -> SQL {
        let sides = madeAt.keys.sorted()
        return """
            WITH rest AS (
                SELECT l.side, l.n, l.start_at, l.resource, w.person_id, m.made_at
                FROM pg_temp.listed l
                JOIN unnest(\(sides), \(sides.compactMap { madeAt[$0] })) AS m (side, made_at) ON m.side = l.side
                JOIN pg_temp.patient w ON w.word = l.patient
                WHERE l.start_at IS NOT NULL
                    AND NOT EXISTS (SELECT FROM pg_temp.known k WHERE k.side = l.side AND k.n = l.n)
            ), stood AS (
                SELECT r.side, r.n, r.start_at, r.resource, a.id, v.state
                FROM rest r
                JOIN records.person p ON p.enterprise_id = \(enterprise)
                    AND (p.id = r.person_id OR p.survivor = r.person_id)
                JOIN records.appointment a ON a.practice_id = \(practice) AND a.person_id = p.id
                    AND a.changed_at > r.made_at
                CROSS JOIN LATERAL (
                    SELECT x.state FROM records.appointment_version x
                    WHERE x.practice_id = a.practice_id AND x.appointment_id = a.id AND x.recorded_at <= r.made_at
                    ORDER BY x.version DESC LIMIT 1) v
            )
            INSERT INTO pg_temp.known (side, n, record)
            SELECT s.side, s.n, (array_agg(s.id))[1]
            FROM stood s
            WHERE to_timestamp((s.state->>'start')::double precision / 1000) = s.start_at
                AND s.state->>'status' NOT IN ('cancelled', 'entered-in-error', 'proposed')
                AND (s.resource IS NULL OR NOT EXISTS (
                    SELECT FROM jsonb_array_elements(s.state->'resources') u
                    WHERE u->>'kind' IN ('practitioner', 'device')
                ) OR EXISTS (
                    SELECT FROM jsonb_array_elements(s.state->'resources') u WHERE u->>'code' = s.resource))
            GROUP BY s.side, s.n
            HAVING count(*) = 1
            """
    }

    /// The record says who it is: an entry that is one and names nobody is no block for that.
    private static func theirs() -> SQL {
        """
        INSERT INTO pg_temp.theirs (side, record, reference, names, bears_our_id, person_id, person, initials, last4,
            start_at, end_at, status, source_status, derived, live, resource, location, version, changed_at)
        SELECT l.side, k.record, l.reference, l.name_values, coalesce(k.record = l.own, false), w.person_id,
            CASE WHEN w.person_id IS NOT NULL THEN w.person_id::text WHEN l.patient <> '' THEN l.patient
                WHEN k.record IS NOT NULL AND NOT l.is_block THEN 'unnamed' ELSE '' END,
            coalesce(w.initials, ''), l.last4, l.start_at, l.end_at, l.status, l.source_status, l.derived,
            coalesce(l.status NOT IN ('cancelled', 'entered-in-error', 'noshow', 'proposed'), true),
            l.resource, l.location, l.version, l.changed_at
        FROM pg_temp.listed l
        LEFT JOIN pg_temp.known k ON k.side = l.side AND k.n = l.n
        LEFT JOIN pg_temp.patient w ON w.word = l.patient
        WHERE k.record IS NOT NULL OR l.start_at IS NOT NULL
        """
    }

    private static func twice() -> SQL {
        """
        UPDATE pg_temp.theirs t SET twice = true
        FROM (SELECT side, record FROM pg_temp.theirs WHERE record IS NOT NULL
              GROUP BY side, record HAVING count(*) > 1) d
        WHERE t.side = d.side AND t.record = d.record
        """
    }
}
