import Foundation
import Postgres

/// A practice's schedule messages, sent over several connections until both webhooks have acknowledged them: after a warm-up
/// a span of time is measured while the load goes on before and after it, so that nothing of it is beginning or end.
struct PathLoad: Sendable {
    let pace: PathTraffic.Pace
    let seconds: Int
    let connections: Int
    let warmUp: Int
    /// Whether the tables are analyzed in the warm-up, as autovacuum does within a minute.
    let analyzes: Bool
    /// Whether another process takes half of a core while it is measured.
    let hasNeighbor: Bool

    /// The messages follow from it.
    private static let seed: UInt64 = 9

    func run(on stage: PathStage) async throws -> PathRun {
        let exchange = stage.exchange
        try await exchange.connect(connections, to: stage.mllpPort, seed: Self.seed)
        var before: PathUsage?
        if warmUp == 0 { before = try await PathUsage.read(stage) }
        try await exchange.start(pace)
        if analyzes {
            try await wait(Double(warmUp) * 0.75, stage)
            try await stage.analyze()
        }
        try await wait(Double(warmUp) * (analyzes ? 0.25 : 1), stage)
        let neighbor = hasNeighbor ? try await stage.startNeighbor() : nil
        let start = if let before { before } else { try await PathUsage.read(stage) }
        try await wait(Double(seconds), stage)
        let after = try await PathUsage.read(stage)
        await neighbor?.stop()
        try await exchange.stop()
        try await waitUntilDelivered(stage)
        let memory = stage.programs.map { ($0.name, ProcessUsage.proportionalMemory($0.pid)) }
        return PathRun(
            load: self, record: try await exchange.record, changes: try await changes(stage), before: start,
            after: after, memory: Dictionary(memory) { first, _ in first }, machineLoad: Machine.load)
    }

    private func wait(_ seconds: Double, _ stage: PathStage) async throws {
        let end = ContinuousClock.now + .seconds(seconds)
        while ContinuousClock.now < end {
            try await Task.sleep(until: min(end, .now + .milliseconds(250)), clock: .continuous)
            if let failure = try await stage.exchange.progress.failure { throw failure }
        }
    }

    /// Fails where nothing came for a minute.
    private func waitUntilDelivered(_ stage: PathStage) async throws {
        var last = try await stage.exchange.progress
        var deadline = ContinuousClock.now + .seconds(60)
        while last.delivered < last.sent {
            guard ContinuousClock.now < deadline else {
                throw PathError.notDelivered(
                    last.sent - last.delivered, of: last.sent, parked: try await stage.parked(), log: stage.folder)
            }
            try await Task.sleep(for: .milliseconds(100))
            let now = try await stage.exchange.progress
            if let failure = now.failure { throw failure }
            if now.delivered > last.delivered { deadline = .now + .seconds(60) }
            last = now
        }
    }

    /// The changes that each message made, by the message's number.
    private func changes(_ stage: PathStage) async throws -> [Int: [Int64]] {
        let rows = try await stage.pool.query(
            """
            SELECT e.control_id, c.number
            FROM records.change c
            JOIN journal.entry e ON e.received_on = c.received_on AND e.id = c.entry_id
            WHERE c.practice_id = \(PathStage.practice) AND c.tell
            """)
        var changes: [Int: [Int64]] = [:]
        for row in rows {
            let (controlID, change) = try row.decode((String, Int64).self)
            guard let number = stage.exchange.messages.number(ofControlID: controlID) else { continue }
            changes[number, default: []].append(change)
        }
        return changes
    }
}

/// Why a load cannot be counted.
enum PathError: Error, Equatable, CustomStringConvertible {
    case notDelivered(Int, of: Int, parked: String, log: String)

    var description: String {
        switch self {
        case .notDelivered(let missing, let all, let parked, let log):
            "\(missing) of \(all) messages did not come to both webhooks in time; blocked jobs: \(parked); see \(log)"
        }
    }
}
