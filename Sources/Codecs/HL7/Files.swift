/// Splits what a file may hold: one message, many, batches (FHS, BHS, BTS, FTS; HL7 2.5.1, 2.10.3), or MLLP frames.
package enum Files {
    /// The messages, and what was wrong around them.
    package struct Contents: Sendable, Equatable {
        package struct Part: Sendable, Equatable {
            package let bytes: [UInt8]
            /// Where it begins in the file.
            package let position: Int

            package init(bytes: [UInt8], position: Int) {
                self.bytes = bytes
                self.position = position
            }
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
        var survey = Survey()
        survey.take(bytes)
        var cutter = Cutter(try survey.form(), limit: .max)
        var contents = Contents()
        for piece in cutter.take(bytes) + cutter.finish() {
            switch piece {
            case .message(let part): contents.messages.append(part)
            case .fault(let fault): contents.faults.append(fault)
            case .tooLong: preconditionFailure("Without a limit nothing is too long.")
            }
        }
        return contents
    }

    /// A line that begins or ends a message, a batch or a file.
    struct Line {
        enum Kind: Equatable {
            case message, file, batch
            case batchEnd(Int?)
            case fileEnd(Int?)
        }

        let kind: Kind

        /// So many bytes tell a header: its name and a separator.
        static let shortest = 4

        var isHeader: Bool { kind == .message || kind == .file || kind == .batch }

        var isTrailer: Bool {
            switch kind {
            case .batchEnd, .fileEnd: true
            case .message, .file, .batch: false
            }
        }

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
