package import Foundation
import HL7
package import Practice
package import Workflow

/// A practice's schedule in memory: the worker's decisions end to end, without a database. For cases and properties, and
/// for trying a definition before it is in force.
package struct SchedulingBook: Sendable {
    package struct Entry: Sendable {
        package let practice: String
        package internal(set) var events: [AppointmentEvent]
        package internal(set) var aliases: Set<Identifier>
        package internal(set) var state: Appointment
    }

    package enum Outcome: Sendable, Equatable {
        /// The appointments that the message spoke of, with what others are told (nil: nothing changed).
        case recorded([Recorded])
        case slots([SlotChange])
        case ignored
        case parked(Park)
    }

    package struct Recorded: Sendable, Equatable {
        package let id: UUID
        package let change: AppointmentChange?
    }

    package let definition: Definition
    package private(set) var appointments: [UUID: Entry] = [:]
    /// The last word on each stretch of a resource's day.
    package private(set) var slots: [SlotKey: SlotChange] = [:]
    private var blocks: [UUID: BlockState] = [:]
    private var blockNames: [BlockName: UUID] = [:]
    private var persons: [PersonKey: UUID] = [:]
    /// What people have decided, newest last.
    private var decisions: [Verdict] = []
    private var made: UInt32 = 0

    package struct SlotKey: Hashable, Sendable {
        let practice: String
        let kind: ResourceUse.Kind
        let code: String
        let start: Date
        let end: Date
    }

    private struct BlockName: Hashable {
        let practice: String
        let identifier: Identifier
    }

    private struct PersonKey: Hashable {
        let enterprise: String
        let identifier: Identifier
    }

    private struct Verdict {
        let entry: Int64
        let person: UUID?
        /// nil: a new one.
        var appointment: UUID?
        var question: String?
    }

    package init(definition: Definition) { self.definition = definition }

    /// Handles one message. It is applied whole, or parked and nothing changes.
    package mutating func receive(
        _ bytes: [UInt8], feed: String = Route.unclaimed, port: Int? = nil, receivedAt: Date, entry: Int64
    ) -> Outcome {
        do {
            let message = try SchedulingMessage.read(
                bytes: bytes, definition: definition, feed: feed, port: port, receivedAt: receivedAt, entry: entry)
            switch message.content {
            case .ignored: return .ignored
            case .slots(let block): return .slots(keep(block, message.practice))
            case .appointments(let seen):
                var next = self
                var recorded: [Recorded] = []
                for one in seen { recorded += try next.apply(one, message) }
                self = next
                return .recorded(recorded)
            }
        } catch {
            return .parked(error)
        }
    }

    /// A person says which of the candidates a parked message means (nil: a new one). It holds when the message is
    /// received again, and for every other that asks the same.
    package mutating func decide(_ entry: Int64, is appointment: UUID?, of candidates: [UUID]) {
        let person = candidates.first.flatMap { appointments[$0]?.state.person }
        decisions.append(Verdict(entry: entry, person: person, appointment: appointment))
    }

    /// The midnights that have passed by `now`: what others are told of each appointment that they made a no-show of.
    package mutating func passMidnight(now: Date) -> [Recorded] {
        var recorded: [Recorded] = []
        for (id, entry) in appointments.sorted(by: { $0.key.uuidString < $1.key.uuidString }) {
            guard let practice = definition.practices[entry.practice], definition.derivesNoShows(practice.id),
                let event = Midnight(practice).event(for: entry.state, now: now)
            else { continue }
            recorded.append(add(event, [], to: id, practice.id))
        }
        return recorded
    }

    /// A person confirms that the PM has deleted it without a message.
    package mutating func remove(_ id: UUID, at now: Date) -> Recorded? {
        guard let entry = appointments[id] else { return nil }
        return add(AppointmentEvent(kind: .removed, at: now), [], to: id, entry.practice)
    }

    private mutating func apply(_ seen: AppointmentSeen, _ message: SchedulingMessage) throws(Park) -> [Recorded] {
        let person = person(seen.person.aliases, message.enterprise)
        var record = OnRecord(person: person, candidates: candidates(seen, person, message.practice))
        let question = seen.question(of: person)
        let remembered = answer(to: seen, question, record)
        if let remembered {
            record = OnRecord(
                person: person, candidates: record.candidates,
                decided: .init(number: Int64(remembered) + 1, appointment: decisions[remembered].appointment))
        }
        switch seen.decide(record, definition: definition) {
        case .park(let park): throw park
        case .record(let existing, let event, let aliases, let ending, let absorbed):
            let id = existing ?? makeID()
            if let remembered {
                decisions[remembered].question = question
                decisions[remembered].appointment = id
            }
            var recorded: [Recorded] = []
            if let absorbed, let newborn = appointments[absorbed] {
                appointments[id]?.events += newborn.events
                appointments[id]?.aliases.formUnion(newborn.aliases)
                appointments[absorbed]?.events = []
                appointments[absorbed]?.aliases = []
                recorded.append(add(event.emptying(newborn.state), [], to: absorbed, message.practice))
            }
            return [add(event, aliases, to: id, message.practice)] + recorded
                + ending.map { add(event.endOfWaiting, [], to: $0, message.practice) }
        }
    }

    /// The decision, by its place, that a person made of this very message, or of another that asked the same.
    private func answer(to seen: AppointmentSeen, _ question: String, _ record: OnRecord) -> Int? {
        let own = decisions.lastIndex { $0.entry == seen.event.entry && $0.person == record.person }
        if let own { return own }
        guard Resolution.resolve(seen, record).isOpen,
            let same = decisions.lastIndex(where: { $0.question == question })
        else { return nil }
        guard let id = decisions[same].appointment, let events = appointments[id]?.events else { return same }
        return seen.isStillAnswered(by: Int64(same) + 1, id, events) ? same : nil
    }

    private mutating func add(
        _ event: AppointmentEvent, _ aliases: [Alias], to id: UUID, _ practice: String
    ) -> Recorded {
        let old = appointments[id]
        let events = (old?.events ?? []).filter { $0.position != event.position } + [event]
        guard let state = Appointment(folding: events, id: id) else {
            preconditionFailure("one event at least makes an appointment")
        }
        var entry = old ?? Entry(practice: practice, events: [], aliases: [], state: state)
        entry.events = events
        entry.state = state
        // One visit may be several appointments' (a chain); any other name is one's only.
        let taken = Set(appointments.values.filter { $0.practice == practice }.flatMap(\.aliases))
        entry.aliases.formUnion(
            aliases.map(\.identifier).filter { $0.kind == .visit || !taken.contains($0) })
        appointments[id] = entry
        return Recorded(id: id, change: AppointmentChange(from: old?.state, to: state))
    }

    private func candidates(
        _ seen: AppointmentSeen, _ person: UUID?, _ practice: String
    ) -> [OnRecord.Candidate] {
        let names = Set(seen.lookUps.map(\.identifier) + seen.parents)
        return appointments.values.filter { entry in
            guard entry.practice == practice else { return false }
            if !entry.aliases.isDisjoint(with: names) { return true }
            guard let person, entry.state.person == person else { return false }
            return entry.state.start.map { $0 >= seen.since } ?? true
        }
        .map { OnRecord.Candidate(appointment: $0.state, aliases: $0.aliases, events: $0.events) }
        .sorted { $0.appointment.id.uuidString < $1.appointment.id.uuidString }
    }

    private mutating func person(_ aliases: [Alias], _ enterprise: String) -> UUID? {
        if aliases.isEmpty { return nil }
        let keys = aliases.map { PersonKey(enterprise: enterprise, identifier: $0.identifier) }
        let known = zip(aliases, keys).first { alias, key in
            persons[key].map { !isDenied($0, below: alias.trust, by: aliases, enterprise) } ?? false
        }.flatMap { persons[$0.1] }
        let id = known ?? makeID()
        for key in keys where persons[key] == nil { persons[key] = id }
        return id
    }

    /// Whoever has another own id (a GUID) is not meant, though a lesser number is the same.
    private func isDenied(_ person: UUID, below trust: Int16, by said: [Alias], _ enterprise: String) -> Bool {
        said.contains { own in
            own.identifier.kind == .person && own.trust > trust
                && persons[PersonKey(enterprise: enterprise, identifier: own.identifier)] != person
                && persons.contains {
                    $0.value == person && $0.key.identifier.kind == .person
                        && $0.key.identifier.authority == own.identifier.authority
                }
        }
    }

    private mutating func keep(_ block: BlockSeen, _ practice: String) -> [SlotChange] {
        let name = { BlockName(practice: practice, identifier: $0) }
        let known = block.lookUps.compactMap { blockNames[name($0)] }.first
        let id = known ?? makeID()
        for identifier in block.names where blockNames[name(identifier)] == nil { blockNames[name(identifier)] = id }
        guard let effect = block.apply(to: known.flatMap { blocks[$0] }) else { return [] }
        if !block.names.isEmpty || known != nil { blocks[id] = effect.state }
        for change in effect.changes where !isTaken(change, byAnotherThan: id) { keep(change, practice) }
        return effect.changes
    }

    private func isTaken(_ change: SlotChange, byAnotherThan id: UUID) -> Bool {
        change.status == .free && blocks.contains { $0.key != id && $0.value.stretches.contains(change.stretch) }
    }

    private mutating func keep(_ change: SlotChange, _ practice: String) {
        let resource = change.resource
        let key = SlotKey(
            practice: practice, kind: resource.kind, code: resource.code, start: change.start, end: change.end)
        if change.status == .free {
            for (other, known) in slots where other.lies(within: key) && known.at <= change.at {
                slots[other] = SlotChange(
                    resource: known.resource, start: known.start, end: known.end, status: .free, at: change.at,
                    flags: known.flags)
            }
        }
        if let known = slots[key], known.at > change.at { return }
        slots[key] = change
    }

    private mutating func makeID() -> UUID {
        made += 1
        let bytes = bytes(of: made)
        return UUID(uuid: (0, 0, 0, 0, 0, 0, 0x40, 0, 0x80, 0, 0, 0, bytes.0, bytes.1, bytes.2, bytes.3))
    }

    private func bytes(of number: UInt32) -> (UInt8, UInt8, UInt8, UInt8) {
        (
            UInt8(truncatingIfNeeded: number >> 24), UInt8(truncatingIfNeeded: number >> 16),
            UInt8(truncatingIfNeeded: number >> 8), UInt8(truncatingIfNeeded: number)
        )
    }
}

extension SchedulingBook.SlotKey {
    fileprivate func lies(within other: Self) -> Bool {
        (practice, kind, code) == (other.practice, other.kind, other.code) && other.start <= start && end <= other.end
    }
}
