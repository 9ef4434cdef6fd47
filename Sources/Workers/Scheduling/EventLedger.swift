import Foundation
import Postgres
import Practice
import Queue
import Records
import Workflow

/// What is on record that a message may speak of, with what the database knows of it beyond its state.
struct SeenOnRecord {
    var record: OnRecord
    private var appointments: [StoredAppointment]

    init(person: UUID?, appointments: [StoredAppointment], decided: OnRecord.Decided? = nil) {
        self.appointments = appointments
        let candidates = appointments.map {
            OnRecord.Candidate(appointment: $0.appointment, aliases: Set($0.aliases.map(\.identifier)))
        }
        record = OnRecord(person: person, candidates: candidates, decided: decided)
    }

    func known(_ id: UUID?) -> StoredAppointment? { appointments.first { $0.appointment.id == id } }

    /// With everything that was said of those that something newer is known of.
    func with(_ events: [UUID: [AppointmentEvent]]) -> SeenOnRecord {
        var whole = self
        whole.record = OnRecord(
            person: record.person,
            candidates: record.candidates.map {
                OnRecord.Candidate(
                    appointment: $0.appointment, aliases: $0.aliases, events: events[$0.appointment.id] ?? [])
            }, decided: record.decided)
        return whole
    }

    /// With a decision, and the appointment that it names where that was not read yet.
    func with(_ decided: OnRecord.Decided, _ more: [StoredAppointment]) -> SeenOnRecord {
        SeenOnRecord(person: record.person, appointments: appointments + more, decided: decided)
    }
}

/// Adds events to appointments and writes how they stand then, in a job's commit: whatever happened to one, heard,
/// decided or worked out, is an event of it.
struct EventLedger {
    private let practice: String
    private let enterprise: String
    private let tell: Bool
    private let day: CalendarDay
    private let definition: Definition

    init(_ message: SchedulingMessage, day: CalendarDay, definition: Definition) {
        (practice, enterprise, tell) = (message.practice, message.enterprise, message.tell)
        (self.day, self.definition) = (day, definition)
    }

    /// For what no message says.
    init(_ practice: PracticeProfile, day: CalendarDay, definition: Definition) {
        (self.practice, enterprise, tell) = (practice.id, practice.enterprise, true)
        (self.day, self.definition) = (day, definition)
    }

    /// What others are told; nil when it stands as it stood. When another commit was first, the transaction's next statement
    /// throws `PostgresError.missed`.
    func add(
        _ event: AppointmentEvent, _ aliases: [Alias], to id: UUID, known: StoredAppointment?, isNew: Bool,
        _ transaction: Transaction
    ) async throws -> NewChange? {
        var events = [event]
        if !isNew { events += try await Appointments.events(of: id, practice: practice, in: transaction) }
        // The same entry may come twice, by a resend and a replay at once: what it said is on record already.
        let isKnown = events.dropFirst().contains { one in
            event.entry == AppointmentEvent.noEntry ? one.position == event.position : one.entry == event.entry
        }
        guard !isKnown, let folded = Appointment(folding: events, id: id) else { return nil }
        let change = AppointmentChange(from: known?.appointment, to: folded)
        let write = AppointmentWrite(
            practice: practice, enterprise: enterprise, appointment: folded, versionBefore: known?.version ?? 0,
            isChanged: change != nil, event: event,
            newAliases: aliases.filter { !(known?.aliases.contains($0) ?? false) }, day: day,
            definition: definition.digest)
        try await write.write(in: transaction)
        return change.map {
            NewChange(
                type: $0.rawValue, recordKind: "appointment", record: id, version: write.version, tell: tell)
        }
    }
}
