import Foundation
import Hosting
import Logging
import Postgres
import Practice
import Queue
import Records
import Worker
import Workflow

/// The jobs that no message makes: a midnight that has passed, and a deletion that a person confirmed.
extension SchedulingJobs {
    /// Appointments of one commit; those beyond get a job of their own.
    private static let atOnce: Int64 = 500

    /// Makes no-shows of who is still expected though their day is over. Safe to repeat: who was made one is expected no
    /// more.
    func passMidnight(_ job: Job, _ transaction: Transaction) async throws -> Done {
        let definition = try await definitions.current()
        guard let id = job.practice, let practice = definition.practices[id], definition.derivesNoShows(id) else {
            return Done()
        }
        let (midnight, now) = (Midnight(practice), wall.now())
        let overdue = try await Appointments.overdue(
            since: midnight.since(now), before: midnight.last(before: now), practice: id, limit: Self.atOnce,
            in: transaction)
        let ledger = EventLedger(practice, day: today(practice, now), definition: definition)
        var effects = Effects()
        for stored in try await read(overdue, practice.id, practice.enterprise, transaction) {
            guard let event = midnight.event(for: stored.appointment, now: now) else { continue }
            effects.add(
                try await ledger.add(
                    event, [], to: stored.appointment.id, known: stored, isNew: false, transaction))
        }
        logger.info(
            "A practice's midnight has passed.",
            metadata: ["practice": "\(id)", "no-shows": "\(effects.changes.count)"])
        var done = done(effects, id, nil)
        if overdue.count == Int(Self.atOnce) {
            let again = NewJob(kind: job.kind, key: JobKey("midnight/\(id)", secret: secret), practice: id)
            done.add([again], into: job.queue)
        }
        return done
    }

    /// The PM's list no longer has it, and a person has confirmed that it is gone. What the PM has spoken of meanwhile is
    /// not removed: the next comparison says how it stands.
    func remove(_ job: Job, _ transaction: Transaction) async throws -> Done {
        let definition = try await definitions.current()
        guard let id = job.practice, let practice = definition.practices[id], let asked = Removing.Asked(job)
        else { throw Failure(code: "unreadable-job", kind: .permanent, stage: "remove", holdsKey: false) }
        guard let stored = try await read([asked.record], id, practice.enterprise, transaction).first else {
            throw Failure(code: "unknown-record", kind: .permanent, stage: "remove", holdsKey: false)
        }
        guard stored.version == asked.version else {
            logger.info("What was to be removed has changed meanwhile.", metadata: ["practice": "\(id)"])
            return Done()
        }
        let now = wall.now()
        // After the last word on it, which may bear a time somewhat ahead.
        let at = max(now, stored.appointment.eventAt.addingTimeInterval(0.001))
        var effects = Effects()
        effects.add(
            try await EventLedger(practice, day: today(practice, now), definition: definition).add(
                AppointmentEvent(kind: .removed, at: at), [], to: asked.record, known: stored, isNew: false, transaction
            ))
        return done(effects, id, nil)
    }

    /// The day under which what no message said is kept.
    func today(_ practice: PracticeProfile, _ now: Date) -> CalendarDay {
        guard let day = CalendarDay(PracticeTime(zone: practice.zone).day(of: now)) else {
            preconditionFailure("A day of the calendar is a day of SQL's.")
        }
        return day
    }

    private func read(
        _ ids: [UUID], _ practice: String, _ enterprise: String, _ transaction: Transaction
    ) async throws -> [StoredAppointment] {
        if ids.isEmpty { return [] }
        return try await Appointments.read(
            named: [], ids: ids, person: nil, since: .distantPast, practice: practice, enterprise: enterprise,
            in: transaction
        ).filter { ids.contains($0.appointment.id) }
    }
}
