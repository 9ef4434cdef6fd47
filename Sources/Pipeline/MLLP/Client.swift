import HL7
package import NIOCore
import NIOPosix

/// Why a message got no answer that counts. None of these says whether the other side took it, but for `busy`.
package enum MLLPError: Error, Equatable, Sendable {
    /// Nobody answered at the address in time.
    case unreachable
    /// No answer by the deadline. The connection is closed: a late answer must not be taken for the next message's.
    case timedOut
    /// The connection ended first.
    case closed
    /// What came is not an acknowledgement.
    case notAnAcknowledgement
    /// MSA-2 is not the message's MSH-10.
    case mismatch
    /// A message is outstanding already; this one was not sent.
    case busy
}

/// A sender: one connection, one message outstanding (MLLP release 1).
package final class Client: Sendable {
    private let channel: any Channel
    private let handler: NIOLoopBound<ClientHandler>

    package static func connect(
        host: String, port: Int, timeout: Duration = .seconds(10),
        group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
    ) async throws(MLLPError) -> Client {
        do {
            let client = try await ClientBootstrap(group: group)
                .connectTimeout(TimeAmount(timeout))
                .channelOption(.socketOption(.so_keepalive), value: 1)
                .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .connect(host: host, port: port) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let handler = ClientHandler()
                        try channel.pipeline.syncOperations.addHandlers(
                            ByteToMessageHandler(FrameByteDecoder(FrameDecoder())), handler)
                        return Client(channel, NIOLoopBound(handler, eventLoop: channel.eventLoop))
                    }
                }
            return client
        } catch {
            throw .unreachable
        }
    }

    /// Sends one message and returns its acknowledgement, whose MSA-2 is the message's MSH-10. Any error but `busy`
    /// closes the connection; send again, with the same MSH-10, on a new one.
    package func send(_ message: [UInt8], deadline: Duration = .seconds(30)) async throws(MLLPError) -> [UInt8] {
        let answer = try await exchange(message, deadline)
        do throws(MLLPError) {
            try Self.check(answer, answers: message)
        } catch {
            await close()
            throw error
        }
        return answer
    }

    /// Sends bytes as they are, unframed, and waits for nothing; for trying what a listener does with faults.
    package func sendRaw(_ bytes: [UInt8]) async throws(MLLPError) {
        do {
            try await channel.writeAndFlush(ByteBuffer(bytes: bytes))
        } catch {
            throw .closed
        }
    }

    /// The next frame that comes, whoever it answers; goes with `sendRaw`.
    package func receive(deadline: Duration = .seconds(30)) async throws(MLLPError) -> [UInt8] {
        try await exchange(nil, deadline)
    }

    /// Says that no more will be sent, and still reads.
    package func finishSending() async throws(MLLPError) {
        do { try await channel.close(mode: .output) } catch { throw .closed }
    }

    /// Safe to repeat.
    package func close() async {
        channel.close(promise: nil)
        do { try await channel.closeFuture.get() } catch { return }
    }

    private init(_ channel: any Channel, _ handler: NIOLoopBound<ClientHandler>) {
        self.channel = channel
        self.handler = handler
    }

    private func exchange(_ message: [UInt8]?, _ deadline: Duration) async throws(MLLPError) -> [UInt8] {
        let promise = channel.eventLoop.makePromise(of: Result<[UInt8], MLLPError>.self)
        channel.eventLoop.execute { [channel, handler] in
            handler.value.begin(message, deadline, promise, channel)
        }
        let result = await withTaskCancellationHandler {
            do { return try await promise.futureResult.get() } catch { return .failure(.closed) }
        } onCancel: {
            channel.close(promise: nil)
        }
        return try result.get()
    }

    private static func check(_ answer: [UInt8], answers message: [UInt8]) throws(MLLPError) {
        let reply: Acknowledgement.Reply?
        do { reply = Acknowledgement.Reply(try Message(answer)) } catch { throw .notAnAcknowledgement }
        guard let reply else { throw .notAnAcknowledgement }
        let asked: String?
        do { asked = try Message(message, charset: .ascii).header.controlID } catch { return }
        if reply.controlID != asked { throw .mismatch }
    }
}

/// Pairs the outstanding message with the next frame.
final class ClientHandler: ChannelInboundHandler {
    typealias InboundIn = FrameEvent

    private var outstanding: EventLoopPromise<Result<[UInt8], MLLPError>>?
    private var deadline: Scheduled<Void>?
    private var waiting: [[UInt8]] = []
    private var isClosed = false

    /// With no message, only waits; frames that came unasked are given first.
    func begin(
        _ message: [UInt8]?, _ deadline: Duration, _ promise: EventLoopPromise<Result<[UInt8], MLLPError>>,
        _ channel: any Channel
    ) {
        if outstanding != nil { return promise.succeed(.failure(.busy)) }
        if message == nil, !waiting.isEmpty { return promise.succeed(.success(waiting.removeFirst())) }
        if isClosed || !channel.isActive { return promise.succeed(.failure(.closed)) }
        outstanding = promise
        let bound = NIOLoopBound(self, eventLoop: channel.eventLoop)
        self.deadline = channel.eventLoop.scheduleTask(in: TimeAmount(deadline)) {
            bound.value.end(.failure(.timedOut))
            channel.close(promise: nil)
        }
        guard let message else { return }
        waiting = []
        channel.writeAndFlush(ByteBuffer(bytes: FrameDecoder.frame(message)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .message(let bytes) = Self.unwrapInboundIn(data) else { return }
        if outstanding == nil { waiting.append(bytes) } else { end(.success(bytes)) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        isClosed = true
        end(.failure(.closed))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    private func end(_ result: Result<[UInt8], MLLPError>) {
        deadline?.cancel()
        deadline = nil
        outstanding?.succeed(result)
        outstanding = nil
    }
}
