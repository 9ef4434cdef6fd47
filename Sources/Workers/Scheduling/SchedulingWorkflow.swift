import Foundation
import Journal
import Postgres
import Practice
import Records
package import Worker
package import Workflow

/// What scheduling makes of its inputs: pure, and the same for production, cases, trials and property tests.
package struct SchedulingWorkflow: RecordWorkflow {
    package static let name = "scheduling"

    package init() {}

    // MARK: Reading

    /// What one input says, and whose it is.
    package struct Parsed: Sendable {
        let row: LoadedRow
        let practice: String
        let enterprise: String

        package init(_ row: LoadedRow, practice: String, enterprise: String) {
            self.row = row
            self.practice = practice
            self.enterprise = enterprise
        }
    }

    package func parse(_ input: Input, _ definition: Definition) throws(Park) -> Parsed {
        let row: LoadedRow
        if input.kind == LoadJob.kind {
            row = try LoadJob.read(
                input.bytes, practice: input.practice, entry: input.entry.number, definition)
        } else {
            row = .schedule(
                try SchedulingMessage.read(
                    bytes: input.bytes, definition: definition, feed: input.feed, port: input.port,
                    receivedAt: input.receivedAt, entry: input.entry.number))
        }
        let practice = input.practice ?? ""
        return Parsed(row, practice: practice, enterprise: definition.practices[practice]?.enterprise ?? practice)
    }

    package func needs(of parsed: Parsed, from input: Input) -> SchedulingSlice.Needs {
        needs(of: parsed, decided: input.isTriedAgain ? input.entry.number : nil)
    }

    /// - Parameter decided: the entry, where what a person decided of it counts.
    func needs(of parsed: Parsed, decided: Int64? = nil) -> SchedulingSlice.Needs {
        var needs = SchedulingSlice.Needs()
        switch parsed.row {
        case .ignored: break
        case .person(let person): needs.persons = [(parsed.enterprise, person)]
        case .resource(let loaded):
            needs.resources = [
                ResourceSlice.Key(practice: parsed.practice, kind: loaded.use.kind, code: loaded.use.code)
            ]
        case .schedule(let message):
            switch message.content {
            case .ignored: break
            case .appointments(let seen):
                needs.appointments = seen.map { one in
                    SchedulingSlice.Needs.Appointment(
                        practice: message.practice, enterprise: message.enterprise, person: one.person,
                        names: one.names, since: one.since, position: one.event.position, decided: decided,
                        question: { one.question(of: $0) })
                }
            case .slots(let block):
                needs.blockNames = block.lookUps.map { AppointmentSlice.Key(message.practice, $0) }
                needs.stretches = block.changes.map {
                    BlockSlice.SlotKey(practice: message.practice, stretch: $0.blockStretch)
                }
            }
        }
        return needs
    }

    // MARK: Deciding

    package func decide(
        _ parsed: Parsed, in slice: SchedulingSlice, _ context: DecisionContext
    ) throws(Undecided) -> SchedulingSlice.Draft {
        switch parsed.row {
        case .ignored: return .nothing(code: "ignored", practice: parsed.practice)
        case .resource(let loaded):
            // What it takes is as the last one said: appointments of this batch said theirs before.
            if slice.appointments.isTouched { throw .notLoaded }
            return .resource(loaded.use, capacity: loaded.capacity, practice: parsed.practice)
        case .person(let person):
            let id = slice.persons.find(person, in: parsed.enterprise) ?? context.makeID()
            return .person(person, id: id, context.source(parsed.practice, parsed.enterprise, tell: false))
        case .schedule(let message):
            let source = context.source(message.practice, message.enterprise, tell: message.tell)
            switch message.content {
            case .ignored: return .nothing(code: "ignored", practice: message.practice)
            case .slots(let block): return try decide(block, in: slice, source, context)
            case .appointments(let seen): return try decide(seen, in: slice, source, context)
            }
        }
    }

    /// A group's appointments are decided one after the other, each knowing of those before it.
    private func decide(
        _ seen: [AppointmentSeen], in slice: SchedulingSlice, _ source: AppointmentSlice.Source,
        _ context: DecisionContext
    ) throws(Undecided) -> SchedulingSlice.Draft {
        if seen.count == 1 { return .appointments([try decide(seen[0], in: slice, source, context)], source) }
        var next = slice
        var drafts: [SchedulingSlice.AppointmentDraft] = []
        for one in seen {
            let draft = try decide(one, in: next, source, context)
            _ = next.record(.appointments([draft], source))
            drafts.append(draft)
        }
        return .appointments(drafts, source)
    }

    private func decide(
        _ seen: AppointmentSeen, in slice: SchedulingSlice, _ source: AppointmentSlice.Source,
        _ context: DecisionContext
    ) throws(Undecided) -> SchedulingSlice.AppointmentDraft {
        let row =
            seen.person.aliases.isEmpty
            ? nil : slice.persons.find(seen.person, in: source.enterprise) ?? context.makeID()
        var record = try slice.onRecord(seen, row.map { slice.persons.survivor(of: $0) }, source.practice)
        let decision = try remember(seen, &record, in: slice, source.practice, context)
        switch seen.decide(record, definition: context.definition) {
        case .park(let park): throw .parked(park)
        case .record(let existing, let event, let aliases, let ending, let absorbed):
            let id = existing ?? context.makeID()
            guard slice.knowsEnough(toAdd: event, to: id, ending: ending, absorbing: absorbed) else { throw .notLoaded }
            return SchedulingSlice.AppointmentDraft(
                person: row.map { (seen.person, $0) }, id: id, event: event, aliases: aliases, ending: ending,
                absorbing: absorbed, capacities: seen.capacities(of: event, source.practice),
                decision: decision.map { ($0, seen.question(of: record.person)) })
        }
    }

    /// What a person has decided: of this very message, where it was replayed, or of another that asked the same, where it
    /// is an open question. Fills it in; gives a decision that is now applied for the first time.
    private func remember(
        _ seen: AppointmentSeen, _ record: inout OnRecord, in slice: SchedulingSlice, _ practice: String,
        _ context: DecisionContext
    ) throws(Undecided) -> Int64? {
        let decisions = slice.appointments.decisions
        let ofThis =
            context.input.isTriedAgain
            ? decisions.find(entry: seen.event.entry, person: record.person, practice: practice) : nil
        var found = ofThis
        if found == nil, Resolution.resolve(seen, record).isOpen {
            found = decisions.find(question: seen.question(of: record.person), practice: practice)
        }
        guard let found else { return nil }
        let meant = ofThis == nil ? found.became : found.became ?? found.chosen
        if let meant {
            guard let known = slice.appointments[meant] else { throw .notLoaded }
            if ofThis == nil {
                guard known.history.isWhole else { throw .notLoaded }
                guard seen.isStillAnswered(by: found.number, meant, known.history.events) else { return nil }
            }
            record = record.with(OnRecord.Candidate(known, since: seen.event.position))
        }
        record = record.with(OnRecord.Decided(number: found.number, appointment: meant))
        return ofThis == nil ? nil : found.number
    }

    private func decide(
        _ block: BlockSeen, in slice: SchedulingSlice, _ source: AppointmentSlice.Source, _ context: DecisionContext
    ) throws(Undecided) -> SchedulingSlice.Draft {
        // What appointments of this batch take is not in the slots yet.
        if slice.appointments.isTouched { throw .notLoaded }
        let known = slice.blocks.find(block.lookUps, in: source.practice)
        guard let effect = block.apply(to: known.flatMap { slice.blocks.blocks[$0] }.map(BlockState.init)) else {
            return .nothing(code: "unchanged", practice: source.practice)
        }
        return .block(
            SchedulingSlice.BlockDraft(
                id: known ?? context.makeID(), names: block.names, changes: effect.changes, state: effect.state),
            source)
    }
}

extension DecisionContext {
    fileprivate func source(_ practice: String, _ enterprise: String, tell: Bool) -> AppointmentSlice.Source {
        AppointmentSlice.Source(
            practice: practice, enterprise: enterprise, day: input.entry.day, entry: input.entry.number,
            definition: definition.digest, tell: tell)
    }
}

extension AppointmentSeen {
    /// What to look for: its own names, and those of what it replaces.
    var names: [Identifier] { lookUps.map(\.identifier) + parents }

    /// The resources of the event that the practice's table counts.
    fileprivate func capacities(of event: AppointmentEvent, _ practice: String) -> [ResourceCapacity: Int32] {
        var counted: [ResourceCapacity: Int32] = [:]
        for capacity in capacities {
            guard let people = capacity.people, people > 1 || capacity.kind == .location,
                let use = event.resources.first(where: { $0.kind == capacity.kind && $0.code == capacity.code })
            else { continue }
            let named = ResourceUse(kind: use.kind, code: use.code, name: use.name, npi: use.npi)
            counted[ResourceCapacity(practice: practice, use: named)] = Int32(people)
        }
        return counted
    }
}

extension SchedulingSlice {
    /// What is on record that a message may speak of. Of what something newer is known of, with everything that was said.
    func onRecord(_ seen: AppointmentSeen, _ person: UUID?, _ practice: String) throws(Undecided) -> OnRecord {
        let found = appointments.candidates(
            named: seen.names, person: person, since: seen.since, in: practice)
        for one in found where !one.record.history.isNewest(seen.event.position) && !one.record.history.isWhole {
            throw .notLoaded
        }
        return OnRecord(
            person: person, candidates: found.map { OnRecord.Candidate($0.record, since: seen.event.position) })
    }

    func knowsEnough(toAdd event: AppointmentEvent, to id: UUID, ending: [UUID], absorbing: UUID?) -> Bool {
        let isWhole = { (id: UUID) in appointments[id]?.history.isWhole ?? true }
        guard appointments.knowsEnough(toAdd: event, to: id), ending.allSatisfy(isWhole) else { return false }
        return absorbing.map { isWhole($0) && isWhole(id) } ?? true
    }
}

extension OnRecord.Candidate {
    /// With its events where one of them is newer than what is looked at.
    init(_ record: AppointmentSlice.Record, since position: AppointmentEvent.Position) {
        self.init(
            appointment: record.state, aliases: Set(record.identifiers.keys),
            events: record.history.isNewest(position) ? [] : record.history.events)
    }
}

extension OnRecord {
    fileprivate func with(_ candidate: Candidate) -> OnRecord {
        if candidates.contains(where: { $0.appointment.id == candidate.appointment.id }) { return self }
        return OnRecord(person: person, candidates: candidates + [candidate], decided: decided)
    }

    fileprivate func with(_ decided: Decided) -> OnRecord {
        OnRecord(person: person, candidates: candidates, decided: decided)
    }
}

extension BlockState {
    fileprivate init(_ block: BlockSlice.Block) {
        self.init(
            at: block.at, entry: block.entry,
            stretches: block.stretches.map {
                Stretch(resource: ResourceUse(kind: $0.kind, code: $0.code), start: $0.start, end: $0.end)
            })
    }
}
