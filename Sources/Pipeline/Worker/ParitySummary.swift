package import Foundation
package import Postgres

/// How far what we would tell a destination in shadow is what the replaced interface tells it. Read by `pmsync parity` and
/// the console, which must have said whose records the transaction may see.
package struct ParitySummary: Codable, Sendable {
    package let practice: String
    /// The client's name.
    package let destination: String
    package let subscription: UUID
    package let mode: String
    /// Since both sides are heard: the switch to shadow, or the first that was tapped, whichever is later.
    package let since: Date?
    /// Told by both alike, and by both with fields that differ.
    package let same: Int
    package let differs: Int
    /// Told there again though nothing had changed: no fault of either.
    package let nothingNew: Int
    package let onlyTheirs: Int
    package let onlyOurs: Int
    /// Too young to be judged.
    package let waiting: Int
    /// How often each field differed.
    package let fields: [String: Int]
    /// When the last was tapped.
    package let lastTapped: Date?

    /// Of all that either told and that is judged, in per cent; nil where there is nothing yet.
    package var parity: Double? {
        let judged = same + differs + onlyTheirs + onlyOurs
        return judged == 0 ? nil : 100 * Double(same) / Double(judged)
    }

    /// One a destination that is, or was, compared, by practice and name.
    ///
    /// - Parameters:
    ///   - practice: nil for all that the transaction may see.
    ///   - window: how long ours may wait for theirs before it is said to be missing there.
    package static func read(
        practice: String?, now: Date, window: TimeInterval = 600, in transaction: Transaction
    ) async throws -> [ParitySummary] {
        let young = now.addingTimeInterval(-window)
        let rows = try await transaction.query(
            """
            WITH compared AS (  -- 1: destinations with anything tapped, and since when both are heard
                SELECT s.practice_id, s.id, s.mode, c.name, greatest(
                    (SELECT min(t.received_at) - make_interval(secs => \(window)) FROM reconciliation.tapped t
                     WHERE t.practice_id = s.practice_id AND t.subscription_id = s.id),
                    (SELECT max(m.at) FROM api.mode m
                     WHERE m.practice_id = s.practice_id AND m.subscription_id = s.id AND m.mode = 'shadow')) AS since
                FROM api.subscription s
                JOIN api.client c ON c.practice_id = s.practice_id AND c.id = s.client_id
                WHERE (\(practice)::text IS NULL OR s.practice_id = \(practice)) AND s.ended_at IS NULL
                    AND EXISTS (SELECT FROM reconciliation.tapped t
                        WHERE t.practice_id = s.practice_id AND t.subscription_id = s.id)
            ), theirs AS (  -- 2: index tapped_by_time
                SELECT t.practice_id, t.subscription_id, t.verdict, t.differs, t.received_at
                FROM compared d JOIN reconciliation.tapped t
                    ON t.practice_id = d.practice_id AND t.subscription_id = d.id AND t.received_at >= d.since
            ), ours AS (  -- 3: index delivery_in_shadow; what nothing of theirs is matched with
                SELECT v.practice_id, v.subscription_id, count(*) FILTER (WHERE v.created_at <= \(young)) AS missing,
                    count(*) FILTER (WHERE v.created_at > \(young)) AS young
                FROM compared d JOIN api.delivery v
                    ON v.practice_id = d.practice_id AND v.subscription_id = d.id AND v.created_at >= d.since
                WHERE v.state = 'shadow' AND v.in_shadow IS NOT FALSE AND v.record_kind = 'appointment' AND NOT EXISTS (
                    SELECT FROM reconciliation.tapped t WHERE t.practice_id = v.practice_id
                        AND t.subscription_id = v.subscription_id AND t.event_number = v.event_number)
                GROUP BY 1, 2
            )
            SELECT d.practice_id, d.name, d.id, d.mode, d.since, t.same, t.differs, t.nothing_new, t.only_theirs,
                coalesce(o.missing, 0), t.waiting + coalesce(o.young, 0), t.last,
                array(SELECT f FROM theirs h, unnest(h.differs) f
                      WHERE h.practice_id = d.practice_id AND h.subscription_id = d.id ORDER BY f)
            FROM compared d
            LEFT JOIN ours o ON o.practice_id = d.practice_id AND o.subscription_id = d.id
            CROSS JOIN LATERAL (
                SELECT count(*) FILTER (WHERE h.verdict = 'same') AS same,
                    count(*) FILTER (WHERE h.verdict = 'differs') AS differs,
                    count(*) FILTER (WHERE h.verdict = 'nothing-new') AS nothing_new,
                    count(*) FILTER (WHERE h.verdict = 'only-theirs') AS only_theirs,
                    count(*) FILTER (WHERE h.verdict = 'waiting') AS waiting, max(h.received_at) AS last
                FROM theirs h WHERE h.practice_id = d.practice_id AND h.subscription_id = d.id) t
            ORDER BY d.practice_id, d.name
            """)
        return try rows.map { row in
            let (
                practice, name, id, mode, since, same, differs, nothingNew, onlyTheirs, onlyOurs, waiting, last, fields
            ) =
                try row.decode(
                    (
                        String, String, UUID, String, Date?, Int64, Int64, Int64, Int64, Int64, Int64, Date?, [String]
                    ).self)
            return ParitySummary(
                practice: practice, destination: name, subscription: id, mode: mode, since: since, same: Int(same),
                differs: Int(differs), nothingNew: Int(nothingNew), onlyTheirs: Int(onlyTheirs),
                onlyOurs: Int(onlyOurs), waiting: Int(waiting),
                fields: Dictionary(fields.map { ($0, 1) }, uniquingKeysWith: +), lastTapped: last)
        }
    }
}

/// One telling that differs, or that one side alone made, to be looked at.
package struct ParityCase: Codable, Sendable {
    package let practice: String
    package let destination: String
    /// differs, only-theirs, only-ours.
    package let verdict: String
    package let at: Date
    package let type: String
    package let record: UUID?
    package let differs: [String]
    /// The journal's entry of theirs, as `DAY/NUMBER`.
    package let message: String?
    /// The event number of ours.
    package let event: Int64?

    /// The newest first.
    package static func list(
        practice: String?, now: Date, window: TimeInterval = 600, limit: Int64 = 200, in transaction: Transaction
    ) async throws -> [ParityCase] {
        let young = now.addingTimeInterval(-window)
        let rows = try await transaction.query(
            """
            SELECT t.practice_id, c.name, t.verdict, t.received_at, t.type, t.record_id, t.differs,
                t.received_on::text || '/' || t.entry_id, t.event_number
            FROM reconciliation.tapped t
            JOIN api.subscription s ON s.practice_id = t.practice_id AND s.id = t.subscription_id
            JOIN api.client c ON c.practice_id = s.practice_id AND c.id = s.client_id
            WHERE (\(practice)::text IS NULL OR t.practice_id = \(practice))
                AND t.verdict IN ('differs', 'only-theirs')
            UNION ALL
            SELECT v.practice_id, c.name, 'only-ours', v.created_at, v.type, v.record_id, '{}', NULL, v.event_number
            FROM api.delivery v
            JOIN api.subscription s ON s.practice_id = v.practice_id AND s.id = v.subscription_id
            JOIN api.client c ON c.practice_id = s.practice_id AND c.id = s.client_id
            WHERE (\(practice)::text IS NULL OR v.practice_id = \(practice)) AND v.state = 'shadow'
                AND v.in_shadow IS NOT FALSE AND v.record_kind = 'appointment' AND v.created_at <= \(young)
                AND v.created_at >= (SELECT min(t.received_at) - make_interval(secs => \(window))
                    FROM reconciliation.tapped t
                    WHERE t.practice_id = v.practice_id AND t.subscription_id = v.subscription_id)
                AND NOT EXISTS (SELECT FROM reconciliation.tapped t WHERE t.practice_id = v.practice_id
                    AND t.subscription_id = v.subscription_id AND t.event_number = v.event_number)
            ORDER BY 4 DESC LIMIT \(limit)
            """)
        return try rows.map { row in
            let (practice, name, verdict, at, type, record, differs, message, event) = try row.decode(
                (String, String, String, Date, String, UUID?, [String], String?, Int64?).self)
            return ParityCase(
                practice: practice, destination: name, verdict: verdict, at: at, type: type, record: record,
                differs: differs, message: message, event: event)
        }
    }
}
