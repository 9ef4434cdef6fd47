import ArgumentParser
import Foundation
import Hosting
import Logging
import Postgres
import PracticeSimulator

/// `pmsync bench detection`
struct BenchDetection: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "detection",
        abstract: "From a PM's change to its finding, for a message that is dropped, unsent, unmapped or refused.",
        discussion: """
            Gateway and scheduling worker run as processes of their own, the PM sends over MLLP and keeps its list in a file, the \
            booking app takes webhooks. A message that was never sent cannot be told from one on its way before the grace has \
            passed, and a list is compared once an interval: both are declared here.
            """)

    @Option(help: "Seconds between comparisons.") var reconcile = 2
    @Option(help: "Seconds that a change may take before its absence is a difference.") var grace = 5
    @Option(help: "How often each is measured.") var runs = 3
    @Option(help: "The number that everything follows from.") var seed: UInt64 = 1
    @Option(help: "The folder of definitions.") var workflows: String?
    @Option(help: "Where the folder for the database is made.") var temporary: String?

    func validate() throws {
        guard (1...3600).contains(reconcile), (0...3600).contains(grace), (1...20).contains(runs) else {
            throw ValidationError("--reconcile, --grace or --runs is beyond reason")
        }
    }

    func run() async throws {
        Logs.bootstrap(program: "bench", level: .critical)
        let stage = try await DetectionStage.set(
            seed: seed, reconcile: reconcile, grace: grace, workflows: workflows, temporary: temporary)
        do {
            let times = try await stage.measure(runs: runs)
            let machine = try await Machine.read(stage.pool)
            await stage.strike()
            print(
                "compared every \(reconcile) s, grace \(grace) s, \(runs) runs each; seconds from the PM's change to the finding\n"
            )
            let results = DetectionFault.allCases.map { fault in
                let values = Percentiles(times[fault] ?? [])
                print(
                    "\(fault.rawValue.padding(toLength: 12, withPad: " ", startingAt: 0))\(fault.code) \(fault.cause): "
                        + "median \(values.text(0.5)), longest \(values.text(1))")
                return BenchReport.Result("\(fault.rawValue)-p50", values[0.5], "s")
            }
            print("")
            BenchReport(bench: "detection", machine: machine, results: results).print()
        } catch {
            await stage.strike()
            throw error
        }
    }
}

/// What is done to a change on its way, and what the finding says of it.
enum DetectionFault: String, CaseIterable {
    /// The frame is cut, and the sender believes that it sent.
    case dropped
    case unsent
    case unmapped
    case refused

    var code: String { self == .refused ? "missing-in-app" : "missing-here" }

    var cause: String {
        switch self {
        case .dropped, .unsent: "never-sent"
        case .unmapped: "received-and-unmapped"
        case .refused: "refused"
        }
    }
}
