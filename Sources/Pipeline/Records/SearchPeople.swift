package import Foundation
package import Postgres
package import Practice

package enum PersonCriterion: Sendable {
    case ids([UUID])
    case changed([InstantRange])
    case identifiers([IdentifierMatch])
    case family([NameMatch])
    case given([NameMatch])
    /// Any part of the name.
    case name([NameMatch])
    case born([DayRange])
}

/// A person that a practice has appointments of.
package struct FoundPerson: Sendable {
    package let id: UUID
    /// The person that this one was merged into; nil for one that stands.
    package let survivor: UUID?
    package let family: String
    package let given: String
    package let birthDate: CalendarDay?
    /// As the PM wrote it.
    package let sex: String
    package let phone: String
    package let email: String
    /// When the person or what it is called last changed.
    package let changedAt: Date
    package internal(set) var identifiers: [Practice.Identifier] = []

    init(row: Row) throws {
        (id, survivor, family, given, birthDate, sex, phone, email, changedAt) = try row.decode(
            (UUID, UUID?, String, String, CalendarDay?, String, String, String, Date).self)
    }
}

/// Persons as one practice may see them: those that it has appointments of, directly or under a merged record.
package enum People {
    /// People that stand, in the order of ids. One that was merged is found as its survivor.
    package static func search(
        _ criteria: [PersonCriterion], practice: String, page: Page, in transaction: Transaction
    ) async throws -> Found<FoundPerson> {
        let conditions = try await conditions(criteria, practice, transaction)
        let rows = try await transaction.query(
            """
            SELECT \(fragment: columns) FROM records.person p
            WHERE p.survivor IS NULL AND \(fragment: conditions) AND \(fragment: .after("p.id", page))
            ORDER BY p.id LIMIT \(Int64(page.limit) + 1)
            """)
        let found = Found(try rows.map(FoundPerson.init(row:)), page)
        return Found(try await complete(found.records, practice, transaction), hasMore: found.hasMore)
    }

    package static func count(
        _ criteria: [PersonCriterion], practice: String, in transaction: Transaction
    ) async throws -> Int {
        let conditions = try await conditions(criteria, practice, transaction)
        return try await transaction.count(
            "SELECT count(*) FROM records.person p WHERE p.survivor IS NULL AND \(fragment: conditions)")
    }

    /// One person, merged or standing; nil where the practice has no appointment of it.
    package static func read(
        _ id: UUID, practice: String, in transaction: Transaction
    ) async throws -> FoundPerson? {
        let rows = try await transaction.query(
            """
            SELECT \(fragment: columns) FROM records.person p
            WHERE p.id = \(id) AND \(fragment: isOf(practice, "coalesce(p.survivor, p.id)"))
            """)
        return try await complete(try rows.map(FoundPerson.init(row:)), practice, transaction).first
    }

    /// These people and all whom merges have made one with them.
    static func mergedWith(
        _ ids: [UUID], practice: String, in transaction: Transaction
    ) async throws -> [UUID] {
        if ids.isEmpty { return [] }
        let roots = try await roots(of: ids, practice, transaction)
        let rows = try await transaction.query(
            """
            SELECT p.id FROM records.person p
            WHERE p.enterprise_id = \(fragment: enterprise(of: practice))
                AND (p.id = ANY (\(roots)) OR p.survivor = ANY (\(roots)))
            """)
        return try rows.map { try $0.decode(UUID.self) }
    }

    private static func roots(
        of ids: [UUID], _ practice: String, _ transaction: Transaction
    ) async throws -> [UUID] {
        let rows = try await transaction.query(
            """
            SELECT DISTINCT coalesce(p.survivor, p.id) FROM records.person p
            WHERE p.enterprise_id = \(fragment: enterprise(of: practice)) AND p.id = ANY (\(ids))
            """)
        return try rows.map { try $0.decode(UUID.self) }
    }

    // MARK: Statements

    private static func enterprise(of practice: String) -> SQL {
        "(SELECT e.enterprise_id FROM records.practice e WHERE e.practice_id = \(practice))"
    }

    private static let columns: SQL = """
        p.id, p.survivor, p.family, p.given, p.birth_date, p.sex, p.phone, p.email,
        greatest(p.changed_at, (SELECT max(l.first_seen_at) FROM records.person_alias l
            WHERE l.enterprise_id = p.enterprise_id AND l.person_id = p.id))
        """

    /// Index appointment_by_person, for the standing person and for those merged into it (person_by_survivor).
    private static func isOf(_ practice: String, _ standing: SQL) -> SQL {
        """
        p.enterprise_id = \(fragment: enterprise(of: practice)) AND (
            EXISTS (SELECT FROM records.appointment a
                WHERE a.practice_id = \(practice) AND a.person_id = \(fragment: standing))
            OR EXISTS (SELECT FROM records.person m
                JOIN records.appointment a ON a.practice_id = \(practice) AND a.person_id = m.id
                WHERE m.enterprise_id = p.enterprise_id AND m.survivor = \(fragment: standing)))
        """
    }

    private static func conditions(
        _ criteria: [PersonCriterion], _ practice: String, _ transaction: Transaction
    ) async throws -> SQL {
        var conditions = [isOf(practice, "p.id")]
        for criterion in criteria {
            if case .ids(let ids) = criterion {
                conditions.append("p.id = ANY (\(try await roots(of: ids, practice, transaction)))")
            } else {
                conditions.append(condition(criterion))
            }
        }
        return .all(conditions)
    }

    private static func condition(_ criterion: PersonCriterion) -> SQL {
        switch criterion {
        case .ids: preconditionFailure("Ids are resolved to those that stand first.")
        case .changed(let ranges):
            .instants(
                """
                greatest(p.changed_at, (SELECT max(l.first_seen_at) FROM records.person_alias l
                    WHERE l.enterprise_id = p.enterprise_id AND l.person_id = p.id))
                """, ranges)
        case .identifiers(let matches):
            """
            p.id IN (SELECT coalesce(m.survivor, m.id) FROM records.person_alias l
                JOIN records.person m ON m.enterprise_id = l.enterprise_id AND m.id = l.person_id
                WHERE l.enterprise_id = p.enterprise_id AND \(fragment: .identifiers(matches)))
            """
        case .family(let matches): .name(["p.family"], matches)
        case .given(let matches): .name(["p.given"], matches)
        case .name(let matches): .name(["p.family", "p.given"], matches)
        case .born(let ranges): .days("p.birth_date", ranges)
        }
    }

    /// Adds what each is called: a standing person by all that was merged into it too.
    private static func complete(
        _ people: [FoundPerson], _ practice: String, _ transaction: Transaction
    ) async throws -> [FoundPerson] {
        if people.isEmpty { return [] }
        let ids = people.map(\.id)
        var identifiers: [UUID: [Practice.Identifier]] = [:]
        for row in try await transaction.query(
            """
            SELECT o.id, l.kind, l.authority, l.value
            FROM unnest(\(ids)) AS o (id)
            JOIN records.person m ON m.enterprise_id = \(fragment: enterprise(of: practice))
                AND (m.id = o.id OR m.survivor = o.id)
            JOIN records.person_alias l ON l.enterprise_id = m.enterprise_id AND l.person_id = m.id
                AND l.kind <> 'natural'
            ORDER BY l.trust DESC, l.kind, l.authority, l.value
            """)
        {
            let (id, kind, authority, value) = try row.decode((UUID, String, String, String).self)
            guard let kind = Practice.Identifier.Kind(rawValue: kind) else { continue }
            identifiers[id, default: []].append(Practice.Identifier(kind, authority: authority, value: value))
        }
        return people.map { person in
            var whole = person
            whole.identifiers = identifiers[person.id] ?? []
            return whole
        }
    }
}
