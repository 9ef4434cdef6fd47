-- Identity and states by the clock: what people have decided, visits of several appointments, blocks by name, days that
-- were cancelled or transferred as one, who stands where more are booked than there is room for.

-- A visit may join several appointments (an event chain, several resources), so its number is a name of each of them;
-- every other name is of one appointment.
ALTER TABLE records.appointment_alias DROP CONSTRAINT appointment_alias_pkey;
ALTER TABLE records.appointment_alias ADD PRIMARY KEY (practice_id, kind, authority, value, appointment_id);
CREATE UNIQUE INDEX appointment_alias_names_one ON records.appointment_alias (practice_id, kind, authority, value)
    WHERE kind <> 'visit';

CREATE TABLE records.decision (
    practice_id text NOT NULL REFERENCES records.practice,
    id bigint GENERATED ALWAYS AS IDENTITY,
    received_on date NOT NULL,
    entry_id bigint NOT NULL,
    person_id uuid,
    candidates uuid[] NOT NULL,
    appointment_id uuid,
    actor text NOT NULL,
    reason text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    question bytea,
    became uuid,
    applied_at timestamptz,
    PRIMARY KEY (practice_id, id),
    FOREIGN KEY (practice_id, appointment_id) REFERENCES records.appointment (practice_id, id),
    CONSTRAINT decision_is_among_its_candidates CHECK (appointment_id IS NULL OR appointment_id = ANY (candidates)),
    CONSTRAINT decision_is_applied_to_one CHECK ((applied_at IS NULL) = (became IS NULL)
        AND (applied_at IS NULL) = (question IS NULL))
);
COMMENT ON TABLE records.decision IS
    'Which appointment a message means, as a person decided (appointment_id NULL: a new one), who, when, why; question and became once it is applied. Written by console and pmsync, applied by scheduling; never leaves.';
CREATE INDEX decision_by_entry ON records.decision (practice_id, entry_id);
CREATE INDEX decision_by_question ON records.decision (practice_id, question) WHERE question IS NOT NULL;

CREATE TABLE records.block (
    practice_id text NOT NULL REFERENCES records.practice,
    id uuid NOT NULL,
    event_at timestamptz NOT NULL,
    entry_id bigint NOT NULL,
    PRIMARY KEY (practice_id, id)
);
COMMENT ON TABLE records.block IS
    'A block or a meeting that the PM has a name for: the last word on it, by event time. Written by scheduling; never leaves.';

CREATE TABLE records.block_name (
    practice_id text NOT NULL,
    kind text NOT NULL,
    authority text NOT NULL,
    value text NOT NULL,
    block_id uuid NOT NULL,
    PRIMARY KEY (practice_id, kind, authority, value),
    FOREIGN KEY (practice_id, block_id) REFERENCES records.block (practice_id, id)
);
COMMENT ON TABLE records.block_name IS
    'What a block or a meeting is called on the wire. Written by scheduling; never leaves.';

CREATE TABLE records.block_stretch (
    practice_id text NOT NULL,
    block_id uuid NOT NULL,
    resource_id uuid NOT NULL,
    during tstzrange NOT NULL,
    PRIMARY KEY (practice_id, block_id, resource_id, during),
    FOREIGN KEY (practice_id, block_id) REFERENCES records.block (practice_id, id),
    FOREIGN KEY (practice_id, resource_id) REFERENCES records.resource (practice_id, id)
);
COMMENT ON TABLE records.block_stretch IS
    'The time that a block or a meeting takes. Written by scheduling, replaced with each word on it.';
CREATE INDEX block_stretch_by_resource ON records.block_stretch (practice_id, resource_id, during);

-- When the PM last spoke of a stretch, so that what comes late changes nothing.
ALTER TABLE records.slot ADD COLUMN said_at timestamptz;

-- A place is counted where the practice's table of resources has it; practitioners and devices always are.
ALTER TABLE records.resource ADD COLUMN counted boolean NOT NULL DEFAULT false;
UPDATE records.resource SET counted = true WHERE capacity > 1;

-- As in v0002, but that a place which the table counts is taken too; the slot of a resource for several is busy when it is
-- full; and where what excluded others has gone, the first of those that stood beside it excludes in its place, for the time
-- is still taken.
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
        INSERT INTO records.appointment_resource (practice_id, appointment_id, resource_id, start_at, end_at)
        SELECT DISTINCT ON (r.id) practice, appointment, r.id, u.start_at, u.end_at
        FROM unnest(kinds, codes, starts, ends) AS u (kind, code, start_at, end_at)
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

CREATE TABLE records.day_event (
    practice_id text NOT NULL REFERENCES records.practice,
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    version integer NOT NULL DEFAULT 1,
    kind text NOT NULL,
    resource_id uuid NOT NULL,
    day date NOT NULL,
    to_resource_id uuid,
    to_day date,
    members uuid[] NOT NULL,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    PRIMARY KEY (practice_id, id),
    FOREIGN KEY (practice_id, resource_id) REFERENCES records.resource (practice_id, id),
    FOREIGN KEY (practice_id, to_resource_id) REFERENCES records.resource (practice_id, id),
    CONSTRAINT day_event_kind_is_known CHECK (kind IN ('day.cancelled', 'day.transferred')),
    CONSTRAINT day_event_goes_somewhere CHECK ((kind = 'day.transferred') = (to_resource_id IS NOT NULL)
        AND (to_resource_id IS NULL) = (to_day IS NULL)),
    CONSTRAINT day_event_has_members CHECK (cardinality(members) > 1)
);
COMMENT ON TABLE records.day_event IS
    'A resource''s day that the PM cancelled or transferred as one: its members'' changes, told besides as one event. Written by scheduling; never leaves.';
CREATE INDEX day_event_by_day ON records.day_event (practice_id, day);

-- Where more are booked than a resource takes at a time, one row a moment at which one more comes: those that are there,
-- in the order in which they were booked here, so that the last is the one too many. The PM's deliberate overbooking
-- (its flag) is none. Those who share a room for several are one for whoever leads them.
CREATE FUNCTION records.conflicts(practice text, from_at timestamptz, to_at timestamptz)
RETURNS TABLE (resource_id uuid, at timestamptz, capacity integer, members uuid[])
LANGUAGE sql STABLE AS $$
    WITH taken AS (
        SELECT o.resource_id, o.during, o.appointment_id, r.capacity, a.created_at, coalesce((
            SELECT g.resource_id::text || g.during::text FROM records.occupancy g
            JOIN records.resource s ON s.practice_id = g.practice_id AND s.id = g.resource_id AND s.capacity > 1
            WHERE g.practice_id = o.practice_id AND g.appointment_id = o.appointment_id AND r.capacity = 1
            ORDER BY 1 LIMIT 1), o.appointment_id::text) AS visit
        FROM records.occupancy o
        JOIN records.resource r ON r.practice_id = o.practice_id AND r.id = o.resource_id
        JOIN records.appointment a ON a.practice_id = o.practice_id AND a.id = o.appointment_id
        WHERE o.practice_id = practice AND o.during && tstzrange(from_at, to_at) AND NOT a.overbooked
    )
    SELECT DISTINCT t.resource_id, lower(t.during), t.capacity, array_agg(u.appointment_id ORDER BY u.created_at, u.appointment_id)
    FROM taken t JOIN taken u ON u.resource_id = t.resource_id AND u.during @> lower(t.during)
    GROUP BY t.resource_id, t.during, t.capacity, t.appointment_id
    HAVING count(DISTINCT u.visit) > t.capacity
$$;

-- The person, held until the commit: messages of one person may come under the keys of others (a group visit bears its
-- first person's), and what one of them makes the next must find.
CREATE FUNCTION records.held_person(
    enterprise text, kinds text[], authorities text[], alias_values text[], trusts smallint[],
    seen_family text, seen_given text, seen_birth date, seen_sex text, seen_phone text, seen_email text
) RETURNS uuid
LANGUAGE plpgsql AS $$
DECLARE
    found uuid := records.seen_person(enterprise, kinds, authorities, alias_values, trusts, seen_family, seen_given,
        seen_birth, seen_sex, seen_phone, seen_email);
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(found::text, 9));
    RETURN found;
END $$;

-- Rights -------------------------------------------------------------------------------------------------------------

GRANT EXECUTE ON FUNCTION records.held_person, records.conflicts TO pmsync_scheduling;
GRANT EXECUTE ON FUNCTION records.conflicts TO pmsync_console, pmsync_operator;
GRANT SELECT ON records.decision, records.block, records.block_name, records.block_stretch, records.day_event
    TO pmsync_gateway, pmsync_scheduling, pmsync_console, pmsync_operator;
GRANT SELECT ON records.day_event TO pmsync_api;
GRANT INSERT ON records.decision TO pmsync_console, pmsync_operator;
GRANT UPDATE (question, became, applied_at) ON records.decision TO pmsync_scheduling;
GRANT INSERT, UPDATE ON records.block, records.day_event TO pmsync_scheduling;
GRANT INSERT ON records.block_name TO pmsync_scheduling;
GRANT INSERT, DELETE ON records.block_stretch TO pmsync_scheduling;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['records.decision', 'records.block', 'records.block_name', 'records.block_stretch',
        'records.day_event']
    LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY own_practice ON %s TO pmsync_api, pmsync_console '
            'USING (records.may_see(practice_id)) WITH CHECK (records.may_see(practice_id))', name);
        EXECUTE format('CREATE POLICY every_practice ON %s TO pmsync_gateway, pmsync_scheduling, pmsync_operator '
            'USING (true) WITH CHECK (true)', name);
    END LOOP;
END $$;
