import NIOCore

/// The event loop's side of a connection: bytes to frames, answers to bytes in the order of the frames, one flush for all
/// that are ready, and no reading while too many wait.
final class ConnectionHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum Phase {
        case open
        /// Nothing more is read; closes when all is answered.
        case draining
        /// Refused: the output is closed, what still comes is dropped so that the answer is not lost to a reset.
        case lingering
    }

    private let connection: Connection
    private let limits: Limits
    private var decoder: FrameDecoder
    private var backlog = Backlog()
    private var phase = Phase.open
    private var frames = 0
    private var isPaused = false
    private var deadline: Scheduled<Void>?
    private var patience: Scheduled<Void>?

    init(_ connection: Connection, limits: Limits) {
        self.connection = connection
        self.limits = limits
        decoder = FrameDecoder(limit: limits.frame, trailer: limits.trailer)
    }

    // MARK: From the peer

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard phase == .open else { return }
        var events: [FrameEvent] = []
        let buffer = Self.unwrapInboundIn(data)
        patience?.cancel()
        patience = nil
        decoder.consume(buffer.readableBytesView, into: &events)
        if !events.isEmpty { stopDeadline() }
        act(on: events, context)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if phase == .open {
            watch(context)
            steer(context)
        }
        context.fireChannelReadComplete()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case ChannelEvent.inputClosed:
            if phase == .lingering {
                context.close(promise: nil)
            } else {
                finishInput(context)
                drain(context)
            }
        case is IdleStateHandler.IdleStateEvent:
            if phase == .open, backlog.isEmpty { context.close(promise: nil) }
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        finishInput(context)
        stopDeadline()
        connection.intake.finish()
        context.fireChannelInactive()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        steer(context)
        context.fireChannelWritabilityChanged()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    // MARK: From the tasks and the server

    func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
        switch event {
        case Connection.Command.answersReady: writeAnswers(context)
        case Connection.Command.drain:
            pause(context)
            drain(context)
        default: context.triggerUserOutboundEvent(event, promise: promise)
        }
    }

    private func act(on events: [FrameEvent], _ context: ChannelHandlerContext) {
        for event in events {
            switch event {
            case .message(let bytes):
                frames += 1
                let slot = backlog.add(size: bytes.count)
                connection.intake.yield(.frame(Frame(bytes: bytes, number: frames), slot: slot))
            case .tooLong(let head, let size):
                let slot = backlog.add(size: head.count)
                connection.intake.yield(.refusal(.tooLong(head: head, size: size), slot: slot))
                phase = .draining
                return
            case .cut(let head, let size, let cause):
                connection.intake.yield(.refusal(.cut(head: head, size: size, cause: cause), slot: nil))
                if cause == .late { drain(context) }
            case .stray(let count):
                connection.intake.yield(.refusal(.stray(count), slot: nil))
            case .noise(let head, let size):
                connection.intake.yield(.refusal(.noise(head: head, size: size), slot: nil))
            case .empty:
                connection.intake.yield(.refusal(.empty, slot: nil))
            case .notMLLP(let head, let size):
                connection.intake.yield(.refusal(.notMLLP(head: head, size: size), slot: nil))
                drain(context)
            }
        }
    }

    private func finishInput(_ context: ChannelHandlerContext) {
        guard phase == .open else { return }
        var events: [FrameEvent] = []
        decoder.finish(into: &events)
        act(on: events, context)
    }

    private func writeAnswers(_ context: ChannelHandlerContext) {
        for (slot, answer) in connection.takeAnswers() { backlog.answer(slot, answer) }
        guard context.channel.isActive, phase != .lingering else { return }
        var buffer = context.channel.allocator.buffer(capacity: 512)
        var isLast = false
        while !isLast, let answer = backlog.pop() {
            if let bytes = answer.bytes {
                buffer.writeInteger(0x0B as UInt8)
                buffer.writeBytes(bytes)
                buffer.writeInteger(0x0D1C as UInt16, endianness: .little)
            }
            isLast = answer.close
        }
        if buffer.readableBytes > 0 { context.writeAndFlush(Self.wrapOutboundOut(buffer), promise: nil) }
        if isLast {
            linger(context)
        } else if phase == .draining {
            drain(context)
        } else {
            steer(context)
        }
    }

    // MARK: Ends

    private func drain(_ context: ChannelHandlerContext) {
        guard phase != .lingering else { return }
        phase = .draining
        stopDeadline()
        if backlog.isEmpty { linger(context) }
    }

    private func linger(_ context: ChannelHandlerContext) {
        phase = .lingering
        stopDeadline()
        connection.intake.finish()
        context.close(mode: .output, promise: nil)
        setReading(true, context)
        let channel = context.channel
        context.eventLoop.scheduleTask(in: TimeAmount(limits.linger)) { channel.close(promise: nil) }
    }

    // MARK: Reading or not

    private func steer(_ context: ChannelHandlerContext) {
        guard phase == .open else { return }
        let isFull = backlog.shouldPause(limits, isPaused: isPaused) || !context.channel.isWritable
        guard isFull != isPaused else { return }
        if isFull {
            pause(context)
        } else {
            setReading(true, context)
            watch(context)
        }
    }

    private func pause(_ context: ChannelHandlerContext) {
        stopDeadline()
        setReading(false, context)
    }

    private func setReading(_ isReading: Bool, _ context: ChannelHandlerContext) {
        isPaused = !isReading
        context.channel.setOption(.autoRead, value: isReading).whenFailure { _ in }
    }

    /// The deadline runs from a frame's first byte; the patience from its 0x1C.
    private func watch(_ context: ChannelHandlerContext) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        if decoder.isInside, deadline == nil {
            deadline = context.eventLoop.scheduleTask(in: TimeAmount(limits.frameDeadline)) {
                let (handler, context) = bound.value
                handler.expire(context) { $0.abandon(into: &$1) }
            }
        }
        if decoder.isEnding, patience == nil {
            patience = context.eventLoop.scheduleTask(in: TimeAmount(limits.trailerPatience)) {
                let (handler, context) = bound.value
                handler.expire(context) { $0.settle(into: &$1) }
            }
        }
    }

    private func expire(
        _ context: ChannelHandlerContext, _ verdict: (inout FrameDecoder, inout [FrameEvent]) -> Void
    ) {
        guard phase == .open else { return }
        var events: [FrameEvent] = []
        verdict(&decoder, &events)
        if !events.isEmpty { stopDeadline() }
        act(on: events, context)
    }

    private func stopDeadline() {
        deadline?.cancel()
        deadline = nil
        patience?.cancel()
        patience = nil
    }
}
