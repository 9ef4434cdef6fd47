/// What became of something that was handed to the intake.
package enum Verdict: Hashable, Sendable {
    /// Durable: it is on record, now or from an earlier time.
    case kept
    /// The database could not be reached in time, or the gateway is stopping. The sender keeps it.
    case notNow
    /// The database refuses this one whatever is tried. The sender keeps it.
    case unstorable
}
