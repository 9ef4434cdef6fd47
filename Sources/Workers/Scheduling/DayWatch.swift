import Foundation
import Hosting
import Logging
import Postgres
import Practice
import Queue
import Records
import ServiceLifecycle
import Worker
import Workflow

/// Sees when a PM cancelled or transferred a resource's whole day, and tells booking apps so once, with the members. Each
/// member's own change was told at once and stays exact; this says besides that they were one act.
struct DayWatch: Service {
    private let worker: Worker
    private let fanOut: FanOut
    private let fanOutQueue: Int16

    private static let interval = Duration.seconds(5)
    /// How far back is looked: a worker that was away for longer tells of no act that was over by then.
    private static let reach: TimeInterval = 1800

    init(_ worker: Worker) async throws {
        self.worker = worker
        fanOut = FanOut(secret: worker.secret)
        fanOutQueue = try await QueueName.find(FanOut.queue, from: worker.pool).id
    }

    func run() async throws {
        try? await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do {
                    try await look()
                } catch is CancellationError {
                    return
                } catch {
                    worker.program.logger.warning(
                        "The days' changes could not be looked at; they are again in a moment.",
                        metadata: ["failure.code": "\(FailureCode.of(error))"])
                }
                try await Task.sleep(for: Self.interval)
            }
        }
    }

    private func look() async throws {
        guard let definition = try? await worker.definitions.current() else { return }
        for practice in definition.practices.values.sorted(by: { $0.id < $1.id }) {
            let told = try await worker.pool.transaction { transaction in try await tell(practice, transaction) }
            if told > 0 { await worker.doorbell.ring([FanOut.queue]) }
        }
    }

    /// One process at a time; what is on record is not found again.
    private func tell(_ practice: PracticeProfile, _ transaction: Transaction) async throws -> Int {
        let lock = "day-watch/\(practice.id)"
        let rows = try await transaction.query(
            "SELECT clock_timestamp(), pg_try_advisory_xact_lock(hashtextextended(\(lock), 0))")
        guard let (now, isOurs) = try rows.first?.decode((Date, Bool).self), isOurs else { return 0 }
        let time = PracticeTime(zone: practice.zone)
        let moves = try await DayEvents.moves(since: now - Self.reach, practice: practice.id, in: transaction)
        guard moves.count >= DayBurst.fewest else { return 0 }
        var left: [DayBurst.Place: Int] = [:]
        for place in DayBurst.places(moves, time: time) {
            left[place] = try await DayEvents.live(
                place.kind, place.code, within: time.start(of: place.day)..<time.end(of: place.day),
                practice: practice.id, in: transaction)
        }
        var changes: [NewChange] = []
        for burst in DayBurst.find(moves, time: time, now: now, left: left) {
            guard let from = burst.from.stored else { continue }
            let change = try await DayEvents.note(
                burst.kind.rawValue, from: from, to: burst.to?.stored, members: burst.members, first: burst.first,
                last: burst.last, practice: practice.id, in: transaction)
            if let change { changes.append(change) }
        }
        if changes.isEmpty { return 0 }
        try await NewChange.append(changes, practice: practice.id, in: transaction)
        try await NewJob.enqueue([fanOut.job(for: practice.id)], into: fanOutQueue, in: transaction)
        worker.program.logger.info(
            "A resource's day was cancelled or transferred as one.",
            metadata: ["practice": "\(practice.id)", "days": "\(changes.count)"])
        return changes.count
    }
}

extension DayBurst.Place {
    fileprivate var stored: DayEvents.Place? {
        CalendarDay(day).map { DayEvents.Place(kind: kind, code: code, day: $0) }
    }
}
