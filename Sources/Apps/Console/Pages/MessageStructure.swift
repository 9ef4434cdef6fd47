import HL7

/// A message as a page shows it: which segments and fields are there, but no value of a patient, until a person has asked
/// for the values and said why.
struct MessageStructure {
    let isRevealed: Bool
    let isReadable: Bool
    let segments: [Segment]
    /// The bytes as text, revealed only.
    let raw: String?
    let size: String
    let fault: String?

    struct Segment {
        let name: String
        let position: Int
        let fields: String
        let values: [Value]
    }

    struct Value {
        let path: String
        let text: String
    }

    init(_ bytes: [UInt8], isRevealed: Bool) {
        self.isRevealed = isRevealed
        size = Words.count(Int64(bytes.count), "byte", "bytes")
        raw = isRevealed ? Self.text(bytes) : nil
        do {
            let message = try Message(bytes)
            segments = message.dump().segments.enumerated().map { Self.segment($1, $0 + 1, isRevealed) }
            isReadable = true
            fault = nil
        } catch {
            segments = []
            isReadable = false
            fault = "It is no HL7 message that can be read."
        }
    }

    /// Fields of MSH that say where a message is from and what it is, never whom it is about.
    private static let harmless: Set<Int> = [3, 4, 5, 6, 7, 9, 10, 11, 12, 15, 16, 18]

    private static func segment(_ segment: Dump.Segment, _ position: Int, _ isRevealed: Bool) -> Segment {
        let isHeader = segment.name == "MSH"
        // A name is three letters or figures, or it may be anything, such as the rest of a note.
        let isName = segment.name.utf8.count == 3 && segment.name.utf8.allSatisfy(Self.isNameByte)
        let name = isName || isRevealed ? segment.name : "?"
        let shown = segment.fields.filter { isRevealed || isHeader && harmless.contains($0.field) }
        return Segment(
            name: name, position: position,
            fields: isName || isRevealed ? segment.fields.map(Self.shape).joined(separator: ", ") : "not shown",
            values: shown.flatMap { Self.values($0, of: name) })
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        (0x41...0x5A).contains(byte) || (0x30...0x39).contains(byte)
    }

    /// `3`, `5 (6 parts)`, `11 (2 times)`.
    private static func shape(_ field: Dump.Field) -> String {
        var notes: [String] = []
        if field.repetitions.count > 1 { notes.append("\(field.repetitions.count) times") }
        if let parts = field.repetitions.first?.components?.count, parts > 1 { notes.append("\(parts) parts") }
        return notes.isEmpty ? "\(field.field)" : "\(field.field) (\(notes.joined(separator: ", ")))"
    }

    private static func values(_ field: Dump.Field, of segment: String) -> [Value] {
        field.repetitions.flatMap { repetition -> [Value] in
            let mark = field.repetitions.count > 1 ? "[\(repetition.repetition)]" : ""
            let path = "\(segment)-\(field.field)\(mark)"
            guard let components = repetition.components else {
                return [Value(path: path, text: leaf(repetition.text, repetition.null))]
            }
            return components.flatMap { component -> [Value] in
                let path = "\(path).\(component.component)"
                guard let subcomponents = component.subcomponents else {
                    return [Value(path: path, text: leaf(component.text, component.null))]
                }
                return subcomponents.map {
                    Value(path: "\(path).\($0.subcomponent)", text: leaf($0.text, $0.null))
                }
            }
        }
    }

    private static func leaf(_ text: String?, _ null: Bool?) -> String {
        null == true ? "(to be deleted)" : text ?? ""
    }

    /// A line a segment; other control characters as pictures of themselves.
    private static func text(_ bytes: [UInt8]) -> String {
        String(
            String.UnicodeScalarView(
                String(decoding: bytes, as: UTF8.self).replacing("\r\n", with: "\n").unicodeScalars.map {
                    scalar -> Unicode.Scalar in
                    if scalar == "\r" { return "\n" }
                    if scalar == "\n" || scalar.value >= 0x20 { return scalar }
                    return Unicode.Scalar(0x2400 + scalar.value) ?? "?"
                }))
    }
}
