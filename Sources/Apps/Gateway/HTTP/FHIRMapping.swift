import FHIR
import Foundation
import Postgres
import Practice
import Records

/// Records as FHIR R4. Pure. Times are shown in the practice's zone.
struct FHIRMapping: Sendable {
    let practice: String
    let zone: TimeZone

    /// Throws for what R4 cannot carry: an appointment without times in a state that needs them.
    func appointment(_ found: FoundAppointment) throws(FHIRError) -> FHIR.Appointment {
        guard let status = FHIR.Appointment.Status(rawValue: found.status.rawValue) else {
            throw .missing("Appointment.status")
        }
        var participants: [FHIR.Appointment.Participant] = []
        if let person = found.person {
            participants.append(.init(Reference(.patient, id: person), status: participation(found.status)))
        }
        for resource in found.resources {
            participants.append(
                .init(
                    reference(resource), type: resource.kind == .practitioner ? [Self.performer] : [],
                    status: participation(found.status)))
        }
        if participants.isEmpty { participants = [.init(unknown: Self.subject, status: participation(found.status))] }
        var tags = found.flags
        if found.overbooked, !tags.contains("overbooked") { tags.append("overbooked") }
        return try FHIR.Appointment(
            id: found.id.fhirID, meta: meta(Int(found.version), found.changedAt, tags: tags), status: status,
            start: found.start.map { Instant($0, zone: zone) }, end: found.end.map { Instant($0, zone: zone) },
            participants: participants, identifiers: found.identifiers.map(identifier),
            cancelReason: CodeableConcept(text: found.cancelReason), type: concept(found.type, table: "events"),
            serviceCategories: [concept(found.category, table: "categories")].compactMap(\.self),
            reasons: [CodeableConcept(text: found.reason)].compactMap(\.self),
            extensions: found.replaces.map { [.replaces($0)] } ?? [])
    }

    /// Throws for a stretch that R4 has no word for.
    func slot(_ found: FoundSlot) throws(FHIRError) -> Slot {
        guard let status = Slot.Status(rawValue: found.status) else { throw .missing("Slot.status") }
        return try Slot(
            id: found.id.fhirID, meta: meta(Int(found.version), found.changedAt),
            schedule: Reference(.schedule, id: found.resource), status: status,
            start: Instant(found.start, zone: zone), end: Instant(found.end, zone: zone))
    }

    /// A resource's calendar, under the resource's own id.
    func schedule(_ found: FoundResource) -> Schedule {
        Schedule(
            id: found.id.fhirID, meta: meta(Self.version(found.changedAt), found.changedAt), actor: reference(found))
    }

    func patient(_ found: FoundPerson) -> Patient {
        let name = HumanName(family: found.family, given: [found.given])
        let telecom = [ContactPoint(.phone, value: found.phone), ContactPoint(.email, value: found.email)]
        let born = found.birthDate.flatMap { CalendarDate(year: $0.year, month: $0.month, day: $0.day) }
        return Patient(
            id: found.id.fhirID, meta: meta(Self.version(found.changedAt), found.changedAt),
            identifiers: found.identifiers.map(identifier), active: found.survivor == nil,
            names: [name].compactMap(\.self), telecom: telecom.compactMap(\.self),
            gender: Patient.Gender(administrativeSex: found.sex), birthDate: born,
            links: found.survivor.map { [.init(Reference(.patient, id: $0), type: .replacedBy)] } ?? [])
    }

    /// The version of what is not counted: when it last changed, in microseconds.
    static func version(_ changed: Date) -> Int { Int((changed.timeIntervalSince1970 * 1_000_000).rounded()) }

    // MARK: Parts

    private func meta(_ version: Int, _ changed: Date, tags: [String] = []) -> Meta {
        Meta(
            version: version, lastUpdated: Instant(changed, zone: zone),
            tag: tags.map { Coding(system: Systems.flag, code: $0) })
    }

    private func identifier(_ identifier: Practice.Identifier) -> FHIR.Identifier {
        FHIR.Identifier(
            kind: identifier.kind.rawValue, authority: identifier.authority, value: identifier.value)
    }

    /// Practitioners, places and devices are not served themselves: the reference bears what tells them apart, the NPI
    /// or the practice's own code, and the name. Its id is the Schedule's, and what searches take.
    private func reference(_ resource: FoundResource) -> Reference {
        let type: ResourceType =
            switch resource.kind {
            case .practitioner: .practitioner
            case .location: .location
            case .device: .device
            }
        let identifier =
            resource.npi.isEmpty
            ? FHIR.Identifier(kind: resource.kind.rawValue, authority: practice, value: resource.code)
            : FHIR.Identifier(system: Systems.npi, value: resource.npi)
        return Reference(type, id: resource.id, identifier: identifier, display: resource.name)
    }

    private func concept(_ coded: Coded, table: String) -> CodeableConcept? {
        CodeableConcept(
            coding: coded.code.isEmpty
                ? [] : [Coding(system: Systems.table(table), code: coded.code, display: coded.text)],
            text: coded.text)
    }

    private func participation(_ status: AppointmentStatus) -> FHIR.Appointment.ParticipationStatus {
        switch status {
        case .booked, .arrived, .checkedIn, .fulfilled: .accepted
        case .pending, .waitlist: .tentative
        case .cancelled, .noshow, .enteredInError: .declined
        case .proposed: .needsAction
        }
    }

    private static let performer = CodeableConcept(
        Coding(system: Systems.participationType, code: "PPRF", display: "primary performer"))
    private static let subject = CodeableConcept(
        Coding(system: Systems.participationType, code: "SBJ", display: "subject"))
}
