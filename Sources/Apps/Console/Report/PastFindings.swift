import Foundation
import Postgres

/// Findings as a comparison of the past left them, rebuilt from their history: a report of that day shows them so, whatever
/// was found, mended or accepted since. What the sides say of one is kept as it was last seen.
enum PastFindings {
    /// Rows as `reconciliation.finding` has them, with their `state` then; only those that were not closed. Index
    /// finding_event_by_finding; primary key of run.
    static func open(_ practice: String, asOf instant: Date) -> SQL {
        """
        SELECT f.practice_id, f.workflow, f.key, coalesce(e.code, f.code) AS code, coalesce(e.cause, f.cause) AS cause,
            coalesce(e.act, f.act) AS act, coalesce(e.withheld, f.withheld) AS withheld, f.day, f.first_seen_at,
            f.client_id, f.location, f.provider, f.sides, f.record_id,
            CASE WHEN EXISTS (
                    SELECT FROM (
                        SELECT a.act, a.at FROM reconciliation.finding_act a
                        WHERE a.practice_id = f.practice_id AND a.workflow = f.workflow AND a.key = f.key
                            AND a.at BETWEEN f.first_seen_at AND \(instant)
                        ORDER BY a.id DESC LIMIT 1) newest
                    WHERE newest.act = 'accept' AND NOT EXISTS (
                        SELECT FROM reconciliation.finding_event c
                        WHERE c.practice_id = f.practice_id AND c.workflow = f.workflow AND c.key = f.key
                            AND c.event IN ('changed', 'reopened') AND c.at > newest.at AND c.id <= e.id))
                THEN 'accepted'
                WHEN coalesce(e.withheld, f.withheld) THEN 'withheld'
                ELSE 'open' END AS state
        FROM reconciliation.finding f
        LEFT JOIN LATERAL (  -- by the run that saw it, for runs end in order even where the clock is held
            SELECT v.* FROM reconciliation.finding_event v
            LEFT JOIN reconciliation.run r ON r.practice_id = v.practice_id AND r.id = v.run_id
            WHERE v.practice_id = f.practice_id AND v.workflow = f.workflow AND v.key = f.key
                AND coalesce(r.ended_at, v.at) <= \(instant)
            ORDER BY v.id DESC LIMIT 1) e ON true
        WHERE f.practice_id = \(practice) AND f.workflow = 'scheduling'
            AND CASE WHEN e.event IS NOT NULL THEN e.event NOT IN ('closed', 'lapsed')
                -- Findings of before there was a history.
                ELSE f.first_seen_at <= \(instant) AND (f.closed_at IS NULL OR f.closed_at > \(instant))
                    AND NOT EXISTS (
                        SELECT FROM reconciliation.finding_event v
                        WHERE v.practice_id = f.practice_id AND v.workflow = f.workflow AND v.key = f.key
                            AND v.event = 'opened') END
        """
    }
}
