import Foundation
import Journal
import Postgres
import Practice

/// The statements of the comparison with a replaced interface.
enum ParityQueries {
    static func lock(_ practice: String) -> SQL {
        "SELECT pg_advisory_xact_lock(hashtextextended('parity/' || \(practice), 0))"
    }

    static func practices() -> SQL {
        """
        SELECT p.practice_id FROM records.practice p
        WHERE EXISTS (SELECT FROM reconciliation.tapped t WHERE t.practice_id = p.practice_id) ORDER BY 1
        """
    }

    static func subscriptions(_ practice: String, client: String) -> SQL {
        """
        SELECT s.id FROM api.subscription s
        JOIN api.client c ON c.practice_id = s.practice_id AND c.id = s.client_id AND c.revoked_at IS NULL
        WHERE s.practice_id = \(practice) AND c.name = \(client) AND s.ended_at IS NULL ORDER BY s.id
        """
    }

    static func keep(
        _ facts: TappedFacts, _ said: String, practice: String, subscription: UUID, entry: Journal.Entry,
        position: Int32, type: AppointmentChange, eventAt: Date
    ) -> SQL {
        """
        INSERT INTO reconciliation.tapped (practice_id, subscription_id, tap, received_on, entry_id, position,
            received_at, event_at, type, said)
        VALUES (\(practice), \(subscription), \(entry.feed), \(entry.id.day), \(entry.id.number), \(position),
            \(entry.receivedAt), \(eventAt), \(type.rawValue), \(said)::text::jsonb)
        ON CONFLICT (practice_id, subscription_id, received_on, entry_id, position) DO NOTHING
        """
    }

    /// Index tapped_unmatched.
    static func open(_ practice: String, since: Date, includesLate: Bool) -> SQL {
        """
        SELECT t.id, t.subscription_id, t.type, t.received_at, t.said::text, t.record_id, t.verdict
        FROM reconciliation.tapped t
        WHERE t.practice_id = \(practice) AND t.received_at >= \(since) AND t.verdict IN ('waiting', 'only-theirs')
            AND (\(includesLate) OR t.verdict = 'waiting')
        ORDER BY t.received_at LIMIT 2000
        """
    }

    /// Primary key of the aliases, by its leading columns.
    static func records(_ practice: String, kinds: [String], values: [String]) -> SQL {
        """
        SELECT DISTINCT l.appointment_id
        FROM unnest(\(kinds), \(values)) AS n (kind, value)
        JOIN records.appointment_alias l ON l.practice_id = \(practice) AND l.kind = n.kind AND l.value = n.value
        LIMIT 2
        """
    }

    /// Index appointment_by_start.
    static func records(_ practice: String, start: Date, persons: [String]) -> SQL {
        """
        SELECT a.id FROM records.appointment a
        WHERE a.practice_id = \(practice) AND a.start_at = \(start) AND a.person_id IN (
            SELECT coalesce(p.survivor, p.id) FROM records.person_alias l
            JOIN records.person p ON p.enterprise_id = l.enterprise_id AND p.id = l.person_id
            WHERE l.enterprise_id = a.enterprise_id AND l.value = ANY (\(persons))
            UNION
            SELECT l.person_id FROM records.person_alias l
            WHERE l.enterprise_id = a.enterprise_id AND l.value = ANY (\(persons)))
        LIMIT 2
        """
    }

    /// Our notices in shadow of these records that nothing of theirs is matched with: index delivery_by_record.
    static func shadowed(_ practice: String, _ subscription: UUID, _ records: [UUID], since: Date) -> SQL {
        """
        SELECT d.event_number, d.record_id, d.type, d.created_at, v.state::text, \(fragment: personNames())
        FROM api.delivery d
        JOIN records.appointment_version v ON v.practice_id = d.practice_id AND v.appointment_id = d.record_id
            AND v.version = d.version
        JOIN records.appointment a ON a.practice_id = d.practice_id AND a.id = d.record_id
        WHERE d.practice_id = \(practice) AND d.subscription_id = \(subscription) AND d.record_id = ANY (\(records))
            AND d.state = 'shadow' AND d.record_kind = 'appointment' AND d.created_at >= \(since)
            AND NOT EXISTS (SELECT FROM reconciliation.tapped t WHERE t.practice_id = d.practice_id
                AND t.subscription_id = d.subscription_id AND t.event_number = d.event_number)
        ORDER BY d.event_number
        """
    }

    /// What the record said at a time; primary key of the versions.
    static func stood(_ practice: String, _ record: UUID, at: Date) -> SQL {
        """
        SELECT v.state::text, \(fragment: personNames())
        FROM records.appointment_version v
        JOIN records.appointment a ON a.practice_id = v.practice_id AND a.id = v.appointment_id
        WHERE v.practice_id = \(practice) AND v.appointment_id = \(record) AND v.recorded_at <= \(at)
        ORDER BY v.version DESC LIMIT 1
        """
    }

    /// What the appointment's person is called, merged ones too.
    private static func personNames() -> SQL {
        """
        array(SELECT l.value FROM records.person_alias l
            WHERE l.enterprise_id = a.enterprise_id AND (l.person_id = a.person_id OR l.person_id IN (
                SELECT m.id FROM records.person m
                WHERE m.enterprise_id = a.enterprise_id AND m.survivor = a.person_id)))
        """
    }

    static func settle(
        _ practice: String, ids: [Int64], verdicts: [String], records: [UUID?], events: [Int64?], differs: [String]
    ) -> SQL {
        """
        UPDATE reconciliation.tapped t SET verdict = n.verdict, record_id = n.record, event_number = n.event,
            differs = string_to_array(n.differs, ','), judged_at = clock_timestamp()
        FROM unnest(\(ids), \(verdicts), \(records), \(events), \(differs)) AS n (id, verdict, record, event, differs)
        WHERE t.practice_id = \(practice) AND t.id = n.id
        """
    }
}
