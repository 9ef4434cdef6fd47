import ArgumentParser

/// `pmsync bench path`
struct BenchPath: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "path",
        abstract: "From a frame to the answers of two webhooks, through separate processes and a durable database.",
        discussion: """
            The load is a practice's mix: 40 % S12 (half for known persons), 15 % S13, 35 % S14, 10 % S15, each for a visit \
            that the load booked before. --saturate keeps a fixed number of messages outstanding, so that the path is the \
            limit; --rate sends each at its own moment. The report gives what a message costs in gateway, worker and \
            PostgreSQL: processor time, round trips, statements, commits, write-ahead log. Sender and webhooks run in this \
            process and share the cores.
            """)

    @Flag(help: "Send as much as the path takes.") var saturate = false
    @Option(help: "Messages a second; 200 where not said.") var rate: Int?
    @Option(help: "With --saturate: messages outstanding at most.") var outstanding = 1000
    @Option(help: "Seconds that are measured.") var seconds = 60
    @Option(help: "Connections: one for each 25 messages a second, at least 8; with --saturate 64.") var connections:
        Int?
    @Option(
        name: .customLong("warm-up"),
        help: "Seconds before, at the same pace, that do not count; with 0 the first second is reported.")
    var warmUp = 20
    @Flag(help: "ANALYZE in the warm-up, as autovacuum does within a minute.") var analyze = false
    @Flag(help: "Another process takes half of a core meanwhile; the report says whether the backlog grew.")
    var neighbor = false
    @Flag(inversion: .prefixedNo, help: "Measure this machine's bare commits too, to compare with.")
    var reference = true
    @Option(help: "The folder of definitions; the practice \"demo\" is used.") var workflows: String?
    @Option(help: "Where the folder for the database is made.") var temporary: String?

    func validate() throws {
        guard (1...100_000).contains(rate ?? 1), (1...3600).contains(seconds), (1...256).contains(connections ?? 1),
            (0...600).contains(warmUp), (1...100_000).contains(outstanding)
        else { throw ValidationError("--rate, --outstanding, --seconds, --connections or --warm-up is beyond reason") }
        if saturate, rate != nil || neighbor {
            throw ValidationError("--rate and --neighbor do not go with --saturate")
        }
        if analyze, warmUp == 0 { throw ValidationError("--analyze needs a --warm-up") }
    }

    func run() async throws {
        let load = PathLoad(
            pace: saturate ? .outstanding(outstanding) : .rate(rate ?? 200), seconds: seconds,
            connections: connections ?? (saturate ? 64 : min(max((rate ?? 200) / 25, 8), 256)), warmUp: warmUp,
            analyzes: analyze, hasNeighbor: neighbor)
        let stage = try await PathStage.set(workflows: workflows, temporary: temporary)
        do {
            let run = try await load.run(on: stage)
            await stage.stopPrograms()
            let commits = reference ? try await CommitReference.measure(stage) : nil
            let report = BenchReport(
                bench: "path", machine: try await Machine.read(stage.pool), results: run.results(commits))
            await stage.strike()
            print(run.summary)
            report.print()
        } catch {
            await stage.strike(keepingLogs: true)
            throw error
        }
    }
}
