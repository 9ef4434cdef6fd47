import Glibc
package import Logging

/// What a listener tells. A hint: what was notified while there was no connection is not told again.
package enum Notification: Sendable, Equatable {
    case heard(channel: String, payload: String)
    /// LISTEN has taken effect, the first time or again: look at once for what came before.
    case reconnected
}

/// LISTEN on a connection of its own, made again when it is lost.
package actor Listener {
    /// For one reader. Ends with `run`. Of a slow reader's backlog the newest 4,096 are kept.
    package nonisolated let notifications: AsyncStream<Notification>
    private nonisolated let sink: AsyncStream<Notification>.Continuation
    private let configuration: Configuration
    private let channels: [String]
    private let logger: Logger
    private let heartbeat: Duration = .seconds(30)

    package init(_ configuration: Configuration, channels: [String], logger: Logger = Logger(label: "postgres")) {
        self.configuration = configuration
        self.channels = channels
        self.logger = logger
        (notifications, sink) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(4_096))
    }

    /// Listens until the task is cancelled.
    package func run() async {
        defer { sink.finish() }
        guard let bell = Bell() else {
            logger.error("No descriptors are left to listen with")
            return
        }
        var failures = 0
        while !Task.isCancelled {
            do {
                let session = try await Session.connect(configuration)
                try await session.script(channels.map { "LISTEN \(identifier($0))" }.joined(separator: "; "))
                failures = 0
                sink.yield(.reconnected)
                try await hear(session, bell)
            } catch {
                if Task.isCancelled { return }
                failures += 1
                logger.warning("The listener's connection is lost", metadata: ["postgres.fault": "\(error)"])
                try? await Task.sleep(for: Backoff(base: .milliseconds(50)).pause(after: failures))
            }
        }
    }

    private func hear(_ session: Session, _ bell: Bell) async throws(PostgresError) {
        while !Task.isCancelled {
            let result: Result<[(channel: String, payload: String)], PostgresError> =
                await withTaskCancellationHandler {
                    do throws(PostgresError) {
                        return .success(try await session.notifications(wake: bell.reader, within: heartbeat))
                    } catch { return .failure(error) }
                } onCancel: {
                    bell.ring()
                }
            let heard = try result.get()
            for (channel, payload) in heard { sink.yield(.heard(channel: channel, payload: payload)) }
            if heard.isEmpty, !Task.isCancelled { try await session.execute("SELECT 1") }
        }
    }
}

/// A pair of sockets that wakes a thread which waits in poll.
private final class Bell: Sendable {
    let reader: Int32
    private let writer: Int32

    init?() {
        var ends: [Int32] = [-1, -1]
        let kind = SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue
        guard unsafe socketpair(AF_UNIX, Int32(kind), 0, &ends) == 0 else { return nil }
        (reader, writer) = (ends[0], ends[1])
    }

    deinit {
        close(reader)
        close(writer)
    }

    func ring() { _ = unsafe write(writer, "!", 1) }
}
