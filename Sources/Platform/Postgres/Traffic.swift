import Synchronization

/// What this side asked of the server. Counted where libpq is called, so that nothing that a program does is left out.
package final class Traffic: Sendable {
    /// Of every session that does not name another.
    package static let ofProcess = Traffic()

    private let waits = Atomic(0)
    private let sent = Atomic(0)

    package init() {}

    /// How often a session waited for the server. Connecting is not counted.
    package var roundTrips: Int { waits.load(ordering: .relaxed) }

    /// Statements that were sent to run; preparing one is a round trip, and no statement. A text of several is one.
    package var statements: Int { sent.load(ordering: .relaxed) }

    func add(roundTrips: Int = 1, statements: Int) {
        waits.add(roundTrips, ordering: .relaxed)
        sent.add(statements, ordering: .relaxed)
    }
}
