package import Foundation
package import Postgres

/// An alarm: a feed that is silent against its rhythm, or was. Ids, feeds and times; nothing of a patient.
package struct SilentFeed: Codable, Hashable, Sendable, Identifiable {
    package let id: UUID
    package let practice: String
    package let feed: String
    /// The feed's last message before it fell silent.
    package let since: Date
    package let raisedAt: Date
    /// When the next message came; nil while it is silent.
    package let endedAt: Date?
    /// How often a message usually comes at that hour, in seconds; nil where the practice declared when silence matters.
    package let usual: TimeInterval?

    /// The feeds of a practice that are silent now; none: all speak as they usually do, or are not judged. What depends on
    /// a silent feed is to be withheld.
    package static func open(of practice: String, in transaction: Transaction) async throws -> [SilentFeed] {
        try await transaction.query(SilenceQueries.alarms(practice: practice, openOnly: true, limit: 1000))
            .map(SilentFeed.init)
    }

    /// Alarms of what the transaction may see: open ones first, then the newest.
    package static func list(limit: Int64 = 50, in transaction: Transaction) async throws -> [SilentFeed] {
        try await transaction.query(SilenceQueries.alarms(practice: nil, openOnly: false, limit: limit))
            .map(SilentFeed.init)
    }

    init(_ row: Row) throws {
        let usual: Int32?
        (practice, id, feed, since, raisedAt, endedAt, usual) = try row.decode(
            (String, UUID, String, Date, Date, Date?, Int32?).self)
        self.usual = usual.map(TimeInterval.init)
    }
}

enum SilenceQueries {
    /// Indexes alarm_open and alarm_by_time.
    static func alarms(practice: String?, openOnly: Bool, limit: Int64) -> SQL {
        """
        SELECT practice_id, id, feed, since, raised_at, ended_at, usual_seconds FROM watch.alarm
        WHERE kind = 'feed-silent' AND (\(practice)::text IS NULL OR practice_id = \(practice))
            AND (NOT \(openOnly) OR ended_at IS NULL)
        ORDER BY ended_at IS NOT NULL, raised_at DESC, feed LIMIT \(limit)
        """
    }

    /// Primary key.
    static func alarm(_ id: UUID, practice: String) -> SQL {
        """
        SELECT practice_id, id, feed, since, raised_at, ended_at, usual_seconds FROM watch.alarm
        WHERE practice_id = \(practice) AND id = \(id)
        """
    }

    static func openAlarms() -> SQL {
        """
        SELECT practice_id, id, feed, since, raised_at, ended_at, usual_seconds FROM watch.alarm
        WHERE kind = 'feed-silent' AND ended_at IS NULL
        """
    }

    /// Index alarm_open, by which two who raise the same raise it once.
    static func raise(_ id: UUID, practice: String, feed: String, since: Date, usual: Int32?, at now: Date) -> SQL {
        """
        INSERT INTO watch.alarm (practice_id, id, feed, since, usual_seconds, raised_at)
        VALUES (\(practice), \(id), \(feed), \(since), \(usual), \(now))
        ON CONFLICT (practice_id, kind, feed) WHERE ended_at IS NULL DO NOTHING
        """
    }

    static func end(_ id: UUID, practice: String, at instant: Date) -> SQL {
        """
        UPDATE watch.alarm SET ended_at = greatest(since, \(instant))
        WHERE practice_id = \(practice) AND id = \(id) AND ended_at IS NULL
        """
    }

    // MARK: The journal

    static func held() -> SQL { "SELECT feed FROM journal.held" }

    /// Index entry_by_feed. The stretches of five minutes in which the feed said something of the practice.
    static func heard(_ feed: String, practice: String, since: Date) -> SQL {
        """
        SELECT DISTINCT date_bin('5 minutes', received_at, timestamptz '1970-01-01 00:00:00Z')
        FROM journal.entry
        WHERE feed = \(feed) AND received_at >= \(since) AND received_on >= (\(since) AT TIME ZONE 'UTC')::date
            AND practice_id = \(practice) AND direction = 'in'
        """
    }

    /// Index entry_by_feed: the newest message after an instant.
    static func newest(_ feed: String, practice: String, after: Date) -> SQL {
        """
        SELECT max(received_at) FROM journal.entry
        WHERE feed = \(feed) AND received_at > \(after) AND received_on >= (\(after) AT TIME ZONE 'UTC')::date
            AND practice_id = \(practice) AND direction = 'in'
        """
    }

    /// Index entry_by_feed: the first message after an instant.
    static func next(_ feed: String, practice: String, after: Date) -> SQL {
        """
        SELECT min(received_at) FROM journal.entry
        WHERE feed = \(feed) AND received_at > \(after) AND received_on >= (\(after) AT TIME ZONE 'UTC')::date
            AND practice_id = \(practice) AND direction = 'in'
        """
    }

    static func silences(_ feed: String, practice: String, since: Date) -> SQL {
        """
        SELECT since, ended_at FROM watch.alarm
        WHERE practice_id = \(practice) AND feed = \(feed) AND kind = 'feed-silent'
            AND (ended_at IS NULL OR ended_at >= \(since))
        """
    }
}
