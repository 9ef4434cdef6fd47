import Foundation
import Journal
package import Postgres
package import Queue

/// Turns a practice's changes into notices, in order: one job a practice at a time, so that each subscription's event
/// numbers have no gap. The notices' own jobs then deliver them, in order for one person or resource.
package struct FanOut: Sendable {
    package static let queue = "fan-out"

    /// Changes of one commit.
    private static let atOnce: Int64 = 500

    private let secret: KeySecret

    package init(secret: KeySecret) {
        self.secret = secret
    }

    package func job(for practice: String) -> NewJob {
        NewJob(kind: "fan-out", key: key(of: practice), practice: practice)
    }

    /// One key a practice: its changes and its re-sends are numbered one after the other.
    package func key(of practice: String) -> JobKey {
        JobKey("practice/\(practice)", secret: secret)
    }

    package func handle(_ job: Job, _ transaction: Transaction) async throws -> Done {
        guard let practice = job.practice else { return Done() }
        if job.kind == Self.resend { return try await resend(job, practice, transaction) }
        if job.kind == Self.alarm { return try await alarm(job, practice, transaction) }
        let (subscriptions, changes) = try await unheard(practice, transaction)
        guard let newest = changes.last?.number ?? nil else { return Done() }
        let told = changes.filter(\.tell)
        var rings = try await tell(
            subscriptions.map { one in (one, told.filter { one.mode(at: $0.number) != "off" }) }, practice, transaction)
        try await transaction.later(
            """
            INSERT INTO records.fan_out (practice_id, last_change) VALUES (\(practice), \(newest))
            ON CONFLICT (practice_id) DO UPDATE SET last_change = excluded.last_change
            WHERE fan_out.last_change < excluded.last_change
            """)
        if changes.count == Int(Self.atOnce) {
            try await NewJob.enqueue([self.job(for: practice)], into: job.queue, in: transaction)
            rings.insert(Self.queue)
        }
        return Done(rings: rings)
    }

    // MARK: Mending

    package static let resend = "resend"

    private struct Resend: Decodable {
        let record: UUID
        /// Whom to tell; nil tells every subscriber.
        let client: UUID?
    }

    /// Tells how a record stands, under a new id and a type of its own, or a receiver would drop it as a repeat.
    private func resend(_ job: Job, _ practice: String, _ transaction: Transaction) async throws -> Done {
        guard let asked = try? JSONDecoder().decode(Resend.self, from: Data(job.payload.utf8)) else {
            throw Failure(code: "unreadable-job", kind: .permanent, stage: "fan-out", holdsKey: false)
        }
        let rows = try await transaction.query(
            """
            SELECT version, coalesce(person_id, id) FROM records.appointment
            WHERE practice_id = \(practice) AND id = \(asked.record)
            """)
        guard let (version, subject) = try rows.first?.decode((Int32, UUID).self) else {
            throw Failure(code: "unknown-record", kind: .permanent, stage: "fan-out", holdsKey: false)
        }
        let change = Change(
            number: nil, type: "appointment.resync", kind: "appointment", record: asked.record, version: version,
            tell: true, subject: subject, name: "resync/\(job.id)")
        let subscriptions = try await subscriptions(practice, transaction)
            .filter { asked.client == nil || asked.client == $0.client }
        return Done(rings: try await tell(subscriptions.map { ($0, [change]) }, practice, transaction))
    }

    // MARK: Alarms

    package static let alarm = "alarm"

    private struct Alarm: Decodable {
        let alarm: UUID
        let isEnd: Bool
    }

    /// Tells the clients that asked for alarms, in the numbering of all else that they hear.
    private func alarm(_ job: Job, _ practice: String, _ transaction: Transaction) async throws -> Done {
        guard let asked = try? JSONDecoder().decode(Alarm.self, from: Data(job.payload.utf8)) else {
            throw Failure(code: "unreadable-job", kind: .permanent, stage: "fan-out", holdsKey: false)
        }
        let type = asked.isEnd ? "feed.resumed" : "feed.silent"
        let change = Change(
            number: nil, type: type, kind: "alarm", record: asked.alarm, version: asked.isEnd ? 2 : 1, tell: true,
            subject: asked.alarm, name: type)
        let subscriptions = try await subscriptions(practice, transaction).filter(\.hearsAlarms)
        return Done(rings: try await tell(subscriptions.map { ($0, [change]) }, practice, transaction))
    }

    // MARK: Changes

    private struct Change {
        /// Nil for a re-send.
        let number: Int64?
        let type: String
        let kind: String
        let record: UUID
        let version: Int32
        let tell: Bool
        /// What orders its notices: the person, else the record.
        let subject: UUID
        /// What tells this notice of a record from any other.
        let name: String
    }

    private struct Subscription {
        let id: UUID
        let client: UUID
        let mode: String
        let queueName: String
        let hearsAlarms: Bool
        /// From which change on each mode holds, oldest first; empty where it was never another.
        let modes: [(after: Int64, mode: String)]

        /// The mode that held when a change was made; today's for a re-send.
        func mode(at number: Int64?) -> String {
            guard let number else { return mode }
            return modes.last { $0.after < number }?.mode ?? modes.first?.mode ?? mode
        }
    }

    /// Who is told of a practice's changes, and everything that is committed and not yet fanned out: commit order is number
    /// order, so nothing comes late. One round trip: the rows of the two have each other's columns empty.
    private func unheard(
        _ practice: String, _ transaction: Transaction
    ) async throws -> ([Subscription], [Change]) {
        try await transaction.planByKey()
        let rows = try await transaction.query(
            """
            SELECT s.*, NULL::bigint, NULL::text, NULL::text, NULL::uuid, NULL::integer, NULL::boolean, NULL::uuid
            FROM (\(fragment: Self.subscribers(practice))) s
            UNION ALL
            (SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL,
                c.number, c.type, c.record_kind, c.record_id, c.version, c.tell,
                coalesce(a.person_id, s.resource_id, c.record_id)
            FROM records.change c
            LEFT JOIN LATERAL (  -- in the primary key's order, for other indexes begin with the practice too
                SELECT x.id, x.person_id FROM records.appointment x
                WHERE c.record_kind = 'appointment' AND x.practice_id = c.practice_id AND x.id >= c.record_id
                ORDER BY x.id LIMIT 1
            ) a ON a.id = c.record_id
            LEFT JOIN LATERAL (
                SELECT x.resource_id FROM records.slot x
                WHERE c.record_kind = 'slot' AND x.practice_id = c.practice_id AND x.id = c.record_id LIMIT 1
            ) s ON true
            WHERE c.practice_id = \(practice) AND c.number > coalesce(
                (SELECT f.last_change FROM records.fan_out f WHERE f.practice_id = \(practice)), 0)
            ORDER BY c.number LIMIT \(Self.atOnce))
            """)
        var (subscriptions, changes): ([Subscription], [Change]) = ([], [])
        for row in rows {
            let (
                id, client, mode, queue, alarms, after, modes, number, type, kind, record, version, tell, subject
            ) = try row.decode(
                (
                    UUID?, UUID?, String?, String?, Bool?, [Int64]?, [String]?, Int64?, String?, String?, UUID?, Int32?,
                    Bool?, UUID?
                ).self)
            if let id, let client, let mode, let queue, let alarms, let after, let modes {
                subscriptions.append(
                    Subscription(
                        id: id, client: client, mode: mode, queueName: queue, hearsAlarms: alarms,
                        modes: zip(after, modes).map { ($0, $1) }))
            } else if let number, let type, let kind, let record, let version, let tell, let subject {
                changes.append(
                    Change(
                        number: number, type: type, kind: kind, record: record, version: version, tell: tell,
                        subject: subject, name: "\(version)/\(type)/\(number)"))
            }
        }
        return (subscriptions, changes.sorted { ($0.number ?? 0) < ($1.number ?? 0) })
    }

    private func subscriptions(_ practice: String, _ transaction: Transaction) async throws -> [Subscription] {
        try await transaction.query(Self.subscribers(practice)).map { row in
            let (id, client, mode, name, alarms, after, modes) = try row.decode(
                (UUID, UUID, String, String, Bool, [Int64], [String]).self)
            return Subscription(
                id: id, client: client, mode: mode, queueName: name, hearsAlarms: alarms,
                modes: zip(after, modes).map { ($0, $1) })
        }
    }

    private static func subscribers(_ practice: String) -> SQL {
        """
        SELECT s.id, s.client_id, s.mode, q.name, s.alarms,
            array(SELECT m.after_change FROM api.mode m
                  WHERE m.practice_id = s.practice_id AND m.subscription_id = s.id ORDER BY m.id),
            array(SELECT m.mode FROM api.mode m
                  WHERE m.practice_id = s.practice_id AND m.subscription_id = s.id ORDER BY m.id)
        FROM api.subscription s
        JOIN api.client c ON c.practice_id = s.practice_id AND c.id = s.client_id AND c.revoked_at IS NULL
        JOIN queue.queue q ON q.id = s.queue
        WHERE s.practice_id = \(practice) AND s.ended_at IS NULL AND s.mode <> 'off'
        ORDER BY s.id
        """
    }

    // MARK: Writing

    /// One delivery: a change as one subscription hears it.
    private struct Delivery {
        let change: Change
        let subscription: UUID
        /// Counted from 1 among those that this subscription hears now.
        let place: Int64
        let isShadow: Bool
    }

    /// Numbers and writes the deliveries of all subscriptions, and puts the jobs of those that are to be sent into their
    /// queues: one statement, with the next one or the commit. Gives the queues to ring for.
    private func tell(
        _ news: [(Subscription, [Change])], _ practice: String, _ transaction: Transaction
    ) async throws -> Set<String> {
        let news = news.filter { !$0.1.isEmpty }
        if news.isEmpty { return [] }
        let all = news.flatMap { subscription, changes in
            changes.enumerated().map { index, change in
                Delivery(
                    change: change, subscription: subscription.id, place: Int64(index) + 1,
                    isShadow: subscription.mode(at: change.number) == "shadow")
            }
        }
        let keys = all.map {
            $0.isShadow ? nil : NoticeJob.key($0.subscription, $0.change.subject, secret: secret).bytes
        }
        try await transaction.later(
            """
            WITH told AS MATERIALIZED (  -- 1: in each subscription's order
                SELECT * FROM unnest(
                    \(all.map(\.subscription)), \(all.map(\.place)), \(all.map { deliveryID($0.subscription, $0.change) }),
                    \(all.map(\.change.type)), \(all.map(\.change.number)), \(all.map(\.change.kind)),
                    \(all.map(\.change.record)), \(all.map(\.change.version)), \(all.map(\.isShadow)), \(keys)
                ) WITH ORDINALITY AS t (subscription, place, id, type, change, kind, record, version, shadow, key, n)
            ), numbered AS (  -- 2: whoever numbers holds the subscription's row until the commit
                UPDATE api.subscription s SET last_event = s.last_event + c.count
                FROM unnest(\(news.map(\.0.id)), \(news.map { Int64($0.1.count) })) AS c (id, count)
                WHERE s.practice_id = \(practice) AND s.id = c.id
                RETURNING s.id, s.queue, s.last_event - c.count AS before
            ), delivered AS (  -- 3
                INSERT INTO api.delivery (practice_id, subscription_id, event_number, id, type, change_number, record_kind,
                    record_id, version, state, in_shadow, ended_at)
                SELECT \(practice), t.subscription, n.before + t.place, t.id, t.type, t.change, t.kind, t.record, t.version,
                    CASE WHEN t.shadow THEN 'shadow' ELSE 'pending' END, t.shadow,
                    CASE WHEN t.shadow THEN clock_timestamp() END
                FROM told t JOIN numbered n ON n.id = t.subscription
            )
            -- 4: nobody else enqueues into a subscription's queue, so its row does for the keys' locks: ids are drawn under it
            INSERT INTO queue.job (queue, lane, kind, key, practice_id, payload)
            SELECT n.queue, get_byte(t.key, 0) % q.lanes, \(NoticeJob.kind), t.key, \(practice),
                jsonb_build_object('subscription', t.subscription, 'event', n.before + t.place)
            FROM told t JOIN numbered n ON n.id = t.subscription JOIN queue.queue q ON q.id = n.queue
            WHERE NOT t.shadow ORDER BY t.n
            """)
        return Set(
            news.filter { one, changes in changes.contains { one.mode(at: $0.number) != "shadow" } }.map(\.0.queueName))
    }

    /// Never changes: the same change told to the same subscription is the same notice, however often it is worked out.
    private func deliveryID(_ subscription: UUID, _ change: Change) -> UUID {
        UUID(name: "\(change.record.uuidString)/\(change.name)", in: subscription)
    }
}
