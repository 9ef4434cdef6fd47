-- What a resource was called on the day of a visit is kept with the visit again, as v0002 has it; v0004 lost it.
CREATE OR REPLACE FUNCTION records.occupy(
    practice text, appointment uuid, is_new boolean, is_live boolean, kinds text[], codes text[], names text[],
    npis text[], starts timestamptz[], ends timestamptz[]
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    freed uuid[];
    freed_during tstzrange[];
BEGIN
    IF NOT is_new THEN
        DELETE FROM records.appointment_resource r WHERE r.practice_id = practice AND r.appointment_id = appointment;
        WITH gone AS (
            DELETE FROM records.occupancy o WHERE o.practice_id = practice AND o.appointment_id = appointment
            RETURNING o.resource_id, o.during
        )
        SELECT array_agg(g.resource_id), array_agg(g.during) INTO freed, freed_during FROM gone g;
    END IF;
    IF cardinality(kinds) > 0 THEN
        INSERT INTO records.resource (practice_id, kind, code, name, npi)
        SELECT DISTINCT ON (u.kind, u.code) practice, u.kind, u.code, u.name, u.npi
        FROM unnest(kinds, codes, names, npis) AS u (kind, code, name, npi)
        WHERE NOT EXISTS (
            SELECT FROM records.resource r
            WHERE r.practice_id = practice AND r.kind = u.kind AND r.code = u.code
                AND (r.name <> '' OR u.name = '') AND (r.npi <> '' OR u.npi = ''))
        ORDER BY u.kind, u.code, u.name DESC
        ON CONFLICT (practice_id, kind, code) DO UPDATE SET
            name = CASE WHEN resource.name = '' THEN excluded.name ELSE resource.name END,
            npi = CASE WHEN resource.npi = '' THEN excluded.npi ELSE resource.npi END,
            changed_at = clock_timestamp();
        INSERT INTO records.appointment_resource (practice_id, appointment_id, resource_id, start_at, end_at, name, npi)
        SELECT DISTINCT ON (r.id) practice, appointment, r.id, u.start_at, u.end_at, u.name, u.npi
        FROM unnest(kinds, codes, starts, ends, names, npis) AS u (kind, code, start_at, end_at, name, npi)
        JOIN records.resource r ON r.practice_id = practice AND r.kind = u.kind AND r.code = u.code;
    END IF;
    IF is_live AND cardinality(kinds) > 0 THEN
        DELETE FROM records.occupancy o USING records.appointment_resource r
        WHERE r.practice_id = practice AND r.appointment_id = appointment AND r.start_at < r.end_at
            AND o.practice_id = practice AND o.resource_id = r.resource_id AND o.hold_id IS NOT NULL
            AND o.during && tstzrange(r.start_at, r.end_at);
        WITH taken AS (
            INSERT INTO records.occupancy (practice_id, resource_id, during, exclusive, appointment_id)
            SELECT practice, r.resource_id, tstzrange(r.start_at, r.end_at),
                s.capacity = 1 AND NOT EXISTS (
                    SELECT FROM records.occupancy o
                    WHERE o.practice_id = practice AND o.resource_id = r.resource_id AND o.exclusive
                        AND o.during && tstzrange(r.start_at, r.end_at)),
                appointment
            FROM records.appointment_resource r
            JOIN records.resource s ON s.practice_id = practice AND s.id = r.resource_id
            WHERE r.practice_id = practice AND r.appointment_id = appointment AND r.start_at < r.end_at
                AND (s.kind <> 'location' OR s.counted)
            RETURNING resource_id, during
        )
        INSERT INTO records.slot (practice_id, resource_id, during, status)
        SELECT practice, t.resource_id, t.during,
            CASE WHEN s.capacity = 1 OR s.capacity <= 1 + (
                SELECT count(*) FROM records.occupancy o
                WHERE o.practice_id = practice AND o.resource_id = t.resource_id AND o.during && t.during)
            THEN 'busy' ELSE 'free' END
        FROM taken t
        CROSS JOIN LATERAL (
            SELECT r.capacity FROM records.resource r WHERE r.practice_id = practice AND r.id = t.resource_id LIMIT 1
        ) s
        ON CONFLICT (practice_id, resource_id, during) DO UPDATE SET
            status = 'busy', version = slot.version + 1, changed_at = clock_timestamp()
        WHERE slot.status = 'free' AND excluded.status = 'busy';
    END IF;
    IF freed IS NOT NULL THEN
        UPDATE records.slot s SET status = 'free', version = s.version + 1, changed_at = clock_timestamp()
        FROM unnest(freed, freed_during) AS t (resource, during)
        WHERE s.practice_id = practice AND s.resource_id = t.resource AND s.during = t.during AND s.status = 'busy'
            AND (
                SELECT r.capacity FROM records.resource r WHERE r.practice_id = practice AND r.id = s.resource_id
            ) > (
                SELECT count(*) FROM records.occupancy o
                WHERE o.practice_id = practice AND o.resource_id = s.resource_id AND o.during && s.during);
        UPDATE records.occupancy o SET exclusive = true
        FROM unnest(freed, freed_during) AS t (resource, during)
        WHERE o.practice_id = practice AND o.resource_id = t.resource AND o.during && t.during AND NOT o.exclusive
            AND o.appointment_id IS NOT NULL AND 1 = (
                SELECT r.capacity FROM records.resource r WHERE r.practice_id = practice AND r.id = o.resource_id)
            AND NOT EXISTS (
                SELECT FROM records.occupancy e
                WHERE e.practice_id = practice AND e.resource_id = o.resource_id AND e.during && o.during
                    AND e.appointment_id IS DISTINCT FROM o.appointment_id
                    AND (e.exclusive OR e.appointment_id < o.appointment_id));
    END IF;
END $$;

-- Whole entries of one day. Planned for that day alone: a plan that is kept for any day locks the partitions of all.
CREATE FUNCTION journal.entries(of_day date, numbers bigint[]) RETURNS SETOF journal.entry
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN QUERY EXECUTE 'SELECT * FROM journal.entry WHERE received_on = $1 AND id = ANY ($2)' USING of_day, numbers;
END $$;
