import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle

/// Somebody else's HTTP server, on a free port while the body runs.
enum Receiver {
    @discardableResult
    static func serve<T: Sendable>(
        _ answer: @escaping @Sendable (Incoming) async throws -> Response,
        while body: @escaping @Sendable (Int) async throws -> T
    ) async throws -> T {
        let (ports, port) = AsyncStream.makeStream(of: Int.self)
        var logger = Logger(label: "receiver")
        logger.logLevel = .critical
        let application = Application(
            responder: CallbackResponder { (request: Request, _: BasicRequestContext) in
                try await answer(try await Incoming(request))
            },
            configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { port.yield($0.localAddress?.port ?? 0) }, logger: logger)
        return try await withThrowingTaskGroup(of: T?.self) { group in
            group.addTask {
                try await application.run()
                return nil
            }
            let bound = await ports.first { _ in true } ?? 0
            group.addTask { try await body(bound) }
            while let result = try await group.next() {
                guard let result else { continue }
                group.cancelAll()
                return result
            }
            throw CancellationError()
        }
    }

    /// A server that takes the connection and closes it as soon as it reads a byte.
    @discardableResult
    static func hangUp<T>(while body: (Int) async throws -> T) async throws -> T {
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Closing()) }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let result: T
        do {
            result = try await body(server.localAddress?.port ?? 0)
        } catch {
            try await server.close()
            throw error
        }
        try await server.close()
        return result
    }

    /// A port that nobody listens on.
    static func vacantPort() async throws -> Int {
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0).get()
        let port = server.localAddress?.port ?? 0
        try await server.close()
        return port
    }

    private final class Closing: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        func channelRead(context: ChannelHandlerContext, data: NIOAny) { context.close(promise: nil) }
    }
}

/// A request with its body read.
struct Incoming: Sendable {
    /// The host and port it was sent to.
    let authority: String
    let path: String
    let headers: HTTPFields
    let body: [UInt8]

    init(_ request: Request) async throws {
        authority = request.head.authority ?? ""
        path = request.uri.string
        headers = request.headers
        let buffer = try await request.body.collect(upTo: 1 << 20)
        body = Array(buffer.readableBytesView)
    }

    func header(_ name: String) -> String? {
        HTTPField.Name(name).flatMap { headers[$0] }
    }
}
