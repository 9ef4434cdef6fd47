import Foundation
import Postgres

/// Who is at the browser, for the length of one request.
struct SignedIn: Sendable {
    let id: UUID
    let name: String
    let practices: [String]
    let csrf: String
    let tokenHash: [UInt8]
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
        let (id, name, practices, csrf, isStale) = try row.decode((UUID, String, [String], String, Bool).self)
        if isStale { try await pool.execute(PeopleQueries.touch(hash)) }
        return SignedIn(id: id, name: name, practices: practices, csrf: csrf, tokenHash: hash)
    }

    static func close(_ tokenHash: [UInt8], in transaction: Transaction) async throws {
        try await transaction.execute(PeopleQueries.close(tokenHash))
    }
}
