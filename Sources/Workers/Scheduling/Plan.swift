package import Foundation
package import Practice
package import Workflow

/// What to do about one appointment that a message speaks of.
package enum Decision: Hashable, Sendable {
    /// Add the event to the appointment (nil: a new one) and the names to its names, and an event to each other that this
    /// ends; then fold.
    case record(UUID?, AppointmentEvent, [Alias], ending: [Ending])
    case park(Park)

    package struct Ending: Hashable, Sendable {
        package let id: UUID
        package let event: AppointmentEvent
    }
}

extension AppointmentSeen {
    /// Which appointment it is, with the person and what it replaces filled in from the record.
    package func decide(_ record: OnRecord, definition: Definition) -> Decision {
        var event = event
        event.person = record.person
        event.decision = record.decided?.number
        if aliases.allSatisfy({ $0.identifier.kind == .visit }) { event.isUnnamed = true }
        let resolved = Resolution.resolve(self, record)
        if resolved.namesDisagree { event.flags.insert(.namesDisagree) }
        if record.decided == nil, unsettles(record, resolved.answer) {
            return ambiguous(
                record.open(at: event.at), "newer messages of this person, which bear no id, may have meant another",
                definition)
        }
        switch resolved.answer {
        case .existing(let id):
            let old = oldNumber(of: id, record)
            event.replaces = old
            let ending = old.map { [Decision.Ending(id: $0, event: event.endOfOldNumber)] } ?? []
            return .record(id, event, names(record), ending: ended(by: event, id, record) + ending)
        case .new:
            event.replaces = record.candidates.first { !$0.aliases.isDisjoint(with: parents) }?.appointment.id
            return .record(nil, event, names(record), ending: ended(by: event, nil, record))
        case .ambiguous(let candidates):
            return ambiguous(candidates, "\(candidates.count) appointments of this person may be meant", definition)
        }
    }

    /// Its names; and of a move under a new id the old one too, where that is not on record yet: its booking comes late and
    /// must find the same appointment.
    private func names(_ record: OnRecord) -> [Alias] {
        guard event.kind == .rescheduled else { return aliases }
        let known = record.candidates.reduce(into: Set(aliases.map(\.identifier))) { $0.formUnion($1.aliases) }
        guard known.isDisjoint(with: parents) else { return aliases }
        let trust = { (kind: Identifier.Kind) in self.aliases.first { $0.identifier.kind == kind }?.trust ?? 50 }
        // A number that may stand in either place is named once, where it stood.
        let stated = parents.enumerated().filter { place, parent in
            !parents.prefix(place).contains { $0.inOtherPlace == parent }
        }.map(\.element)
        return aliases + stated.map { Alias($0, trust: trust($0.kind)) }
    }

    /// A move under a new id whose messages came before it: they made an entry of their own, and the one under the old id is
    /// the same visit. Not so where a booking said what it replaces: then there are two.
    private func oldNumber(of id: UUID, _ record: OnRecord) -> UUID? {
        guard event.kind == .rescheduled,
            let new = record.candidates.first(where: { $0.appointment.id == id })?.appointment, new.replaces == nil,
            let old = record.candidates.first(where: { !$0.aliases.isDisjoint(with: parents) })?.appointment
        else { return nil }
        let mayStand = old.status.isLive || old.status == .noshow
        return old.id != id && old.person == new.person && mayStand && old.eventAt <= event.at ? old.id : nil
    }

    private func ambiguous(_ candidates: [UUID], _ detail: String, _ definition: Definition) -> Decision {
        let holds = definition.workflows["scheduling"]?.holdsKey.contains(.ambiguousAppointment) ?? false
        return .park(Park(.ambiguousAppointment, holdsKey: holds, detail: detail, candidates: candidates))
    }

    /// The interim wait-list entries that a PM takes away by itself when their person is booked for the same event
    /// (NextGen, 394687): their own messages say nothing of it.
    private func ended(by event: AppointmentEvent, _ id: UUID?, _ record: OnRecord) -> [Decision.Ending] {
        let isBooking = event.kind == .booked || event.kind == .rescheduled
        guard endsWaiting, isBooking, (event.status ?? .booked) == .booked, let type = event.type?.code,
            record.person != nil
        else { return [] }
        return record.candidates.map(\.appointment).filter { waiting in
            waiting.id != id && waiting.status == .waitlist && waiting.person == record.person
                && waiting.type?.code == type && waiting.eventAt < event.at
        }.map { Decision.Ending(id: $0.id, event: event.endOfWaiting) }
    }
}

extension AppointmentEvent {
    /// The end of a wait-list entry, as of the booking that ended it.
    fileprivate var endOfWaiting: AppointmentEvent {
        var end = AppointmentEvent(kind: .superseded, at: at, entry: entry)
        end.cancelReason = "booked from the wait list"
        return end
    }

    /// The end of a visit's entry under its old number, as of the move to the new one.
    fileprivate var endOfOldNumber: AppointmentEvent { AppointmentEvent(kind: .renumbered, at: at, entry: entry) }
}
