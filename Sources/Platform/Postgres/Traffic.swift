import Synchronization

/// Counts what sessions ask of the server, where libpq is called, so that nothing is left out.
package final class Traffic: Sendable {
    /// The default: all sessions of the process.
    package static let ofProcess = Traffic()

    private let waits = Atomic(0)
    private let sent = Atomic(0)

    package init() {}

    /// How many times a session waited for the server. Connecting is not counted.
    package var roundTrips: Int { waits.load(ordering: .relaxed) }

    /// Statements sent to be run. Preparing one is a round trip but no statement; a script counts as one.
    package var statements: Int { sent.load(ordering: .relaxed) }

    func add(roundTrips: Int = 1, statements: Int) {
        waits.add(roundTrips, ordering: .relaxed)
        sent.add(statements, ordering: .relaxed)
    }
}
