package import Foundation
package import Postgres
package import Practice

/// What a message says of a person. Empty: it did not say.
package struct PersonSighting: Sendable {
    package var aliases: [Alias]
    /// The mark of name and birth date, where the aliases are numbers: somebody who came without any before, and has none
    /// yet, is this person.
    package var natural: Alias?
    package var family = ""
    package var given = ""
    package var birthDate: CalendarDay?
    package var sex = ""
    package var phone = ""
    package var email = ""

    package init(aliases: [Alias]) {
        self.aliases = aliases
    }

    /// Finds the person, or makes a provisional one; adds aliases that are new and fills blanks. Others that
    /// speak of the person wait until the commit. Safe to repeat.
    package func record(enterprise: String, in transaction: Transaction) async throws -> UUID {
        let (kinds, authorities) = (aliases.map(\.identifier.kind.rawValue), aliases.map(\.identifier.authority))
        let (values, trusts) = (aliases.map(\.identifier.value), aliases.map(\.trust))
        let sql: SQL =
            if let natural {
                // In the same round trip; most people are found to have no such mark by one look at an index.
                """
                SELECT records.held_person(\(enterprise), \(kinds) || u.kind, \(authorities) || u.authority,
                    \(values) || u.value, \(trusts) || u.trust, \(family), \(given), \(birthDate), \(sex), \(phone),
                    \(email))
                FROM (
                    SELECT array_agg(n.kind) AS kind, array_agg(n.authority) AS authority, array_agg(n.value) AS value,
                        array_agg(n.trust) AS trust
                    FROM (\(fragment: unnumbered(natural, enterprise))) n
                ) u
                """
            } else {
                """
                SELECT records.held_person(\(enterprise), \(kinds), \(authorities), \(values), \(trusts), \(family),
                    \(given), \(birthDate), \(sex), \(phone), \(email))
                """
            }
        guard let row = try await transaction.query(sql).first else { throw RecordsError.unreadable("seen_person") }
        return try row.decode(UUID.self)
    }

    /// The mark, where somebody who has no number bears it and nobody on record has one of the numbers said. Primary key of
    /// the aliases; index person_alias_by_person.
    private func unnumbered(_ natural: Alias, _ enterprise: String) -> SQL {
        """
        SELECT n.kind, n.authority, n.value, n.trust FROM records.person_alias n
        WHERE n.enterprise_id = \(enterprise) AND n.kind = \(natural.identifier.kind.rawValue)
            AND n.authority = \(natural.identifier.authority) AND n.value = \(natural.identifier.value)
            AND NOT EXISTS (
                SELECT FROM records.person_alias o
                WHERE o.enterprise_id = n.enterprise_id AND o.person_id = n.person_id AND o.kind <> n.kind)
            AND NOT EXISTS (
                SELECT FROM unnest(\(aliases.map(\.identifier.kind.rawValue)),
                    \(aliases.map(\.identifier.authority)), \(aliases.map(\.identifier.value)))
                    AS a (kind, authority, value)
                JOIN records.person_alias l ON l.enterprise_id = n.enterprise_id AND l.kind = a.kind
                    AND l.authority = a.authority AND l.value = a.value)
        """
    }
}
