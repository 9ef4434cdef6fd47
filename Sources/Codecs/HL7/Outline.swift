/// Where everything is: the offset of every separator after MSH-2, in order, and where each segment begins and ends.
/// One allocation for the separators; which separator it is, its byte says.
struct Outline: Sendable {
    private(set) var marks: [UInt32]
    private(set) var lines: [Line]

    struct Line: Sendable {
        let start: UInt32
        let end: UInt32
        /// The line's share of `marks`.
        let firstMark: UInt32
        let lastMark: UInt32
        /// The segment's three letters in upper case, one a byte; 0 where the name is not three long.
        let name: UInt32
    }

    /// `start` is the M of MSH; separators count from `body`, the end of MSH-2.
    ///
    /// CR ends a segment, and CR LF (2.5.4). A message without any CR is read by its LFs. In a message with CRs a lone
    /// LF is data, unless what follows it is a segment's name and a field separator: senders that mix line ends exist,
    /// and so do multi-line notes.
    init(of bytes: [UInt8], start: Int, body: Int, separators: Separators) throws(HL7Error) {
        let classes = Self.classes(separators)
        let (capacity, hasCR) = Self.survey(bytes.span, from: start, classes: classes.span)
        var lines: [Line] = []
        let field = separators.field
        marks = Array(capacity: capacity) { marks in
            let span = bytes.span
            let classes = classes.span
            var lineStart = start
            var lineMark = 0
            for position in start..<span.count {
                let kind = classes[Int(span[position])]
                if kind == 0 { continue }
                if kind == Self.separator {
                    if position >= body { marks.append(UInt32(truncatingIfNeeded: position)) }
                    continue
                }
                if kind == Self.lineFeed, hasCR {
                    if position == lineStart {
                        lineStart += 1
                        continue
                    }
                    guard Self.isSegment(span, at: position + 1, field: field) else { continue }
                }
                Self.close(lineStart..<position, lineMark..<marks.count, span, field: field, into: &lines)
                lineStart = position + 1
                lineMark = marks.count
            }
            Self.close(lineStart..<span.count, lineMark..<marks.count, span, field: field, into: &lines)
        }
        if let second = lines.dropFirst().first(where: { $0.name == Self.header }) {
            throw .secondHeader(at: Int(second.start))
        }
        self.lines = lines
    }

    /// Three letters as one number, in upper case; 0 where there are not three.
    static func key(_ name: some Sequence<UInt8>) -> UInt32 {
        var key: UInt32 = 0
        var length = 0
        for byte in name {
            length += 1
            guard length <= 3 else { return 0 }
            key = key << 8 | upper(byte)
        }
        return length == 3 ? key : 0
    }

    static let header = key("MSH".utf8)

    private static func upper(_ byte: UInt8) -> UInt32 { UInt32((0x61...0x7A).contains(byte) ? byte - 0x20 : byte) }

    private static let separator: UInt8 = 1
    private static let carriageReturn: UInt8 = 2
    private static let lineFeed: UInt8 = 4

    private static func classes(_ separators: Separators) -> [UInt8] {
        var classes = [UInt8](repeating: 0, count: 256)
        classes[Int(separators.field)] = separator
        classes[Int(separators.component)] = separator
        if let repetition = separators.repetition { classes[Int(repetition)] = separator }
        if let subcomponent = separators.subcomponent { classes[Int(subcomponent)] = separator }
        classes[0x0D] = carriageReturn
        classes[0x0A] = lineFeed
        return classes
    }

    private static func survey(
        _ span: Span<UInt8>, from start: Int, classes: Span<UInt8>
    ) -> (separators: Int, hasCR: Bool) {
        var count = 0
        var seen: UInt8 = 0
        for position in start..<span.count {
            let kind = classes[Int(span[position])]
            count &+= Int(kind & separator)
            seen |= kind
        }
        return (count, seen & carriageReturn != 0)
    }

    private static func isSegment(_ span: Span<UInt8>, at position: Int, field: UInt8) -> Bool {
        guard position + 3 < span.count, span[position + 3] == field, (0x41...0x5A).contains(span[position]) else {
            return false
        }
        for next in (position + 1)...(position + 2) {
            let byte = span[next]
            guard (0x41...0x5A).contains(byte) || (0x30...0x39).contains(byte) else { return false }
        }
        return true
    }

    private static func name(of range: Range<Int>, _ span: Span<UInt8>, field: UInt8) -> UInt32 {
        let start = range.lowerBound
        guard range.count == 3 || range.count > 3 && span[start + 3] == field else { return 0 }
        for position in start..<(start + 3) where span[position] == field { return 0 }
        return upper(span[start]) << 16 | upper(span[start + 1]) << 8 | upper(span[start + 2])
    }

    private static func isBlank(_ range: Range<Int>, _ span: Span<UInt8>) -> Bool {
        for position in range where span[position] > 0x20 { return false }
        return true
    }

    private static func close(
        _ range: Range<Int>, _ marks: Range<Int>, _ span: Span<UInt8>, field: UInt8, into lines: inout [Line]
    ) {
        guard !isBlank(range, span) else { return }
        lines.append(
            Line(
                start: UInt32(range.lowerBound), end: UInt32(range.upperBound), firstMark: UInt32(marks.lowerBound),
                lastMark: UInt32(marks.upperBound), name: name(of: range, span, field: field)))
    }
}
