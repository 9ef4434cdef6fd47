import ArgumentParser
import Foundation
import Postgres
import Queue

/// `pmsync replay`
struct Replay: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Puts parked and uncertain jobs back to work, in order, and says first what it will do.")

    @OptionGroup var connection: Connection
    @OptionGroup var output: Output
    @Option(help: "This job.") var job: Int64?
    @Option(help: "The jobs of this message; one that was discarded or refused is taken up anew.")
    var message: MessageID?
    @Flag(help: "All that are parked.") var parked = false
    @Option(help: "With --parked: only this workflow's.") var workflow: String?
    @Option(help: "With --parked: only those parked for this reason.") var code: String?
    @Flag(help: "Only say what would be done.") var dryRun = false

    func validate() throws {
        guard [job != nil, message != nil, parked].count(where: { $0 }) == 1 else {
            throw ValidationError("say one of --job ID, --message ID and --parked")
        }
        guard parked || workflow == nil && code == nil else {
            throw ValidationError("--workflow and --code go with --parked")
        }
    }

    func run() async throws {
        let pool = try connection.pool()
        defer { pool.close() }
        let replay = try await plan(pool)
        try output.write(replay.rows)
        let count = replay.rows.count == 1 ? "1 job" : "\(replay.rows.count) jobs"
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
        return try await ReplayPlan(parkedIn: workflow, code: code, from: pool)
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
