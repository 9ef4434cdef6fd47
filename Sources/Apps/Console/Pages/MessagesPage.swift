import Foundation
import Hummingbird
import Journal
import Postgres

/// Search of the journal, and one message of it. Values are shown on request only, and each request is on record.
extension Console {
    var messageRoutes: [Route] {
        [
            .get("/messages") { visit, person in try await messages(visit, person) },
            .get("/messages/{day}/{number}") { visit, person in try await message(visit, person, reason: nil) },
            .post("/messages/{day}/{number}/reveal") { visit, person in
                try await message(visit, person, reason: try visit.form.reason())
            },
        ]
    }

    private struct MessagesPage {
        let frame: Frame
        let control: String
        let feed: String
        let type: String
        let rows: [Line]
        let next: String?
        let caption: String
        let emptyWords: String
    }

    private struct Line {
        let link: String
        let at: Moment
        let feed: String
        let type: String
        let control: String
        let practice: String
        let fate: String
        let direction: String
    }

    private static let pageSize = 50

    private func messages(_ visit: Visit, _ person: SignedIn) async throws -> Response {
        let address = Address(
            path: "/messages", parameters: ["control", "feed", "type"].map { ($0, visit.query[$0]) })
        let after = visit.query["after"]?.split(separator: "~").compactMap { Int64($0) } ?? []
        let page = try await reading(person) { desk in
            let rows = try await desk.transaction.query(
                MessageQueries.search(
                    control: visit.query["control"], feed: visit.query["feed"], type: visit.query["type"],
                    before: after.count == 2 ? (after[0], after[1]) : nil, person: person,
                    limit: Int64(Self.pageSize + 1)))
            let listed = try rows.prefix(Self.pageSize).map { try line($0, desk) }
            let last = rows.count > Self.pageSize ? listed.last?.place : nil
            return MessagesPage(
                frame: Frame(title: "Messages", person, at: "/messages"), control: visit.query["control"] ?? "",
                feed: visit.query["feed"] ?? "", type: visit.query["type"] ?? "", rows: listed.map(\.line),
                next: last.map { address.with("after", $0) },
                caption: "Messages, the newest first: \(listed.count)\(last == nil ? "" : " and more")",
                emptyWords: address.parameters.allSatisfy { $0.value == nil }
                    ? "No message has come yet for your practices." : "No message in the journal is like that.")
        }
        return pages.page(.messages, page)
    }

    private func line(_ row: Row, _ desk: Desk) throws -> (line: Line, place: String) {
        let (day, id, at, direction, feed, practice, control, type, code, state, micros) = try row.decode(
            (
                CalendarDay, Int64, Date, String, String, String?, String, String, String?, String?, Int64
            ).self)
        let line = Line(
            link: "/messages/\(day)/\(id)", at: Moment(at, desk.time(practice), now: desk.databaseNow), feed: feed,
            type: type.isEmpty ? "unreadable type" : type, control: control.isEmpty ? "none" : control,
            practice: desk.name(practice),
            fate: direction == "out" ? "Sent" : state.map(Words.state) ?? code.map(Words.plain) ?? "In line",
            direction: direction == "out" ? "out" : "in")
        return (line, "\(micros)~\(id)")
    }

    // MARK: One message

    private struct MessagePage {
        let frame: Frame
        let link: String
        let facts: [Fact]
        let structure: MessageStructure
        let outcomes: [OutcomeLine]
        let jobs: [JobLink]
        let isRevealed: Bool
    }

    private struct OutcomeLine {
        let at: Moment
        let workflow: String
        let code: String
        let detail: String
    }

    private struct JobLink {
        let link: String
        let words: String
    }

    private func message(_ visit: Visit, _ person: SignedIn, reason: String?) async throws -> Response {
        guard let day = CalendarDay(try visit.part("day")), let number = Int64(try visit.part("number")) else {
            throw ConsoleError.notFound
        }
        let page = try await reading(person) { desk in
            guard let entry = try await Entry.read(EntryID(day: day, number: number), in: desk.transaction),
                desk.visible(entry.practice)
            else { throw ConsoleError.notFound }
            if let reason {
                try await Audit.record(
                    .revealed, actor: person.name, subject: "message \(day)/\(number)", reason: reason,
                    practice: entry.practice, in: desk.transaction)
            }
            return try await describe(entry, isRevealed: reason != nil, desk)
        }
        return pages.page(.message, page)
    }

    private func describe(_ entry: Entry, isRevealed: Bool, _ desk: Desk) async throws -> MessagePage {
        let time = desk.time(entry.practice)
        let repeats =
            try await desk.transaction.query(MessageQueries.repeats(entry.id.day, entry.id.number)).first?
            .decode(Int64.self) ?? 0
        let outcomes = try await desk.transaction.query(MessageQueries.outcomes(entry.id.day, entry.id.number)).map {
            let (at, workflow, code, detail) = try $0.decode((Date, String, String, String?).self)
            return OutcomeLine(
                at: Moment(at, time, now: desk.databaseNow), workflow: workflow, code: Words.plain(code),
                detail: detail ?? "")
        }
        let jobs = try await desk.transaction.query(
            JobQueries.ofEntry(entry.id.day, entry.id.number, desk.person)
        ).map { row in
            let (id, state, code) = try row.decode((Int64, String, String?).self)
            return JobLink(
                link: "/jobs/\(id)",
                words: [Words.state(state), code.map(Words.job)].compactMap(\.self).joined(separator: ". "))
        }
        let all: [(String, String)] = [
            (entry.direction == "out" ? "Sent" : "Came", Moment(entry.receivedAt, time, now: desk.databaseNow).text),
            ("Feed", entry.feed), ("Practice", desk.name(entry.practice)), ("Type", entry.messageType),
            ("Control id", entry.controlID), ("Peer", entry.peer),
            ("Sent again", repeats == 0 ? "" : Words.count(repeats, "time", "times") + "; acknowledged, not run again"),
            ("Marked", entry.flags.map(Words.plain).joined(separator: ", ")),
        ]
        return MessagePage(
            frame: Frame(title: "Message \(entry.id.day)/\(entry.id.number)", desk.person, at: "/messages"),
            link: "/messages/\(entry.id.day)/\(entry.id.number)",
            facts: all.filter { !$0.1.isEmpty }.map { Fact(name: $0.0, value: $0.1) },
            structure: MessageStructure(entry.payload, isRevealed: isRevealed), outcomes: outcomes, jobs: jobs,
            isRevealed: isRevealed)
    }
}

/// Statements on the journal, which has no row-level security: each says whose eyes it is for.
enum MessageQueries {
    /// Index entry_by_control_id with a control id, entry_by_feed with a feed; else the newest days' partitions.
    static func search(
        control: String?, feed: String?, type: String?, before: (micros: Int64, id: Int64)?, person: SignedIn,
        limit: Int64
    ) -> SQL {
        """
        SELECT e.received_on, e.id, e.received_at, e.direction, e.feed, e.practice_id, e.control_id, e.message_type,
            (SELECT o.code FROM journal.outcome o WHERE o.received_on = e.received_on AND o.entry_id = e.id
             ORDER BY o.id DESC LIMIT 1),
            (SELECT b.state FROM queue.blocked b WHERE b.received_on = e.received_on AND b.entry_id = e.id LIMIT 1),
            (extract(epoch FROM e.received_at) * 1000000)::bigint
        FROM journal.entry e
        WHERE \(fragment: person.condition(on: "e.practice_id"))
            AND (\(control)::text IS NULL OR e.control_id = \(control))
            AND (\(feed)::text IS NULL OR e.feed = \(feed))
            AND (\(type)::text IS NULL OR e.message_type = \(type))
            AND (\(before?.micros)::bigint IS NULL
                OR ((extract(epoch FROM e.received_at) * 1000000)::bigint, e.id) < (\(before?.micros), \(before?.id)))
        ORDER BY e.received_at DESC, e.id DESC LIMIT \(limit)
        """
    }

    static func outcomes(_ day: CalendarDay, _ entry: Int64) -> SQL {
        """
        SELECT at, workflow, code, detail FROM journal.outcome
        WHERE received_on = \(day) AND entry_id = \(entry) ORDER BY id
        """
    }

    static func repeats(_ day: CalendarDay, _ entry: Int64) -> SQL {
        "SELECT count(*) FROM journal.repeat WHERE received_on = \(day) AND entry_id = \(entry)"
    }
}
