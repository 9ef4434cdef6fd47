import ArgumentParser
import Foundation
import Journal
import Postgres
import Queue

/// `pmsync messages`
struct Messages: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Lists the journal, the newest last.")

    struct Filter: Sendable {
        var feed: String?
        var type: String?
        var controlID: String?
        var since: Date?
        var limit: Int64 = 200
    }

    @OptionGroup var connection: Connection
    @OptionGroup var output: Output
    @Option(help: "Only this feed's.") var feed: String?
    @Option(help: "Only this type, as SIU^S12.") var type: String?
    @Option(help: "Only with this control id.") var controlID: String?
    @Option(help: "Only since then: 2026-11-22, 2026-11-22T08:00:00-06:00, or 90m, 24h, 7d ago.") var since: Since?
    @Option(help: "At most so many.") var limit: Int64 = 200

    func run() async throws {
        let pool = try connection.pool()
        defer { pool.close() }
        let filter = Filter(feed: feed, type: type, controlID: controlID, since: since?.date, limit: limit)
        try output.write(try await ListedMessage.list(filter, from: pool))
    }
}

/// An entry of the journal as it is listed; never its bytes.
struct ListedMessage: Encodable {
    let id: String
    let received: Date
    let direction: String
    let feed: String
    let practice: String?
    let type: String
    let controlID: String
    let flags: [String]
    /// How it ended, or where its job stands.
    let outcome: String?

    static func list(_ filter: Messages.Filter, from pool: Pool) async throws -> [ListedMessage] {
        try await pool.query(Queries.messages(filter)).reversed().map { row in
            let (day, number, received, direction, feed, practice, type, controlID, flags, outcome) = try row.decode(
                (CalendarDay, Int64, Date, String, String, String?, String, String, [String], String?).self)
            return ListedMessage(
                id: EntryID(day: day, number: number).text, received: received, direction: direction, feed: feed,
                practice: practice, type: type, controlID: controlID, flags: flags, outcome: outcome)
        }
    }
}

/// `pmsync message ID`
struct MessageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "message", abstract: "One message: its outcomes, resends, jobs, and what it changed.")

    @OptionGroup var connection: Connection
    @OptionGroup var output: Output
    @Argument(help: "As it is listed, or only its number.") var id: MessageID
    @Flag(help: "Its bytes, which may hold a patient's data, and nothing else.") var raw = false

    func run() async throws {
        let pool = try connection.pool()
        defer { pool.close() }
        let id = try await id.find(in: pool)
        guard let entry = try await Entry.read(id, from: pool) else { throw CommandError.unknownMessage(id.text) }
        if raw {
            try FileHandle.standardOutput.write(contentsOf: Data(entry.payload))
            return
        }
        try await MessageStory(entry, from: pool).write(to: output)
    }
}

/// All that is on record of one message, but for what it says.
struct MessageStory: Encodable {
    struct Outcome: Encodable {
        let at: Date
        let workflow: String
        let code: String
        let detail: String?
    }

    struct Resend: Encodable {
        let at: Date
        let peer: String
    }

    struct Change: Encodable {
        let number: Int64
        let change: String
        let kind: String
        let record: String
        let version: Int32
        let told: String
    }

    let id: String
    let received: Date
    let direction: String
    let feed: String
    let practice: String?
    let peer: String
    let type: String
    let controlID: String
    let flags: [String]
    let bytes: Int
    let outcomes: [Outcome]
    let resends: [Resend]
    let jobs: [JobRow]
    let changes: [Change]

    init(_ entry: Entry, from pool: Pool) async throws {
        (id, received, direction, feed) = (entry.id.text, entry.receivedAt, entry.direction, entry.feed)
        (practice, peer, type, controlID) = (entry.practice, entry.peer, entry.messageType, entry.controlID)
        (flags, bytes) = (entry.flags, entry.payload.count)
        outcomes = try await pool.query(Queries.outcomes(of: entry.id)).map { row in
            let (at, workflow, code, detail) = try row.decode((Date, String, String, String?).self)
            return Outcome(at: at, workflow: workflow, code: code, detail: detail)
        }
        resends = try await pool.query(Queries.repeats(of: entry.id)).map { row in
            let (at, peer) = try row.decode((Date, String).self)
            return Resend(at: at, peer: peer)
        }
        jobs = try await ListedJob.list(JobFilter(entry: entry.id.number), from: pool)
            .filter { $0.day == entry.id.day }.map(JobRow.init)
        changes = try await pool.query(Queries.changes(of: entry.id, practice: entry.practice)).map { row in
            let (number, type, kind, record, version, told) = try row.decode(
                (Int64, String, String, String, Int32, String).self)
            return Change(number: number, change: type, kind: kind, record: record, version: version, told: told)
        }
    }

    func write(to output: Output) throws {
        guard output.format == .table else { return try output.write([self]) }
        let lines = [
            ("message", id), ("received", received.formatted(.iso8601)), ("direction", direction), ("feed", feed),
            ("practice", practice ?? ""), ("peer", peer), ("type", type), ("control id", controlID),
            ("flags", flags.joined(separator: " ")), ("bytes", "\(bytes)"),
        ]
        output.lines(lines)
        try output.part("outcomes", outcomes)
        try output.part("resends", resends)
        try output.part("jobs", jobs)
        try output.part("changes", changes)
    }
}

extension Output {
    /// Facts, one a line; what is empty is left out.
    func lines(_ facts: [(String, String)]) {
        let width = facts.map(\.0.count).max() ?? 0
        for (name, value) in facts where !value.isEmpty {
            print(name.padding(toLength: width, withPad: " ", startingAt: 0) + "  " + value)
        }
    }

    /// A table under its name; nothing where there are no rows.
    func part(_ name: String, _ rows: [some Encodable]) throws {
        if rows.isEmpty { return }
        print("\n\(name)")
        try write(rows)
    }
}
