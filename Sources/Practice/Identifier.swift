/// A name that another system gives a person, an appointment or a visit: which kind, in whose numbering, which value.
package struct Identifier: Hashable, Codable, Sendable {
    package enum Kind: String, Codable, Sendable, CaseIterable {
        /// SCH-1: the id of whoever asked for the appointment.
        case placer
        /// SCH-2: the id of the system that keeps the schedule.
        case filler
        /// PV1-19 or PV1-50: the visit, made at check-in by NextGen.
        case visit
        /// The id that a booking app gave.
        case booking
        /// PID-3 of type MR: the chart number in one practice.
        case mrn
        /// NextGen's person GUID (PID-4).
        case person
        /// A person's number in one system without a type (PID-2, PID-3 without one).
        case local
        /// A mark of name and birth date, of a person who came without any number; never shown to others.
        case natural
    }

    package let kind: Kind
    package let authority: String
    package let value: String

    package init(_ kind: Kind, authority: String, value: String) {
        self.kind = kind
        self.authority = authority
        self.value = value
    }
}

/// An identifier with the trust that its feed's profile gives it (0 to 100; more is believed over less).
package struct Alias: Hashable, Codable, Sendable {
    package let identifier: Identifier
    package let trust: Int16

    package init(_ identifier: Identifier, trust: Int16) {
        self.identifier = identifier
        self.trust = trust
    }
}
