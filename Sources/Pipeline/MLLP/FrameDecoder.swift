/// What the bytes of a connection turn out to be, in order.
package enum FrameEvent: Sendable, Equatable {
    /// The content of one whole frame, never empty.
    case message([UInt8])
    /// A frame that will never be whole; `head` is its beginning, `size` how much of it came.
    case cut(head: [UInt8], size: Int, cause: Cut)
    /// A frame over the limit. What follows is dropped up to the frame's end.
    case tooLong(head: [UInt8], size: Int)
    /// How many bytes came outside frames since the last one, all of them blanks: keepalives, and the empty frames of a
    /// connection after its first.
    case stray(Int)
    /// Text between frames: a sender that frames wrongly. `size` counts its blanks as well.
    case noise(head: [UInt8], size: Int)
    /// A frame without content, told once a connection: some senders keep it alive so.
    case empty
    /// So much noise that the peer does not speak MLLP, or the beginning of a TLS or an HTTP session: the connection is of
    /// no use.
    case notMLLP(head: [UInt8], size: Int)
}

/// Why a frame was cut.
package enum Cut: String, Sendable {
    /// 0x0B inside: the sender began anew.
    case restarted
    /// The connection ended inside.
    case closed
    /// The frame did not end by its deadline.
    case late
    /// 0x1C followed by something that is not 0x0D, for a peer of whom it is demanded.
    case badTrailer
}

/// How a frame may end.
package enum Trailer: Sendable {
    /// 0x1C 0x0D; also 0x1C with LF, a blank, a new 0x0B, silence or the connection's end after it. A 0x1C followed by
    /// text is content: cutting a message there would lose its rest behind a good answer.
    case lenient
    /// 0x1C 0x0D and nothing else.
    case strict
}

/// Bytes to frames, one byte at a time if need be: 0x0B, content, 0x1C, 0x0D. A value without a socket or a clock.
package struct FrameDecoder: Sendable {
    package let limit: Int
    package let trailer: Trailer

    private enum State { case outside, inside, ending, discarding, discarded, useless }

    private var state = State.outside
    private var content: [UInt8] = []
    private var stray = 0
    private var noise = 0
    private var noiseHead: [UInt8] = []
    private var isFresh = true
    private var hasToldEmpty = false

    /// How much of a frame's beginning a refusal keeps: enough for any MSH.
    package static let headLength = 2048
    /// So many bytes of noise between frames and the peer is not an MLLP sender.
    package static let noiseLimit = 4096

    /// `limit` is the longest content, in bytes.
    package init(limit: Int = 4 << 20, trailer: Trailer = .lenient) {
        self.limit = limit
        self.trailer = trailer
    }

    /// Whether a frame has begun that has not ended.
    package var isInside: Bool { state == .inside || state == .ending || state == .discarding }

    /// Whether 0x1C came and the next byte decides; if none comes, `settle`.
    package var isEnding: Bool { state == .ending }

    /// Takes all of `bytes`; what they complete is appended to `events`.
    package mutating func consume(_ bytes: some RandomAccessCollection<UInt8>, into events: inout [FrameEvent]) {
        var rest = bytes[...]
        while let byte = rest.first {
            switch state {
            case .inside:
                let run = rest.prefix { $0 != 0x1C && $0 != 0x0B }
                take(run, &events)
                rest = rest[run.endIndex...]
                guard state == .inside, let mark = rest.popFirst() else { continue }
                if mark == 0x1C { state = .ending } else { restart(&events) }
            case .ending:
                if end(with: byte, &events) { rest.removeFirst() }
            case .discarding:
                rest = rest.drop { $0 != 0x1C }
                if rest.popFirst() != nil { state = .discarded }
            case .discarded:
                if byte == 0x0D { rest.removeFirst() }
                state = .outside
            case .outside:
                rest.removeFirst()
                outside(byte, &events)
            case .useless:
                return
            }
        }
    }

    /// The sender has been quiet since 0x1C: for a lenient decoder the frame is whole.
    package mutating func settle(into events: inout [FrameEvent]) {
        if state == .ending, trailer == .lenient { finishFrame(&events) }
    }

    /// The deadline of the frame that is inside has passed.
    package mutating func abandon(into events: inout [FrameEvent]) {
        if isInside { cut(.late, &events) }
    }

    /// The connection has ended.
    package mutating func finish(into events: inout [FrameEvent]) {
        settle(into: &events)
        switch state {
        case .inside, .ending: cut(.closed, &events)
        case .outside: reportStray(&events)
        case .discarding, .discarded, .useless: break
        }
        state = .useless
    }

    private mutating func outside(_ byte: UInt8, _ events: inout [FrameEvent]) {
        if byte == 0x0B {
            reportStray(&events)
            isFresh = false
            state = .inside
            return
        }
        stray += 1
        if byte > 0x20 || byte == 0x16 { noise += 1 }
        if noise > 0, noiseHead.count < Self.headLength { noiseHead.append(byte) }
        let isGreeting = isFresh && (stray == 1 && byte == 0x16 || Self.beginsHTTP(noiseHead))
        if noise > Self.noiseLimit || isGreeting {
            events.append(.notMLLP(head: noiseHead, size: stray))
            state = .useless
        }
    }

    /// `POST /`, as a browser or an interface engine says that was pointed at the wrong port; it would wait for an answer.
    private static func beginsHTTP(_ bytes: [UInt8]) -> Bool {
        guard (5...9).contains(bytes.count), bytes.suffix(2) == Array(" /".utf8) else { return false }
        return methods.contains(Array(bytes.dropLast(2)))
    }

    private static let methods = ["GET", "POST", "PUT", "HEAD", "DELETE", "PATCH", "OPTIONS"].map { Array($0.utf8) }

    /// True where `byte` belongs to the frame or its end, so that it is used up.
    private mutating func end(with byte: UInt8, _ events: inout [FrameEvent]) -> Bool {
        if byte == 0x0D {
            finishFrame(&events)
            return true
        }
        guard trailer == .lenient else {
            cut(.badTrailer, &events)
            return false
        }
        if byte == 0x0A {
            finishFrame(&events)
            return true
        }
        if byte <= 0x20, byte != 0x1C {
            finishFrame(&events)
            return false
        }
        state = .inside
        take(CollectionOfOne(0x1C), &events)
        return false
    }

    private mutating func take(_ run: some Collection<UInt8>, _ events: inout [FrameEvent]) {
        let room = limit - content.count
        if run.count <= room {
            content += run
            return
        }
        content += run.prefix(room)
        events.append(.tooLong(head: head, size: content.count + 1))
        content = []
        state = .discarding
    }

    private mutating func restart(_ events: inout [FrameEvent]) {
        if content.isEmpty { stray += 1 } else { cut(.restarted, &events) }
        state = .inside
    }

    private mutating func finishFrame(_ events: inout [FrameEvent]) {
        state = .outside
        if content.isEmpty {
            if hasToldEmpty {
                stray += 3
            } else {
                hasToldEmpty = true
                events.append(.empty)
            }
        } else {
            events.append(.message(content))
            content = []
        }
    }

    private mutating func cut(_ cause: Cut, _ events: inout [FrameEvent]) {
        events.append(.cut(head: head, size: content.count, cause: cause))
        content = []
        state = .outside
    }

    private mutating func reportStray(_ events: inout [FrameEvent]) {
        if noise > 0 {
            events.append(.noise(head: noiseHead, size: stray))
        } else if stray > 0 {
            events.append(.stray(stray))
        }
        stray = 0
        noise = 0
        noiseHead = []
    }

    private var head: [UInt8] { Array(content.prefix(Self.headLength)) }
}

extension FrameDecoder {
    /// `content` as a frame.
    package static func frame(_ content: [UInt8]) -> [UInt8] { [0x0B] + content + [0x1C, 0x0D] }
}
