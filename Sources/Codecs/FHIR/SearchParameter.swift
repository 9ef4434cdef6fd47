/// A search parameter that this server knows: the one table behind searching and the CapabilityStatement.
package enum SearchParameter: String, Hashable, Sendable, CaseIterable {
    case id = "_id"
    case lastUpdated = "_lastUpdated"
    case date, patient, practitioner, location, actor, status, identifier
    case schedule, start
    case family, given, name, birthdate

    /// Those that a resource can be searched by, in the order that people expect.
    package static func known(for type: ResourceType) -> [SearchParameter] {
        switch type {
        case .appointment:
            [.id, .lastUpdated, .date, .patient, .practitioner, .location, .actor, .status, .identifier]
        case .slot: [.id, .lastUpdated, .schedule, .start, .status]
        case .schedule: [.id, .lastUpdated, .actor]
        case .patient: [.id, .lastUpdated, .identifier, .family, .given, .name, .birthdate]
        default: []
        }
    }

    /// FHIR's search parameter types.
    package enum Kind: String, Codable, Sendable { case token, date, reference, string }

    package var kind: Kind {
        switch self {
        case .id, .status, .identifier: .token
        case .lastUpdated, .date, .start, .birthdate: .date
        case .patient, .practitioner, .location, .actor, .schedule: .reference
        case .family, .given, .name: .string
        }
    }

    /// What a reference parameter may refer to; the first is meant when only an id is given and there is no other.
    package func targets(in type: ResourceType) -> [ResourceType] {
        switch self {
        case .patient: [.patient]
        case .practitioner: [.practitioner]
        case .location: [.location]
        case .schedule: [.schedule]
        case .actor:
            type == .schedule
                ? [.practitioner, .location, .device] : [.patient, .practitioner, .location, .device]
        default: []
        }
    }

    func codes(in type: ResourceType) -> (system: String, known: [String])? {
        switch (self, type) {
        case (.status, .appointment): (Systems.appointmentStatus, Appointment.Status.allCases.map(\.rawValue))
        case (.status, .slot): (Systems.slotStatus, Slot.Status.allCases.map(\.rawValue))
        default: nil
        }
    }
}
