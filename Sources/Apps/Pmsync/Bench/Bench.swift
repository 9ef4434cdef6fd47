import ArgumentParser

/// `pmsync bench`: figures for people, then one JSON line for comparing. A release build is what counts.
struct Bench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measures, and prints a table, then one JSON line.",
        subcommands: [
            BenchPath.self, BenchReconcile.self, BenchAgreement.self, BenchDetection.self, BenchNeighbor.self,
        ])
}
