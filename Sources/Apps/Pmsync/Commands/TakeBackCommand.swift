import ArgumentParser
import Foundation
import Postgres
import Queue
import Worker

/// `pmsync decisions`
struct DecisionsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decisions", abstract: "Which appointments messages mean, as people decided; the newest first.")

    @OptionGroup var connection: Connection
    @OptionGroup var output: Output
    @Option(help: "Only this practice's.") var practice: String?
    @Option(help: "At most so many.") var limit: Int64 = 100

    private struct Row: Encodable {
        let decision: Int64
        let practice: String
        let at: Date
        let by: String
        let message: String
        let meant: String
        let appointment: String?
        let takenBackBy: String?

        init(_ line: TakingBack.Line) {
            (decision, practice, at, by) = (line.id, line.practice, line.at, line.actor)
            message = "\(line.day)/\(line.entry)"
            meant = line.isNew ? "a new one" : "one of those asked about"
            appointment = line.appointment?.uuidString.lowercased()
            takenBackBy = line.takenBackBy
        }
    }

    func run() async throws {
        let pool = try connection.pool()
        defer { pool.close() }
        let lines = try await pool.transaction { [practice, limit] transaction in
            try await TakingBack.decisions(practice: practice, limit: limit, in: transaction)
        }
        try output.write(lines.map(Row.init))
    }
}

/// `pmsync take-back DECISION --reason TEXT`
struct TakeBackCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "take-back",
        abstract: "Takes back a decision that was wrong: what rested on it leaves its appointment and is filed anew.",
        discussion: """
            `pmsync decisions` lists them. The appointment is then as if those messages had never been said of it, the \
            booking apps are told how it stands, and the message that was decided asks again: `pmsync decide`.
            """)

    @OptionGroup var connection: Connection
    @Argument(help: "The decision.") var decision: Int64
    @Option(help: "Why; it stands in the audit.") var reason: String

    func validate() throws {
        guard reason.contains(where: { !$0.isWhitespace }) else { throw ValidationError("--reason must say why") }
    }

    func run() async throws {
        let pool = try connection.pool()
        defer { pool.close() }
        let taking = try await TakingBack(pool: pool)
        let answer = try await pool.transaction { [decision, reason] transaction in
            try await taking.takeBack(decision, by: NSUserName(), reason: reason, in: transaction)
        }
        switch answer {
        case .asked:
            await Doorbell.ringOnce([TakingBack.queue], pool.configuration)
            print("asked for; what the message means is asked again where it must be: pmsync jobs --state parked")
        case .unknownDecision: throw ValidationError("there is no decision \(decision): pmsync decisions")
        case .already: throw ValidationError("decision \(decision) was taken back before")
        }
    }
}
