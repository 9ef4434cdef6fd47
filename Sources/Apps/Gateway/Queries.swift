import Postgres

/// The statements that span the journal and the queue, or that no other module owns.
enum Queries {
    static func heldFeeds() -> SQL { "SELECT feed FROM journal.held" }

    /// The unique key of api.client.
    static func client(_ keyHash: [UInt8]) -> SQL {
        "SELECT practice_id, id, scopes FROM api.client WHERE key_hash = \(keyHash) AND revoked_at IS NULL"
    }
}
