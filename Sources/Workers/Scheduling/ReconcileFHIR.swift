import Destination
import FHIR
import Foundation
import Practice
import Reconciliation

extension FHIRList {
    /// The list as entries. `asOf`: when the reading began.
    func read(_ context: ListContext) async throws(ListProblem) -> ReadList {
        var list = ReadList(entries: [], asOf: context.clock)
        var iterator = makeAsyncIterator()
        do throws(FHIRListError) {
            while let element = try await iterator.next() {
                switch element {
                case .appointment(let appointment): list.add(appointment, context)
                case .unreadable(let id, _): list.addUnreadable(id)
                }
            }
        } catch {
            throw ListProblem(error.code)
        }
        return list
    }
}

extension ReadList {
    fileprivate mutating func add(_ appointment: FHIR.Appointment, _ context: ListContext) {
        let status = AppointmentStatus(rawValue: appointment.status.rawValue)
        let patient = appointment.actors(.patient).first?.target?.id ?? ""
        var entry = Reconciliation.Entry(
            reference: appointment.id ?? "", person: patient, status: status, start: appointment.start?.date,
            end: appointment.end?.date)
        entry.sourceStatus = appointment.status.rawValue
        entry.isStatusDerived = context.isDerived(status, start: entry.start, asOf: asOf)
        entry.version = appointment.meta?.versionId.flatMap { Int($0) }
        entry.changedAt = appointment.meta?.lastUpdated?.date
        let booked = appointment.actors(.practitioner) + appointment.actors(.device)
        let codes = booked.map { context.bookables.code($0) }
        if codes.contains(nil) { unknownResources += 1 }
        entry.resource = codes.count == 1 ? codes[0] : nil
        entries.append(
            ListedEntry(
                entry: entry, patient: patient, ownID: appointment.ownID, names: appointment.names))
    }

    /// One that is there, though what it says cannot be read. Without our id nothing can be said of it.
    fileprivate mutating func addUnreadable(_ id: String?) {
        guard let id, let own = UUID(uuidString: id) else { return }
        let entry = Reconciliation.Entry(reference: id, person: id, status: nil, start: nil, end: nil)
        entries.append(ListedEntry(entry: entry, patient: "", ownID: own))
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
}
