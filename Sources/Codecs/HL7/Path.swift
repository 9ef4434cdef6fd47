/// A place in a message, written as the trade writes it: `PID-3[2].1`, `AIL[2]-3.1`, `MSH-9.2`, `PID-3.4.2`.
///
/// Counted from 1. A repetition, component or subcomponent that is left out is the first: what was simple in one
/// version becomes the first component of what is composite in the next.
package struct Path: Hashable, Sendable {
    package let segment: String
    package let occurrence: Int
    package let field: Int
    package let repetition: Int?
    package let component: Int?
    package let subcomponent: Int?

    /// Nil where `text` is not a path.
    package init?(_ text: String) {
        guard let path = Self.parse(text) else { return nil }
        self = path
    }

    private init(
        segment: String, occurrence: Int, field: Int, repetition: Int?, component: Int?, subcomponent: Int?
    ) {
        self.segment = segment
        self.occurrence = occurrence
        self.field = field
        self.repetition = repetition
        self.component = component
        self.subcomponent = subcomponent
    }

    private static func parse(_ text: String) -> Path? {
        var scanner = Scanner(text)
        guard let segment = scanner.name() else { return nil }
        let occurrence = scanner.bracketed()
        guard scanner.skip("-"), let field = scanner.number() else { return nil }
        let repetition = scanner.bracketed()
        let component = scanner.skip(".") ? scanner.number() : nil
        let subcomponent = component != nil && scanner.skip(".") ? scanner.number() : nil
        guard scanner.isDone else { return nil }
        return Path(
            segment: segment, occurrence: occurrence ?? 1, field: field, repetition: repetition, component: component,
            subcomponent: subcomponent)
    }

    /// Any failure leaves a byte unread, or reads past a separator and finds no number: then `isDone` is false.
    private struct Scanner {
        private let bytes: [UInt8]
        private var position = 0
        private var failed = false

        init(_ text: String) { bytes = Array(text.utf8) }

        var isDone: Bool { !failed && position == bytes.count }

        mutating func name() -> String? {
            guard bytes.count > 3, (0x41...0x5A).contains(bytes[0]) else { return nil }
            guard bytes[1...2].allSatisfy({ (0x41...0x5A).contains($0) || (0x30...0x39).contains($0) }) else {
                return nil
            }
            position = 3
            return String(decoding: bytes[..<3], as: UTF8.self)
        }

        mutating func skip(_ character: Unicode.Scalar) -> Bool {
            guard position < bytes.count, UInt32(bytes[position]) == character.value else { return false }
            position += 1
            return true
        }

        mutating func number() -> Int? {
            let digits = bytes[position...].prefix { (0x30...0x39).contains($0) }
            guard (1...6).contains(digits.count), let number = Int(String(decoding: digits, as: UTF8.self)), number > 0
            else {
                failed = true
                return nil
            }
            position += digits.count
            return number
        }

        mutating func bracketed() -> Int? {
            guard skip("[") else { return nil }
            let number = number()
            if !skip("]") { failed = true }
            return number
        }
    }
}

extension Path: ExpressibleByStringLiteral {
    /// A literal that is not a path is a programmer's mistake.
    package init(stringLiteral text: String) {
        guard let path = Self.parse(text) else { preconditionFailure("not an HL7 path: \(text)") }
        self = path
    }
}

extension Path: CustomStringConvertible {
    package var description: String {
        var text = segment
        if occurrence != 1 { text += "[\(occurrence)]" }
        text += "-\(field)"
        if let repetition { text += "[\(repetition)]" }
        if let component { text += ".\(component)" }
        if let subcomponent { text += ".\(subcomponent)" }
        return text
    }
}
