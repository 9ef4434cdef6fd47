import Crypto
import Foundation
import HTTPTypes
import Postgres
import Synchronization
import Worker

/// Whoever holds a key: one practice's client.
struct APIClient: Hashable, Sendable {
    let practice: String
    let id: UUID
    let scopes: Set<KeyScope>
    /// SHA-256 of the key, by which it is looked up again.
    let keyHash: [UInt8]
}

/// How often a key may ask.
package struct RequestRate: Sendable {
    package var perSecond: Double
    package var burst: Double

    package init(perSecond: Double = 50, burst: Double = 200) {
        self.perSecond = perSecond
        self.burst = burst
    }
}

/// Says whose a request is, from its head alone: no byte of a body is read before. Keys are known by their digest only.
final class Doorkeeper: Sendable {
    private let pool: Pool
    private let clients: Mutex<TokenBuckets<UUID>>
    private let strangers: Mutex<TokenBuckets<String>>

    init(pool: Pool, rate: RequestRate) {
        self.pool = pool
        clients = Mutex(TokenBuckets(rate: rate.perSecond, capacity: rate.burst))
        strangers = Mutex(TokenBuckets(rate: 5, capacity: 50))
    }

    /// The client of the key, or a problem: 401 without a key that is in force, 429 where it asks too often, and also
    /// where an address keeps trying keys that are not in force.
    func admit(_ headers: HTTPFields, from address: String) async throws -> APIClient {
        guard let key = Self.key(in: headers) else {
            try slow(address)
            throw Problem.noKey
        }
        guard let client = try await find(Array(SHA256.hash(data: Array(key.utf8)))) else {
            try slow(address)
            throw Problem.badKey
        }
        if let wait = clients.withLock({ $0.take(client.id, now: .now) }) {
            throw Problem.throttled(seconds: max(1, Int(wait.rounded(.up))))
        }
        return client
    }

    /// Whether the client's key is still in force, and may do what it might.
    func stillAdmits(_ client: APIClient) async throws -> Bool {
        try await find(client.keyHash) == client
    }

    private func find(_ hash: [UInt8]) async throws -> APIClient? {
        guard let row = try await pool.query(Queries.client(hash)).first else { return nil }
        let (practice, id, scopes) = try row.decode((String, UUID, [String]).self)
        return APIClient(practice: practice, id: id, scopes: Set(scopes.compactMap { KeyScope($0) }), keyHash: hash)
    }

    private func slow(_ address: String) throws {
        if let wait = strangers.withLock({ $0.take(address, now: .now) }) {
            throw Problem.throttled(seconds: max(1, Int(wait.rounded(.up))))
        }
    }

    private static func key(in headers: HTTPFields) -> String? {
        guard let value = headers[.authorization], value.utf8.count <= 256 else { return nil }
        let parts = value.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        let key = parts[1].trimmingPrefix(while: { $0 == " " })
        return key.hasPrefix("pmk_") ? String(key) : nil
    }
}
