-- What the console's pages look up, and what no longer waits for anybody.

CREATE INDEX finding_act_by_finding ON reconciliation.finding_act (practice_id, workflow, key, id);
CREATE INDEX finding_by_member ON reconciliation.finding (practice_id, workflow, member_id) WHERE closed_at IS NULL;
CREATE INDEX member_by_start ON reconciliation.member
    (practice_id, workflow, client_id, (coalesce(start_at, '0001-01-01 00:00:00+00'::timestamptz)), id);

-- Notices to booking apps that were let go: the worker ends them unsent.
UPDATE queue.blocked b SET state = 'retrying', run_at = clock_timestamp(), attempts = 0
FROM api.subscription s
WHERE s.queue = b.queue AND s.ended_at IS NOT NULL AND b.state IN ('parked', 'uncertain');

-- Holding a booking app's notices, and letting them go.
GRANT UPDATE (paused_reason, drains_through) ON queue.queue TO pmsync_console;
