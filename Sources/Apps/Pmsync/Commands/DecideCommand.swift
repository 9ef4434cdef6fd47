import ArgumentParser
import Foundation
import Postgres
import Practice
import Queue
import Records
import Worker

/// `pmsync decide JOB (--appointment ID | --new) --reason TEXT`
struct Decide: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Says which appointment a message means that parked as ambiguous-appointment.",
        discussion: """
            `pmsync job ID` shows which may be meant. The message is replayed and applied to the one that is named; later \
            messages that ask the same follow it.
            """)

    @OptionGroup var connection: Connection
    @Argument(help: "The parked job.") var job: Int64
    @Option(help: "The appointment that is meant, one of the candidates.") var appointment: String?
    @Flag(help: "None of them: it is a new one.") var new = false
    @Option(help: "Why; it stands in the audit.") var reason: String

    func validate() throws {
        guard (appointment != nil) != new else { throw ValidationError("say one of --appointment ID and --new") }
        if let appointment, UUID(uuidString: appointment) == nil {
            throw ValidationError("--appointment takes an id as `pmsync job \(job)` prints it")
        }
        guard reason.contains(where: { !$0.isWhitespace }) else { throw ValidationError("--reason must say why") }
    }

    func run() async throws {
        let pool = try connection.pool()
        defer { pool.close() }
        let choice = appointment.flatMap(UUID.init(uuidString:)).map(Deciding.Choice.appointment) ?? .new
        let answer = try await pool.transaction { transaction in
            try await Deciding.decide(job: job, choice, by: NSUserName(), reason: reason, in: transaction)
        }
        switch answer {
        case .decided(let rings):
            await Doorbell.ringOnce(rings, pool.configuration)
            print("decided; job \(job) is back to work")
        case .notAsked: throw CommandError.notAsked(job)
        case .notACandidate: throw CommandError.notACandidate(job)
        }
    }
}

/// One of those that a parked message may mean, as a person tells them apart.
struct Candidate: Encodable {
    let appointment: String
    let status: String
    let start: Date?
    let event: String
    let with: String
    let names: String

    init(_ found: FoundAppointment) {
        appointment = found.id.uuidString.lowercased()
        status = found.status.rawValue
        start = found.start
        event = [found.type.code, found.type.text].filter { !$0.isEmpty }.joined(separator: " ")
        with = found.resources.map { $0.name.isEmpty ? $0.code : $0.name }.joined(separator: ", ")
        names = found.identifiers.map { "\($0.kind.rawValue) \($0.value)" }.joined(separator: ", ")
    }

    /// nil when the job asks no such thing.
    static func all(of job: Int64, in transaction: Transaction) async throws -> [Candidate]? {
        guard let question = try await Deciding.question(of: job, in: transaction) else { return nil }
        return try await Deciding.candidates(of: question, in: transaction).map(Candidate.init)
    }
}
