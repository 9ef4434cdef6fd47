import Foundation
import Journal
import Postgres
package import Queue

/// Turns a practice's changes into notices, in order: one job a practice at a time, so that each subscription's event
/// numbers have no gap. The notices' own jobs then deliver them, in order for one person or resource.
package struct FanOut: Sendable {
    package static let queue = "fan-out"

    /// The kind of the job that tells a practice's changes.
    private static let changes = "fan-out"
    /// Changes of one commit.
    private static let atOnce: Int64 = 500

    private let secret: KeySecret

    package init(secret: KeySecret) {
        self.secret = secret
    }

    package func job(for practice: String) -> NewJob {
        NewJob(kind: Self.changes, key: key(of: practice), practice: practice)
    }

    /// One key a practice: its changes and its re-sends are numbered one after the other.
    package func key(of practice: String) -> JobKey {
        JobKey("practice/\(practice)", secret: secret)
    }

    /// Works the queue of changes.
    package func duty() -> Duty {
        Duty(.named(Self.queue), pace: .milliseconds(10), work: .batches { try await handle($0, $1) })
    }

    /// Of several jobs for one practice's changes the first tells them all.
    func handle(_ batch: JobBatch, _ transaction: Transaction) async throws -> BatchResult {
        var told: Set<String> = []
        return try await batch.each { job in
            if job.kind == Self.changes, !told.insert(job.practice ?? "").inserted { return Done() }
            return try await handle(job, transaction)
        }
    }

    private func handle(_ job: Job, _ transaction: Transaction) async throws -> Done {
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
        let rows = try await transaction.query(FanOutQueries.unheard(practice, limit: Self.atOnce))
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
        try await transaction.query(FanOutQueries.subscribers(practice)).map { row in
            let (id, client, mode, name, alarms, after, modes) = try row.decode(
                (UUID, UUID, String, String, Bool, [Int64], [String]).self)
            return Subscription(
                id: id, client: client, mode: mode, queueName: name, hearsAlarms: alarms,
                modes: zip(after, modes).map { ($0, $1) })
        }
    }

    // MARK: Writing

    /// Numbers and writes the deliveries of all subscriptions, and puts the jobs of those that are to be sent into their
    /// queues: one statement, with the next one or the commit. Gives the queues to ring for.
    private func tell(
        _ news: [(Subscription, [Change])], _ practice: String, _ transaction: Transaction
    ) async throws -> Set<String> {
        let news = news.filter { !$0.1.isEmpty }
        if news.isEmpty { return [] }
        let all = news.flatMap { subscription, changes in
            changes.enumerated().map { index, change in
                let isShadow = subscription.mode(at: change.number) == "shadow"
                return FanOutQueries.Delivery(
                    subscription: subscription.id, place: Int64(index) + 1, id: deliveryID(subscription.id, change),
                    type: change.type, change: change.number, kind: change.kind, record: change.record,
                    version: change.version, isShadow: isShadow,
                    key: isShadow ? nil : NoticeJob.key(subscription.id, change.subject, secret: secret).bytes)
            }
        }
        try await transaction.later(
            FanOutQueries.tell(
                all, counts: news.map { ($0.0.id, Int64($0.1.count)) }, practice: practice))
        return Set(
            news.filter { one, changes in changes.contains { one.mode(at: $0.number) != "shadow" } }.map(\.0.queueName))
    }

    /// Never changes: the same change told to the same subscription is the same notice, however often it is worked out.
    private func deliveryID(_ subscription: UUID, _ change: Change) -> UUID {
        UUID(name: "\(change.record.uuidString)/\(change.name)", in: subscription)
    }
}
