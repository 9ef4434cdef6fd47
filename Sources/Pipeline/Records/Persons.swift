package import Foundation
package import Postgres
package import Practice

/// What a message says of a person. Empty: it did not say.
package struct PersonSighting: Sendable {
    package var aliases: [Alias]
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
        let rows = try await transaction.query(
            """
            SELECT records.held_person(\(enterprise), \(aliases.map(\.identifier.kind.rawValue)),
                \(aliases.map(\.identifier.authority)), \(aliases.map(\.identifier.value)), \(aliases.map(\.trust)),
                \(family), \(given), \(birthDate), \(sex), \(phone), \(email))
            """)
        guard let row = rows.first else { throw RecordsError.unreadable("seen_person") }
        return try row.decode(UUID.self)
    }
}
