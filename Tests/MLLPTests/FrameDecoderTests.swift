import MLLP
import NIOCore
import NIOTestUtils
import Testing

@testable import MLLP

@Suite struct FrameDecoderTests {
    @Test("However the bytes are cut into reads, the same frames come out")
    func verified() throws {
        let cases: [([UInt8], [FrameEvent])] = [
            (frame("A"), [message("A")]),
            (frame("A") + frame("B"), [message("A"), message("B")]),
            (Array("\u{0B}A\u{1C}\n".utf8) + frame("B"), [message("A"), message("B")]),
            (Array("\u{0B}A\u{1C}".utf8) + frame("B"), [message("A"), message("B")]),
            (Array("\u{0B}A\u{1C}B\u{1C}\r".utf8), [message("A\u{1C}B")]),
            (Array("\u{0B}A\u{1C}\u{1C}\r".utf8), [message("A\u{1C}")]),
            (Array("\u{0B}A\u{0B}B\u{1C}\r".utf8), [cut("A", .restarted), message("B")]),
            (Array("\0\0\r\n".utf8) + frame("A"), [.stray(4), message("A")]),
            (
                frame("A") + Array("\0junk".utf8) + frame("B"),
                [message("A"), .noise(head: Array("junk".utf8), size: 5), message("B")]
            ),
        ]
        let pairs = cases.map { (ByteBuffer(bytes: $0.0), $0.1) }
        try ByteToMessageDecoderVerifier.verifyDecoder(inputOutputPairs: pairs) { FrameByteDecoder(FrameDecoder()) }
    }

    @Test("A frame over the limit is refused once, and what follows it is read")
    func tooLong() throws {
        let pairs = [
            (ByteBuffer(bytes: frame("12345") + frame("A")), [message("12345"), message("A")]),
            (
                ByteBuffer(bytes: frame("123456") + frame("A")),
                [.tooLong(head: Array("12345".utf8), size: 6), message("A")]
            ),
            (
                ByteBuffer(bytes: frame("123456789") + frame("A")),
                [.tooLong(head: Array("12345".utf8), size: 6), message("A")]
            ),
        ]
        try ByteToMessageDecoderVerifier.verifyDecoder(inputOutputPairs: pairs) {
            FrameByteDecoder(FrameDecoder(limit: 5))
        }
    }

    @Test("A strict peer's frame ends with 0x1C 0x0D and nothing else")
    func strict() {
        #expect(
            events(Array("\u{0B}A\u{1C}\n".utf8) + frame("B"), trailer: .strict).prefix(1) == [cut("A", .badTrailer)])
        #expect(events(Array("\u{0B}A\u{1C}".utf8), trailer: .strict, atEnd: true) == [cut("A", .closed)])
        #expect(events(frame("A"), trailer: .strict) == [message("A")])
    }

    @Test("The connection's end inside a frame cuts it, after 0x1C it does not")
    func ends() {
        #expect(events(Array("\u{0B}AB".utf8), atEnd: true) == [cut("AB", .closed)])
        #expect(events(Array("\u{0B}".utf8), atEnd: true) == [cut("", .closed)])
        #expect(events(Array("\u{0B}A\u{1C}".utf8), atEnd: true) == [message("A")])
        #expect(events(Array("\0\0".utf8), atEnd: true) == [.stray(2)])
        #expect(events(frame("A"), atEnd: true) == [message("A")])
    }

    @Test("A TLS greeting, and noise without end, are not MLLP")
    func noise() {
        #expect(events([0x16, 0x03, 0x01]) == [.notMLLP(head: [0x16], size: 1)])
        #expect(events(frame("A") + [0x16, 0x03]) == [message("A")])
        let noise = [UInt8](repeating: 0x41, count: FrameDecoder.noiseLimit + 100)
        let head = Array(noise.prefix(FrameDecoder.headLength))
        #expect(events(noise) == [.notMLLP(head: head, size: FrameDecoder.noiseLimit + 1)])
        #expect(events([UInt8](repeating: 0, count: 10_000) + frame("A")) == [.stray(10_000), message("A")])
    }

    @Test(
        "An HTTP request is known by its first bytes; after a frame, and as raw text, it is noise that is told",
        arguments: [
            "POST /hl7 HTTP/1.1", "GET / HTTP/1.1",
        ])
    func http(request: String) {
        let bytes = Array(request.utf8)
        let head = Array(request.prefix { $0 != "/" }.utf8) + [0x2F]
        #expect(events(bytes) == [.notMLLP(head: head, size: head.count)])
        #expect(events(frame("A") + bytes, atEnd: true) == [message("A"), .noise(head: bytes, size: bytes.count)])
        let raw = Array("MSH|^~\\&|A".utf8)
        #expect(events(raw, atEnd: true) == [.noise(head: raw, size: raw.count)])
    }

    @Test("The first empty frame of a connection is told, the rest count as its keepalive")
    func empty() {
        let none: [UInt8] = [0x0B, 0x1C, 0x0D]
        #expect(events(none + none + none + frame("A")) == [.empty, .stray(3), .stray(3), message("A")])
    }

    @Test("A deadline cuts a frame and keeps its beginning")
    func late() {
        var decoder = FrameDecoder()
        var events: [FrameEvent] = []
        decoder.consume(Array("\u{0B}MSH|".utf8), into: &events)
        #expect(decoder.isInside && events.isEmpty)
        decoder.abandon(into: &events)
        decoder.abandon(into: &events)
        #expect(events == [cut("MSH|", .late)])
    }

    @Test("Answers leave in the order of their frames, and reading resumes at half")
    func backlog() {
        var backlog = Backlog()
        var limits = Limits()
        limits.unansweredFrames = 4
        let numbers = (0..<200).map { _ in backlog.add(size: 10) }
        #expect(backlog.shouldPause(limits, isPaused: false))
        for number in numbers.reversed() {
            #expect(backlog.pop() == nil)
            backlog.answer(number, Answer([UInt8(number)]))
        }
        var out: [UInt8] = []
        while let answer = backlog.pop() {
            out += answer.bytes ?? []
            if backlog.count == 3 { #expect(backlog.shouldPause(limits, isPaused: true)) }
        }
        #expect(out == numbers.map { UInt8($0) })
        #expect(backlog.isEmpty && backlog.bytes == 0)
        #expect(!backlog.shouldPause(limits, isPaused: true))
    }

    private func events(
        _ bytes: [UInt8], trailer: Trailer = .lenient, atEnd: Bool = false
    ) -> [FrameEvent] {
        var decoder = FrameDecoder(trailer: trailer)
        var events: [FrameEvent] = []
        decoder.consume(bytes, into: &events)
        if atEnd { decoder.finish(into: &events) }
        return events
    }

    private func frame(_ text: String) -> [UInt8] { FrameDecoder.frame(Array(text.utf8)) }
    private func message(_ text: String) -> FrameEvent { .message(Array(text.utf8)) }
    private func cut(_ text: String, _ cause: Cut) -> FrameEvent {
        .cut(head: Array(text.utf8), size: text.utf8.count, cause: cause)
    }
}
