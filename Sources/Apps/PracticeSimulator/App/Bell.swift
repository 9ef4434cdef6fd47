import Synchronization

/// Wakes whoever waits. An actor that looks, finds nothing and waits misses no ring: between the two it is not left.
final class Bell: Sendable {
    private let state = Mutex<(waiting: [CheckedContinuation<Void, Never>], isClosed: Bool)>(([], false))

    var isClosed: Bool { state.withLock { $0.isClosed } }

    /// Until the next ring; not at all once closed.
    func wait() async {
        await withCheckedContinuation { continuation in
            let isClosed = state.withLock { state in
                if !state.isClosed { state.waiting.append(continuation) }
                return state.isClosed
            }
            if isClosed { continuation.resume() }
        }
    }

    func ring() {
        let waiting = state.withLock { state in
            defer { state.waiting = [] }
            return state.waiting
        }
        for one in waiting { one.resume() }
    }

    /// From any thread; safe to repeat.
    func close() {
        state.withLock { $0.isClosed = true }
        ring()
    }
}
