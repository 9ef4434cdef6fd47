/// A character set of HL7's table 0211 in which separators can be found on bytes.
package enum Charset: Hashable, Sendable {
    case ascii
    case utf8
    /// ISO 8859, parts 1 to 9 and 15.
    case iso8859(Int)
    /// What senders often mean where they declare 8859/1; only a feed's override names it.
    case windows1252
    /// Declared, and not one of these: ASCII is read, the rest is replaced and counts as invalid.
    case unsupported

    /// By HL7's name (`UNICODE UTF-8`, `8859/1`) or a usual spelling of it; nil where the name is not known, wide sets included.
    package init?(_ name: String) {
        let bare = String(String.UnicodeScalarView(name.uppercased().unicodeScalars.filter(Self.counts)))
        switch bare {
        case "ASCII", "USASCII", "ISOIR6", "ISOIR006": self = .ascii
        case "UTF8", "UNICODEUTF8", "UNICODE", "ISOIR192": self = .utf8
        case "WINDOWS1252", "CP1252": self = .windows1252
        case "ISOIR100": self = .iso8859(1)
        case "ISOIR101": self = .iso8859(2)
        case "ISOIR109": self = .iso8859(3)
        case "ISOIR110": self = .iso8859(4)
        case "ISOIR144": self = .iso8859(5)
        case "ISOIR127": self = .iso8859(6)
        case "ISOIR126": self = .iso8859(7)
        case "ISOIR138": self = .iso8859(8)
        case "ISOIR148": self = .iso8859(9)
        default:
            let digits = bare.hasPrefix("ISO") ? bare.dropFirst(3) : bare[...]
            guard digits.hasPrefix("8859"), let part = Int(digits.dropFirst(4)), (1...9).contains(part) || part == 15
            else { return nil }
            self = .iso8859(part)
        }
    }

    /// Text of `bytes`, with U+FFFD for what this set does not define.
    package func decode(_ bytes: some Collection<UInt8>) -> String {
        switch self {
        case .utf8: return String(decoding: bytes, as: UTF8.self)
        case .ascii, .unsupported:
            guard bytes.contains(where: { $0 >= 0x80 }) else { return String(decoding: bytes, as: UTF8.self) }
            return text(bytes)
        case .iso8859, .windows1252: return text(bytes)
        }
    }

    /// Whether `bytes` hold anything that this set does not define.
    package func hasInvalid(_ bytes: [UInt8]) -> Bool {
        switch self {
        case .utf8: String(validating: bytes, as: UTF8.self) == nil
        case .ascii: bytes.contains { $0 >= 0x80 }
        case .unsupported: bytes.contains { $0 >= 0x80 || $0 == 0x1B }
        case .iso8859(1): false
        case .iso8859, .windows1252: bytes.contains { $0 >= 0x80 && unit($0) == 0xFFFD }
        }
    }

    /// Bytes of `text`; a character that this set lacks becomes `?`.
    package func encode(_ text: String) -> [UInt8] {
        if self == .utf8 { return Array(text.utf8) }
        return text.unicodeScalars.map { scalar in
            if scalar.isASCII { return UInt8(scalar.value) }
            return (0x80...0xFF).first { unit($0) == scalar.value && scalar.value != 0xFFFD } ?? 0x3F
        }
    }

    /// Whether a declared name is one of the sets whose separators are not single bytes.
    static func isWide(_ name: String) -> Bool {
        let bare = String(String.UnicodeScalarView(name.uppercased().unicodeScalars.filter(counts)))
        return bare.hasSuffix("UTF16") || bare.hasSuffix("UTF32")
    }

    private static func counts(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
    }

    private func text(_ bytes: some Collection<UInt8>) -> String {
        String(decoding: bytes.map(unit), as: UTF16.self)
    }

    private func unit(_ byte: UInt8) -> UInt16 {
        guard byte >= 0x80 else { return UInt16(byte) }
        switch self {
        case .ascii, .unsupported, .utf8: return 0xFFFD
        case .windows1252: return CharsetTables.windows1252[Int(byte) - 0x80]
        case .iso8859(let part):
            guard byte >= 0xA0, let table = Self.table(part) else { return UInt16(byte) }
            return table[Int(byte) - 0xA0]
        }
    }

    private static func table(_ part: Int) -> [UInt16]? {
        switch part {
        case 2: CharsetTables.part2
        case 3: CharsetTables.part3
        case 4: CharsetTables.part4
        case 5: CharsetTables.part5
        case 6: CharsetTables.part6
        case 7: CharsetTables.part7
        case 8: CharsetTables.part8
        case 9: CharsetTables.part9
        case 15: CharsetTables.part15
        default: nil
        }
    }
}
