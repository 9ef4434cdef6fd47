import Crypto
import Foundation
package import Postgres

/// What orders jobs: 16 bytes that say nothing of whom they stand for.
package struct JobKey: Hashable, Sendable {
    package let bytes: [UInt8]

    /// HMAC-SHA-256 of the material under the database's own secret, cut to 16 bytes.
    package init(_ material: String, secret: KeySecret) {
        let code = HMAC<SHA256>.authenticationCode(for: Array(material.utf8), using: secret.key)
        bytes = Array(code.prefix(16))
    }

    /// The advisory lock that orders those who enqueue under this key; `queue.key_lock` makes the same.
    package func lock(in queue: Int16) -> Int64 {
        let start = bytes.prefix(8).reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
        return Int64(bitPattern: start) ^ (Int64(queue) << 48)
    }
}

/// The secret that every program of one database hashes its keys with.
package struct KeySecret: Sendable {
    let key: SymmetricKey

    init(bytes: [UInt8]) {
        key = SymmetricKey(data: bytes)
    }

    package static func read(from pool: Pool) async throws -> KeySecret {
        guard let row = try await pool.query("SELECT secret FROM queue.secret").first else {
            throw QueueError.noSecret
        }
        return KeySecret(bytes: try row.decode([UInt8].self))
    }
}

package enum QueueError: Error, Equatable, Sendable {
    /// The database was not migrated.
    case noSecret
    case unknownQueue(String)
    /// A lane that this worker held has another owner or epoch now: what it did was rolled back.
    case laneLost

    /// What `queue.lane_lost` refuses a commit with.
    static let laneLostState = SQLState(rawValue: "PM001")
}
