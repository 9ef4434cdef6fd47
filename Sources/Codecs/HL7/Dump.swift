/// A message as a tree for people and tools to look at: what is empty is left out, every part says its first byte.
package struct Dump: Encodable, Sendable {
    package let charset: String
    package let hasInvalidText: Bool
    package let segments: [Segment]

    package struct Segment: Encodable, Sendable {
        package let name: String
        package let at: Int
        package let fields: [Field]
    }

    package struct Field: Encodable, Sendable {
        package let field: Int
        package let at: Int
        package let repetitions: [Repetition]
    }

    /// Either the text (or null), or, where there is more than one, the components.
    package struct Repetition: Encodable, Sendable {
        package let repetition: Int
        package let at: Int
        package let text: String?
        package let null: Bool?
        package let components: [Component]?
    }

    package struct Component: Encodable, Sendable {
        package let component: Int
        package let at: Int
        package let text: String?
        package let null: Bool?
        package let subcomponents: [Subcomponent]?
    }

    package struct Subcomponent: Encodable, Sendable {
        package let subcomponent: Int
        package let at: Int
        package let text: String?
        package let null: Bool?
    }
}

extension Message {
    /// The whole message, decoded; for `pmsync parse` and nothing that logs.
    package func dump() -> Dump {
        Dump(
            charset: charset.name, hasInvalidText: hasInvalidText,
            segments: segments.map { segment in
                Dump.Segment(name: segment.name, at: segment.position, fields: fields(of: segment))
            })
    }

    private func fields(of segment: Segment) -> [Dump.Field] {
        let isHeader = outline.lines[segment.line].name == Outline.header
        let parts = reader.parts(of: reader.line(segment.line), by: separators.field).dropFirst()
        var fields = parts.enumerated().compactMap { index, part in
            field(index + (isHeader ? 3 : 1), part)
        }
        if isHeader {
            let start = segment.position
            fields.insert(verbatim(1, start + 3..<start + 4), at: 0)
            fields.insert(verbatim(2, start + 4..<start + 4 + separators.encoding.count), at: 1)
        }
        return fields
    }

    /// MSH-1 and MSH-2 are never split nor unescaped.
    private func verbatim(_ number: Int, _ range: Range<Int>) -> Dump.Field {
        let text = String(decoding: bytes[range], as: UTF8.self)
        return Dump.Field(
            field: number, at: range.lowerBound,
            repetitions: [.init(repetition: 1, at: range.lowerBound, text: text, null: nil, components: nil)])
    }

    private func field(_ number: Int, _ whole: Reader.Stretch) -> Dump.Field? {
        guard whole.start < whole.end else { return nil }
        let parts = reader.parts(of: whole, by: separators.repetition).enumerated()
        return Dump.Field(
            field: number, at: whole.start,
            repetitions: parts.compactMap { index, part in
                guard part.start < part.end else { return nil }
                let components = reader.parts(of: part, by: separators.component)
                let isSimple = components.count == 1 && isSimple(part)
                let (text, null) = leaf(part, isSimple)
                return Dump.Repetition(
                    repetition: index + 1, at: part.start, text: text, null: null,
                    components: isSimple ? nil : self.components(components))
            })
    }

    private func components(_ parts: [Reader.Stretch]) -> [Dump.Component] {
        parts.enumerated().compactMap { index, part in
            guard part.start < part.end else { return nil }
            let isSimple = isSimple(part)
            let (text, null) = leaf(part, isSimple)
            return Dump.Component(
                component: index + 1, at: part.start, text: text, null: null,
                subcomponents: isSimple ? nil : subcomponents(part))
        }
    }

    private func subcomponents(_ whole: Reader.Stretch) -> [Dump.Subcomponent] {
        reader.parts(of: whole, by: separators.subcomponent).enumerated().compactMap { index, part in
            guard part.start < part.end else { return nil }
            let (text, null) = leaf(part, true)
            return Dump.Subcomponent(subcomponent: index + 1, at: part.start, text: text, null: null)
        }
    }

    private func isSimple(_ part: Reader.Stretch) -> Bool {
        guard let subcomponent = separators.subcomponent else { return true }
        return !bytes[part.start..<part.end].contains(subcomponent)
    }

    private func leaf(_ part: Reader.Stretch, _ isSimple: Bool) -> (String?, Bool?) {
        guard isSimple else { return (nil, nil) }
        let value = value(of: part)
        return (value.text, value == .null ? true : nil)
    }
}

extension Charset {
    /// As HL7's table 0211 writes it.
    package var name: String {
        switch self {
        case .ascii: "ASCII"
        case .utf8: "UNICODE UTF-8"
        case .iso8859(let part): "8859/\(part)"
        case .windows1252: "WINDOWS-1252"
        case .unsupported: "unsupported"
        }
    }
}
