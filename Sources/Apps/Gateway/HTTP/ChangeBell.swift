import Foundation
import Postgres
import Queue
import ServiceLifecycle
import Synchronization

/// Tells whoever follows changes when to look: at a ring of the fan-out's doorbell, and each second besides, because a
/// ring is a hint.
final class ChangeBell: Service {
    private struct State {
        var waiting: [Int: AsyncStream<Void>.Continuation] = [:]
        var last = 0
        var isClosed = false
    }

    private let listener: Listener
    private let state = Mutex(State())

    init(_ configuration: Configuration) {
        listener = Listener(configuration, channels: [Doorbell.channel])
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                group.addTask { await self.listener.run() }
                group.addTask {
                    for await notification in self.listener.notifications {
                        switch notification {
                        case .reconnected, .heard(_, "fan-out"): self.ring()
                        case .heard: break
                        }
                    }
                }
                group.addTask {
                    while !Task.isCancelled {
                        self.ring()
                        try? await Task.sleep(for: .seconds(1))
                    }
                }
            }
        }
        close()
    }

    /// Rings until the stream is dropped, `leave` is called or the bell is closed; the first at once.
    func rings() -> (stream: AsyncStream<Void>, leave: @Sendable () -> Void) {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let number: Int? = state.withLock { state in
            if state.isClosed { return nil }
            state.last += 1
            state.waiting[state.last] = continuation
            return state.last
        }
        guard let number else {
            continuation.finish()
            return (stream, {})
        }
        continuation.onTermination = { [weak self] _ in
            _ = self?.state.withLock { $0.waiting.removeValue(forKey: number) }
        }
        continuation.yield()
        return (stream, { continuation.finish() })
    }

    /// Ends every stream; the gateway is going.
    func close() {
        let all = state.withLock { state in
            state.isClosed = true
            defer { state.waiting = [:] }
            return Array(state.waiting.values)
        }
        for continuation in all { continuation.finish() }
    }

    private func ring() {
        for continuation in state.withLock({ Array($0.waiting.values) }) { continuation.yield() }
    }
}
