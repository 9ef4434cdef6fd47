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

extension SchedulingCommands {
    /// A person has taken a decision back: what rested on it leaves its appointment, which is then as if it had never been
    /// said, and those messages are filed anew, under their person's key and in their order.
    @Sendable func takeBack(_ job: Job, _ transaction: Transaction) async throws -> CommandResult {
        let definition = try await definitions.current(isFresh: true)
        guard let id = job.practice, let practice = definition.practices[id],
            let decision = TakingBack.decision(in: job)
        else { throw Failure(code: "unreadable-job", kind: .permanent, stage: "take-back", holdsKey: false) }
        try await Retraction.hold(decision, practice: id, in: transaction)
        guard let target = try await Retraction.target(of: decision, practice: id, in: transaction) else {
            return CommandResult()
        }
        let said = try await Retraction.said(of: target, practice: id, in: transaction)
        let before = try await SchedulingSlice.load([target], practice: id, in: transaction)
        guard let stands = before.appointments[target] else { return CommandResult() }
        let held = Set(stands.identifiers.keys)
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
        if misfiled.entries.isEmpty { return CommandResult() }
        // All or nothing: what cannot be filed anew is not taken off either.
        let anew = misfiled.entries.compactMap { entries[$0].flatMap { again($0, definition) } }
        guard anew.count == misfiled.entries.count else {
            throw Failure(
                code: "no-entry", kind: .permanent, stage: "take-back",
                detail: "a message that is to be filed anew is no longer in the journal", holdsKey: false)
        }
        let waiting = try await Retraction.ended(
            by: misfiled.entries, person: stands.state.person, practice: id, in: transaction)
        let touched = [target] + waiting.filter { $0 != target }
        try await Retraction.takeOff(
            misfiled.entries, of: touched, names: Array(misfiled.names), decision: decision, practice: id,
            in: transaction)
        var slice = try await SchedulingSlice.load(touched, practice: id, in: transaction)
        let last = said.map(\.event.at).max() ?? .distantPast
        var event = AppointmentEvent(kind: .retracted, at: max(wall.now(), last.addingTimeInterval(0.001)))
        event.decision = decision
        let source = AppointmentSlice.Source(practice, now: wall.now(), definition)
        var applied = SchedulingSlice.Applied()
        for record in touched {
            guard let state = slice.appointments[record]?.state else { continue }
            (event.start, event.end, event.resources) = (state.start, state.end, state.resources)
            slice.add(event, to: record, source, &applied)
        }
        let effect = try await save(slice, applied, source, transaction)
        for number in misfiled.entries {
            guard let entry = entries[number] else { continue }
            try await Outcome(
                entry: entry.id, workflow: SchedulingWorkflow.name, definition: definition.digest, code: "taken-back"
            ).record(in: transaction)
        }
        logger.info(
            "A decision is taken back.",
            metadata: ["practice": "\(id)", "messages": "\(misfiled.entries.count)"])
        return CommandResult([effect], jobs: [queue: anew])
    }

    /// All names that a message or a loaded row gives appointments; none where it can no longer be read.
    private func names(in entry: Entry, _ definition: Definition) -> Set<Identifier> {
        let read: SchedulingMessage?
        if case .schedule(let message)? = try? LoadJob.read(
            entry.payload, practice: entry.practice, entry: entry.id.number, definition)
        {
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
            kind: SchedulingJobs.message, key: JobKey(route.keyMaterial, secret: secret), practice: route.practice,
            day: entry.id.day, entry: entry.id.number)
    }
}
