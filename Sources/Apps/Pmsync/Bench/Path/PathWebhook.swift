import NIOCore

/// A booking app's webhook that answers 204 at once. It speaks only as much HTTP/1.1 as the notifier does, because it shares
/// the cores with the path.
final class PathWebhook: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let traffic: PathTraffic
    private let webhook: Int
    private var received = ByteBuffer()

    private static let answer = ByteBuffer(string: "HTTP/1.1 204 No Content\r\n\r\n")

    init(_ traffic: PathTraffic, webhook: Int) {
        self.traffic = traffic
        self.webhook = webhook
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var more = Self.unwrapInboundIn(data)
        received.writeBuffer(&more)
        while let request = WebhookRequest(received.readableBytesView) {
            received.moveReaderIndex(forwardBy: request.length)
            context.writeAndFlush(NIOAny(Self.answer), promise: nil)
            // An alarm tells of no change.
            guard let change = request.change else { continue }
            traffic.heard(of: change, webhook: webhook)
        }
        if received.readableBytes == 0 { received.clear() }
        if received.readableBytes > 1 << 20 {
            traffic.fail(.notARequest)
            context.close(promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

/// The first request of these bytes.
struct WebhookRequest: Equatable {
    /// Head and body, in bytes.
    let length: Int
    /// `data.change`; nil where the notice tells of no change.
    let change: Int64?

    /// Nil while it is not whole.
    init?(_ bytes: some RandomAccessCollection<UInt8>) {
        guard let head = Self.end(of: "\r\n\r\n", in: bytes[...]) else { return nil }
        var rest = bytes[..<head]
        var body = 0
        while let lineEnd = Self.end(of: "\r\n", in: rest) {
            let line = rest[..<lineEnd]
            if line.count > Self.lengthName.utf8.count,
                zip(line, Self.lengthName.utf8).allSatisfy({ $0 | 0x20 == $1 | 0x20 })
            {
                body = Self.number(line.dropFirst(Self.lengthName.utf8.count).drop { $0 == 0x20 }) ?? 0
            }
            rest = rest[lineEnd...]
        }
        guard bytes.distance(from: head, to: bytes.endIndex) >= body else { return nil }
        length = bytes.distance(from: bytes.startIndex, to: head) + body
        let content = bytes[head...].prefix(body)
        change = Self.end(of: "\"change\":", in: content).flatMap { Self.number(content[$0...]) }.map(Int64.init)
    }

    private static let lengthName = "content-length:"

    private static func number(_ digits: some Collection<UInt8>) -> Int? {
        let digits = digits.prefix { 48...57 ~= $0 }
        return digits.isEmpty ? nil : digits.reduce(0) { $0 * 10 + Int($1 - 48) }
    }

    /// The index after the first place where the text stands.
    private static func end<Bytes: RandomAccessCollection<UInt8>>(
        of text: StaticString, in bytes: Bytes
    ) -> Bytes.Index? {
        text.withUTF8Buffer { text in
            var index = bytes.startIndex
            var matched = 0
            while index < bytes.endIndex {
                let byte = bytes[index]
                index = bytes.index(after: index)
                // None of these texts needs more than its first byte looked at again after a mismatch.
                if unsafe byte == text[matched] {
                    matched += 1
                } else if matched > 0 {
                    matched = unsafe byte == text[0] ? 1 : 0
                }
                if matched == text.count { return index }
            }
            return nil
        }
    }
}
