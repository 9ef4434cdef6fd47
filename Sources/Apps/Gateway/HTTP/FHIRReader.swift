import FHIR
import Foundation
import HTTPTypes
import Hummingbird
import Postgres
import Records

/// Reads one practice's records as FHIR. Each request is one transaction that may see that practice and nothing else,
/// whatever the statements in it say.
struct FHIRReader: Sendable {
    let pool: Pool
    let address: PublicAddress

    static let pageSize = 50
    static let largestPage = 200

    // MARK: One record

    func read(_ type: ResourceType, _ request: Request, _ context: GatewayContext, _ client: APIClient) async throws
        -> Response
    {
        try Self.checkAccept(request)
        guard let id = context.parameters.get("id").flatMap(UUID.init(uuidString:)) else { throw Problem.notFound }
        let (resource, version) = try await seeing(client) { transaction, mapping in
            try await one(type, id, mapping, client.practice, transaction)
        }
        let tag = "W/\"\(version)\""
        if let known = request.headers[.ifNoneMatch], Self.matches(known, tag) {
            return Response(status: .notModified, headers: [.eTag: tag, .cacheControl: "private, no-cache"])
        }
        return .bytes(
            .ok, resource, type: "application/fhir+json; charset=utf-8", headers: [.eTag: tag])
    }

    private func one(
        _ type: ResourceType, _ id: UUID, _ mapping: FHIRMapping, _ practice: String, _ transaction: Transaction
    ) async throws -> ([UInt8], Int) {
        let page = Page(limit: 1)
        switch type {
        case .appointment:
            let found = try await Appointments.search(
                [.ids([id])], practice: practice, page: page, includingUnshown: true, in: transaction)
            guard let record = found.records.first else { throw Problem.notFound }
            guard record.canBeShown else { throw Problem.gone }
            return (JSON.encode(try mapping.appointment(record)), Int(record.version))
        case .slot:
            let found = try await Slots.search([.ids([id])], practice: practice, page: page, in: transaction)
            guard let record = found.records.first else { throw Problem.notFound }
            return (JSON.encode(try mapping.slot(record)), Int(record.version))
        case .schedule:
            let found = try await Resources.search([.ids([id])], practice: practice, page: page, in: transaction)
            guard let record = found.records.first else { throw Problem.notFound }
            return (JSON.encode(mapping.schedule(record)), FHIRMapping.version(record.changedAt))
        case .patient:
            guard let record = try await People.read(id, practice: practice, in: transaction) else {
                throw Problem.notFound
            }
            return (JSON.encode(mapping.patient(record)), FHIRMapping.version(record.changedAt))
        default: throw Problem.noSuchRoute
        }
    }

    // MARK: Many

    func search(_ type: ResourceType, _ request: Request, _ client: APIClient) async throws -> Response {
        try Self.checkAccept(request)
        let base = try address.base(of: request) + "/fhir/"
        let bundle = try await seeing(client) { transaction, mapping in
            let query = try SearchQuery(type, query: request.uri.query ?? "", zone: mapping.zone)
            let own = base + query.url(cursor: query.cursor)
            if query.count == 0 {
                let total = try await count(query, client.practice, transaction)
                return Bundle(searchset: [], selfURL: own, next: nil, total: total)
            }
            let page = Page(
                after: try query.cursor.map(Cursor.id), limit: min(query.count ?? Self.pageSize, Self.largestPage))
            let (contents, last) = try await many(query, page, mapping, client.practice, transaction)
            return Bundle(
                searchset: contents.map {
                    Bundle.Entry($0.content, fullUrl: "\(base)\(type.rawValue)/\($0.id.fhirID)")
                },
                selfURL: own, next: last.map { base + query.url(cursor: Cursor.text(after: $0)) })
        }
        return .fhir(.ok, bundle)
    }

    /// The page's resources, and the last one's id where there is a page after it.
    private func many(
        _ query: SearchQuery, _ page: Page, _ mapping: FHIRMapping, _ practice: String, _ transaction: Transaction
    ) async throws -> (contents: [(id: UUID, content: Content)], last: UUID?) {
        switch query.type {
        case .appointment:
            let found = try await Appointments.search(
                query.appointmentCriteria, practice: practice, page: page, in: transaction)
            return (
                try found.records.map { ($0.id, .appointment(try mapping.appointment($0))) }, found.last { $0.id }
            )
        case .slot:
            let found = try await Slots.search(query.slotCriteria, practice: practice, page: page, in: transaction)
            return (try found.records.map { ($0.id, .slot(try mapping.slot($0))) }, found.last { $0.id })
        case .schedule:
            let found = try await Resources.search(
                query.scheduleCriteria, practice: practice, page: page, in: transaction)
            return (found.records.map { ($0.id, .schedule(mapping.schedule($0))) }, found.last { $0.id })
        case .patient:
            let found = try await People.search(query.personCriteria, practice: practice, page: page, in: transaction)
            return (found.records.map { ($0.id, .patient(mapping.patient($0))) }, found.last { $0.id })
        default: throw Problem.noSuchRoute
        }
    }

    private func count(_ query: SearchQuery, _ practice: String, _ transaction: Transaction) async throws -> Int {
        switch query.type {
        case .appointment:
            try await Appointments.count(query.appointmentCriteria, practice: practice, in: transaction)
        case .slot: try await Slots.count(query.slotCriteria, practice: practice, in: transaction)
        case .schedule: try await Resources.count(query.scheduleCriteria, practice: practice, in: transaction)
        case .patient: try await People.count(query.personCriteria, practice: practice, in: transaction)
        default: throw Problem.noSuchRoute
        }
    }

    // MARK: Steps that both share

    private func seeing<Value: Sendable>(
        _ client: APIClient, _ body: (Transaction, FHIRMapping) async throws -> Value
    ) async throws -> Value {
        try await pool.transaction { transaction in
            try await transaction.see(practice: client.practice)
            guard let practice = try await FoundPractice.read(client.practice, in: transaction) else {
                throw Problem.notFound
            }
            return try await body(transaction, FHIRMapping(practice: client.practice, zone: practice.zone))
        }
    }

    static func checkAccept(_ request: Request) throws {
        guard let accept = request.headers[.accept] else { return }
        let isServed = accept.split(separator: ",").contains { part in
            let type = part.split(separator: ";").first?.trimmingCharacters(in: .whitespaces).lowercased() ?? ""
            return ["application/fhir+json", "application/json", "application/*", "*/*"].contains(type)
        }
        if !isServed { throw Problem.notAcceptable }
    }

    /// If-None-Match is a list, or a star; tags are compared weakly (RFC 9110, 13.1.2).
    private static func matches(_ header: String, _ tag: String) -> Bool {
        header.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
            .contains { $0 == "*" || $0 == tag || "W/" + $0 == tag }
    }
}

extension Found {
    fileprivate func last(_ id: (Record) -> UUID) -> UUID? {
        hasMore ? records.last.map(id) : nil
    }
}
