package struct Patient: Resource {
    package static let type = ResourceType.patient

    package enum Gender: String, Codable, Sendable, CaseIterable {
        case male, female, other, unknown

        /// HL7 table 0001: F, M, A, O, N, U; nil when nothing was said.
        package init?(administrativeSex: String) {
            switch administrativeSex.uppercased() {
            case "": return nil
            case "M", "MALE": self = .male
            case "F", "FEMALE": self = .female
            case "A", "N", "O", "X": self = .other
            default: self = .unknown
            }
        }
    }

    package struct Link: Codable, Hashable, Sendable {
        package enum Kind: String, Codable, Sendable {
            case replacedBy = "replaced-by"
            case replaces, refer, seealso
        }
        package let other: Reference
        package let type: Kind

        package init(_ other: Reference, type: Kind) {
            self.other = other
            self.type = type
        }
    }

    private var resourceType = TypeName<Patient>()
    package let id: String?
    package let meta: Meta?
    package let identifier: [Identifier]
    package let active: Bool?
    package let name: [HumanName]
    package let telecom: [ContactPoint]
    package let gender: Gender?
    package let birthDate: CalendarDate?
    package let link: [Link]

    package init(
        id: String, meta: Meta, identifiers: [Identifier] = [], active: Bool? = nil, names: [HumanName] = [],
        telecom: [ContactPoint] = [], gender: Gender? = nil, birthDate: CalendarDate? = nil, links: [Link] = []
    ) {
        self.id = id.filled
        self.meta = meta
        identifier = identifiers
        self.active = active
        name = names
        self.telecom = telecom
        self.gender = gender
        self.birthDate = birthDate
        link = links
    }
}
