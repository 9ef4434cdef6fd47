extension Files {
    /// Cuts a file's messages as it is read, part by part, wherever the parts end. It holds one message at most, and of one
    /// that is longer than the limit only the beginning: so a file of any size takes no more memory than a message.
    package struct Cutter: Sendable {
        package enum Piece: Sendable, Equatable {
            case message(Contents.Part)
            /// A message that is longer than the limit: its beginning and its whole length.
            case tooLong(head: [UInt8], size: Int, position: Int)
            case fault(Fault)
        }

        private struct Open: Sendable {
            let position: Int
            private(set) var bytes: [UInt8] = []
            private(set) var size = 0

            /// Keeps all up to the limit; beyond it the beginning alone.
            mutating func append(_ more: ArraySlice<UInt8>, limit: Int) {
                size += more.count
                if size <= limit {
                    bytes.append(contentsOf: more)
                } else {
                    let kept = min(Self.headSize, limit)
                    if bytes.count > kept { bytes.removeLast(bytes.count - kept) }
                    bytes.append(contentsOf: more.prefix(kept - bytes.count))
                }
            }

            /// What is kept of a message that is too long.
            private static let headSize = 65536
        }

        private let form: Form
        private let limit: Int
        /// Where the next byte is in the file.
        private var position = 0
        private var open: Open?
        /// A line that is not known yet for what it is, and where it begins.
        private var line: (position: Int, bytes: [UInt8])?
        private var isNewLine = true
        /// Messages since the batch began, and batches since the file did.
        private var since = 0
        private var batches = 0
        private var pieces: [Piece] = []

        /// A trailer's count stands well before.
        private static let longestTrailer = 128

        package init(_ form: Form, limit: Int) {
            self.form = form
            self.limit = limit
        }

        /// How many bytes are held between two parts.
        package var held: Int { (open?.bytes.count ?? 0) + (line?.bytes.count ?? 0) }

        /// What the file's next part completes.
        package mutating func take(_ part: [UInt8]) -> [Piece] {
            switch form {
            case .frames: takeFrames(part)
            case .lines: takeLines(part)
            }
            position += part.count
            defer { pieces = [] }
            return pieces
        }

        /// What is complete with the file's end.
        package mutating func finish() -> [Piece] {
            switch form {
            case .frames:
                if let open { pieces.append(.fault(.cutFrame(at: open.position))) }
            case .lines:
                if let line { decide(line.position, line.bytes) }
                close()
            }
            (open, line) = (nil, nil)
            defer { pieces = [] }
            return pieces
        }

        // MARK: Frames

        /// As a receiver would: what is outside frames is skipped, 0x1C ends a frame, a second 0x0B begins anew.
        private mutating func takeFrames(_ part: [UInt8]) {
            var index = 0
            while index < part.count {
                let end = part[index...].firstIndex { $0 == 0x0B || $0 == 0x1C } ?? part.count
                append(part[index..<end])
                if end == part.count { return }
                if part[end] == 0x0B {
                    if let open { pieces.append(.fault(.cutFrame(at: open.position))) }
                    open = Open(position: position + end + 1)
                } else if open?.size == 0 {
                    open = nil
                } else {
                    close()
                }
                index = end + 1
            }
        }

        // MARK: Lines

        private mutating func takeLines(_ part: [UInt8]) {
            var index = 0
            while index < part.count {
                let byte = part[index]
                let isEnd = byte == 0x0D || byte == 0x0A
                if let known = line {
                    if !isEnd { line?.bytes.append(byte) }
                    if isEnd || Self.isDecided(line?.bytes ?? []) {
                        let bytes = line?.bytes ?? []
                        line = nil
                        decide(known.position, bytes)
                    }
                    if isEnd {
                        isNewLine = true
                        append(part[index...index])
                    }
                    index += 1
                } else if isNewLine, byte > 0x20, !Files.isByteOrderMark(byte, at: position + index) {
                    isNewLine = false
                    line = (position + index, [byte])
                    index += 1
                } else {
                    // The rest of a line, or blanks before one.
                    let end =
                        isNewLine
                        ? index + 1
                        : part[index...].firstIndex { $0 == 0x0D || $0 == 0x0A }.map { $0 + 1 } ?? part.count
                    append(part[index..<end])
                    isNewLine = isNewLine || part[end - 1] == 0x0D || part[end - 1] == 0x0A
                    index = end
                }
            }
        }

        /// Four bytes tell any line but a trailer, whose count is to be read.
        private static func isDecided(_ bytes: [UInt8]) -> Bool {
            guard bytes.count >= Line.shortest else { return false }
            return bytes.count >= longestTrailer || !(Line(bytes[...], at: 0)?.isTrailer ?? false)
        }

        private mutating func decide(_ start: Int, _ bytes: [UInt8]) {
            let kind = Line(bytes[...], at: 0)?.kind
            if kind != nil { close() }
            switch kind {
            case .message:
                open = Open(position: start)
                append(bytes[...])
            case .file: break
            case .batch:
                since = 0
                batches += 1
            case .batchEnd(let declared):
                if let declared, declared != since {
                    pieces.append(.fault(.messageCount(declared: declared, found: since, at: start)))
                }
                since = 0
            case .fileEnd(let declared):
                if let declared, declared != batches {
                    pieces.append(.fault(.batchCount(declared: declared, found: batches, at: start)))
                }
                batches = 0
            case nil:
                if open == nil { pieces.append(.fault(.stray(at: start))) }
                append(bytes[...])
            }
        }

        // MARK: The message in hand

        private mutating func append(_ bytes: ArraySlice<UInt8>) {
            open?.append(bytes, limit: limit)
        }

        private mutating func close() {
            guard let open else { return }
            since += 1
            pieces.append(
                open.size > limit
                    ? .tooLong(head: open.bytes, size: open.size, position: open.position)
                    : .message(.init(bytes: open.bytes, position: open.position)))
            self.open = nil
        }
    }
}
