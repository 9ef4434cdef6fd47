import Foundation
import Hummingbird
import Journal
import Postgres
import Queue

/// Replay and discard. A replay moves what its page has shown and nothing that came to be blocked since; so the same form
/// sent twice finds nothing the second time, even when a job has failed again in between.
extension Console {
    private struct ReplayPage {
        let frame: Frame
        let isEmpty: Bool
        let countWords: String
        let targets: [Target]
        let followers: String
        let hasFollowers: Bool
        let fields: [Field]
        let back: String
    }

    private struct Target {
        let queue: String
        let count: Int
        let words: String
    }

    private struct Field {
        let name: String
        let value: String
    }

    func replayPreview(_ visit: Visit, _ person: SignedIn) async throws -> Response {
        let wanted = JobSelection(visit.query)
        let page = try await reading(person) { desk in
            let now = try await desk.transaction.query(JobQueries.now()).first?.decode(Int64.self) ?? 0
            let rows = try await desk.transaction.query(JobQueries.replayable(person, wanted))
                .map { try $0.decode((Int64, String, Int64).self) }
            let names = Dictionary(grouping: rows, by: \.1)
            let followers = rows.reduce(0) { $0 + $1.2 }
            let fields: [(String, String?)] = [
                ("id", wanted.id.map(String.init)), ("state", wanted.state), ("queue", wanted.queue),
                ("code", wanted.code), ("practice", wanted.practice),
                ("item", wanted.item?.uuidString.lowercased()), ("seen", "\(now)"),
            ]
            return ReplayPage(
                frame: Frame(title: "Replay", person, at: "/jobs"), isEmpty: rows.isEmpty,
                countWords: Words.count(Int64(rows.count), "job", "jobs"),
                targets: names.sorted { $0.key < $1.key }.map { name, jobs in
                    Target(queue: name, count: jobs.count, words: Self.destination(name))
                },
                followers: Words.count(followers, "later job waits", "later jobs wait"), hasFollowers: followers > 0,
                fields: fields.compactMap { name, value in value.map { Field(name: name, value: $0) } },
                back: wanted.id.map { "/jobs/\($0)" } ?? "/jobs")
        }
        return pages.page(.replay, page)
    }

    /// Where jobs of a queue go, so that nobody replays into what was not meant.
    private static func destination(_ queue: String) -> String {
        if queue.hasPrefix("webhook:") { return "are sent to this booking app" }
        if queue == "fan-out" { return "are told to the booking apps" }
        return "are worked on again here; what changes is told to the booking apps"
    }

    func replay(_ visit: Visit, _ person: SignedIn) async throws -> Response {
        var wanted = JobSelection(visit.form)
        guard let seen = visit.form["seen"].flatMap({ Int64($0) }) else { throw ConsoleError.unreadableForm }
        wanted.until = seen
        let (count, rings) = try await reading(person) { [wanted] desk in
            let rows = try await desk.transaction.query(JobQueries.replayable(person, wanted))
            let ids = try rows.map { try $0.decode((Int64, String, Int64).self).0 }
            if ids.isEmpty { return (0, Set<String>()) }
            let rings = try await BlockedJobs.replay(ids, in: desk.transaction)
            let subject =
                ids.count == 1 ? "job \(ids[0])" : "\(ids.count) jobs from \(ids.min() ?? 0) to \(ids.max() ?? 0)"
            let which = [wanted.queue, wanted.code].compactMap(\.self).joined(separator: ", ")
            try await Audit.record(
                .replayed, actor: person.name, subject: which.isEmpty ? subject : "\(subject): \(which)",
                practice: wanted.practice, in: desk.transaction)
            return (ids.count, rings)
        }
        if !rings.isEmpty { await doorbell.ring(rings) }
        return .seeOther(Form.link("/jobs", ["done": "replayed", "count": "\(count)"]))
    }

    func discard(_ visit: Visit, _ person: SignedIn) async throws -> Response {
        let id = try visit.part("id")
        let reason = try visit.form.reason()
        try await reading(person) { desk in
            var wanted = JobSelection(Form())
            wanted.id = Int64(id) ?? -1
            let rows = try await desk.transaction.query(
                JobQueries.members(person, wanted, after: nil, limit: 1))
            guard let row = rows.first else { throw ConsoleError.notFound }
            let (job, _, _, _, _, _, practice, _, _) = try row.decode(
                (Int64, String, String, String?, String?, String?, String?, Int16, Date).self)
            guard let gone = try await BlockedJobs.discard(job, in: desk.transaction) else {
                throw ConsoleError.changedMeanwhile
            }
            try await settle(gone, practice, desk)
            try await Audit.record(
                .discarded, actor: person.name, subject: "job \(job)", reason: reason, practice: practice,
                in: desk.transaction)
        }
        return .seeOther(Form.link("/jobs", ["done": "discarded"]))
    }

    /// The message's outcome, and the end of the notice that the job would have sent. The reason is in the audit alone:
    /// what a person writes may name a patient.
    private func settle(_ gone: BlockedJobs.Discarded, _ practice: String?, _ desk: Desk) async throws {
        if let day = gone.day, let entry = gone.entry {
            let outcome = Outcome(
                entry: EntryID(day: day, number: entry), workflow: gone.queueName, definition: nil, code: "discarded",
                detail: "by a person; the reason is in the audit")
            try await outcome.record(in: desk.transaction)
        }
        let payload = JSONValue(gone.payload)
        if gone.kind == "notice", let practice, let subscription = payload["subscription"]?.words,
            let event = payload["event"]?.integer
        {
            try await desk.transaction.execute(
                JobQueries.discardDelivery(practice, subscription: subscription, event: Int64(event)))
        }
    }
}
