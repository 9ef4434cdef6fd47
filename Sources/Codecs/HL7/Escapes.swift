/// HL7's escape sequences (2.5.1, 2.7), decoded once and after splitting.
enum Escapes {
    /// Separators' escapes and hexadecimal bytes are replaced. Formatting commands, character set switches, local and
    /// unknown sequences, and an escape character that nothing closes, stay as they are.
    static func decode(_ raw: ArraySlice<UInt8>, _ separators: Separators) -> [UInt8] {
        guard let escape = separators.escape else { return Array(raw) }
        var out: [UInt8] = []
        out.reserveCapacity(raw.count)
        var position = raw.startIndex
        while position < raw.endIndex {
            let byte = raw[position]
            guard byte == escape else {
                out.append(byte)
                position += 1
                continue
            }
            guard let close = raw[(position + 1)...].firstIndex(of: escape) else {
                out += raw[position...]
                break
            }
            let body = raw[(position + 1)..<close]
            if let meaning = meaning(body, separators) {
                out += meaning
                position = close + 1
            } else if isSequence(body) {
                out += raw[position...close]
                position = close + 1
            } else {
                out.append(byte)
                position += 1
            }
        }
        return out
    }

    /// `bytes` as field content: separators, line ends and the two framing bytes escaped. Where no escape character is
    /// declared there is no way to say them, and they become blanks.
    static func encode(_ bytes: [UInt8], _ separators: Separators) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count)
        for byte in bytes {
            guard let name = name(of: byte, separators) else {
                out.append(byte)
                continue
            }
            guard let escape = separators.escape else {
                out.append(0x20)
                continue
            }
            out.append(escape)
            out += name.utf8
            out.append(escape)
        }
        return out
    }

    private static func name(of byte: UInt8, _ separators: Separators) -> String? {
        switch byte {
        case separators.field: "F"
        case separators.component: "S"
        case separators.subcomponent: "T"
        case separators.repetition: "R"
        case separators.escape: "E"
        case separators.truncation: "P"
        case 0x0D: "X0D"
        case 0x0A: "X0A"
        case 0x0B: "X0B"
        case 0x1C: "X1C"
        default: nil
        }
    }

    private static func meaning(_ body: ArraySlice<UInt8>, _ separators: Separators) -> [UInt8]? {
        guard let first = body.first else { return nil }
        if first == 0x58 { return hexadecimal(body.dropFirst()) }
        guard body.count == 1 else { return nil }
        let byte: UInt8? =
            switch first {
            case 0x46: separators.field
            case 0x53: separators.component
            case 0x54: separators.subcomponent
            case 0x52: separators.repetition
            case 0x45: separators.escape
            case 0x50: separators.truncation
            default: nil
            }
        return byte.map { [$0] }
    }

    private static func hexadecimal(_ digits: ArraySlice<UInt8>) -> [UInt8]? {
        guard !digits.isEmpty, digits.count.isMultiple(of: 2) else { return nil }
        var out: [UInt8] = []
        var high: UInt8?
        for digit in digits {
            let value: UInt8
            switch digit {
            case 0x30...0x39: value = digit - 0x30
            case 0x41...0x46: value = digit - 0x37
            case 0x61...0x66: value = digit - 0x57
            default: return nil
            }
            if let first = high {
                out.append(first << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
        return out
    }

    /// Whether the text between two escape characters has a sequence's shape, so that the second one closes it.
    private static func isSequence(_ body: ArraySlice<UInt8>) -> Bool {
        guard let first = body.first, !body.contains(0x20) else { return false }
        switch first {
        case 0x2E, 0x58, 0x43, 0x4D, 0x5A: return true
        case 0x48, 0x4E, 0x46, 0x53, 0x54, 0x52, 0x45, 0x50: return body.count == 1
        default: return false
        }
    }
}
