-- Going live: initial loads, the modes of destinations as they followed each other, feeds that are held, queues that
-- drain, and what a replaced interface told, beside what we would have told.

-- Initial load -------------------------------------------------------------------------------------------------------

CREATE TABLE records.load (
    practice_id text NOT NULL REFERENCES records.practice,
    id bigint GENERATED ALWAYS AS IDENTITY,
    kind text NOT NULL,
    layout text NOT NULL,
    file_digest bytea NOT NULL,
    as_of timestamptz NOT NULL,
    rows integer NOT NULL,
    bad integer NOT NULL,
    repeated integer NOT NULL DEFAULT 0,
    actor text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (practice_id, id),
    CONSTRAINT load_kind_is_known CHECK (kind IN ('appointments', 'patients', 'providers', 'resources')),
    CONSTRAINT load_digest_is_sha256 CHECK (octet_length(file_digest) = 32)
);
COMMENT ON TABLE records.load IS
    'A file that was loaded: the same one again keeps its as-of, so that it changes nothing. Written by pmsync load; never leaves.';
CREATE INDEX load_by_file ON records.load (practice_id, file_digest);

-- A load is one more way in, by the operator's command.
GRANT INSERT ON journal.entry, journal.seen, journal.repeat TO pmsync_operator;
GRANT INSERT, UPDATE ON records.load TO pmsync_operator;
GRANT SELECT ON records.load TO pmsync_operator, pmsync_console, pmsync_scheduling, pmsync_gateway;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA records TO pmsync_operator;

-- Modes --------------------------------------------------------------------------------------------------------------

CREATE TABLE api.mode (
    practice_id text NOT NULL,
    subscription_id uuid NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    mode text NOT NULL,
    after_change bigint NOT NULL,
    reason text NOT NULL,
    actor text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (practice_id, subscription_id, id),
    FOREIGN KEY (practice_id, subscription_id) REFERENCES api.subscription (practice_id, id),
    CONSTRAINT mode_is_known CHECK (mode IN ('off', 'shadow', 'live'))
);
COMMENT ON TABLE api.mode IS
    'From which change on a subscription is off, shadow or live: a change is told by the mode that held when it was made. Written by pmsync; never leaves.';
GRANT INSERT ON api.mode TO pmsync_operator, pmsync_console;
GRANT SELECT ON api.mode TO pmsync_operator, pmsync_console, pmsync_scheduling;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA api TO pmsync_operator, pmsync_console;

-- Holding and draining -----------------------------------------------------------------------------------------------

CREATE TABLE journal.held (
    feed text PRIMARY KEY,
    reason text NOT NULL,
    actor text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE journal.held IS
    'A feed or tap that the gateway takes nothing from for now: its sender is told to try again later. Written by pmsync feed pause; leaves with pmsync feed resume.';
GRANT SELECT ON journal.held TO pmsync_gateway, pmsync_scheduling, pmsync_console, pmsync_operator;
GRANT INSERT, UPDATE, DELETE ON journal.held TO pmsync_operator;

ALTER TABLE queue.queue ADD COLUMN drains_through bigint;
ALTER TABLE queue.queue ADD CONSTRAINT queue_drains_while_paused
    CHECK (drains_through IS NULL OR paused_reason IS NOT NULL);

-- Parity -------------------------------------------------------------------------------------------------------------

CREATE TABLE reconciliation.tapped (
    practice_id text NOT NULL REFERENCES records.practice,
    id bigint GENERATED ALWAYS AS IDENTITY,
    subscription_id uuid NOT NULL,
    tap text NOT NULL,
    received_on date NOT NULL,
    entry_id bigint NOT NULL,
    position integer NOT NULL,
    received_at timestamptz NOT NULL,
    event_at timestamptz NOT NULL,
    type text NOT NULL,
    said jsonb NOT NULL,
    record_id uuid,
    event_number bigint,
    verdict text NOT NULL DEFAULT 'waiting',
    differs text[] NOT NULL DEFAULT '{}',
    judged_at timestamptz,
    PRIMARY KEY (practice_id, id),
    UNIQUE (practice_id, subscription_id, received_on, entry_id, position),
    FOREIGN KEY (practice_id, subscription_id) REFERENCES api.subscription (practice_id, id),
    CONSTRAINT tapped_verdict_is_known
        CHECK (verdict IN ('waiting', 'same', 'differs', 'nothing-new', 'only-theirs')),
    CONSTRAINT tapped_differs_in_something CHECK ((verdict = 'differs') = (differs <> '{}')),
    CONSTRAINT tapped_is_matched_if_compared CHECK (verdict NOT IN ('same', 'differs') OR event_number IS NOT NULL)
);
COMMENT ON TABLE reconciliation.tapped IS
    'What a replaced interface told a booking app of one appointment, and how that compares with our notice in shadow. Written by scheduling; never leaves.';
CREATE UNIQUE INDEX tapped_matches_once ON reconciliation.tapped (practice_id, subscription_id, event_number)
    WHERE event_number IS NOT NULL;
CREATE INDEX tapped_by_time ON reconciliation.tapped (practice_id, subscription_id, received_at);
CREATE INDEX tapped_unmatched ON reconciliation.tapped (practice_id, received_at)
    WHERE verdict IN ('waiting', 'only-theirs');
CREATE INDEX delivery_in_shadow ON api.delivery (practice_id, subscription_id, created_at)
    WHERE state = 'shadow' AND record_kind = 'appointment';
GRANT INSERT, UPDATE ON reconciliation.tapped TO pmsync_scheduling;
GRANT UPDATE ON reconciliation.tapped TO pmsync_operator;
GRANT SELECT ON reconciliation.tapped TO pmsync_scheduling, pmsync_operator, pmsync_console;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA reconciliation TO pmsync_scheduling;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['records.load', 'api.mode', 'reconciliation.tapped'] LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY own_practice ON %s TO pmsync_api, pmsync_console '
            'USING (records.may_see(practice_id)) WITH CHECK (records.may_see(practice_id))', name);
        EXECUTE format('CREATE POLICY every_practice ON %s TO pmsync_gateway, pmsync_scheduling, pmsync_operator '
            'USING (true) WITH CHECK (true)', name);
    END LOOP;
END $$;

SELECT queue.make('parity', 16::smallint);
