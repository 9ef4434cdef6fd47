/// One HL7 v2 message: its bytes as they came and a table of offsets. Reading decodes; nothing is copied until then.
package struct Message: Sendable {
    /// As they came, blanks and byte order mark included; every position is an offset into these.
    package let bytes: [UInt8]
    package let separators: Separators
    /// What text is decoded in: the feed's override, else what MSH-18 declares, else ASCII.
    package let charset: Charset
    let outline: Outline

    /// Tolerates CR, LF and CR LF, blanks before MSH, blank lines and a UTF-8 byte order mark.
    package init(_ bytes: [UInt8]) throws(HL7Error) {
        try self.init(bytes, charset: nil)
    }

    /// With a feed's own idea of the character set, which MSH-18 does not overrule.
    package init(_ bytes: [UInt8], charset override: Charset?) throws(HL7Error) {
        let start = try Self.start(bytes)
        guard bytes.count <= UInt32.max else { throw .tooLong }
        guard start + 3 < bytes.count else { throw .badSeparators(at: start) }
        let field = bytes[start + 3]
        var body = start + 4
        while body < bytes.count, bytes[body] != field, bytes[body] != 0x0D, bytes[body] != 0x0A { body += 1 }
        guard let separators = Separators(field: field, encoding: bytes[(start + 4)..<max(body, start + 4)]) else {
            throw .badSeparators(at: start + 3)
        }
        self.bytes = bytes
        self.separators = separators
        outline = try Outline(of: bytes, start: start, body: body, separators: separators)
        charset = try Self.charset(override, bytes: bytes, separators: separators, outline: outline)
    }

    /// Decoded and unescaped; nil where absent, empty or null. A level that the path leaves out is its first.
    package func text(_ path: Path) -> String? { value(path).text }

    /// Like `text`, with null (delete what is on record) told from absent (leave it alone) (HL7 2.5.1, 2.6).
    package func value(_ path: Path) -> Value {
        guard let segment = segment(path.segment, occurrence: path.occurrence) else { return .absent }
        return segment.value(
            path.field, repetition: path.repetition ?? 1, component: path.component ?? 1,
            subcomponent: path.subcomponent ?? 1)
    }

    /// Every segment in order, unknown and Z ones included.
    package var segments: [Segment] {
        outline.lines.indices.map { Segment(message: self, line: $0) }
    }

    /// The segments of one name, in order. Names are compared without regard to case.
    package func segments(named name: String) -> [Segment] {
        let key = Outline.key(name.utf8)
        return outline.lines.indices.compactMap { index in
            outline.lines[index].name == key && key != 0 ? Segment(message: self, line: index) : nil
        }
    }

    /// The `occurrence`th segment of that name, counted from 1.
    package func segment(_ name: String, occurrence: Int = 1) -> Segment? {
        let key = Outline.key(name.utf8)
        guard key != 0 else { return nil }
        var left = occurrence
        for index in outline.lines.indices where outline.lines[index].name == key {
            left -= 1
            if left == 0 { return Segment(message: self, line: index) }
        }
        return nil
    }

    package var header: Header { Header(segment: Segment(message: self, line: 0)) }

    /// Whether any byte is not defined in the character set, so that a name would be read with replacements.
    package var hasInvalidText: Bool { charset.hasInvalid(bytes) }

    private static func start(_ bytes: [UInt8]) throws(HL7Error) -> Int {
        var start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        if isWide(bytes) { throw .wideText(at: 0) }
        while start < bytes.count, bytes[start] <= 0x20 { start += 1 }
        if start == bytes.count { throw .empty }
        switch Outline.key(bytes[start..<min(start + 3, bytes.count)]) {
        case Outline.header: return start
        case Outline.key("FHS".utf8), Outline.key("BHS".utf8): throw .batch(at: start)
        default: throw .notAMessage(at: start)
        }
    }

    /// A byte order mark of UTF-16 or UTF-32, or letters that alternate with NULs.
    static func isWide(_ bytes: [UInt8]) -> Bool {
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) { return true }
        if bytes.starts(with: [0, 0, 0xFE, 0xFF]) { return true }
        return [[0x4D, 0, 0x53, 0], [0, 0x4D, 0, 0x53], [0x4D, 0, 0, 0], [0, 0, 0, 0x4D]].contains {
            bytes.starts(with: $0)
        }
    }

    /// MSH-18's first repetition is the default; a later UTF-8 widens ASCII, which it contains (2.15.9.18).
    private static func charset(
        _ override: Charset?, bytes: [UInt8], separators: Separators, outline: Outline
    ) throws(HL7Error) -> Charset {
        if let override { return override }
        let reader = Reader(bytes: bytes, separators: separators, outline: outline)
        guard let field = reader.field(18, line: 0), field.start < field.end else {
            return bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? .utf8 : .ascii
        }
        let names = reader.parts(of: field, by: separators.repetition).map { part in
            Charset.ascii.decode(bytes[part.start..<part.end])
        }
        if Charset.isWide(names[0]) { throw .wideCharset(at: field.start) }
        let declared = names[0].isEmpty ? .ascii : Charset(names[0]) ?? .unsupported
        return declared == .ascii && names.contains { Charset($0) == .utf8 } ? .utf8 : declared
    }
}

extension Message: Equatable {
    /// The same bytes read in the same character set.
    package static func == (one: Message, other: Message) -> Bool {
        one.charset == other.charset && one.bytes == other.bytes
    }
}

/// What a place in a message holds.
package enum Value: Hashable, Sendable {
    /// Not there or empty: leave what is on record alone.
    case absent
    /// Exactly `""`: delete what is on record.
    case null
    case text(String)

    package var text: String? {
        if case .text(let text) = self { text } else { nil }
    }
}
