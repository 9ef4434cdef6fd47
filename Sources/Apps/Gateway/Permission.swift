/// Who may call a route. Every route has one; a route cannot be added without.
package enum Permission: Hashable, Sendable {
    /// Nobody need say who they are.
    case open
    /// A client with a key, for its own practice.
    case key

    /// The routes as metrics name them.
    static let routes = [
        "metadata", "health", "appointment", "slot", "schedule", "patient", "changes", "hl7", "unknown",
    ]
}
