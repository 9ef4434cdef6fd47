package import Worker

/// Who may call a route. Every route has one; a route cannot be added without.
package enum Permission: Hashable, Sendable {
    /// Nobody need say who they are.
    case open
    /// A client with a key, for its own practice, whatever its key's scopes: the route does nothing but refuse.
    case key
    /// A client whose key has this scope, for its own practice.
    case scope(KeyScope)
    /// A client whose key has the scope of the feed that its message is of. Only the message tells which: the route asks.
    case feed

    /// The routes as metrics name them.
    static let routes = [
        "metadata", "health", "appointment", "slot", "schedule", "patient", "changes", "hl7", "unknown",
    ]
}
