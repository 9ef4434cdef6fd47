package import Foundation
package import Practice
package import Workflow

/// What to do about one appointment that a message speaks of.
package enum Decision: Hashable, Sendable {
    /// Add the event to the appointment (nil: a new one) and the names to its names; then fold.
    case record(UUID?, AppointmentEvent, [Alias])
    case park(Park)
}

extension AppointmentSeen {
    /// Which appointment it is, with the person and what it replaces filled in from the record.
    package func decide(_ record: OnRecord, definition: Definition) -> Decision {
        var event = event
        event.person = record.person
        switch Resolution.resolve(self, record) {
        case .existing(let id): return .record(id, event, aliases)
        case .new:
            event.replaces = record.candidates.first { !$0.aliases.isDisjoint(with: parents) }?.appointment.id
            return .record(nil, event, aliases)
        case .ambiguous(let candidates):
            let holds = definition.workflows["scheduling"]?.holdsKey.contains(.ambiguousAppointment) ?? false
            let detail = "\(candidates.count) appointments of this person may be meant"
            return .park(Park(.ambiguousAppointment, holdsKey: holds, detail: detail, candidates: candidates))
        }
    }
}
