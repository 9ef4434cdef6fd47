import Foundation
import Testing

/// One batch of n equals n batches of one: the same journal entries, on two databases. And a record in memory ends as the
/// one on PostgreSQL does.
///
/// A failure prints its seed and the smallest program that still fails, message by message.
@Suite(.timeLimit(.minutes(5))) struct BatchPropertyTests {
    @Test func `One batch of n equals n batches of one, and a record in memory equals both`() async throws {
        let sides = try await Sides()
        var failures = 0
        for seed in Self.seeds where failures < 3 {
            let program = BatchProgram(seed: seed)
            guard let trouble = await sides.trouble(program) else { continue }
            failures += 1
            let (small, last) = await sides.shrink(program, trouble)
            Issue.record("seed \(seed): \(last)\n\(small)")
        }
    }

    @Test func `What once ended otherwise in a batch ends as its jobs one by one do`() async throws {
        let sides = try await Sides()
        for (name, program) in BatchProgram.found.sorted(by: { $0.key < $1.key }) {
            let trouble = await sides.trouble(program)
            #expect(trouble == nil, "\(name):\(trouble ?? "")\n\(program)")
        }
    }

    @Test(arguments: [
        "one message without an id, twice: by a resend and a replay at once": 1,
        "one patient twice in a group without an id": 2,
    ])
    func `A message that says the same of one person twice makes one appointment of it`(name: String, count: Int)
        async throws
    {
        let side = try await BatchSide()
        let program = try #require(BatchProgram.found[name])
        let ending = try await side.run(program, size: program.size)
        #expect(ending.standing.count == count)
    }

    /// `PMSYNC_SEEDS=FROM-TO` runs others.
    private static var seeds: Range<Int> {
        let stated = ProcessInfo.processInfo.environment["PMSYNC_SEEDS"]?.split(separator: "-").compactMap { Int($0) }
        guard let stated, stated.count == 2, stated[0] < stated[1] else { return 0..<40 }
        return stated[0]..<stated[1]
    }
}

/// The same program in batches, and job by job.
struct Sides {
    private let together: BatchSide
    private let alone: BatchSide

    init(_ test: String = #function) async throws {
        async let one = BatchSide("together")
        async let other = BatchSide("alone")
        (together, alone) = try await (one, other)
    }

    /// What differs; nil: nothing.
    func trouble(_ program: BatchProgram) async -> String? {
        do {
            async let many = together.run(program, size: program.size)
            async let single = alone.run(program, size: 1)
            let (batch, each) = try await (many, single)
            if let bad = each.lines.first(where: { $0.hasPrefix("shared beside nobody") }) { return "alone: \(bad)" }
            if let difference = Self.difference(batch.lines, each.lines, "batch", "each") { return difference }
            return Self.difference(try alone.trial(program), each.standing, "memory", "database")
        } catch {
            return "it fails: \(error)"
        }
    }

    private static func difference(_ one: [String], _ other: [String], _ name: String, _ second: String) -> String? {
        if one == other { return nil }
        let changes = other.difference(from: one)
        let lines = changes.map { change in
            switch change {
            case .remove(_, let line, _): "  only \(name): \(line)"
            case .insert(_, let line, _): "  only \(second): \(line)"
            }
        }
        return "\n" + (lines.prefix(30) + lines.dropFirst(30).suffix(30)).joined(separator: "\n")
    }

    /// The smallest program that was found to fail still, and how.
    func shrink(_ program: BatchProgram, _ trouble: String) async -> (BatchProgram, String) {
        var (small, last) = (program, trouble)
        var length = max(1, small.order.count / 2)
        while length >= 1 {
            var start = 0
            var isSmaller = false
            while start < small.order.count {
                let fewer = small.without(start..<min(start + length, small.order.count))
                if !fewer.order.isEmpty, let still = await self.trouble(fewer) {
                    (small, last, isSmaller) = (fewer, still, true)
                } else {
                    start += length
                }
            }
            if !isSmaller || length > 1 { length /= 2 }
        }
        return (small, last)
    }
}
