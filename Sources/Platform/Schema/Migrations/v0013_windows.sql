-- A comparison of a window that somebody asked for is nobody's newest: first page, report and members are of the usual one.

ALTER TABLE reconciliation.run ADD COLUMN ad_hoc boolean NOT NULL DEFAULT false;
COMMENT ON TABLE reconciliation.run IS
    'One comparison: its window, the as-of of each source, its counts; cells: the counts by location and provider, kept of each day''s last; ad_hoc: somebody asked for that window, and no page shows it. Written by the workflow''s worker or pmsync reconcile; never leaves.';
