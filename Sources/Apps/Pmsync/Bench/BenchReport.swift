import Foundation
import Postgres

/// What `pmsync bench` ends with.
struct BenchReport: Encodable {
    struct Result: Encodable {
        let name: String
        /// The median of the runs.
        let value: Double
        let unit: String
        var runs = 1
        var reference: String?
        var referenceValue: Double?
        var ratio: Double?

        enum CodingKeys: String, CodingKey {
            case name, value, unit, runs, reference, ratio
            case referenceValue = "reference_value"
        }

        init(_ name: String, _ value: Double, _ unit: String, reference: (name: String, value: Double)? = nil) {
            self.name = name
            self.value = Self.rounded(value)
            self.unit = unit
            guard let reference, reference.value > 0 else { return }
            self.reference = reference.name
            referenceValue = Self.rounded(reference.value)
            ratio = (value / reference.value * 1000).rounded() / 1000
        }

        private static func rounded(_ value: Double) -> Double { (value * 1000).rounded() / 1000 }
    }

    let bench: String
    let commit: String
    let machine: Machine
    let results: [Result]

    init(bench: String, machine: Machine, results: [Result]) {
        self.bench = bench
        commit =
            Shell.line("/usr/bin/env", ["git", "-C", Programs.folder, "rev-parse", "--short", "HEAD"]) ?? "unknown"
        self.machine = machine
        // What was not seen has no value, and JSON no way to say so.
        self.results = results.filter(\.value.isFinite)
    }

    /// The table, an empty line, and the one line of JSON.
    func print() {
        for result in results {
            let name = result.name.padding(toLength: 26, withPad: " ", startingAt: 0)
            var line = "\(name)\(result.value) \(result.unit)"
            if let reference = result.reference, let value = result.referenceValue, let ratio = result.ratio {
                line += "   (\(reference) \(value), ratio \(ratio))"
            }
            Swift.print(line)
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        Swift.print("\n" + String(decoding: (try? encoder.encode(self)) ?? Data(), as: UTF8.self))
    }
}

/// On what it ran.
struct Machine: Encodable {
    let cores: Int
    let cpu: String
    let memoryGiB: Int
    let postgres: String

    enum CodingKeys: String, CodingKey {
        case cores, cpu, postgres
        case memoryGiB = "memory_gib"
    }

    static func read(_ pool: Pool) async throws -> Machine {
        read(postgres: try await pool.query("SHOW server_version").first?.decode(String.self) ?? "")
    }

    static func read(postgres version: String) -> Machine {
        let lines = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8))?.split(separator: "\n") ?? []
        let model = lines.first { $0.hasPrefix("model name") }?.split(separator: ":").last
        return Machine(
            cores: ProcessInfo.processInfo.activeProcessorCount,
            cpu: model.map { $0.trimmingCharacters(in: .whitespaces) } ?? "unknown",
            memoryGiB: Int((Double(ProcessInfo.processInfo.physicalMemory) / 1_073_741_824).rounded()),
            postgres: String(version.prefix { $0 != " " }))
    }

    /// The load of the last minute, for a person who wonders at the figures.
    static var load: String {
        let text = (try? String(contentsOfFile: "/proc/loadavg", encoding: .utf8)) ?? ""
        return String(text.prefix { $0 != " " })
    }
}

/// A program run for what it prints.
enum Shell {
    /// Its whole output; nil where it cannot be run or fails.
    static func output(_ program: String, _ arguments: [String]) -> String? {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return nil }
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return process.terminationStatus == 0 ? String(decoding: data, as: UTF8.self) : nil
    }

    static func line(_ program: String, _ arguments: [String]) -> String? {
        output(program, arguments)?.split(separator: "\n").first.map(String.init)
    }
}

/// The same machine's commits: pgbench, one client, one row a commit.
struct CommitReference {
    let commitsPerSecond: Double

    /// Nil where pgbench is not installed.
    static func measure(_ stage: PathStage) async throws -> CommitReference? {
        let base = "/usr/lib/postgresql"
        let versions = ((try? FileManager.default.contentsOfDirectory(atPath: base)) ?? []).sorted(by: >)
        let found = versions.map { "\(base)/\($0)/bin/pgbench" }.first(where: FileManager.default.isExecutableFile)
        guard let pgbench = found else { return nil }
        let script = stage.folder + "/insert.sql"
        try "INSERT INTO public.bench (body) VALUES (repeat('x', 600));\n"
            .write(toFile: script, atomically: true, encoding: .utf8)
        let session = try await Session.connect(try Configuration(url: stage.url))
        try await session.script("CREATE TABLE public.bench (id bigserial PRIMARY KEY, body text NOT NULL)")
        await session.close()
        // A number of commits, not a time: pgbench's alarm would not go off, for a child starts with the signals blocked
        // that this thread has blocked.
        let text = Shell.output(pgbench, ["-n", "-f", script, "-c", "1", "-t", "5000", stage.url]) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("tps = ") }
        guard let number = line?.dropFirst(6).prefix(while: { $0 != " " }), let rate = Double(number) else {
            return nil
        }
        return CommitReference(commitsPerSecond: rate)
    }
}
