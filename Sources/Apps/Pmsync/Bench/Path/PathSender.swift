import MLLP
import NIOCore

/// One connection of the load, with one message outstanding, as MLLP wants. `MLLP.Client` parses each message and its answer
/// to compare control ids; this reads only the answer's code, because sender and path share the cores.
final class PathSender: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let traffic: PathTraffic
    private var mix: PathMix
    private var channel: (any Channel)?
    private var dues = CircularBuffer<UInt64>()
    private var outstanding: Int?
    private var answer: [UInt8] = []

    init(_ mix: PathMix, _ traffic: PathTraffic) {
        self.mix = mix
        self.traffic = traffic
    }

    /// Sends the next message once the ones before it are acknowledged.
    func send(due: UInt64) {
        dues.append(due)
        if outstanding == nil { sendDue() }
    }

    func sendDue() {
        if let due = dues.popFirst() { write(due: due) }
    }

    /// Sends the next message at once; the one before it is acknowledged.
    func send() { write(due: nil) }

    private func write(due: UInt64?) {
        guard let (bytes, sample) = traffic.message(mix.next(), due: due) else { return }
        outstanding = sample
        channel?.writeAndFlush(ByteBuffer(bytes: FrameDecoder.frame(bytes)), promise: nil)
    }

    func channelActive(context: ChannelHandlerContext) {
        channel = context.channel
        traffic.add(self)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        answer += Self.unwrapInboundIn(data).readableBytesView
        guard answer.suffix(2) == [0x1C, 0x0D], let sample = outstanding else { return }
        defer { answer.removeAll(keepingCapacity: true) }
        let code = Self.code(of: answer)
        guard code == "AA" || code == "CA" else { return traffic.fail(.refused(code)) }
        outstanding = nil
        traffic.acknowledged(sample, by: self)
    }

    func channelInactive(context: ChannelHandlerContext) {
        traffic.fail(.disconnected)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    /// MSA-1; empty where there is none.
    static func code(of answer: [UInt8]) -> String {
        let mark = Array("\rMSA|".utf8)
        guard
            let start = answer.indices.first(where: { answer[$0] == 0x0D && answer[$0...].starts(with: mark) })
        else { return "" }
        return String(decoding: answer[(start + mark.count)...].prefix { $0 != 0x7C && $0 != 0x0D }, as: UTF8.self)
    }
}
