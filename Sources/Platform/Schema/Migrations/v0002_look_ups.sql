-- Looks by key that stay so, and fewer round trips a message. A join that was planned while its tables were young and
-- unmeasured reads a whole practice for each message, and the plan is kept; LATERAL with LIMIT leaves no such choice.

CREATE OR REPLACE FUNCTION records.seen_person(
    enterprise text, kinds text[], authorities text[], alias_values text[], trusts smallint[],
    seen_family text, seen_given text, seen_birth date, seen_sex text, seen_phone text, seen_email text
) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    found uuid;
    known bigint;
    one text;
    is_told_all boolean;
    survivor uuid;
BEGIN
    -- Usually everything is known already: then nothing is locked and nothing written.
    FOR pass IN 1..2 LOOP
        SELECT count(p.person_id), (array_agg(p.person_id ORDER BY a.trust DESC, p.first_seen_at)
            FILTER (WHERE p.person_id IS NOT NULL))[1]
        INTO known, found
        FROM unnest(kinds, authorities, alias_values, trusts) AS a (kind, authority, value, trust)
        LEFT JOIN LATERAL (
            SELECT x.person_id, x.first_seen_at FROM records.person_alias x
            WHERE x.enterprise_id = enterprise AND x.kind = a.kind AND x.authority = a.authority AND x.value = a.value
            LIMIT 1
        ) p ON true;
        IF found IS NOT NULL THEN
            SELECT coalesce(p.survivor, p.id), NOT p.provisional OR NOT (
                (p.family = '' AND seen_family <> '') OR (p.given = '' AND seen_given <> '')
                OR (p.birth_date IS NULL AND seen_birth IS NOT NULL) OR (p.sex = '' AND seen_sex <> '')
                OR (p.phone = '' AND seen_phone <> '') OR (p.email = '' AND seen_email <> ''))
            INTO survivor, is_told_all
            FROM records.person p WHERE p.enterprise_id = enterprise AND p.id = found;
            IF known = cardinality(kinds) AND is_told_all THEN RETURN survivor; END IF;
        END IF;
        EXIT WHEN pass = 2;
        FOR one IN
            SELECT DISTINCT a.kind || '/' || a.authority || '/' || a.value
            FROM unnest(kinds, authorities, alias_values) AS a (kind, authority, value) ORDER BY 1
        LOOP
            PERFORM pg_advisory_xact_lock(hashtextextended(enterprise || '/' || one, 7));
        END LOOP;
    END LOOP;
    IF found IS NULL THEN
        found := gen_random_uuid();
        survivor := found;
        INSERT INTO records.person (enterprise_id, id, family, given, birth_date, sex, phone, email)
        VALUES (enterprise, found, seen_family, seen_given, seen_birth, seen_sex, seen_phone, seen_email);
    ELSIF NOT is_told_all THEN
        UPDATE records.person p SET
            family = CASE WHEN p.family = '' THEN seen_family ELSE p.family END,
            given = CASE WHEN p.given = '' THEN seen_given ELSE p.given END,
            birth_date = coalesce(p.birth_date, seen_birth),
            sex = CASE WHEN p.sex = '' THEN seen_sex ELSE p.sex END,
            phone = CASE WHEN p.phone = '' THEN seen_phone ELSE p.phone END,
            email = CASE WHEN p.email = '' THEN seen_email ELSE p.email END,
            changed_at = clock_timestamp()
        WHERE p.enterprise_id = enterprise AND p.id = found AND p.provisional;
    END IF;
    INSERT INTO records.person_alias (enterprise_id, kind, authority, value, person_id, trust)
    SELECT enterprise, a.kind, a.authority, a.value, found, a.trust
    FROM unnest(kinds, authorities, alias_values, trusts) AS a (kind, authority, value, trust)
    ON CONFLICT DO NOTHING;
    RETURN survivor;
END $$;

-- Holds are few beside bookings; whoever displaces them need not read the bookings.
CREATE INDEX occupancy_holds ON records.occupancy (practice_id, resource_id) WHERE hold_id IS NOT NULL;

-- What the tables call a resource, and its NPI, on the day of the appointment: a later change of them changes no visit
-- before.
ALTER TABLE records.appointment_resource
    ADD COLUMN name text NOT NULL DEFAULT '',
    ADD COLUMN npi text NOT NULL DEFAULT '';

-- What an appointment takes, in one call instead of a round trip a step: its resources (made at first sight, blanks filled),
-- the time of practitioners and devices, and the slots that show it. `uses` come as parallel arrays.
--
-- Holds in the way are displaced: the PM goes before. A booking in the way makes this one an overbooking, which is the PM's
-- to decide; a resource with capacity above one counts and never excludes. Places are where, not what is taken. A slot is
-- busy while anything takes part of it; what the PM has blocked stays blocked.
CREATE FUNCTION records.occupy(
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
                AND s.kind <> 'location'
            RETURNING resource_id, during
        )
        INSERT INTO records.slot (practice_id, resource_id, during, status)
        SELECT practice, t.resource_id, t.during, 'busy' FROM taken t
        ON CONFLICT (practice_id, resource_id, during) DO UPDATE SET
            status = 'busy', version = slot.version + 1, changed_at = clock_timestamp()
        WHERE slot.status = 'free';
    END IF;
    IF freed IS NOT NULL THEN
        UPDATE records.slot s SET status = 'free', version = s.version + 1, changed_at = clock_timestamp()
        FROM unnest(freed, freed_during) AS t (resource, during)
        WHERE s.practice_id = practice AND s.resource_id = t.resource AND s.during = t.during AND s.status = 'busy'
            AND NOT EXISTS (
                SELECT FROM records.occupancy o
                WHERE o.practice_id = practice AND o.resource_id = s.resource_id AND o.during && s.during);
    END IF;
END $$;
GRANT EXECUTE ON FUNCTION records.occupy TO pmsync_scheduling;

-- How far a practice's changes have been told: a row of its own, so that the fan-out does not wait for whoever numbers the
-- next change, nor the other way round.
CREATE TABLE records.fan_out (
    practice_id text PRIMARY KEY REFERENCES records.practice,
    last_change bigint NOT NULL
);
COMMENT ON TABLE records.fan_out IS
    'The last change of a practice that was turned into notices. Written by the fan-out; never leaves.';
INSERT INTO records.fan_out (practice_id, last_change) SELECT practice_id, fanned_out FROM records.practice;
ALTER TABLE records.practice DROP CONSTRAINT practice_fans_out_what_there_is;
ALTER TABLE records.practice DROP COLUMN fanned_out;
GRANT SELECT ON records.fan_out TO pmsync_gateway, pmsync_scheduling, pmsync_console, pmsync_operator;
GRANT INSERT, UPDATE ON records.fan_out TO pmsync_scheduling;
ALTER TABLE records.fan_out ENABLE ROW LEVEL SECURITY;
ALTER TABLE records.fan_out FORCE ROW LEVEL SECURITY;
CREATE POLICY own_practice ON records.fan_out TO pmsync_api, pmsync_console
    USING (records.may_see(practice_id)) WITH CHECK (records.may_see(practice_id));
CREATE POLICY every_practice ON records.fan_out TO pmsync_gateway, pmsync_scheduling, pmsync_operator
    USING (true) WITH CHECK (true);
