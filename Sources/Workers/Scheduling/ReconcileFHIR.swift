import Destination
import FHIR
import Foundation
import Postgres
import Practice
import Reconciliation

extension FHIRList {
    /// Reads it page by page and stages its entries. `asOf`: when the reading began. One that cannot be read is there all the
    /// same where it bears an id of ours; another may be of any record.
    func read(_ context: ListContext, side: Int16, in session: Session) async throws(ListProblem) -> ReadList {
        var stage = ListStage(side, asOf: context.clock, time: context.time, in: session)
        var iterator = makeAsyncIterator()
        var entries = 0
        while true {
            let next: Element?
            do throws(FHIRListError) { next = try await iterator.next() } catch { throw ListProblem(error.code) }
            entries += 1
            switch next {
            case .appointment(let appointment): try await stage.add(ListedEntry(appointment, context, &stage))
            case .unreadable(let id, _):
                stage.note(ListProblem("entry-unreadable"), naming: id, id.flatMap(UUID.init(uuidString:)))
                if let listed = ListedEntry(unreadable: id) { try await stage.add(listed) }
            case nil:
                if let unread = stage.unread, !unread.isBearable(of: entries - 1) { throw unread.first }
                return try await stage.finish()
            }
        }
    }
}

extension ListedEntry {
    fileprivate init(_ appointment: FHIR.Appointment, _ context: ListContext, _ stage: inout ListStage) {
        let status = AppointmentStatus(rawValue: appointment.status.rawValue)
        let patient = appointment.actors(.patient).first?.target?.id ?? ""
        var entry = Reconciliation.Entry(
            reference: appointment.id ?? "", person: patient, status: status, start: appointment.start?.date,
            end: appointment.end?.date)
        entry.sourceStatus = appointment.status.rawValue
        entry.isStatusDerived = context.isDerived(status, start: entry.start, asOf: stage.asOf)
        entry.version = appointment.meta?.versionId.flatMap { Int($0) }
        entry.changedAt = appointment.meta?.lastUpdated?.date
        let booked = appointment.actors(.practitioner) + appointment.actors(.device)
        let codes = booked.map { context.bookables.code($0) }
        if codes.contains(nil) { stage.unknownResources += 1 }
        entry.resource = codes.count == 1 ? codes[0] : nil
        let places = appointment.actors(.location).map { context.bookables.site($0) }
        if places.contains(nil) { stage.unknownLocations += 1 }
        entry.location = Set(places).count == 1 ? places[0] : nil
        self.init(entry: entry, patient: patient, ownID: appointment.ownID, names: appointment.names)
    }

    /// One that is there, though what it says cannot be read; nil where its id is none of ours for sure.
    fileprivate init?(unreadable id: String?) {
        guard let id, let own = UUID(uuidString: id) else { return nil }
        let entry = Reconciliation.Entry(reference: id, person: id, status: nil, start: nil, end: nil)
        self.init(entry: entry, patient: "", ownID: own)
    }
}

extension FHIR.Appointment {
    fileprivate func actors(_ type: ResourceType) -> [Reference] {
        participant.compactMap(\.actor).filter { $0.target?.type == type.rawValue }
    }

    /// The app's id where it is one of ours, else an identifier that is.
    fileprivate var ownID: UUID? {
        let texts = [id] + identifier.map(\.value)
        return texts.lazy.compactMap { $0 }
            .compactMap { UUID(uuidString: $0.hasPrefix("urn:uuid:") ? String($0.dropFirst(9)) : $0) }.first
    }

    /// The wire's names, as they were given to the app.
    fileprivate var names: [Practice.Identifier] {
        identifier.compactMap { name in
            guard let system = name.system, let value = name.value, let (kind, authority) = Systems.identifier(system),
                let known = Practice.Identifier.Kind(rawValue: kind)
            else { return nil }
            return Practice.Identifier(known, authority: authority, value: value)
        }
    }
}

extension Bookables {
    /// By our own id, else by an identifier or a name.
    fileprivate func code(_ reference: Reference) -> String? {
        if let id = reference.target.flatMap({ UUID(uuidString: $0.id) }), let code = code(id) { return code }
        return [reference.identifier?.value, reference.target?.id, reference.display].lazy.compactMap { $0 }
            .compactMap { self.code($0) }.first
    }

    fileprivate func site(_ reference: Reference) -> String? {
        if let id = reference.target.flatMap({ UUID(uuidString: $0.id) }), let code = code(id) { return code }
        return [reference.identifier?.value, reference.target?.id, reference.display].lazy.compactMap { $0 }
            .compactMap { self.site($0) }.first
    }
}
