package import Logging

/// One connection to a receiver, as the sender uses it.
package protocol Wire: Sendable {
    /// Sends a frame and gives the answer's bytes; throws when none came in time or the connection is gone.
    func send(_ message: [UInt8]) async throws -> [UInt8]
    /// Sends the first half of the frame and hangs up.
    func cut(_ message: [UInt8]) async
    func close() async
}

/// Sends an office's deliveries one at a time, as MLLP senders do: the next one only after the answer to this one; no
/// answer, the same bytes again on a new connection, for as long as it takes.
package struct Sender: Sendable {
    package typealias Connect = @Sendable () async throws -> any Wire

    private let office: Office
    private let connect: Connect
    /// Messages a second in the live part, and in the history (0: as fast as they are answered).
    private let rate: Double
    private let quickRate: Double
    private let limit: Int?
    /// Before a message is sent again; doubles up to five seconds.
    private let firstWait: Duration
    private let logger: Logger

    package init(
        _ office: Office, rate: Double, quickRate: Double = 0, limit: Int? = nil,
        firstWait: Duration = .milliseconds(200), logger: Logger, connect: @escaping Connect
    ) {
        self.office = office
        self.rate = rate
        self.quickRate = quickRate
        self.limit = limit
        self.firstWait = firstWait
        self.logger = logger
        self.connect = connect
    }

    /// Runs until the script ends, `limit` deliveries are sent, or it is cancelled.
    package func run() async throws {
        var wire: (any Wire)?
        var due = ContinuousClock.now
        var sent = 0
        while limit.map({ sent < $0 }) ?? true, let delivery = await office.next() {
            try await pause(before: delivery, due: &due)
            if delivery.cut {
                let victim: any Wire
                if let open = wire { victim = open } else { victim = try await reach() }
                await victim.cut(delivery.bytes)
                wire = nil
            }
            let code = try await send(delivery, over: &wire)
            try await office.settle(delivery, code: code)
            sent += 1
        }
        try await office.save()
        await wire?.close()
    }

    private func pause(before delivery: Delivery, due: inout ContinuousClock.Instant) async throws {
        let rate = delivery.quick ? quickRate : rate
        guard rate > 0 else { return }
        let gap = Duration.seconds(1 / rate)
        due = max(due + gap * (1 + delivery.silence), ContinuousClock.now - gap)
        if due > .now { try await Task.sleep(until: due, clock: .continuous) }
    }

    /// The code of the answer. AR means not now: three times, then it goes on, and the code says so.
    private func send(_ delivery: Delivery, over wire: inout (any Wire)?) async throws -> String {
        var refusals = 0
        var wait = firstWait
        while true {
            try Task.checkCancellation()
            do {
                let live: any Wire
                if let open = wire { live = open } else { live = try await connect() }
                wire = live
                let code = Self.code(of: try await live.send(delivery.bytes))
                guard code == "AR" || code == "CR", refusals < 3 else {
                    if code != "AA" && code != "CA" { warn(delivery, code) }
                    return code
                }
                refusals += 1
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                logger.debug("no answer, sending again", metadata: ["message.control_id": "\(delivery.controlID)"])
                await wire?.close()
                wire = nil
            }
            try await Task.sleep(for: wait)
            wait = min(wait * 2, .seconds(5))
        }
    }

    /// Connects, however often it takes.
    private func reach() async throws -> any Wire {
        while true {
            do {
                return try await connect()
            } catch {
                try Task.checkCancellation()
                try await Task.sleep(for: firstWait)
            }
        }
    }

    private func warn(_ delivery: Delivery, _ code: String) {
        logger.warning(
            "the receiver refused a message",
            metadata: ["message.control_id": "\(delivery.controlID)", "ack.code": "\(code)"])
    }

    /// MSA-1, read without a codec: a simulator's sender should not share the receiver's mistakes.
    static func code(of answer: [UInt8]) -> String {
        for line in answer.split(whereSeparator: { $0 == 0x0D || $0 == 0x0A }) where line.starts(with: "MSA".utf8) {
            guard line.count > 4, let separator = line.dropFirst(3).first else { return "" }
            return String(decoding: line.dropFirst(4).prefix { $0 != separator }, as: UTF8.self)
        }
        return ""
    }
}
