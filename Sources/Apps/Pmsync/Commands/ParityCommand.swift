import ArgumentParser
import Foundation
import Postgres
import Scheduling
import Worker

/// `pmsync parity`
struct ParityCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "parity",
        abstract: "How far what shadow would tell is what the replaced interface tells, as its tap heard it.",
        discussion: """
            A telling counts where both sides told it, or one alone for ten minutes. What the replaced interface tells \
            again though nothing has changed is counted as nothing new, for or against neither.
            """)

    @OptionGroup var connection: Connection
    @OptionGroup var output: Output
    @Option(help: "Only this practice's destinations.") var practice: String?
    @Flag(help: "Lists each telling that differs, or that one side alone made.") var cases = false
    @Option(help: "So many of them at most.") var limit = 200

    private struct Line: Encodable {
        let practice: String
        let destination: String
        let mode: String
        let since: Date?
        let parity: String
        let same: Int
        let differs: Int
        let fields: String
        let onlyTheirs: Int
        let onlyOurs: Int
        let nothingNew: Int
        let waiting: Int
        let lastTapped: Date?
    }

    private struct CaseLine: Encodable {
        let practice: String
        let destination: String
        let verdict: String
        let at: Date
        let type: String
        let differs: String
        let appointment: String?
        let message: String?
        let event: Int64?
    }

    func validate() throws {
        if limit < 1 { throw ValidationError("--limit takes a number above 0") }
    }

    func run() async throws {
        let pool = try connection.pool()
        defer { pool.close() }
        for one in try await ParityPass.practices(in: pool) where practice == nil || practice == one {
            try await pool.transaction { try await ParityPass(practice: one).carryOut(in: $0) }
        }
        let (practice, limit) = (practice, Int64(limit))
        let now = try await pool.query("SELECT clock_timestamp()").first?.decode(Date.self) ?? Date()
        if cases {
            let found = try await pool.transaction { transaction in
                try await ParityCase.list(practice: practice, now: now, limit: limit, in: transaction)
            }
            return try output.write(found.map(Self.line))
        }
        let found = try await pool.transaction { transaction in
            try await ParitySummary.read(practice: practice, now: now, in: transaction)
        }
        try output.write(found.map(Self.line))
        if found.isEmpty { output.say("nothing was tapped: practices/NAME.yaml declares taps") }
    }

    private static func line(_ one: ParityCase) -> CaseLine {
        CaseLine(
            practice: one.practice, destination: one.destination, verdict: one.verdict, at: one.at, type: one.type,
            differs: one.differs.joined(separator: " "), appointment: one.record?.uuidString.lowercased(),
            message: one.message, event: one.event)
    }

    private static func line(_ summary: ParitySummary) -> Line {
        Line(
            practice: summary.practice, destination: summary.destination, mode: summary.mode, since: summary.since,
            parity: summary.parity.map(Self.percent) ?? "",
            same: summary.same, differs: summary.differs,
            fields: summary.fields.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.key) \($0.value)" }
                .joined(separator: ", "),
            onlyTheirs: summary.onlyTheirs, onlyOurs: summary.onlyOurs, nothingNew: summary.nothingNew,
            waiting: summary.waiting, lastTapped: summary.lastTapped)
    }

    /// Rounded down: 100 % is said of nothing less.
    private static func percent(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded(.down))
        return "\(tenths / 10).\(tenths % 10) %"
    }
}
