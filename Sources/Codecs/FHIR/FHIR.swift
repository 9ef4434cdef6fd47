/// FHIR R4 as this product speaks it: the resources that booking apps read (Appointment, Slot, Schedule, Patient), the
/// Bundle of a search with its next link, OperationOutcome, CapabilityStatement, and the search parameters that ask for
/// them.
///
/// Pure: values to JSON and back, query text to criteria. What is built here keeps R4's invariants (app-1 to app-4, both
/// times or none, no empty array or string); what is decoded here is another system's word and may break them. Types
/// share names with Practice and Foundation on purpose (`FHIR.Appointment`, `FHIR.Bundle`): they are FHIR's.
package enum ResourceType: String, Codable, Hashable, Sendable, CaseIterable {
    case appointment = "Appointment"
    case slot = "Slot"
    case schedule = "Schedule"
    case patient = "Patient"
    case practitioner = "Practitioner"
    case location = "Location"
    case device = "Device"
    case bundle = "Bundle"
    case operationOutcome = "OperationOutcome"
    case capabilityStatement = "CapabilityStatement"
}

/// A resource that stands by itself as JSON.
package protocol Resource: Codable, Hashable, Sendable {
    static var type: ResourceType { get }
}

/// The `resourceType` element: writes its owner's type, and refuses to be read from another's.
package struct TypeName<Owner: Resource>: Codable, Hashable, Sendable {
    init() {}

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard try container.decode(String.self) == Owner.type.rawValue else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "another resourceType")
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(Owner.type.rawValue)
    }
}

/// Why a value cannot be said in FHIR, or a text is not FHIR. Elements by their path, never a value.
package enum FHIRError: Error, Hashable, Sendable {
    /// R4 requires the element, given the others.
    case missing(String)
    /// The end is before its start.
    case endsBeforeItsStart(String)
    /// The text is not JSON of that resource; the path is where reading stopped, empty at its root.
    case unreadable(ResourceType, at: String)
}
