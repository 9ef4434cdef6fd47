/// One segment of a message, to be read by field number. Numbers count from 1 and are the standard's (MSH-1 included).
package struct Segment: Sendable {
    let message: Message
    let line: Int

    /// In upper case. Three letters, unless the sender wrote something else.
    package var name: String {
        let whole = message.reader.line(line)
        if message.outline.lines[line].name == Outline.header { return "MSH" }
        let name = message.bytes[whole.start..<whole.end].prefix { $0 != message.separators.field }
        return message.charset.decode(name).uppercased()
    }

    /// Where it begins, in bytes.
    package var position: Int { message.reader.line(line).start }

    /// As it came, without its end.
    package var bytes: ArraySlice<UInt8> {
        let whole = message.reader.line(line)
        return message.bytes[whole.start..<whole.end]
    }

    /// The last field's number; trailing empty ones count.
    package var fieldCount: Int {
        let whole = message.reader.line(line)
        let fields = message.reader.parts(of: whole, by: message.separators.field).count
        return message.outline.lines[line].name == Outline.header ? fields + 1 : fields - 1
    }

    /// Decoded and unescaped; nil where absent, empty or null.
    package func text(_ field: Int, repetition: Int = 1, component: Int = 1, subcomponent: Int = 1) -> String? {
        value(field, repetition: repetition, component: component, subcomponent: subcomponent).text
    }

    /// Like `text`, with null told from absent. A null field or component is null in all its parts.
    package func value(_ field: Int, repetition: Int = 1, component: Int = 1, subcomponent: Int = 1) -> Value {
        let reader = message.reader
        guard let whole = reader.field(field, line: line) else { return .absent }
        if isSeparators(field) {
            let isFirst = repetition == 1 && component == 1 && subcomponent == 1
            return isFirst ? .text(message.charset.decode(message.bytes[whole.start..<whole.end])) : .absent
        }
        guard let repeated = reader.part(repetition, of: whole, by: message.separators.repetition) else {
            return .absent
        }
        if reader.isNull(repeated) { return .null }
        guard let part = reader.part(component, of: repeated, by: message.separators.component) else { return .absent }
        if reader.isNull(part) { return .null }
        guard let smallest = reader.part(subcomponent, of: part, by: message.separators.subcomponent) else {
            return .absent
        }
        return message.value(of: smallest)
    }

    /// How often the field repeats: 0 where it is absent or empty, 1 where it is there once.
    package func repetitions(_ field: Int) -> Int {
        let reader = message.reader
        guard let whole = reader.field(field, line: line), whole.start < whole.end else { return 0 }
        return isSeparators(field) ? 1 : reader.parts(of: whole, by: message.separators.repetition).count
    }

    /// How many components one repetition has; 0 where it is absent or empty.
    package func components(_ field: Int, repetition: Int = 1) -> Int {
        let reader = message.reader
        guard let whole = reader.field(field, line: line), !isSeparators(field),
            let repeated = reader.part(repetition, of: whole, by: message.separators.repetition),
            repeated.start < repeated.end
        else { return 0 }
        return reader.parts(of: repeated, by: message.separators.component).count
    }

    /// The whole field as it came, repetitions and escapes and all; nil where the segment is shorter.
    package func raw(_ field: Int) -> ArraySlice<UInt8>? {
        message.reader.field(field, line: line).map { message.bytes[$0.start..<$0.end] }
    }

    /// The field as a time; nil where absent or not a time.
    package func time(_ field: Int, repetition: Int = 1, component: Int = 1) -> DTM? {
        text(field, repetition: repetition, component: component).flatMap { DTM($0) }
    }

    private func isSeparators(_ field: Int) -> Bool {
        field <= 2 && message.outline.lines[line].name == Outline.header
    }
}
