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
    private var persons: [PersonKey: UUID] = [:]
    private var made: UInt32 = 0

    package struct SlotKey: Hashable, Sendable {
        let practice: String
        let kind: ResourceUse.Kind
        let code: String
        let start: Date
        let end: Date
    }

    private struct PersonKey: Hashable {
        let enterprise: String
        let identifier: Identifier
    }

    package init(definition: Definition) { self.definition = definition }

    /// Handles one message. It is applied whole, or parked and nothing changes.
    package mutating func receive(
        _ bytes: [UInt8], feed: String = Route.unclaimed, receivedAt: Date, entry: Int64
    ) -> Outcome {
        do {
            let message = try SchedulingMessage.read(
                bytes: bytes, definition: definition, feed: feed, receivedAt: receivedAt, entry: entry)
            switch message.content {
            case .ignored: return .ignored
            case .slots(let changes):
                for change in changes { keep(change, message.practice) }
                return .slots(changes)
            case .appointments(let seen):
                var next = self
                var recorded: [Recorded] = []
                for one in seen { recorded.append(try next.apply(one, message)) }
                self = next
                return .recorded(recorded)
            }
        } catch {
            return .parked(error)
        }
    }

    private mutating func apply(_ seen: AppointmentSeen, _ message: SchedulingMessage) throws(Park) -> Recorded {
        let person = person(seen.person.aliases, message.enterprise)
        let record = OnRecord(person: person, candidates: candidates(seen, person, message.practice))
        switch seen.decide(record, definition: definition) {
        case .park(let park): throw park
        case .record(let existing, let event, let aliases):
            let id = existing ?? makeID()
            let old = appointments[id]
            let events = (old?.events ?? []).filter { $0.position != event.position } + [event]
            guard let state = Appointment(folding: events, id: id) else {
                preconditionFailure("one event at least makes an appointment")
            }
            var entry = old ?? Entry(practice: message.practice, events: [], aliases: [], state: state)
            entry.events = events
            entry.state = state
            let taken = Set(appointments.values.filter { $0.practice == message.practice }.flatMap(\.aliases))
            entry.aliases.formUnion(aliases.map(\.identifier).filter { !taken.contains($0) })
            appointments[id] = entry
            return Recorded(id: id, change: AppointmentChange(from: old?.state, to: state))
        }
    }

    private func candidates(
        _ seen: AppointmentSeen, _ person: UUID?, _ practice: String
    ) -> [OnRecord.Candidate] {
        let names = Set(seen.lookUps.map(\.identifier) + seen.parents)
        return appointments.values.filter { entry in
            guard entry.practice == practice else { return false }
            if !entry.aliases.isDisjoint(with: names) { return true }
            guard let person, entry.state.person == person else { return false }
            return entry.state.status.isLive || entry.state.start == seen.event.start
        }
        .map { OnRecord.Candidate(appointment: $0.state, aliases: $0.aliases) }
        .sorted { $0.appointment.id.uuidString < $1.appointment.id.uuidString }
    }

    private mutating func person(_ aliases: [Alias], _ enterprise: String) -> UUID? {
        if aliases.isEmpty { return nil }
        let keys = aliases.map { PersonKey(enterprise: enterprise, identifier: $0.identifier) }
        let known = keys.compactMap { persons[$0] }.first
        let id = known ?? makeID()
        for key in keys where persons[key] == nil { persons[key] = id }
        return id
    }

    private mutating func keep(_ change: SlotChange, _ practice: String) {
        let resource = change.resource
        let key = SlotKey(
            practice: practice, kind: resource.kind, code: resource.code, start: change.start, end: change.end)
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
