import Foundation
import Hosting
import Journal
import Logging
package import Postgres
import Practice
package import Queue
import Records
package import Worker
import Workflow

/// The worker's shell around the pure plan: reads what is on record, lets the plan decide, writes what it decided, all in
/// the job's commit.
package struct SchedulingJobs: Sendable {
    package static let queue = "scheduling"
    /// A message of the journal.
    package static let message = "message"
    /// A finding's mend: tell a booking app again how a record stands.
    package static let resend = "resend"

    private let definitions: DefinitionStore
    private let fanOut: FanOut
    private let fanOutQueue: Int16
    private let logger: Logger

    package init(_ worker: Worker) async throws {
        definitions = worker.definitions
        fanOut = FanOut(secret: worker.secret)
        fanOutQueue = try await QueueName.find(FanOut.queue, from: worker.pool).id
        logger = worker.program.logger
    }

    package func handle(_ job: Job, _ transaction: Transaction) async throws -> Done {
        switch job.kind {
        case Self.message: return try await message(job, transaction)
        case LoadJob.kind: return try await load(job, transaction)
        case Self.resend:
            let again = NewJob(
                kind: Self.resend, key: fanOut.key(of: job.practice ?? ""), practice: job.practice, payload: job.payload
            )
            try await NewJob.enqueue([again], into: fanOutQueue, in: transaction)
            return Done(rings: [FanOut.queue])
        default: throw Failure(code: "unknown-kind", kind: .permanent, stage: "take", holdsKey: false)
        }
    }

    /// Puts the code that a message waits for on the list of unmapped ones, in the commit that parks it.
    package static func note(_ job: Job, _ failure: Failure, _ transaction: Transaction) async throws {
        guard let item = failure.workItem else { return }
        try await UnmappedItem.note(item, in: transaction)
    }

    // MARK: One message

    private func message(_ job: Job, _ transaction: Transaction) async throws -> Done {
        let entry = try await entry(of: job, transaction)
        let definition = try await definitions.current(isFresh: job.isTriedAgain)
        let read: SchedulingMessage
        do {
            read = try SchedulingMessage.read(
                bytes: entry.payload, definition: definition, feed: entry.feed, receivedAt: entry.receivedAt,
                entry: entry.id.number)
        } catch {
            throw Failure(error, stage: "read")
        }
        return try await apply(read, entry, definition, transaction)
    }

    private func entry(of job: Job, _ transaction: Transaction) async throws -> Entry {
        guard let day = job.day, let number = job.entry,
            let entry = try await Entry.read(EntryID(day: day, number: number), in: transaction)
        else { throw Failure(code: "no-entry", kind: .permanent, stage: "read", holdsKey: false) }
        return entry
    }

    /// A row of a loaded file: what it says of an appointment is recorded as a message's would be.
    private func load(_ job: Job, _ transaction: Transaction) async throws -> Done {
        let entry = try await entry(of: job, transaction)
        let definition = try await definitions.current(isFresh: job.isTriedAgain)
        let row: LoadedRow
        do {
            row = try LoadJob.read(entry, definition)
        } catch {
            throw Failure(error, stage: "read")
        }
        if case .schedule(let message) = row { return try await apply(message, entry, definition, transaction) }
        let code = try await LoadJob.write(row, practice: entry.practice ?? "", definition, transaction)
        try await Outcome(
            entry: entry.id, workflow: "scheduling", definition: definition.digest, code: code
        ).record(in: transaction)
        return Done()
    }

    private func apply(
        _ read: SchedulingMessage, _ entry: Entry, _ definition: Definition, _ transaction: Transaction
    ) async throws -> Done {
        var effects = Effects()
        switch read.content {
        case .ignored: effects.code = "ignored"
        case .slots(let changes):
            for change in changes { try await write(change, read, &effects, transaction) }
        case .appointments(let seen):
            for one in seen { try await record(one, read, entry, definition, &effects, transaction) }
        }
        try await Outcome(
            entry: entry.id, workflow: "scheduling", definition: definition.digest, code: effects.code
        ).record(in: transaction)
        logger.info(
            "A message is applied.",
            metadata: [
                "message.id": "\(entry.id.number)", "message.type": "\(entry.messageType)",
                "outcome.code": "\(effects.code)",
                "practice": "\(read.practice)",
            ])
        return done(effects, read.practice, entry.id)
    }

    /// What one message leaves to tell.
    private struct Effects {
        var changes: [NewChange] = []
        var code = "unchanged"
    }

    private func done(_ effects: Effects, _ practice: String, _ entry: EntryID) -> Done {
        if effects.changes.isEmpty { return Done() }
        let (fanOut, fanOutQueue, changes) = (fanOut, fanOutQueue, effects.changes)
        return Done(
            rings: [FanOut.queue],
            last: [
                Last(name: practice) { transaction in
                    try await NewChange.append(
                        changes, practice: practice, day: entry.day, entry: entry.number, in: transaction)
                },
                Last(name: "\(practice)/fan-out", once: true) { transaction in
                    try await NewJob.enqueue([fanOut.job(for: practice)], into: fanOutQueue, in: transaction)
                },
            ])
    }

    // MARK: One appointment

    private func record(
        _ seen: AppointmentSeen, _ message: SchedulingMessage, _ entry: Entry, _ definition: Definition,
        _ effects: inout Effects, _ transaction: Transaction
    ) async throws {
        let stored = try await onRecord(seen, message, transaction)
        let chosen: UUID?
        let event: AppointmentEvent
        let aliases: [Alias]
        switch seen.decide(stored.record, definition: definition) {
        case .park(let park): throw Failure(park, stage: "resolve")
        case .record(let id, let said, let names): (chosen, event, aliases) = (id, said, names)
        }
        for capacity in seen.capacities {
            guard let people = capacity.people, people > 1 else { continue }
            let use = event.resources.first { $0.kind == capacity.kind && $0.code == capacity.code }
            if let use {
                try await Resources.declare(use, capacity: Int32(people), practice: message.practice, in: transaction)
            }
        }
        let known = chosen.flatMap { id in stored.appointments.first { $0.appointment.id == id } }
        let id = chosen ?? UUID()
        var events = [event]
        if chosen != nil {
            events += try await Appointments.events(of: id, practice: message.practice, in: transaction)
        }
        // The same entry may come twice, by a resend and a replay at once: what it said is on record already.
        if events.dropFirst().contains(where: { $0.entry == event.entry }) { return }
        guard let folded = Appointment(folding: events, id: id) else { return }
        let change = AppointmentChange(from: known?.appointment, to: folded)
        let write = AppointmentWrite(
            practice: message.practice, enterprise: message.enterprise, appointment: folded,
            versionBefore: known?.version ?? 0, isChanged: change != nil, event: event,
            newAliases: aliases.filter { !(known?.aliases.contains($0) ?? false) }, day: entry.id.day,
            definition: definition.digest)
        do {
            try await write.write(in: transaction)
        } catch RecordsError.stale {
            throw Failure(code: "stale", kind: .transient, stage: "record")
        }
        guard let change else { return }
        effects.code = "applied"
        effects.changes.append(
            NewChange(
                type: change.rawValue, recordKind: "appointment", record: id, version: write.version, tell: message.tell
            ))
    }

    private func onRecord(
        _ seen: AppointmentSeen, _ message: SchedulingMessage, _ transaction: Transaction
    ) async throws -> (record: OnRecord, appointments: [StoredAppointment]) {
        var person: UUID?
        if !seen.person.aliases.isEmpty {
            person = try await PersonSighting(seen.person).record(enterprise: message.enterprise, in: transaction)
        }
        let since = min(seen.event.at, seen.event.start ?? seen.event.at) - 2 * 86_400
        let appointments = try await Appointments.read(
            named: seen.lookUps.map(\.identifier) + seen.parents, person: person, since: since,
            practice: message.practice,
            enterprise: message.enterprise, in: transaction)
        let candidates = appointments.map {
            OnRecord.Candidate(appointment: $0.appointment, aliases: Set($0.aliases.map(\.identifier)))
        }
        return (OnRecord(person: person, candidates: candidates), appointments)
    }

    // MARK: Blocks and openings

    private func write(
        _ change: SlotChange, _ message: SchedulingMessage, _ effects: inout Effects, _ transaction: Transaction
    ) async throws {
        let slot = SlotWrite(
            practice: message.practice, use: change.resource, start: change.start, end: change.end,
            status: change.status == .free ? .free : .blocked)
        guard let written = try await slot.write(in: transaction) else { return }
        effects.code = "applied"
        effects.changes.append(
            NewChange(
                type: change.status == .free ? "slot.opened" : "slot.blocked", recordKind: "slot", record: written.id,
                version: written.version, tell: message.tell))
    }
}

extension Failure {
    /// A message that waits for a person. The candidates are our own ids.
    fileprivate init(_ park: Park, stage: String) {
        let item = park.unmapped.map {
            WorkItem(id: $0.id, practice: $0.practice, table: $0.table.rawValue, code: $0.code)
        }
        let detail = ([park.detail] + park.candidates.map { $0.uuidString.lowercased() }).joined(separator: " ")
        self.init(
            code: park.code.rawValue, kind: .permanent, stage: stage, detail: detail, holdsKey: park.holdsKey,
            workItem: item)
    }
}

extension PersonSighting {
    init(_ seen: PersonSeen) {
        self.init(aliases: seen.aliases)
        family = seen.family
        given = seen.given
        birthDate = seen.birthDate.flatMap { CalendarDay(year: $0.year, month: $0.month, day: $0.day) }
        sex = seen.sex
        phone = seen.phone
        email = seen.email
    }
}
