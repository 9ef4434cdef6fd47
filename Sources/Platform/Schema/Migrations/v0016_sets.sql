-- A batch is one unit of work: its part of the record is loaded, decided in memory, and what differs is written in a fixed
-- number of statements. So what took one call a message goes, and each current row is guarded by a revision.

ALTER TABLE records.person ADD COLUMN revision bigint NOT NULL DEFAULT 0;
ALTER TABLE records.appointment ADD COLUMN revision bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN records.person.revision IS
    'Bumped by every save; a save names the one that it was decided on.';
COMMENT ON COLUMN records.appointment.revision IS
    'Bumped by every save, apart from the public version; a save names the one that it was decided on.';

COMMENT ON TABLE records.person IS
    'A person. Provisional rows come from any worker through records.save_persons; registration owns the rest. Never leaves.';
COMMENT ON TABLE records.person_alias IS
    'What a person is called on the wire. Only accumulates. Written through records.save_persons; never leaves.';

DROP FUNCTION records.held_person(
    text, text[], text[], text[], smallint[], text, text, date, text, text, text);
DROP FUNCTION records.seen_person(
    text, text[], text[], text[], smallint[], text, text, date, text, text, text);
DROP FUNCTION records.occupy(
    text, uuid, boolean, boolean, text[], text[], text[], text[], timestamptz[], timestamptz[]);

-- Persons as a batch leaves them: new provisional ones (no revision), blanks of provisional ones filled, identifiers that
-- were nobody's. Where another commit was first it fails with a serialization failure: the batch is decided anew.
CREATE FUNCTION records.save_persons(
    enterprises text[], ids uuid[], revisions bigint[], families text[], givens text[], births date[], sexes text[],
    phones text[], emails text[], name_enterprises text[], name_kinds text[], name_authorities text[],
    name_values text[], name_persons uuid[], name_trusts smallint[]
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    written bigint;
    seen_at timestamptz := clock_timestamp();
BEGIN
    INSERT INTO records.person (enterprise_id, id, family, given, birth_date, sex, phone, email)
    SELECT u.enterprise, u.id, u.family, u.given, u.birth, u.sex, u.phone, u.email
    FROM unnest(enterprises, ids, revisions, families, givens, births, sexes, phones, emails)
        AS u (enterprise, id, revision, family, given, birth, sex, phone, email)
    WHERE u.revision IS NULL;
    IF cardinality(array_remove(revisions, NULL)) > 0 THEN
        UPDATE records.person p SET family = u.family, given = u.given, birth_date = u.birth, sex = u.sex,
            phone = u.phone, email = u.email, revision = p.revision + 1, changed_at = clock_timestamp()
        FROM unnest(enterprises, ids, revisions, families, givens, births, sexes, phones, emails)
            AS u (enterprise, id, revision, family, given, birth, sex, phone, email)
        WHERE p.enterprise_id = u.enterprise AND p.id = u.id AND p.revision = u.revision AND p.provisional;
        GET DIAGNOSTICS written = ROW_COUNT;
        IF written <> cardinality(array_remove(revisions, NULL)) THEN
            RAISE EXCEPTION 'a person was changed by another commit' USING ERRCODE = 'serialization_failure';
        END IF;
    END IF;
    INSERT INTO records.person_alias (enterprise_id, kind, authority, value, person_id, trust, first_seen_at)
    SELECT u.enterprise, u.kind, u.authority, u.value, u.person, u.trust, seen_at + u.n * interval '1 microsecond'
    FROM unnest(name_enterprises, name_kinds, name_authorities, name_values, name_persons, name_trusts)
        WITH ORDINALITY AS u (enterprise, kind, authority, value, person, trust, n)
    ORDER BY u.enterprise, u.kind, u.authority, u.value
    ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS written = ROW_COUNT;
    IF written <> cardinality(name_values) THEN
        RAISE EXCEPTION 'an identifier was given by another commit' USING ERRCODE = 'serialization_failure';
    END IF;
END $$;

-- What is taken by others than one that excludes, for whoever counts or comes next.
CREATE INDEX occupancy_shared ON records.occupancy USING gist (practice_id, resource_id, during) WHERE NOT exclusive;

-- The slots that overlap a time, of whatever length.
CREATE INDEX slot_by_time ON records.slot USING gist (resource_id, during);

-- What appointments take: a projection that no decision reads. Resources are made at first sight and blanks filled; all that
-- take part are then locked in the order of their ids, so that capacities are counted and who excludes is chosen under the
-- lock (whoever holds a slot takes it too). Holds in the way are displaced: the PM goes before. A booking in the way makes
-- the next an overbooking, which is the PM's to decide; a resource with capacity above one counts and never excludes. A
-- place is taken only where the practice's table counts it.
--
-- appointments, in job order, with what each takes now (uses) and what it took in between within the batch (passed).
-- is_first: no use of an earlier appointment of the batch overlaps it.
CREATE FUNCTION records.place_appointments(
    practices text[], appointments uuid[], are_new boolean[],
    use_practices text[], use_appointments uuid[], kinds text[], codes text[], names text[], npis text[],
    starts timestamptz[], ends timestamptz[], takes boolean[], are_first boolean[],
    passed_practices text[], passed_kinds text[], passed_codes text[], passed_starts timestamptz[],
    passed_ends timestamptz[]
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    u_practices text[];
    u_appointments uuid[];
    u_resources uuid[];
    u_capacities integer[];
    u_starts timestamptz[];
    u_ends timestamptz[];
    u_names text[];
    u_npis text[];
    u_taken boolean[];
    u_first boolean[];
    p_practices text[];
    p_resources uuid[];
    p_during tstzrange[];
    t_practices text[];
    t_resources uuid[];
    t_during tstzrange[];
    is_shared boolean;
BEGIN
    -- 1: resources at first sight
    INSERT INTO records.resource (practice_id, kind, code, name, npi)
    SELECT DISTINCT ON (u.practice, u.kind, u.code) u.practice, u.kind, u.code, u.name, u.npi
    FROM unnest(use_practices, kinds, codes, names, npis) AS u (practice, kind, code, name, npi)
    WHERE NOT EXISTS (
        SELECT FROM records.resource r
        WHERE r.practice_id = u.practice AND r.kind = u.kind AND r.code = u.code
            AND (r.name <> '' OR u.name = '') AND (r.npi <> '' OR u.npi = ''))
    ORDER BY u.practice, u.kind, u.code, u.name DESC
    ON CONFLICT (practice_id, kind, code) DO UPDATE SET
        name = CASE WHEN resource.name = '' THEN excluded.name ELSE resource.name END,
        npi = CASE WHEN resource.npi = '' THEN excluded.npi ELSE resource.npi END,
        changed_at = clock_timestamp();

    -- 2: the lock
    PERFORM pg_advisory_xact_lock(hashtextextended(s.id::text, 10))
    FROM (
        SELECT r.id
        FROM unnest(use_practices, kinds, codes) AS u (practice, kind, code)
        CROSS JOIN LATERAL (
            SELECT x.id FROM records.resource x
            WHERE x.practice_id = u.practice AND x.kind = u.kind AND x.code = u.code LIMIT 1
        ) r
        UNION
        SELECT o.resource_id
        FROM unnest(practices, appointments, are_new) AS a (practice, id, is_new)
        CROSS JOIN LATERAL (
            SELECT x.resource_id FROM records.occupancy x
            WHERE x.practice_id = a.practice AND x.appointment_id = a.id OFFSET 0
        ) o
        WHERE NOT a.is_new
        ORDER BY 1
    ) s;

    -- 3: what each takes now, by the resources' ids; capacities as they are under the lock
    SELECT array_agg(d.practice ORDER BY d.n), array_agg(d.appointment ORDER BY d.n), array_agg(d.resource ORDER BY d.n),
        array_agg(d.capacity ORDER BY d.n), array_agg(d.start_at ORDER BY d.n), array_agg(d.end_at ORDER BY d.n),
        array_agg(d.name ORDER BY d.n), array_agg(d.npi ORDER BY d.n), array_agg(d.taken ORDER BY d.n),
        array_agg(d.first ORDER BY d.n)
    INTO u_practices, u_appointments, u_resources, u_capacities, u_starts, u_ends, u_names, u_npis, u_taken, u_first
    FROM (
        SELECT DISTINCT ON (u.appointment, r.id) u.*, r.id AS resource, r.capacity,
            u.takes AND u.start_at < u.end_at AND (r.kind <> 'location' OR r.counted) AS taken
        FROM unnest(use_practices, use_appointments, kinds, codes, names, npis, starts, ends, takes, are_first)
            WITH ORDINALITY AS u (practice, appointment, kind, code, name, npi, start_at, end_at, takes, first, n)
        CROSS JOIN LATERAL (
            SELECT x.* FROM records.resource x
            WHERE x.practice_id = u.practice AND x.kind = u.kind AND x.code = u.code LIMIT 1
        ) r
        ORDER BY u.appointment, r.id, u.n
    ) d;

    -- 4: what is given back, by appointments that took something before or in between
    IF false = ANY (are_new) THEN
        DELETE FROM records.appointment_resource r
        USING unnest(practices, appointments, are_new) AS a (practice, id, is_new)
        WHERE NOT a.is_new AND r.practice_id = a.practice AND r.appointment_id = a.id;
        WITH gone AS (
            DELETE FROM records.occupancy o
            USING unnest(practices, appointments, are_new) AS a (practice, id, is_new)
            WHERE NOT a.is_new AND o.practice_id = a.practice AND o.appointment_id = a.id
            RETURNING o.practice_id, o.resource_id, o.during
        )
        SELECT array_agg(g.practice_id), array_agg(g.resource_id), array_agg(g.during)
        INTO p_practices, p_resources, p_during FROM gone g;
    END IF;
    IF cardinality(passed_codes) > 0 THEN
        SELECT p_practices || array_agg(d.practice), p_resources || array_agg(d.id), p_during || array_agg(d.during)
        INTO p_practices, p_resources, p_during
        FROM (
            SELECT DISTINCT u.practice, r.id, tstzrange(u.start_at, u.end_at) AS during
            FROM unnest(passed_practices, passed_kinds, passed_codes, passed_starts, passed_ends)
                AS u (practice, kind, code, start_at, end_at)
            CROSS JOIN LATERAL (
                SELECT x.* FROM records.resource x
                WHERE x.practice_id = u.practice AND x.kind = u.kind AND x.code = u.code LIMIT 1
            ) r
            WHERE u.start_at < u.end_at AND (r.kind <> 'location' OR r.counted)
        ) d;
    END IF;

    -- 5: what is taken
    IF u_practices IS NOT NULL THEN
        INSERT INTO records.appointment_resource (practice_id, appointment_id, resource_id, start_at, end_at, name, npi)
        SELECT * FROM unnest(u_practices, u_appointments, u_resources, u_starts, u_ends, u_names, u_npis);
        DELETE FROM records.occupancy o
        USING unnest(u_practices, u_resources, u_starts, u_ends, u_taken) AS u (practice, resource, start_at, end_at, taken)
        WHERE u.taken AND o.practice_id = u.practice AND o.resource_id = u.resource AND o.hold_id IS NOT NULL
            AND o.during && tstzrange(u.start_at, u.end_at);
        WITH taken AS (
            INSERT INTO records.occupancy (practice_id, resource_id, during, exclusive, appointment_id)
            SELECT u.practice, u.resource, tstzrange(u.start_at, u.end_at),
                u.capacity = 1 AND u.first AND NOT EXISTS (
                    SELECT FROM records.occupancy o
                    WHERE o.practice_id = u.practice AND o.resource_id = u.resource AND o.exclusive
                        AND o.during && tstzrange(u.start_at, u.end_at)),
                u.appointment
            FROM unnest(u_practices, u_appointments, u_resources, u_capacities, u_starts, u_ends, u_taken, u_first)
                AS u (practice, appointment, resource, capacity, start_at, end_at, taken, first)
            WHERE u.taken
            RETURNING exclusive
        )
        SELECT coalesce(bool_or(NOT t.exclusive), false) INTO is_shared FROM taken t;
    END IF;

    -- 6: where what excluded others has gone, or did not come first, the first of those that stand beside it excludes
    IF is_shared OR p_practices IS NOT NULL THEN
        LOOP
            UPDATE records.occupancy o SET exclusive = true
            FROM (
                SELECT DISTINCT t.practice, t.resource, t.during
                FROM (
                    SELECT * FROM unnest(p_practices, p_resources, p_during) AS p (practice, resource, during)
                    UNION ALL
                    SELECT u.practice, u.resource, tstzrange(u.start_at, u.end_at)
                    FROM unnest(u_practices, u_resources, u_capacities, u_starts, u_ends, u_taken)
                        AS u (practice, resource, capacity, start_at, end_at, taken)
                    WHERE u.taken AND u.capacity = 1
                ) t
            ) t
            WHERE o.practice_id = t.practice AND o.resource_id = t.resource AND o.during && t.during AND NOT o.exclusive
                AND o.appointment_id IS NOT NULL AND 1 = (
                    SELECT r.capacity FROM records.resource r
                    WHERE r.practice_id = o.practice_id AND r.id = o.resource_id)
                AND NOT EXISTS (
                    SELECT FROM records.occupancy e
                    WHERE e.practice_id = o.practice_id AND e.resource_id = o.resource_id AND e.during && o.during
                        AND e.exclusive)
                AND NOT EXISTS (
                    SELECT FROM records.occupancy e
                    WHERE e.practice_id = o.practice_id AND e.resource_id = o.resource_id AND e.during && o.during
                        AND NOT e.exclusive AND e.appointment_id < o.appointment_id
                        AND NOT EXISTS (  -- who stands beside one that excludes is in nobody's way
                            SELECT FROM records.occupancy x
                            WHERE x.practice_id = e.practice_id AND x.resource_id = e.resource_id
                                AND x.during && e.during AND x.exclusive));
            EXIT WHEN NOT FOUND;
        END LOOP;
    END IF;

    -- 7: the slots of these times, and every other slot that overlaps one of them, as what is taken now leaves them
    IF u_practices IS NULL AND p_practices IS NULL THEN RETURN; END IF;
    SELECT array_agg(t.practice), array_agg(t.resource), array_agg(t.during)
    INTO t_practices, t_resources, t_during
    FROM (
        SELECT u.practice, u.resource, tstzrange(u.start_at, u.end_at) AS during
        FROM unnest(u_practices, u_resources, u_starts, u_ends, u_taken) AS u (practice, resource, start_at, end_at, taken)
        WHERE u.taken
        UNION
        SELECT p.practice, p.resource, p.during
        FROM unnest(p_practices, p_resources, p_during) AS p (practice, resource, during)
        ORDER BY 1, 2, 3
    ) t;
    -- A slot is busy where as many appointments take it as the resource holds. Holds end by themselves, and nobody then
    -- looks at the slot, so they do not count. Written out, for to call a function for each slot costs more than the looks.
    INSERT INTO records.slot (practice_id, resource_id, during, status)
    SELECT t.practice, t.resource, t.during, CASE WHEN r.capacity <= (
            SELECT count(*) FROM records.occupancy o
            WHERE o.practice_id = t.practice AND o.resource_id = t.resource AND o.during && t.during AND o.exclusive
                AND o.appointment_id IS NOT NULL) + (
            SELECT count(*) FROM records.occupancy o
            WHERE o.practice_id = t.practice AND o.resource_id = t.resource AND o.during && t.during
                AND NOT o.exclusive AND o.appointment_id IS NOT NULL)
        THEN 'busy' ELSE 'free' END
    FROM unnest(t_practices, t_resources, t_during) AS t (practice, resource, during)
    CROSS JOIN LATERAL (
        SELECT x.capacity FROM records.resource x WHERE x.practice_id = t.practice AND x.id = t.resource LIMIT 1
    ) r
    ON CONFLICT (practice_id, resource_id, during) DO NOTHING;
    UPDATE records.slot s SET status = n.status, version = s.version + 1, changed_at = clock_timestamp()
    FROM (
        SELECT x.practice_id, x.id, CASE WHEN x.capacity <= (
                SELECT count(*) FROM records.occupancy o
                WHERE o.practice_id = x.practice_id AND o.resource_id = x.resource_id AND o.during && x.during
                    AND o.exclusive AND o.appointment_id IS NOT NULL) + (
                SELECT count(*) FROM records.occupancy o
                WHERE o.practice_id = x.practice_id AND o.resource_id = x.resource_id AND o.during && x.during
                    AND NOT o.exclusive AND o.appointment_id IS NOT NULL)
            THEN 'busy' ELSE 'free' END AS status
        FROM (
            SELECT DISTINCT y.practice_id, y.id, y.resource_id, y.during, r.capacity
            FROM unnest(t_practices, t_resources, t_during) AS t (practice, resource, during)
            CROSS JOIN LATERAL (
                SELECT x.capacity FROM records.resource x
                WHERE x.practice_id = t.practice AND x.id = t.resource LIMIT 1
            ) r
            CROSS JOIN LATERAL (
                -- Without the practice, for whose sake the unique key would be read from its beginning.
                SELECT z.practice_id, z.id, z.resource_id, z.during, z.status FROM records.slot z
                WHERE z.resource_id = t.resource AND z.during && t.during OFFSET 0
            ) y
            WHERE y.practice_id = t.practice AND y.status <> 'busy-unavailable'
        ) x
    ) n
    WHERE s.practice_id = n.practice_id AND s.id = n.id AND s.status <> n.status AND s.status <> 'busy-unavailable';
END $$;

GRANT EXECUTE ON FUNCTION records.save_persons, records.place_appointments TO pmsync_scheduling;

-- Each look by key has one index that can serve it. On a database without statistics PostgreSQL takes any index that begins
-- with practice_id for as good as the primary key, and the plan is kept: an index that says IS NOT NULL of its own column
-- serves only who asks for that column.
DROP INDEX records.appointment_by_start, records.appointment_by_person, records.appointment_by_change,
    records.appointment_alias_by_appointment, records.person_alias_by_person, records.change_by_record,
    records.appointment_resource_by_resource, api.delivery_by_record;
CREATE INDEX appointment_by_start ON records.appointment (practice_id, start_at, id) WHERE start_at IS NOT NULL;
CREATE INDEX appointment_by_person ON records.appointment (practice_id, person_id, start_at) WHERE person_id IS NOT NULL;
CREATE INDEX appointment_by_change ON records.appointment (practice_id, changed_at, id) WHERE changed_at IS NOT NULL;
CREATE INDEX appointment_alias_by_appointment ON records.appointment_alias (practice_id, appointment_id)
    WHERE appointment_id IS NOT NULL;
CREATE INDEX person_alias_by_person ON records.person_alias (enterprise_id, person_id) WHERE person_id IS NOT NULL;
CREATE INDEX change_by_record ON records.change (practice_id, record_id) WHERE record_id IS NOT NULL;
CREATE INDEX appointment_resource_by_resource ON records.appointment_resource (practice_id, resource_id, start_at)
    WHERE resource_id IS NOT NULL;
CREATE INDEX delivery_by_record ON api.delivery (practice_id, record_id) WHERE record_id IS NOT NULL;
