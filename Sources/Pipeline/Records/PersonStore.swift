package import Foundation
package import Postgres
import Practice

/// How persons come into a slice and back: a fixed number of statements, however many persons.
extension PersonSlice {
    /// A person that an identifier names, merges followed.
    package struct Located: Sendable {
        /// Which of the identifiers that were asked for.
        package let index: Int
        package let survivor: UUID
    }

    /// The persons that these identifiers name, held until the commit: others that speak of them wait. They are locked in
    /// the order of their ids. Primary keys.
    package static func lock(_ keys: [Key], in transaction: Transaction) async throws -> [Located] {
        if keys.isEmpty { return [] }
        return try await transaction.query(
            """
            WITH found AS MATERIALIZED (
                SELECT i.n, coalesce(p.survivor, p.id) AS survivor
                FROM unnest(\(keys.map(\.enterprise)), \(keys.map(\.identifier.kind.rawValue)),
                    \(keys.map(\.identifier.authority)), \(keys.map(\.identifier.value)))
                    WITH ORDINALITY AS i (enterprise, kind, authority, value, n)
                CROSS JOIN LATERAL (
                    SELECT x.person_id FROM records.person_alias x
                    WHERE x.enterprise_id = i.enterprise AND x.kind = i.kind AND x.authority = i.authority
                        AND x.value = i.value LIMIT 1
                ) l
                CROSS JOIN LATERAL (
                    SELECT x.id, x.survivor FROM records.person x
                    WHERE x.enterprise_id = i.enterprise AND x.id = l.person_id LIMIT 1
                ) p
            ), locked AS MATERIALIZED (
                SELECT pg_advisory_xact_lock(hashtextextended(s.id::text, 9))::text AS done
                FROM (SELECT DISTINCT f.survivor AS id FROM found f ORDER BY 1) s
            )
            SELECT f.n, f.survivor, (SELECT count(l.done) FROM locked l) FROM found f
            """
        ).map { row in
            let (n, survivor, _) = try row.decode((Int64, UUID, Int64).self)
            return Located(index: Int(n) - 1, survivor: survivor)
        }
    }

    /// As `lock`, without holding anybody.
    package static func locate(_ keys: [Key], in transaction: Transaction) async throws -> [Located] {
        if keys.isEmpty { return [] }
        return try await transaction.query(
            """
            SELECT i.n, coalesce(p.survivor, p.id)
            FROM unnest(\(keys.map(\.enterprise)), \(keys.map(\.identifier.kind.rawValue)),
                \(keys.map(\.identifier.authority)), \(keys.map(\.identifier.value)))
                WITH ORDINALITY AS i (enterprise, kind, authority, value, n)
            JOIN records.person_alias l ON l.enterprise_id = i.enterprise AND l.kind = i.kind
                AND l.authority = i.authority AND l.value = i.value
            JOIN records.person p ON p.enterprise_id = i.enterprise AND p.id = l.person_id
            """
        ).map { row in
            let (n, survivor) = try row.decode((Int64, UUID).self)
            return Located(index: Int(n) - 1, survivor: survivor)
        }
    }

    /// Reads the persons that these identifiers name, with all their identifiers. Primary keys; index
    /// person_alias_by_person.
    package static func loading(_ keys: [Key]) -> SQL {
        """
        SELECT p.enterprise_id, p.id, p.provisional, p.survivor, p.family, p.given, p.birth_date, p.sex, p.phone, p.email,
            p.revision, names.kinds, names.authorities, names.identifiers, names.trusts, names.times
        FROM (
            SELECT DISTINCT i.enterprise, l.person_id
            FROM unnest(\(keys.map(\.enterprise)), \(keys.map(\.identifier.kind.rawValue)),
                \(keys.map(\.identifier.authority)), \(keys.map(\.identifier.value)))
                AS i (enterprise, kind, authority, value)
            CROSS JOIN LATERAL (
                SELECT x.person_id FROM records.person_alias x
                WHERE x.enterprise_id = i.enterprise AND x.kind = i.kind AND x.authority = i.authority
                    AND x.value = i.value LIMIT 1
            ) l
        ) w
        CROSS JOIN LATERAL (
            SELECT x.* FROM records.person x WHERE x.enterprise_id = w.enterprise AND x.id = w.person_id LIMIT 1
        ) p
        CROSS JOIN LATERAL (
            SELECT array_agg(x.kind) AS kinds, array_agg(x.authority) AS authorities, array_agg(x.value) AS identifiers,
                array_agg(x.trust) AS trusts, array_agg(x.first_seen_at) AS times
            FROM records.person_alias x WHERE x.enterprise_id = w.enterprise AND x.person_id = w.person_id
        ) names
        """
    }

    package mutating func put(_ rows: [Row]) throws {
        for row in rows {
            let (
                enterprise, id, isProvisional, survivor, family, given, birthDate, sex, phone, email, revision, kinds,
                authorities, values, trusts, times
            ) = try row.decode(
                (
                    String, UUID, Bool, UUID?, String, String, CalendarDay?, String, String, String, Int64, [String],
                    [String], [String], [Int16], [Date]
                ).self)
            var person = Person(enterprise: enterprise)
            (person.isProvisional, person.survivor, person.revision) = (isProvisional, survivor, revision)
            (person.family, person.given, person.sex) = (family, given, sex)
            (person.phone, person.email) = (phone, email)
            person.birthDate = birthDate.flatMap { Day(year: $0.year, month: $0.month, day: $0.day) }
            for index in kinds.indices {
                guard let kind = Identifier.Kind(rawValue: kinds[index]) else {
                    throw RecordsError.unreadable("person_alias.kind")
                }
                let identifier = Identifier(kind, authority: authorities[index], value: values[index])
                person.identifiers.insert(identifier)
                owners[Key(enterprise, identifier)] = Owner(
                    person: id, trust: trusts[index],
                    rank: Int((times[index].timeIntervalSince1970 * 1_000_000).rounded()))
            }
            persons[id] = person
        }
    }

    /// Whether everybody who was loaded is among those who were locked: somebody else may have become known, or have been
    /// merged, in between.
    package func isHeld(by located: [Located]) -> Bool {
        let locked = Set(located.map(\.survivor))
        return persons.allSatisfy { locked.contains($0.value.survivor ?? $0.key) }
    }

    /// Writes what this batch made of them. The statement fails with a serialization failure where another commit was
    /// first: then the batch is decided anew.
    package func save(in transaction: Transaction) async throws {
        let changed = persons.filter { $0.value.revision == nil || $0.value.isChanged }
            .sorted { $0.key.uuidString < $1.key.uuidString }
        if changed.isEmpty && added.isEmpty { return }
        let all = changed.map(\.value)
        let days = all.map { person in
            person.birthDate.flatMap { CalendarDay(year: $0.year, month: $0.month, day: $0.day) }
        }
        try await transaction.later(
            """
            SELECT records.save_persons(\(all.map(\.enterprise)), \(changed.map(\.key)), \(all.map(\.revision)),
                \(all.map(\.family)), \(all.map(\.given)), \(days), \(all.map(\.sex)), \(all.map(\.phone)),
                \(all.map(\.email)), \(added.map(\.key.enterprise)), \(added.map(\.key.identifier.kind.rawValue)),
                \(added.map(\.key.identifier.authority)), \(added.map(\.key.identifier.value)), \(added.map(\.person)),
                \(added.map(\.trust)))::text
            """)
    }
}
