-- Notices to booking apps that were let go wait for nobody: the worker ends them unsent.
UPDATE queue.blocked b SET state = 'retrying', run_at = clock_timestamp(), attempts = 0
FROM api.subscription s
WHERE s.queue = b.queue AND s.ended_at IS NOT NULL AND b.state IN ('parked', 'uncertain');
