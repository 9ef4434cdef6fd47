import Foundation
import Practice

// A message that comes late is resolved as of its own time: what was an appointment's hour then, not what is now. Where
// newer messages that bear no id were resolved by what they say, and the late one changes what they rested on, nobody can
// tell any more which they meant; then a person must.

extension AppointmentSeen {
    /// Whether something newer is on record of what it may speak of: then its candidates' events are needed.
    package func isLate(_ record: OnRecord) -> Bool {
        record.candidates.contains { $0.appointment.eventAt > event.at }
    }

    /// Whether newer messages without an id may have meant something else, had this one come in time.
    func unsettles(_ record: OnRecord, _ answer: Resolution.Answer) -> Bool {
        let person = record.person
        let newer = record.candidates.filter { $0.appointment.person == person && person != nil }
            .flatMap { candidate in
                candidate.events.filter { $0.isUnnamed == true && $0.position > event.position }
                    .map { (event: $0, isItsFirst: $0.position == candidate.events.map(\.position).min()) }
            }
        if newer.isEmpty { return false }
        switch answer {
        case .ambiguous: return false
        case .new:
            return event.kind != .booked
                || newer.contains { !$0.isItsFirst || $0.event.kind != .booked || $0.event.start == event.start }
        case .existing(let id):
            guard let events = record.candidates.first(where: { $0.appointment.id == id })?.events else { return false }
            let before = events.filter { $0.position < event.position }
            return Appointment(folding: before, id: id).map(\.whereabouts)
                != Appointment(folding: before + [event], id: id).map(\.whereabouts)
        }
    }
}

extension OnRecord {
    /// As it stood just before `position`. What was not spoken of yet is there as it was first spoken of, where that was
    /// no booking: a late booking may be its.
    func asOf(_ position: AppointmentEvent.Position) -> OnRecord {
        let then = candidates.compactMap { candidate -> Candidate? in
            guard !candidate.events.isEmpty, candidate.appointment.eventAt > position.at else { return candidate }
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
    /// What messages without an id are resolved by.
    fileprivate var whereabouts: [String] {
        [start?.description ?? "", String(status.isLive)] + resources.map { $0.kind.rawValue + $0.code }
    }
}
