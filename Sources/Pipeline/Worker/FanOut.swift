import Foundation
import Journal
package import Postgres
package import Queue

/// Turns a practice's changes into notices, in order: one job a practice at a time, so that each subscription's event
/// numbers have no gap. The notices' own jobs then deliver them, in order for one person or resource.
package struct FanOut: Sendable {
    package static let queue = "fan-out"

    /// Changes of one commit: each of their keys is a lock until then, and locks are few.
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
        let changes = try await unheard(practice, transaction)
        guard let newest = changes.last?.number ?? nil else { return Done() }
        var rings: Set<String> = []
        for subscription in try await subscriptions(practice, transaction) {
            let told = changes.filter { $0.tell && subscription.mode(at: $0.number) != "off" }
            if told.isEmpty { continue }
            if try await write(told, to: subscription, practice, transaction) { rings.insert(subscription.queueName) }
        }
        let isMore = changes.count == Int(Self.atOnce)
        if isMore { rings.insert(Self.queue) }
        try await transaction.later(
            """
            INSERT INTO records.fan_out (practice_id, last_change) VALUES (\(practice), \(newest))
            ON CONFLICT (practice_id) DO UPDATE SET last_change = excluded.last_change
            WHERE fan_out.last_change < excluded.last_change
            """)
        if isMore {
            try await NewJob.enqueue([self.job(for: practice)], into: job.queue, in: transaction)
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
        var rings: Set<String> = []
        for subscription in try await subscriptions(practice, transaction)
        where asked.client == nil || asked.client == subscription.client {
            let isSent = try await write([change], to: subscription, practice, transaction)
            if isSent { rings.insert(subscription.queueName) }
        }
        return Done(rings: rings)
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
        var rings: Set<String> = []
        for subscription in try await subscriptions(practice, transaction) where subscription.hearsAlarms {
            let isSent = try await write([change], to: subscription, practice, transaction)
            if isSent { rings.insert(subscription.queueName) }
        }
        return Done(rings: rings)
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
        let queue: Int16
        let queueName: String
        let lastEvent: Int64
        let hearsAlarms: Bool
        /// From which change on each mode holds, oldest first; empty where it was never another.
        let modes: [(after: Int64, mode: String)]

        /// The mode that held when a change was made; today's for a re-send.
        func mode(at number: Int64?) -> String {
            guard let number else { return mode }
            return modes.last { $0.after < number }?.mode ?? modes.first?.mode ?? mode
        }
    }

    /// Everything that is committed and not yet fanned out; commit order is number order, so nothing comes late.
    private func unheard(_ practice: String, _ transaction: Transaction) async throws -> [Change] {
        let rows = try await transaction.query(
            """
            SELECT c.number, c.type, c.record_kind, c.record_id, c.version, c.tell,
                coalesce(a.person_id, s.resource_id, c.record_id)
            FROM records.change c
            LEFT JOIN LATERAL (
                SELECT x.person_id FROM records.appointment x
                WHERE x.practice_id = c.practice_id AND x.id = c.record_id LIMIT 1
            ) a ON true
            LEFT JOIN LATERAL (
                SELECT x.resource_id FROM records.slot x
                WHERE x.practice_id = c.practice_id AND x.id = c.record_id LIMIT 1
            ) s ON true
            WHERE c.practice_id = \(practice) AND c.number > coalesce(
                (SELECT f.last_change FROM records.fan_out f WHERE f.practice_id = \(practice)), 0)
            ORDER BY c.number LIMIT \(Self.atOnce)
            """)
        return try rows.map { row in
            let (number, type, kind, record, version, tell, subject) = try row.decode(
                (Int64, String, String, UUID, Int32, Bool, UUID).self)
            return Change(
                number: number, type: type, kind: kind, record: record, version: version, tell: tell, subject: subject,
                name: "\(version)/\(type)/\(number)")
        }
    }

    private func subscriptions(_ practice: String, _ transaction: Transaction) async throws -> [Subscription] {
        let rows = try await transaction.query(
            """
            SELECT s.id, s.client_id, s.mode, s.queue, q.name, s.last_event, s.alarms,
                array(SELECT m.after_change FROM api.mode m
                      WHERE m.practice_id = s.practice_id AND m.subscription_id = s.id ORDER BY m.id),
                array(SELECT m.mode FROM api.mode m
                      WHERE m.practice_id = s.practice_id AND m.subscription_id = s.id ORDER BY m.id)
            FROM api.subscription s
            JOIN api.client c ON c.practice_id = s.practice_id AND c.id = s.client_id AND c.revoked_at IS NULL
            JOIN queue.queue q ON q.id = s.queue
            WHERE s.practice_id = \(practice) AND s.ended_at IS NULL AND s.mode <> 'off'
            ORDER BY s.id
            """)
        return try rows.map { row in
            let (id, client, mode, queue, name, last, alarms, after, modes) = try row.decode(
                (UUID, UUID, String, Int16, String, Int64, Bool, [Int64], [String]).self)
            return Subscription(
                id: id, client: client, mode: mode, queue: queue, queueName: name, lastEvent: last, hearsAlarms: alarms,
                modes: zip(after, modes).map { ($0, $1) })
        }
    }

    /// Gives whether any of them is to be sent.
    private func write(
        _ changes: [Change], to subscription: Subscription, _ practice: String, _ transaction: Transaction
    ) async throws -> Bool {
        let numbers = changes.indices.map { subscription.lastEvent + Int64($0) + 1 }
        let shadows = changes.map { subscription.mode(at: $0.number) == "shadow" }
        try await transaction.later(
            """
            WITH numbered AS (
                UPDATE api.subscription SET last_event = \(numbers.last ?? subscription.lastEvent)
                WHERE practice_id = \(practice) AND id = \(subscription.id)
            )
            INSERT INTO api.delivery (practice_id, subscription_id, event_number, id, type, change_number, record_kind,
                record_id, version, state, ended_at)
            SELECT \(practice), \(subscription.id), d.event, d.id, d.type, d.change, d.kind, d.record, d.version,
                CASE WHEN d.shadow THEN 'shadow' ELSE 'pending' END, CASE WHEN d.shadow THEN clock_timestamp() END
            FROM unnest(\(numbers), \(changes.map { deliveryID(subscription.id, $0) }), \(changes.map(\.type)),
                \(changes.map(\.number)), \(changes.map(\.kind)), \(changes.map(\.record)),
                \(changes.map { Int64($0.version) })::bigint[]::integer[], \(shadows)
            ) AS d (event, id, type, change, kind, record, version, shadow)
            """)
        let jobs = changes.indices.filter { !shadows[$0] }.map { index in
            NoticeJob(subscription: subscription.id, event: numbers[index])
                .job(practice: practice, subject: changes[index].subject, secret: secret)
        }
        try await NewJob.enqueue(jobs, into: subscription.queue, in: transaction)
        return !jobs.isEmpty
    }

    /// Never changes: the same change told to the same subscription is the same notice, however often it is worked out.
    private func deliveryID(_ subscription: UUID, _ change: Change) -> UUID {
        UUID(name: "\(change.record.uuidString)/\(change.name)", in: subscription)
    }
}
