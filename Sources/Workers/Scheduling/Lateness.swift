import Foundation
import Practice

// A message that comes late is resolved as of its own time: what was an appointment's hour then, not what is now. Newer
// messages that bear no id were resolved by what they say. Where one of them would mean another appointment now that the
// late one is known, nobody can tell any more which it meant; then a person must.

extension AppointmentSeen {
    /// Whether a newer message without an id would mean another appointment, had this one come in time: each is asked
    /// again, as of its own time, with this one in its place.
    func unsettles(_ record: OnRecord, _ answer: Resolution.Answer) -> Bool {
        guard let person = record.person, let inTime = record.adding(self, answer) else { return false }
        return inTime.candidates.contains { candidate in
            guard candidate.appointment.person == person else { return false }
            let first = candidate.events.map(\.position).min()
            return candidate.events.contains { newer in
                guard newer.isUnnamed == true, newer.position > event.position else { return false }
                // What an appointment was first spoken of by made it: it was not there yet.
                let isItsFirst = newer.position == first
                let then = inTime.asOf(newer.position, without: isItsFirst ? candidate.appointment.id : nil)
                return Resolution.answer(to: newer, then) != (isItsFirst ? .new : .existing(candidate.appointment.id))
            }
        }
    }
}

extension OnRecord {
    /// As it stood just before `position`. What was not spoken of yet is there as it was first spoken of, where that was
    /// no booking: a late booking may be its.
    func asOf(_ position: AppointmentEvent.Position) -> OnRecord {
        let then = candidates.compactMap { candidate -> Candidate? in
            guard candidate.events.contains(where: { $0.position >= position }) else { return candidate }
            var known = candidate.events.filter { $0.position < position }
            if known.isEmpty {
                let first = candidate.events.filter { !$0.kind.isDerived }.min { $0.position < $1.position }
                guard let first, first.kind != .booked else { return nil }
                known = [first]
            }
            guard var state = Appointment(folding: known, id: candidate.appointment.id) else { return nil }
            state.person = candidate.appointment.person
            return Candidate(appointment: state, aliases: candidate.aliases, events: candidate.events)
        }
        return OnRecord(person: person, candidates: then, decided: decided)
    }

    fileprivate func asOf(_ position: AppointmentEvent.Position, without one: UUID?) -> OnRecord {
        OnRecord(person: person, candidates: candidates.filter { $0.appointment.id != one }).asOf(position)
    }

    /// With what `seen` says put where `answer` has it; nil where that leaves nothing by which others are told.
    fileprivate func adding(_ seen: AppointmentSeen, _ answer: Resolution.Answer) -> OnRecord? {
        let ids = Set(seen.aliases.map(\.identifier))
        var all = candidates
        switch answer {
        case .ambiguous: return nil
        case .new:
            let id = UUID()
            guard var state = Appointment(folding: [seen.event], id: id) else { return nil }
            state.person = person
            all.append(Candidate(appointment: state, aliases: ids, events: [seen.event]))
        case .existing(let id):
            guard let place = all.firstIndex(where: { $0.appointment.id == id }) else { return nil }
            let old = all[place]
            let said = old.events.isEmpty ? [old.appointment.summary] : old.events
            let known = said.filter { $0.position != seen.event.position }
            let before = known.filter { $0.position < seen.event.position }
            let told = Appointment(folding: before + [seen.event], id: id)
            guard told?.whereabouts != Appointment(folding: before, id: id)?.whereabouts,
                var state = Appointment(folding: known + [seen.event], id: id)
            else { return nil }
            state.person = old.appointment.person
            all[place] = Candidate(
                appointment: state, aliases: old.aliases.union(ids), events: known + [seen.event])
        }
        return OnRecord(person: person, candidates: all)
    }
}

extension OnRecord {
    /// The person's that may be meant by what happened then: every one that had not ended long before.
    func open(at instant: Date) -> [UUID] {
        candidates.map(\.appointment).filter { one in
            one.person == person && person != nil && (one.start.map { $0 >= instant - 86_400 } ?? true)
        }.map(\.id)
    }
}

extension Appointment {
    /// All that was said of it as one event, where its own are not loaded. Who was only worked out not to have come is
    /// still expected.
    fileprivate var summary: AppointmentEvent {
        var event = AppointmentEvent(kind: .booked, at: eventAt)
        event.status = status == .noshow && flags.contains(.derived) ? .booked : status
        (event.start, event.end, event.type, event.resources) = (start, end, type, resources)
        return event
    }

    /// What messages without an id are resolved by.
    fileprivate var whereabouts: [String] {
        [start?.description ?? "", String(status.isLive)] + resources.map { $0.kind.rawValue + $0.code }
    }
}
