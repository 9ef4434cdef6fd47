CREATE SCHEMA api;

ALTER SCHEMA api OWNER TO pmsync;

CREATE SCHEMA console;

ALTER SCHEMA console OWNER TO pmsync;

CREATE SCHEMA journal;

ALTER SCHEMA journal OWNER TO pmsync;

CREATE SCHEMA queue;

ALTER SCHEMA queue OWNER TO pmsync;

CREATE SCHEMA reconciliation;

ALTER SCHEMA reconciliation OWNER TO pmsync;

CREATE SCHEMA records;

ALTER SCHEMA records OWNER TO pmsync;

CREATE SCHEMA watch;

ALTER SCHEMA watch OWNER TO pmsync;

CREATE SCHEMA workflow;

ALTER SCHEMA workflow OWNER TO pmsync;

CREATE EXTENSION IF NOT EXISTS btree_gist WITH SCHEMA public;

COMMENT ON EXTENSION btree_gist IS 'support for indexing common datatypes in GiST';

CREATE FUNCTION journal.days_before(first_kept date) RETURNS SETOF date
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $_$
    SELECT d.day FROM (
        SELECT to_date(right(c.relname, 8), 'YYYYMMDD') AS day
        FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'journal.entry'::regclass AND c.relname ~ '^entry_[0-9]{8}$'
    ) d
    WHERE d.day < first_kept
        AND NOT EXISTS (SELECT FROM queue.blocked b WHERE b.received_on = d.day)
        AND NOT EXISTS (SELECT FROM queue.job j WHERE j.received_on = d.day)
    ORDER BY d.day
$_$;

ALTER FUNCTION journal.days_before(first_kept date) OWNER TO pmsync;

CREATE FUNCTION journal.drop_day(day date) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
BEGIN
    IF day > current_date - 30 THEN
        RAISE EXCEPTION 'the journal keeps at least 30 days';
    END IF;
    EXECUTE format('DROP TABLE IF EXISTS journal.%I', 'entry_' || to_char(day, 'YYYYMMDD'));
END $$;

ALTER FUNCTION journal.drop_day(day date) OWNER TO pmsync;

CREATE SEQUENCE journal.entry_id
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER TABLE journal.entry_id OWNER TO pmsync;

CREATE TABLE journal.entry (
    received_on date NOT NULL,
    id bigint DEFAULT nextval('journal.entry_id'::regclass) NOT NULL,
    received_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    direction text DEFAULT 'in'::text NOT NULL,
    feed text NOT NULL,
    practice_id text,
    peer text NOT NULL,
    control_id text NOT NULL,
    message_type text NOT NULL,
    flags text[] DEFAULT '{}'::text[] NOT NULL,
    digest bytea NOT NULL,
    encoding text DEFAULT 'plain'::text NOT NULL,
    key_id text,
    payload bytea NOT NULL,
    CONSTRAINT entry_digest_is_sha256 CHECK ((octet_length(digest) = 32)),
    CONSTRAINT entry_direction_is_known CHECK ((direction = ANY (ARRAY['in'::text, 'out'::text]))),
    CONSTRAINT entry_encoding_is_known CHECK ((encoding = ANY (ARRAY['plain'::text, 'compressed'::text, 'sealed'::text]))),
    CONSTRAINT entry_is_sealed_with_a_key CHECK (((encoding = 'sealed'::text) = (key_id IS NOT NULL)))
)
PARTITION BY RANGE (received_on);

ALTER TABLE journal.entry OWNER TO pmsync;

COMMENT ON TABLE journal.entry IS 'Every message, bytes as they came, and e-mails as they went; of a notice to an app its delivery keeps the digest (older ones are here, direction out). Written by the gateway (in) and the workers (out), changed by nobody; a row leaves with its day''s partition, which pruning drops after PMSYNC_KEEP_DAYS.';

CREATE FUNCTION journal.entries(of_day date, numbers bigint[]) RETURNS SETOF journal.entry
    LANGUAGE plpgsql STABLE
    AS $_$
BEGIN
    RETURN QUERY EXECUTE 'SELECT * FROM journal.entry WHERE received_on = $1 AND id = ANY ($2)' USING of_day, numbers;
END $_$;

ALTER FUNCTION journal.entries(of_day date, numbers bigint[]) OWNER TO pmsync;

CREATE FUNCTION journal.make_days(from_day date, to_day date) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
DECLARE
    day date := from_day;
    name text;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('journal.make_days', 0));
    WHILE day <= to_day LOOP
        name := 'entry_' || to_char(day, 'YYYYMMDD');
        IF to_regclass('journal.' || name) IS NULL THEN
            EXECUTE format('CREATE TABLE journal.%I PARTITION OF journal.entry FOR VALUES FROM (%L) TO (%L)',
                           name, day, day + 1);
        END IF;
        day := day + 1;
    END LOOP;
END $$;

ALTER FUNCTION journal.make_days(from_day date, to_day date) OWNER TO pmsync;

CREATE FUNCTION queue.enqueue(into_queue smallint, kinds text[], keys bytea[], practices text[], days date[], entries bigint[], payloads text[]) RETURNS SETOF bigint
    LANGUAGE sql
    AS $$
    INSERT INTO queue.job (queue, lane, kind, key, practice_id, received_on, entry_id, payload)
    SELECT into_queue, get_byte(j.key, 0) % held.lanes, j.kind, j.key, j.practice, j.day, j.entry, j.payload::jsonb
    FROM (
        SELECT q.lanes
        FROM (
            SELECT count(pg_advisory_xact_lock(l.number)) FROM (
                SELECT DISTINCT queue.key_lock(into_queue, k) AS number FROM unnest(keys) k ORDER BY number
            ) l
        ) locked
        LEFT JOIN queue.queue q ON q.id = into_queue
    ) held
    CROSS JOIN unnest(kinds, keys, practices, days, entries, payloads)
        WITH ORDINALITY AS j (kind, key, practice, day, entry, payload, n)
    ORDER BY j.n
    RETURNING id
$$;

ALTER FUNCTION queue.enqueue(into_queue smallint, kinds text[], keys bytea[], practices text[], days date[], entries bigint[], payloads text[]) OWNER TO pmsync;

CREATE FUNCTION queue.key_lock(of_queue smallint, key bytea) RETURNS bigint
    LANGUAGE sql IMMUTABLE
    AS $$
    SELECT ('x' || encode(substring(key FROM 1 FOR 8), 'hex'))::bit(64)::bigint # (of_queue::bigint << 48)
$$;

ALTER FUNCTION queue.key_lock(of_queue smallint, key bytea) OWNER TO pmsync;

CREATE FUNCTION queue.lane_lost() RETURNS boolean
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION 'a lane that was held has another owner or epoch now' USING ERRCODE = 'PM001';
END $$;

ALTER FUNCTION queue.lane_lost() OWNER TO pmsync;

CREATE FUNCTION queue.make(queue_name text, lane_count smallint, owner_practice text DEFAULT NULL::text) RETURNS smallint
    LANGUAGE plpgsql
    AS $$
DECLARE
    made smallint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('queue.make', 0));
    SELECT q.id INTO made FROM queue.queue q WHERE q.name = queue_name;
    IF made IS NULL THEN
        INSERT INTO queue.queue (name, lanes, practice_id) VALUES (queue_name, lane_count, owner_practice)
        RETURNING id INTO made;
        INSERT INTO queue.lane (queue, lane) SELECT made, n FROM generate_series(0, lane_count - 1) n;
    END IF;
    RETURN made;
END $$;

ALTER FUNCTION queue.make(queue_name text, lane_count smallint, owner_practice text) OWNER TO pmsync;

CREATE FUNCTION records.may_see(practice text) RETURNS boolean
    LANGUAGE sql STABLE
    AS $$
    SELECT practice = ANY (string_to_array(nullif(current_setting('pmsync.practices', true), ''), ','))
$$;

ALTER FUNCTION records.may_see(practice text) OWNER TO pmsync;

CREATE FUNCTION records.place_appointments(practices text[], appointments uuid[], are_new boolean[], use_practices text[], use_appointments uuid[], kinds text[], codes text[], names text[], npis text[], starts timestamp with time zone[], ends timestamp with time zone[], takes boolean[], are_first boolean[], passed_practices text[], passed_kinds text[], passed_codes text[], passed_starts timestamp with time zone[], passed_ends timestamp with time zone[]) RETURNS void
    LANGUAGE plpgsql
    AS $$
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

ALTER FUNCTION records.place_appointments(practices text[], appointments uuid[], are_new boolean[], use_practices text[], use_appointments uuid[], kinds text[], codes text[], names text[], npis text[], starts timestamp with time zone[], ends timestamp with time zone[], takes boolean[], are_first boolean[], passed_practices text[], passed_kinds text[], passed_codes text[], passed_starts timestamp with time zone[], passed_ends timestamp with time zone[]) OWNER TO pmsync;

CREATE FUNCTION records.save_persons(enterprises text[], ids uuid[], revisions bigint[], families text[], givens text[], births date[], sexes text[], phones text[], emails text[], name_enterprises text[], name_kinds text[], name_authorities text[], name_values text[], name_persons uuid[], name_trusts smallint[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
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

ALTER FUNCTION records.save_persons(enterprises text[], ids uuid[], revisions bigint[], families text[], givens text[], births date[], sexes text[], phones text[], emails text[], name_enterprises text[], name_kinds text[], name_authorities text[], name_values text[], name_persons uuid[], name_trusts smallint[]) OWNER TO pmsync;

CREATE TABLE api.client (
    practice_id text NOT NULL,
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    name text NOT NULL,
    key_hash bytea NOT NULL,
    list text,
    list_key text,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    revoked_at timestamp with time zone,
    scopes text[] DEFAULT '{read}'::text[] NOT NULL,
    CONSTRAINT client_scopes_are_known CHECK ((array_to_string(scopes, ' '::text, '-'::text) ~ '^((read|book|alarms|feed:[^ ]+)( (read|book|alarms|feed:[^ ]+))*)?$'::text))
);

ALTER TABLE ONLY api.client FORCE ROW LEVEL SECURITY;

ALTER TABLE api.client OWNER TO pmsync;

COMMENT ON TABLE api.client IS 'Who may call the FHIR side, for one practice; the key itself is kept nowhere. list: its own appointments, a FHIR base or a CSV file, for reconciliation. Written by pmsync client; never leaves (revoked).';

COMMENT ON COLUMN api.client.scopes IS 'read: /fhir and /changes; book: writing to the PM; feed:ID: sending messages of this feed; alarms: its webhook hears them, as api.subscription.alarms repeats.';

CREATE TABLE api.delivery (
    practice_id text NOT NULL,
    subscription_id uuid NOT NULL,
    event_number bigint NOT NULL,
    id uuid NOT NULL,
    type text NOT NULL,
    change_number bigint,
    record_kind text NOT NULL,
    record_id uuid NOT NULL,
    version integer NOT NULL,
    state text DEFAULT 'pending'::text NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    status integer,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    ended_at timestamp with time zone,
    answer text,
    digest bytea,
    in_shadow boolean,
    CONSTRAINT delivery_digest_is_sha256 CHECK ((octet_length(digest) = 32)),
    CONSTRAINT delivery_ends_or_is_pending CHECK (((state = 'pending'::text) = (ended_at IS NULL))),
    CONSTRAINT delivery_state_is_known CHECK ((state = ANY (ARRAY['pending'::text, 'delivered'::text, 'shadow'::text, 'discarded'::text])))
)
WITH (fillfactor='50');

ALTER TABLE ONLY api.delivery FORCE ROW LEVEL SECURITY;

ALTER TABLE api.delivery OWNER TO pmsync;

COMMENT ON TABLE api.delivery IS 'One notice to one subscription, under an idempotency key that never changes (id). Written by the fan-out and its delivery job; once ended, pruned after PMSYNC_KEEP_DAYS.';

COMMENT ON COLUMN api.delivery.answer IS 'What the app said when it refused, as far as it is a code: no sentence of theirs is kept, for it may name a patient.';

COMMENT ON COLUMN api.delivery.digest IS 'SHA-256 of the body that the app acknowledged. The body is made of this row (and for a day, of its members then), so it can be made again and compared. Null where it was delivered before there was a digest, and the journal has the bytes; and where nothing was delivered.';

COMMENT ON COLUMN api.delivery.in_shadow IS 'False where it was to be sent when it was made. For the index delivery_in_shadow only; what counts is the state.';

CREATE TABLE api.mode (
    practice_id text NOT NULL,
    subscription_id uuid NOT NULL,
    id bigint NOT NULL,
    mode text NOT NULL,
    after_change bigint NOT NULL,
    reason text NOT NULL,
    actor text NOT NULL,
    at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT mode_is_known CHECK ((mode = ANY (ARRAY['off'::text, 'shadow'::text, 'live'::text])))
);

ALTER TABLE ONLY api.mode FORCE ROW LEVEL SECURITY;

ALTER TABLE api.mode OWNER TO pmsync;

COMMENT ON TABLE api.mode IS 'From which change on a subscription is off, shadow or live: a change is told by the mode that held when it was made. Written by pmsync; never leaves.';

ALTER TABLE api.mode ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME api.mode_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE api.subscription (
    practice_id text NOT NULL,
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    client_id uuid NOT NULL,
    url text NOT NULL,
    secret bytea NOT NULL,
    previous_secret bytea,
    mode text DEFAULT 'live'::text NOT NULL,
    queue smallint NOT NULL,
    last_event bigint DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    ended_at timestamp with time zone,
    alarms boolean DEFAULT false NOT NULL,
    CONSTRAINT subscription_mode_is_known CHECK ((mode = ANY (ARRAY['off'::text, 'shadow'::text, 'live'::text]))),
    CONSTRAINT subscription_secret_is_long CHECK (((octet_length(secret) >= 24) AND (octet_length(secret) <= 64)))
);

ALTER TABLE ONLY api.subscription FORCE ROW LEVEL SECURITY;

ALTER TABLE api.subscription OWNER TO pmsync;

COMMENT ON TABLE api.subscription IS 'A webhook. Written by pmsync client; last_event by the fan-out; never leaves (ended).';

COMMENT ON COLUMN api.subscription.alarms IS 'Whether it hears of alarms too.';

CREATE TABLE console.audit (
    id bigint NOT NULL,
    at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    actor text NOT NULL,
    act text NOT NULL,
    subject text NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    practice_id text
);

ALTER TABLE console.audit OWNER TO pmsync;

COMMENT ON TABLE console.audit IS 'Who did what to which record, and why. Written by console and pmsync; append-only.';

ALTER TABLE console.audit ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME console.audit_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE console.invite (
    token_hash bytea NOT NULL,
    person_id uuid NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone
);

ALTER TABLE console.invite OWNER TO pmsync;

COMMENT ON TABLE console.invite IS 'A one-time link to choose a password. Written by pmsync user invite; used once; pruned a day after it has expired.';

CREATE TABLE console.person (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    name text NOT NULL,
    password_hash text,
    practices text[] DEFAULT '{}'::text[] NOT NULL,
    failures integer DEFAULT 0 NOT NULL,
    locked_until timestamp with time zone,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    disabled_at timestamp with time zone,
    administrator boolean DEFAULT false NOT NULL
);

ALTER TABLE console.person OWNER TO pmsync;

COMMENT ON TABLE console.person IS 'Who may sign in, for which practices. Written by pmsync user and the console (password); never leaves (disabled).';

COMMENT ON COLUMN console.person.administrator IS 'Sees and works on messages and jobs of no practice, beside those of the practices named. Written by pmsync user.';

CREATE TABLE console.session (
    token_hash bytea NOT NULL,
    person_id uuid NOT NULL,
    csrf text NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    last_seen_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    expires_at timestamp with time zone NOT NULL
);

ALTER TABLE console.session OWNER TO pmsync;

COMMENT ON TABLE console.session IS 'A signed-in browser. Written by the console; leaves at sign-out, when it has expired, or by pruning.';

CREATE TABLE journal.held (
    feed text NOT NULL,
    reason text NOT NULL,
    actor text NOT NULL,
    at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

ALTER TABLE journal.held OWNER TO pmsync;

COMMENT ON TABLE journal.held IS 'A feed or tap that the gateway takes nothing from for now: its sender is told to try again later. Written by pmsync feed pause; leaves with pmsync feed resume.';

CREATE TABLE journal.outcome (
    id bigint NOT NULL,
    received_on date NOT NULL,
    entry_id bigint NOT NULL,
    workflow text NOT NULL,
    definition bytea,
    code text NOT NULL,
    detail text,
    at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

ALTER TABLE journal.outcome OWNER TO pmsync;

COMMENT ON TABLE journal.outcome IS 'How an entry ended, one insert in its job''s commit. Written by gateway (refused) and workers; leaves with its entry''s day.';

ALTER TABLE journal.outcome ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME journal.outcome_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE journal.refusal (
    id bigint NOT NULL,
    at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    feed text NOT NULL,
    peer text NOT NULL,
    reason text NOT NULL,
    size bigint NOT NULL,
    head bytea NOT NULL,
    CONSTRAINT refusal_head_is_short CHECK ((octet_length(head) <= 65536))
);

ALTER TABLE journal.refusal OWNER TO pmsync;

COMMENT ON TABLE journal.refusal IS 'What never became an entry (cut, over-long, empty, outside a frame, not allowed), so that a person can find it. Written by the gateway; pruned after PMSYNC_KEEP_DAYS.';

ALTER TABLE journal.refusal ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME journal.refusal_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE journal.repeat (
    id bigint NOT NULL,
    received_on date NOT NULL,
    entry_id bigint NOT NULL,
    peer text NOT NULL,
    at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

ALTER TABLE journal.repeat OWNER TO pmsync;

COMMENT ON TABLE journal.repeat IS 'One row a resend that was acknowledged again and not run again. Written by the gateway; leaves with its entry''s day.';

ALTER TABLE journal.repeat ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME journal.repeat_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE journal.seen (
    feed text NOT NULL,
    control_id text NOT NULL,
    digest bytea NOT NULL,
    received_on date NOT NULL,
    entry_id bigint NOT NULL,
    seen_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

ALTER TABLE journal.seen OWNER TO pmsync;

COMMENT ON TABLE journal.seen IS 'Tells a resend from a new message. Written by the gateway with the entry; leaves with its entry''s day.';

CREATE TABLE public.schema_migration (
    version integer NOT NULL,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

ALTER TABLE public.schema_migration OWNER TO pmsync;

COMMENT ON TABLE public.schema_migration IS 'Which migrations this database has had. Written by pmsync migrate; never leaves.';

CREATE TABLE queue.blocked (
    queue smallint NOT NULL,
    lane smallint NOT NULL,
    id bigint NOT NULL,
    kind text NOT NULL,
    state text NOT NULL,
    attempts smallint NOT NULL,
    run_at timestamp with time zone,
    enqueued_at timestamp with time zone NOT NULL,
    blocked_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    key bytea NOT NULL,
    holds_key boolean NOT NULL,
    code text,
    stage text,
    detail text,
    practice_id text,
    received_on date,
    entry_id bigint,
    payload jsonb NOT NULL,
    work_item uuid,
    CONSTRAINT blocked_has_a_time_if_retrying CHECK (((state = 'retrying'::text) = (run_at IS NOT NULL))),
    CONSTRAINT blocked_says_why CHECK (((state = 'waiting'::text) = (code IS NULL))),
    CONSTRAINT blocked_state_is_known CHECK ((state = ANY (ARRAY['retrying'::text, 'waiting'::text, 'parked'::text, 'uncertain'::text])))
);

ALTER TABLE queue.blocked OWNER TO pmsync;

COMMENT ON TABLE queue.blocked IS 'The rare path: a retrying head, its waiting successors, parked and uncertain jobs. Written by workers and by replay and discard; leaves when done or discarded.';

CREATE SEQUENCE queue.job_id
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER TABLE queue.job_id OWNER TO pmsync;

CREATE TABLE queue.job (
    queue smallint NOT NULL,
    lane smallint NOT NULL,
    id bigint DEFAULT nextval('queue.job_id'::regclass) NOT NULL,
    kind text NOT NULL,
    attempts smallint DEFAULT 0 NOT NULL,
    enqueued_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    key bytea NOT NULL,
    practice_id text,
    received_on date,
    entry_id bigint,
    payload jsonb DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT job_key_is_a_hash CHECK ((octet_length(key) = 16))
)
WITH (autovacuum_vacuum_scale_factor='0.01');

ALTER TABLE queue.job OWNER TO pmsync;

COMMENT ON TABLE queue.job IS 'A row exists if and only if work remains. Inserted by all, deleted by the worker that holds its lane, in the commit of the work.';

CREATE TABLE queue.lane (
    queue smallint NOT NULL,
    lane smallint NOT NULL,
    owner integer,
    epoch bigint DEFAULT 0 NOT NULL,
    deaths smallint DEFAULT 0 NOT NULL
)
WITH (fillfactor='30');

ALTER TABLE queue.lane OWNER TO pmsync;

COMMENT ON TABLE queue.lane IS 'Who works a lane, under which epoch: the fence of every write of that worker. Made with its queue, changed by workers, never leaves.';

COMMENT ON COLUMN queue.lane.deaths IS 'How many workers died holding it since work in it last committed.';

CREATE TABLE queue.queue (
    id smallint NOT NULL,
    name text NOT NULL,
    lanes smallint NOT NULL,
    practice_id text,
    paused_reason text,
    circuit_open_until timestamp with time zone,
    drains_through bigint,
    CONSTRAINT queue_drains_while_paused CHECK (((drains_through IS NULL) OR (paused_reason IS NOT NULL))),
    CONSTRAINT queue_lanes_are_few CHECK (((lanes >= 1) AND (lanes <= 256)))
);

ALTER TABLE queue.queue OWNER TO pmsync;

COMMENT ON TABLE queue.queue IS 'A workflow, the fan-out, or one destination. Written by migrate, pmsync client add, and workers (circuit); never leaves.';

ALTER TABLE queue.queue ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME queue.queue_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE queue.secret (
    secret bytea DEFAULT sha256((((gen_random_uuid())::text)::bytea || ((gen_random_uuid())::text)::bytea)) NOT NULL
);

ALTER TABLE queue.secret OWNER TO pmsync;

COMMENT ON TABLE queue.secret IS 'One row: what keys are hashed with, so that a key is no name, number or date. Made by migrate, changed by nobody.';

CREATE TABLE queue.suspect (
    queue smallint NOT NULL,
    lane smallint NOT NULL,
    id bigint NOT NULL,
    tries smallint DEFAULT 1 NOT NULL,
    tried_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT suspect_was_tried CHECK ((tries > 0))
);

ALTER TABLE queue.suspect OWNER TO pmsync;

COMMENT ON TABLE queue.suspect IS 'A job tried alone because workers died in its lane, and how often. Written by workers before the try; leaves with the job''s end, or by pruning.';

CREATE SEQUENCE queue.worker_id
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER TABLE queue.worker_id OWNER TO pmsync;

CREATE TABLE queue.worker (
    id integer DEFAULT nextval('queue.worker_id'::regclass) NOT NULL,
    name text NOT NULL,
    host text NOT NULL,
    version text NOT NULL,
    started_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    lease_until timestamp with time zone NOT NULL
);

ALTER TABLE queue.worker OWNER TO pmsync;

COMMENT ON TABLE queue.worker IS 'A running worker, which also holds a session advisory lock on its id. Written by itself; leaves when its lanes have been taken over.';

CREATE TABLE reconciliation.finding (
    practice_id text NOT NULL,
    workflow text NOT NULL,
    key text NOT NULL,
    code text NOT NULL,
    cause text NOT NULL,
    act text NOT NULL,
    withheld boolean DEFAULT false NOT NULL,
    day date,
    record_id uuid,
    client_id uuid,
    received_on date,
    entry_id bigint,
    sides jsonb NOT NULL,
    watermark timestamp with time zone,
    first_seen_at timestamp with time zone NOT NULL,
    last_seen_at timestamp with time zone NOT NULL,
    closed_at timestamp with time zone,
    run_id uuid NOT NULL,
    detail jsonb DEFAULT '{}'::jsonb NOT NULL,
    location text DEFAULT ''::text NOT NULL,
    provider text DEFAULT ''::text NOT NULL,
    member_id uuid,
    times_seen integer DEFAULT 1 NOT NULL,
    ended text,
    CONSTRAINT finding_ended_is_known CHECK ((ended = ANY (ARRAY['mended'::text, 'lapsed'::text]))),
    CONSTRAINT finding_that_ended_is_closed CHECK (((ended IS NULL) OR (closed_at IS NOT NULL)))
);

ALTER TABLE ONLY reconciliation.finding FORCE ROW LEVEL SECURITY;

ALTER TABLE reconciliation.finding OWNER TO pmsync;

COMMENT ON TABLE reconciliation.finding IS 'A difference, under a key that a rerun finds again. Written by its workflow''s worker; closes itself when it no longer shows (mended) or when its day has left the window (lapsed); never leaves.';

CREATE TABLE reconciliation.finding_act (
    practice_id text NOT NULL,
    id bigint NOT NULL,
    workflow text NOT NULL,
    key text NOT NULL,
    act text NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    actor text NOT NULL,
    at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

ALTER TABLE ONLY reconciliation.finding_act FORCE ROW LEVEL SECURITY;

ALTER TABLE reconciliation.finding_act OWNER TO pmsync;

COMMENT ON TABLE reconciliation.finding_act IS 'What a person did about a finding. Written by console and pmsync; append-only.';

ALTER TABLE reconciliation.finding_act ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME reconciliation.finding_act_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE reconciliation.finding_event (
    practice_id text NOT NULL,
    id bigint NOT NULL,
    workflow text NOT NULL,
    key text NOT NULL,
    event text NOT NULL,
    code text NOT NULL,
    cause text NOT NULL,
    act text NOT NULL,
    withheld boolean NOT NULL,
    run_id uuid,
    at timestamp with time zone NOT NULL,
    CONSTRAINT finding_event_is_known CHECK ((event = ANY (ARRAY['opened'::text, 'changed'::text, 'closed'::text, 'lapsed'::text, 'reopened'::text])))
);

ALTER TABLE ONLY reconciliation.finding_event FORCE ROW LEVEL SECURITY;

ALTER TABLE reconciliation.finding_event OWNER TO pmsync;

COMMENT ON TABLE reconciliation.finding_event IS 'What became of a finding, as runs saw it. Written by its workflow''s worker, changed by nobody, never leaves.';

ALTER TABLE reconciliation.finding_event ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME reconciliation.finding_event_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE VIEW reconciliation.finding_history WITH (security_invoker='true') AS
 SELECT finding_event.practice_id,
    finding_event.workflow,
    finding_event.key,
    finding_event.at,
    finding_event.event AS what,
    finding_event.code,
    finding_event.cause,
    finding_event.act,
    finding_event.withheld,
    ''::text AS reason,
    ''::text AS actor
   FROM reconciliation.finding_event
UNION ALL
 SELECT finding_act.practice_id,
    finding_act.workflow,
    finding_act.key,
    finding_act.at,
    finding_act.act AS what,
    NULL::text AS code,
    NULL::text AS cause,
    NULL::text AS act,
    NULL::boolean AS withheld,
    finding_act.reason,
    finding_act.actor
   FROM reconciliation.finding_act;

ALTER TABLE reconciliation.finding_history OWNER TO pmsync;

COMMENT ON VIEW reconciliation.finding_history IS 'What became of a finding: what runs saw and what people did.';

CREATE TABLE reconciliation.member (
    practice_id text NOT NULL,
    workflow text NOT NULL,
    client_id uuid,
    id uuid NOT NULL,
    record_id uuid,
    reference text NOT NULL,
    day date,
    start_at timestamp with time zone,
    location text DEFAULT ''::text NOT NULL,
    provider text DEFAULT ''::text NOT NULL,
    status text DEFAULT ''::text NOT NULL,
    in_pm smallint NOT NULL,
    here smallint NOT NULL,
    in_app smallint NOT NULL,
    verdict text NOT NULL,
    reasons text[] DEFAULT '{}'::text[] NOT NULL,
    sides jsonb,
    initials text DEFAULT ''::text NOT NULL,
    last4 text DEFAULT ''::text NOT NULL,
    CONSTRAINT member_shows_four_digits CHECK ((char_length(last4) <= 4)),
    CONSTRAINT member_verdict_is_known CHECK ((verdict = ANY (ARRAY['matched'::text, 'explained'::text, 'open'::text, 'withheld'::text])))
);

ALTER TABLE ONLY reconciliation.member FORCE ROW LEVEL SECURITY;

ALTER TABLE reconciliation.member OWNER TO pmsync;

COMMENT ON TABLE reconciliation.member IS 'One row an appointment of the newest run of a practice and booking app: the members of its counts. Written by the workflow''s worker, which changes what differs and deletes what the next run does not have.';

CREATE TABLE reconciliation.run (
    practice_id text NOT NULL,
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    workflow text NOT NULL,
    from_day date NOT NULL,
    to_day date NOT NULL,
    rules text NOT NULL,
    started_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone NOT NULL,
    sources jsonb NOT NULL,
    counts jsonb NOT NULL,
    client_id uuid,
    cells jsonb,
    ad_hoc boolean DEFAULT false NOT NULL
);

ALTER TABLE ONLY reconciliation.run FORCE ROW LEVEL SECURITY;

ALTER TABLE reconciliation.run OWNER TO pmsync;

COMMENT ON TABLE reconciliation.run IS 'One comparison: its window, the as-of of each source, its counts; cells: the counts by location and provider, kept of each day''s last; ad_hoc: somebody asked for that window, and no page shows it. Written by the workflow''s worker or pmsync reconcile; never leaves.';

CREATE TABLE reconciliation.tapped (
    practice_id text NOT NULL,
    id bigint NOT NULL,
    subscription_id uuid NOT NULL,
    tap text NOT NULL,
    received_on date NOT NULL,
    entry_id bigint NOT NULL,
    "position" integer NOT NULL,
    received_at timestamp with time zone NOT NULL,
    event_at timestamp with time zone NOT NULL,
    type text NOT NULL,
    said jsonb NOT NULL,
    record_id uuid,
    event_number bigint,
    verdict text DEFAULT 'waiting'::text NOT NULL,
    differs text[] DEFAULT '{}'::text[] NOT NULL,
    judged_at timestamp with time zone,
    CONSTRAINT tapped_differs_in_something CHECK (((verdict = 'differs'::text) = (differs <> '{}'::text[]))),
    CONSTRAINT tapped_is_matched_if_compared CHECK (((verdict <> ALL (ARRAY['same'::text, 'differs'::text])) OR (event_number IS NOT NULL))),
    CONSTRAINT tapped_verdict_is_known CHECK ((verdict = ANY (ARRAY['waiting'::text, 'same'::text, 'differs'::text, 'nothing-new'::text, 'only-theirs'::text])))
);

ALTER TABLE ONLY reconciliation.tapped FORCE ROW LEVEL SECURITY;

ALTER TABLE reconciliation.tapped OWNER TO pmsync;

COMMENT ON TABLE reconciliation.tapped IS 'What a replaced interface told a booking app of one appointment, and how that compares with our notice in shadow. Written by scheduling; never leaves.';

ALTER TABLE reconciliation.tapped ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME reconciliation.tapped_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE records.appointment (
    practice_id text NOT NULL,
    id uuid NOT NULL,
    version integer NOT NULL,
    status text NOT NULL,
    source_status text DEFAULT ''::text NOT NULL,
    start_at timestamp with time zone,
    end_at timestamp with time zone,
    enterprise_id text NOT NULL,
    person_id uuid,
    type_code text DEFAULT ''::text NOT NULL,
    type_text text DEFAULT ''::text NOT NULL,
    reason_text text DEFAULT ''::text NOT NULL,
    cancel_reason text DEFAULT ''::text NOT NULL,
    overbooked boolean DEFAULT false NOT NULL,
    replaces uuid,
    flags text[] DEFAULT '{}'::text[] NOT NULL,
    event_at timestamp with time zone NOT NULL,
    received_on date NOT NULL,
    entry_id bigint NOT NULL,
    definition bytea,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    changed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    category_code text DEFAULT ''::text NOT NULL,
    category_text text DEFAULT ''::text NOT NULL,
    revision bigint DEFAULT 0 NOT NULL,
    CONSTRAINT appointment_ends_after_its_start CHECK ((end_at > start_at)),
    CONSTRAINT appointment_has_both_times_or_none CHECK (((start_at IS NULL) = (end_at IS NULL))),
    CONSTRAINT appointment_status_is_fhir CHECK ((status = ANY (ARRAY['proposed'::text, 'pending'::text, 'booked'::text, 'arrived'::text, 'checked-in'::text, 'fulfilled'::text, 'cancelled'::text, 'noshow'::text, 'waitlist'::text, 'entered-in-error'::text])))
);

ALTER TABLE ONLY records.appointment FORCE ROW LEVEL SECURITY;

ALTER TABLE records.appointment OWNER TO pmsync;

COMMENT ON TABLE records.appointment IS 'An appointment as it stands: the fold of its events in event order. Written by scheduling; never leaves (a deletion is entered-in-error).';

COMMENT ON COLUMN records.appointment.revision IS 'Bumped by every save, apart from the public version; a save names the one that it was decided on.';

CREATE TABLE records.appointment_alias (
    practice_id text NOT NULL,
    kind text NOT NULL,
    authority text NOT NULL,
    value text NOT NULL,
    appointment_id uuid NOT NULL,
    trust smallint NOT NULL,
    first_seen_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

ALTER TABLE ONLY records.appointment_alias FORCE ROW LEVEL SECURITY;

ALTER TABLE records.appointment_alias OWNER TO pmsync;

COMMENT ON TABLE records.appointment_alias IS 'What an appointment is called on the wire (placer, filler, visit). Only accumulates. Written by scheduling; never leaves.';

CREATE TABLE records.appointment_event (
    practice_id text NOT NULL,
    appointment_id uuid NOT NULL,
    event_at timestamp with time zone NOT NULL,
    entry_id bigint NOT NULL,
    received_on date NOT NULL,
    definition bytea,
    facts jsonb NOT NULL
);

ALTER TABLE ONLY records.appointment_event FORCE ROW LEVEL SECURITY;

ALTER TABLE records.appointment_event OWNER TO pmsync;

COMMENT ON TABLE records.appointment_event IS 'What each message said of an appointment, by event time (ties by journal order). Written by scheduling; never leaves.';

CREATE TABLE records.appointment_resource (
    practice_id text NOT NULL,
    appointment_id uuid NOT NULL,
    resource_id uuid NOT NULL,
    start_at timestamp with time zone,
    end_at timestamp with time zone,
    name text DEFAULT ''::text NOT NULL,
    npi text DEFAULT ''::text NOT NULL
);

ALTER TABLE ONLY records.appointment_resource FORCE ROW LEVEL SECURITY;

ALTER TABLE records.appointment_resource OWNER TO pmsync;

COMMENT ON TABLE records.appointment_resource IS 'Who and what an appointment takes, and when. Written by scheduling, replaced with each version.';

CREATE TABLE records.appointment_version (
    practice_id text NOT NULL,
    appointment_id uuid NOT NULL,
    version integer NOT NULL,
    event_at timestamp with time zone NOT NULL,
    received_on date NOT NULL,
    entry_id bigint NOT NULL,
    definition bytea,
    state jsonb NOT NULL,
    recorded_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

ALTER TABLE ONLY records.appointment_version FORCE ROW LEVEL SECURITY;

ALTER TABLE records.appointment_version OWNER TO pmsync;

COMMENT ON TABLE records.appointment_version IS 'Every state an appointment has had here. Written by scheduling; never leaves.';

CREATE TABLE records.block (
    practice_id text NOT NULL,
    id uuid NOT NULL,
    event_at timestamp with time zone NOT NULL,
    entry_id bigint NOT NULL
);

ALTER TABLE ONLY records.block FORCE ROW LEVEL SECURITY;

ALTER TABLE records.block OWNER TO pmsync;

COMMENT ON TABLE records.block IS 'A block or a meeting that the PM has a name for: the last word on it, by event time. Written by scheduling; never leaves.';

CREATE TABLE records.block_name (
    practice_id text NOT NULL,
    kind text NOT NULL,
    authority text NOT NULL,
    value text NOT NULL,
    block_id uuid NOT NULL
);

ALTER TABLE ONLY records.block_name FORCE ROW LEVEL SECURITY;

ALTER TABLE records.block_name OWNER TO pmsync;

COMMENT ON TABLE records.block_name IS 'What a block or a meeting is called on the wire. Written by scheduling; never leaves.';

CREATE TABLE records.block_stretch (
    practice_id text NOT NULL,
    block_id uuid NOT NULL,
    resource_id uuid NOT NULL,
    during tstzrange NOT NULL
);

ALTER TABLE ONLY records.block_stretch FORCE ROW LEVEL SECURITY;

ALTER TABLE records.block_stretch OWNER TO pmsync;

COMMENT ON TABLE records.block_stretch IS 'The time that a block or a meeting takes. Written by scheduling, replaced with each word on it.';

CREATE TABLE records.change (
    practice_id text NOT NULL,
    number bigint NOT NULL,
    type text NOT NULL,
    record_kind text NOT NULL,
    record_id uuid NOT NULL,
    version integer NOT NULL,
    tell boolean DEFAULT true NOT NULL,
    received_on date,
    entry_id bigint,
    at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

ALTER TABLE ONLY records.change FORCE ROW LEVEL SECURITY;

ALTER TABLE records.change OWNER TO pmsync;

COMMENT ON TABLE records.change IS 'One row a change of a record, numbered without gaps in commit order. Written by workers, changed by nobody, never leaves.';

CREATE TABLE records.day_event (
    practice_id text NOT NULL,
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    kind text NOT NULL,
    resource_id uuid NOT NULL,
    day date NOT NULL,
    to_resource_id uuid,
    to_day date,
    members uuid[] NOT NULL,
    first_at timestamp with time zone NOT NULL,
    last_at timestamp with time zone NOT NULL,
    CONSTRAINT day_event_goes_somewhere CHECK ((((kind = 'day.transferred'::text) = (to_resource_id IS NOT NULL)) AND ((to_resource_id IS NULL) = (to_day IS NULL)))),
    CONSTRAINT day_event_has_members CHECK ((cardinality(members) > 1)),
    CONSTRAINT day_event_kind_is_known CHECK ((kind = ANY (ARRAY['day.cancelled'::text, 'day.transferred'::text])))
);

ALTER TABLE ONLY records.day_event FORCE ROW LEVEL SECURITY;

ALTER TABLE records.day_event OWNER TO pmsync;

COMMENT ON TABLE records.day_event IS 'A resource''s day that the PM cancelled or transferred as one: its members'' changes, told besides as one event. Written by scheduling; never leaves.';

CREATE TABLE records.decision (
    practice_id text NOT NULL,
    id bigint NOT NULL,
    received_on date NOT NULL,
    entry_id bigint NOT NULL,
    person_id uuid,
    candidates uuid[] NOT NULL,
    appointment_id uuid,
    actor text NOT NULL,
    reason text NOT NULL,
    at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    question bytea,
    became uuid,
    applied_at timestamp with time zone,
    CONSTRAINT decision_is_among_its_candidates CHECK (((appointment_id IS NULL) OR (appointment_id = ANY (candidates)))),
    CONSTRAINT decision_is_applied_to_one CHECK ((((applied_at IS NULL) = (became IS NULL)) AND ((applied_at IS NULL) = (question IS NULL))))
);

ALTER TABLE ONLY records.decision FORCE ROW LEVEL SECURITY;

ALTER TABLE records.decision OWNER TO pmsync;

COMMENT ON TABLE records.decision IS 'Which appointment a message means, as a person decided (appointment_id NULL: a new one), who, when, why; question and became once it is applied. Written by console and pmsync, applied by scheduling; never leaves.';

ALTER TABLE records.decision ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME records.decision_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE records.fan_out (
    practice_id text NOT NULL,
    last_change bigint NOT NULL
);

ALTER TABLE ONLY records.fan_out FORCE ROW LEVEL SECURITY;

ALTER TABLE records.fan_out OWNER TO pmsync;

COMMENT ON TABLE records.fan_out IS 'The last change of a practice that was turned into notices. Written by the fan-out; never leaves.';

CREATE TABLE records.load (
    practice_id text NOT NULL,
    id bigint NOT NULL,
    kind text NOT NULL,
    layout text NOT NULL,
    file_digest bytea NOT NULL,
    as_of timestamp with time zone NOT NULL,
    rows integer NOT NULL,
    bad integer NOT NULL,
    repeated integer DEFAULT 0 NOT NULL,
    actor text NOT NULL,
    at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT load_digest_is_sha256 CHECK ((octet_length(file_digest) = 32)),
    CONSTRAINT load_kind_is_known CHECK ((kind = ANY (ARRAY['appointments'::text, 'patients'::text, 'providers'::text, 'resources'::text])))
);

ALTER TABLE ONLY records.load FORCE ROW LEVEL SECURITY;

ALTER TABLE records.load OWNER TO pmsync;

COMMENT ON TABLE records.load IS 'A file that was loaded: the same one again keeps its as-of, so that it changes nothing. Written by pmsync load; never leaves.';

ALTER TABLE records.load ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME records.load_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE records.occupancy (
    practice_id text NOT NULL,
    resource_id uuid NOT NULL,
    during tstzrange NOT NULL,
    exclusive boolean NOT NULL,
    appointment_id uuid,
    hold_id uuid,
    held_until timestamp with time zone,
    CONSTRAINT occupancy_hold_has_an_end CHECK (((hold_id IS NULL) = (held_until IS NULL))),
    CONSTRAINT occupancy_is_a_booking_or_a_hold CHECK (((appointment_id IS NULL) <> (hold_id IS NULL)))
);

ALTER TABLE ONLY records.occupancy FORCE ROW LEVEL SECURITY;

ALTER TABLE records.occupancy OWNER TO pmsync;

COMMENT ON TABLE records.occupancy IS 'What a resource is taken by. Bookings by scheduling, holds by the gateway; the PM''s overbooking is exclusive = false. Leaves when freed.';

CREATE TABLE records.person (
    enterprise_id text NOT NULL,
    id uuid NOT NULL,
    provisional boolean DEFAULT true NOT NULL,
    survivor uuid,
    family text DEFAULT ''::text NOT NULL,
    given text DEFAULT ''::text NOT NULL,
    birth_date date,
    sex text DEFAULT ''::text NOT NULL,
    phone text DEFAULT ''::text NOT NULL,
    email text DEFAULT ''::text NOT NULL,
    recorded_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    changed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    revision bigint DEFAULT 0 NOT NULL,
    CONSTRAINT person_does_not_survive_itself CHECK ((survivor IS DISTINCT FROM id))
);

ALTER TABLE records.person OWNER TO pmsync;

COMMENT ON TABLE records.person IS 'A person. Provisional rows come from any worker through records.save_persons; registration owns the rest. Never leaves.';

COMMENT ON COLUMN records.person.revision IS 'Bumped by every save; a save names the one that it was decided on.';

CREATE TABLE records.person_alias (
    enterprise_id text NOT NULL,
    kind text NOT NULL,
    authority text NOT NULL,
    value text NOT NULL,
    person_id uuid NOT NULL,
    trust smallint NOT NULL,
    first_seen_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

ALTER TABLE records.person_alias OWNER TO pmsync;

COMMENT ON TABLE records.person_alias IS 'What a person is called on the wire. Only accumulates. Written through records.save_persons; never leaves.';

CREATE TABLE records.practice (
    practice_id text NOT NULL,
    enterprise_id text NOT NULL,
    name text NOT NULL,
    zone text NOT NULL,
    last_change bigint DEFAULT 0 NOT NULL
);

ALTER TABLE ONLY records.practice FORCE ROW LEVEL SECURITY;

ALTER TABLE records.practice OWNER TO pmsync;

COMMENT ON TABLE records.practice IS 'A practice and its change counter. Written by pmsync apply; counters by workers, as the last statement of their commit. Never leaves.';

CREATE TABLE records.resource (
    practice_id text NOT NULL,
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    kind text NOT NULL,
    code text NOT NULL,
    name text DEFAULT ''::text NOT NULL,
    npi text DEFAULT ''::text NOT NULL,
    capacity integer DEFAULT 1 NOT NULL,
    changed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    counted boolean DEFAULT false NOT NULL,
    CONSTRAINT resource_capacity_is_positive CHECK ((capacity > 0)),
    CONSTRAINT resource_kind_is_known CHECK ((kind = ANY (ARRAY['practitioner'::text, 'location'::text, 'device'::text])))
);

ALTER TABLE ONLY records.resource FORCE ROW LEVEL SECURITY;

ALTER TABLE records.resource OWNER TO pmsync;

COMMENT ON TABLE records.resource IS 'Who or what can be booked. Written by scheduling at first sight; never leaves.';

CREATE TABLE records.retracted_event (
    practice_id text NOT NULL,
    id bigint NOT NULL,
    decision_id bigint NOT NULL,
    appointment_id uuid NOT NULL,
    event_at timestamp with time zone NOT NULL,
    entry_id bigint NOT NULL,
    received_on date NOT NULL,
    facts jsonb NOT NULL,
    at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

ALTER TABLE ONLY records.retracted_event FORCE ROW LEVEL SECURITY;

ALTER TABLE records.retracted_event OWNER TO pmsync;

COMMENT ON TABLE records.retracted_event IS 'What was filed under an appointment by a decision that was taken back, as it stood there; its message was filed anew. Written by scheduling; append-only.';

ALTER TABLE records.retracted_event ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME records.retracted_event_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE records.slot (
    practice_id text NOT NULL,
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    resource_id uuid NOT NULL,
    during tstzrange NOT NULL,
    status text NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    changed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    said_at timestamp with time zone,
    CONSTRAINT slot_status_is_fhir CHECK ((status = ANY (ARRAY['free'::text, 'busy'::text, 'busy-unavailable'::text])))
);

ALTER TABLE ONLY records.slot FORCE ROW LEVEL SECURITY;

ALTER TABLE records.slot OWNER TO pmsync;

COMMENT ON TABLE records.slot IS 'A stretch of a resource''s day that the PM has spoken of: booked, freed, blocked or opened. Written by scheduling; never leaves.';

CREATE TABLE records.taken_back (
    practice_id text NOT NULL,
    decision_id bigint NOT NULL,
    actor text NOT NULL,
    reason text NOT NULL,
    at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

ALTER TABLE ONLY records.taken_back FORCE ROW LEVEL SECURITY;

ALTER TABLE records.taken_back OWNER TO pmsync;

COMMENT ON TABLE records.taken_back IS 'A decision that a person took back, who, when, why: from then on it answers nothing. Written by console and pmsync; append-only.';

CREATE TABLE watch.alarm (
    practice_id text NOT NULL,
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    kind text DEFAULT 'feed-silent'::text NOT NULL,
    feed text NOT NULL,
    since timestamp with time zone NOT NULL,
    usual_seconds integer,
    raised_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    CONSTRAINT alarm_ends_after_its_cause CHECK ((ended_at >= since)),
    CONSTRAINT alarm_kind_is_known CHECK ((kind = 'feed-silent'::text))
);

ALTER TABLE ONLY watch.alarm FORCE ROW LEVEL SECURITY;

ALTER TABLE watch.alarm OWNER TO pmsync;

COMMENT ON TABLE watch.alarm IS 'A feed that is silent against its rhythm: since its last message, until its next. One open alarm a practice and feed. Written by the worker whose turn it is to watch; never leaves.';

COMMENT ON COLUMN watch.alarm.usual_seconds IS 'How often a message usually comes at that hour; null where the practice has declared when silence matters.';

CREATE TABLE workflow.code_scan (
    workflow text NOT NULL,
    received_on date NOT NULL,
    entry_id bigint NOT NULL,
    as_of timestamp with time zone NOT NULL
);

ALTER TABLE workflow.code_scan OWNER TO pmsync;

COMMENT ON TABLE workflow.code_scan IS 'How far the journal was re-read for workflow.code_seen. Written with its rows, in one commit; never leaves.';

CREATE TABLE workflow.code_seen (
    practice_id text NOT NULL,
    table_name text NOT NULL,
    code text NOT NULL,
    event text NOT NULL,
    seen_on date NOT NULL,
    first_day date NOT NULL,
    last_day date NOT NULL,
    messages bigint NOT NULL,
    first_at timestamp with time zone NOT NULL,
    last_at timestamp with time zone NOT NULL,
    received_on date NOT NULL,
    entry_id bigint NOT NULL,
    CONSTRAINT code_seen_days_are_in_order CHECK ((first_day <= last_day))
);

ALTER TABLE ONLY workflow.code_seen FORCE ROW LEVEL SECURITY;

ALTER TABLE workflow.code_seen OWNER TO pmsync;

COMMENT ON TABLE workflow.code_seen IS 'How many messages of a day looked a code up, for which days (first_day to last_day), and one of them. Written by the scheduling worker as it re-reads the journal; a row leaves after 100 days.';

CREATE TABLE workflow.definition (
    id bigint NOT NULL,
    digest bytea NOT NULL,
    files jsonb NOT NULL,
    applied_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    applied_by text NOT NULL
);

ALTER TABLE workflow.definition OWNER TO pmsync;

COMMENT ON TABLE workflow.definition IS 'Each folder of definitions ever applied, whole: path to text; the newest is in force. Written by pmsync apply, never changed, never leaves.';

ALTER TABLE workflow.definition ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME workflow.definition_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE workflow.unmapped (
    practice_id text NOT NULL,
    id uuid NOT NULL,
    table_name text NOT NULL,
    code text NOT NULL,
    first_parked_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

ALTER TABLE ONLY workflow.unmapped FORCE ROW LEVEL SECURITY;

ALTER TABLE workflow.unmapped OWNER TO pmsync;

COMMENT ON TABLE workflow.unmapped IS 'A code for which messages were parked, under the id that their jobs bear. Written by workers in the commit that parks; never leaves.';

ALTER TABLE ONLY api.client
    ADD CONSTRAINT client_key_hash_key UNIQUE (key_hash);

ALTER TABLE ONLY api.client
    ADD CONSTRAINT client_pkey PRIMARY KEY (practice_id, id);

ALTER TABLE ONLY api.delivery
    ADD CONSTRAINT delivery_pkey PRIMARY KEY (practice_id, subscription_id, event_number);

ALTER TABLE ONLY api.delivery
    ADD CONSTRAINT delivery_practice_id_id_key UNIQUE (practice_id, id);

ALTER TABLE ONLY api.mode
    ADD CONSTRAINT mode_pkey PRIMARY KEY (practice_id, subscription_id, id);

ALTER TABLE ONLY api.subscription
    ADD CONSTRAINT subscription_pkey PRIMARY KEY (practice_id, id);

ALTER TABLE ONLY console.audit
    ADD CONSTRAINT audit_pkey PRIMARY KEY (id);

ALTER TABLE ONLY console.invite
    ADD CONSTRAINT invite_pkey PRIMARY KEY (token_hash);

ALTER TABLE ONLY console.person
    ADD CONSTRAINT person_name_key UNIQUE (name);

ALTER TABLE ONLY console.person
    ADD CONSTRAINT person_pkey PRIMARY KEY (id);

ALTER TABLE ONLY console.session
    ADD CONSTRAINT session_pkey PRIMARY KEY (token_hash);

ALTER TABLE ONLY journal.entry
    ADD CONSTRAINT entry_pkey PRIMARY KEY (received_on, id);

ALTER TABLE ONLY journal.held
    ADD CONSTRAINT held_pkey PRIMARY KEY (feed);

ALTER TABLE ONLY journal.outcome
    ADD CONSTRAINT outcome_pkey PRIMARY KEY (id);

ALTER TABLE ONLY journal.refusal
    ADD CONSTRAINT refusal_pkey PRIMARY KEY (id);

ALTER TABLE ONLY journal.repeat
    ADD CONSTRAINT repeat_pkey PRIMARY KEY (id);

ALTER TABLE ONLY journal.seen
    ADD CONSTRAINT seen_pkey PRIMARY KEY (feed, control_id, digest);

ALTER TABLE ONLY public.schema_migration
    ADD CONSTRAINT schema_migration_name_key UNIQUE (name);

ALTER TABLE ONLY public.schema_migration
    ADD CONSTRAINT schema_migration_pkey PRIMARY KEY (version);

ALTER TABLE ONLY queue.blocked
    ADD CONSTRAINT blocked_pkey PRIMARY KEY (queue, lane, id);

ALTER TABLE ONLY queue.job
    ADD CONSTRAINT job_pkey PRIMARY KEY (queue, lane, id);

ALTER TABLE ONLY queue.lane
    ADD CONSTRAINT lane_pkey PRIMARY KEY (queue, lane);

ALTER TABLE ONLY queue.queue
    ADD CONSTRAINT queue_name_key UNIQUE (name);

ALTER TABLE ONLY queue.queue
    ADD CONSTRAINT queue_pkey PRIMARY KEY (id);

ALTER TABLE ONLY queue.secret
    ADD CONSTRAINT secret_pkey PRIMARY KEY (secret);

ALTER TABLE ONLY queue.suspect
    ADD CONSTRAINT suspect_pkey PRIMARY KEY (queue, lane, id);

ALTER TABLE ONLY queue.worker
    ADD CONSTRAINT worker_pkey PRIMARY KEY (id);

ALTER TABLE ONLY reconciliation.finding_act
    ADD CONSTRAINT finding_act_pkey PRIMARY KEY (practice_id, id);

ALTER TABLE ONLY reconciliation.finding_event
    ADD CONSTRAINT finding_event_pkey PRIMARY KEY (practice_id, id);

ALTER TABLE ONLY reconciliation.finding
    ADD CONSTRAINT finding_pkey PRIMARY KEY (practice_id, workflow, key);

ALTER TABLE ONLY reconciliation.run
    ADD CONSTRAINT run_pkey PRIMARY KEY (practice_id, id);

ALTER TABLE ONLY reconciliation.tapped
    ADD CONSTRAINT tapped_pkey PRIMARY KEY (practice_id, id);

ALTER TABLE ONLY reconciliation.tapped
    ADD CONSTRAINT tapped_practice_id_subscription_id_received_on_entry_id_pos_key UNIQUE (practice_id, subscription_id, received_on, entry_id, "position");

ALTER TABLE ONLY records.appointment_alias
    ADD CONSTRAINT appointment_alias_pkey PRIMARY KEY (practice_id, kind, authority, value, appointment_id);

ALTER TABLE ONLY records.appointment_event
    ADD CONSTRAINT appointment_event_pkey PRIMARY KEY (practice_id, appointment_id, event_at, entry_id);

ALTER TABLE ONLY records.appointment
    ADD CONSTRAINT appointment_pkey PRIMARY KEY (practice_id, id);

ALTER TABLE ONLY records.appointment_resource
    ADD CONSTRAINT appointment_resource_pkey PRIMARY KEY (practice_id, appointment_id, resource_id);

ALTER TABLE ONLY records.appointment_version
    ADD CONSTRAINT appointment_version_pkey PRIMARY KEY (practice_id, appointment_id, version);

ALTER TABLE ONLY records.block_name
    ADD CONSTRAINT block_name_pkey PRIMARY KEY (practice_id, kind, authority, value);

ALTER TABLE ONLY records.block
    ADD CONSTRAINT block_pkey PRIMARY KEY (practice_id, id);

ALTER TABLE ONLY records.block_stretch
    ADD CONSTRAINT block_stretch_pkey PRIMARY KEY (practice_id, block_id, resource_id, during);

ALTER TABLE ONLY records.change
    ADD CONSTRAINT change_pkey PRIMARY KEY (practice_id, number);

ALTER TABLE ONLY records.day_event
    ADD CONSTRAINT day_event_pkey PRIMARY KEY (practice_id, id);

ALTER TABLE ONLY records.decision
    ADD CONSTRAINT decision_pkey PRIMARY KEY (practice_id, id);

ALTER TABLE ONLY records.fan_out
    ADD CONSTRAINT fan_out_pkey PRIMARY KEY (practice_id);

ALTER TABLE ONLY records.load
    ADD CONSTRAINT load_pkey PRIMARY KEY (practice_id, id);

ALTER TABLE ONLY records.occupancy
    ADD CONSTRAINT occupancy_excludes EXCLUDE USING gist (practice_id WITH =, resource_id WITH =, during WITH &&) WHERE (exclusive);

ALTER TABLE ONLY records.person_alias
    ADD CONSTRAINT person_alias_pkey PRIMARY KEY (enterprise_id, kind, authority, value);

ALTER TABLE ONLY records.person
    ADD CONSTRAINT person_pkey PRIMARY KEY (enterprise_id, id);

ALTER TABLE ONLY records.practice
    ADD CONSTRAINT practice_pkey PRIMARY KEY (practice_id);

ALTER TABLE ONLY records.resource
    ADD CONSTRAINT resource_pkey PRIMARY KEY (practice_id, id);

ALTER TABLE ONLY records.resource
    ADD CONSTRAINT resource_practice_id_kind_code_key UNIQUE (practice_id, kind, code);

ALTER TABLE ONLY records.retracted_event
    ADD CONSTRAINT retracted_event_pkey PRIMARY KEY (practice_id, id);

ALTER TABLE ONLY records.slot
    ADD CONSTRAINT slot_pkey PRIMARY KEY (practice_id, id);

ALTER TABLE ONLY records.slot
    ADD CONSTRAINT slot_practice_id_resource_id_during_key UNIQUE (practice_id, resource_id, during);

ALTER TABLE ONLY records.taken_back
    ADD CONSTRAINT taken_back_pkey PRIMARY KEY (practice_id, decision_id);

ALTER TABLE ONLY watch.alarm
    ADD CONSTRAINT alarm_pkey PRIMARY KEY (practice_id, id);

ALTER TABLE ONLY workflow.code_scan
    ADD CONSTRAINT code_scan_pkey PRIMARY KEY (workflow);

ALTER TABLE ONLY workflow.code_seen
    ADD CONSTRAINT code_seen_pkey PRIMARY KEY (practice_id, table_name, code, event, seen_on);

ALTER TABLE ONLY workflow.definition
    ADD CONSTRAINT definition_pkey PRIMARY KEY (id);

ALTER TABLE ONLY workflow.unmapped
    ADD CONSTRAINT unmapped_pkey PRIMARY KEY (practice_id, id);

CREATE UNIQUE INDEX client_name_in_use ON api.client USING btree (practice_id, name) WHERE (revoked_at IS NULL);

CREATE INDEX delivery_by_record ON api.delivery USING btree (practice_id, record_id) WHERE (record_id IS NOT NULL);

CREATE INDEX delivery_by_time ON api.delivery USING brin (created_at);

CREATE INDEX delivery_in_shadow ON api.delivery USING btree (practice_id, subscription_id, created_at) WHERE ((in_shadow IS NOT FALSE) AND (record_kind = 'appointment'::text));

CREATE INDEX entry_by_control_id ON ONLY journal.entry USING btree (control_id);

CREATE INDEX entry_by_feed ON ONLY journal.entry USING btree (feed, received_at);

CREATE INDEX outcome_by_entry ON journal.outcome USING btree (received_on, entry_id);

CREATE INDEX outcome_discarded ON journal.outcome USING btree (at) WHERE (code = 'discarded'::text);

CREATE INDEX repeat_by_entry ON journal.repeat USING btree (received_on, entry_id);

CREATE INDEX seen_by_day ON journal.seen USING brin (received_on);

CREATE INDEX blocked_by_entry ON queue.blocked USING btree (received_on, entry_id);

CREATE INDEX blocked_by_key ON queue.blocked USING btree (queue, lane, key, id);

CREATE INDEX blocked_by_work_item ON queue.blocked USING btree (work_item) WHERE (work_item IS NOT NULL);

CREATE INDEX blocked_due ON queue.blocked USING btree (queue, run_at) WHERE (state = 'retrying'::text);

CREATE INDEX finding_act_by_finding ON reconciliation.finding_act USING btree (practice_id, workflow, key, id);

CREATE INDEX finding_by_member ON reconciliation.finding USING btree (practice_id, workflow, member_id) WHERE (closed_at IS NULL);

CREATE INDEX finding_event_by_finding ON reconciliation.finding_event USING btree (practice_id, workflow, key, id);

CREATE INDEX finding_open ON reconciliation.finding USING btree (practice_id, workflow, first_seen_at) WHERE (closed_at IS NULL);

CREATE INDEX member_by_start ON reconciliation.member USING btree (practice_id, workflow, client_id, COALESCE(start_at, '0001-01-01 00:00:00+00'::timestamp with time zone), id);

CREATE UNIQUE INDEX member_of_run ON reconciliation.member USING btree (practice_id, workflow, client_id, id) NULLS NOT DISTINCT;

CREATE INDEX run_by_client ON reconciliation.run USING btree (practice_id, workflow, client_id, ended_at);

CREATE INDEX run_by_time ON reconciliation.run USING btree (practice_id, workflow, ended_at);

CREATE INDEX tapped_by_time ON reconciliation.tapped USING btree (practice_id, subscription_id, received_at);

CREATE UNIQUE INDEX tapped_matches_once ON reconciliation.tapped USING btree (practice_id, subscription_id, event_number) WHERE (event_number IS NOT NULL);

CREATE INDEX tapped_unmatched ON reconciliation.tapped USING btree (practice_id, received_at) WHERE (verdict = ANY (ARRAY['waiting'::text, 'only-theirs'::text]));

CREATE INDEX appointment_alias_by_appointment ON records.appointment_alias USING btree (practice_id, appointment_id) WHERE (appointment_id IS NOT NULL);

CREATE UNIQUE INDEX appointment_alias_names_one ON records.appointment_alias USING btree (practice_id, kind, authority, value) WHERE (kind <> 'visit'::text);

CREATE INDEX appointment_by_change ON records.appointment USING btree (practice_id, changed_at, id) WHERE (changed_at IS NOT NULL);

CREATE INDEX appointment_by_person ON records.appointment USING btree (practice_id, person_id, start_at) WHERE (person_id IS NOT NULL);

CREATE INDEX appointment_by_start ON records.appointment USING btree (practice_id, start_at, id) WHERE (start_at IS NOT NULL);

CREATE INDEX appointment_resource_by_resource ON records.appointment_resource USING btree (practice_id, resource_id, start_at) WHERE (resource_id IS NOT NULL);

CREATE INDEX block_stretch_by_resource ON records.block_stretch USING btree (practice_id, resource_id, during);

CREATE INDEX change_by_record ON records.change USING btree (practice_id, record_id) WHERE (record_id IS NOT NULL);

CREATE INDEX day_event_by_day ON records.day_event USING btree (practice_id, day);

CREATE INDEX decision_by_entry ON records.decision USING btree (practice_id, entry_id);

CREATE INDEX decision_by_question ON records.decision USING btree (practice_id, question) WHERE (question IS NOT NULL);

CREATE INDEX load_by_file ON records.load USING btree (practice_id, file_digest);

CREATE UNIQUE INDEX occupancy_by_appointment ON records.occupancy USING btree (practice_id, appointment_id, resource_id);

CREATE INDEX occupancy_holds ON records.occupancy USING btree (practice_id, resource_id) WHERE (hold_id IS NOT NULL);

CREATE INDEX occupancy_shared ON records.occupancy USING gist (practice_id, resource_id, during) WHERE (NOT exclusive);

CREATE INDEX person_alias_by_person ON records.person_alias USING btree (enterprise_id, person_id) WHERE (person_id IS NOT NULL);

CREATE INDEX person_by_survivor ON records.person USING btree (enterprise_id, survivor) WHERE (survivor IS NOT NULL);

CREATE INDEX slot_by_time ON records.slot USING gist (resource_id, during);

CREATE INDEX alarm_by_time ON watch.alarm USING btree (practice_id, raised_at);

CREATE UNIQUE INDEX alarm_open ON watch.alarm USING btree (practice_id, kind, feed) WHERE (ended_at IS NULL);

CREATE INDEX code_seen_by_day ON workflow.code_seen USING btree (seen_on, practice_id, table_name);

ALTER TABLE ONLY api.client
    ADD CONSTRAINT client_practice_id_fkey FOREIGN KEY (practice_id) REFERENCES records.practice(practice_id);

ALTER TABLE ONLY api.mode
    ADD CONSTRAINT mode_practice_id_subscription_id_fkey FOREIGN KEY (practice_id, subscription_id) REFERENCES api.subscription(practice_id, id);

ALTER TABLE ONLY api.subscription
    ADD CONSTRAINT subscription_practice_id_client_id_fkey FOREIGN KEY (practice_id, client_id) REFERENCES api.client(practice_id, id);

ALTER TABLE ONLY api.subscription
    ADD CONSTRAINT subscription_queue_fkey FOREIGN KEY (queue) REFERENCES queue.queue(id);

ALTER TABLE ONLY console.invite
    ADD CONSTRAINT invite_person_id_fkey FOREIGN KEY (person_id) REFERENCES console.person(id);

ALTER TABLE ONLY console.session
    ADD CONSTRAINT session_person_id_fkey FOREIGN KEY (person_id) REFERENCES console.person(id);

ALTER TABLE ONLY queue.lane
    ADD CONSTRAINT lane_queue_fkey FOREIGN KEY (queue) REFERENCES queue.queue(id);

ALTER TABLE ONLY queue.suspect
    ADD CONSTRAINT suspect_queue_fkey FOREIGN KEY (queue) REFERENCES queue.queue(id);

ALTER TABLE ONLY reconciliation.finding_act
    ADD CONSTRAINT finding_act_practice_id_workflow_key_fkey FOREIGN KEY (practice_id, workflow, key) REFERENCES reconciliation.finding(practice_id, workflow, key);

ALTER TABLE ONLY reconciliation.finding_event
    ADD CONSTRAINT finding_event_practice_id_workflow_key_fkey FOREIGN KEY (practice_id, workflow, key) REFERENCES reconciliation.finding(practice_id, workflow, key);

ALTER TABLE ONLY reconciliation.finding
    ADD CONSTRAINT finding_practice_id_fkey FOREIGN KEY (practice_id) REFERENCES records.practice(practice_id);

ALTER TABLE ONLY reconciliation.member
    ADD CONSTRAINT member_practice_id_fkey FOREIGN KEY (practice_id) REFERENCES records.practice(practice_id);

ALTER TABLE ONLY reconciliation.run
    ADD CONSTRAINT run_practice_id_fkey FOREIGN KEY (practice_id) REFERENCES records.practice(practice_id);

ALTER TABLE ONLY records.block_name
    ADD CONSTRAINT block_name_practice_id_block_id_fkey FOREIGN KEY (practice_id, block_id) REFERENCES records.block(practice_id, id);

ALTER TABLE ONLY records.block
    ADD CONSTRAINT block_practice_id_fkey FOREIGN KEY (practice_id) REFERENCES records.practice(practice_id);

ALTER TABLE ONLY records.block_stretch
    ADD CONSTRAINT block_stretch_practice_id_block_id_fkey FOREIGN KEY (practice_id, block_id) REFERENCES records.block(practice_id, id);

ALTER TABLE ONLY records.block_stretch
    ADD CONSTRAINT block_stretch_practice_id_resource_id_fkey FOREIGN KEY (practice_id, resource_id) REFERENCES records.resource(practice_id, id);

ALTER TABLE ONLY records.day_event
    ADD CONSTRAINT day_event_practice_id_fkey FOREIGN KEY (practice_id) REFERENCES records.practice(practice_id);

ALTER TABLE ONLY records.day_event
    ADD CONSTRAINT day_event_practice_id_resource_id_fkey FOREIGN KEY (practice_id, resource_id) REFERENCES records.resource(practice_id, id);

ALTER TABLE ONLY records.day_event
    ADD CONSTRAINT day_event_practice_id_to_resource_id_fkey FOREIGN KEY (practice_id, to_resource_id) REFERENCES records.resource(practice_id, id);

ALTER TABLE ONLY records.decision
    ADD CONSTRAINT decision_practice_id_appointment_id_fkey FOREIGN KEY (practice_id, appointment_id) REFERENCES records.appointment(practice_id, id);

ALTER TABLE ONLY records.decision
    ADD CONSTRAINT decision_practice_id_fkey FOREIGN KEY (practice_id) REFERENCES records.practice(practice_id);

ALTER TABLE ONLY records.fan_out
    ADD CONSTRAINT fan_out_practice_id_fkey FOREIGN KEY (practice_id) REFERENCES records.practice(practice_id);

ALTER TABLE ONLY records.load
    ADD CONSTRAINT load_practice_id_fkey FOREIGN KEY (practice_id) REFERENCES records.practice(practice_id);

ALTER TABLE ONLY records.resource
    ADD CONSTRAINT resource_practice_id_fkey FOREIGN KEY (practice_id) REFERENCES records.practice(practice_id);

ALTER TABLE ONLY records.retracted_event
    ADD CONSTRAINT retracted_event_practice_id_appointment_id_fkey FOREIGN KEY (practice_id, appointment_id) REFERENCES records.appointment(practice_id, id);

ALTER TABLE ONLY records.retracted_event
    ADD CONSTRAINT retracted_event_practice_id_decision_id_fkey FOREIGN KEY (practice_id, decision_id) REFERENCES records.taken_back(practice_id, decision_id);

ALTER TABLE ONLY records.taken_back
    ADD CONSTRAINT taken_back_practice_id_decision_id_fkey FOREIGN KEY (practice_id, decision_id) REFERENCES records.decision(practice_id, id);

ALTER TABLE ONLY watch.alarm
    ADD CONSTRAINT alarm_practice_id_fkey FOREIGN KEY (practice_id) REFERENCES records.practice(practice_id);

ALTER TABLE api.client ENABLE ROW LEVEL SECURITY;

ALTER TABLE api.delivery ENABLE ROW LEVEL SECURITY;

CREATE POLICY every_practice ON api.client TO pmsync_gateway, pmsync_scheduling, pmsync_operator USING (true) WITH CHECK (true);

CREATE POLICY every_practice ON api.delivery TO pmsync_gateway, pmsync_scheduling, pmsync_operator USING (true) WITH CHECK (true);

CREATE POLICY every_practice ON api.mode TO pmsync_gateway, pmsync_scheduling, pmsync_operator USING (true) WITH CHECK (true);

CREATE POLICY every_practice ON api.subscription TO pmsync_gateway, pmsync_scheduling, pmsync_operator USING (true) WITH CHECK (true);

ALTER TABLE api.mode ENABLE ROW LEVEL SECURITY;

CREATE POLICY own_practice ON api.client TO pmsync_api, pmsync_console USING (records.may_see(practice_id)) WITH CHECK (records.may_see(practice_id));

CREATE POLICY own_practice ON api.delivery TO pmsync_api, pmsync_console USING (records.may_see(practice_id)) WITH CHECK (records.may_see(practice_id));

CREATE POLICY own_practice ON api.mode TO pmsync_api, pmsync_console USING (records.may_see(practice_id)) WITH CHECK (records.may_see(practice_id));

CREATE POLICY own_practice ON api.subscription TO pmsync_api, pmsync_console USING (records.may_see(practice_id)) WITH CHECK (records.may_see(practice_id));

ALTER TABLE api.subscription ENABLE ROW LEVEL SECURITY;

CREATE POLICY every_practice ON reconciliation.finding TO pmsync_gateway, pmsync_scheduling, pmsync_operator USING (true) WITH CHECK (true);

CREATE POLICY every_practice ON reconciliation.finding_act TO pmsync_gateway, pmsync_scheduling, pmsync_operator USING (true) WITH CHECK (true);

CREATE POLICY every_practice ON reconciliation.finding_event TO pmsync_gateway, pmsync_scheduling, pmsync_operator USING (true) WITH CHECK (true);

CREATE POLICY every_practice ON reconciliation.member TO pmsync_gateway, pmsync_scheduling, pmsync_operator USING (true) WITH CHECK (true);

CREATE POLICY every_practice ON reconciliation.run TO pmsync_gateway, pmsync_scheduling, pmsync_operator USING (true) WITH CHECK (true);

CREATE POLICY every_practice ON reconciliation.tapped TO pmsync_gateway, pmsync_scheduling, pmsync_operator USING (true) WITH CHECK (true);

ALTER TABLE reconciliation.finding ENABLE ROW LEVEL SECURITY;

ALTER TABLE reconciliation.finding_act ENABLE ROW LEVEL SECURITY;

ALTER TABLE reconciliation.finding_event ENABLE ROW LEVEL SECURITY;

ALTER TABLE reconciliation.member ENABLE ROW LEVEL SECURITY;

CREATE POLICY own_practice ON reconciliation.finding TO pmsync_api, pmsync_console USING (records.may_see(practice_id)) WITH CHECK (records.may_see(practice_id));

CREATE POLICY own_practice ON reconciliation.finding_act TO pmsync_api, pmsync_console USING (records.may_see(practice_id)) WITH CHECK (records.may_see(practice_id));

CREATE POLICY own_practice ON reconciliation.finding_event TO pmsync_api, pmsync_console USING (records.may_see(practice_id)) WITH CHECK (records.may_see(practice_id));

CREATE POLICY own_practice ON reconciliation.member TO pmsync_api, pmsync_console USING (records.may_see(practice_id)) WITH CHECK (records.may_see(practice_id));

CREATE POLICY own_practice ON reconciliation.run TO pmsync_api, pmsync_console USING (records.may_see(practice_id)) WITH CHECK (records.may_see(practice_id));

CREATE POLICY own_practice ON reconciliation.tapped TO pmsync_api, pmsync_console USING (records.may_see(practice_id)) WITH CHECK (records.may_see(practice_id));

ALTER TABLE reconciliation.run ENABLE ROW LEVEL SECURITY;

ALTER TABLE reconciliation.tapped ENABLE ROW LEVEL SECURITY;

ALTER TABLE records.appointment ENABLE ROW LEVEL SECURITY;

ALTER TABLE records.appointment_alias ENABLE ROW LEVEL SECURITY;

ALTER TABLE records.appointment_event ENABLE ROW LEVEL SECURITY;

ALTER TABLE records.appointment_resource ENABLE ROW LEVEL SECURITY;

ALTER TABLE records.appointment_version ENABLE ROW LEVEL SECURITY;

ALTER TABLE records.block ENABLE ROW LEVEL SECURITY;

ALTER TABLE records.block_name ENABLE ROW LEVEL SECURITY;

ALTER TABLE records.block_stretch ENABLE ROW LEVEL SECURITY;

ALTER TABLE records.change ENABLE ROW LEVEL SECURITY;

ALTER TABLE records.day_event ENABLE ROW LEVEL SECURITY;

ALTER TABLE records.decision ENABLE ROW LEVEL SECURITY;

CREATE POLICY every_enterprise ON records.person TO pmsync_gateway, pmsync_scheduling, pmsync_operator USING (true) WITH CHECK (true);

CREATE POLICY every_enterprise ON records.person_alias TO pmsync_gateway, pmsync_scheduling, pmsync_operator USING (true) WITH CHECK (true);

CREATE POLICY every_practice ON records.appointment TO pmsync_gateway, pmsync_scheduling, pmsync_operator USING (true) WITH CHECK (true);

CREATE POLICY every_practice ON records.appointment_alias TO pmsync_gateway, pmsync_scheduling, pmsync_operator USING (true) WITH CHECK (true);

CREATE POLICY every_practice ON records.appointment_event TO pmsync_gateway, pmsync_scheduling, pmsync_operator USING (true) WITH CHECK (true);

CREATE POLICY every_practice ON records.appointment_resource TO pmsync_gateway, pmsync_scheduling, pmsync_operator USING (true) WITH CHECK (true);

CREATE POLICY every_practice ON records.appointment_version TO pmsync_gateway, pmsync_scheduling, pmsync_operator USING (true) WITH CHECK (true);

CREATE POLICY every_practice ON records.block TO pmsync_gateway, pmsync_scheduling, pmsync_operator USING (true) WITH CHECK (true);

CREATE POLICY every_practice ON records.block_name TO pmsync_gateway, pmsync_scheduling, pmsync_operator USING (true) WITH CHECK (true);

CREATE POLICY every_practice ON records.block_stretch TO pmsync_gateway, pmsync_scheduling, pmsync_operator USING (true) WITH CHECK (true);

CREATE POLICY every_practice ON records.change TO pmsync_gateway, pmsync_scheduling, pmsync_operator USING (true) WITH CHECK (true);

CREATE POLICY every_practice ON records.day_event TO pmsync_gateway, pmsync_scheduling, pmsync_operator USING (true) WITH CHECK (true);

CREATE POLICY every_practice ON records.decision TO pmsync_gateway, pmsync_scheduling, pmsync_operator USING (true) WITH CHECK (true);

CREATE POLICY every_practice ON records.fan_out TO pmsync_gateway, pmsync_scheduling, pmsync_operator USING (true) WITH CHECK (true);

CREATE POLICY every_practice ON records.load TO pmsync_gateway, pmsync_scheduling, pmsync_operator USING (true) WITH CHECK (true);

CREATE POLICY every_practice ON records.occupancy TO pmsync_gateway, pmsync_scheduling, pmsync_operator USING (true) WITH CHECK (true);

CREATE POLICY every_practice ON records.practice TO pmsync_gateway, pmsync_scheduling, pmsync_operator USING (true) WITH CHECK (true);

CREATE POLICY every_practice ON records.resource TO pmsync_gateway, pmsync_scheduling, pmsync_operator USING (true) WITH CHECK (true);

CREATE POLICY every_practice ON records.retracted_event TO pmsync_gateway, pmsync_scheduling, pmsync_operator USING (true) WITH CHECK (true);

CREATE POLICY every_practice ON records.slot TO pmsync_gateway, pmsync_scheduling, pmsync_operator USING (true) WITH CHECK (true);

CREATE POLICY every_practice ON records.taken_back TO pmsync_gateway, pmsync_scheduling, pmsync_operator USING (true) WITH CHECK (true);

ALTER TABLE records.fan_out ENABLE ROW LEVEL SECURITY;

ALTER TABLE records.load ENABLE ROW LEVEL SECURITY;

ALTER TABLE records.occupancy ENABLE ROW LEVEL SECURITY;

CREATE POLICY own_enterprise ON records.person TO pmsync_api, pmsync_console USING ((enterprise_id IN ( SELECT p.enterprise_id
   FROM records.practice p
  WHERE records.may_see(p.practice_id))));

CREATE POLICY own_enterprise ON records.person_alias TO pmsync_api, pmsync_console USING ((enterprise_id IN ( SELECT p.enterprise_id
   FROM records.practice p
  WHERE records.may_see(p.practice_id))));

CREATE POLICY own_practice ON records.appointment TO pmsync_api, pmsync_console USING (records.may_see(practice_id)) WITH CHECK (records.may_see(practice_id));

CREATE POLICY own_practice ON records.appointment_alias TO pmsync_api, pmsync_console USING (records.may_see(practice_id)) WITH CHECK (records.may_see(practice_id));

CREATE POLICY own_practice ON records.appointment_event TO pmsync_api, pmsync_console USING (records.may_see(practice_id)) WITH CHECK (records.may_see(practice_id));

CREATE POLICY own_practice ON records.appointment_resource TO pmsync_api, pmsync_console USING (records.may_see(practice_id)) WITH CHECK (records.may_see(practice_id));

CREATE POLICY own_practice ON records.appointment_version TO pmsync_api, pmsync_console USING (records.may_see(practice_id)) WITH CHECK (records.may_see(practice_id));

CREATE POLICY own_practice ON records.block TO pmsync_api, pmsync_console USING (records.may_see(practice_id)) WITH CHECK (records.may_see(practice_id));

CREATE POLICY own_practice ON records.block_name TO pmsync_api, pmsync_console USING (records.may_see(practice_id)) WITH CHECK (records.may_see(practice_id));

CREATE POLICY own_practice ON records.block_stretch TO pmsync_api, pmsync_console USING (records.may_see(practice_id)) WITH CHECK (records.may_see(practice_id));

CREATE POLICY own_practice ON records.change TO pmsync_api, pmsync_console USING (records.may_see(practice_id)) WITH CHECK (records.may_see(practice_id));

CREATE POLICY own_practice ON records.day_event TO pmsync_api, pmsync_console USING (records.may_see(practice_id)) WITH CHECK (records.may_see(practice_id));

CREATE POLICY own_practice ON records.decision TO pmsync_api, pmsync_console USING (records.may_see(practice_id)) WITH CHECK (records.may_see(practice_id));

CREATE POLICY own_practice ON records.fan_out TO pmsync_api, pmsync_console USING (records.may_see(practice_id)) WITH CHECK (records.may_see(practice_id));

CREATE POLICY own_practice ON records.load TO pmsync_api, pmsync_console USING (records.may_see(practice_id)) WITH CHECK (records.may_see(practice_id));

CREATE POLICY own_practice ON records.occupancy TO pmsync_api, pmsync_console USING (records.may_see(practice_id)) WITH CHECK (records.may_see(practice_id));

CREATE POLICY own_practice ON records.practice TO pmsync_api, pmsync_console USING (records.may_see(practice_id)) WITH CHECK (records.may_see(practice_id));

CREATE POLICY own_practice ON records.resource TO pmsync_api, pmsync_console USING (records.may_see(practice_id)) WITH CHECK (records.may_see(practice_id));

CREATE POLICY own_practice ON records.retracted_event TO pmsync_api, pmsync_console USING (records.may_see(practice_id)) WITH CHECK (records.may_see(practice_id));

CREATE POLICY own_practice ON records.slot TO pmsync_api, pmsync_console USING (records.may_see(practice_id)) WITH CHECK (records.may_see(practice_id));

CREATE POLICY own_practice ON records.taken_back TO pmsync_api, pmsync_console USING (records.may_see(practice_id)) WITH CHECK (records.may_see(practice_id));

ALTER TABLE records.person ENABLE ROW LEVEL SECURITY;

ALTER TABLE records.person_alias ENABLE ROW LEVEL SECURITY;

ALTER TABLE records.practice ENABLE ROW LEVEL SECURITY;

ALTER TABLE records.resource ENABLE ROW LEVEL SECURITY;

ALTER TABLE records.retracted_event ENABLE ROW LEVEL SECURITY;

ALTER TABLE records.slot ENABLE ROW LEVEL SECURITY;

ALTER TABLE records.taken_back ENABLE ROW LEVEL SECURITY;

ALTER TABLE watch.alarm ENABLE ROW LEVEL SECURITY;

CREATE POLICY every_practice ON watch.alarm TO pmsync_gateway, pmsync_scheduling, pmsync_operator USING (true) WITH CHECK (true);

CREATE POLICY own_practice ON watch.alarm TO pmsync_api, pmsync_console USING (records.may_see(practice_id)) WITH CHECK (records.may_see(practice_id));

ALTER TABLE workflow.code_seen ENABLE ROW LEVEL SECURITY;

CREATE POLICY every_practice ON workflow.code_seen TO pmsync_gateway, pmsync_scheduling, pmsync_operator USING (true) WITH CHECK (true);

CREATE POLICY every_practice ON workflow.unmapped TO pmsync_gateway, pmsync_scheduling, pmsync_operator USING (true) WITH CHECK (true);

CREATE POLICY own_practice ON workflow.code_seen TO pmsync_api, pmsync_console USING (records.may_see(practice_id)) WITH CHECK (records.may_see(practice_id));

CREATE POLICY own_practice ON workflow.unmapped TO pmsync_api, pmsync_console USING (records.may_see(practice_id)) WITH CHECK (records.may_see(practice_id));

ALTER TABLE workflow.unmapped ENABLE ROW LEVEL SECURITY;

GRANT USAGE ON SCHEMA api TO pmsync_gateway;
GRANT USAGE ON SCHEMA api TO pmsync_scheduling;
GRANT USAGE ON SCHEMA api TO pmsync_console;
GRANT USAGE ON SCHEMA api TO pmsync_operator;
GRANT USAGE ON SCHEMA api TO pmsync_api;

GRANT USAGE ON SCHEMA console TO pmsync_gateway;
GRANT USAGE ON SCHEMA console TO pmsync_scheduling;
GRANT USAGE ON SCHEMA console TO pmsync_console;
GRANT USAGE ON SCHEMA console TO pmsync_operator;

GRANT USAGE ON SCHEMA journal TO pmsync_gateway;
GRANT USAGE ON SCHEMA journal TO pmsync_scheduling;
GRANT USAGE ON SCHEMA journal TO pmsync_console;
GRANT USAGE ON SCHEMA journal TO pmsync_operator;

GRANT USAGE ON SCHEMA queue TO pmsync_gateway;
GRANT USAGE ON SCHEMA queue TO pmsync_scheduling;
GRANT USAGE ON SCHEMA queue TO pmsync_console;
GRANT USAGE ON SCHEMA queue TO pmsync_operator;

GRANT USAGE ON SCHEMA reconciliation TO pmsync_gateway;
GRANT USAGE ON SCHEMA reconciliation TO pmsync_scheduling;
GRANT USAGE ON SCHEMA reconciliation TO pmsync_console;
GRANT USAGE ON SCHEMA reconciliation TO pmsync_operator;

GRANT USAGE ON SCHEMA records TO pmsync_gateway;
GRANT USAGE ON SCHEMA records TO pmsync_scheduling;
GRANT USAGE ON SCHEMA records TO pmsync_console;
GRANT USAGE ON SCHEMA records TO pmsync_operator;
GRANT USAGE ON SCHEMA records TO pmsync_api;

GRANT USAGE ON SCHEMA watch TO pmsync_scheduling;
GRANT USAGE ON SCHEMA watch TO pmsync_console;
GRANT USAGE ON SCHEMA watch TO pmsync_operator;

GRANT USAGE ON SCHEMA workflow TO pmsync_gateway;
GRANT USAGE ON SCHEMA workflow TO pmsync_scheduling;
GRANT USAGE ON SCHEMA workflow TO pmsync_console;
GRANT USAGE ON SCHEMA workflow TO pmsync_operator;

REVOKE ALL ON FUNCTION journal.days_before(first_kept date) FROM PUBLIC;
GRANT ALL ON FUNCTION journal.days_before(first_kept date) TO pmsync_gateway;

REVOKE ALL ON FUNCTION journal.drop_day(day date) FROM PUBLIC;
GRANT ALL ON FUNCTION journal.drop_day(day date) TO pmsync_gateway;

GRANT USAGE ON SEQUENCE journal.entry_id TO pmsync_gateway;
GRANT USAGE ON SEQUENCE journal.entry_id TO pmsync_scheduling;
GRANT USAGE ON SEQUENCE journal.entry_id TO pmsync_console;
GRANT USAGE ON SEQUENCE journal.entry_id TO pmsync_operator;

GRANT SELECT,INSERT ON TABLE journal.entry TO pmsync_gateway;
GRANT SELECT,INSERT ON TABLE journal.entry TO pmsync_scheduling;
GRANT SELECT ON TABLE journal.entry TO pmsync_console;
GRANT SELECT,INSERT ON TABLE journal.entry TO pmsync_operator;

GRANT ALL ON FUNCTION records.place_appointments(practices text[], appointments uuid[], are_new boolean[], use_practices text[], use_appointments uuid[], kinds text[], codes text[], names text[], npis text[], starts timestamp with time zone[], ends timestamp with time zone[], takes boolean[], are_first boolean[], passed_practices text[], passed_kinds text[], passed_codes text[], passed_starts timestamp with time zone[], passed_ends timestamp with time zone[]) TO pmsync_scheduling;

GRANT ALL ON FUNCTION records.save_persons(enterprises text[], ids uuid[], revisions bigint[], families text[], givens text[], births date[], sexes text[], phones text[], emails text[], name_enterprises text[], name_kinds text[], name_authorities text[], name_values text[], name_persons uuid[], name_trusts smallint[]) TO pmsync_scheduling;

GRANT SELECT ON TABLE api.client TO pmsync_scheduling;
GRANT SELECT,INSERT,UPDATE ON TABLE api.client TO pmsync_operator;

GRANT SELECT(practice_id) ON TABLE api.client TO pmsync_gateway;
GRANT SELECT(practice_id) ON TABLE api.client TO pmsync_console;

GRANT SELECT(id) ON TABLE api.client TO pmsync_gateway;
GRANT SELECT(id) ON TABLE api.client TO pmsync_console;

GRANT SELECT(name) ON TABLE api.client TO pmsync_gateway;
GRANT SELECT(name) ON TABLE api.client TO pmsync_console;

GRANT SELECT(key_hash) ON TABLE api.client TO pmsync_gateway;

GRANT SELECT(created_at) ON TABLE api.client TO pmsync_gateway;
GRANT SELECT(created_at) ON TABLE api.client TO pmsync_console;

GRANT SELECT(revoked_at) ON TABLE api.client TO pmsync_gateway;
GRANT SELECT(revoked_at) ON TABLE api.client TO pmsync_console;

GRANT SELECT(scopes) ON TABLE api.client TO pmsync_gateway;

GRANT SELECT,INSERT,UPDATE ON TABLE api.delivery TO pmsync_scheduling;
GRANT SELECT,UPDATE ON TABLE api.delivery TO pmsync_operator;
GRANT SELECT,UPDATE ON TABLE api.delivery TO pmsync_console;
GRANT SELECT,DELETE ON TABLE api.delivery TO pmsync_gateway;
GRANT SELECT ON TABLE api.delivery TO pmsync_api;

GRANT SELECT,INSERT ON TABLE api.mode TO pmsync_operator;
GRANT SELECT,INSERT ON TABLE api.mode TO pmsync_console;
GRANT SELECT ON TABLE api.mode TO pmsync_scheduling;

GRANT USAGE ON SEQUENCE api.mode_id_seq TO pmsync_operator;
GRANT USAGE ON SEQUENCE api.mode_id_seq TO pmsync_console;

GRANT SELECT ON TABLE api.subscription TO pmsync_scheduling;
GRANT SELECT,INSERT,UPDATE ON TABLE api.subscription TO pmsync_operator;

GRANT SELECT(practice_id) ON TABLE api.subscription TO pmsync_console;
GRANT SELECT(practice_id) ON TABLE api.subscription TO pmsync_api;

GRANT SELECT(id) ON TABLE api.subscription TO pmsync_console;
GRANT SELECT(id) ON TABLE api.subscription TO pmsync_api;

GRANT SELECT(client_id) ON TABLE api.subscription TO pmsync_console;
GRANT SELECT(client_id) ON TABLE api.subscription TO pmsync_api;

GRANT SELECT(url) ON TABLE api.subscription TO pmsync_console;

GRANT SELECT(mode) ON TABLE api.subscription TO pmsync_console;
GRANT SELECT(mode) ON TABLE api.subscription TO pmsync_api;

GRANT SELECT(queue) ON TABLE api.subscription TO pmsync_console;

GRANT SELECT(last_event) ON TABLE api.subscription TO pmsync_console;
GRANT UPDATE(last_event) ON TABLE api.subscription TO pmsync_scheduling;
GRANT SELECT(last_event) ON TABLE api.subscription TO pmsync_api;

GRANT SELECT(created_at) ON TABLE api.subscription TO pmsync_console;
GRANT SELECT(created_at) ON TABLE api.subscription TO pmsync_api;

GRANT SELECT(ended_at) ON TABLE api.subscription TO pmsync_console;
GRANT UPDATE(ended_at) ON TABLE api.subscription TO pmsync_scheduling;
GRANT SELECT(ended_at) ON TABLE api.subscription TO pmsync_api;

GRANT SELECT(alarms) ON TABLE api.subscription TO pmsync_console;

GRANT SELECT,INSERT ON TABLE console.audit TO pmsync_console;
GRANT SELECT,INSERT ON TABLE console.audit TO pmsync_operator;

GRANT USAGE ON SEQUENCE console.audit_id_seq TO pmsync_console;
GRANT USAGE ON SEQUENCE console.audit_id_seq TO pmsync_operator;

GRANT SELECT,INSERT,UPDATE ON TABLE console.invite TO pmsync_console;
GRANT SELECT,INSERT,UPDATE ON TABLE console.invite TO pmsync_operator;
GRANT DELETE ON TABLE console.invite TO pmsync_gateway;

GRANT SELECT(expires_at) ON TABLE console.invite TO pmsync_gateway;

GRANT SELECT(used_at) ON TABLE console.invite TO pmsync_gateway;

GRANT SELECT,INSERT,UPDATE ON TABLE console.person TO pmsync_console;
GRANT SELECT,INSERT,UPDATE ON TABLE console.person TO pmsync_operator;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE console.session TO pmsync_console;
GRANT SELECT,INSERT,UPDATE ON TABLE console.session TO pmsync_operator;
GRANT DELETE ON TABLE console.session TO pmsync_gateway;

GRANT SELECT(last_seen_at) ON TABLE console.session TO pmsync_gateway;

GRANT SELECT(expires_at) ON TABLE console.session TO pmsync_gateway;

GRANT SELECT ON TABLE journal.held TO pmsync_gateway;
GRANT SELECT ON TABLE journal.held TO pmsync_scheduling;
GRANT SELECT ON TABLE journal.held TO pmsync_console;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE journal.held TO pmsync_operator;

GRANT SELECT,INSERT,DELETE ON TABLE journal.outcome TO pmsync_gateway;
GRANT SELECT,INSERT ON TABLE journal.outcome TO pmsync_scheduling;
GRANT SELECT,INSERT ON TABLE journal.outcome TO pmsync_console;
GRANT SELECT,INSERT ON TABLE journal.outcome TO pmsync_operator;

GRANT USAGE ON SEQUENCE journal.outcome_id_seq TO pmsync_gateway;
GRANT USAGE ON SEQUENCE journal.outcome_id_seq TO pmsync_scheduling;
GRANT USAGE ON SEQUENCE journal.outcome_id_seq TO pmsync_console;
GRANT USAGE ON SEQUENCE journal.outcome_id_seq TO pmsync_operator;

GRANT SELECT,INSERT,DELETE ON TABLE journal.refusal TO pmsync_gateway;
GRANT SELECT ON TABLE journal.refusal TO pmsync_scheduling;
GRANT SELECT ON TABLE journal.refusal TO pmsync_console;
GRANT SELECT ON TABLE journal.refusal TO pmsync_operator;

GRANT USAGE ON SEQUENCE journal.refusal_id_seq TO pmsync_gateway;
GRANT USAGE ON SEQUENCE journal.refusal_id_seq TO pmsync_scheduling;
GRANT USAGE ON SEQUENCE journal.refusal_id_seq TO pmsync_console;
GRANT USAGE ON SEQUENCE journal.refusal_id_seq TO pmsync_operator;

GRANT SELECT,INSERT,DELETE ON TABLE journal.repeat TO pmsync_gateway;
GRANT SELECT ON TABLE journal.repeat TO pmsync_scheduling;
GRANT SELECT ON TABLE journal.repeat TO pmsync_console;
GRANT SELECT,INSERT ON TABLE journal.repeat TO pmsync_operator;

GRANT USAGE ON SEQUENCE journal.repeat_id_seq TO pmsync_gateway;
GRANT USAGE ON SEQUENCE journal.repeat_id_seq TO pmsync_scheduling;
GRANT USAGE ON SEQUENCE journal.repeat_id_seq TO pmsync_console;
GRANT USAGE ON SEQUENCE journal.repeat_id_seq TO pmsync_operator;

GRANT SELECT,INSERT,DELETE ON TABLE journal.seen TO pmsync_gateway;
GRANT SELECT ON TABLE journal.seen TO pmsync_scheduling;
GRANT SELECT ON TABLE journal.seen TO pmsync_console;
GRANT SELECT,INSERT ON TABLE journal.seen TO pmsync_operator;

GRANT SELECT ON TABLE public.schema_migration TO pmsync_gateway;
GRANT SELECT ON TABLE public.schema_migration TO pmsync_api;
GRANT SELECT ON TABLE public.schema_migration TO pmsync_scheduling;
GRANT SELECT ON TABLE public.schema_migration TO pmsync_console;
GRANT SELECT ON TABLE public.schema_migration TO pmsync_operator;

GRANT SELECT,DELETE,UPDATE ON TABLE queue.blocked TO pmsync_gateway;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE queue.blocked TO pmsync_scheduling;
GRANT SELECT,DELETE,UPDATE ON TABLE queue.blocked TO pmsync_console;
GRANT SELECT,DELETE,UPDATE ON TABLE queue.blocked TO pmsync_operator;

GRANT USAGE ON SEQUENCE queue.job_id TO pmsync_gateway;
GRANT USAGE ON SEQUENCE queue.job_id TO pmsync_scheduling;
GRANT USAGE ON SEQUENCE queue.job_id TO pmsync_console;
GRANT USAGE ON SEQUENCE queue.job_id TO pmsync_operator;

GRANT SELECT,INSERT ON TABLE queue.job TO pmsync_gateway;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE queue.job TO pmsync_scheduling;
GRANT SELECT,INSERT ON TABLE queue.job TO pmsync_console;
GRANT SELECT,INSERT ON TABLE queue.job TO pmsync_operator;

GRANT SELECT ON TABLE queue.lane TO pmsync_gateway;
GRANT SELECT,UPDATE ON TABLE queue.lane TO pmsync_scheduling;
GRANT SELECT ON TABLE queue.lane TO pmsync_console;
GRANT SELECT,INSERT ON TABLE queue.lane TO pmsync_operator;

GRANT SELECT ON TABLE queue.queue TO pmsync_gateway;
GRANT SELECT,UPDATE ON TABLE queue.queue TO pmsync_scheduling;
GRANT SELECT ON TABLE queue.queue TO pmsync_console;
GRANT SELECT,INSERT,UPDATE ON TABLE queue.queue TO pmsync_operator;

GRANT UPDATE(paused_reason) ON TABLE queue.queue TO pmsync_console;

GRANT UPDATE(drains_through) ON TABLE queue.queue TO pmsync_console;

GRANT USAGE ON SEQUENCE queue.queue_id_seq TO pmsync_gateway;
GRANT USAGE ON SEQUENCE queue.queue_id_seq TO pmsync_scheduling;
GRANT USAGE ON SEQUENCE queue.queue_id_seq TO pmsync_console;
GRANT USAGE ON SEQUENCE queue.queue_id_seq TO pmsync_operator;

GRANT SELECT ON TABLE queue.secret TO pmsync_gateway;
GRANT SELECT ON TABLE queue.secret TO pmsync_scheduling;
GRANT SELECT ON TABLE queue.secret TO pmsync_console;
GRANT SELECT ON TABLE queue.secret TO pmsync_operator;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE queue.suspect TO pmsync_scheduling;
GRANT SELECT,DELETE ON TABLE queue.suspect TO pmsync_gateway;
GRANT SELECT ON TABLE queue.suspect TO pmsync_console;
GRANT SELECT ON TABLE queue.suspect TO pmsync_operator;

GRANT USAGE ON SEQUENCE queue.worker_id TO pmsync_gateway;
GRANT USAGE ON SEQUENCE queue.worker_id TO pmsync_scheduling;
GRANT USAGE ON SEQUENCE queue.worker_id TO pmsync_console;
GRANT USAGE ON SEQUENCE queue.worker_id TO pmsync_operator;

GRANT SELECT ON TABLE queue.worker TO pmsync_gateway;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE queue.worker TO pmsync_scheduling;
GRANT SELECT ON TABLE queue.worker TO pmsync_console;
GRANT SELECT ON TABLE queue.worker TO pmsync_operator;

GRANT SELECT ON TABLE reconciliation.finding TO pmsync_gateway;
GRANT SELECT,INSERT,UPDATE ON TABLE reconciliation.finding TO pmsync_scheduling;
GRANT SELECT ON TABLE reconciliation.finding TO pmsync_console;
GRANT SELECT,INSERT,UPDATE ON TABLE reconciliation.finding TO pmsync_operator;

GRANT SELECT ON TABLE reconciliation.finding_act TO pmsync_gateway;
GRANT SELECT ON TABLE reconciliation.finding_act TO pmsync_scheduling;
GRANT SELECT,INSERT ON TABLE reconciliation.finding_act TO pmsync_console;
GRANT SELECT,INSERT ON TABLE reconciliation.finding_act TO pmsync_operator;

GRANT USAGE ON SEQUENCE reconciliation.finding_act_id_seq TO pmsync_console;
GRANT USAGE ON SEQUENCE reconciliation.finding_act_id_seq TO pmsync_operator;
GRANT USAGE ON SEQUENCE reconciliation.finding_act_id_seq TO pmsync_scheduling;

GRANT SELECT ON TABLE reconciliation.finding_event TO pmsync_gateway;
GRANT SELECT,INSERT ON TABLE reconciliation.finding_event TO pmsync_scheduling;
GRANT SELECT ON TABLE reconciliation.finding_event TO pmsync_console;
GRANT SELECT,INSERT ON TABLE reconciliation.finding_event TO pmsync_operator;

GRANT SELECT ON TABLE reconciliation.finding_history TO pmsync_gateway;
GRANT SELECT ON TABLE reconciliation.finding_history TO pmsync_scheduling;
GRANT SELECT ON TABLE reconciliation.finding_history TO pmsync_console;
GRANT SELECT ON TABLE reconciliation.finding_history TO pmsync_operator;

GRANT SELECT ON TABLE reconciliation.member TO pmsync_gateway;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE reconciliation.member TO pmsync_scheduling;
GRANT SELECT ON TABLE reconciliation.member TO pmsync_console;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE reconciliation.member TO pmsync_operator;

GRANT SELECT ON TABLE reconciliation.run TO pmsync_gateway;
GRANT SELECT,INSERT,UPDATE ON TABLE reconciliation.run TO pmsync_scheduling;
GRANT SELECT ON TABLE reconciliation.run TO pmsync_console;
GRANT SELECT,INSERT,UPDATE ON TABLE reconciliation.run TO pmsync_operator;

GRANT SELECT,INSERT,UPDATE ON TABLE reconciliation.tapped TO pmsync_scheduling;
GRANT SELECT,UPDATE ON TABLE reconciliation.tapped TO pmsync_operator;
GRANT SELECT ON TABLE reconciliation.tapped TO pmsync_console;

GRANT USAGE ON SEQUENCE reconciliation.tapped_id_seq TO pmsync_scheduling;

GRANT SELECT ON TABLE records.appointment TO pmsync_gateway;
GRANT SELECT,INSERT,UPDATE ON TABLE records.appointment TO pmsync_scheduling;
GRANT SELECT ON TABLE records.appointment TO pmsync_console;
GRANT SELECT ON TABLE records.appointment TO pmsync_operator;
GRANT SELECT ON TABLE records.appointment TO pmsync_api;

GRANT SELECT ON TABLE records.appointment_alias TO pmsync_gateway;
GRANT SELECT,INSERT,DELETE ON TABLE records.appointment_alias TO pmsync_scheduling;
GRANT SELECT ON TABLE records.appointment_alias TO pmsync_console;
GRANT SELECT ON TABLE records.appointment_alias TO pmsync_operator;
GRANT SELECT ON TABLE records.appointment_alias TO pmsync_api;

GRANT SELECT ON TABLE records.appointment_event TO pmsync_gateway;
GRANT SELECT,INSERT,DELETE ON TABLE records.appointment_event TO pmsync_scheduling;
GRANT SELECT ON TABLE records.appointment_event TO pmsync_console;
GRANT SELECT ON TABLE records.appointment_event TO pmsync_operator;

GRANT SELECT ON TABLE records.appointment_resource TO pmsync_gateway;
GRANT SELECT,INSERT,DELETE ON TABLE records.appointment_resource TO pmsync_scheduling;
GRANT SELECT ON TABLE records.appointment_resource TO pmsync_console;
GRANT SELECT ON TABLE records.appointment_resource TO pmsync_operator;
GRANT SELECT ON TABLE records.appointment_resource TO pmsync_api;

GRANT SELECT ON TABLE records.appointment_version TO pmsync_gateway;
GRANT SELECT,INSERT ON TABLE records.appointment_version TO pmsync_scheduling;
GRANT SELECT ON TABLE records.appointment_version TO pmsync_console;
GRANT SELECT ON TABLE records.appointment_version TO pmsync_operator;

GRANT SELECT ON TABLE records.block TO pmsync_gateway;
GRANT SELECT,INSERT,UPDATE ON TABLE records.block TO pmsync_scheduling;
GRANT SELECT ON TABLE records.block TO pmsync_console;
GRANT SELECT ON TABLE records.block TO pmsync_operator;

GRANT SELECT ON TABLE records.block_name TO pmsync_gateway;
GRANT SELECT,INSERT ON TABLE records.block_name TO pmsync_scheduling;
GRANT SELECT ON TABLE records.block_name TO pmsync_console;
GRANT SELECT ON TABLE records.block_name TO pmsync_operator;

GRANT SELECT ON TABLE records.block_stretch TO pmsync_gateway;
GRANT SELECT,INSERT,DELETE ON TABLE records.block_stretch TO pmsync_scheduling;
GRANT SELECT ON TABLE records.block_stretch TO pmsync_console;
GRANT SELECT ON TABLE records.block_stretch TO pmsync_operator;

GRANT SELECT ON TABLE records.change TO pmsync_gateway;
GRANT SELECT,INSERT ON TABLE records.change TO pmsync_scheduling;
GRANT SELECT ON TABLE records.change TO pmsync_console;
GRANT SELECT ON TABLE records.change TO pmsync_operator;
GRANT SELECT ON TABLE records.change TO pmsync_api;

GRANT SELECT ON TABLE records.day_event TO pmsync_gateway;
GRANT SELECT,INSERT,UPDATE ON TABLE records.day_event TO pmsync_scheduling;
GRANT SELECT ON TABLE records.day_event TO pmsync_console;
GRANT SELECT ON TABLE records.day_event TO pmsync_operator;
GRANT SELECT ON TABLE records.day_event TO pmsync_api;

GRANT SELECT ON TABLE records.decision TO pmsync_gateway;
GRANT SELECT ON TABLE records.decision TO pmsync_scheduling;
GRANT SELECT,INSERT ON TABLE records.decision TO pmsync_console;
GRANT SELECT,INSERT ON TABLE records.decision TO pmsync_operator;

GRANT UPDATE(question) ON TABLE records.decision TO pmsync_scheduling;

GRANT UPDATE(became) ON TABLE records.decision TO pmsync_scheduling;

GRANT UPDATE(applied_at) ON TABLE records.decision TO pmsync_scheduling;

GRANT SELECT ON TABLE records.fan_out TO pmsync_gateway;
GRANT SELECT,INSERT,UPDATE ON TABLE records.fan_out TO pmsync_scheduling;
GRANT SELECT ON TABLE records.fan_out TO pmsync_console;
GRANT SELECT ON TABLE records.fan_out TO pmsync_operator;

GRANT SELECT,INSERT,UPDATE ON TABLE records.load TO pmsync_operator;
GRANT SELECT ON TABLE records.load TO pmsync_console;
GRANT SELECT ON TABLE records.load TO pmsync_scheduling;
GRANT SELECT ON TABLE records.load TO pmsync_gateway;

GRANT USAGE ON SEQUENCE records.load_id_seq TO pmsync_operator;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE records.occupancy TO pmsync_gateway;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE records.occupancy TO pmsync_scheduling;
GRANT SELECT ON TABLE records.occupancy TO pmsync_console;
GRANT SELECT ON TABLE records.occupancy TO pmsync_operator;

GRANT SELECT ON TABLE records.person TO pmsync_gateway;
GRANT SELECT ON TABLE records.person TO pmsync_scheduling;
GRANT SELECT ON TABLE records.person TO pmsync_console;
GRANT SELECT ON TABLE records.person TO pmsync_operator;
GRANT SELECT ON TABLE records.person TO pmsync_api;

GRANT SELECT ON TABLE records.person_alias TO pmsync_gateway;
GRANT SELECT ON TABLE records.person_alias TO pmsync_scheduling;
GRANT SELECT ON TABLE records.person_alias TO pmsync_console;
GRANT SELECT ON TABLE records.person_alias TO pmsync_operator;
GRANT SELECT ON TABLE records.person_alias TO pmsync_api;

GRANT SELECT ON TABLE records.practice TO pmsync_gateway;
GRANT SELECT ON TABLE records.practice TO pmsync_scheduling;
GRANT SELECT ON TABLE records.practice TO pmsync_console;
GRANT SELECT,INSERT,UPDATE ON TABLE records.practice TO pmsync_operator;
GRANT SELECT ON TABLE records.practice TO pmsync_api;

GRANT UPDATE(last_change) ON TABLE records.practice TO pmsync_scheduling;

GRANT SELECT ON TABLE records.resource TO pmsync_gateway;
GRANT SELECT,INSERT,UPDATE ON TABLE records.resource TO pmsync_scheduling;
GRANT SELECT ON TABLE records.resource TO pmsync_console;
GRANT SELECT ON TABLE records.resource TO pmsync_operator;
GRANT SELECT ON TABLE records.resource TO pmsync_api;

GRANT SELECT,INSERT ON TABLE records.retracted_event TO pmsync_scheduling;
GRANT SELECT ON TABLE records.retracted_event TO pmsync_console;
GRANT SELECT ON TABLE records.retracted_event TO pmsync_operator;

GRANT SELECT ON TABLE records.slot TO pmsync_gateway;
GRANT SELECT,INSERT,UPDATE ON TABLE records.slot TO pmsync_scheduling;
GRANT SELECT ON TABLE records.slot TO pmsync_console;
GRANT SELECT ON TABLE records.slot TO pmsync_operator;
GRANT SELECT ON TABLE records.slot TO pmsync_api;

GRANT SELECT ON TABLE records.taken_back TO pmsync_gateway;
GRANT SELECT ON TABLE records.taken_back TO pmsync_scheduling;
GRANT SELECT,INSERT ON TABLE records.taken_back TO pmsync_console;
GRANT SELECT,INSERT ON TABLE records.taken_back TO pmsync_operator;

GRANT SELECT,INSERT,UPDATE ON TABLE watch.alarm TO pmsync_scheduling;
GRANT SELECT ON TABLE watch.alarm TO pmsync_console;
GRANT SELECT ON TABLE watch.alarm TO pmsync_operator;

GRANT SELECT ON TABLE workflow.code_scan TO pmsync_gateway;
GRANT SELECT,INSERT,UPDATE ON TABLE workflow.code_scan TO pmsync_scheduling;
GRANT SELECT ON TABLE workflow.code_scan TO pmsync_console;
GRANT SELECT ON TABLE workflow.code_scan TO pmsync_operator;

GRANT SELECT ON TABLE workflow.code_seen TO pmsync_gateway;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE workflow.code_seen TO pmsync_scheduling;
GRANT SELECT ON TABLE workflow.code_seen TO pmsync_console;
GRANT SELECT ON TABLE workflow.code_seen TO pmsync_operator;

GRANT SELECT ON TABLE workflow.definition TO pmsync_gateway;
GRANT SELECT ON TABLE workflow.definition TO pmsync_scheduling;
GRANT SELECT ON TABLE workflow.definition TO pmsync_console;
GRANT SELECT,INSERT ON TABLE workflow.definition TO pmsync_operator;

GRANT SELECT ON TABLE workflow.unmapped TO pmsync_gateway;
GRANT SELECT,INSERT ON TABLE workflow.unmapped TO pmsync_scheduling;
GRANT SELECT ON TABLE workflow.unmapped TO pmsync_console;
GRANT SELECT ON TABLE workflow.unmapped TO pmsync_operator;
