import Destination
import Foundation
import Hosting
import Journal
import Postgres
import Practice
package import Queue
import Workflow

/// Sends alarms by e-mail: outside any transaction, and what was sent goes into the journal with the job's end. A mail
/// whose answer never came is sent again under the same Message-ID: an alarm that is lost is worse than one that comes
/// twice.
package struct Mails: Sendable {
    package static let queue = "mail"
    static let alarm = "alarm"

    private let worker: Worker
    private let relay: MailRelay
    private let sender: String

    /// Nil where no relay is configured: then nothing is enqueued either.
    package init?(_ worker: Worker) {
        let settings = worker.program.settings
        guard let url = settings.text(.smtp), let relay = MailRelay(url: url), let sender = settings.text(.mailFrom)
        else { return nil }
        self.worker = worker
        self.relay = relay
        self.sender = sender
    }

    package func duty() -> Duty {
        Duty(
            .named(Self.queue), retry: RetrySchedule(steps: Self.waits),
            work: .outside(atOnce: 2) { job in try await send(job) })
    }

    /// About a day in all; then a person finds it parked.
    private static let waits: [Duration] = [
        .seconds(5), .seconds(30), .seconds(120), .seconds(300), .seconds(900), .seconds(1800), .seconds(3600),
        .seconds(7200), .seconds(14_400), .seconds(28_800), .seconds(28_800),
    ]

    private func send(_ job: Job) async throws -> Duty.Ending {
        guard let practice = job.practice,
            let payload = try? JSONDecoder().decode(MailJob.self, from: Data(job.payload.utf8))
        else { throw Failure(code: "unreadable-job", kind: .permanent, stage: "mail", holdsKey: false) }
        guard let mail = try await mail(payload, practice) else { return .nothing }
        do {
            try await relay.send(mail)
        } catch {
            throw Failure(error)
        }
        let sent = Arrival(
            feed: "mail", practice: practice, peer: "out", controlID: mail.id, messageType: "alarm.mail",
            payload: Array(mail.text.utf8))
        return Duty.Ending("sent", sent) { all, transaction in
            for sent in all { try await sent.recordSent(in: transaction) }
        }
    }

    /// Nil when there is nothing to tell of: the practice or its alarm is gone.
    private func mail(_ payload: MailJob, _ practice: String) async throws -> Mail? {
        let rows = try await worker.pool.query(SilenceQueries.alarm(payload.alarm, practice: practice))
        let definition = try await worker.definitions.current()
        guard let alarm = try rows.first.map(SilentFeed.init), let profile = definition.practices[practice] else {
            return nil
        }
        let words = AlarmWords(alarm, practice: profile.name, time: PracticeTime(zone: profile.zone))
        let name = "\(alarm.id.uuidString.lowercased()).\(payload.isEnd ? "ended" : "raised")"
        return Mail(
            id: "<\(name)@pmsync>", from: sender, to: payload.to,
            date: payload.isEnd ? alarm.endedAt ?? alarm.raisedAt : alarm.raisedAt,
            subject: payload.isEnd ? words.endSubject : words.subject, body: payload.isEnd ? words.endBody : words.body)
    }
}

extension Failure {
    fileprivate init(_ failure: MailFailure) {
        let kind: Failure.Kind = failure.isPermanent ? .permanent : .transient
        self.init(
            code: failure.code, kind: kind, stage: "mail", detail: failure.status.map(String.init) ?? "",
            holdsKey: false)
    }
}
