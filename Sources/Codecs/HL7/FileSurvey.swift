extension Files {
    /// How a file keeps its messages.
    package enum Form: Sendable, Equatable {
        /// In MLLP frames.
        case frames
        /// One after the other, each from its MSH on.
        case lines
    }

    /// A first reading of a file, part by part, that tells its form: what is framed is known by a frame anywhere in it.
    package struct Survey: Sendable {
        private var position = 0
        private var head: [UInt8] = []
        /// The first line that is not blank, as far as it takes to know it.
        private var opening: [UInt8] = []
        private var first: Int?
        /// What was read last: a frame's beginning may be cut by the end of a part.
        private var tail: [UInt8] = []
        private var isFramed = false

        package init() {}

        package mutating func take(_ part: [UInt8]) {
            if head.count < 64 { head += part.prefix(64 - head.count) }
            if first == nil || opening.count < Line.shortest {
                for (offset, byte) in part.enumerated() where opening.count < Line.shortest {
                    let place = position + offset
                    if first == nil, byte <= 0x20 || Files.isByteOrderMark(byte, at: place) { continue }
                    if first == nil { first = place }
                    opening.append(byte)
                }
            }
            if !isFramed {
                let window = tail + part
                isFramed = window.indices.contains { index in
                    window[index] == 0x0B && Line(window[...], at: index + 1)?.isHeader ?? false
                }
                tail = Array(window.suffix(Line.shortest))
            }
            position += part.count
        }

        /// Throws where the file holds no message.
        package func form() throws(HL7Error) -> Form {
            if Message.isWide(head) { throw .wideText(at: 0) }
            if isFramed { return .frames }
            guard let first else { throw .empty }
            guard Line(opening[...], at: 0)?.isHeader ?? false else { throw .notAMessage(at: first) }
            return .lines
        }
    }

    /// Whether a byte belongs to the mark with which some begin UTF-8.
    static func isByteOrderMark(_ byte: UInt8, at position: Int) -> Bool {
        position < 3 && byte == [0xEF, 0xBB, 0xBF][position]
    }
}
