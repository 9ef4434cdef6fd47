-- What a comparison keeps so that its counts add up and can be opened, and what became of each finding.

ALTER TABLE reconciliation.run ADD COLUMN client_id uuid, ADD COLUMN cells jsonb;
COMMENT ON TABLE reconciliation.run IS
    'One comparison: its window, the as-of of each source, its counts; cells: the counts by location and provider, kept of each day''s last. Written by the workflow''s worker or pmsync reconcile; never leaves.';
ALTER TABLE reconciliation.run NO FORCE ROW LEVEL SECURITY;
UPDATE reconciliation.run SET client_id = (sources->>'client')::uuid;
ALTER TABLE reconciliation.run FORCE ROW LEVEL SECURITY;
CREATE INDEX run_by_client ON reconciliation.run (practice_id, workflow, client_id, ended_at);

ALTER TABLE reconciliation.finding
    ADD COLUMN detail jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN location text NOT NULL DEFAULT '',
    ADD COLUMN provider text NOT NULL DEFAULT '',
    ADD COLUMN member_id uuid,
    ADD COLUMN times_seen integer NOT NULL DEFAULT 1,
    ADD COLUMN ended text,
    ADD CONSTRAINT finding_ended_is_known CHECK (ended IN ('mended', 'lapsed')),
    ADD CONSTRAINT finding_that_ended_is_closed CHECK (ended IS NULL OR closed_at IS NOT NULL);
COMMENT ON TABLE reconciliation.finding IS
    'A difference, under a key that a rerun finds again. Written by its workflow''s worker; closes itself when it no longer shows (mended) or when its day has left the window (lapsed); never leaves.';

CREATE TABLE reconciliation.finding_event (
    practice_id text NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    workflow text NOT NULL,
    key text NOT NULL,
    event text NOT NULL,
    code text NOT NULL,
    cause text NOT NULL,
    act text NOT NULL,
    withheld boolean NOT NULL,
    run_id uuid,
    at timestamptz NOT NULL,
    PRIMARY KEY (practice_id, id),
    FOREIGN KEY (practice_id, workflow, key) REFERENCES reconciliation.finding (practice_id, workflow, key),
    CONSTRAINT finding_event_is_known CHECK (event IN ('opened', 'changed', 'closed', 'lapsed', 'reopened'))
);
COMMENT ON TABLE reconciliation.finding_event IS
    'What became of a finding, as runs saw it. Written by its workflow''s worker, changed by nobody, never leaves.';
CREATE INDEX finding_event_by_finding ON reconciliation.finding_event (practice_id, workflow, key, id);

CREATE TABLE reconciliation.member (
    practice_id text NOT NULL REFERENCES records.practice,
    workflow text NOT NULL,
    client_id uuid,
    id uuid NOT NULL,
    record_id uuid,
    reference text NOT NULL,
    day date,
    start_at timestamptz,
    location text NOT NULL DEFAULT '',
    provider text NOT NULL DEFAULT '',
    status text NOT NULL DEFAULT '',
    in_pm smallint NOT NULL,
    here smallint NOT NULL,
    in_app smallint NOT NULL,
    verdict text NOT NULL,
    reasons text[] NOT NULL DEFAULT '{}',
    sides jsonb,
    initials text NOT NULL DEFAULT '',
    last4 text NOT NULL DEFAULT '',
    CONSTRAINT member_verdict_is_known CHECK (verdict IN ('matched', 'explained', 'open', 'withheld')),
    CONSTRAINT member_shows_four_digits CHECK (char_length(last4) <= 4)
);
COMMENT ON TABLE reconciliation.member IS
    'One row an appointment of the newest run of a practice and booking app: the members of its counts. Written by the workflow''s worker, which changes what differs and deletes what the next run does not have.';
CREATE UNIQUE INDEX member_of_run ON reconciliation.member (practice_id, workflow, client_id, id) NULLS NOT DISTINCT;

CREATE VIEW reconciliation.finding_history WITH (security_invoker = true) AS
    SELECT practice_id, workflow, key, at, event AS what, code, cause, act, withheld, ''::text AS reason,
        ''::text AS actor
    FROM reconciliation.finding_event
    UNION ALL
    SELECT practice_id, workflow, key, at, act, NULL, NULL, NULL, NULL, reason, actor
    FROM reconciliation.finding_act;
COMMENT ON VIEW reconciliation.finding_history IS
    'What became of a finding: what runs saw and what people did.';

GRANT SELECT ON reconciliation.finding_event, reconciliation.member, reconciliation.finding_history
    TO pmsync_gateway, pmsync_scheduling, pmsync_console, pmsync_operator;
GRANT INSERT ON reconciliation.finding_event TO pmsync_scheduling, pmsync_operator;
GRANT INSERT, UPDATE, DELETE ON reconciliation.member TO pmsync_scheduling, pmsync_operator;

ALTER TABLE api.delivery ADD COLUMN answer text;
COMMENT ON COLUMN api.delivery.answer IS
    'What the app said when it refused, as far as it is a code: no sentence of theirs is kept, for it may name a patient.';

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['reconciliation.finding_event', 'reconciliation.member'] LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY own_practice ON %s TO pmsync_api, pmsync_console '
            'USING (records.may_see(practice_id)) WITH CHECK (records.may_see(practice_id))', name);
        EXECUTE format('CREATE POLICY every_practice ON %s TO pmsync_gateway, pmsync_scheduling, pmsync_operator '
            'USING (true) WITH CHECK (true)', name);
    END LOOP;
END $$;
