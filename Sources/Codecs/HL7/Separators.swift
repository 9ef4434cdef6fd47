/// What MSH-1 and MSH-2 declare. A separator that MSH-2 is too short to declare does not exist: its character is data
/// (HL7 2.5.1, 2.15.9.2).
package struct Separators: Hashable, Sendable {
    package let field: UInt8
    package let component: UInt8
    package let repetition: UInt8?
    package let escape: UInt8?
    package let subcomponent: UInt8?
    /// From 2.7: the last character of a value that was cut.
    package let truncation: UInt8?

    /// `|^~\&`
    package static let standard = Separators(
        field: 0x7C, component: 0x5E, repetition: 0x7E, escape: 0x5C, subcomponent: 0x26, truncation: nil)

    /// Nil where a character repeats, is a letter or a digit, or is not printable ASCII; `encoding` is MSH-2, 1 to 5 long.
    package init?(field: UInt8, encoding: some Collection<UInt8>) {
        let declared = Array(encoding)
        guard (1...5).contains(declared.count) else { return nil }
        var seen: [UInt8] = [field]
        guard Self.mayDeclare(field) else { return nil }
        for byte in declared {
            guard Self.mayDeclare(byte), !seen.contains(byte) else { return nil }
            seen.append(byte)
        }
        self.init(
            field: field, component: declared[0], repetition: declared.count > 1 ? declared[1] : nil,
            escape: declared.count > 2 ? declared[2] : nil, subcomponent: declared.count > 3 ? declared[3] : nil,
            truncation: declared.count > 4 ? declared[4] : nil)
    }

    /// MSH-2 as it is written.
    package var encoding: [UInt8] {
        [component] + [repetition, escape, subcomponent, truncation].compactMap(\.self)
    }

    private init(
        field: UInt8, component: UInt8, repetition: UInt8?, escape: UInt8?, subcomponent: UInt8?, truncation: UInt8?
    ) {
        self.field = field
        self.component = component
        self.repetition = repetition
        self.escape = escape
        self.subcomponent = subcomponent
        self.truncation = truncation
    }

    private static func mayDeclare(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: false
        case 0x21...0x7E: true
        default: false
        }
    }
}
