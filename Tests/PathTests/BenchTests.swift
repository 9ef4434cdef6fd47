import Foundation
import Testing

extension PathSuite {
    @Suite struct BenchTests {
        private struct Report: Decodable {
            struct Result: Decodable {
                let name: String
                let value: Double?
            }
            let results: [Result]
        }

        @Test("A short `pmsync bench path --saturate` delivers every message twice and says what one costs")
        func saturate() async throws {
            let bench = try await Products.run(
                Products.program("pmsync"),
                [
                    "bench", "path", "--saturate", "--seconds", "2", "--warm-up", "1", "--connections", "4",
                    "--outstanding", "20", "--no-reference", "--workflows",
                    Products.root.appending(path: "workflows").path,
                ])
            #expect(bench.status == 0, "\(bench.output)")
            #expect(!bench.output.contains("made no change") && !bench.output.contains("changes came of"))
            let line = try #require(bench.output.split(separator: "\n").last)
            let report = try JSONDecoder().decode(Report.self, from: Data(line.utf8))
            let values = Dictionary(report.results.map { ($0.name, $0.value ?? 0) }) { first, _ in first }
            for name in [
                "saturated-throughput", "frame-to-webhook-p50", "frame-to-webhook-p99", "cpu-ms-per-message",
                "cpu-ms-gateway", "cpu-ms-scheduling", "cpu-ms-postgres", "round-trips-per-message",
                "statements-per-message", "commits-per-message", "wal-bytes-per-message", "memory-pss",
            ] {
                #expect(values[name].map { $0 > 0 } == true, "\(name)")
            }
        }
    }
}
