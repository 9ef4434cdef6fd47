package import Foundation
package import Practice
package import Workflow

/// What to do about one appointment that a message speaks of.
package enum Decision: Hashable, Sendable {
    /// Add the event to the appointment (nil: a new one) and the names to its names, and an event to each wait-list entry
    /// that this ends; then fold. `absorbing`: first all that was said of this other one, which there never was, and its
    /// names.
    case record(UUID?, AppointmentEvent, [Alias], ending: [UUID], absorbing: UUID?)
    case park(Park)
}

extension AppointmentSeen {
    /// Which appointment it is, with the person and what it replaces filled in from the record.
    package func decide(_ record: OnRecord, definition: Definition) -> Decision {
        var event = event
        event.person = record.person
        event.decision = record.decided?.number
        if aliases.allSatisfy({ $0.identifier.kind == .visit }) {
            event.isUnnamed = true
            if !aliases.isEmpty { event.visits = aliases.map(\.identifier) }
        }
        if let known = whereItIs(record) { return .record(known, event, [], ending: [], absorbing: nil) }
        let resolved = Resolution.resolve(self, record)
        if resolved.namesDisagree { event.flags.insert(.namesDisagree) }
        if record.decided == nil, unsettles(record, resolved.answer) {
            return ambiguous(
                record.open(at: event.at), "newer messages of this person, which bear no id, may have meant another",
                definition)
        }
        switch resolved.answer {
        case .existing(let found):
            let (id, newborn) = renumbered(found, record)
            return .record(id, event, names(record), ending: ended(by: event, id, record), absorbing: newborn)
        case .new:
            event.replaces = record.candidates.first { !$0.aliases.isDisjoint(with: parents) }?.appointment.id
            return .record(nil, event, names(record), ending: ended(by: event, nil, record), absorbing: nil)
        case .ambiguous(let candidates):
            return ambiguous(candidates, "\(candidates.count) appointments of this person may be meant", definition)
        }
    }

    /// The appointment of which this very message was heard before: it comes twice by a resend and a replay at once, or it
    /// names one person twice.
    private func whereItIs(_ record: OnRecord) -> UUID? {
        guard let person = record.person, event.entry != AppointmentEvent.noEntry else { return nil }
        return record.candidates.first { candidate in
            candidate.appointment.person == person
                && candidate.events.contains {
                    $0.entry == event.entry && !$0.kind.isDerived && $0.kind != .retracted
                }
        }?.appointment.id
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

    /// A move under a new id, messages of which came before it: they could but make an entry of their own. The visit is the
    /// one that the move says it was; all that was said of the other is its too.
    private func renumbered(_ found: UUID, _ record: OnRecord) -> (id: UUID, newborn: UUID?) {
        guard event.kind == .rescheduled, !parents.isEmpty else { return (found, nil) }
        let own = Set(lookUps.map(\.identifier).filter { $0.kind != .visit })
        let ofPerson = record.candidates.filter { $0.appointment.person == record.person }
        // Nobody can have spoken of the new id before the move, as of a second visit that only names the first.
        let newborn = ofPerson.first { candidate in
            !candidate.aliases.isDisjoint(with: own) && candidate.aliases.isDisjoint(with: parents)
                && candidate.appointment.replaces == nil && !candidate.events.isEmpty
                && candidate.events.allSatisfy { $0.position > event.position }
        }?.appointment.id
        guard let newborn else { return (found, nil) }
        if found != newborn { return (found, newborn) }
        let old = ofPerson.first { $0.appointment.id != newborn && !$0.aliases.isDisjoint(with: parents) }
        return old.map { ($0.appointment.id, newborn) } ?? (found, nil)
    }

    private func ambiguous(_ candidates: [UUID], _ detail: String, _ definition: Definition) -> Decision {
        let holds = definition.workflows["scheduling"]?.holdsKey.contains(.ambiguousAppointment) ?? false
        return .park(Park(.ambiguousAppointment, holdsKey: holds, detail: detail, candidates: candidates))
    }

    /// The interim wait-list entries that a PM takes away by itself when their person is booked for the same event
    /// (NextGen, 394687): their own messages say nothing of it.
    private func ended(by event: AppointmentEvent, _ id: UUID?, _ record: OnRecord) -> [UUID] {
        let isBooking = event.kind == .booked || event.kind == .rescheduled
        guard endsWaiting, isBooking, (event.status ?? .booked) == .booked, let type = event.type?.code,
            record.person != nil
        else { return [] }
        return record.candidates.map(\.appointment).filter { waiting in
            waiting.id != id && waiting.status == .waitlist && waiting.person == record.person
                && waiting.type?.code == type && waiting.eventAt < event.at
        }.map(\.id)
    }
}

extension AppointmentEvent {
    /// What is left of an appointment whose messages this message has told to be another's.
    func emptying(_ appointment: Appointment) -> AppointmentEvent {
        var event = AppointmentEvent(kind: .retracted, at: max(at, appointment.eventAt), entry: entry)
        (event.start, event.end, event.resources) = (appointment.start, appointment.end, appointment.resources)
        return event
    }

    /// The end of a wait-list entry, as of the booking that ended it.
    package var endOfWaiting: AppointmentEvent {
        var end = AppointmentEvent(kind: .superseded, at: at, entry: entry)
        end.cancelReason = "booked from the wait list"
        return end
    }
}
