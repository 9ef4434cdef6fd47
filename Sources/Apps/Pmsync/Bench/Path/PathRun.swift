import Foundation

/// What one run of the path showed.
struct PathRun: Sendable {
    private let load: PathLoad
    private let record: PathTraffic.Record
    private let before: PathUsage
    private let after: PathUsage
    private let memory: [String: Double]
    private let machineLoad: String
    /// When the last webhook had acknowledged the last change that each message made; nil for a message that made none.
    private let delivered: [UInt64?]

    init(
        load: PathLoad, record: PathTraffic.Record, changes: [Int: [Int64]], before: PathUsage, after: PathUsage,
        memory: [String: Double], machineLoad: String
    ) {
        self.load = load
        self.record = record
        self.before = before
        self.after = after
        self.memory = memory
        self.machineLoad = machineLoad
        delivered = record.samples.indices.map { number in
            changes[number]?.compactMap { record.delivered[$0] }.max()
        }
    }

    // MARK: What was measured

    private var window: Range<UInt64> { before.at..<after.at }

    private var cost: PathCost {
        PathCost(before: before, after: after, messages: delivered(in: window))
    }

    private func delivered(in span: Range<UInt64>) -> Int {
        delivered.count { $0.map { span.contains($0) } ?? false }
    }

    /// The part of the window between two fractions of it.
    private func part(_ from: Double, _ to: Double) -> Range<UInt64> {
        let length = Double(window.count)
        return window.lowerBound + UInt64(length * from)..<window.lowerBound + UInt64(length * to)
    }

    /// Messages a second that both webhooks acknowledged.
    private func throughput(in span: Range<UInt64>) -> Double {
        Double(delivered(in: span)) / (Double(span.count) / 1e9)
    }

    /// From the frame to the second webhook's acknowledgement, in milliseconds, of the messages that were due in the span.
    private func notices(in span: Range<UInt64>) -> Percentiles {
        Percentiles(
            zip(record.samples, delivered).compactMap { sample, delivered in
                guard span.contains(sample.due), let delivered else { return nil }
                return Double(delivered - sample.sent) / 1e6
            })
    }

    private func values(_ value: (PathTraffic.Sample) -> Double) -> Percentiles {
        Percentiles(record.samples.filter { window.contains($0.due) }.map(value))
    }

    /// From the frame to its acknowledgement, in milliseconds.
    private var acknowledgements: Percentiles {
        values { Double($0.acknowledged) / 1e6 - Double($0.sent) / 1e6 }
    }

    /// How late frames were written: a sender that waits for an answer is late with its next message.
    private var lateness: Percentiles { values { Double($0.sent - $0.due) / 1e6 } }

    private var backlog: PathBacklog { PathBacklog(record.backlogs, in: window) }

    // MARK: For programs

    func results(_ reference: CommitReference?) -> [BenchReport.Result] {
        let commit = reference.map { (name: "pgbench-insert-1", value: $0.commitsPerSecond) }
        let isSaturated = if case .outstanding = load.pace { true } else { false }
        let notices = notices(in: window)
        let name = isSaturated ? "saturated-throughput" : "throughput"
        var results = [
            BenchReport.Result(name, throughput(in: window), "messages/s", reference: commit),
            .init("frame-to-webhook-p50", notices[0.5], "ms"), .init("frame-to-webhook-p99", notices[0.99], "ms"),
            .init("ack-p50", acknowledgements[0.5], "ms"), .init("ack-p99", acknowledgements[0.99], "ms"),
        ]
        results += costs + beginning
        guard !isSaturated else { return results }
        return results + PathBacklog.marks.map { .init("backlog-\($0)", backlog.at($0), "messages") }
    }

    private var costs: [BenchReport.Result] {
        let cost = cost
        var results = [BenchReport.Result("cpu-ms-per-message", cost.processor, "ms")]
        results += cost.programs.map { .init("cpu-ms-\($0)", cost.processor($0), "ms") }
        results.append(.init("cpu-ms-bench", cost.processor(PathUsage.bench), "ms"))
        results += [
            .init("round-trips-per-message", cost.roundTrips, "round trips"),
            .init("statements-per-message", cost.statements, "statements"),
            .init("commits-per-message", cost.commits, "commits"),
            .init("wal-bytes-per-message", cost.walBytes, "bytes"),
            .init("memory-pss", memory.values.reduce(0, +), "MB"),
        ]
        return results
    }

    /// Without a warm-up: whether a fresh database is as fast in its first second as later on.
    private var beginning: [BenchReport.Result] {
        guard load.warmUp == 0, load.seconds > 1 else { return [] }
        let second = window.lowerBound + 1_000_000_000
        return [
            .init("first-second-p99", notices(in: window.lowerBound..<second)[0.99], "ms"),
            .init("after-first-second-p99", notices(in: second..<window.upperBound)[0.99], "ms"),
        ]
    }

    // MARK: For people

    /// What the figures rest on.
    var summary: String {
        let cost = cost
        let notices = notices(in: window)
        let quarters = [0.0, 0.25, 0.5, 0.75].map { throughput(in: part($0, $0 + 0.25)) }
        let silent = delivered.count { $0 == nil }
        var lines = [
            "\(cost.messages) messages came to both webhooks in \(Self.text(cost.seconds)) s, \(paceText) over "
                + "\(load.connections) connections, after \(load.warmUp) s that do not count\(load.analyzes ? ", among them an ANALYZE" : "")",
            "quarters of the time  " + quarters.map { Self.text($0) }.joined(separator: ", ") + " messages/s",
            "frame to webhooks     p90 \(notices.text(0.9)), p99.9 \(notices.text(0.999)), max \(notices.text(1)) ms",
            "acknowledgement       p90 \(acknowledgements.text(0.9)), p99.9 \(acknowledgements.text(0.999)), "
                + "max \(acknowledgements.text(1)) ms",
            "frames late           p50 \(lateness.text(0.5)), p99 \(lateness.text(0.99)), max \(lateness.text(1)) ms",
        ]
        if case .rate(let rate) = load.pace {
            lines.append(
                "backlog               \(backlog.text) messages at 25, 50, 75 and 100 % of the time: "
                    + (backlog.hasGrown(rate: rate) ? "it grew" : "it did not grow")
                    + (load.hasNeighbor ? ", beside a process that takes half of a core" : ""))
        }
        lines.append("a message             cpu ms  round trips  statements")
        for program in cost.programs {
            let counts = program == PathUsage.postgres ? [] : [cost.roundTrips(program), cost.statements(program)]
            lines.append(Self.row(program, [cost.processor(program)] + counts))
        }
        lines += [
            Self.row("together", [cost.processor, cost.roundTrips, cost.statements]),
            Self.row(PathUsage.bench, [cost.processor(PathUsage.bench)]) + "  (sender and webhooks, not in the above)",
            "memory (PSS)          "
                + memory.sorted { $0.key < $1.key }.map { "\($0.key) \(Self.text($0.value)) MB" }.joined(
                    separator: ", "),
            "busy                  \(Self.text(cost.share(of: ProcessInfo.processInfo.activeProcessorCount))) % of the "
                + "cores with this, load average \(machineLoad)",
        ]
        if record.delivered.count != delivered.count {
            lines.append("\(record.delivered.count) changes came of \(delivered.count) messages")
        }
        if silent > 0 { lines.append("\(silent) messages of \(delivered.count) made no change") }
        return lines.joined(separator: "\n") + "\n"
    }

    private var paceText: String {
        switch load.pace {
        case .outstanding(let limit): "\(limit) at most on their way"
        case .rate(let rate): "\(rate)/s"
        }
    }

    private static func row(_ name: String, _ values: [Double]) -> String {
        "  " + name.padding(toLength: 18, withPad: " ", startingAt: 0)
            + zip(values, [8, 13, 12]).map { value, width in
                let text = String(format: "%.3f", value)
                return String(repeating: " ", count: max(width - text.count, 1)) + text
            }.joined()
    }

    private static func text(_ value: Double) -> String { String(format: "%.1f", value) }
}

/// How many messages were due and not yet delivered in the course of a run.
struct PathBacklog: Sendable {
    /// Percent of the run.
    static let marks = [25, 50, 75, 100]

    private let samples: [PathTraffic.Backlog]
    private let window: Range<UInt64>

    init(_ samples: [PathTraffic.Backlog], in window: Range<UInt64>) {
        self.samples = samples.filter { window.contains($0.at) }
        self.window = window
    }

    /// The mean of the last twentieth before the mark.
    func at(_ percent: Int) -> Double {
        let end = window.lowerBound + UInt64(window.count) / 100 * UInt64(percent)
        let start = end - UInt64(window.count) / 20
        let messages = samples.filter { start <= $0.at && $0.at <= end }.map(\.messages)
        return messages.isEmpty ? 0 : Double(messages.reduce(0, +)) / Double(messages.count)
    }

    /// More at the end than in the middle by an eighth of a second's messages or more, and more than twice as many as at
    /// the first mark: a burst that is over again is no growth.
    func hasGrown(rate: Int) -> Bool {
        at(100) > at(50) + Double(rate) / 8 && at(100) > 2 * at(25)
    }

    var text: String {
        Self.marks.map { "\(Int(at($0).rounded()))" }.joined(separator: ", ")
    }
}

/// Values in order, asked by rank (the nearest one: a value that was measured).
struct Percentiles: Sendable {
    private let sorted: [Double]

    init(_ values: [Double]) {
        sorted = values.sorted()
    }

    var count: Int { sorted.count }

    subscript(_ part: Double) -> Double {
        if sorted.isEmpty { return .nan }
        let rank = Int((part * Double(sorted.count)).rounded(.up))
        return sorted[min(max(rank, 1), sorted.count) - 1]
    }

    func text(_ part: Double) -> String { String(format: "%.1f", self[part]) }
}
