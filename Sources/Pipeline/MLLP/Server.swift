package import NIOCore
import NIOPosix
import Synchronization

/// A listener for MLLP senders. Each frame is handed to `onFrame`; calls of one connection begin in the order of its
/// frames and may overlap; answers leave in that order. Plain TCP; a TLS handler would go first in `prepare`.
package final class Server: Sendable {
    /// What the server asks of its owner.
    struct Handlers: Sendable {
        let onFrame: @Sendable (Frame, Peer) async -> Answer
        let onRefusal: @Sendable (Refusal, Peer) async -> [UInt8]?
    }

    private struct State {
        var connections: [Int: Connection] = [:]
        var opened = 0
        var isStopping = false
    }

    private final class Shared: Sendable {
        let state = Mutex(State())
        let arrivals: AsyncStream<Connection>
        let intake: AsyncStream<Connection>.Continuation

        init() { (arrivals, intake) = AsyncStream.makeStream(of: Connection.self) }
    }

    private let listener: any Channel
    private let shared: Shared
    private let running: Task<Void, Never>

    /// The port it listens on, chosen by the system where 0 was asked for.
    package let boundPort: Int

    /// Listens on return. `port` 0 picks a free one. Both calls run while the server does; neither may throw, and a frame
    /// that is never answered holds up those behind it on its connection.
    package static func start(
        host: String = "127.0.0.1", port: Int, limits: Limits = Limits(),
        group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
        onFrame: @escaping @Sendable (Frame, Peer) async -> Answer,
        onRefusal: @escaping @Sendable (Refusal, Peer) async -> [UInt8]? = { _, _ in nil }
    ) async throws -> Server {
        let shared = Shared()
        let listener = try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 256)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.socketOption(.so_keepalive), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try Self.prepare(channel, limits, shared) }
            }
            .bind(host: host, port: port).get()
        let handlers = Handlers(onFrame: onFrame, onRefusal: onRefusal)
        let running = Task(name: "mllp server") {
            await withDiscardingTaskGroup { group in
                for await connection in shared.arrivals {
                    group.addTask {
                        await connection.run(handlers)
                        shared.state.withLock { _ = $0.connections.removeValue(forKey: connection.peer.connection) }
                    }
                }
            }
        }
        return Server(listener, shared, running)
    }

    /// Stops accepting and reading, lets what is in flight be answered, closes. After `deadline` connections are closed
    /// whatever is unanswered; returns when no call is running any more. Safe to repeat.
    package func stop(within deadline: Duration = .seconds(20)) async {
        do { try await listener.close() } catch ChannelError.alreadyClosed {} catch { listener.close(promise: nil) }
        let open = shared.state.withLock { state in
            state.isStopping = true
            shared.intake.finish()
            return Array(state.connections.values)
        }
        for connection in open { connection.channel.triggerUserOutboundEvent(Connection.Command.drain, promise: nil) }
        let end = listener.eventLoop.scheduleTask(in: TimeAmount(deadline)) {
            for connection in open { connection.channel.close(promise: nil) }
        }
        await running.value
        end.cancel()
    }

    /// How many connections are open.
    package var connections: Int { shared.state.withLock { $0.connections.count } }

    private init(_ listener: any Channel, _ shared: Shared, _ running: Task<Void, Never>) {
        self.listener = listener
        self.shared = shared
        self.running = running
        boundPort = listener.localAddress?.port ?? 0
    }

    private static func prepare(_ channel: any Channel, _ limits: Limits, _ shared: Shared) throws {
        let admitted: (connection: Connection, isWelcome: Bool)? = shared.state.withLock { state in
            guard !state.isStopping else { return nil }
            state.opened += 1
            let peer = Peer(
                host: channel.remoteAddress?.ipAddress ?? "", port: channel.remoteAddress?.port ?? 0,
                listener: channel.localAddress?.port ?? 0, connection: state.opened)
            let connection = Connection(peer: peer, channel: channel)
            let isWelcome = state.connections.count < limits.connections
            state.connections[peer.connection] = connection
            shared.intake.yield(connection)
            return (connection, isWelcome)
        }
        guard let (connection, isWelcome) = admitted else { throw ChannelError.ioOnClosedChannel }
        if isWelcome {
            let pipeline = channel.pipeline.syncOperations
            if let idle = limits.idle { try pipeline.addHandler(IdleStateHandler(allTimeout: TimeAmount(idle))) }
            try pipeline.addHandler(ConnectionHandler(connection, limits: limits))
        } else {
            connection.intake.yield(.refusal(.tooManyConnections, slot: nil))
            connection.intake.finish()
            channel.close(promise: nil)
        }
    }
}
