import Foundation
import Postgres
import Practice
import Worker

/// How long a finding has been open, in the practice's calendar days.
enum FindingAge: String, CaseIterable {
    case today
    case recent = "1-2"
    case old = "3"

    var words: String {
        switch self {
        case .today: "Since today"
        case .recent: "1 to 2 days"
        case .old: "3 days or more"
        }
    }
}

/// The instants between which a finding's age changes its name.
struct AgeBounds {
    let today: Date
    let recent: Date

    func range(_ age: FindingAge) -> (from: Date?, to: Date?) {
        switch age {
        case .today: (today, nil)
        case .recent: (recent, today)
        case .old: (nil, recent)
        }
    }
}

extension PracticeTime {
    func bounds(of now: Date) -> AgeBounds {
        let today = day(of: now)
        return AgeBounds(today: start(of: today), recent: start(of: today.adding(days: -2)))
    }
}

/// What the list of findings asks for. Nil asks for all.
struct FindingFilter {
    enum State: String, CaseIterable {
        case open, accepted, withheld, closed

        var words: String {
            switch self {
            case .open: "Open"
            case .accepted: "Accepted"
            case .withheld: "Withheld"
            case .closed: "Closed"
            }
        }
    }

    var practice: String?
    var code: String?
    var cause: String?
    var state: State?
    /// A booking app's client; what is found against the PM concerns every app.
    var app: UUID?
    var from: Date?
    var to: Date?
    var after: Place?

    /// The last row of the page before: its first sighting in microseconds, practice, workflow, key.
    struct Place {
        let since: Int64
        let practice: String
        let workflow: String
        let key: String

        init(since: Int64, practice: String, workflow: String, key: String) {
            self.since = since
            self.practice = practice
            self.workflow = workflow
            self.key = key
        }

        init?(_ text: String) {
            let parts = text.split(separator: "~", maxSplits: 3).map(String.init)
            guard parts.count == 4, let since = Int64(parts[0]) else { return nil }
            self.init(since: since, practice: parts[1], workflow: parts[2], key: parts[3])
        }

        var text: String { "\(since)~\(practice)~\(workflow)~\(key)" }
    }
}

/// Statements on findings. Row-level security shows the person's practices only; an index leads with the practice.
enum FindingQueries {
    /// Accepted: the newest act of a person on it, since it was first seen, is an acceptance, and it has not changed since.
    /// Indexes finding_act_by_finding and finding_event_by_finding.
    static func state() -> SQL {
        """
        CASE WHEN f.closed_at IS NOT NULL THEN 'closed'
            WHEN EXISTS (
                SELECT FROM (
                    SELECT a.act, a.at FROM reconciliation.finding_act a
                    WHERE a.practice_id = f.practice_id AND a.workflow = f.workflow AND a.key = f.key
                        AND a.at >= f.first_seen_at
                    ORDER BY a.id DESC LIMIT 1) newest
                WHERE newest.act = 'accept' AND NOT EXISTS (
                    SELECT FROM reconciliation.finding_event e
                    WHERE e.practice_id = f.practice_id AND e.workflow = f.workflow AND e.key = f.key
                        AND e.event IN ('changed', 'reopened') AND e.at > newest.at)) THEN 'accepted'
            WHEN f.withheld THEN 'withheld'
            ELSE 'open' END
        """
    }

    enum Column {
        case code, cause

        fileprivate var sql: SQL { self == .code ? "f.code" : "f.cause" }
    }

    /// Open findings by code or cause and by age; with an instant, as they were then. Index finding_open.
    static func open(
        by column: Column, _ practice: String, at bounds: AgeBounds, asOf past: Date? = nil
    ) -> SQL {
        let open: SQL =
            if let past {
                "(\(fragment: PastFindings.open(practice, asOf: past))) f WHERE f.state = 'open'"
            } else {
                """
                reconciliation.finding f
                WHERE f.practice_id = \(practice) AND f.workflow = 'scheduling' AND f.closed_at IS NULL
                    AND \(fragment: state()) = 'open'
                """
            }
        return """
            SELECT \(fragment: column.sql), count(*) FILTER (WHERE f.first_seen_at >= \(bounds.today)),
                count(*) FILTER (WHERE f.first_seen_at < \(bounds.today) AND f.first_seen_at >= \(bounds.recent)),
                count(*) FILTER (WHERE f.first_seen_at < \(bounds.recent))
            FROM \(fragment: open)
            GROUP BY 1 ORDER BY count(*) DESC, 1
            """
    }

    /// The oldest first. One more than the page shows says that there is a next one.
    static func list(_ filter: FindingFilter, limit: Int64) -> SQL {
        // Closed ones are most of all there ever were: index finding_open where they are not asked for.
        let isOver: SQL = filter.state == nil || filter.state == .closed ? "true" : "f.closed_at IS NULL"
        return """
            SELECT * FROM (
                SELECT f.practice_id, f.workflow, f.key, f.code, f.cause, f.withheld,
                    \(fragment: state()) AS state, f.day, f.sides::text, f.first_seen_at,
                    (extract(epoch FROM f.first_seen_at) * 1000000)::bigint AS since
                FROM reconciliation.finding f
                WHERE \(fragment: isOver)
                    AND (\(filter.practice)::text IS NULL OR f.practice_id = \(filter.practice))
                    AND (\(filter.code)::text IS NULL OR f.code = \(filter.code))
                    AND (\(filter.cause)::text IS NULL OR f.cause = \(filter.cause))
                    AND (\(filter.app)::uuid IS NULL OR f.client_id IS NULL OR f.client_id = \(filter.app))
                    AND (\(filter.from)::timestamptz IS NULL OR f.first_seen_at >= \(filter.from))
                    AND (\(filter.to)::timestamptz IS NULL OR f.first_seen_at < \(filter.to))
            ) listed
            WHERE (\(filter.state?.rawValue)::text IS NULL OR state = \(filter.state?.rawValue))
                AND (\(filter.after?.since)::bigint IS NULL OR (since, practice_id, workflow, key)
                    > (\(filter.after?.since), \(filter.after?.practice), \(filter.after?.workflow), \(filter.after?.key)))
            ORDER BY since, practice_id, workflow, key LIMIT \(limit)
            """
    }

    /// Codes of what is not closed. Index finding_open.
    static func codes() -> SQL {
        "SELECT DISTINCT f.code FROM reconciliation.finding f WHERE f.closed_at IS NULL ORDER BY f.code"
    }

    /// Of appointments of a comparison, the findings that are not closed. Index finding_by_member.
    static func ofMembers(_ practice: String, _ workflow: String, _ members: [UUID], client: UUID?) -> SQL {
        """
        SELECT f.member_id, f.key, f.code, f.cause, f.withheld FROM reconciliation.finding f
        WHERE f.practice_id = \(practice) AND f.workflow = \(workflow) AND f.closed_at IS NULL
            AND f.member_id = ANY (\(members)) AND (f.client_id IS NULL OR f.client_id = \(client))
        ORDER BY f.member_id, f.first_seen_at, f.key
        """
    }

    /// Primary key.
    static func one(_ practice: String, _ workflow: String, _ key: String) -> SQL {
        """
        SELECT f.code, f.cause, f.act, f.withheld, \(fragment: state()), f.day, f.record_id, f.client_id,
            f.received_on, f.entry_id, f.sides::text, f.watermark, f.first_seen_at, f.last_seen_at, f.closed_at,
            f.detail::text, f.location, f.provider, f.ended, \(fragment: Removing.isAsCompared())
        FROM reconciliation.finding f
        WHERE f.practice_id = \(practice) AND f.workflow = \(workflow) AND f.key = \(key)
        """
    }

    static func acts(_ practice: String, _ workflow: String, _ key: String) -> SQL {
        """
        SELECT id, act, reason, actor, at FROM reconciliation.finding_act
        WHERE practice_id = \(practice) AND workflow = \(workflow) AND key = \(key) ORDER BY id
        """
    }

    /// Serialises acts on one finding, so that of two submits of a form one sees the other.
    static func lock(_ practice: String, _ workflow: String, _ key: String) -> SQL {
        "SELECT pg_advisory_xact_lock(hashtextextended(concat_ws('/', \(practice), \(workflow), \(key)), 11))::text"
    }

    static func lastAct(_ practice: String, _ workflow: String, _ key: String) -> SQL {
        """
        SELECT coalesce(max(id), 0) FROM reconciliation.finding_act
        WHERE practice_id = \(practice) AND workflow = \(workflow) AND key = \(key)
        """
    }

    static func act(
        _ act: String, on practice: String, _ workflow: String, _ key: String, reason: String, actor: String
    ) -> SQL {
        """
        INSERT INTO reconciliation.finding_act (practice_id, workflow, key, act, reason, actor)
        VALUES (\(practice), \(workflow), \(key), \(act), \(reason), \(actor))
        """
    }

    /// What the journal has of the record, the newest first. Primary key of appointment_event.
    static func messages(_ practice: String, _ record: UUID) -> SQL {
        """
        SELECT v.received_on, v.entry_id, e.received_at, e.message_type, e.feed,
            (SELECT o.code FROM journal.outcome o WHERE o.received_on = v.received_on AND o.entry_id = v.entry_id
             ORDER BY o.id DESC LIMIT 1)
        FROM records.appointment_event v
        JOIN journal.entry e ON e.received_on = v.received_on AND e.id = v.entry_id
        WHERE v.practice_id = \(practice) AND v.appointment_id = \(record)
        ORDER BY v.entry_id DESC LIMIT 10
        """
    }

    /// What was told to booking apps of the record, the newest first: index delivery_by_record.
    static func deliveries(_ practice: String, _ record: UUID) -> SQL {
        """
        SELECT d.event_number, d.type, d.state, d.attempts, d.status, d.answer, d.created_at, c.name
        FROM api.delivery d
        JOIN api.subscription s ON s.practice_id = d.practice_id AND s.id = d.subscription_id
        JOIN api.client c ON c.practice_id = s.practice_id AND c.id = s.client_id
        WHERE d.practice_id = \(practice) AND d.record_id = \(record)
        ORDER BY d.created_at DESC, d.event_number DESC LIMIT 10
        """
    }
}
