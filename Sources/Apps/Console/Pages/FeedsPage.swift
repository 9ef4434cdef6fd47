import Foundation
import Hummingbird
import Postgres
import Queue
import Worker
import Workflow

/// Whether the feeds speak, the queues move, and the workers live.
extension Console {
    var feedRoutes: [Route] {
        [.get("/feeds") { visit, person in try await feeds(visit, person) }]
    }

    private struct FeedsPage {
        let frame: Frame
        let isUnreadable: Bool
        let alarms: [AlarmLine]
        let feeds: [FeedLine]
        let queues: [QueueLine]
        let workers: [WorkerLine]
        let refusals: [RefusalLine]
    }

    private struct FeedLine {
        let name: String
        let link: String
        let practices: String
        let last: Moment
        let hour: Int64
        let repeats: Int64
    }

    private struct QueueLine {
        let name: String
        /// Which booking app a queue delivers to.
        let destination: String?
        let waiting: Int64
        let oldest: String
        let retrying: Int64
        let heldBack: Int64
        let parked: Int64
        let uncertain: Int64
        let link: String
        let uncertainLink: String
        let state: String
        let sign: String
        let tone: String
    }

    private struct WorkerLine {
        let name: String
        let host: String
        let version: String
        let started: Moment
        let state: String
        let sign: String
        let tone: String
    }

    private struct RefusalLine {
        let at: Moment
        let feed: String
        let peer: String
        let reason: String
        let size: String
    }

    private func feeds(_ visit: Visit, _ person: SignedIn) async throws -> Response {
        let backlogs = try await Backlog.read(from: pool)
        let definition = try? await definitions.current()
        let isUnreadable = await !definitions.problems.isEmpty
        let page = try await reading(person) { desk in
            let apps = try await desk.transaction.query(FeedQueries.destinations())
                .map { try $0.decode((String, String).self) }
            let names = Dictionary(apps) { first, _ in first }
            return FeedsPage(
                frame: Frame(title: "Feeds and queues", person, at: "/feeds"), isUnreadable: isUnreadable,
                alarms: try await SilentFeed.list(limit: 20, in: desk.transaction).map { AlarmLine($0, desk) },
                feeds: try await feedLines(desk),
                queues: backlogs.filter { $0.practice == nil || desk.visible($0.practice) }
                    .map { queueLine($0, names[$0.queueName], desk) },
                workers: try await workers(desk), refusals: try await refusals(definition, desk))
        }
        return pages.page(.feeds, page)
    }

    private func feedLines(_ desk: Desk) async throws -> [FeedLine] {
        try await desk.transaction.query(FeedQueries.summary(desk.person)).map { row in
            let (name, last, hour, repeats, practices) = try row.decode((String, Date, Int64, Int64, [String?]).self)
            let named = practices.map { desk.name($0) }
            return FeedLine(
                name: name, link: Form.link("/messages", ["feed": name]), practices: named.joined(separator: ", "),
                last: Moment(last, desk.time(practices.first ?? nil), now: desk.databaseNow), hour: hour,
                repeats: repeats)
        }
    }

    private func queueLine(_ backlog: Backlog, _ destination: String?, _ desk: Desk) -> QueueLine {
        let (state, sign, tone): (String, String, String)
        if let reason = backlog.pausedReason {
            (state, sign, tone) = ("Paused: \(reason)", "‖", "care")
        } else if let until = backlog.circuitOpenUntil, until > desk.databaseNow {
            let time = Moment(until, desk.time(backlog.practice), now: desk.databaseNow)
            (state, sign, tone) = ("Circuit open until \(time.text)", "✕", "bad")
        } else {
            (state, sign, tone) = ("Runs", "✓", "good")
        }
        return QueueLine(
            name: backlog.queueName, destination: destination, waiting: backlog.waiting,
            oldest: backlog.oldest.map { Moment.age(desk.databaseNow.timeIntervalSince($0)) } ?? "none",
            retrying: backlog.retrying, heldBack: backlog.heldBack, parked: backlog.parked,
            uncertain: backlog.uncertain, link: Form.link("/jobs", ["state": "parked", "queue": backlog.queueName]),
            uncertainLink: Form.link("/jobs", ["state": "uncertain", "queue": backlog.queueName]), state: state,
            sign: sign, tone: tone)
    }

    private func workers(_ desk: Desk) async throws -> [WorkerLine] {
        try await desk.transaction.query(FeedQueries.workers()).map { row in
            let (name, host, version, started, isAlive) = try row.decode((String, String, String, Date, Bool).self)
            return WorkerLine(
                name: name, host: host, version: version,
                started: Moment(started, desk.time(nil), now: desk.databaseNow),
                state: isAlive ? "Alive" : "Silent: its lanes are taken over", sign: isAlive ? "✓" : "✕",
                tone: isAlive ? "good" : "bad")
        }
    }

    /// A frame that never became a message names no practice: it is shown to those of its feed's.
    private func refusals(_ definition: Definition?, _ desk: Desk) async throws -> [RefusalLine] {
        let sources = definition.map { Array($0.feeds.values) + Array($0.taps.values) } ?? []
        let own = sources.filter { !Set($0.practices.values).isDisjoint(with: desk.person.practices) }.map(\.name)
        return try await desk.transaction.query(FeedQueries.refusals(of: own, desk.person)).map { row in
            let (at, feed, peer, reason, size) = try row.decode((Date, String, String, String, Int64).self)
            return RefusalLine(
                at: Moment(at, desk.time(nil), now: desk.databaseNow), feed: feed, peer: peer, reason: reason,
                size: Words.count(size, "byte", "bytes"))
        }
    }
}

/// Statements on what came in. The journal has no row-level security: each says whose eyes it is for.
enum FeedQueries {
    /// Feeds of a practice, when each was last heard in five weeks, and how much in the last hour: index entry_by_feed. The
    /// feeds are those of the definitions, else every one that ever spoke: one that only others use would be read to its
    /// end for nothing.
    static func lastHeard(_ practice: String, feeds: [String]?) -> SQL {
        let names: SQL =
            if let feeds { "WITH name AS (SELECT unnest(\(feeds)) AS feed)" } else { walk() }
        return """
            \(fragment: names)
            SELECT n.feed, l.received_at, (
                SELECT count(*) FROM journal.entry e
                WHERE e.feed = n.feed AND e.received_at > clock_timestamp() - interval '1 hour' AND e.direction = 'in'
                    AND e.received_on >= current_date - 1 AND e.practice_id = \(practice))
            FROM name n
            CROSS JOIN LATERAL (
                SELECT e.received_at FROM journal.entry e
                WHERE e.feed = n.feed AND e.direction = 'in' AND e.practice_id = \(practice)
                    AND e.received_on >= current_date - 35
                ORDER BY e.received_at DESC LIMIT 1) l
            WHERE n.feed IS NOT NULL
            ORDER BY n.feed
            """
    }

    static func summary(_ person: SignedIn) -> SQL {
        """
        \(fragment: walk()), heard AS (  -- what came in a week
            SELECT e.feed, e.received_on, e.id, e.received_at, e.practice_id
            FROM name n JOIN journal.entry e ON e.feed = n.feed
            WHERE e.direction = 'in' AND e.received_at > clock_timestamp() - interval '7 days'
                AND e.received_on >= current_date - 8
                AND \(fragment: person.condition(on: "e.practice_id"))
        )
        SELECT h.feed, max(h.received_at),
            count(*) FILTER (WHERE h.received_at > clock_timestamp() - interval '1 hour'),
            (SELECT count(*) FROM journal.repeat r JOIN heard i ON i.received_on = r.received_on AND i.id = r.entry_id
             WHERE i.feed = h.feed AND r.at > clock_timestamp() - interval '1 day'),
            array_agg(DISTINCT h.practice_id)
        FROM heard h GROUP BY h.feed ORDER BY h.feed
        """
    }

    /// The names of feeds, one index probe a name.
    private static func walk() -> SQL {
        """
        WITH RECURSIVE name AS (
            (SELECT min(e.feed) AS feed FROM journal.entry e)
            UNION ALL
            SELECT (SELECT min(e.feed) FROM journal.entry e WHERE e.feed > n.feed) FROM name n WHERE n.feed IS NOT NULL
        )
        """
    }

    /// Which booking app a queue of notices goes to.
    static func destinations() -> SQL {
        """
        SELECT q.name, c.name
        FROM api.subscription s
        JOIN api.client c ON c.practice_id = s.practice_id AND c.id = s.client_id
        JOIN queue.queue q ON q.id = s.queue
        ORDER BY s.created_at DESC
        """
    }

    static func workers() -> SQL {
        """
        SELECT name, host, version, started_at, lease_until > clock_timestamp() FROM queue.worker ORDER BY name, id
        """
    }

    /// Of these feeds; for an administrator of every one.
    static func refusals(of feeds: [String], _ person: SignedIn) -> SQL {
        """
        SELECT at, feed, peer, reason, size FROM journal.refusal
        WHERE at > clock_timestamp() - interval '7 days' AND (\(person.isAdministrator) OR feed = ANY (\(feeds)))
        ORDER BY id DESC LIMIT 50
        """
    }
}
