-- Watching over the path: jobs that kill their worker, what is pruned, each feed's silence and its alarms.

ALTER TABLE queue.lane ADD COLUMN deaths smallint NOT NULL DEFAULT 0;
COMMENT ON COLUMN queue.lane.deaths IS 'How many workers died holding it since work in it last committed.';

CREATE TABLE queue.suspect (
    queue smallint NOT NULL REFERENCES queue.queue,
    lane smallint NOT NULL,
    id bigint NOT NULL,
    tries smallint NOT NULL DEFAULT 1,
    tried_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (queue, lane, id),
    CONSTRAINT suspect_was_tried CHECK (tries > 0)
);
COMMENT ON TABLE queue.suspect IS
    'A job tried alone because workers died in its lane, and how often. Written by workers before the try; leaves with the job''s end, or by pruning.';
GRANT SELECT, INSERT, UPDATE, DELETE ON queue.suspect TO pmsync_scheduling;
GRANT SELECT ON queue.suspect TO pmsync_gateway, pmsync_console, pmsync_operator;
GRANT DELETE ON queue.suspect TO pmsync_gateway;

-- Pruning ------------------------------------------------------------------------------------------------------------
-- Written in the order of time, so that a block range index finds a day's rows and costs an insert nothing.

COMMENT ON TABLE journal.entry IS
    'Every message, bytes as they came or went. Written by the gateway (in) and the workers (out), changed by nobody; a row leaves with its day''s partition, which pruning drops after PMSYNC_KEEP_DAYS.';
COMMENT ON TABLE journal.seen IS
    'Tells a resend from a new message. Written by the gateway with the entry; leaves with its entry''s day.';
COMMENT ON TABLE journal.refusal IS
    'What never became an entry (cut, over-long, empty, outside a frame, not allowed), so that a person can find it. Written by the gateway; pruned after PMSYNC_KEEP_DAYS.';
COMMENT ON TABLE api.delivery IS
    'One notice to one subscription, under an idempotency key that never changes (id). Written by the fan-out and its delivery job; once ended, pruned after PMSYNC_KEEP_DAYS.';
COMMENT ON TABLE console.invite IS
    'A one-time link to choose a password. Written by pmsync user invite; used once; pruned a day after it has expired.';
COMMENT ON TABLE console.session IS
    'A signed-in browser. Written by the console; leaves at sign-out, when it has expired, or by pruning.';

CREATE INDEX seen_by_day ON journal.seen USING brin (received_on);
CREATE INDEX delivery_by_time ON api.delivery USING brin (created_at);

GRANT DELETE ON journal.seen, journal.repeat, journal.outcome, journal.refusal, api.delivery TO pmsync_gateway;
GRANT DELETE ON console.session, console.invite TO pmsync_gateway;
GRANT SELECT (expires_at, last_seen_at) ON console.session TO pmsync_gateway;
GRANT SELECT (expires_at, used_at) ON console.invite TO pmsync_gateway;

-- The journal's days that are over by then, oldest first. What is still queued or parked keeps its whole day.
CREATE FUNCTION journal.days_before(first_kept date) RETURNS SETOF date
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT d.day FROM (
        SELECT to_date(right(c.relname, 8), 'YYYYMMDD') AS day
        FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'journal.entry'::regclass AND c.relname ~ '^entry_[0-9]{8}$'
    ) d
    WHERE d.day < first_kept
        AND NOT EXISTS (SELECT FROM queue.blocked b WHERE b.received_on = d.day)
        AND NOT EXISTS (SELECT FROM queue.job j WHERE j.received_on = d.day)
    ORDER BY d.day
$$;

-- Drops a day's partition, with what depends on the day; the caller has deleted the rest in the same transaction.
-- Refuses a day younger than 30 days, whoever asks.
CREATE FUNCTION journal.drop_day(day date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    IF day > current_date - 30 THEN
        RAISE EXCEPTION 'the journal keeps at least 30 days';
    END IF;
    EXECUTE format('DROP TABLE IF EXISTS journal.%I', 'entry_' || to_char(day, 'YYYYMMDD'));
END $$;
REVOKE EXECUTE ON FUNCTION journal.drop_day(date), journal.days_before(date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION journal.drop_day(date), journal.days_before(date) TO pmsync_gateway;

-- Silence ------------------------------------------------------------------------------------------------------------

CREATE SCHEMA watch;

CREATE TABLE watch.alarm (
    practice_id text NOT NULL REFERENCES records.practice,
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    kind text NOT NULL DEFAULT 'feed-silent',
    feed text NOT NULL,
    since timestamptz NOT NULL,
    usual_seconds integer,
    raised_at timestamptz NOT NULL,
    ended_at timestamptz,
    PRIMARY KEY (practice_id, id),
    CONSTRAINT alarm_kind_is_known CHECK (kind IN ('feed-silent')),
    CONSTRAINT alarm_ends_after_its_cause CHECK (ended_at >= since)
);
COMMENT ON TABLE watch.alarm IS
    'A feed that is silent against its rhythm: since its last message, until its next. One open alarm a practice and feed. Written by the worker whose turn it is to watch; never leaves.';
COMMENT ON COLUMN watch.alarm.usual_seconds IS
    'How often a message usually comes at that hour; null where the practice has declared when silence matters.';
CREATE UNIQUE INDEX alarm_open ON watch.alarm (practice_id, kind, feed) WHERE ended_at IS NULL;
CREATE INDEX alarm_by_time ON watch.alarm (practice_id, raised_at);

GRANT USAGE ON SCHEMA watch TO pmsync_scheduling, pmsync_console, pmsync_operator;
GRANT SELECT ON watch.alarm TO pmsync_scheduling, pmsync_console, pmsync_operator;
GRANT INSERT, UPDATE ON watch.alarm TO pmsync_scheduling;
ALTER TABLE watch.alarm ENABLE ROW LEVEL SECURITY;
ALTER TABLE watch.alarm FORCE ROW LEVEL SECURITY;
CREATE POLICY own_practice ON watch.alarm TO pmsync_api, pmsync_console
    USING (records.may_see(practice_id)) WITH CHECK (records.may_see(practice_id));
CREATE POLICY every_practice ON watch.alarm TO pmsync_gateway, pmsync_scheduling, pmsync_operator
    USING (true) WITH CHECK (true);

ALTER TABLE api.subscription ADD COLUMN alarms boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN api.subscription.alarms IS 'Whether it hears of alarms too.';
GRANT SELECT (alarms) ON api.subscription TO pmsync_console;

SELECT queue.make('mail', 4::smallint);
