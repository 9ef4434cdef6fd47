import NIOCore

/// `FrameDecoder` as NIO wants it.
struct FrameByteDecoder: ByteToMessageDecoder {
    typealias InboundOut = FrameEvent

    private var decoder: FrameDecoder

    init(_ decoder: FrameDecoder) { self.decoder = decoder }

    mutating func decode(context: ChannelHandlerContext, buffer: inout ByteBuffer) -> DecodingState {
        var events: [FrameEvent] = []
        decoder.consume(buffer.readableBytesView, into: &events)
        buffer.moveReaderIndex(forwardBy: buffer.readableBytes)
        for event in events { context.fireChannelRead(Self.wrapInboundOut(event)) }
        return .needMoreData
    }

    mutating func decodeLast(
        context: ChannelHandlerContext, buffer: inout ByteBuffer, seenEOF: Bool
    ) -> DecodingState {
        _ = decode(context: context, buffer: &buffer)
        guard seenEOF else { return .needMoreData }
        var events: [FrameEvent] = []
        decoder.finish(into: &events)
        for event in events { context.fireChannelRead(Self.wrapInboundOut(event)) }
        return .needMoreData
    }
}
