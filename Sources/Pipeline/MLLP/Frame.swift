/// One whole frame of one connection.
package struct Frame: Sendable {
    /// What was between 0x0B and 0x1C.
    package let bytes: [UInt8]
    /// Counts the frames of its connection from 1.
    package let number: Int
}

/// Who is at the other end of a connection.
package struct Peer: Sendable, Hashable {
    /// An IP address; empty where there is none.
    package let host: String
    package let port: Int
    /// The port it came in by, which may tell its feed.
    package let listener: Int
    /// Counts this process's connections from 1.
    package let connection: Int
}

/// What to say to a frame.
package struct Answer: Sendable {
    /// The acknowledgement, unframed; nil to say nothing.
    package let bytes: [UInt8]?
    /// Whether the connection ends once this and all before it are written.
    package let close: Bool

    package init(_ bytes: [UInt8]?, close: Bool = false) {
        self.bytes = bytes
        self.close = close
    }
}

/// What was not a frame. `head` is the beginning of the message, up to `FrameDecoder.headLength` bytes.
package enum Refusal: Sendable, Equatable {
    /// Gets no answer; what `onRefusal` returns is not sent.
    case cut(head: [UInt8], size: Int, cause: Cut)
    /// Gets what `onRefusal` returns, then the connection ends.
    case tooLong(head: [UInt8], size: Int)
    /// Blanks outside frames; no answer.
    case stray(Int)
    /// Text outside frames; no answer.
    case noise(head: [UInt8], size: Int)
    /// A frame without content, once a connection; no answer.
    case empty
    /// Not an MLLP sender; no answer, the connection ends.
    case notMLLP(head: [UInt8], size: Int)
    /// More connections than `Limits.connections`; no answer, the connection ends.
    case tooManyConnections
}

/// What a listener allows. The defaults suit one practice's feed.
package struct Limits: Sendable {
    /// The longest message, in bytes.
    package var frame = 4 << 20
    package var trailer = Trailer.lenient
    /// From a frame's first byte to its last, not counting time in which reading was paused.
    package var frameDeadline = Duration.seconds(30)
    /// How long a connection may be silent with nothing unanswered; nil for ever.
    package var idle: Duration?
    /// A connection is not read from while more bytes, or more frames, than these wait for their answers.
    package var unansweredBytes = 8 << 20
    package var unansweredFrames = 512
    package var connections = 512
    /// How long 0x1C may wait for its 0x0D.
    package var trailerPatience = Duration.milliseconds(250)
    /// How long a connection that is being refused may go on sending.
    package var linger = Duration.seconds(2)

    package init() {}
}
