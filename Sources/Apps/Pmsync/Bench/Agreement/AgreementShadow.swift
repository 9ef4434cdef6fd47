import Foundation
import HL7
import Journal
import Postgres
import PracticeSimulator
import Queue
import Scheduling
import Synchronization
import Worker
import Workflow

/// A second app that another interface still serves: what shadow would tell it, beside what the old feed's tap hears.
extension AgreementStage {
    var isInShadow: Bool { inShadow.withLock { $0 } }

    /// From now on a second app is served in shadow, and what its old feed tells it is tapped.
    func shadow(_ practice: String) async throws {
        let nowhere = "http://127.0.0.1:9/"
        _ = try await Clients.add(
            .init(name: AgreementPlan.shadowed, practice: practice, webhook: nowhere, list: nil, listKey: nil), to: pool
        )
        inShadow.withLock { $0 = true }
    }

    /// The messages in runs in which no appointment comes twice, and after each run what the old feed told of it: as they
    /// would lie in time.
    func deliver(_ messages: [SeasonMessage], beside tellings: [String: [UInt8]]) async throws {
        var rest = messages[...]
        while !rest.isEmpty {
            var seen: Set<String> = []
            let run = rest.prefix { tellings[$0.controlID] == nil || seen.insert($0.appointment).inserted }
            rest = rest.dropFirst(run.count)
            try await deliver(run)
            try await settle()
            try await tap(run.compactMap { tellings[$0.controlID] })
        }
    }

    private func tap(_ messages: [[UInt8]]) async throws {
        if messages.isEmpty { return }
        let arrivals = try messages.map { bytes in
            let message = try Message(bytes)
            let route = definition.route(message, port: nil, feedName: AgreementPlan.tap)
            let arrival = Arrival(
                feed: route.feed, practice: route.practice, peer: "season", controlID: message.text("MSH-10") ?? "",
                messageType: message.header.typeAndEvent, payload: bytes)
            return (arrival: arrival, key: JobKey(route.keyMaterial, secret: secret))
        }
        let queue = try await QueueName.find(Route.parity, from: pool).id
        try await gatewayPool.transaction { transaction in
            let recorded = try await Arrival.record(arrivals.map(\.arrival), in: transaction)
            var new: [NewJob] = []
            for (one, recorded) in zip(arrivals, recorded) {
                guard case .fresh(let entry, _) = recorded else { continue }
                new.append(
                    NewJob(
                        kind: SchedulingJobs.message, key: one.key, practice: one.arrival.practice, day: entry.day,
                        entry: entry.number))
            }
            try await NewJob.enqueue(new, into: queue, in: transaction)
        }
    }

    /// What came of it, once nothing is too young to be judged.
    func endShadow(of practice: String, at instant: Date) async throws -> ParitySummary? {
        try await settle()
        try await clock.set(instant)
        try await pool.transaction { try await ParityPass(practice: practice).carryOut(in: $0) }
        let now = try await clock.now()
        let summary = try await pool.transaction {
            try await ParitySummary.read(practice: practice, now: now, in: $0)
        }.first
        let off = ModeSwitch(
            practice: practice, destination: AgreementPlan.shadowed, mode: .off, reason: "the day is over",
            actor: "season")
        _ = try await pool.transaction { try await off.carryOut(in: $0) }
        inShadow.withLock { $0 = false }
        return summary
    }
}
