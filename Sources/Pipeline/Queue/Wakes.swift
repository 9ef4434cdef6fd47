import Synchronization

/// The signals that wake consumers: one stream a queue, which holds at most one signal.
final class Wakes: Sendable {
    private struct State {
        var streams: [String: AsyncStream<Void>.Continuation] = [:]
        var isStopping = false
        var pauses: [Int: Task<Void, Never>] = [:]
        var nextPause = 0
    }

    private let state = Mutex(State())

    var isStopping: Bool { state.withLock { $0.isStopping } }

    /// Signals for one queue; the empty name hears every tick.
    func stream(of queue: String) -> Signal {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        state.withLock {
            $0.streams[queue] = continuation
            if $0.isStopping { continuation.yield() }
        }
        return Signal(stream)
    }

    /// Gives whether anybody here works the queue.
    @discardableResult
    func wake(_ queue: String) -> Bool {
        state.withLock { state in
            guard let stream = state.streams[queue] else { return false }
            stream.yield()
            return true
        }
    }

    func wakeAll() {
        state.withLock { for stream in $0.streams.values { stream.yield() } }
    }

    func stop() {
        let pauses = state.withLock {
            $0.isStopping = true
            return Array($0.pauses.values)
        }
        for pause in pauses { pause.cancel() }
        wakeAll()
    }

    /// Sleeps, or returns early when the crew stops.
    func pause(_ duration: Duration) async {
        let sleep = Task { _ = try? await Task.sleep(for: duration) }
        let number = state.withLock {
            $0.nextPause += 1
            $0.pauses[$0.nextPause] = sleep
            if $0.isStopping { sleep.cancel() }
            return $0.nextPause
        }
        await withTaskCancellationHandler {
            await sleep.value
        } onCancel: {
            sleep.cancel()
        }
        state.withLock { $0.pauses[number] = nil }
    }
}

/// One consumer's end of its signals.
final class Signal: @unchecked Sendable {
    // Sendable: only the one task that made it ever calls `next`.
    private var iterator: AsyncStream<Void>.Iterator

    init(_ stream: AsyncStream<Void>) {
        iterator = stream.makeAsyncIterator()
    }

    func next() async {
        await iterator.next()
    }
}
