package import Foundation
package import Postgres
package import Practice

/// A practitioner, place or device, with the calendar that FHIR calls a Schedule: they share their id.
package struct FoundResource: Sendable {
    package let id: UUID
    package let kind: ResourceUse.Kind
    package let code: String
    package let name: String
    package let npi: String
    package let changedAt: Date

    init(id: UUID, kind: String, code: String, name: String, npi: String, changedAt: Date) throws {
        guard let known = ResourceUse.Kind(rawValue: kind) else { throw RecordsError.unreadable("resource.kind") }
        self.id = id
        self.kind = known
        self.code = code
        self.name = name
        self.npi = npi
        self.changedAt = changedAt
    }
}

package enum ResourceCriterion: Sendable {
    case ids([UUID])
    case changed([InstantRange])
    case kind(ResourceUse.Kind)
    case either([[ResourceCriterion]])
}

extension Resources {
    package static func search(
        _ criteria: [ResourceCriterion], practice: String, page: Page, in transaction: Transaction
    ) async throws -> Found<FoundResource> {
        let rows = try await transaction.query(
            """
            SELECT r.id, r.kind, r.code, r.name, r.npi, r.changed_at FROM records.resource r
            WHERE r.practice_id = \(practice) AND \(fragment: .all(criteria.map(condition)))
                AND \(fragment: .after("r.id", page))
            ORDER BY r.id LIMIT \(Int64(page.limit) + 1)
            """)
        return Found(
            try rows.map { row in
                let (id, kind, code, name, npi, changed) = try row.decode(
                    (UUID, String, String, String, String, Date).self)
                return try FoundResource(id: id, kind: kind, code: code, name: name, npi: npi, changedAt: changed)
            }, page)
    }

    package static func count(
        _ criteria: [ResourceCriterion], practice: String, in transaction: Transaction
    ) async throws -> Int {
        try await transaction.count(
            """
            SELECT count(*) FROM records.resource r
            WHERE r.practice_id = \(practice) AND \(fragment: .all(criteria.map(condition)))
            """)
    }

    private static func condition(_ criterion: ResourceCriterion) -> SQL {
        switch criterion {
        case .ids(let ids): "r.id = ANY (\(ids))"
        case .changed(let ranges): .instants("r.changed_at", ranges)
        case .kind(let kind): "r.kind = \(kind.rawValue)"
        case .either(let alternatives): .any(alternatives.map { .all($0.map(condition)) })
        }
    }
}

/// A stretch of a resource's day that the PM has spoken of.
package struct FoundSlot: Sendable {
    package let id: UUID
    package let resource: UUID
    package let start: Date
    package let end: Date
    /// FHIR's word.
    package let status: String
    package let version: Int32
    package let changedAt: Date
}

package enum SlotCriterion: Sendable {
    case ids([UUID])
    case changed([InstantRange])
    case starting([InstantRange])
    case statuses([String])
    case resources([UUID])
}

package enum Slots {
    package static func search(
        _ criteria: [SlotCriterion], practice: String, page: Page, in transaction: Transaction
    ) async throws -> Found<FoundSlot> {
        let rows = try await transaction.query(
            """
            SELECT s.id, s.resource_id, lower(s.during), upper(s.during), s.status, s.version, s.changed_at
            FROM records.slot s
            WHERE s.practice_id = \(practice) AND \(fragment: .all(criteria.map(condition)))
                AND \(fragment: .after("s.id", page))
            ORDER BY s.id LIMIT \(Int64(page.limit) + 1)
            """)
        return Found(
            try rows.map { row in
                let (id, resource, start, end, status, version, changed) = try row.decode(
                    (UUID, UUID, Date, Date, String, Int32, Date).self)
                return FoundSlot(
                    id: id, resource: resource, start: start, end: end, status: status, version: version,
                    changedAt: changed)
            }, page)
    }

    package static func count(
        _ criteria: [SlotCriterion], practice: String, in transaction: Transaction
    ) async throws -> Int {
        try await transaction.count(
            """
            SELECT count(*) FROM records.slot s
            WHERE s.practice_id = \(practice) AND \(fragment: .all(criteria.map(condition)))
            """)
    }

    private static func condition(_ criterion: SlotCriterion) -> SQL {
        switch criterion {
        case .ids(let ids): "s.id = ANY (\(ids))"
        case .changed(let ranges): .instants("s.changed_at", ranges)
        case .starting(let ranges): .instants("lower(s.during)", ranges)
        case .statuses(let statuses): "s.status = ANY (\(statuses))"
        case .resources(let ids): "s.resource_id = ANY (\(ids))"
        }
    }
}
