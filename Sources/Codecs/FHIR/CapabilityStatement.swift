/// What this server can do, for `/fhir/metadata`: read and search of the resources that `SearchParameter` knows.
package struct CapabilityStatement: Resource {
    package static let type = ResourceType.capabilityStatement

    package struct Software: Codable, Hashable, Sendable {
        package let name: String
        package let version: String?
    }

    package struct Implementation: Codable, Hashable, Sendable {
        package let description: String
        package let url: String?
    }

    package struct Rest: Codable, Hashable, Sendable {
        package let mode: String
        package let documentation: String?
        package let security: Security
        package let resource: [Served]
    }

    package struct Security: Codable, Hashable, Sendable {
        package let description: String
    }

    package struct Served: Codable, Hashable, Sendable {
        package struct Interaction: Codable, Hashable, Sendable { package let code: String }
        package struct Parameter: Codable, Hashable, Sendable {
            package let name: String
            package let type: SearchParameter.Kind
        }
        package let type: ResourceType
        package let interaction: [Interaction]
        package let versioning: String
        package let readHistory: Bool
        package let searchParam: [Parameter]
    }

    private var resourceType = TypeName<CapabilityStatement>()
    package let status: String
    package let date: Instant
    package let kind: String
    package let software: Software
    package let implementation: Implementation
    package let fhirVersion: String
    package let format: [String]
    package let rest: [Rest]

    package static let served: [ResourceType] = [.appointment, .slot, .schedule, .patient]

    /// `date` is when this statement last changed: the build's, or the program's start.
    package init(version: String, date: Instant, url: String?) {
        status = "active"
        self.date = date
        kind = "instance"
        software = Software(name: "pmsync", version: version.filled)
        implementation = Implementation(
            description: "Appointments, slots and patients of one practice, as its practice-management system has them",
            url: url?.filled)
        fhirVersion = "4.0.1"
        format = ["application/fhir+json", "json"]
        rest = [
            Rest(
                mode: "server",
                documentation: "Search is strict: an unknown parameter is an error that names the known ones. "
                    + "Follow the link next from page to page.",
                security: Security(description: "Authorization: Bearer KEY. One key sees one practice."),
                resource: CapabilityStatement.served.map(Served.init(of:)))
        ]
    }
}

extension CapabilityStatement.Served {
    init(of type: ResourceType) {
        self.type = type
        interaction = [Interaction(code: "read"), Interaction(code: "search-type")]
        versioning = "versioned"
        readHistory = false
        searchParam = SearchParameter.known(for: type).map { Parameter(name: $0.rawValue, type: $0.kind) }
    }
}
