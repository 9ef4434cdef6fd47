import Foundation

/// What one run of the path showed.
struct PathRun: Sendable {
    let load: PathLoad
    let samples: [PathLoad.Sample]
    /// When each control id's notice came to the webhook.
    let arrivals: [String: ContinuousClock.Instant]
    let machineLoad: String
    let controlID: @Sendable (Int) -> String

    /// From the frame to its acknowledgement, in milliseconds.
    private var acknowledgements: Percentiles {
        Percentiles(samples.map { $0.sent.duration(to: $0.acknowledged) / .milliseconds(1) })
    }

    /// From the frame to the webhook's request.
    private var notices: Percentiles {
        Percentiles(
            samples.compactMap { sample in
                arrivals[controlID(sample.number)].map { sample.sent.duration(to: $0) / .milliseconds(1) }
            })
    }

    /// How late frames were written: a sender that waits for an answer is late with its next message.
    private var lateness: Percentiles {
        Percentiles(samples.map { $0.due.duration(to: $0.sent) / .milliseconds(1) })
    }

    /// Bookings told to the webhook, from the first frame to the last request.
    private var throughput: Double {
        let last = samples.compactMap { arrivals[controlID($0.number)] }.max()
        guard let first = samples.map(\.sent).min(), let last else { return 0 }
        return Double(notices.count) / (first.duration(to: last) / .seconds(1))
    }

    func results(_ reference: CommitReference?) -> [BenchReport.Result] {
        [
            .init(
                "throughput", throughput, "messages/s",
                reference: reference.map { ("pgbench-insert-1", $0.commitsPerSecond) }),
            .init("frame-to-webhook-p50", notices[0.5], "ms"), .init("frame-to-webhook-p99", notices[0.99], "ms"),
            .init("ack-p50", acknowledgements[0.5], "ms"), .init("ack-p99", acknowledgements[0.99], "ms"),
        ]
    }

    /// For people: what the figures rest on.
    var summary: String {
        """
        \(samples.count) bookings at \(load.rate)/s over \(load.connections) connections, after \(load.warmUp) s of \
        them that do not count, among them an ANALYZE; \(notices.count) came to the webhook
        frame to webhook  p90 \(notices.text(0.9)), p99.9 \(notices.text(0.999)), max \(notices.text(1)) ms
        acknowledgement   p90 \(acknowledgements.text(0.9)), p99.9 \(acknowledgements.text(0.999)), \
        max \(acknowledgements.text(1)) ms
        frames late       p50 \(lateness.text(0.5)), p99 \(lateness.text(0.99)), max \(lateness.text(1)) ms
        load average      \(machineLoad)

        """
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
