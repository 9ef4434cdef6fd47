-- A decision that was wrong is taken back: what rested on it leaves its appointment, is kept here, and is filed anew.

CREATE TABLE records.taken_back (
    practice_id text NOT NULL,
    decision_id bigint NOT NULL,
    actor text NOT NULL,
    reason text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (practice_id, decision_id),
    FOREIGN KEY (practice_id, decision_id) REFERENCES records.decision (practice_id, id)
);
COMMENT ON TABLE records.taken_back IS
    'A decision that a person took back, who, when, why: from then on it answers nothing. Written by console and pmsync; append-only.';

CREATE TABLE records.retracted_event (
    practice_id text NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    decision_id bigint NOT NULL,
    appointment_id uuid NOT NULL,
    event_at timestamptz NOT NULL,
    entry_id bigint NOT NULL,
    received_on date NOT NULL,
    facts jsonb NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (practice_id, id),
    FOREIGN KEY (practice_id, decision_id) REFERENCES records.taken_back (practice_id, decision_id),
    FOREIGN KEY (practice_id, appointment_id) REFERENCES records.appointment (practice_id, id)
);
COMMENT ON TABLE records.retracted_event IS
    'What was filed under an appointment by a decision that was taken back, as it stood there; its message was filed anew. Written by scheduling; append-only.';

GRANT SELECT ON records.taken_back TO pmsync_gateway, pmsync_scheduling, pmsync_console, pmsync_operator;
GRANT SELECT ON records.retracted_event TO pmsync_scheduling, pmsync_console, pmsync_operator;
GRANT INSERT ON records.taken_back TO pmsync_console, pmsync_operator;
GRANT INSERT ON records.retracted_event TO pmsync_scheduling;
GRANT DELETE ON records.appointment_event, records.appointment_alias TO pmsync_scheduling;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['records.taken_back', 'records.retracted_event'] LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY own_practice ON %s TO pmsync_api, pmsync_console '
            'USING (records.may_see(practice_id)) WITH CHECK (records.may_see(practice_id))', name);
        EXECUTE format('CREATE POLICY every_practice ON %s TO pmsync_gateway, pmsync_scheduling, pmsync_operator '
            'USING (true) WITH CHECK (true)', name);
    END LOOP;
END $$;
