/// How a file writes days and times: `yyyy-MM-dd HH:mm[:ss]`, `M/d/yyyy h:mm a`. Square brackets hold what may be left
/// out; a doubled letter stands for two digits, a single one for one or two; XXX is an offset such as -06:00 or Z.
package struct TimePattern: Hashable, Sendable {
    /// What was read: only what the pattern has is there.
    package struct Reading: Hashable, Sendable {
        package fileprivate(set) var year: Int?
        package fileprivate(set) var month: Int?
        package fileprivate(set) var day: Int?
        package fileprivate(set) var hour: Int?
        package fileprivate(set) var minute = 0
        package fileprivate(set) var second = 0
        package fileprivate(set) var offsetSeconds: Int?
        fileprivate var isAfternoon: Bool?
    }

    package let text: String
    private let pieces: [Piece]

    private indirect enum Piece: Hashable, Sendable {
        case number(Field, fewest: Int, most: Int)
        case half
        case offset
        case literal(UInt8)
        case optional([Piece])
    }

    fileprivate enum Field: Hashable, Sendable {
        case year, shortYear, month, day, hour, halfHour, minute, second, fraction
    }

    /// Nil where a letter or a bracket has no meaning.
    package init?(_ text: String) {
        self.text = text
        var rest = Array(text.utf8)[...]
        guard let pieces = Self.pieces(&rest, inBrackets: false), !pieces.isEmpty else { return nil }
        self.pieces = pieces
    }

    /// Nil where the text is not written so.
    package func read(_ text: String) -> Reading? {
        guard var reading = Self.match(pieces[...], Array(text.utf8)[...], Reading()) else { return nil }
        if let isAfternoon = reading.isAfternoon {
            guard let hour = reading.hour, (1...12).contains(hour) else { return nil }
            reading.hour = hour % 12 + (isAfternoon ? 12 : 0)
        }
        return reading
    }

    // MARK: Reading the pattern

    private static func pieces(_ rest: inout ArraySlice<UInt8>, inBrackets: Bool) -> [Piece]? {
        var pieces: [Piece] = []
        while let letter = rest.first {
            let run = rest.prefix { $0 == letter }.count
            switch letter {
            case UInt8(ascii: "["):
                rest.removeFirst()
                guard let inner = self.pieces(&rest, inBrackets: true) else { return nil }
                pieces.append(.optional(inner))
                continue
            case UInt8(ascii: "]"):
                rest.removeFirst()
                return inBrackets ? pieces : nil
            default: break
            }
            guard let piece = piece(letter, run) else { return nil }
            pieces += piece
            rest = rest.dropFirst(run)
        }
        return inBrackets ? nil : pieces
    }

    private static func piece(_ letter: UInt8, _ run: Int) -> [Piece]? {
        func number(_ field: Field) -> [Piece]? { run > 2 ? nil : [.number(field, fewest: run, most: 2)] }
        switch letter {
        case UInt8(ascii: "y"):
            return run == 4
                ? [.number(.year, fewest: 4, most: 4)] : run == 2 ? [.number(.shortYear, fewest: 2, most: 2)] : nil
        case UInt8(ascii: "M"): return number(.month)
        case UInt8(ascii: "d"): return number(.day)
        case UInt8(ascii: "H"): return number(.hour)
        case UInt8(ascii: "h"): return number(.halfHour)
        case UInt8(ascii: "m"): return number(.minute)
        case UInt8(ascii: "s"): return number(.second)
        case UInt8(ascii: "S"): return [.number(.fraction, fewest: 1, most: 9)]
        case UInt8(ascii: "a"): return [.half]
        case UInt8(ascii: "X"): return run == 3 ? [.offset] : nil
        case UInt8(ascii: "T"): return Array(repeating: .literal(letter), count: run)
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): return nil
        default: return Array(repeating: .literal(letter), count: run)
        }
    }

    // MARK: Reading by it

    private static func match(
        _ pieces: ArraySlice<Piece>, _ text: ArraySlice<UInt8>, _ reading: Reading
    ) -> Reading? {
        guard let piece = pieces.first else { return text.isEmpty ? reading : nil }
        let rest = pieces.dropFirst()
        var reading = reading
        switch piece {
        case .literal(let byte): return text.first == byte ? match(rest, text.dropFirst(), reading) : nil
        case .optional(let inner):
            return match(inner[...] + rest, text, reading) ?? match(rest, text, reading)
        case .half:
            let word = String(decoding: text.prefix(2), as: UTF8.self).uppercased()
            guard word == "AM" || word == "PM" else { return nil }
            reading.isAfternoon = word == "PM"
            return match(rest, text.dropFirst(2), reading)
        case .offset:
            guard let (seconds, length) = offset(text) else { return nil }
            reading.offsetSeconds = seconds
            return match(rest, text.dropFirst(length), reading)
        case .number(let field, let fewest, let most):
            let digits = text.prefix(most).prefix { (0x30...0x39).contains($0) }
            guard digits.count >= fewest else { return nil }
            // The longest first: 1 and 12 are both an hour, and what follows decides.
            for length in stride(from: digits.count, through: fewest, by: -1) {
                let number = digits.prefix(length).reduce(0) { $0 * 10 + Int($1 - 0x30) }
                if let whole = match(rest, text.dropFirst(length), reading.with(field, number)) { return whole }
            }
            return nil
        }
    }

    private static func offset(_ text: ArraySlice<UInt8>) -> (seconds: Int, length: Int)? {
        if text.first == UInt8(ascii: "Z") { return (0, 1) }
        guard let sign = text.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") else { return nil }
        let digits = text.dropFirst().prefix(5).filter { (0x30...0x39).contains($0) }.map { Int($0 - 0x30) }
        let hasColon = text.dropFirst(3).first == UInt8(ascii: ":")
        guard digits.count >= 4 else { return nil }
        let seconds = (digits[0] * 10 + digits[1]) * 3600 + (digits[2] * 10 + digits[3]) * 60
        return (sign == UInt8(ascii: "-") ? -seconds : seconds, hasColon ? 6 : 5)
    }
}

extension TimePattern.Reading {
    fileprivate func with(_ field: TimePattern.Field, _ number: Int) -> Self {
        var reading = self
        switch field {
        case .year: reading.year = number
        // 00 to 69 are this century's: files of a practice hold births as well as bookings.
        case .shortYear: reading.year = number < 70 ? 2000 + number : 1900 + number
        case .month: reading.month = number
        case .day: reading.day = number
        case .hour, .halfHour: reading.hour = number
        case .minute: reading.minute = number
        case .second: reading.second = number
        case .fraction: break
        }
        return reading
    }
}
