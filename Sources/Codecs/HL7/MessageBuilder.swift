/// Writes a message: separators in values are escaped, trailing empty fields left out, CR after each segment.
package struct MessageBuilder: Sendable {
    package private(set) var bytes: [UInt8] = []
    package let separators: Separators
    package let charset: Charset

    /// `charset` is what text becomes bytes in; MSH-18 is the caller's to set.
    package init(separators: Separators = .standard, charset: Charset = .utf8) {
        self.separators = separators
        self.charset = charset
    }

    /// Adds a segment. MSH-1 and MSH-2 write themselves.
    package mutating func segment(_ name: String, _ fields: [Int: Field]) {
        bytes += name.utf8
        var first = 1
        if name == "MSH" {
            bytes.append(separators.field)
            bytes += separators.encoding
            first = 3
        }
        let last = fields.filter { !$0.value.isEmpty }.keys.max() ?? 0
        for number in stride(from: first, through: last, by: 1) {
            bytes.append(separators.field)
            if let field = fields[number] { write(field) }
        }
        bytes.append(0x0D)
    }

    private mutating func write(_ field: Field) {
        switch field {
        case .raw(let raw): bytes += raw
        case .value(let repetitions):
            join(repetitions, by: separators.repetition) { builder, components in
                builder.join(components, by: builder.separators.component) { builder, component in
                    builder.join(component.parts, by: builder.separators.subcomponent) { builder, text in
                        builder.bytes += Escapes.encode(builder.charset.encode(text), builder.separators)
                    }
                }
            }
        }
    }

    /// Where the separator is not declared only the first can be said.
    private mutating func join<Part>(
        _ parts: [Part], by separator: UInt8?, _ write: (inout MessageBuilder, Part) -> Void
    ) {
        for (index, part) in parts.enumerated() {
            if index > 0 {
                guard let separator else { return }
                bytes.append(separator)
            }
            write(&self, part)
        }
    }
}

/// What a field is to hold: `"F"`, `["TEST", "RILEY"]`, `.repeated([...])`, `.null`.
package enum Field: Sendable, Equatable {
    /// Repetitions of components.
    case value([[Component]])
    /// Bytes already encoded and escaped, from a message with the same separators.
    case raw([UInt8])

    package struct Component: Sendable, Equatable, ExpressibleByStringLiteral {
        package let parts: [String]

        package static func text(_ text: String) -> Self { Self(parts: [text]) }
        /// Subcomponents.
        package static func parts(_ parts: [String]) -> Self { Self(parts: parts) }

        package init(stringLiteral text: String) { parts = [text] }

        private init(parts: [String]) { self.parts = parts }
    }

    package static func text(_ text: String) -> Self { .value([[.text(text)]]) }
    package static func components(_ components: [Component]) -> Self { .value([components]) }
    package static func repeated(_ repetitions: [[Component]]) -> Self { .value(repetitions) }
    /// `""`: delete what is on record.
    package static var null: Self { .text("\"\"") }

    var isEmpty: Bool {
        switch self {
        case .raw(let raw): raw.isEmpty
        case .value(let repetitions): repetitions.allSatisfy { $0.allSatisfy { $0.parts.allSatisfy(\.isEmpty) } }
        }
    }
}

extension Field: ExpressibleByStringLiteral, ExpressibleByArrayLiteral {
    package init(stringLiteral text: String) { self = .text(text) }
    package init(arrayLiteral components: Component...) { self = .components(components) }
}
