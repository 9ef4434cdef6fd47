import Synchronization

/// One statement's run, and its stop from outside.
///
///     waiting --begin--> running --end--> over
///        \--stop--> stopped   \--stop--> told (the server was told to cancel) --end--> over
///
/// The server is told under the lock, so that a stop that comes late cannot hit the statement after this one.
final class StatementRun: Sendable {
    private enum Phase { case waiting, running, told, stopped, over }

    private let phase = Mutex(Phase.waiting)
    private let key: CancelKey?

    init(key: CancelKey?) { self.key = key }

    /// False when the run was stopped before it began.
    func begin() -> Bool {
        phase.withLock { phase in
            guard phase == .waiting else { return false }
            phase = .running
            return true
        }
    }

    /// Whether the server was told to stop it.
    func end() -> Bool {
        phase.withLock { phase in
            defer { phase = .over }
            return phase == .told
        }
    }

    /// Returns at once; the server is told from a thread of its own, for that blocks.
    func stop() {
        let running = phase.withLock { phase in
            if phase == .waiting { phase = .stopped }
            return phase == .running
        }
        guard running, let key else { return }
        _ = startThread { [self] in
            phase.withLock { phase in
                guard phase == .running else { return }
                key.send()
                phase = .told
            }
        }
    }
}
