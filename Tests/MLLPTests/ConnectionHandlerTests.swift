import NIOCore
import NIOEmbedded
import Testing

@testable import MLLP

@Suite struct ConnectionHandlerTests {
    @Test("Reading stops while too many frames are unanswered, and goes on at half")
    func backPressure() throws {
        var limits = Limits()
        limits.unansweredFrames = 4
        let wire = try Wire(limits)
        try wire.receive(4)
        #expect(wire.isReading)
        try wire.receive(1)
        #expect(!wire.isReading)
        try wire.answer(0)
        try wire.answer(1)
        #expect(!wire.isReading)
        try wire.answer(2)
        #expect(wire.isReading)
        #expect(try wire.written() == ["0", "1", "2"])
    }

    @Test("Answers that are ready together leave in one write, in order, and an early one waits")
    func coalesced() throws {
        let wire = try Wire(Limits())
        try wire.receive(4)
        try wire.answer(2)
        try wire.answer(1)
        #expect(try wire.written() == [])
        try wire.answer(0)
        let write = try wire.channel.readOutbound(as: ByteBuffer.self)
        #expect(write.map { String(buffer: $0) } == "\u{0B}0\u{1C}\r\u{0B}1\u{1C}\r\u{0B}2\u{1C}\r")
        try wire.answer(3)
        #expect(try wire.written() == ["3"])
    }

    /// A handler with its tasks' side played by the test.
    private final class Wire {
        let channel = EmbeddedChannel()
        private let connection: Connection

        init(_ limits: Limits) throws {
            let peer = Peer(host: "", port: 0, listener: 0, connection: 1)
            connection = Connection(peer: peer, channel: channel)
            try channel.pipeline.syncOperations.addHandler(ConnectionHandler(connection, limits: limits))
            try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        }

        var isReading: Bool {
            let option = channel.options.first { $0.option is ChannelOptions.Types.AutoReadOption }
            return option?.value as? Bool ?? true
        }

        func receive(_ count: Int) throws {
            let bytes = (0..<count).flatMap { _ in FrameDecoder.frame([0x41]) }
            try channel.writeInbound(ByteBuffer(bytes: bytes))
        }

        func answer(_ slot: Int) throws {
            connection.give(Answer(Array("\(slot)".utf8)), to: slot)
        }

        func written() throws -> [String] {
            var all: [String] = []
            while let buffer = try channel.readOutbound(as: ByteBuffer.self) {
                all += String(buffer: buffer).split(separator: "\u{1C}\r").map { String($0.dropFirst()) }
            }
            return all
        }
    }
}
