import Foundation
import HL7
import Hosting
import Journal
import Logging
import Postgres
import Practice
import Queue
import Records
import Worker
import Workflow

extension SchedulingJobs {
    /// A person has taken a decision back: what rested on it leaves its appointment, which is then as if it had never been
    /// said, and those messages are filed anew, under their person's key and in their order.
    func takeBack(_ job: Job, _ transaction: Transaction) async throws -> Done {
        let definition = try await definitions.current(isFresh: true)
        guard let id = job.practice, let practice = definition.practices[id],
            let decision = TakingBack.decision(in: job)
        else { throw Failure(code: "unreadable-job", kind: .permanent, stage: "take-back", holdsKey: false) }
        try await Retraction.hold(decision, practice: id, in: transaction)
        guard let target = try await Retraction.target(of: decision, practice: id, in: transaction) else {
            return Done()
        }
        let said = try await Retraction.said(of: target, practice: id, in: transaction)
        let stored = try await stored([target], practice, transaction)
        guard let stands = stored.first else { return Done() }
        let held = Set(stands.aliases.map(\.identifier))
        var entries: [Int64: Entry] = [:]
        var told: [Misfiled.Said] = []
        for one in said where one.event.entry != AppointmentEvent.noEntry {
            let entry = try await Entry.read(EntryID(day: one.day, number: one.event.entry), in: transaction)
            entries[one.event.entry] = entry
            told.append(
                Misfiled.Said(
                    entry: one.event.entry, decision: one.event.decision, isUnnamed: one.event.isUnnamed ?? false,
                    names: held.intersection(entry.map { names(in: $0, definition) } ?? [])))
        }
        let misfiled = Misfiled(of: decision, among: told)
        if misfiled.entries.isEmpty { return Done() }
        // All or nothing: what cannot be filed anew is not taken off either.
        let anew = misfiled.entries.compactMap { entries[$0].flatMap { again($0, definition) } }
        guard anew.count == misfiled.entries.count else {
            throw Failure(
                code: "no-entry", kind: .permanent, stage: "take-back",
                detail: "a message that is to be filed anew is no longer in the journal", holdsKey: false)
        }
        var effects = Effects()
        let waiting = try await Retraction.ended(
            by: misfiled.entries, person: stands.appointment.person, practice: id, in: transaction)
        let touched = stored + (try await self.stored(waiting.filter { $0 != target }, practice, transaction))
        try await Retraction.takeOff(
            misfiled.entries, of: touched.map(\.appointment.id), names: Array(misfiled.names), decision: decision,
            practice: id, in: transaction)
        let last = said.map(\.event.at).max() ?? .distantPast
        var event = AppointmentEvent(kind: .retracted, at: max(wall.now(), last.addingTimeInterval(0.001)))
        event.decision = decision
        let ledger = EventLedger(practice, day: today(practice, wall.now()), definition: definition)
        for one in touched {
            (event.start, event.end) = (one.appointment.start, one.appointment.end)
            event.resources = one.appointment.resources
            effects.add(
                try await ledger.add(event, [], to: one.appointment.id, known: one, isNew: false, transaction))
        }
        for number in misfiled.entries {
            guard let entry = entries[number] else { continue }
            try await Outcome(
                entry: entry.id, workflow: Self.queue, definition: definition.digest, code: "taken-back"
            ).record(in: transaction)
        }
        logger.info(
            "A decision is taken back.",
            metadata: ["practice": "\(id)", "messages": "\(misfiled.entries.count)"])
        var done = done(effects, id, nil)
        done.add(anew, into: job.queue)
        return done
    }

    private func stored(
        _ ids: [UUID], _ practice: PracticeProfile, _ transaction: Transaction
    ) async throws -> [StoredAppointment] {
        if ids.isEmpty { return [] }
        return try await Appointments.read(
            named: [], ids: ids, person: nil, since: .distantPast, practice: practice.id,
            enterprise: practice.enterprise, in: transaction
        ).filter { ids.contains($0.appointment.id) }
    }

    /// All names that a message or a loaded row gives appointments; none where it can no longer be read.
    private func names(in entry: Entry, _ definition: Definition) -> Set<Identifier> {
        let read: SchedulingMessage?
        if case .schedule(let message)? = try? LoadJob.read(entry, definition) {
            read = message
        } else {
            read = try? SchedulingMessage.read(
                bytes: entry.payload, definition: definition, feed: entry.feed, port: nil,
                receivedAt: entry.receivedAt, entry: entry.id.number)
        }
        guard case .appointments(let seen)? = read?.content else { return [] }
        return Set(seen.flatMap { $0.aliases.map(\.identifier) })
    }

    /// The job by which an entry is filed anew; nil where it can no longer be read.
    private func again(_ entry: Entry, _ definition: Definition) -> NewJob? {
        let loaded = LoadJob.again(
            payload: entry.payload, practice: entry.practice, entry: (entry.id.day, entry.id.number),
            definition: definition, secret: secret)
        if let loaded { return loaded }
        guard let message = try? Message(entry.payload) else { return nil }
        let route = definition.route(message, port: nil, feedName: entry.feed)
        return NewJob(
            kind: Self.message, key: JobKey(route.keyMaterial, secret: secret), practice: route.practice,
            day: entry.id.day, entry: entry.id.number)
    }
}
