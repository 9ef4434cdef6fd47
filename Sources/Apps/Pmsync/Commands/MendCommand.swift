import ArgumentParser
import Foundation
import Postgres
import Queue
import Worker

/// `pmsync mend KEY`, `pmsync mend KEY --removed --reason TEXT`
struct MendCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mend",
        abstract: "Tells a finding's booking app, and no other, of the record again; or confirms a removal.",
        discussion: """
            With --removed, for a finding whose act is confirm-removal: you have looked, and the PM has deleted the \
            appointment without a message. It is taken off here and every booking app is told; the next comparison closes \
            the finding.
            """)

    @OptionGroup var connection: Connection
    @Argument(help: "The finding's key, as the report has it.") var key: String
    @Option(help: "The finding's practice.") var practice: String
    @Flag(help: "The PM has deleted it without a message.") var removed = false
    @Option(help: "Why, for the record; a removal wants one.") var reason = ""

    func validate() throws {
        guard !removed || reason.contains(where: { !$0.isWhitespace }) else {
            throw ValidationError("--removed wants --reason: it must say why")
        }
    }

    func run() async throws {
        let pool = try connection.pool()
        defer { pool.close() }
        let finding = Mending.Subject(practice: practice, key: key)
        if removed { try await remove(finding, pool) } else { try await resend(finding, pool) }
        print("asked for")
    }

    private func resend(_ finding: Mending.Subject, _ pool: Pool) async throws {
        let mending = try await Mending(pool: pool)
        let answer = try await pool.transaction { [reason] transaction in
            try await mending.resend(finding, by: NSUserName(), reason: reason, in: transaction)
        }
        switch answer {
        case .asked: await Doorbell.ringOnce([Mending.queue], pool.configuration)
        case .unknownFinding: throw unknown
        case .closed: throw Self.closed
        case .notByResend:
            throw ValidationError("the finding is of no record or no booking app: a re-send mends nothing")
        }
    }

    private func remove(_ finding: Mending.Subject, _ pool: Pool) async throws {
        let removing = try await Removing(pool: pool)
        let answer = try await pool.transaction { [reason] transaction in
            try await removing.confirm(finding, by: NSUserName(), reason: reason, in: transaction)
        }
        switch answer {
        case .asked: await Doorbell.ringOnce([Removing.queue], pool.configuration)
        case .unknownFinding: throw unknown
        case .closed: throw Self.closed
        case .notByRemoval: throw ValidationError("the finding's act is not confirm-removal: nothing was removed")
        case .changedSince:
            throw ValidationError("the appointment has changed since it was compared: pmsync reconcile scheduling")
        }
    }

    private var unknown: ValidationError { ValidationError("no finding of \(practice) has the key \(key)") }
    private static let closed = ValidationError("the finding is closed: it no longer shows")
}
