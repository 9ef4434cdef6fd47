import ArgumentParser
import Foundation
import Postgres
import Queue
import Worker
import Workflow

/// `pmsync replay`
struct Replay: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Puts parked and uncertain jobs back to work, in order, and says first what it will do.")

    @OptionGroup var connection: Connection
    @OptionGroup var output: Output
    @Option(help: "This job.") var job: Int64?
    @Option(help: "The jobs of this message; one that was discarded or refused is taken up anew.")
    var message: MessageID?
    @Option(help: "The messages that wait for this code: its item as `pmsync unmapped` prints it.") var item: ItemID?
    @Flag(help: "All that are parked.") var parked = false
    @Option(help: "With --parked: only this workflow's.") var workflow: String?
    @Option(help: "With --parked: only those parked for this reason.") var code: String?
    @Option(help: "With --parked and an unmapped --code: only those that wait for this value.") var value: String?
    @Option(help: "With --parked: only this practice's.") var practice: String?
    @Flag(help: "Only say what would be done.") var dryRun = false

    func validate() throws {
        guard [job != nil, message != nil, item != nil, parked].count(where: { $0 }) == 1 else {
            throw ValidationError("say one of --job ID, --message ID, --item ID and --parked")
        }
        guard parked || workflow == nil && code == nil && value == nil && practice == nil else {
            throw ValidationError("--workflow, --code, --value and --practice go with --parked")
        }
        if value != nil, TableName.allCases.first(where: { $0.parkCode.rawValue == code }) == nil {
            let codes = TableName.allCases.map(\.parkCode.rawValue).joined(separator: ", ")
            throw ValidationError("--value goes with one of --code \(codes)")
        }
    }

    func run() async throws {
        let pool = try connection.pool()
        defer { pool.close() }
        let replay = try await plan(pool)
        try output.write(replay.rows)
        let count = replay.rows.count == 1 ? "1 job" : "\(replay.rows.count) jobs"
        try await warn(replay, pool)
        if dryRun {
            output.say("\(count) would be replayed, in this order; nothing was done")
            return
        }
        if replay.rows.isEmpty {
            output.say("there is nothing to replay")
            return
        }
        output.say("replaying \(count), in this order")
        let rings = try await replay.carryOut(by: NSUserName(), in: pool)
        await Doorbell.ringOnce(rings, pool.configuration)
        output.say("back to work")
    }

    private func plan(_ pool: Pool) async throws -> ReplayPlan {
        if let job { return try await ReplayPlan(job: job, from: pool) }
        if let message { return try await ReplayPlan(message: try await message.find(in: pool), from: pool) }
        if let item { return try await ReplayPlan(parkedIn: nil, code: nil, items: [item.id], from: pool) }
        var items: [UUID]?
        if let value {
            let (value, code, practice) = (value.uppercased(), code ?? "", practice)
            let tables = TableName.allCases.filter { $0.parkCode.rawValue == code }.map(\.rawValue)
            items = try await pool.query(Queries.items(of: value, tables: tables, practice: practice)).map {
                try $0.decode(UUID.self)
            }
        }
        return try await ReplayPlan(
            parkedIn: workflow, code: code, practice: value == nil ? practice : nil, items: items, from: pool)
    }

    /// Says which codes still have no row: their messages would park again.
    private func warn(_ replay: ReplayPlan, _ pool: Pool) async throws {
        let waiting = replay.workItems
        if waiting.isEmpty { return }
        let definition = try await DefinitionStore(pool: pool).current()
        let items = try await pool.transaction { transaction in
            try await UnmappedItem.list(since: CalendarDay(of: .now), definition: definition, in: transaction)
        }
        for item in items where waiting.contains(item.id) && !item.hasRow {
            let file = "tables/\(item.code.table.rawValue).csv"
            output.say("\"\(item.code.code)\" of \(item.code.practice) has no row in \(file) yet: it would park again")
        }
    }
}

extension Doorbell {
    /// Rings on a connection of its own and closes it. That nobody hears it does no harm: workers poll.
    static func ringOnce(_ queues: Set<String>, _ configuration: Configuration) async {
        if queues.isEmpty { return }
        let doorbell = Doorbell(configuration)
        await doorbell.ring(queues)
        await doorbell.close()
    }
}
