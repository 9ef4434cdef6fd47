import ArgumentParser
import Foundation
import Postgres
import Queue

/// `pmsync feed pause|resume|mode|list`
struct Feed: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Holds a workflow or a destination, or lets it go on, with a reason on record.",
        subcommands: [Pause.self, Resume.self, Mode.self, List.self])

    struct Pause: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Its jobs wait from now on; what is in hand is finished. Messages are still taken.")

        @OptionGroup var change: QueueChange

        func run() async throws {
            try await change.carryOut("paused", pausedReason: change.reason)
        }
    }

    struct Resume: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Its jobs run again, in order.")

        @OptionGroup var change: QueueChange

        func run() async throws {
            try await change.carryOut("resumed", pausedReason: nil)
        }
    }

    struct Mode: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "off: is told nothing; shadow: what it would be told is kept and not sent; live.")

        enum Choice: String, ExpressibleByArgument, CaseIterable {
            case off, shadow, live
        }

        @OptionGroup var connection: Connection
        @Argument(help: "The client.") var client: String
        @Argument(help: "off, shadow or live.") var mode: Choice
        @Option(help: "Its practice.") var practice: String
        @Option(help: "Why; it stands in the audit.") var reason: String

        func validate() throws { try checkReason(reason) }

        func run() async throws {
            let pool = try connection.pool()
            defer { pool.close() }
            let (mode, client, practice, reason) = (mode.rawValue, client, practice, reason)
            let queues = try await pool.transaction { transaction in
                let queues = try await transaction.query(Queries.setMode(mode, client: client, practice: practice))
                    .map { try $0.decode(String.self) }
                guard !queues.isEmpty else { throw CommandError.noWebhook(client, practice: practice) }
                _ = try await transaction.execute(
                    Queries.audit(
                        "mode-\(mode)", ["client \(client)"], reason: reason, by: NSUserName(), practices: [practice]))
                return queues
            }
            await Doorbell.ringOnce(Set(queues), pool.configuration)
            print("\(client) is \(mode)")
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists the queues: what waits in each, and whether it is paused.")

        @OptionGroup var connection: Connection
        @OptionGroup var output: Output

        func run() async throws {
            let pool = try connection.pool()
            defer { pool.close() }
            let names = try await pool.query(Queries.webhookNames()).map { try $0.decode((String, String).self) }
            let clients = Dictionary(names) { first, _ in first }
            try output.write(try await Backlog.read(from: pool).map { QueueRow($0, client: clients[$0.queueName]) })
        }
    }
}

/// The words that pause and resume share.
struct QueueChange: ParsableArguments {
    @OptionGroup var connection: Connection
    @Argument(help: "A workflow, another queue's name, or, with --practice, a client with a webhook.")
    var queue: String
    @Option(help: "The client's practice.") var practice: String?
    @Option(help: "Why; it stands in the audit.") var reason: String

    func validate() throws { try checkReason(reason) }

    func carryOut(_ act: String, pausedReason: String?) async throws {
        let pool = try connection.pool()
        defer { pool.close() }
        let (queue, practice, reason) = (queue, practice, reason)
        let name = try await pool.transaction { transaction in
            guard let row = try await transaction.query(Queries.queue(queue, practice: practice)).first else {
                throw CommandError.unknownQueue(queue)
            }
            let (name, owner) = try row.decode((String, String?).self)
            _ = try await transaction.execute(Queries.pause(name, reason: pausedReason))
            _ = try await transaction.execute(
                Queries.audit(act, ["queue \(name)"], reason: reason, by: NSUserName(), practices: [owner]))
            return name
        }
        await Doorbell.ringOnce([name], pool.configuration)
        print("\(name) is \(pausedReason == nil ? "at work" : "paused")")
    }
}

private func checkReason(_ reason: String) throws {
    guard reason.contains(where: { !$0.isWhitespace }) else { throw ValidationError("--reason must say why") }
}

private struct QueueRow: Encodable {
    let queue: String
    let client: String?
    let practice: String?
    let waiting: Int64
    let oldest: Date?
    let retrying: Int64
    let heldBack: Int64
    let parked: Int64
    let uncertain: Int64
    let pausedFor: String?
    let circuitOpenUntil: Date?

    init(_ backlog: Backlog, client: String?) {
        (queue, self.client, practice) = (backlog.queueName, client, backlog.practice)
        (waiting, oldest, retrying) = (backlog.waiting, backlog.oldest, backlog.retrying)
        (heldBack, parked, uncertain) = (backlog.heldBack, backlog.parked, backlog.uncertain)
        (pausedFor, circuitOpenUntil) = (backlog.pausedReason, backlog.circuitOpenUntil)
    }
}
