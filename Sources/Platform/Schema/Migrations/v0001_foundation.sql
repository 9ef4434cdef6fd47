-- The whole foundation: journal, queue, definitions, records, booking apps, reconciliation, console.
-- Every table names its writer and when a row leaves. Keys of record tables lead with practice_id (persons: enterprise_id).

CREATE EXTENSION IF NOT EXISTS btree_gist;

CREATE SCHEMA journal;
CREATE SCHEMA queue;
CREATE SCHEMA workflow;
CREATE SCHEMA records;
CREATE SCHEMA api;
CREATE SCHEMA reconciliation;
CREATE SCHEMA console;

-- Journal ------------------------------------------------------------------------------------------------------------

CREATE SEQUENCE journal.entry_id;

CREATE TABLE journal.entry (
    received_on date NOT NULL,
    id bigint NOT NULL DEFAULT nextval('journal.entry_id'),
    received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    direction text NOT NULL DEFAULT 'in',
    feed text NOT NULL,
    practice_id text,
    peer text NOT NULL,
    control_id text NOT NULL,
    message_type text NOT NULL,
    flags text[] NOT NULL DEFAULT '{}',
    digest bytea NOT NULL,
    encoding text NOT NULL DEFAULT 'plain',
    key_id text,
    payload bytea NOT NULL,
    PRIMARY KEY (received_on, id),
    CONSTRAINT entry_direction_is_known CHECK (direction IN ('in', 'out')),
    CONSTRAINT entry_encoding_is_known CHECK (encoding IN ('plain', 'compressed', 'sealed')),
    CONSTRAINT entry_is_sealed_with_a_key CHECK ((encoding = 'sealed') = (key_id IS NOT NULL)),
    CONSTRAINT entry_digest_is_sha256 CHECK (octet_length(digest) = 32)
) PARTITION BY RANGE (received_on);
COMMENT ON TABLE journal.entry IS
    'Every message, bytes as they came or went. Written by the gateway (in) and the workers (out), changed by nobody; a row leaves with its day''s partition.';
CREATE INDEX entry_by_control_id ON journal.entry (control_id);
CREATE INDEX entry_by_feed ON journal.entry (feed, received_at);

CREATE TABLE journal.seen (
    feed text NOT NULL,
    control_id text NOT NULL,
    digest bytea NOT NULL,
    received_on date NOT NULL,
    entry_id bigint NOT NULL,
    seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (feed, control_id, digest)
);
COMMENT ON TABLE journal.seen IS
    'Tells a resend from a new message. Written by the gateway with the entry; a row leaves after 30 days or more.';

CREATE TABLE journal.repeat (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    received_on date NOT NULL,
    entry_id bigint NOT NULL,
    peer text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE journal.repeat IS
    'One row a resend that was acknowledged again and not run again. Written by the gateway; leaves with its entry''s day.';
CREATE INDEX repeat_by_entry ON journal.repeat (received_on, entry_id);

CREATE TABLE journal.outcome (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    received_on date NOT NULL,
    entry_id bigint NOT NULL,
    workflow text NOT NULL,
    definition bytea,
    code text NOT NULL,
    detail text,
    at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE journal.outcome IS
    'How an entry ended, one insert in its job''s commit. Written by gateway (refused) and workers; leaves with its entry''s day.';
CREATE INDEX outcome_by_entry ON journal.outcome (received_on, entry_id);
CREATE INDEX outcome_discarded ON journal.outcome (at) WHERE code = 'discarded';

CREATE TABLE journal.refusal (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    feed text NOT NULL,
    peer text NOT NULL,
    reason text NOT NULL,
    size bigint NOT NULL,
    head bytea NOT NULL,
    CONSTRAINT refusal_head_is_short CHECK (octet_length(head) <= 65536)
);
COMMENT ON TABLE journal.refusal IS
    'A cut or over-long frame: no entry, but something a person can find. Written by the gateway; kept as long as the journal.';

-- A day's partitions are made ahead by migrate and by the gateway, hourly. Safe to repeat.
CREATE FUNCTION journal.make_days(from_day date, to_day date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
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

-- Queue --------------------------------------------------------------------------------------------------------------

CREATE TABLE queue.queue (
    id smallint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE,
    lanes smallint NOT NULL,
    practice_id text,
    paused_reason text,
    circuit_open_until timestamptz,
    CONSTRAINT queue_lanes_are_few CHECK (lanes BETWEEN 1 AND 256)
);
COMMENT ON TABLE queue.queue IS
    'A workflow, the fan-out, or one destination. Written by migrate, pmsync client add, and workers (circuit); never leaves.';

CREATE SEQUENCE queue.job_id;  -- CACHE 1: with the key lock at enqueue, id order is commit order for a key

CREATE TABLE queue.job (
    queue smallint NOT NULL REFERENCES queue.queue,
    lane smallint NOT NULL,
    id bigint NOT NULL DEFAULT nextval('queue.job_id'),
    kind text NOT NULL,
    attempts smallint NOT NULL DEFAULT 0,
    enqueued_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    key bytea NOT NULL,
    practice_id text,
    received_on date,
    entry_id bigint,
    payload jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (queue, lane, id),
    CONSTRAINT job_key_is_a_hash CHECK (octet_length(key) = 16)
) WITH (autovacuum_vacuum_scale_factor = 0.01);
COMMENT ON TABLE queue.job IS
    'A row exists if and only if work remains. Inserted by all, deleted by the worker that holds its lane, in the commit of the work.';

CREATE TABLE queue.lane (
    queue smallint NOT NULL REFERENCES queue.queue,
    lane smallint NOT NULL,
    owner integer,
    epoch bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (queue, lane)
) WITH (fillfactor = 30);
COMMENT ON TABLE queue.lane IS
    'Who works a lane, under which epoch: the fence of every write of that worker. Made with its queue, changed by workers, never leaves.';

CREATE TABLE queue.secret (
    secret bytea PRIMARY KEY DEFAULT sha256(gen_random_uuid()::text::bytea || gen_random_uuid()::text::bytea)
);
COMMENT ON TABLE queue.secret IS
    'One row: what keys are hashed with, so that a key is no name, number or date. Made by migrate, changed by nobody.';
INSERT INTO queue.secret DEFAULT VALUES;

CREATE SEQUENCE queue.worker_id AS integer;

CREATE TABLE queue.worker (
    id integer PRIMARY KEY DEFAULT nextval('queue.worker_id'),
    name text NOT NULL,
    host text NOT NULL,
    version text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    lease_until timestamptz NOT NULL
);
COMMENT ON TABLE queue.worker IS
    'A running worker, which also holds a session advisory lock on its id. Written by itself; leaves when its lanes have been taken over.';

CREATE TABLE queue.blocked (
    queue smallint NOT NULL REFERENCES queue.queue,
    lane smallint NOT NULL,
    id bigint NOT NULL,
    kind text NOT NULL,
    state text NOT NULL,
    attempts smallint NOT NULL,
    run_at timestamptz,
    enqueued_at timestamptz NOT NULL,
    blocked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    key bytea NOT NULL,
    holds_key boolean NOT NULL,
    code text,
    stage text,
    detail text,
    practice_id text,
    received_on date,
    entry_id bigint,
    payload jsonb NOT NULL,
    PRIMARY KEY (queue, lane, id),
    CONSTRAINT blocked_state_is_known CHECK (state IN ('retrying', 'waiting', 'parked', 'uncertain')),
    CONSTRAINT blocked_has_a_time_if_retrying CHECK ((state = 'retrying') = (run_at IS NOT NULL)),
    CONSTRAINT blocked_says_why CHECK ((state = 'waiting') = (code IS NULL))
);
COMMENT ON TABLE queue.blocked IS
    'The rare path: a retrying head, its waiting successors, parked and uncertain jobs. Written by workers and by replay and discard; leaves when done or discarded.';
CREATE INDEX blocked_by_key ON queue.blocked (queue, lane, key, id);
CREATE INDEX blocked_due ON queue.blocked (queue, run_at) WHERE state = 'retrying';
CREATE INDEX blocked_by_entry ON queue.blocked (received_on, entry_id);

-- Makes a queue with its lanes, or finds it. Safe to repeat.
CREATE FUNCTION queue.make(queue_name text, lane_count smallint, owner_practice text DEFAULT NULL) RETURNS smallint
LANGUAGE plpgsql AS $$
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

-- Puts jobs into one queue, in the order given. Locks the distinct keys in sorted order, so that a key's id order is its
-- commit order whoever enqueues; hence enqueue last in a transaction.
CREATE FUNCTION queue.enqueue(
    into_queue smallint, kinds text[], keys bytea[], practices text[], days date[], entries bigint[], payloads text[]
) RETURNS SETOF bigint
LANGUAGE plpgsql AS $$
DECLARE
    lane_count smallint;
    one bytea;
BEGIN
    SELECT lanes INTO STRICT lane_count FROM queue.queue WHERE id = into_queue;
    FOR one IN SELECT DISTINCT k FROM unnest(keys) k ORDER BY k LOOP
        PERFORM pg_advisory_xact_lock(hashtextextended(encode(one, 'hex'), into_queue));
    END LOOP;
    RETURN QUERY
    INSERT INTO queue.job (queue, lane, kind, key, practice_id, received_on, entry_id, payload)
    SELECT into_queue, get_byte(j.key, 0) % lane_count, j.kind, j.key, j.practice, j.day, j.entry, j.payload::jsonb
    FROM unnest(kinds, keys, practices, days, entries, payloads)
        WITH ORDINALITY AS j (kind, key, practice, day, entry, payload, n)
    ORDER BY j.n
    RETURNING id;
END $$;

-- Definitions --------------------------------------------------------------------------------------------------------

CREATE TABLE workflow.definition (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    digest bytea NOT NULL,
    files jsonb NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    applied_by text NOT NULL
);
COMMENT ON TABLE workflow.definition IS
    'Each folder of definitions ever applied, whole: path to text; the newest is in force. Written by pmsync apply, never changed, never leaves.';

-- Records: practices, persons ----------------------------------------------------------------------------------------

CREATE TABLE records.practice (
    practice_id text PRIMARY KEY,
    enterprise_id text NOT NULL,
    name text NOT NULL,
    zone text NOT NULL,
    last_change bigint NOT NULL DEFAULT 0,
    fanned_out bigint NOT NULL DEFAULT 0,
    CONSTRAINT practice_fans_out_what_there_is CHECK (fanned_out <= last_change)
);
COMMENT ON TABLE records.practice IS
    'A practice and its change counter. Written by pmsync apply; counters by workers, as the last statement of their commit. Never leaves.';

CREATE TABLE records.person (
    enterprise_id text NOT NULL,
    id uuid NOT NULL,
    provisional boolean NOT NULL DEFAULT true,
    survivor uuid,
    family text NOT NULL DEFAULT '',
    given text NOT NULL DEFAULT '',
    birth_date date,
    sex text NOT NULL DEFAULT '',
    phone text NOT NULL DEFAULT '',
    email text NOT NULL DEFAULT '',
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (enterprise_id, id),
    CONSTRAINT person_does_not_survive_itself CHECK (survivor IS DISTINCT FROM id)
);
CREATE INDEX person_by_survivor ON records.person (enterprise_id, survivor) WHERE survivor IS NOT NULL;
COMMENT ON TABLE records.person IS
    'A person. Provisional rows come from any worker through records.seen_person; registration owns the rest. Never leaves.';

CREATE TABLE records.person_alias (
    enterprise_id text NOT NULL,
    kind text NOT NULL,
    authority text NOT NULL,
    value text NOT NULL,
    person_id uuid NOT NULL,
    trust smallint NOT NULL,
    first_seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (enterprise_id, kind, authority, value),
    FOREIGN KEY (enterprise_id, person_id) REFERENCES records.person (enterprise_id, id)
);
COMMENT ON TABLE records.person_alias IS
    'What a person is called on the wire. Only accumulates. Written through records.seen_person; never leaves.';
CREATE INDEX person_alias_by_person ON records.person_alias (enterprise_id, person_id);

-- Finds the person of the most trusted alias that is known, else makes a provisional one; adds the aliases that are new;
-- fills blanks of provisional rows only. An alias that already names another person is left with that person. Gives
-- the survivor where the person was merged.
CREATE FUNCTION records.seen_person(
    enterprise text, kinds text[], authorities text[], alias_values text[], trusts smallint[],
    seen_family text, seen_given text, seen_birth date, seen_sex text, seen_phone text, seen_email text
) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    found uuid;
    one text;
BEGIN
    FOR one IN
        SELECT DISTINCT a.kind || '/' || a.authority || '/' || a.value
        FROM unnest(kinds, authorities, alias_values) AS a (kind, authority, value) ORDER BY 1
    LOOP
        PERFORM pg_advisory_xact_lock(hashtextextended(enterprise || '/' || one, 7));
    END LOOP;
    SELECT p.person_id INTO found
    FROM unnest(kinds, authorities, alias_values, trusts) AS a (kind, authority, value, trust)
    JOIN records.person_alias p ON p.enterprise_id = enterprise
        AND p.kind = a.kind AND p.authority = a.authority AND p.value = a.value
    ORDER BY a.trust DESC, p.first_seen_at LIMIT 1;
    IF found IS NULL THEN
        found := gen_random_uuid();
        INSERT INTO records.person (enterprise_id, id, family, given, birth_date, sex, phone, email)
        VALUES (enterprise, found, seen_family, seen_given, seen_birth, seen_sex, seen_phone, seen_email);
    ELSE
        UPDATE records.person p SET
            family = CASE WHEN p.family = '' THEN seen_family ELSE p.family END,
            given = CASE WHEN p.given = '' THEN seen_given ELSE p.given END,
            birth_date = coalesce(p.birth_date, seen_birth),
            sex = CASE WHEN p.sex = '' THEN seen_sex ELSE p.sex END,
            phone = CASE WHEN p.phone = '' THEN seen_phone ELSE p.phone END,
            email = CASE WHEN p.email = '' THEN seen_email ELSE p.email END,
            changed_at = clock_timestamp()
        WHERE p.enterprise_id = enterprise AND p.id = found AND p.provisional
            AND ((p.family = '' AND seen_family <> '') OR (p.given = '' AND seen_given <> '')
                OR (p.birth_date IS NULL AND seen_birth IS NOT NULL) OR (p.sex = '' AND seen_sex <> '')
                OR (p.phone = '' AND seen_phone <> '') OR (p.email = '' AND seen_email <> ''));
    END IF;
    INSERT INTO records.person_alias (enterprise_id, kind, authority, value, person_id, trust)
    SELECT enterprise, a.kind, a.authority, a.value, found, a.trust
    FROM unnest(kinds, authorities, alias_values, trusts) AS a (kind, authority, value, trust)
    ON CONFLICT DO NOTHING;
    RETURN (SELECT coalesce(p.survivor, p.id) FROM records.person p
            WHERE p.enterprise_id = enterprise AND p.id = found);
END $$;

-- Records: schedule --------------------------------------------------------------------------------------------------

CREATE TABLE records.resource (
    practice_id text NOT NULL REFERENCES records.practice,
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    kind text NOT NULL,
    code text NOT NULL,
    name text NOT NULL DEFAULT '',
    npi text NOT NULL DEFAULT '',
    capacity integer NOT NULL DEFAULT 1,
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (practice_id, id),
    UNIQUE (practice_id, kind, code),
    CONSTRAINT resource_kind_is_known CHECK (kind IN ('practitioner', 'location', 'device')),
    CONSTRAINT resource_capacity_is_positive CHECK (capacity > 0)
);
COMMENT ON TABLE records.resource IS
    'Who or what can be booked. Written by scheduling at first sight; never leaves.';

CREATE TABLE records.appointment (
    practice_id text NOT NULL REFERENCES records.practice,
    id uuid NOT NULL,
    version integer NOT NULL,
    status text NOT NULL,
    source_status text NOT NULL DEFAULT '',
    start_at timestamptz,
    end_at timestamptz,
    enterprise_id text NOT NULL,
    person_id uuid,
    type_code text NOT NULL DEFAULT '',
    type_text text NOT NULL DEFAULT '',
    reason_text text NOT NULL DEFAULT '',
    cancel_reason text NOT NULL DEFAULT '',
    overbooked boolean NOT NULL DEFAULT false,
    replaces uuid,
    flags text[] NOT NULL DEFAULT '{}',
    event_at timestamptz NOT NULL,
    received_on date NOT NULL,
    entry_id bigint NOT NULL,
    definition bytea,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (practice_id, id),
    FOREIGN KEY (enterprise_id, person_id) REFERENCES records.person (enterprise_id, id),
    CONSTRAINT appointment_status_is_fhir CHECK (status IN ('proposed', 'pending', 'booked', 'arrived', 'checked-in',
        'fulfilled', 'cancelled', 'noshow', 'waitlist', 'entered-in-error')),
    CONSTRAINT appointment_ends_after_its_start CHECK (end_at > start_at),
    CONSTRAINT appointment_has_both_times_or_none CHECK ((start_at IS NULL) = (end_at IS NULL))
);
COMMENT ON TABLE records.appointment IS
    'An appointment as it stands: the fold of its events in event order. Written by scheduling; never leaves (a deletion is entered-in-error).';
CREATE INDEX appointment_by_start ON records.appointment (practice_id, start_at, id);
CREATE INDEX appointment_by_person ON records.appointment (practice_id, person_id, start_at);
CREATE INDEX appointment_by_change ON records.appointment (practice_id, changed_at, id);

CREATE TABLE records.appointment_alias (
    practice_id text NOT NULL,
    kind text NOT NULL,
    authority text NOT NULL,
    value text NOT NULL,
    appointment_id uuid NOT NULL,
    trust smallint NOT NULL,
    first_seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (practice_id, kind, authority, value),
    FOREIGN KEY (practice_id, appointment_id) REFERENCES records.appointment (practice_id, id)
);
COMMENT ON TABLE records.appointment_alias IS
    'What an appointment is called on the wire (placer, filler, visit). Only accumulates. Written by scheduling; never leaves.';
CREATE INDEX appointment_alias_by_appointment ON records.appointment_alias (practice_id, appointment_id);

CREATE TABLE records.appointment_event (
    practice_id text NOT NULL,
    appointment_id uuid NOT NULL,
    event_at timestamptz NOT NULL,
    entry_id bigint NOT NULL,
    received_on date NOT NULL,
    definition bytea,
    facts jsonb NOT NULL,
    PRIMARY KEY (practice_id, appointment_id, event_at, entry_id),
    FOREIGN KEY (practice_id, appointment_id) REFERENCES records.appointment (practice_id, id)
);
COMMENT ON TABLE records.appointment_event IS
    'What each message said of an appointment, by event time (ties by journal order). Written by scheduling; never leaves.';

CREATE TABLE records.appointment_version (
    practice_id text NOT NULL,
    appointment_id uuid NOT NULL,
    version integer NOT NULL,
    event_at timestamptz NOT NULL,
    received_on date NOT NULL,
    entry_id bigint NOT NULL,
    definition bytea,
    state jsonb NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (practice_id, appointment_id, version),
    FOREIGN KEY (practice_id, appointment_id) REFERENCES records.appointment (practice_id, id)
);
COMMENT ON TABLE records.appointment_version IS
    'Every state an appointment has had here. Written by scheduling; never leaves.';

CREATE TABLE records.appointment_resource (
    practice_id text NOT NULL,
    appointment_id uuid NOT NULL,
    resource_id uuid NOT NULL,
    start_at timestamptz,
    end_at timestamptz,
    PRIMARY KEY (practice_id, appointment_id, resource_id),
    FOREIGN KEY (practice_id, appointment_id) REFERENCES records.appointment (practice_id, id),
    FOREIGN KEY (practice_id, resource_id) REFERENCES records.resource (practice_id, id)
);
COMMENT ON TABLE records.appointment_resource IS
    'Who and what an appointment takes, and when. Written by scheduling, replaced with each version.';
CREATE INDEX appointment_resource_by_resource ON records.appointment_resource (practice_id, resource_id, start_at);

CREATE TABLE records.slot (
    practice_id text NOT NULL,
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    resource_id uuid NOT NULL,
    during tstzrange NOT NULL,
    status text NOT NULL,
    version integer NOT NULL DEFAULT 1,
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (practice_id, id),
    UNIQUE (practice_id, resource_id, during),
    FOREIGN KEY (practice_id, resource_id) REFERENCES records.resource (practice_id, id),
    CONSTRAINT slot_status_is_fhir CHECK (status IN ('free', 'busy', 'busy-unavailable'))
);
COMMENT ON TABLE records.slot IS
    'A stretch of a resource''s day that the PM has spoken of: booked, freed, blocked or opened. Written by scheduling; never leaves.';

CREATE TABLE records.occupancy (
    practice_id text NOT NULL,
    resource_id uuid NOT NULL,
    during tstzrange NOT NULL,
    exclusive boolean NOT NULL,
    appointment_id uuid,
    hold_id uuid,
    held_until timestamptz,
    FOREIGN KEY (practice_id, resource_id) REFERENCES records.resource (practice_id, id),
    CONSTRAINT occupancy_is_a_booking_or_a_hold CHECK ((appointment_id IS NULL) <> (hold_id IS NULL)),
    CONSTRAINT occupancy_hold_has_an_end CHECK ((hold_id IS NULL) = (held_until IS NULL)),
    CONSTRAINT occupancy_excludes EXCLUDE USING gist
        (practice_id WITH =, resource_id WITH =, during WITH &&) WHERE (exclusive)
);
COMMENT ON TABLE records.occupancy IS
    'What a resource is taken by. Bookings by scheduling, holds by the gateway; the PM''s overbooking is exclusive = false. Leaves when freed.';
CREATE UNIQUE INDEX occupancy_by_appointment ON records.occupancy (practice_id, appointment_id, resource_id);

CREATE TABLE records.change (
    practice_id text NOT NULL REFERENCES records.practice,
    number bigint NOT NULL,
    type text NOT NULL,
    record_kind text NOT NULL,
    record_id uuid NOT NULL,
    version integer NOT NULL,
    tell boolean NOT NULL DEFAULT true,
    received_on date,
    entry_id bigint,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (practice_id, number)
);
COMMENT ON TABLE records.change IS
    'One row a change of a record, numbered without gaps in commit order. Written by workers, changed by nobody, never leaves.';
CREATE INDEX change_by_record ON records.change (practice_id, record_id);

-- Booking apps -------------------------------------------------------------------------------------------------------

CREATE TABLE api.client (
    practice_id text NOT NULL REFERENCES records.practice,
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    name text NOT NULL,
    key_hash bytea NOT NULL UNIQUE,
    list text,
    list_key text,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    revoked_at timestamptz,
    PRIMARY KEY (practice_id, id)
);
COMMENT ON TABLE api.client IS
    'Who may call the FHIR side, for one practice; the key itself is kept nowhere. list: its own appointments, a FHIR base or a CSV file, for reconciliation. Written by pmsync client; never leaves (revoked).';
CREATE UNIQUE INDEX client_name_in_use ON api.client (practice_id, name) WHERE revoked_at IS NULL;

CREATE TABLE api.subscription (
    practice_id text NOT NULL,
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    client_id uuid NOT NULL,
    url text NOT NULL,
    secret bytea NOT NULL,
    previous_secret bytea,
    mode text NOT NULL DEFAULT 'live',
    queue smallint NOT NULL REFERENCES queue.queue,
    last_event bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at timestamptz,
    PRIMARY KEY (practice_id, id),
    FOREIGN KEY (practice_id, client_id) REFERENCES api.client (practice_id, id),
    CONSTRAINT subscription_mode_is_known CHECK (mode IN ('off', 'shadow', 'live')),
    CONSTRAINT subscription_secret_is_long CHECK (octet_length(secret) BETWEEN 24 AND 64)
);
COMMENT ON TABLE api.subscription IS
    'A webhook. Written by pmsync client; last_event by the fan-out; never leaves (ended).';

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
    state text NOT NULL DEFAULT 'pending',
    attempts integer NOT NULL DEFAULT 0,
    status integer,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at timestamptz,
    PRIMARY KEY (practice_id, subscription_id, event_number),
    UNIQUE (practice_id, id),
    FOREIGN KEY (practice_id, subscription_id) REFERENCES api.subscription (practice_id, id),
    CONSTRAINT delivery_state_is_known CHECK (state IN ('pending', 'delivered', 'shadow', 'discarded')),
    CONSTRAINT delivery_ends_or_is_pending CHECK ((state = 'pending') = (ended_at IS NULL))
);
COMMENT ON TABLE api.delivery IS
    'One notice to one subscription, under an idempotency key that never changes (id). Written by the fan-out and its delivery job; never leaves.';
CREATE INDEX delivery_by_record ON api.delivery (practice_id, record_id);

-- Reconciliation -----------------------------------------------------------------------------------------------------

CREATE TABLE reconciliation.run (
    practice_id text NOT NULL REFERENCES records.practice,
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    workflow text NOT NULL,
    from_day date NOT NULL,
    to_day date NOT NULL,
    rules text NOT NULL,
    started_at timestamptz NOT NULL,
    ended_at timestamptz NOT NULL,
    sources jsonb NOT NULL,
    counts jsonb NOT NULL,
    PRIMARY KEY (practice_id, id)
);
COMMENT ON TABLE reconciliation.run IS
    'One comparison: its window, the as-of of each source, its counts. Written by the workflow''s worker or pmsync reconcile; never leaves.';
CREATE INDEX run_by_time ON reconciliation.run (practice_id, workflow, ended_at);

CREATE TABLE reconciliation.finding (
    practice_id text NOT NULL REFERENCES records.practice,
    workflow text NOT NULL,
    key text NOT NULL,
    code text NOT NULL,
    cause text NOT NULL,
    act text NOT NULL,
    withheld boolean NOT NULL DEFAULT false,
    day date,
    record_id uuid,
    client_id uuid,
    received_on date,
    entry_id bigint,
    sides jsonb NOT NULL,
    watermark timestamptz,
    first_seen_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    closed_at timestamptz,
    run_id uuid NOT NULL,
    PRIMARY KEY (practice_id, workflow, key)
);
COMMENT ON TABLE reconciliation.finding IS
    'A difference, under a key that a rerun finds again. Written by its workflow''s worker; closes itself when it no longer shows; never leaves.';
CREATE INDEX finding_open ON reconciliation.finding (practice_id, workflow, first_seen_at) WHERE closed_at IS NULL;

CREATE TABLE reconciliation.finding_act (
    practice_id text NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    workflow text NOT NULL,
    key text NOT NULL,
    act text NOT NULL,
    reason text NOT NULL DEFAULT '',
    actor text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (practice_id, id),
    FOREIGN KEY (practice_id, workflow, key) REFERENCES reconciliation.finding (practice_id, workflow, key)
);
COMMENT ON TABLE reconciliation.finding_act IS
    'What a person did about a finding. Written by console and pmsync; append-only.';

-- Console ------------------------------------------------------------------------------------------------------------

CREATE TABLE console.person (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name text NOT NULL UNIQUE,
    password_hash text,
    practices text[] NOT NULL DEFAULT '{}',
    failures integer NOT NULL DEFAULT 0,
    locked_until timestamptz,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    disabled_at timestamptz
);
COMMENT ON TABLE console.person IS
    'Who may sign in, for which practices. Written by pmsync user and the console (password); never leaves (disabled).';

CREATE TABLE console.invite (
    token_hash bytea PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES console.person,
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);
COMMENT ON TABLE console.invite IS 'A one-time link to choose a password. Written by pmsync user invite; used once.';

CREATE TABLE console.session (
    token_hash bytea PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES console.person,
    csrf text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz NOT NULL
);
COMMENT ON TABLE console.session IS 'A signed-in browser. Written by the console; leaves at sign-out or when it has expired.';

CREATE TABLE console.audit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor text NOT NULL,
    act text NOT NULL,
    subject text NOT NULL,
    reason text NOT NULL DEFAULT '',
    practice_id text
);
COMMENT ON TABLE console.audit IS 'Who did what to which record, and why. Written by console and pmsync; append-only.';

-- Roles --------------------------------------------------------------------------------------------------------------
-- Made by the migration runner, which tolerates existing ones: pmsync_gateway, pmsync_api, pmsync_scheduling,
-- pmsync_console, pmsync_operator.

GRANT USAGE ON SCHEMA journal, queue, workflow, records, api, reconciliation, console
    TO pmsync_gateway, pmsync_scheduling, pmsync_console, pmsync_operator;
GRANT USAGE ON SCHEMA records, api TO pmsync_api;
GRANT SELECT ON ALL TABLES IN SCHEMA journal, queue, workflow, records, reconciliation
    TO pmsync_gateway, pmsync_scheduling, pmsync_console, pmsync_operator;
GRANT SELECT ON ALL TABLES IN SCHEMA api TO pmsync_scheduling, pmsync_operator;
GRANT SELECT ON ALL TABLES IN SCHEMA console TO pmsync_console, pmsync_operator;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA journal, queue
    TO pmsync_gateway, pmsync_scheduling, pmsync_console, pmsync_operator;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA reconciliation, console TO pmsync_console, pmsync_operator;

GRANT INSERT ON journal.entry, journal.seen, journal.repeat, journal.outcome, journal.refusal TO pmsync_gateway;
GRANT INSERT ON journal.entry, journal.outcome TO pmsync_scheduling;
GRANT INSERT ON journal.outcome TO pmsync_console, pmsync_operator;

GRANT INSERT ON queue.job TO pmsync_gateway, pmsync_scheduling, pmsync_console, pmsync_operator;
GRANT UPDATE ON queue.job, queue.blocked TO pmsync_scheduling;
GRANT DELETE ON queue.job TO pmsync_scheduling;
GRANT INSERT, DELETE ON queue.blocked TO pmsync_scheduling;
GRANT UPDATE, DELETE ON queue.blocked TO pmsync_gateway, pmsync_console, pmsync_operator;
GRANT UPDATE ON queue.lane, queue.queue TO pmsync_scheduling;
GRANT INSERT, UPDATE, DELETE ON queue.worker TO pmsync_scheduling;
GRANT INSERT, UPDATE ON queue.queue TO pmsync_operator;
GRANT INSERT ON queue.lane TO pmsync_operator;

GRANT INSERT ON workflow.definition TO pmsync_operator;
GRANT INSERT, UPDATE ON records.practice TO pmsync_operator;
GRANT UPDATE (last_change, fanned_out) ON records.practice TO pmsync_scheduling;
GRANT INSERT, UPDATE ON records.resource, records.appointment, records.slot TO pmsync_scheduling;
GRANT INSERT ON records.appointment_alias, records.appointment_event, records.appointment_version, records.change
    TO pmsync_scheduling;
GRANT INSERT, DELETE ON records.appointment_resource TO pmsync_scheduling;
GRANT INSERT, UPDATE, DELETE ON records.occupancy TO pmsync_scheduling, pmsync_gateway;

GRANT SELECT (practice_id, id, name, key_hash, created_at, revoked_at) ON api.client TO pmsync_gateway;
GRANT SELECT (practice_id, id, name, created_at, revoked_at) ON api.client TO pmsync_console;
GRANT SELECT (practice_id, id, client_id, url, mode, queue, last_event, created_at, ended_at) ON api.subscription
    TO pmsync_console;
GRANT SELECT ON api.delivery TO pmsync_console, pmsync_gateway;
GRANT INSERT, UPDATE ON api.client, api.subscription TO pmsync_operator;
GRANT UPDATE (last_event, ended_at) ON api.subscription TO pmsync_scheduling;
GRANT INSERT, UPDATE ON api.delivery TO pmsync_scheduling;
GRANT UPDATE ON api.delivery TO pmsync_operator, pmsync_console;

GRANT INSERT, UPDATE ON reconciliation.run, reconciliation.finding TO pmsync_scheduling, pmsync_operator;
GRANT INSERT ON reconciliation.finding_act TO pmsync_console, pmsync_operator;
GRANT INSERT, UPDATE ON console.person, console.invite, console.session TO pmsync_console, pmsync_operator;
GRANT DELETE ON console.session TO pmsync_console;
GRANT INSERT ON console.audit TO pmsync_console, pmsync_operator;

-- The API reads records of its key's practice only; the console those of its person's practices. Both set
-- pmsync.practices for the transaction; unset, they see nothing.
GRANT SELECT ON records.practice, records.resource, records.appointment, records.appointment_alias,
    records.appointment_resource, records.slot, records.change, records.person, records.person_alias TO pmsync_api;
GRANT SELECT ON api.delivery TO pmsync_api;
GRANT SELECT (practice_id, id, client_id, mode, last_event, created_at, ended_at) ON api.subscription TO pmsync_api;

CREATE FUNCTION records.may_see(practice text) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT practice = ANY (string_to_array(nullif(current_setting('pmsync.practices', true), ''), ','))
$$;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'records.practice', 'records.resource', 'records.appointment', 'records.appointment_alias',
        'records.appointment_event', 'records.appointment_version', 'records.appointment_resource', 'records.slot',
        'records.occupancy', 'records.change', 'api.client', 'api.subscription', 'api.delivery',
        'reconciliation.run', 'reconciliation.finding', 'reconciliation.finding_act']
    LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY own_practice ON %s TO pmsync_api, pmsync_console '
            'USING (records.may_see(practice_id)) WITH CHECK (records.may_see(practice_id))', name);
        EXECUTE format('CREATE POLICY every_practice ON %s TO pmsync_gateway, pmsync_scheduling, pmsync_operator '
            'USING (true) WITH CHECK (true)', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['records.person', 'records.person_alias'] LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY own_enterprise ON %s TO pmsync_api, pmsync_console USING (enterprise_id IN '
            '(SELECT p.enterprise_id FROM records.practice p WHERE records.may_see(p.practice_id)))', name);
        EXECUTE format('CREATE POLICY every_enterprise ON %s TO pmsync_gateway, pmsync_scheduling, pmsync_operator '
            'USING (true) WITH CHECK (true)', name);
    END LOOP;
END $$;

SELECT queue.make('scheduling', 64::smallint);
SELECT queue.make('fan-out', 16::smallint);
SELECT journal.make_days(current_date - 1, current_date + 14);
