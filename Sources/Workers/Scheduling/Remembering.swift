import Foundation
import Postgres
import Practice
import Records

extension SchedulingJobs {
    /// What a person has decided: of this very message, where it was replayed, or of another that asked the same, where it
    /// is an open question. Fills it in; gives a decision that is now applied for the first time.
    func remember(
        _ seen: AppointmentSeen, _ stored: inout SeenOnRecord, _ message: SchedulingMessage, _ isTriedAgain: Bool,
        _ transaction: Transaction
    ) async throws -> OnRecord.Decided? {
        let (person, practice) = (stored.record.person, message.practice)
        var ofThis: StoredDecision?
        if isTriedAgain {
            ofThis = try await Decisions.find(
                entry: seen.event.entry, person: person, practice: practice, in: transaction)
        }
        var found = ofThis
        if found == nil, Resolution.resolve(seen, stored.record).isOpen {
            found = try await Decisions.find(
                question: seen.question(of: person), practice: practice, in: transaction)
        }
        guard let found else { return nil }
        if ofThis == nil, let id = found.appointment {
            let events = try await Appointments.events(of: id, practice: practice, in: transaction)
            guard seen.isStillAnswered(by: found.id, id, events) else { return nil }
        }
        var more: [StoredAppointment] = []
        if let id = found.appointment, stored.known(id) == nil {
            more = try await Appointments.read(
                named: [], ids: [id], person: nil, since: .distantPast, practice: practice,
                enterprise: message.enterprise, in: transaction)
        }
        let decided = OnRecord.Decided(number: found.id, appointment: found.appointment)
        stored = stored.with(decided, more)
        return ofThis == nil ? nil : decided
    }
}
