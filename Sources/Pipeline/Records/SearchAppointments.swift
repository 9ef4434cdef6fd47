package import Foundation
package import Postgres
package import Practice

package enum AppointmentCriterion: Sendable {
    case ids([UUID])
    case changed([InstantRange])
    case starting([InstantRange])
    case statuses([String])
    case identifiers([IdentifierMatch])
    /// Of any of these people, or of whom they were merged with.
    case persons([UUID])
    /// Taking any of these; of one kind where it is given.
    case resources([UUID], kind: ResourceUse.Kind?)
    /// Any of several kinds of participants: people or resources.
    case either([AppointmentCriterion])
}

/// An appointment as a booking app sees it.
package struct FoundAppointment: Sendable {
    package let id: UUID
    package let version: Int32
    package let status: AppointmentStatus
    package let start: Date?
    package let end: Date?
    /// The person that lookups resolve to: the survivor where there was a merge.
    package let person: UUID?
    package let type: Coded
    package let category: Coded
    package let reason: String
    package let cancelReason: String
    package let overbooked: Bool
    package let replaces: UUID?
    package let flags: [String]
    package let changedAt: Date
    package internal(set) var identifiers: [Practice.Identifier] = []
    package internal(set) var resources: [FoundResource] = []

    /// FHIR asks for times in all but a few states; what has none (a deletion that came before its booking) is on record
    /// but cannot be shown.
    package var canBeShown: Bool { start != nil || Self.timeless.contains(status) }

    static let timeless: [AppointmentStatus] = [.proposed, .cancelled, .waitlist]

    init(row: Row) throws {
        let status: String
        let typeCode: String
        let typeText: String
        let categoryCode: String
        let categoryText: String
        (
            id, version, status, start, end, person, typeCode, typeText, categoryCode, categoryText, reason,
            cancelReason,
            overbooked, replaces, flags, changedAt
        ) = try row.decode(
            (
                UUID, Int32, String, Date?, Date?, UUID?, String, String, String, String, String, String, Bool, UUID?,
                [String], Date
            ).self)
        guard let known = AppointmentStatus(rawValue: status) else {
            throw RecordsError.unreadable("appointment.status")
        }
        self.status = known
        type = Coded(code: typeCode, text: typeText)
        category = Coded(code: categoryCode, text: categoryText)
    }
}

extension Appointments {
    /// One page in the order of ids, or the one of an id by `.ids`. `includingUnshown` also gives what FHIR cannot carry.
    package static func search(
        _ criteria: [AppointmentCriterion], practice: String, page: Page, includingUnshown: Bool = false,
        in transaction: Transaction
    ) async throws -> Found<FoundAppointment> {
        let conditions = try await conditions(criteria, practice, includingUnshown, transaction)
        let sql: SQL = """
            SELECT a.id, a.version, a.status, a.start_at, a.end_at, coalesce(p.survivor, a.person_id), a.type_code,
                a.type_text, a.category_code, a.category_text, a.reason_text, a.cancel_reason, a.overbooked, a.replaces, a.flags, a.changed_at
            FROM records.appointment a
            LEFT JOIN records.person p ON p.enterprise_id = a.enterprise_id AND p.id = a.person_id
            WHERE \(fragment: conditions) AND \(fragment: .after("a.id", page))
            ORDER BY a.id LIMIT \(Int64(page.limit) + 1)
            """
        var found = Found(try await transaction.query(sql).map(FoundAppointment.init(row:)), page)
        found = Found(try await complete(found.records, practice, transaction), hasMore: found.hasMore)
        return found
    }

    package static func count(
        _ criteria: [AppointmentCriterion], practice: String, in transaction: Transaction
    ) async throws -> Int {
        let conditions = try await conditions(criteria, practice, false, transaction)
        return try await transaction.count("SELECT count(*) FROM records.appointment a WHERE \(fragment: conditions)")
    }

    private static func conditions(
        _ criteria: [AppointmentCriterion], _ practice: String, _ includingUnshown: Bool, _ transaction: Transaction
    ) async throws -> SQL {
        var conditions: [SQL] = ["a.practice_id = \(practice)"]
        if !includingUnshown {
            let timeless = FoundAppointment.timeless.map(\.rawValue)
            conditions.append("(a.start_at IS NOT NULL OR a.status = ANY (\(timeless)))")
        }
        for criterion in criteria { conditions.append(try await condition(criterion, practice, transaction)) }
        return .all(conditions)
    }

    /// People are resolved beforehand, so that the index appointment_by_person serves.
    private static func condition(
        _ criterion: AppointmentCriterion, _ practice: String, _ transaction: Transaction
    ) async throws -> SQL {
        switch criterion {
        case .ids(let ids): return "a.id = ANY (\(ids))"
        case .changed(let ranges): return .instants("a.changed_at", ranges)
        case .starting(let ranges): return .instants("a.start_at", ranges)
        case .statuses(let statuses): return "a.status = ANY (\(statuses))"
        case .identifiers(let matches):
            return """
                a.id IN (SELECT l.appointment_id FROM records.appointment_alias l
                    WHERE l.practice_id = \(practice) AND \(fragment: .identifiers(matches)))
                """
        case .persons(let ids):
            let all = try await People.mergedWith(ids, practice: practice, in: transaction)
            return "a.person_id = ANY (\(all))"
        case .resources(let ids, let kind):
            return """
                a.id IN (SELECT u.appointment_id FROM records.appointment_resource u
                    JOIN records.resource r ON r.practice_id = u.practice_id AND r.id = u.resource_id
                    WHERE u.practice_id = \(practice) AND u.resource_id = ANY (\(ids))
                        AND r.kind = coalesce(\(kind?.rawValue), r.kind))
                """
        case .either(let alternatives):
            var parts: [SQL] = []
            for alternative in alternatives { parts.append(try await condition(alternative, practice, transaction)) }
            return .any(parts)
        }
    }

    /// Adds identifiers and resources, by the indexes on their appointment.
    private static func complete(
        _ appointments: [FoundAppointment], _ practice: String, _ transaction: Transaction
    ) async throws -> [FoundAppointment] {
        if appointments.isEmpty { return [] }
        let ids = appointments.map(\.id)
        var identifiers: [UUID: [Practice.Identifier]] = [:]
        for row in try await transaction.query(
            """
            SELECT appointment_id, kind, authority, value FROM records.appointment_alias
            WHERE practice_id = \(practice) AND appointment_id = ANY (\(ids)) ORDER BY trust DESC, kind, authority, value
            """)
        {
            let (id, kind, authority, value) = try row.decode((UUID, String, String, String).self)
            guard let kind = Practice.Identifier.Kind(rawValue: kind) else { continue }
            identifiers[id, default: []].append(Practice.Identifier(kind, authority: authority, value: value))
        }
        var resources: [UUID: [FoundResource]] = [:]
        for row in try await transaction.query(
            """
            SELECT u.appointment_id, r.id, r.kind, r.code, coalesce(nullif(u.name, ''), r.name),
                coalesce(nullif(u.npi, ''), r.npi), r.changed_at
            FROM records.appointment_resource u
            JOIN records.resource r ON r.practice_id = u.practice_id AND r.id = u.resource_id
            WHERE u.practice_id = \(practice) AND u.appointment_id = ANY (\(ids)) ORDER BY r.kind DESC, r.code
            """)
        {
            let (id, resource, kind, code, name, npi, changed) = try row.decode(
                (UUID, UUID, String, String, String, String, Date).self)
            resources[id, default: []].append(
                try FoundResource(id: resource, kind: kind, code: code, name: name, npi: npi, changedAt: changed))
        }
        return appointments.map { appointment in
            var whole = appointment
            whole.identifiers = identifiers[appointment.id] ?? []
            whole.resources = resources[appointment.id] ?? []
            return whole
        }
    }
}

extension Found {
    init(_ records: [Record], hasMore: Bool) {
        self.records = records
        self.hasMore = hasMore
    }
}

extension Transaction {
    func count(_ sql: SQL) async throws -> Int {
        guard let row = try await query(sql).first else { throw RecordsError.unreadable("count") }
        return try row.decode(Int.self)
    }
}
