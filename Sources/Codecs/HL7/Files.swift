/// Splits what a file may hold: one message, many, batches (FHS, BHS, BTS, FTS; HL7 2.5.1, 2.10.3), or MLLP frames.
package enum Files {
    /// The messages, and what was wrong around them.
    package struct Contents: Sendable, Equatable {
        package struct Part: Sendable, Equatable {
            package let bytes: [UInt8]
            /// Where it begins in the file.
            package let position: Int
        }

        package fileprivate(set) var messages: [Part] = []
        package fileprivate(set) var faults: [Fault] = []
    }

    /// None of these loses a message that is there.
    package enum Fault: Sendable, Equatable, CustomStringConvertible {
        /// BTS-1 is not the number of messages since its BHS.
        case messageCount(declared: Int, found: Int, at: Int)
        /// FTS-1 is not the number of batches.
        case batchCount(declared: Int, found: Int, at: Int)
        /// A line between messages that belongs to none.
        case stray(at: Int)
        /// A frame without its end; left out.
        case cutFrame(at: Int)

        package var description: String {
            switch self {
            case .messageCount(let declared, let found, let at):
                "byte \(at): BTS declares \(declared) messages, \(found) are there"
            case .batchCount(let declared, let found, let at):
                "byte \(at): FTS declares \(declared) batches, \(found) are there"
            case .stray(let at): "byte \(at): text that belongs to no message"
            case .cutFrame(let at): "byte \(at): a frame begins that does not end"
            }
        }
    }

    /// Each message's bytes, in order; a batch without messages gives none.
    package static func messages(in bytes: [UInt8]) throws(HL7Error) -> [[UInt8]] {
        try read(bytes).messages.map(\.bytes)
    }

    /// Like `messages(in:)`, with positions and with what was wrong around them. The messages themselves are not parsed.
    package static func read(_ bytes: [UInt8]) throws(HL7Error) -> Contents {
        if Message.isWide(bytes) { throw .wideText(at: 0) }
        var contents = Contents()
        if isFramed(bytes) {
            frames(bytes, into: &contents)
            return contents
        }
        let start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        guard let first = bytes[start...].firstIndex(where: { $0 > 0x20 }) else { throw .empty }
        guard let opening = Line(bytes[...], at: first), opening.isHeader else { throw .notAMessage(at: first) }
        lines(bytes[first...], into: &contents)
        return contents
    }

    private static func isFramed(_ bytes: [UInt8]) -> Bool {
        bytes.indices.contains { index in
            guard bytes[index] == 0x0B else { return false }
            return Line(bytes[...], at: index + 1)?.isHeader ?? false
        }
    }

    /// As a receiver would: what is outside frames is skipped, 0x1C ends a frame, a second 0x0B begins anew.
    private static func frames(_ bytes: [UInt8], into contents: inout Contents) {
        var start: Int?
        for (index, byte) in bytes.enumerated() {
            switch byte {
            case 0x0B:
                if let start { contents.faults.append(.cutFrame(at: start)) }
                start = index + 1
            case 0x1C:
                if let start, start < index {
                    contents.messages.append(.init(bytes: Array(bytes[start..<index]), position: start))
                }
                start = nil
            default: break
            }
        }
        if let start { contents.faults.append(.cutFrame(at: start)) }
    }

    private static func lines(_ bytes: ArraySlice<UInt8>, into contents: inout Contents) {
        var open: Int?
        var since = 0
        var batches = 0
        func close(at end: Int) {
            guard let start = open else { return }
            contents.messages.append(.init(bytes: Array(bytes[start..<end]), position: start))
            open = nil
            since += 1
        }
        for line in starts(bytes) {
            switch Line(bytes, at: line)?.kind {
            case .message:
                close(at: line)
                open = line
            case .file:
                close(at: line)
            case .batch:
                close(at: line)
                since = 0
                batches += 1
            case .batchEnd(let declared):
                close(at: line)
                if let declared, declared != since {
                    contents.faults.append(.messageCount(declared: declared, found: since, at: line))
                }
                since = 0
            case .fileEnd(let declared):
                close(at: line)
                if let declared, declared != batches {
                    contents.faults.append(.batchCount(declared: declared, found: batches, at: line))
                }
                batches = 0
            case nil:
                if open == nil { contents.faults.append(.stray(at: line)) }
            }
        }
        close(at: bytes.endIndex)
    }

    /// Where lines that are not blank begin, past any blanks.
    private static func starts(_ bytes: ArraySlice<UInt8>) -> [Int] {
        var starts: [Int] = []
        var isNew = true
        for (index, byte) in zip(bytes.indices, bytes) {
            if byte == 0x0D || byte == 0x0A {
                isNew = true
            } else if isNew, byte > 0x20 {
                starts.append(index)
                isNew = false
            }
        }
        return starts
    }

    /// A line that begins or ends a message, a batch or a file.
    private struct Line {
        enum Kind: Equatable {
            case message, file, batch
            case batchEnd(Int?)
            case fileEnd(Int?)
        }

        let kind: Kind

        var isHeader: Bool { kind == .message || kind == .file || kind == .batch }

        /// A header's fourth character is a separator, never a letter or a digit; a trailer may end after its name.
        init?(_ bytes: ArraySlice<UInt8>, at position: Int) {
            guard position + 3 <= bytes.endIndex else { return nil }
            let end = bytes[position...].firstIndex { $0 == 0x0D || $0 == 0x0A } ?? bytes.endIndex
            let rest = bytes[(position + 3)..<max(end, position + 3)]
            switch Outline.key(bytes[position..<(position + 3)]) {
            case Outline.header where Self.isSeparator(rest.first): kind = .message
            case Self.fhs where Self.isSeparator(rest.first): kind = .file
            case Self.bhs where Self.isSeparator(rest.first): kind = .batch
            case Self.bts where rest.isEmpty || Self.isSeparator(rest.first): kind = .batchEnd(Self.count(rest))
            case Self.fts where rest.isEmpty || Self.isSeparator(rest.first): kind = .fileEnd(Self.count(rest))
            default: return nil
            }
        }

        private static let fhs = Outline.key("FHS".utf8)
        private static let bhs = Outline.key("BHS".utf8)
        private static let bts = Outline.key("BTS".utf8)
        private static let fts = Outline.key("FTS".utf8)

        private static func isSeparator(_ byte: UInt8?) -> Bool {
            guard let byte, byte > 0x20, byte < 0x7F else { return false }
            return !(0x30...0x39).contains(byte) && !(0x41...0x5A).contains(byte) && !(0x61...0x7A).contains(byte)
        }

        private static func count(_ rest: ArraySlice<UInt8>) -> Int? {
            Int(String(decoding: rest.dropFirst().prefix { (0x30...0x39).contains($0) }, as: UTF8.self))
        }
    }
}
