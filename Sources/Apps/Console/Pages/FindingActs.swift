import Foundation
import Hummingbird
import Postgres
import Queue
import Worker

/// What a person does about a finding. Each act is noted with who, when and why, and is done once however often its form
/// is sent.
extension Console {
    /// Enqueues for the worker, which tells the booking app under a new idempotency key.
    func resend(_ visit: Visit, _ person: SignedIn) async throws -> Response {
        let subject = try FindingSubject(visit)
        let mending = try await Mending(pool: pool)
        let done = try await acting("resend", subject, visit, person) { stored, desk in
            let finding = Mending.Subject(practice: subject.practice, workflow: subject.workflow, key: subject.key)
            guard stored.canResend,
                try await mending.resend(finding, by: person.name, in: desk.transaction) == .asked
            else { throw ConsoleError.notFound }
            try await audit(.resent, subject, desk, reason: "")
        }
        if done { await doorbell.ring([Mending.queue]) }
        return .seeOther(
            Form.link(subject.path, ["done": done ? "resent" : "already"]))
    }

    /// Enqueues for the worker, which takes the record off and tells the booking apps.
    func confirmRemoval(_ visit: Visit, _ person: SignedIn) async throws -> Response {
        let subject = try FindingSubject(visit)
        let reason = try visit.form.reason()
        let removing = try await Removing(pool: pool)
        let done = try await acting("removed", subject, visit, person) { _, desk in
            let finding = Mending.Subject(practice: subject.practice, workflow: subject.workflow, key: subject.key)
            switch try await removing.confirm(finding, by: person.name, reason: reason, in: desk.transaction) {
            case .asked: break
            case .unknownFinding, .notByRemoval: throw ConsoleError.notFound
            case .closed, .changedSince: throw ConsoleError.changedMeanwhile
            }
        }
        if done { await doorbell.ring([Removing.queue]) }
        return .seeOther(Form.link(subject.path, ["done": done ? "removed" : "already"]))
    }

    func accept(_ visit: Visit, _ person: SignedIn) async throws -> Response {
        let subject = try FindingSubject(visit)
        let reason = try visit.form.reason()
        let done = try await acting("accept", subject, visit, person) { _, desk in
            try await note(.accepted, "accept", subject, desk, reason: reason)
        }
        return .seeOther(Form.link(subject.path, ["done": done ? "accepted" : "already"]))
    }

    func withdraw(_ visit: Visit, _ person: SignedIn) async throws -> Response {
        let subject = try FindingSubject(visit)
        let done = try await acting("withdraw", subject, visit, person) { stored, desk in
            guard stored.state == FindingFilter.State.accepted.rawValue else { throw ConsoleError.changedMeanwhile }
            try await note(.withdrawn, "withdraw", subject, desk, reason: "the acceptance is taken back")
        }
        return .seeOther(Form.link(subject.path, ["done": done ? "withdrawn" : "already"]))
    }

    /// Runs an act once: false when the same was done since the page was shown, as by a second submit of its form.
    private func acting(
        _ act: String, _ subject: FindingSubject, _ visit: Visit, _ person: SignedIn,
        _ body: (StoredFinding, Desk) async throws -> Void
    ) async throws -> Bool {
        guard let seen = visit.form["seen"].flatMap({ Int64($0) }) else { throw ConsoleError.unreadableForm }
        return try await reading(person) { desk in
            try await desk.transaction.query(FindingQueries.lock(subject.practice, subject.workflow, subject.key))
            let stored = try await StoredFinding(subject, desk)
            let last = try await desk.transaction.query(
                FindingQueries.acts(subject.practice, subject.workflow, subject.key)
            ).last?.decode((Int64, String, String, String, Date).self)
            if let last, last.0 > seen {
                if last.1 == act { return false }
                throw ConsoleError.changedMeanwhile
            }
            try await body(stored, desk)
            return true
        }
    }

    private func note(
        _ audited: Audit.Act, _ act: String, _ subject: FindingSubject, _ desk: Desk, reason: String
    ) async throws {
        try await desk.transaction.execute(
            FindingQueries.act(
                act, on: subject.practice, subject.workflow, subject.key, reason: reason, actor: desk.person.name))
        try await audit(audited, subject, desk, reason: reason)
    }

    private func audit(_ act: Audit.Act, _ subject: FindingSubject, _ desk: Desk, reason: String) async throws {
        try await Audit.record(
            act, actor: desk.person.name, subject: subject.name, reason: reason, practice: subject.practice,
            in: desk.transaction)
    }
}
