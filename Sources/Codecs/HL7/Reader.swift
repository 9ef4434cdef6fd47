/// Finds the parts of a message: every level is a stretch of bytes cut by one separator.
struct Reader {
    let bytes: [UInt8]
    let separators: Separators
    let outline: Outline

    /// Bytes `start..<end`, with the separators inside it as a range of the outline's marks.
    struct Stretch {
        let start: Int
        let end: Int
        let marks: Range<Int>
    }

    func line(_ index: Int) -> Stretch {
        let line = outline.lines[index]
        return Stretch(start: Int(line.start), end: Int(line.end), marks: Int(line.firstMark)..<Int(line.lastMark))
    }

    /// The whole field, repetitions and all; nil where the segment is shorter. MSH-1 is the separator itself.
    func field(_ number: Int, line index: Int) -> Stretch? {
        let line = line(index)
        guard number > 0 else { return nil }
        guard outline.lines[index].name == Outline.header else {
            return part(number + 1, of: line, by: separators.field)
        }
        switch number {
        case 1: return Stretch(start: line.start + 3, end: line.start + 4, marks: 0..<0)
        case 2:
            let start = line.start + 4
            return Stretch(start: start, end: start + separators.encoding.count, marks: 0..<0)
        default: return part(number - 1, of: line, by: separators.field)
        }
    }

    /// The `number`th part, counted from 1. Without a separator the whole is its only part.
    func part(_ number: Int, of whole: Stretch, by separator: UInt8?) -> Stretch? {
        guard let separator else { return number == 1 ? whole : nil }
        var count = 1
        var start = whole.start
        var firstMark = whole.marks.lowerBound
        for mark in whole.marks {
            let position = Int(outline.marks[mark])
            guard bytes[position] == separator else { continue }
            if count == number { return Stretch(start: start, end: position, marks: firstMark..<mark) }
            count += 1
            start = position + 1
            firstMark = mark + 1
        }
        return count == number ? Stretch(start: start, end: whole.end, marks: firstMark..<whole.marks.upperBound) : nil
    }

    /// All parts in order, in one pass; never empty.
    func parts(of whole: Stretch, by separator: UInt8?) -> [Stretch] {
        guard let separator else { return [whole] }
        var parts: [Stretch] = []
        var start = whole.start
        var firstMark = whole.marks.lowerBound
        for mark in whole.marks {
            let position = Int(outline.marks[mark])
            guard bytes[position] == separator else { continue }
            parts.append(Stretch(start: start, end: position, marks: firstMark..<mark))
            start = position + 1
            firstMark = mark + 1
        }
        return parts + [Stretch(start: start, end: whole.end, marks: firstMark..<whole.marks.upperBound)]
    }

    func isNull(_ part: Stretch) -> Bool {
        part.end - part.start == 2 && bytes[part.start] == 0x22 && bytes[part.start + 1] == 0x22
    }
}

extension Message {
    var reader: Reader { Reader(bytes: bytes, separators: separators, outline: outline) }

    func value(of part: Reader.Stretch) -> Value {
        if part.start == part.end { return .absent }
        if reader.isNull(part) { return .null }
        let raw = bytes[part.start..<part.end]
        guard let escape = separators.escape, raw.contains(escape) else { return .text(charset.decode(raw)) }
        return .text(charset.decode(Escapes.decode(raw, separators)))
    }
}
