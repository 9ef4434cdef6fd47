package import Foundation

package struct Coding: Codable, Hashable, Sendable {
    package let system: String?
    package let code: String?
    package let display: String?

    package init(system: String? = nil, code: String, display: String? = nil) {
        self.system = system?.filled
        self.code = code.filled
        self.display = display?.filled
    }
}

package struct CodeableConcept: Codable, Hashable, Sendable {
    package let coding: [Coding]
    package let text: String?

    /// Nil when there is neither a coding nor a text: FHIR has no empty objects.
    package init?(coding: [Coding] = [], text: String? = nil) {
        self.coding = coding.filter { $0.code != nil || $0.display != nil }
        self.text = text?.filled
        if self.coding.isEmpty && self.text == nil { return nil }
    }

    package init(_ coding: Coding) {
        self.coding = [coding]
        text = nil
    }
}

/// A wire identifier as FHIR carries it.
package struct Identifier: Codable, Hashable, Sendable {
    package let use: String?
    package let system: String?
    package let value: String?

    package init(system: String?, value: String, use: String? = nil) {
        self.use = use?.filled
        self.system = system?.filled
        self.value = value.filled
    }

    /// An identifier of one of our kinds (placer, filler, mrn, ...) in one authority's numbering.
    package init(kind: String, authority: String, value: String) {
        self.init(system: Systems.identifier(kind: kind, authority: authority), value: value)
    }
}

/// The names of the number ranges and code lists that this product gives out itself.
package enum Systems {
    package static let npi = "http://hl7.org/fhir/sid/us-npi"
    package static let participationType = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
    package static let appointmentStatus = "http://hl7.org/fhir/appointmentstatus"
    package static let slotStatus = "http://hl7.org/fhir/slotstatus"
    /// What a program can act on in an OperationOutcome.
    package static let outcome = "urn:pmsync:outcome"
    /// What a person must know about how a record came to be (ambiguous-time, derived, ...), as `meta.tag`.
    package static let flag = "urn:pmsync:flag"
    private static let identifiers = "urn:pmsync:identifier:"

    /// A practice's own code table, as the definitions name it.
    package static func table(_ name: String) -> String { "urn:pmsync:table:" + escaped(name) }

    package static func identifier(kind: String, authority: String) -> String {
        identifiers + escaped(kind) + ":" + escaped(authority)
    }

    /// What `identifier(kind:authority:)` said; nil for anybody else's system.
    package static func identifier(_ system: String) -> (kind: String, authority: String)? {
        guard system.hasPrefix(identifiers) else { return nil }
        let parts = system.dropFirst(identifiers.count).split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let kind = parts[0].removingPercentEncoding,
            let authority = parts[1].removingPercentEncoding, !kind.isEmpty
        else { return nil }
        return (kind, authority)
    }

    /// A uri has no space, and our parts no colon.
    private static func escaped(_ text: String) -> String {
        let plain = CharacterSet.alphanumerics.intersection(CharacterSet(charactersIn: Unicode.Scalar(0)..."\u{7F}"))
        return text.addingPercentEncoding(withAllowedCharacters: plain.union(CharacterSet(charactersIn: "-._"))) ?? ""
    }
}

package struct Reference: Codable, Hashable, Sendable {
    package let reference: String?
    package let identifier: Identifier?
    package let display: String?

    package init(_ type: ResourceType, id: String, identifier: Identifier? = nil, display: String? = nil) {
        reference = "\(type.rawValue)/\(id)"
        self.identifier = identifier
        self.display = display?.filled
    }

    package init(_ type: ResourceType, id: UUID, identifier: Identifier? = nil, display: String? = nil) {
        self.init(type, id: id.fhirID, identifier: identifier, display: display)
    }

    /// The type and id at the end of a relative or absolute reference; nil for any other.
    package var target: (type: String, id: String)? {
        guard let parts = reference?.split(separator: "/"), parts.count >= 2 else { return nil }
        return (String(parts[parts.count - 2]), String(parts[parts.count - 1]))
    }
}

extension UUID {
    /// As FHIR ids are written: lower case.
    package var fhirID: String { uuidString.lowercased() }
}

package struct HumanName: Codable, Hashable, Sendable {
    package let use: String?
    package let text: String?
    package let family: String?
    package let given: [String]

    /// Nil when it is empty.
    package init?(family: String, given: [String] = [], text: String? = nil, use: String? = nil) {
        self.use = use?.filled
        self.text = text?.filled
        self.family = family.filled
        self.given = given.filter { !$0.isEmpty }
        if self.family == nil && self.given.isEmpty && self.text == nil { return nil }
    }
}

package struct ContactPoint: Codable, Hashable, Sendable {
    package enum System: String, Codable, Sendable { case phone, fax, email, pager, url, sms, other }
    package let system: System
    package let value: String
    package let use: String?

    /// Nil when there is no value.
    package init?(_ system: System, value: String, use: String? = nil) {
        guard !value.isEmpty else { return nil }
        self.system = system
        self.value = value
        self.use = use?.filled
    }
}

package struct Period: Codable, Hashable, Sendable {
    package let start: Instant?
    package let end: Instant?

    /// Nil where neither end is known; throws where the end is before the start.
    package init?(start: Instant?, end: Instant?) throws(FHIRError) {
        if let start, let end, end < start { throw .endsBeforeItsStart("Period") }
        if start == nil && end == nil { return nil }
        self.start = start
        self.end = end
    }
}

package struct Meta: Codable, Hashable, Sendable {
    package let versionId: String?
    package let lastUpdated: Instant?
    package let source: String?
    package let tag: [Coding]

    package init(version: Int, lastUpdated: Instant, source: String? = nil, tag: [Coding] = []) {
        versionId = String(version)
        self.lastUpdated = lastUpdated
        self.source = source?.filled
        self.tag = tag
    }

    init(versionId: String?, lastUpdated: Instant?, source: String?, tag: [Coding]) {
        self.versionId = versionId
        self.lastUpdated = lastUpdated
        self.source = source
        self.tag = tag
    }
}

/// An extension with one of the value types that are used here.
package struct Extension: Codable, Hashable, Sendable {
    package let url: String
    package private(set) var valueBoolean: Bool?
    package private(set) var valueCode: String?
    package private(set) var valueString: String?
    package private(set) var valueReference: Reference?

    package init(url: String, _ value: Bool) {
        self.url = url
        valueBoolean = value
    }

    package init(url: String, _ value: Reference) {
        self.url = url
        valueReference = value
    }

    package init(url: String, code: String) {
        self.url = url
        valueCode = code
    }

    /// R5's `Appointment.replaces`, said in R4.
    package static func replaces(_ appointment: UUID) -> Extension {
        Extension(
            url: "http://hl7.org/fhir/5.0/StructureDefinition/extension-Appointment.replaces",
            Reference(.appointment, id: appointment))
    }

    /// The PM booked over a taken time on purpose.
    package static let overbooked = Extension(url: "urn:pmsync:extension:overbooked", true)
}
