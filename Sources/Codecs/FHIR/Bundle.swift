/// One page of a search's results.
package struct Bundle: Resource {
    package static let type = ResourceType.bundle

    package enum Kind: String, Codable, Sendable {
        case document, message, transaction, batch, history, searchset, collection
        case transactionResponse = "transaction-response"
        case batchResponse = "batch-response"
    }

    package struct Link: Codable, Hashable, Sendable {
        package let relation: String
        package let url: String
    }

    package struct Entry: Codable, Hashable, Sendable {
        package struct Search: Codable, Hashable, Sendable {
            package enum Mode: String, Codable, Sendable { case match, include, outcome }
            package let mode: Mode?
        }
        package let fullUrl: String?
        package let resource: Content?
        package let search: Search?

        package init(_ resource: Content, fullUrl: String?, mode: Search.Mode = .match) {
            self.fullUrl = fullUrl
            self.resource = resource
            search = Search(mode: mode)
        }
    }

    private var resourceType = TypeName<Bundle>()
    package let id: String?
    package let meta: Meta?
    package let type: Kind
    package let total: Int?
    package let link: [Link]
    package let entry: [Entry]

    /// `next` is nil on the last page.
    package init(searchset entries: [Entry], selfURL: String, next: String?, total: Int? = nil) {
        id = nil
        meta = nil
        type = .searchset
        self.total = total
        link =
            [Link(relation: "self", url: selfURL)] + (next.map { [Link(relation: "next", url: $0)] } ?? [])
        entry = entries
    }

    /// Where the next page is, as the server wrote it; nil on the last.
    package var next: String? { link.first { $0.relation == "next" }?.url }
}

/// What an entry of a Bundle holds.
package enum Content: Codable, Hashable, Sendable {
    case appointment(Appointment)
    case slot(Slot)
    case schedule(Schedule)
    case patient(Patient)
    case operationOutcome(OperationOutcome)
    /// A resource of another type, or one that is not FHIR R4 as it stands; its bytes are not kept. `at` is where
    /// reading stopped, nil for a type that is not read here. Not written: it encodes as its type and id alone.
    case other(type: String, id: String?, unreadableAt: String?)

    private enum Key: String, CodingKey { case resourceType, id }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        let type = try container.decode(String.self, forKey: .resourceType)
        do {
            switch ResourceType(rawValue: type) {
            case .appointment: self = .appointment(try Appointment(from: decoder))
            case .slot: self = .slot(try Slot(from: decoder))
            case .schedule: self = .schedule(try Schedule(from: decoder))
            case .patient: self = .patient(try Patient(from: decoder))
            case .operationOutcome: self = .operationOutcome(try OperationOutcome(from: decoder))
            default: self = .other(type: type, id: try? container.decode(String.self, forKey: .id), unreadableAt: nil)
            }
        } catch let error as DecodingError {
            let id = try? container.decode(String.self, forKey: .id)
            self = .other(type: type, id: id, unreadableAt: error.elementPath(below: decoder.codingPath.count))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        switch self {
        case .appointment(let resource): try resource.encode(to: encoder)
        case .slot(let resource): try resource.encode(to: encoder)
        case .schedule(let resource): try resource.encode(to: encoder)
        case .patient(let resource): try resource.encode(to: encoder)
        case .operationOutcome(let resource): try resource.encode(to: encoder)
        case .other(let type, let id, _):
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(type, forKey: .resourceType)
            try container.encodeIfPresent(id, forKey: .id)
        }
    }
}
