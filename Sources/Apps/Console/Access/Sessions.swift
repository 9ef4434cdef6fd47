import Foundation
import Postgres

/// Who is at the browser, for the length of one request.
struct SignedIn: Sendable {
    let id: UUID
    let name: String
    let practices: [String]
    /// Sees what is of no practice, too: messages that nothing claims may be of anybody's patients.
    let isAdministrator: Bool
    let csrf: String
    let tokenHash: [UInt8]
}

extension SignedIn {
    /// Whether they may see what is of this practice; nil: of none.
    func sees(_ practice: String?) -> Bool { practice.map { practices.contains($0) } ?? isAdministrator }

    /// The same as a condition on the column of a row's practice, for tables without row-level security.
    func condition(on column: SQL) -> SQL {
        """
        (\(fragment: column) = ANY (\(practices)) OR (\(isAdministrator) AND \(fragment: column) IS NULL))
        """
    }
}

/// Signed-in browsers. The table keeps the token's hash, so that reading it lets nobody in.
enum Sessions {
    /// A new session with a new token, which is the cookie's value.
    static func open(_ person: UUID, in transaction: Transaction) async throws -> String {
        let token = Secret.make()
        try await transaction.execute(PeopleQueries.sweep())
        try await transaction.execute(PeopleQueries.open(Secret.hash(token), person, csrf: Secret.make()))
        return token
    }

    /// The person of a live session, which this use keeps alive; nil when there is none.
    static func find(_ token: String, in pool: Pool) async throws -> SignedIn? {
        let hash = Secret.hash(token)
        guard let row = try await pool.query(PeopleQueries.session(hash)).first else { return nil }
        let (id, name, practices, isAdministrator, csrf, isStale) = try row.decode(
            (UUID, String, [String], Bool, String, Bool).self)
        if isStale { try await pool.execute(PeopleQueries.touch(hash)) }
        return SignedIn(
            id: id, name: name, practices: practices, isAdministrator: isAdministrator, csrf: csrf, tokenHash: hash)
    }

    static func close(_ tokenHash: [UInt8], in transaction: Transaction) async throws {
        try await transaction.execute(PeopleQueries.close(tokenHash))
    }
}
