import ArgumentParser

/// `pmsync bench`: figures for people, then one JSON line for comparing. A release build is what counts.
struct Bench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measures, and prints a table, then one JSON line.",
        subcommands: [BenchPath.self, BenchReconcile.self, BenchAgreement.self, BenchDetection.self])
}

/// `pmsync bench path`
struct BenchPath: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "path",
        abstract:
            "From a frame's first byte to the webhook's request, through separate processes and a durable database.")

    @Option(help: "Messages a second.") var rate = 200
    @Option(help: "Seconds that are measured.") var seconds = 60
    @Option(help: "Connections that they are spread over.") var connections = 8
    @Option(
        name: .customLong("warm-up"),
        help: "Seconds before, at the same rate, that do not count: the bookings that the practice already has.")
    var warmUp = 20
    @Option(help: "The folder of definitions; the practice \"demo\" is used.") var workflows: String?
    @Option(help: "Where the folder for the database is made.") var temporary: String?

    func validate() throws {
        guard (1...100_000).contains(rate), (1...3600).contains(seconds), (1...256).contains(connections),
            (0...600).contains(warmUp)
        else { throw ValidationError("--rate, --seconds, --connections or --warm-up is beyond reason") }
    }

    func run() async throws {
        let load = PathLoad(rate: rate, seconds: seconds, connections: connections, warmUp: warmUp)
        let stage = try await PathStage.set(workflows: workflows, temporary: temporary)
        do {
            let run = try await load.run(on: stage)
            await stage.stopPrograms()
            let reference = try await CommitReference.measure(stage)
            let report = BenchReport(
                bench: "path", machine: try await Machine.read(stage.pool), results: run.results(reference))
            await stage.strike()
            print(run.summary)
            report.print()
        } catch {
            await stage.strike(keepingLogs: true)
            throw error
        }
    }
}
