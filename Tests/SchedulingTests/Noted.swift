import Synchronization

/// What happened, in order, noted from any task.
final class Noted<Event: Sendable>: Sendable {
    private let events = Mutex<[Event]>([])

    func note(_ event: Event) { events.withLock { $0.append(event) } }
    var all: [Event] { events.withLock { $0 } }
}
