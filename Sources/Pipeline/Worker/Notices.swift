package import Destination
import Foundation
import Hosting
import Journal
import Postgres
package import Queue
import ServiceLifecycle

/// The job of one notice: which subscription, which event of it.
struct NoticeJob: Codable {
    let subscription: UUID
    let event: Int64

    func job(practice: String, subject: UUID, secret: KeySecret) -> NewJob {
        NewJob(
            kind: "notice", key: JobKey("notice/\(subscription)/\(subject)", secret: secret), practice: practice,
            payload: #"{"subscription":"\#(subscription.uuidString.lowercased())","event":\#(event)}"#)
    }
}

/// Makes one attempt at a notice.
package protocol NoticeSender: Sendable {
    func send(_ notice: Notice, to webhook: Webhook) async throws(DeliveryFailure) -> Receipt
}

private struct HTTPSender: NoticeSender {
    let outbound: Outbound

    func send(_ notice: Notice, to webhook: Webhook) async throws(DeliveryFailure) -> Receipt {
        try await webhook.send(notice, by: outbound)
    }
}

/// Delivers notices to booking apps: outside any transaction, and the receipt in the commit that ends the job. A repeat
/// bears the same id, by which the app tells it, so an answer that never came is simply asked for again.
package struct Notices: Service {
    package static let queuePrefix = "webhook:"

    private let worker: Worker
    private let outbound: Outbound
    private let sender: any NoticeSender

    /// - Parameter sender: in place of HTTP, for apps that live in this process.
    package init(_ worker: Worker, sender: (any NoticeSender)? = nil) {
        self.worker = worker
        outbound = Outbound(allowsPrivate: worker.program.settings.flag(.allowPrivateWebhooks))
        self.sender = sender ?? HTTPSender(outbound: outbound)
    }

    package func duty() -> Duty {
        Duty(
            .prefixed(Self.queuePrefix), retry: RetrySchedule(steps: Webhook.waits),
            onFailure: { job, failure, transaction in try await note(job, failure, transaction) },
            work: .outside(atOnce: 16) { job in try await deliver(job) })
    }

    /// Keeps the connections until shutdown.
    package func run() async throws {
        try? await gracefulShutdown()
        await outbound.close()
    }

    private struct Pending {
        let notice: Notice
        let webhook: Webhook
    }

    private func deliver(_ job: Job) async throws -> Duty.Ending {
        guard let practice = job.practice, let payload = NoticeJob(job) else {
            throw Failure(code: "unreadable-job", kind: .permanent, stage: "deliver", holdsKey: false)
        }
        guard let pending = try await read(payload, practice) else {
            return { transaction in try await letGo(payload, practice, transaction) }
        }
        let receipt: Receipt
        do {
            receipt = try await sender.send(pending.notice, to: pending.webhook)
        } catch {
            if error == .interrupted { throw CancellationError() }
            throw Failure(error, said: try await withoutNames(error.said, payload, practice))
        }
        let attempts = Int32(job.attempts) + 1
        let sent = Arrival(
            feed: "webhook:\(payload.subscription.uuidString.lowercased())", practice: practice, peer: "out",
            controlID: pending.notice.id.uuidString.lowercased(), messageType: pending.notice.type,
            payload: pending.notice.body)
        return { transaction in
            try await sent.recordSent(
                and: """
                    UPDATE api.delivery SET state = 'delivered', status = \(Int32(receipt.status)),
                        attempts = \(attempts), ended_at = clock_timestamp()
                    WHERE practice_id = \(practice) AND subscription_id = \(payload.subscription)
                        AND event_number = \(payload.event) AND state = 'pending'
                    """, in: transaction)
        }
    }

    /// What the app said, unless its patient's name is in it.
    private func withoutNames(_ said: String?, _ payload: NoticeJob, _ practice: String) async throws -> String? {
        guard let said else { return nil }
        let rows = try await worker.pool.query(
            """
            SELECT p.family, p.given FROM api.delivery d
            JOIN records.appointment a ON a.practice_id = d.practice_id AND a.id = d.record_id
            JOIN records.person p ON p.enterprise_id = a.enterprise_id AND p.id = a.person_id
            WHERE d.practice_id = \(practice) AND d.subscription_id = \(payload.subscription)
                AND d.event_number = \(payload.event)
            """)
        guard let (family, given) = try rows.first?.decode((String, String).self) else { return said }
        let isNamed = [family, given].contains { !$0.isEmpty && said.lowercased().contains($0.lowercased()) }
        return isNamed ? nil : said
    }

    /// Nil when nothing is to be sent any more: delivered, discarded, or the subscription has ended.
    private func read(_ payload: NoticeJob, _ practice: String) async throws -> Pending? {
        let rows = try await worker.pool.query(
            """
            SELECT d.id, d.type, d.created_at, d.change_number, d.record_kind, d.record_id, d.version, s.url, s.secret,
                s.previous_secret, coalesce((
                    SELECT e.members FROM records.day_event e
                    WHERE d.record_kind = 'day' AND e.practice_id = d.practice_id AND e.id = d.record_id), '{}')
            FROM api.delivery d
            JOIN api.subscription s ON s.practice_id = d.practice_id AND s.id = d.subscription_id
            WHERE d.practice_id = \(practice) AND d.subscription_id = \(payload.subscription)
                AND d.event_number = \(payload.event) AND d.state = 'pending'
                AND s.ended_at IS NULL AND s.mode <> 'off'
            """)
        guard let row = rows.first else { return nil }
        let (id, type, at, change, kind, record, version, url, secret, previous, members) = try row.decode(
            (UUID, String, Date, Int64?, String, UUID, Int32, String, [UInt8], [UInt8]?, [UUID]).self)
        var notice = Notice(
            id: id, type: type, at: at, practice: practice, event: payload.event, change: change, kind: kind,
            record: record, version: version, members: members)
        if kind == "alarm" { notice.alarm = try await alarm(record, practice, hasEnded: version > 1) }
        return Pending(
            notice: notice,
            webhook: Webhook(url: url, secrets: [secret, previous].compactMap { $0.flatMap(Secret.init) }))
    }

    /// The notice that a feed is silent says the same after it has ended.
    private func alarm(_ id: UUID, _ practice: String, hasEnded: Bool) async throws -> Notice.Alarm? {
        try await worker.pool.query(SilenceQueries.alarm(id, practice: practice)).first.map { row in
            let alarm = try SilentFeed(row)
            return Notice.Alarm(feed: alarm.feed, since: alarm.since, until: hasEnded ? alarm.endedAt : nil)
        }
    }

    /// What nobody wants any more is not left pending; what was delivered stays so.
    private func letGo(_ payload: NoticeJob, _ practice: String, _ transaction: Transaction) async throws {
        try await transaction.later(
            """
            UPDATE api.delivery SET state = 'discarded', ended_at = clock_timestamp()
            WHERE practice_id = \(practice) AND subscription_id = \(payload.subscription)
                AND event_number = \(payload.event) AND state = 'pending'
            """)
    }

    private func note(_ job: Job, _ failure: Failure, _ transaction: Transaction) async throws {
        guard let practice = job.practice, let payload = NoticeJob(job) else { return }
        // The status, and what it was refused with.
        let parts = failure.detail.split(separator: " ", maxSplits: 1)
        let (status, said) = (parts.first.flatMap { Int32($0) }, parts.dropFirst().first.map(String.init))
        _ = try await transaction.execute(
            """
            UPDATE api.delivery SET attempts = attempts + 1, status = \(status), answer = \(said)
            WHERE practice_id = \(practice) AND subscription_id = \(payload.subscription)
                AND event_number = \(payload.event)
            """)
        // Standard Webhooks: 410 asks to be told nothing more.
        guard failure.code == DeliveryFailure.gone.code else { return }
        _ = try await transaction.execute(
            """
            UPDATE api.subscription SET ended_at = clock_timestamp()
            WHERE practice_id = \(practice) AND id = \(payload.subscription) AND ended_at IS NULL
            """)
    }
}

extension NoticeJob {
    init?(_ job: Job) {
        guard let payload = try? JSONDecoder().decode(NoticeJob.self, from: Data(job.payload.utf8)) else { return nil }
        self = payload
    }
}

extension Failure {
    /// A refused notice steps aside: the next one for the same record carries the newer version anyway.
    fileprivate init(_ failure: DeliveryFailure, said: String?) {
        var wait: Duration?
        if case .throttled(_, let asked) = failure { wait = asked }
        let kind: Failure.Kind =
            switch failure.kind {
            case .transient, .ambiguous, .interrupted: .transient
            case .permanent: .permanent
            }
        self.init(
            code: failure.code, kind: kind, stage: "deliver",
            detail: [failure.status.map(String.init), said].compactMap(\.self).joined(separator: " "),
            holdsKey: false, retryAfter: wait)
    }
}
