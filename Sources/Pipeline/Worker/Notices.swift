import Crypto
package import Destination
import Foundation
import Hosting
import Postgres
package import Queue
import ServiceLifecycle

/// The job of one notice: which subscription, which event of it.
struct NoticeJob: Codable {
    let subscription: UUID
    let event: Int64

    static let kind = "notice"

    static func key(_ subscription: UUID, _ subject: UUID, secret: KeySecret) -> JobKey {
        JobKey("notice/\(subscription)/\(subject)", secret: secret)
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

/// Delivers notices to booking apps: outside any transaction, read a look at a time, and the receipts in the commit that ends
/// their jobs. A repeat bears the same id, by which the app tells it, so an answer that never came is simply asked for again.
package struct Notices: Service {
    package static let queuePrefix = "webhook:"
    /// Calls at once to one app, each on a connection that is kept.
    static let atOnce = 32

    private let worker: Worker
    private let outbound: Outbound
    private let sender: any NoticeSender

    /// - Parameter sender: in place of HTTP, for apps that live in this process.
    package init(_ worker: Worker, sender: (any NoticeSender)? = nil) {
        self.worker = worker
        outbound = Outbound(
            allowsPrivate: worker.program.settings.flag(.allowPrivateWebhooks), connectionsPerAddress: Self.atOnce)
        self.sender = sender ?? HTTPSender(outbound: outbound)
    }

    package func duty() -> Duty {
        Duty(
            .prefixed(Self.queuePrefix), retry: RetrySchedule(steps: Webhook.waits),
            onFailure: { job, failure, transaction in try await note(job, failure, transaction) },
            work: .calls(atOnce: Self.atOnce) { jobs in
                let pending = try await read(jobs)
                return { job in try await deliver(job, pending) }
            })
    }

    /// Keeps the connections until shutdown.
    package func run() async throws {
        try? await gracefulShutdown()
        await outbound.close()
    }

    /// The primary key of a delivery.
    fileprivate struct DeliveryKey: Hashable, Sendable {
        let practice: String
        let subscription: UUID
        let event: Int64

        init?(_ job: Job) {
            guard let practice = job.practice, let payload = NoticeJob(job) else { return nil }
            (self.practice, subscription, event) = (practice, payload.subscription, payload.event)
        }
    }

    fileprivate struct Pending: Sendable {
        let notice: Notice
        let webhook: Webhook
    }

    /// What the app acknowledged.
    fileprivate struct Delivered: Sendable {
        let key: DeliveryKey
        let status: Int32
        let attempts: Int32
        /// Of the body.
        let digest: [UInt8]
    }

    private func deliver(_ job: Job, _ pending: [DeliveryKey: Pending]) async throws -> Duty.Ending {
        guard let key = DeliveryKey(job) else {
            throw Failure(code: "unreadable-job", kind: .permanent, stage: "deliver", holdsKey: false)
        }
        // Delivered, discarded, or the subscription has ended: what nobody wants any more is not left pending.
        guard let pending = pending[key] else {
            return Duty.Ending("discarded", key) { try await $1.later(NoticeQueries.discarded($0.map(\.columns))) }
        }
        let receipt: Receipt
        do {
            receipt = try await sender.send(pending.notice, to: pending.webhook)
        } catch {
            if error == .interrupted { throw CancellationError() }
            throw Failure(error, said: try await withoutNames(error.said, pending.notice))
        }
        let delivered = Delivered(
            key: key, status: Int32(receipt.status), attempts: Int32(job.attempts) + 1,
            digest: Array(SHA256.hash(data: pending.notice.body)))
        return Duty.Ending("delivered", delivered) { all, transaction in
            try await transaction.later(
                NoticeQueries.delivered(
                    all.map(\.key.columns), statuses: all.map(\.status), attempts: all.map(\.attempts),
                    digests: all.map(\.digest)))
        }
    }

    /// What the app said, unless a patient's name is in it.
    private func withoutNames(_ said: String?, _ notice: Notice) async throws -> String? {
        guard let said else { return nil }
        let words = try await PatientWords.of(
            kind: notice.kind, record: notice.record, members: notice.members, practice: notice.practice,
            from: worker.byKey)
        return words.mayKeep(said) ? said : nil
    }

    /// Those of the jobs that are still to be sent, by one query a subscription: a queue's jobs are of one.
    private func read(_ jobs: [Job]) async throws -> [DeliveryKey: Pending] {
        var pending: [DeliveryKey: Pending] = [:]
        for (_, keys) in Dictionary(grouping: jobs.compactMap(DeliveryKey.init), by: \.subscription) {
            for row in try await worker.byKey.query(NoticeQueries.pending(keys.map(\.columns))) {
                let (event, id, type, at, change, kind, record, version, url, secret, previous, members) =
                    try row.decode(
                        (
                            Int64, UUID, String, Date, Int64?, String, UUID, Int32, String, [UInt8], [UInt8]?, [UUID]
                        ).self)
                guard let key = keys.first(where: { $0.event == event }) else { continue }
                var notice = Notice(
                    id: id, type: type, at: at, practice: key.practice, event: event, change: change, kind: kind,
                    record: record, version: version, members: members)
                if kind == "alarm" { notice.alarm = try await alarm(record, key.practice, hasEnded: version > 1) }
                pending[key] = Pending(
                    notice: notice,
                    webhook: Webhook(url: url, secrets: [secret, previous].compactMap { $0.flatMap(Secret.init) }))
            }
        }
        return pending
    }

    /// The notice that a feed is silent says the same after it has ended.
    private func alarm(_ id: UUID, _ practice: String, hasEnded: Bool) async throws -> Notice.Alarm? {
        try await worker.byKey.query(SilenceQueries.alarm(id, practice: practice)).first.map { row in
            let alarm = try SilentFeed(row)
            return Notice.Alarm(feed: alarm.feed, since: alarm.since, until: hasEnded ? alarm.endedAt : nil)
        }
    }

    private func note(_ job: Job, _ failure: Failure, _ transaction: Transaction) async throws {
        guard let key = DeliveryKey(job) else { return }
        // The status, and what it was refused with.
        let parts = failure.detail.split(separator: " ", maxSplits: 1)
        let (status, said) = (parts.first.flatMap { Int32($0) }, parts.dropFirst().first.map(String.init))
        try await transaction.later(NoticeQueries.failed(key.columns, status: status, said: said))
        // Standard Webhooks: 410 asks to be told nothing more.
        guard failure.code == DeliveryFailure.gone.code else { return }
        try await transaction.later(
            """
            UPDATE api.subscription SET ended_at = clock_timestamp()
            WHERE practice_id = \(key.practice) AND id = \(key.subscription) AND ended_at IS NULL
            """)
    }
}

extension Notices.DeliveryKey {
    fileprivate var columns: NoticeQueries.Key { (practice, subscription, event) }
}

extension NoticeJob {
    init?(_ job: Job) {
        if let read = Self.read(job.payload) {
            self = read
            return
        }
        guard let payload = try? JSONDecoder().decode(NoticeJob.self, from: Data(job.payload.utf8)) else { return nil }
        self = payload
    }

    /// As the database writes it, which a decoder takes longer for than the database for the job's whole end.
    private static func read(_ payload: String) -> NoticeJob? {
        let (start, middle, end) = (#"{"event": "#, #", "subscription": ""#, #""}"#)
        guard payload.hasPrefix(start), payload.hasSuffix(end) else { return nil }
        let inner = payload.dropFirst(start.count).dropLast(end.count)
        let digits = inner.prefix { $0 != "," }
        let rest = inner.dropFirst(digits.count)
        guard rest.hasPrefix(middle), let event = Int64(digits),
            let subscription = UUID(uuidString: String(rest.dropFirst(middle.count)))
        else { return nil }
        return NoticeJob(subscription: subscription, event: event)
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
