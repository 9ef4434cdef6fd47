import Foundation
import Hummingbird
import Postgres
import Queue
import Worker

/// One finding: what each side says, why they differ and what proves it, and what a person may do.
extension Console {
    private struct FindingPage {
        let frame: Frame
        let base: String
        let workflow: String
        let patient: String
        let practice: String
        let start: Moment?
        let state: String
        let sign: String
        let tone: String
        let why: String
        let mend: String
        let sides: [FindingSides.Side]
        let presence: [FindingSides.Row]
        let rows: [FindingSides.Row]
        let first: Moment
        let last: Moment
        let closed: Moment?
        let endedWords: String
        let watermark: Moment?
        let entryLink: String?
        let facts: [Fact]
        let messages: [MessageLine]
        let jobs: [JobLink]
        let deliveries: [Delivery]
        let canAct: Bool
        let canResend: Bool
        let canRemove: Bool
        let canAccept: Bool
        let isAccepted: Bool
        let history: [HistoryLine]
        let lastAct: Int64
    }

    private struct MessageLine {
        let link: String
        let at: Moment
        let type: String
        let feed: String
        let fate: String
    }

    private struct HistoryLine {
        let at: Moment
        let who: String
        let what: String
        let reason: String
    }

    private struct JobLink {
        let link: String
        let words: String
    }

    private struct Delivery {
        let at: Moment
        let type: String
        let event: Int64
        let client: String
        let delivered: String
        let attempts: Int32
        let answer: String
    }

    func finding(_ visit: Visit, _ person: SignedIn) async throws -> Response {
        let subject = try FindingSubject(visit)
        let page = try await reading(person) { desk in
            try await describe(subject, try await StoredFinding(subject, desk), desk, notice: Self.notice(visit))
        }
        return pages.page(.finding, page)
    }

    private static func notice(_ visit: Visit) -> String? {
        switch visit.query["done"] {
        case "resent":
            "It is on its way to the booking app. The next comparison closes the finding when it has arrived."
        case "removed":
            "It is taken off here, and the booking apps are told. The next comparison closes the finding."
        case "accepted": "The finding is accepted, with your reason. It is no longer counted as open, until it changes."
        case "withdrawn": "The acceptance is taken back. The finding counts as open again."
        case "already": "This was already done a moment ago; it was not done twice."
        default: nil
        }
    }

    private func describe(
        _ subject: FindingSubject, _ stored: StoredFinding, _ desk: Desk, notice: String?
    ) async throws -> FindingPage {
        let office = try desk.office(subject.practice)
        let sides = FindingSides(stored.sides, office.time, now: desk.now)
        let look = FindingLook(stored.state)
        let names = try await Breakdown.names(office.id, in: desk.transaction)
        let last = try await desk.transaction.query(
            FindingQueries.lastAct(subject.practice, subject.workflow, subject.key)
        ).first?.decode(Int64.self)
        let isThere = sides.all.map(\.isThere)
        let moment = { (instant: Date) in Moment(instant, office.time, now: desk.now) }
        return FindingPage(
            frame: Frame(title: Words.finding(stored.code), desk.person, at: "/findings", notice: notice),
            base: "/findings/\(Form.escape(subject.practice))/\(Form.escape(subject.key))", workflow: subject.workflow,
            patient: sides.patient, practice: office.name, start: sides.start, state: look.words, sign: look.sign,
            tone: look.tone, why: stored.words.why, mend: stored.words.mend, sides: sides.all,
            presence: [
                FindingSides.Row(
                    label: "Is there",
                    cells: sides.all.map { FindingSides.Cell(title: $0.title, text: $0.isThere ? "yes" : "no") },
                    differs: isThere.contains(true) && isThere.contains(false))
            ],
            rows: sides.rows, first: moment(stored.first), last: moment(stored.last),
            closed: stored.closed.map(moment),
            endedWords: stored.ended == "lapsed" ? "its day is compared no more" : "it no longer shows",
            watermark: stored.watermark.map(moment),
            entryLink: stored.receivedOn.flatMap { day in stored.entry.map { "/messages/\(day)/\($0)" } },
            facts: facts(stored, names, moment), messages: try await messages(subject, stored, office, desk),
            jobs: try await jobs(stored, desk), deliveries: try await deliveries(subject, stored, office, desk),
            canAct: stored.canResend || stored.canRemove || ["open", "accepted"].contains(stored.state),
            canResend: stored.canResend, canRemove: stored.canRemove, canAccept: stored.state == "open",
            isAccepted: stored.state == "accepted",
            history: try await history(subject, office, desk), lastAct: last ?? 0)
    }

    /// What else is known, as far as it is no patient's.
    private func facts(_ stored: StoredFinding, _ names: [String: String], _ moment: (Date) -> Moment) -> [Fact] {
        let detail = JSONValue(stored.detail)
        let all: [(String, String?)] = [
            ("Location", stored.location.isEmpty ? nil : Breakdown.word(stored.location, names, .location)),
            ("Provider", stored.provider.isEmpty ? nil : Breakdown.word(stored.provider, names, .provider)),
            ("Parked as", detail["code"]?.text.map(Words.job)),
            (
                "Their answer",
                detail["status"]?.integer.map { status in
                    ["HTTP \(status)", detail["answer"]?.text].compactMap(\.self).joined(separator: ": ")
                }
            ),
            ("Attempts", detail["attempts"]?.integer.map(String.init)),
            (
                "Silent feed",
                detail["feed"]?.text.map { feed in
                    [feed, detail["since"]?.instant.map { "since \(moment($0).text)" }].compactMap(\.self)
                        .joined(separator: ", ")
                }
            ),
        ]
        return all.compactMap { name, value in value.map { Fact(name: name, value: $0) } }
    }

    private func messages(
        _ subject: FindingSubject, _ stored: StoredFinding, _ office: Office, _ desk: Desk
    ) async throws -> [MessageLine] {
        guard let record = stored.record else { return [] }
        return try await desk.transaction.query(FindingQueries.messages(subject.practice, record)).map { row in
            let (day, entry, at, type, feed, code) = try row.decode(
                (CalendarDay, Int64, Date, String, String, String?).self)
            return MessageLine(
                link: "/messages/\(day)/\(entry)", at: Moment(at, office.time, now: desk.databaseNow),
                type: type.isEmpty ? "unreadable type" : type, feed: feed, fate: code.map(Words.plain) ?? "In line")
        }
    }

    private func history(_ subject: FindingSubject, _ office: Office, _ desk: Desk) async throws -> [HistoryLine] {
        try await FindingHistory.read(
            subject.practice, workflow: subject.workflow, key: subject.key, in: desk.transaction
        ).map { line in
            HistoryLine(
                at: Moment(line.at, office.time, now: desk.databaseNow),
                who: line.actor.isEmpty ? "The comparison" : line.actor, what: Words.history(line), reason: line.reason)
        }
    }

    private func jobs(_ stored: StoredFinding, _ desk: Desk) async throws -> [JobLink] {
        guard let day = stored.receivedOn, let entry = stored.entry else { return [] }
        return try await desk.transaction.query(JobQueries.ofEntry(day, entry, desk.person)).map { row in
            let (id, state, code) = try row.decode((Int64, String, String?).self)
            return JobLink(
                link: "/jobs/\(id)",
                words: [Words.state(state), code.map(Words.job)].compactMap(\.self).joined(separator: ". "))
        }
    }

    private func deliveries(
        _ subject: FindingSubject, _ stored: StoredFinding, _ office: Office, _ desk: Desk
    ) async throws -> [Delivery] {
        guard let record = stored.record else { return [] }
        return try await desk.transaction.query(FindingQueries.deliveries(subject.practice, record)).map { row in
            let (event, type, state, attempts, status, said, at, client) = try row.decode(
                (Int64, String, String, Int32, Int32?, String?, Date, String).self)
            let answer = [status.map { "HTTP \($0)" }, said].compactMap(\.self)
            return Delivery(
                at: Moment(at, office.time, now: desk.databaseNow), type: type, event: event, client: client,
                delivered: Words.plain(state), attempts: attempts,
                answer: answer.isEmpty ? "none" : answer.joined(separator: ": "))
        }
    }
}
