import Foundation
import Hosting
import Postgres
import Queue
import Workflow

/// Whom an alarm is told to, and by which jobs: each address that the practice names, and the clients that asked for
/// alarms. The jobs stand in the alarm's own commit, so each transition is told once whatever dies.
struct Tellers: Sendable {
    private let worker: Worker
    private let fanOut: FanOut
    private let fanOutQueue: Int16
    private let mailQueue: Int16
    private let hasMail: Bool

    init(_ worker: Worker) async throws {
        self.worker = worker
        fanOut = FanOut(secret: worker.secret)
        fanOutQueue = try await QueueName.find(FanOut.queue, from: worker.pool).id
        mailQueue = try await QueueName.find(Mails.queue, from: worker.pool).id
        hasMail = worker.program.settings.text(.smtp) != nil
    }

    /// Gives the queues to ring for.
    func tell(
        _ alarm: UUID, practice: String, feed: String, isEnd: Bool, in transaction: Transaction
    ) async throws -> Set<String> {
        var rings: Set<String> = []
        let addresses = try await worker.definitions.current().practices[practice]?.alarmMail ?? []
        if hasMail, !addresses.isEmpty {
            // One key a recipient and feed: that it speaks again is not read before that it was silent.
            let jobs = try addresses.map { address in
                NewJob(
                    kind: Mails.alarm, key: JobKey("mail/\(practice)/\(feed)/\(address)", secret: worker.secret),
                    practice: practice, payload: try MailJob(alarm: alarm, isEnd: isEnd, to: address).text())
            }
            try await NewJob.enqueue(jobs, into: mailQueue, in: transaction)
            rings.insert(Mails.queue)
        }
        let notice = NewJob(
            kind: FanOut.alarm, key: fanOut.key(of: practice), practice: practice,
            payload: #"{"alarm":"\#(alarm.uuidString.lowercased())","isEnd":\#(isEnd)}"#)
        try await NewJob.enqueue([notice], into: fanOutQueue, in: transaction)
        rings.insert(FanOut.queue)
        return rings
    }
}

/// The job of one e-mail: which alarm, which of its two ends, to whom. No person of a practice's patients is in it.
struct MailJob: Codable {
    let alarm: UUID
    let isEnd: Bool
    let to: String

    func text() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
}
