import Foundation
package import Hosting
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
    /// A practice's midnight has passed.
    package static let midnight = "midnight"
    /// The PM has deleted an appointment without a message.
    package static let remove = Removing.jobKind
    /// A decision was wrong.
    package static let takeBack = TakingBack.jobKind

    let definitions: DefinitionStore
    let wall: Wall
    let secret: KeySecret
    let logger: Logger
    private let fanOut: FanOut
    private let fanOutQueue: Int16

    /// - Parameter wall: in place of the program's own clock.
    package init(_ worker: Worker, wall: Wall? = nil) async throws {
        definitions = worker.definitions
        fanOut = FanOut(secret: worker.secret)
        fanOutQueue = try await QueueName.find(FanOut.queue, from: worker.pool).id
        self.wall = wall ?? worker.program.settings.wall
        secret = worker.secret
        logger = worker.program.logger
    }

    /// The work of one commit, whose entries are read at once.
    package func batch(_ jobs: [Job], _ transaction: Transaction) async throws -> Duty.Within {
        let entries = try await Entry.read(jobs.compactMap(\.entryID), in: transaction)
        return { job, transaction in try await handle(job, entries, transaction) }
    }

    private func handle(_ job: Job, _ entries: [EntryID: Entry], _ transaction: Transaction) async throws -> Done {
        switch job.kind {
        case Self.message: return try await message(job, entries, transaction)
        case LoadJob.kind: return try await load(job, entries, transaction)
        case Self.midnight: return try await passMidnight(job, transaction)
        case Self.remove: return try await remove(job, transaction)
        case Self.takeBack: return try await takeBack(job, transaction)
        case Self.resend:
            let again = NewJob(
                kind: Self.resend, key: fanOut.key(of: job.practice ?? ""), practice: job.practice, payload: job.payload
            )
            return Done(
                rings: [FanOut.queue],
                last: [
                    Last("fan-out/resend", again) { [fanOutQueue] jobs, transaction in
                        try await NewJob.enqueue(jobs, into: fanOutQueue, in: transaction)
                    }
                ])
        default: throw Failure(code: "unknown-kind", kind: .permanent, stage: "take", holdsKey: false)
        }
    }

    /// Puts the code that a message waits for on the list of unmapped ones, in the commit that parks it.
    package static func note(_ job: Job, _ failure: Failure, _ transaction: Transaction) async throws {
        guard let item = failure.workItem else { return }
        try await UnmappedItem.note(item, in: transaction)
    }

    // MARK: One message

    private func message(
        _ job: Job, _ entries: [EntryID: Entry], _ transaction: Transaction
    ) async throws -> Done {
        let entry = try entry(of: job, entries)
        let definition = try await definitions.current(isFresh: job.isTriedAgain)
        let read: SchedulingMessage
        do {
            read = try SchedulingMessage.read(
                bytes: entry.payload, definition: definition, feed: entry.feed, port: job.port,
                receivedAt: entry.receivedAt, entry: entry.id.number)
        } catch {
            throw Failure(error, stage: "read")
        }
        return try await apply(read, entry, definition, job.isTriedAgain, transaction)
    }

    private func entry(of job: Job, _ entries: [EntryID: Entry]) throws -> Entry {
        guard let id = job.entryID, let entry = entries[id] else {
            throw Failure(code: "no-entry", kind: .permanent, stage: "read", holdsKey: false)
        }
        return entry
    }

    /// A row of a loaded file: what it says of an appointment is recorded as a message's would be.
    private func load(_ job: Job, _ entries: [EntryID: Entry], _ transaction: Transaction) async throws -> Done {
        let entry = try entry(of: job, entries)
        let definition = try await definitions.current(isFresh: job.isTriedAgain)
        let row: LoadedRow
        do {
            row = try LoadJob.read(entry, definition)
        } catch {
            throw Failure(error, stage: "read")
        }
        if case .schedule(let message) = row {
            return try await apply(message, entry, definition, job.isTriedAgain, transaction)
        }
        let code = try await LoadJob.write(row, practice: entry.practice ?? "", definition, transaction)
        return Done(last: [outcome(code, of: entry, definition)])
    }

    private func apply(
        _ read: SchedulingMessage, _ entry: Entry, _ definition: Definition, _ isTriedAgain: Bool,
        _ transaction: Transaction
    ) async throws -> Done {
        var effects = Effects()
        switch read.content {
        case .ignored: effects.code = "ignored"
        case .slots(let block): try await write(block, read, &effects, transaction)
        case .appointments(let seen):
            // Each takes its person's lock: in one order, so that two group messages never wait for each other crosswise.
            for one in seen.sorted(by: { $0.person.lockOrder < $1.person.lockOrder }) {
                try await record(one, read, entry, definition, isTriedAgain, &effects, transaction)
            }
        }
        logger.debug(
            "A message says this, once its commit is through.",
            metadata: [
                "message.id": "\(entry.id.number)", "message.type": "\(entry.messageType)",
                "outcome.code": "\(effects.code)",
                "practice": "\(read.practice)",
            ])
        var done = done(effects, read.practice, entry.id)
        done.last.append(outcome(effects.code, of: entry, definition))
        return done
    }

    private func outcome(_ code: String, of entry: Entry, _ definition: Definition) -> Last {
        let outcome = Outcome(entry: entry.id, workflow: "scheduling", definition: definition.digest, code: code)
        return Last("outcomes", outcome) { try await Outcome.record($0, in: $1) }
    }

    /// What one job leaves to tell.
    struct Effects {
        var changes: [NewChange] = []
        var code = "unchanged"
    }

    func done(_ effects: Effects, _ practice: String, _ entry: EntryID?) -> Done {
        if effects.changes.isEmpty { return Done() }
        let (fanOut, fanOutQueue) = (fanOut, fanOutQueue)
        let changes = effects.changes.map { change in
            var change = change
            (change.day, change.entry) = (entry?.day, entry?.number)
            return change
        }
        return Done(
            rings: [FanOut.queue],
            last: [
                Last("changes/\(practice)", changes) { all, transaction in
                    try await NewChange.append(Array(all.joined()), practice: practice, in: transaction)
                },
                Last("fan-out", practice) { practices, transaction in
                    let jobs = Set(practices).map { fanOut.job(for: $0) }
                    try await NewJob.enqueue(jobs, into: fanOutQueue, in: transaction)
                },
            ])
    }

    // MARK: One appointment

    private func record(
        _ seen: AppointmentSeen, _ message: SchedulingMessage, _ entry: Entry, _ definition: Definition,
        _ isTriedAgain: Bool, _ effects: inout Effects, _ transaction: Transaction
    ) async throws {
        var stored = try await onRecord(seen, message, transaction)
        let decided = try await remember(seen, &stored, message, isTriedAgain, transaction)
        let (chosen, event, aliases, ending, absorbed): (UUID?, AppointmentEvent, [Alias], [UUID], UUID?)
        switch seen.decide(stored.record, definition: definition) {
        case .park(let park): throw Failure(park, stage: "resolve")
        case .record(let id, let said, let names, let ended, let newborn):
            (chosen, event, aliases, ending, absorbed) = (id, said, names, ended, newborn)
        }
        for capacity in seen.capacities {
            guard let people = capacity.people, people > 1 || capacity.kind == .location else { continue }
            let use = event.resources.first { $0.kind == capacity.kind && $0.code == capacity.code }
            if let use {
                try await Resources.declare(use, capacity: Int32(people), practice: message.practice, in: transaction)
            }
        }
        let ledger = EventLedger(message, day: entry.id.day, definition: definition)
        let id = chosen ?? UUID()
        if let absorbed {
            try await Retraction.move(all: absorbed, to: id, practice: message.practice, in: transaction)
        }
        effects.add(
            try await ledger.add(event, aliases, to: id, known: stored.known(chosen), isNew: chosen == nil, transaction)
        )
        if let newborn = stored.known(absorbed) {
            effects.add(
                try await ledger.add(
                    event.emptying(newborn.appointment), [], to: newborn.appointment.id, known: newborn, isNew: false,
                    transaction))
        }
        for waiting in ending {
            effects.add(
                try await ledger.add(
                    event.endOfWaiting, [], to: waiting, known: stored.known(waiting), isNew: false, transaction))
        }
        guard let decided else { return }
        try await Decisions.applied(
            decided.number, to: id, question: seen.question(of: stored.record.person), practice: message.practice,
            in: transaction)
    }

    private func onRecord(
        _ seen: AppointmentSeen, _ message: SchedulingMessage, _ transaction: Transaction
    ) async throws -> SeenOnRecord {
        var person: UUID?
        if !seen.person.aliases.isEmpty {
            person = try await PersonSighting(seen.person).record(enterprise: message.enterprise, in: transaction)
        }
        let appointments = try await Appointments.read(
            named: seen.lookUps.map(\.identifier) + seen.parents, person: person, since: seen.since,
            practice: message.practice,
            enterprise: message.enterprise, in: transaction)
        let stored = SeenOnRecord(person: person, appointments: appointments)
        guard seen.isLate(stored.record) else { return stored }
        var events: [UUID: [AppointmentEvent]] = [:]
        for one in appointments where one.appointment.eventAt > seen.event.at {
            let id = one.appointment.id
            events[id] = try await Appointments.events(of: id, practice: message.practice, in: transaction)
        }
        return stored.with(events)
    }

    // MARK: Blocks and openings

    private func write(
        _ block: BlockSeen, _ message: SchedulingMessage, _ effects: inout Effects, _ transaction: Transaction
    ) async throws {
        let known = try await Blocks.find(block.lookUps, practice: message.practice, in: transaction)
        guard let effect = block.apply(to: known.map(BlockState.init)) else { return }
        let id = known?.id ?? UUID()
        for change in effect.changes {
            if change.status == .free,
                try await Blocks.isTaken(
                    change.blockStretch, byAnotherThan: id, practice: message.practice, in: transaction)
            {
                continue
            }
            let slot = SlotWrite(
                practice: message.practice, use: change.resource, start: change.start, end: change.end,
                status: change.status == .free ? .free : .blocked, at: change.at)
            guard let written = try await slot.write(in: transaction) else { continue }
            effects.add(
                NewChange(
                    type: change.status == .free ? "slot.opened" : "slot.blocked", recordKind: "slot",
                    record: written.id, version: written.version, tell: message.tell))
        }
        if block.names.isEmpty { return }
        let state = StoredBlock(
            id, at: effect.state.at, entry: effect.state.entry, stretches: effect.state.stretches.map(\.stored))
        try await Blocks.keep(state, named: block.names, practice: message.practice, in: transaction)
    }
}

extension Done {
    /// Puts more jobs into scheduling's own queue: at the end of the commit, for their keys' messages wait until it is
    /// through.
    mutating func add(_ jobs: [NewJob], into queue: Int16) {
        rings.insert(SchedulingJobs.queue)
        last.append(
            Last("scheduling", jobs) { all, transaction in
                try await NewJob.enqueue(Array(all.joined()), into: queue, in: transaction)
            })
    }
}

extension SchedulingJobs.Effects {
    mutating func add(_ change: NewChange?) {
        guard let change else { return }
        code = "applied"
        changes.append(change)
    }
}

extension Job {
    fileprivate var entryID: EntryID? {
        guard let day, let entry else { return nil }
        return EntryID(day: day, number: entry)
    }

    /// The listener of its own by which the message came.
    fileprivate var port: Int? {
        struct Payload: Decodable { let port: Int? }
        return (try? JSONDecoder().decode(Payload.self, from: Data(payload.utf8)))?.port
    }
}

extension PersonSeen {
    fileprivate var lockOrder: String { aliases.first?.identifier.value ?? "" }
}

extension BlockState {
    fileprivate init(_ stored: StoredBlock) {
        self.init(
            at: stored.at, entry: stored.entry,
            stretches: stored.stretches.map {
                Stretch(resource: ResourceUse(kind: $0.kind, code: $0.code), start: $0.start, end: $0.end)
            })
    }
}

extension BlockState.Stretch {
    fileprivate var stored: BlockStretch {
        BlockStretch(kind: resource.kind, code: resource.code, start: start, end: end)
    }
}

extension SlotChange {
    fileprivate var blockStretch: BlockStretch { stretch.stored }
}

extension Failure {
    /// A message that waits for a person. The candidates are our own ids.
    fileprivate init(_ park: Park, stage: String) {
        let item = park.unmapped.map {
            WorkItem(id: $0.id, practice: $0.practice, table: $0.table.rawValue, code: $0.code)
        }
        self.init(
            code: park.code.rawValue, kind: .permanent, stage: stage,
            detail: Deciding.detail(park.detail, candidates: park.candidates), holdsKey: park.holdsKey, workItem: item)
    }
}

extension PersonSighting {
    init(_ seen: PersonSeen) {
        self.init(aliases: seen.aliases)
        natural = seen.isNatural ? nil : seen.natural
        family = seen.family
        given = seen.given
        birthDate = seen.birthDate.flatMap { CalendarDay(year: $0.year, month: $0.month, day: $0.day) }
        sex = seen.sex
        phone = seen.phone
        email = seen.email
    }
}
