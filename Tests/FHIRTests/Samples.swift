import FHIR
import Foundation

/// One of everything that is emitted, made-up people throughout.
enum Samples {
    static let denver = TimeZone(identifier: "America/Denver")!
    static let start = Instant(Date(timeIntervalSince1970: 1_793_725_200), zone: denver)
    static let end = Instant(start.date.addingTimeInterval(1800), zone: denver)
    static let meta = Meta(
        version: 3, lastUpdated: Instant(Date(timeIntervalSince1970: 1_793_700_000.125)),
        tag: [Coding(system: Systems.flag, code: "ambiguous-time")])
    static let id = UUID(uuidString: "0B2D4B4E-7A0C-4E0C-9A57-3C1F5D0E9B11")!

    static func appointment(_ status: Appointment.Status, timed: Bool = true) throws -> Appointment {
        try Appointment(
            id: id.fhirID, meta: meta, status: status, start: timed ? start : nil, end: timed ? end : nil,
            participants: [
                .init(Reference(.patient, id: id, display: "Testcase, Ann")),
                .init(
                    Reference(
                        .practitioner, id: UUID(), identifier: Identifier(system: Systems.npi, value: "1234567893")),
                    type: [CodeableConcept(Coding(system: Systems.participationType, code: "PPRF"))],
                    period: try Period(start: start, end: end)),
                .init(Reference(.location, id: UUID(), display: "Main Street"), status: .tentative),
            ],
            identifiers: [Identifier(kind: "filler", authority: "NextGen Rosetta^0001", value: "4711")],
            cancelReason: CodeableConcept(
                coding: [Coding(system: Systems.table("cancel reasons"), code: "PT")], text: "Patient asked"),
            type: CodeableConcept(coding: [Coding(code: "CAE", display: "Complete eye exam")]),
            reasons: [CodeableConcept(text: "Blurred vision")].compactMap { $0 },
            slots: [Reference(.slot, id: UUID())], comment: "Bring glasses",
            extensions: [.overbooked, .replaces(UUID())])
    }

    static func slot(_ status: Slot.Status) throws -> Slot {
        try Slot(
            id: UUID().fhirID, meta: meta, schedule: Reference(.schedule, id: id), status: status, start: start,
            end: end, overbooked: status == .busy ? true : nil)
    }

    static let schedule = Schedule(
        id: id.fhirID, meta: meta, actor: Reference(.practitioner, id: id, display: "Dr. Example"),
        identifiers: [Identifier(kind: "resource", authority: "", value: "DRX")])

    static let patient = Patient(
        id: id.fhirID, meta: meta, identifiers: [Identifier(kind: "mrn", authority: "0001", value: "000123")],
        active: true, names: [HumanName(family: "Testcase", given: ["Ann", "B"], use: "official")].compactMap { $0 },
        telecom: [ContactPoint(.phone, value: "+1 555 0100", use: "home")].compactMap { $0 },
        gender: .init(administrativeSex: "F"), birthDate: CalendarDate(year: 1980, month: 2, day: 29),
        links: [.init(Reference(.patient, id: UUID()), type: .replacedBy)])

    static let bare = Patient(id: id.fhirID, meta: Meta(version: 1, lastUpdated: start))

    static func bundle(next: String?) throws -> FHIR.Bundle {
        let base = "https://practice.example/fhir/"
        return FHIR.Bundle(
            searchset: [
                .init(.appointment(try appointment(.booked)), fullUrl: base + "Appointment/" + id.fhirID),
                .init(.patient(patient), fullUrl: base + "Patient/" + id.fhirID, mode: .include),
                .init(.slot(try slot(.free)), fullUrl: base + "Slot/1"),
                .init(.schedule(schedule), fullUrl: base + "Schedule/1"),
            ], selfURL: base + "Appointment?_count=1", next: next, total: 2)
    }

    static let outcomes: [OperationOutcome] =
        searchErrors.map(\.outcome)
        + OperationOutcome.Code.allCases.map { OperationOutcome(.init(.error, $0, sentence: "It is so.")) }

    static let searchErrors: [SearchError] = [
        .unknownParameter("zone", known: ["date"]), .modifierNotSupported(.date, "near"),
        .prefixNotSupported(.date, "ap"), .badDate(.date), .badToken(.identifier),
        .unknownCode(.status, known: ["booked"]), .badReference(.patient, targets: [.patient]), .empty(.status),
        .badCount, .repeated("_count"), .notJSON, .badEscape,
    ]

    /// Each sample's name with its bytes.
    static func all() throws -> [(name: String, bytes: [UInt8])] {
        var found: [(String, [UInt8])] = []
        for status in Appointment.Status.allCases {
            found.append(("appointment-\(status.rawValue)", JSON.encode(try appointment(status))))
        }
        for status in [Appointment.Status.proposed, .cancelled, .waitlist] {
            found.append(("appointment-\(status.rawValue)-untimed", JSON.encode(try appointment(status, timed: false))))
        }
        for status in Slot.Status.allCases { found.append(("slot-\(status.rawValue)", JSON.encode(try slot(status)))) }
        found.append(("schedule", JSON.encode(schedule)))
        found.append(("patient", JSON.encode(patient)))
        found.append(("patient-bare", JSON.encode(bare)))
        found.append(("bundle-next", JSON.encode(try bundle(next: "https://practice.example/fhir/x?_cursor=abc"))))
        found.append(("bundle-last", JSON.encode(try bundle(next: nil))))
        found.append(
            (
                "bundle-empty",
                JSON.encode(FHIR.Bundle(searchset: [], selfURL: "https://x.example/a", next: nil, total: 0))
            ))
        for (index, outcome) in outcomes.enumerated() { found.append(("outcome-\(index)", JSON.encode(outcome))) }
        found.append(
            ("metadata", JSON.encode(CapabilityStatement(version: "1", date: start, url: "https://x.example/fhir"))))
        return found
    }
}
