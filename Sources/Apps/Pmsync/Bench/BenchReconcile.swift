import ArgumentParser
import Foundation
import Postgres

/// `pmsync bench reconcile`
struct BenchReconcile: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reconcile",
        abstract: "The PM's list against our record, a million each, beside a bare copy of both and beside reladiff.",
        discussion: """
            million-million is what a run of `pmsync reconcile scheduling` takes to hold the PM's list against our record
            once each line's record is known: where they differ, counts, causes, findings. The reference is a binary COPY of
            both sides, in order, as flat tables; reladiff compares the same two, as tables of two databases (hashdiff).
            What it takes to get there, who overbooks whom, and to keep the members of each count is said besides, first
            and again: a rerun writes only what differs. whole-run is all of it but reading the file and keeping.
            """)

    @Option(help: "Appointments on each side.") var rows = 1_000_000
    @Option(help: "Differences planted among them (0.004 % of a million).") var differences = 40
    @Option(help: "Runs, of which the median counts.") var runs = 3
    @Option(help: "The reladiff to compare with; else the one on the PATH.") var reladiff: String?
    @Option(help: "The folder of definitions.") var workflows: String?
    @Option(help: "Where the folder for the database is made.") var temporary: String?

    func validate() throws {
        guard (1_000...10_000_000).contains(rows), (4...rows / 10).contains(differences), (1...20).contains(runs) else {
            throw ValidationError("--rows, --differences or --runs is beyond reason")
        }
    }

    func run() async throws {
        let stand = try await ReconcileStand.set(
            rows: rows, differences: differences, workflows: workflows, temporary: temporary)
        do {
            var figures = ReconcileFigures()
            for _ in 0..<runs {
                figures.copies.append(try await stand.copyBothStreams())
                figures.runs.append(try await stand.reconcile())
            }
            figures.memory = Memory.peak
            figures.reladiff = try await stand.reladiff(reladiff)
            let report = BenchReport(
                bench: "reconcile", machine: try await Machine.read(stand.pool), results: figures.results)
            await stand.strike()
            print(
                "\(rows) of theirs against \(rows) of ours, \(differences) differences, all of them found and no other; "
                    + "load \(Machine.load)")
            if figures.reladiff == nil { print("reladiff is not here (pip install reladiff): not compared with it") }
            report.print()
        } catch {
            await stand.strike()
            throw error
        }
    }
}

/// What the runs took.
struct ReconcileFigures {
    var runs: [ReconcileStand.Figures] = []
    var copies: [Double] = []
    /// In MB.
    var memory: Double = 0
    var reladiff: Double?

    var results: [BenchReport.Result] {
        let comparing = Self.median(runs.map(\.comparing))
        let copy = (name: "copy-both-streams", value: Self.median(copies))
        var results = [
            result("million-million", comparing, "s", runs: runs.count, reference: copy),
            BenchReport.Result("peak-memory", memory, "MB"),
            result("read-list", Self.median(runs.map(\.reading)), "s", runs: runs.count),
            result("match-list", Self.median(runs.map(\.matching)), "s", runs: runs.count),
            result("read-records", Self.median(runs.map(\.records)), "s", runs: runs.count),
            result("overbooking", Self.median(runs.map(\.overbooking)), "s", runs: runs.count),
            result("whole-run", Self.median(runs.map(\.whole)), "s", runs: runs.count, reference: copy),
        ]
        if let first = runs.first { results.append(BenchReport.Result("keep-members-first", first.keeping, "s")) }
        if runs.count > 1 {
            results.append(
                result("keep-members-again", Self.median(runs.dropFirst().map(\.keeping)), "s", runs: runs.count - 1))
        }
        if let reladiff {
            results.append(
                BenchReport.Result("reladiff", reladiff, "s", reference: ("million-million", comparing)))
        }
        return results
    }

    private func result(
        _ name: String, _ value: Double, _ unit: String, runs: Int, reference: (name: String, value: Double)? = nil
    ) -> BenchReport.Result {
        var result = BenchReport.Result(name, value, unit, reference: reference)
        result.runs = runs
        return result
    }

    private static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        guard let middle = sorted.indices.middle else { return 0 }
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }
}

extension Range<Int> {
    fileprivate var middle: Int? { isEmpty ? nil : lowerBound + count / 2 }
}

/// Of this process.
enum Memory {
    /// The most that was ever resident, in MB; 0 where the system does not say.
    static var peak: Double {
        let text = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        let kilobytes = line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Double($0) }
        return (kilobytes ?? 0) / 1024
    }
}
