import ArgumentParser
import Foundation
import Postgres
import Queue
import Worker
import Workflow

/// `pmsync feed pause|drain|resume|mode|list|history`
struct FeedCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "feed",
        abstract: "Holds a feed, a workflow or a destination, or lets it go on, with a reason on record.",
        subcommands: [Pause.self, Drain.self, Resume.self, Mode.self, List.self, History.self])

    struct Pause: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "A queue's or destination's jobs wait from now on; a feed's sender is told to try again later.")

        @OptionGroup var change: Hold

        func run() async throws { try await change.carryOut(.pause) }
    }

    struct Drain: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Like pause, but what is there now is still done; waits until it is.")

        @OptionGroup var change: Hold

        func run() async throws { try await change.carryOut(.drain) }
    }

    struct Resume: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "It goes on, in order.")

        @OptionGroup var change: Hold

        func run() async throws { try await change.carryOut(.resume) }
    }

    struct Mode: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "off: is told nothing; shadow: what it would be told is kept and not sent; live.",
            discussion: """
                Changes that are made after the switch go by the new mode, those before it by the old one: what was \
                worked out in shadow is never sent later. A practice's file that names the destination sets its mode \
                again when what the file says of it changes.
                """)

        @OptionGroup var connection: Connection
        @Argument(help: "The client.") var client: String
        @Argument(help: "off, shadow or live.") var mode: DestinationMode
        @Option(help: "Its practice.") var practice: String
        @Option(help: "Why; it stands in the audit.") var reason: String

        func validate() throws { try checkReason(reason) }

        func run() async throws {
            let pool = try connection.pool()
            defer { pool.close() }
            let change = ModeSwitch(
                practice: practice, destination: client, mode: mode, reason: reason, actor: NSUserName())
            let switched = try await pool.transaction { transaction in
                guard try await change.exists(in: transaction) else {
                    throw CommandError.noWebhook(client, practice: practice)
                }
                return try await change.carryOut(in: transaction)
            }
            if switched.isEmpty { return print("\(client) is \(mode.rawValue) already") }
            await Doorbell.ringOnce(Set(switched.map(\.queue)), pool.configuration)
            for one in switched {
                let pending =
                    one.pending == 0
                    ? "" : "; \(one.pending) notices before it are \(mode == .off ? "let go" : "still delivered")"
                print(
                    "\(client) was \(one.before) and is \(mode.rawValue) from change \(one.afterChange + 1) on\(pending)"
                )
            }
            let stated = try? await DefinitionStore(pool: pool).current().practices[practice]?.destinations
            if let stated = stated?.first(where: { $0.name == client }), stated.mode != mode {
                print("practices/\(practice).yaml still says \(stated.mode.rawValue)")
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists feeds, taps, queues and destinations: mode, what waits in each, and whether it is held.")

        @OptionGroup var connection: Connection
        @OptionGroup var output: Output

        func run() async throws {
            let pool = try connection.pool()
            defer { pool.close() }
            try output.write(try await FeedRow.all(from: pool))
        }
    }

    struct History: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "The modes that destinations have had: since when, who, why.")

        @OptionGroup var connection: Connection
        @OptionGroup var output: Output
        @Option(help: "Only this practice's.") var practice: String?

        struct Row: Encodable {
            let practice: String
            let destination: String
            let at: Date
            let mode: String
            let afterChange: Int64
            let actor: String
            let reason: String
        }

        func run() async throws {
            let pool = try connection.pool()
            defer { pool.close() }
            let rows = try await pool.query(Queries.modes(practice)).map { row in
                let (practice, name, at, mode, after, actor, reason) = try row.decode(
                    (String, String, Date, String, Int64, String, String).self)
                return Row(
                    practice: practice, destination: name, at: at, mode: mode, afterChange: after, actor: actor,
                    reason: reason)
            }
            try output.write(rows)
        }
    }
}

extension DestinationMode: ExpressibleByArgument {}

/// The words that pause, drain and resume share.
struct Hold: ParsableArguments {
    enum Act: String {
        case pause = "paused"
        case drain = "drained"
        case resume = "resumed"
    }

    @OptionGroup var connection: Connection
    @Argument(help: "A feed or tap, a workflow or another queue, or, with --practice, a client with a webhook.")
    var name: String
    @Option(help: "The client's practice.") var practice: String?
    @Option(help: "Why; it stands in the audit.") var reason: String

    func validate() throws { try checkReason(reason) }

    func carryOut(_ act: Act) async throws {
        let pool = try connection.pool(size: 2)
        defer { pool.close() }
        if practice == nil, let definition = try? await DefinitionStore(pool: pool).current(),
            let source = definition.source(named: name)
        {
            try await hold(source, act, pool)
        } else {
            try await hold(queue: name, act, pool)
        }
    }

    // MARK: A feed

    /// The gateway looks each second: the sender keeps what it has from then on.
    private func hold(_ feed: Feed, _ act: Act, _ pool: Pool) async throws {
        let (name, reason) = (feed.name, reason)
        let practices = feed.practices.values.sorted()
        try await pool.transaction { transaction in
            if act == .resume {
                try await transaction.execute(Queries.takeAgain(name))
            } else {
                try await transaction.execute(Queries.hold(name, reason: reason, by: NSUserName()))
            }
            try await transaction.execute(
                Queries.audit(
                    act.rawValue, practices.map { _ in "feed \(name)" }, reason: reason, by: NSUserName(),
                    practices: practices))
        }
        if act == .resume { return print("\(name) is taken again") }
        print("\(name) is held: its sender is told to try again later")
        if act == .drain {
            // What came in before the gateway knew is of the drain too.
            try await Task.sleep(for: .seconds(2))
            try await untilGone(pool) { Queries.unfinished(ofFeed: name) }
            print("\(name) is drained: all that it sent is done, or parked")
        }
    }

    // MARK: A queue

    private func hold(queue: String, _ act: Act, _ pool: Pool) async throws {
        let (practice, reason) = (practice, reason)
        let held = try await pool.transaction { transaction in
            guard let row = try await transaction.query(Queries.queue(queue, practice: practice)).first else {
                throw CommandError.unknownQueue(queue)
            }
            let (name, owner) = try row.decode((String, String?).self)
            let change = Queries.pause(name, reason: act == .resume ? nil : reason, drains: act == .drain)
            let through = try await transaction.query(change).first?.decode(Int64?.self) ?? nil
            _ = try await transaction.execute(
                Queries.audit(act.rawValue, ["queue \(name)"], reason: reason, by: NSUserName(), practices: [owner]))
            return (name: name, through: through)
        }
        await Doorbell.ringOnce([held.name], pool.configuration)
        switch act {
        case .resume: print("\(held.name) is at work")
        case .pause: print("\(held.name) is paused")
        case .drain:
            print("\(held.name) drains")
            try await untilGone(pool) { Queries.unfinished(in: held.name, through: held.through ?? 0) }
            print("\(held.name) is drained: what was there is done, or parked; what comes waits")
        }
    }

    private func untilGone(_ pool: Pool, _ left: () -> SQL) async throws {
        var told: Int64 = -1
        while true {
            let count = try await pool.query(left()).first?.decode(Int64.self) ?? 0
            if count == 0 { return }
            if count != told { Output.complain("\(count) left") }
            told = count
            try await Task.sleep(for: .milliseconds(500))
        }
    }
}

private func checkReason(_ reason: String) throws {
    guard reason.contains(where: { !$0.isWhitespace }) else { throw ValidationError("--reason must say why") }
}

/// One line of `pmsync feed list`.
private struct FeedRow: Encodable {
    let kind: String
    let name: String
    let client: String?
    let practice: String?
    let mode: String?
    let waiting: Int64?
    let oldest: Date?
    let retrying: Int64?
    let heldBack: Int64?
    let parked: Int64?
    let uncertain: Int64?
    let heldFor: String?
    let circuitOpenUntil: Date?

    static func all(from pool: Pool) async throws -> [FeedRow] {
        let held = Dictionary(
            try await pool.query(Queries.heldFeeds()).map { try $0.decode((String, String).self) }
        ) { first, _ in first }
        let names = try await pool.query(Queries.webhookNames()).map { try $0.decode((String, String, String).self) }
        let clients = Dictionary(names.map { ($0.0, ($0.1, $0.2)) }) { first, _ in first }
        let definition = try? await DefinitionStore(pool: pool).current()
        let feeds = (definition?.feeds.values.sorted { $0.name < $1.name } ?? []).map { FeedRow("feed", $0, held) }
        let taps = (definition?.taps.values.sorted { $0.name < $1.name } ?? []).map { FeedRow("tap", $0, held) }
        return feeds + taps + (try await Backlog.read(from: pool).map { FeedRow($0, clients[$0.queueName]) })
    }

    private init(_ kind: String, _ feed: Feed, _ held: [String: String]) {
        self.kind = kind
        name = feed.name
        client = feed.tapOf
        practice = feed.practices.values.sorted().joined(separator: " ")
        heldFor = held[feed.name]
        (mode, waiting, oldest, retrying, heldBack, parked, uncertain) = (nil, nil, nil, nil, nil, nil, nil)
        circuitOpenUntil = nil
    }

    private init(_ backlog: Backlog, _ client: (name: String, mode: String)?) {
        kind = client == nil ? "queue" : "destination"
        (name, self.client, practice, mode) = (backlog.queueName, client?.name, backlog.practice, client?.mode)
        (waiting, oldest, retrying) = (backlog.waiting, backlog.oldest, backlog.retrying)
        (heldBack, parked, uncertain) = (backlog.heldBack, backlog.parked, backlog.uncertain)
        (heldFor, circuitOpenUntil) = (backlog.pausedReason, backlog.circuitOpenUntil)
    }
}
