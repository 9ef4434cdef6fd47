import Foundation

package enum CSVFault: Hashable, Sendable {
    /// A quote in the middle of a field that does not begin with one, or text after a closing quote.
    case strayQuote
    case unendedQuote
    /// A field above 64 KiB or a record of more than 1,000 fields.
    case tooLong
    case noHeader
    case missingColumn(String)
    case repeatedColumn(String)
    /// Another number of fields than the header has.
    case fieldCount(expected: Int, found: Int)
    case badTime(column: String)
    case endsBeforeItsStart
    case missingValue(column: String)
}

/// CSV as it comes, in pieces of any size (RFC 4180; LF or CRLF; a byte order mark). Holds one record at a time.
package struct CSVReader: Sendable {
    package struct Record: Hashable, Sendable {
        /// Where it begins, from 1.
        package let line: Int
        /// Where it ends: a value in quotes may go over several lines.
        package let lastLine: Int
        package let fields: [String]
        /// Why it is no record; its fields are then not known. Only where the reader is forgiving.
        package let fault: CSVFault?
    }

    private enum State { case fieldStart, plain, quoted, quoteInQuoted, afterReturn, skipping }

    private static let fieldLimit = 64 * 1024
    private static let fieldsLimit = 1000

    private var state = State.fieldStart
    private var field: [UInt8] = []
    private var fields: [String] = []
    private var line = 1
    private var recordLine = 1
    private var marksToSkip: ArraySlice<UInt8> = [0xEF, 0xBB, 0xBF]
    private let isForgiving: Bool

    /// - Parameter isForgiving: a line with a stray quote is given as a record that bears its fault, rather than thrown. One
    ///   that goes over several lines is thrown all the same: what it has swallowed cannot be told.
    package init(isForgiving: Bool = false) { self.isForgiving = isForgiving }

    /// The records that these bytes complete. Empty lines are passed over.
    package mutating func read(_ bytes: some Sequence<UInt8>) throws(ReconciliationError) -> [Record] {
        var records: [Record] = []
        // An array of our own: bytes that somebody else's sequence hands over cost a call each.
        var bytes = Array(bytes)[...]
        while let byte = bytes.first, byte == marksToSkip.first {
            bytes.removeFirst()
            marksToSkip.removeFirst()
        }
        if !bytes.isEmpty { marksToSkip = [] }
        for byte in bytes {
            if let record = try take(byte) { records.append(record) }
        }
        return records
    }

    /// The last record, where no line end follows it.
    package mutating func finish() throws(ReconciliationError) -> Record? {
        if state == .quoted { throw .csv(line: recordLine, .unendedQuote) }
        if state == .skipping { return Record(line: recordLine, lastLine: line, fields: [], fault: .strayQuote) }
        return try endRecord()
    }

    private mutating func take(_ byte: UInt8) throws(ReconciliationError) -> Record? {
        switch (state, byte) {
        case (.skipping, UInt8(ascii: "\n")), (.skipping, UInt8(ascii: "\r")):
            let record = Record(line: recordLine, lastLine: line, fields: [], fault: .strayQuote)
            beginLine(after: byte)
            return record
        case (.skipping, _): return nil
        case (.afterReturn, UInt8(ascii: "\n")):
            state = .fieldStart
            return nil
        case (.quoted, UInt8(ascii: "\"")): state = .quoteInQuoted
        case (.quoted, _):
            if byte == UInt8(ascii: "\n") { line += 1 }
            try append(byte)
        case (.quoteInQuoted, UInt8(ascii: "\"")):
            try append(byte)
            state = .quoted
        case (_, UInt8(ascii: ",")): try endField()
        case (_, UInt8(ascii: "\n")), (_, UInt8(ascii: "\r")):
            let record = try endRecord()
            beginLine(after: byte)
            return record
        case (.fieldStart, UInt8(ascii: "\"")), (.afterReturn, UInt8(ascii: "\"")): state = .quoted
        case (.plain, UInt8(ascii: "\"")), (.quoteInQuoted, _):
            guard isForgiving, line == recordLine else { throw .csv(line: line, .strayQuote) }
            fields.removeAll()
            field.removeAll(keepingCapacity: true)
            state = .skipping
        default:
            try append(byte)
            state = .plain
        }
        return nil
    }

    private mutating func beginLine(after byte: UInt8) {
        line += 1
        recordLine = line
        state = byte == UInt8(ascii: "\r") ? .afterReturn : .fieldStart
    }

    private mutating func append(_ byte: UInt8) throws(ReconciliationError) {
        if field.count >= CSVReader.fieldLimit { throw .csv(line: recordLine, .tooLong) }
        field.append(byte)
    }

    private mutating func endField() throws(ReconciliationError) {
        if fields.count >= CSVReader.fieldsLimit { throw .csv(line: recordLine, .tooLong) }
        fields.append(CSVReader.text(field))
        field.removeAll(keepingCapacity: true)
        state = .fieldStart
    }

    private mutating func endRecord() throws(ReconciliationError) -> Record? {
        let isEmptyLine = fields.isEmpty && field.isEmpty && (state == .fieldStart || state == .afterReturn)
        if isEmptyLine { return nil }
        try endField()
        defer { fields.removeAll() }
        return Record(line: recordLine, lastLine: line, fields: fields, fault: nil)
    }

    /// UTF-8, else what Windows programs write.
    private static func text(_ bytes: [UInt8]) -> String {
        String(validating: bytes, as: UTF8.self) ?? String(data: Data(bytes), encoding: .windowsCP1252)
            ?? String(decoding: bytes, as: UTF8.self)
    }
}
