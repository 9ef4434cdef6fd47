import Foundation
import Hosting
import Logging
import Postgres
import Practice
import Queue
import Records
import Worker
import Workflow

/// The jobs that no input makes: a midnight that has passed, what a person has confirmed, decided or asked for. Each loads
/// the appointments that it is about, and saves them as a batch of messages would.
struct SchedulingCommands: Sendable {
    let definitions: DefinitionStore
    let wall: Wall
    let secret: KeySecret
    let queue: QueueName
    let fanOutQueue: QueueName
    let logger: Logger

    /// Appointments of one commit; those beyond get a job of their own.
    private static let atOnce: Int64 = 500

    /// Makes no-shows of who is still expected though their day is over. Safe to repeat: who was made one is expected no
    /// more.
    @Sendable func passMidnight(_ job: Job, _ transaction: Transaction) async throws -> CommandResult {
        let definition = try await definitions.current()
        guard let id = job.practice, let practice = definition.practices[id], definition.derivesNoShows(id) else {
            return CommandResult()
        }
        let (midnight, now) = (Midnight(practice), wall.now())
        let overdue = try await Appointments.overdue(
            since: midnight.since(now), before: midnight.last(before: now), practice: id, limit: Self.atOnce,
            in: transaction)
        var slice = try await SchedulingSlice.load(overdue, practice: id, in: transaction)
        let source = AppointmentSlice.Source(practice, now: now, definition)
        var applied = SchedulingSlice.Applied()
        for record in overdue {
            guard let state = slice.appointments[record]?.state, let event = midnight.event(for: state, now: now) else {
                continue
            }
            slice.add(event, to: record, source, &applied)
        }
        let effect = try await save(slice, applied, source, transaction)
        logger.info(
            "A practice's midnight has passed.",
            metadata: ["practice": "\(id)", "no-shows": "\(effect.changes.count)"])
        guard overdue.count == Int(Self.atOnce) else { return CommandResult([effect]) }
        let again = NewJob(kind: job.kind, key: JobKey("midnight/\(id)", secret: secret), practice: id)
        return CommandResult([effect], jobs: [queue: [again]])
    }

    /// The PM's list no longer has it, and a person has confirmed that it is gone. What the PM has spoken of meanwhile is
    /// not removed: the next comparison says how it stands.
    @Sendable func remove(_ job: Job, _ transaction: Transaction) async throws -> CommandResult {
        let definition = try await definitions.current()
        guard let id = job.practice, let practice = definition.practices[id], let asked = Removing.Asked(job)
        else { throw Failure(code: "unreadable-job", kind: .permanent, stage: "remove", holdsKey: false) }
        var slice = try await SchedulingSlice.load([asked.record], practice: id, in: transaction)
        guard let stored = slice.appointments[asked.record] else {
            throw Failure(code: "unknown-record", kind: .permanent, stage: "remove", holdsKey: false)
        }
        guard stored.version == asked.version else {
            logger.info("What was to be removed has changed meanwhile.", metadata: ["practice": "\(id)"])
            return CommandResult()
        }
        let now = wall.now()
        // After the last word on it, which may bear a time somewhat ahead.
        let at = max(now, stored.state.eventAt.addingTimeInterval(0.001))
        let source = AppointmentSlice.Source(practice, now: now, definition)
        var applied = SchedulingSlice.Applied()
        slice.add(AppointmentEvent(kind: .removed, at: at), to: asked.record, source, &applied)
        return CommandResult([try await save(slice, applied, source, transaction)])
    }

    /// A finding's mend: the fan-out tells again how a record stands.
    @Sendable func resend(_ job: Job, _ transaction: Transaction) async throws -> CommandResult {
        let again = NewJob(
            kind: SchedulingJobs.resend, key: FanOut(secret: secret).key(of: job.practice ?? ""),
            practice: job.practice, payload: job.payload)
        return CommandResult(jobs: [fanOutQueue: [again]])
    }

    /// Writes what was added; what others are told.
    func save(
        _ slice: SchedulingSlice, _ applied: SchedulingSlice.Applied, _ source: AppointmentSlice.Source,
        _ transaction: Transaction
    ) async throws -> Effect {
        for part in WriteOrder.allCases { try await slice.save(part, in: transaction) }
        return Effect(applied, source)
    }
}

extension Effect {
    init(_ applied: SchedulingSlice.Applied, _ source: AppointmentSlice.Source) {
        self.init(practice: source.practice)
        for one in applied.records { add(one.change.map { NewChange($0, of: one.id, one.version, source) }) }
    }
}
