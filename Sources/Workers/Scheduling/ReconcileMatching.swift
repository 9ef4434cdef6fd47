import Foundation
import Postgres

/// Which of our records the lines of the lists are: by our own id, else by the most trusted name, else by person, start
/// and resource. In whole sets, each a statement over `ReconcileTables`. Nearly every line is named as its schedule names
/// it, and is found in one pass; what that leaves is `rest`, for the rules that ask more.
enum ReconcileMatching {
    /// - Parameter madeAt: as of when each side's list speaks.
    static func run(
        practice: String, enterprise: String, madeAt: [Int16: Date], in transaction: Transaction
    ) async throws {
        for statement in [
            appointmentNumberings(practice), personNumberings(enterprise), "ANALYZE pg_temp.listed",
            patients(enterprise), "ANALYZE pg_temp.patient", byOwnID(practice), byMark(practice, enterprise),
            "ANALYZE pg_temp.known",
            // Known is empty, or nearly: a plan that looks through it for each line looks through what it inserts.
            "SET LOCAL enable_nestloop = off", byScheduleName(practice), "SET LOCAL enable_nestloop = on",
            "ANALYZE pg_temp.known", rest(), "ANALYZE pg_temp.rest", byName(practice, enterprise),
            byTime(practice, enterprise), byTimeThen(practice, enterprise, madeAt),
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
        named AS (  -- 1: the word is our own id
            SELECT w.word, 0 AS rank, ARRAY[coalesce(p.survivor, p.id)] AS persons
            FROM word w JOIN records.person p ON p.enterprise_id = \(enterprise) AND p.id = CASE
                WHEN w.word ~ '^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$' THEN w.word::uuid END
            UNION ALL  -- 2: a number of theirs
            SELECT w.word, n.rank, array_agg(DISTINCT coalesce(p.survivor, p.id))
            FROM word w
            CROSS JOIN pg_temp.numbering n
            JOIN records.person_alias a ON a.enterprise_id = \(enterprise)
                AND a.kind = n.kind AND a.authority = n.authority AND a.value = w.word
            JOIN records.person p ON p.enterprise_id = a.enterprise_id AND p.id = a.person_id
            WHERE n.names = 'person'
            GROUP BY w.word, n.rank
        ), first_named AS (  -- 3: of the first kind that names anybody
            SELECT DISTINCT ON (word) word, persons FROM named ORDER BY word, rank
        )
        INSERT INTO pg_temp.patient (word, person_id, initials)
        SELECT f.word, p.id, left(p.given, 1) || left(p.family, 1)
        FROM first_named f
        JOIN records.person p ON p.enterprise_id = \(enterprise) AND p.id = f.persons[1]
        WHERE cardinality(f.persons) = 1
        """
    }

    /// What is compared of a line, in one number, to be held against `ReconcileSieve`'s of our record: equal numbers are
    /// equal lines. None where the line is not to be settled by it: without a start, or with a person who is not known.
    private static let digest: SQL = """
        CASE WHEN l.start_at IS NOT NULL AND (l.patient = '' OR w.person_id IS NOT NULL) THEN
            hash_record_extended(ROW(l.status, l.start_at, l.end_at, w.person_id, l.resource, l.location), 0) END
        """

    private static func byOwnID(_ practice: String) -> SQL {
        """
        INSERT INTO pg_temp.known (side, n, record, digest)
        SELECT l.side, l.n, l.own, \(fragment: digest)
        FROM pg_temp.listed l
        JOIN records.appointment a ON a.practice_id = \(practice) AND a.id = l.own
        LEFT JOIN pg_temp.patient w ON w.word = l.patient
        """
    }

    /// A group's appointments bear the group's id with the person's mark, which goes before the bare id.
    private static func byMark(_ practice: String, _ enterprise: String) -> SQL {
        """
        INSERT INTO pg_temp.known (side, n, record, digest)
        SELECT DISTINCT ON (l.side, l.n) l.side, l.n, x.appointment_id, \(fragment: digest)
        FROM pg_temp.listed l
        CROSS JOIN pg_temp.numbering q
        JOIN records.appointment_alias x ON x.practice_id = \(practice) AND x.kind = q.kind
            AND x.authority = q.authority AND x.value = l.reference || '#' || l.patient AND position('#' IN x.value) > 0
        JOIN records.appointment a ON a.practice_id = x.practice_id AND a.id = x.appointment_id
        LEFT JOIN records.person p ON p.enterprise_id = \(enterprise) AND p.id = a.person_id
        LEFT JOIN pg_temp.patient w ON w.word = l.patient
        WHERE l.by_reference AND q.names = 'appointment' AND l.patient <> ''
            AND (q.kind = 'filler' OR a.start_at = l.start_at OR coalesce(p.survivor, a.person_id) = w.person_id)
            AND NOT EXISTS (SELECT FROM pg_temp.known k WHERE k.side = l.side AND k.n = l.n)
        ORDER BY l.side, l.n, q.rank, x.trust DESC, a.start_at IS NOT DISTINCT FROM l.start_at DESC, a.id
        """
    }

    /// By the schedule's own number (SCH-2), where the practice has one numbering of them: it names one record, whatever
    /// else the line says. Of several numberings the most trusted is for `byName` to find.
    private static func byScheduleName(_ practice: String) -> SQL {
        """
        INSERT INTO pg_temp.known (side, n, record, digest)
        SELECT l.side, l.n, x.appointment_id, \(fragment: digest)
        FROM pg_temp.listed l
        JOIN records.appointment_alias x ON x.practice_id = \(practice) AND x.kind = 'filler' AND x.value = l.reference
            AND x.authority = (
                SELECT min(authority) FROM pg_temp.numbering WHERE names = 'appointment' AND kind = 'filler'
                HAVING count(*) = 1)
        LEFT JOIN pg_temp.patient w ON w.word = l.patient
        WHERE l.by_reference AND NOT EXISTS (SELECT FROM pg_temp.known k WHERE k.side = l.side AND k.n = l.n)
        """
    }

    private static func rest() -> SQL {
        """
        INSERT INTO pg_temp.rest (side, n, reference, patient, is_block, by_reference, name_kinds, name_authorities,
            name_values, start_at, resource, person_id, digest)
        SELECT l.side, l.n, l.reference, l.patient, l.is_block, l.by_reference, l.name_kinds, l.name_authorities,
            l.name_values, l.start_at, l.resource, w.person_id, \(fragment: digest)
        FROM pg_temp.listed l
        LEFT JOIN pg_temp.patient w ON w.word = l.patient
        WHERE NOT EXISTS (SELECT FROM pg_temp.known k WHERE k.side = l.side AND k.n = l.n)
        """
    }

    /// A line of the PM's is tried in each numbering that the practice has. Where a number is not the schedule's own (SCH-2)
    /// it may stand for something else: then the time or the person must agree as well. Primary key of appointment_alias.
    private static func byName(_ practice: String, _ enterprise: String) -> SQL {
        """
        WITH probe AS (
            SELECT l.side, l.n, l.by_reference, l.patient, l.person_id, l.start_at, l.digest, n.kind, n.authority, n.rank,
                l.reference AS value
            FROM pg_temp.rest l
            CROSS JOIN pg_temp.numbering n
            WHERE l.by_reference AND n.names = 'appointment'
            UNION ALL
            SELECT l.side, l.n, false, l.patient, l.person_id, l.start_at, l.digest, v.kind, v.authority,
                array_position(ARRAY['filler', 'placer', 'booking', 'visit'], v.kind), v.value
            FROM pg_temp.rest l
            CROSS JOIN LATERAL unnest(l.name_kinds, l.name_authorities, l.name_values) v (kind, authority, value)
            WHERE NOT l.by_reference
        ), hit AS (
            INSERT INTO pg_temp.known (side, n, record, digest)
            SELECT DISTINCT ON (q.side, q.n) q.side, q.n, x.appointment_id, q.digest
            FROM probe q
            JOIN records.appointment_alias x ON x.practice_id = \(practice)
                AND x.kind = q.kind AND x.authority = q.authority AND x.value = q.value
            JOIN records.appointment a ON a.practice_id = x.practice_id AND a.id = x.appointment_id
            LEFT JOIN records.person p ON p.enterprise_id = \(enterprise) AND p.id = a.person_id
            WHERE q.kind = 'filler' OR NOT q.by_reference OR q.patient = '' OR a.start_at = q.start_at
                OR coalesce(p.survivor, a.person_id) = q.person_id
            ORDER BY q.side, q.n, q.rank, x.trust DESC, a.start_at IS NOT DISTINCT FROM q.start_at DESC, a.id
            RETURNING side, n
        )
        DELETE FROM pg_temp.rest r USING hit h WHERE h.side = r.side AND h.n = r.n
        """
    }

    /// By person, start and resource; where the list names nobody, by start and resource among those that no other line
    /// has named. Only where there is exactly one. Index appointment_by_start.
    private static func byTime(_ practice: String, _ enterprise: String) -> SQL {
        """
        WITH hit AS (
        INSERT INTO pg_temp.known (side, n, record, digest)
        SELECT r.side, r.n, (array_agg(a.id))[1], r.digest
        FROM pg_temp.rest r
        JOIN records.appointment a ON a.practice_id = \(practice) AND a.start_at = r.start_at
            AND a.status NOT IN ('cancelled', 'entered-in-error', 'proposed')
        LEFT JOIN records.person p ON p.enterprise_id = \(enterprise) AND p.id = a.person_id
        WHERE r.start_at IS NOT NULL
            AND (r.person_id IS NOT NULL
                OR (r.patient = '' AND NOT r.is_block AND r.by_reference AND r.resource IS NOT NULL))
            AND (r.person_id = coalesce(p.survivor, a.person_id)
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
        GROUP BY r.side, r.n, r.digest
        HAVING count(*) = 1
        RETURNING side, n
        )
        DELETE FROM pg_temp.rest r USING hit h WHERE h.side = r.side AND h.n = r.n
        """
    }

    /// The same of what has changed since the list was made, as it stood then: cancelled or moved meanwhile, it is on the
    /// list all the same. Index appointment_by_person, primary key of appointment_version.
    private static func byTimeThen(_ practice: String, _ enterprise: String, _ madeAt: [Int16: Date]) -> SQL {
        let sides = madeAt.keys.sorted()
        return """
                WITH stood AS (
                    SELECT r.side, r.n, r.start_at, r.resource, r.digest, a.id, v.state
                    FROM pg_temp.rest r
                    JOIN unnest(\(sides), \(sides.compactMap { madeAt[$0] })) AS m (side, made_at) ON m.side = r.side
                    JOIN records.person p ON p.enterprise_id = \(enterprise)
                        AND (p.id = r.person_id OR p.survivor = r.person_id)
                    JOIN records.appointment a ON a.practice_id = \(practice) AND a.person_id = p.id
                        AND a.changed_at > m.made_at
                    CROSS JOIN LATERAL (
                        SELECT x.state FROM records.appointment_version x
                        WHERE x.practice_id = a.practice_id AND x.appointment_id = a.id AND x.recorded_at <= m.made_at
                        ORDER BY x.version DESC LIMIT 1) v
                    WHERE r.start_at IS NOT NULL
                ), hit AS (
                    INSERT INTO pg_temp.known (side, n, record, digest)
                    SELECT s.side, s.n, (array_agg(s.id))[1], s.digest
                    FROM stood s
                    WHERE to_timestamp((s.state->>'start')::double precision / 1000) = s.start_at
                        AND s.state->>'status' NOT IN ('cancelled', 'entered-in-error', 'proposed')
                        AND (s.resource IS NULL OR NOT EXISTS (
                            SELECT FROM jsonb_array_elements(s.state->'resources') u
                            WHERE u->>'kind' IN ('practitioner', 'device')
                        ) OR EXISTS (
                            SELECT FROM jsonb_array_elements(s.state->'resources') u WHERE u->>'code' = s.resource))
                    GROUP BY s.side, s.n, s.digest
                    HAVING count(*) = 1
                    RETURNING side, n
                )
                DELETE FROM pg_temp.rest r USING hit h WHERE h.side = r.side AND h.n = r.n
            """
    }
}
