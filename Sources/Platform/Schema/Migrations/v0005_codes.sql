-- What codes mean by day, which codes were seen, and the work items of those that no table knows.

-- From the event's row or the message, by the day of the appointment.
ALTER TABLE records.appointment
    ADD COLUMN category_code text NOT NULL DEFAULT '',
    ADD COLUMN category_text text NOT NULL DEFAULT '';

-- What a parked job waits for with others: one row of workflow.unmapped.
ALTER TABLE queue.blocked ADD COLUMN work_item uuid;
CREATE INDEX blocked_by_work_item ON queue.blocked (work_item) WHERE work_item IS NOT NULL;

CREATE TABLE workflow.unmapped (
    practice_id text NOT NULL,
    id uuid NOT NULL,
    table_name text NOT NULL,
    code text NOT NULL,
    first_parked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (practice_id, id)
);
COMMENT ON TABLE workflow.unmapped IS
    'A code for which messages were parked, under the id that their jobs bear. Written by workers in the commit that parks; never leaves.';

CREATE TABLE workflow.code_seen (
    practice_id text NOT NULL,
    table_name text NOT NULL,
    code text NOT NULL,
    event text NOT NULL,
    seen_on date NOT NULL,
    first_day date NOT NULL,
    last_day date NOT NULL,
    messages bigint NOT NULL,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    received_on date NOT NULL,
    entry_id bigint NOT NULL,
    PRIMARY KEY (practice_id, table_name, code, event, seen_on),
    CONSTRAINT code_seen_days_are_in_order CHECK (first_day <= last_day)
);
COMMENT ON TABLE workflow.code_seen IS
    'How many messages of a day looked a code up, for which days (first_day to last_day), and one of them. Written by the scheduling worker as it re-reads the journal; a row leaves after 100 days.';
CREATE INDEX code_seen_by_day ON workflow.code_seen (seen_on, practice_id, table_name);

CREATE TABLE workflow.code_scan (
    workflow text PRIMARY KEY,
    received_on date NOT NULL,
    entry_id bigint NOT NULL,
    as_of timestamptz NOT NULL
);
COMMENT ON TABLE workflow.code_scan IS
    'How far the journal was re-read for workflow.code_seen. Written with its rows, in one commit; never leaves.';

GRANT SELECT ON workflow.unmapped, workflow.code_seen, workflow.code_scan
    TO pmsync_gateway, pmsync_scheduling, pmsync_console, pmsync_operator;
GRANT INSERT ON workflow.unmapped TO pmsync_scheduling;
GRANT INSERT, UPDATE, DELETE ON workflow.code_seen TO pmsync_scheduling;
GRANT INSERT, UPDATE ON workflow.code_scan TO pmsync_scheduling;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['workflow.unmapped', 'workflow.code_seen'] LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY own_practice ON %s TO pmsync_api, pmsync_console '
            'USING (records.may_see(practice_id)) WITH CHECK (records.may_see(practice_id))', name);
        EXECUTE format('CREATE POLICY every_practice ON %s TO pmsync_gateway, pmsync_scheduling, pmsync_operator '
            'USING (true) WITH CHECK (true)', name);
    END LOOP;
END $$;
