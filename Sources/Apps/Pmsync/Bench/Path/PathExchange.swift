import NIOCore
import NIOPosix

/// The load's side of the path, on a thread of its own: connections to the gateway, and a listener for each webhook.
final class PathExchange: Sendable {
    static let webhooks = 2

    let messages: PathMessages
    /// Where each webhook listens.
    let ports: [Int]
    private let group: MultiThreadedEventLoopGroup
    private let traffic: NIOLoopBound<PathTraffic>

    /// Listens; sends nothing yet.
    static func start(messages: PathMessages) async throws -> PathExchange {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let loop = group.next()
        let traffic = try await loop.submit {
            NIOLoopBound(PathTraffic(loop: loop, webhooks: webhooks, messages: messages), eventLoop: loop)
        }.get()
        var ports: [Int] = []
        for webhook in 0..<webhooks {
            let listener = try await ServerBootstrap(group: group)
                .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(PathWebhook(traffic.value, webhook: webhook))
                    }
                }
                .bind(host: "127.0.0.1", port: 0).get()
            ports.append(listener.localAddress?.port ?? 0)
        }
        return PathExchange(messages: messages, ports: ports, group: group, traffic: traffic)
    }

    private init(
        messages: PathMessages, ports: [Int], group: MultiThreadedEventLoopGroup, traffic: NIOLoopBound<PathTraffic>
    ) {
        self.messages = messages
        self.ports = ports
        self.group = group
        self.traffic = traffic
    }

    func connect(_ connections: Int, to port: Int, seed: UInt64) async throws {
        for connection in 0..<connections {
            let mix = PathMix(seed: seed, connection: connection, of: connections)
            _ = try await ClientBootstrap(group: group)
                .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .channelInitializer { [traffic] channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(PathSender(mix, traffic.value))
                    }
                }
                .connect(host: "127.0.0.1", port: port).get()
        }
    }

    func start(_ pace: PathTraffic.Pace) async throws { try await onLoop { $0.start(pace) } }

    /// Nothing new is sent.
    func stop() async throws { try await onLoop { $0.stop() } }

    var progress: PathTraffic.Progress { get async throws { try await onLoop { $0.progress } } }

    var record: PathTraffic.Record { get async throws { try await onLoop { $0.record } } }

    /// Ends every connection.
    func close() async { try? await group.shutdownGracefully() }

    private func onLoop<Value: Sendable>(_ body: @escaping @Sendable (PathTraffic) -> Value) async throws -> Value {
        try await traffic.eventLoop.submit { [traffic] in body(traffic.value) }.get()
    }
}
