/// Why bytes are not a message. Positions are byte offsets into what was given; no case carries a value.
package enum HL7Error: Error, Equatable, Sendable {
    /// There is nothing but blanks.
    case empty
    /// The first thing that is not a blank is not MSH (nor FHS or BHS, where a file is read).
    case notAMessage(at: Int)
    /// It begins with FHS or BHS: a batch, to be split by `Files`.
    case batch(at: Int)
    /// MSH-1 or MSH-2 is missing, too long, repeats a character, or uses a letter, a digit or an unprintable character.
    case badSeparators(at: Int)
    /// The bytes are UTF-16 or UTF-32, in which separators cannot be found on bytes.
    case wideText(at: Int)
    /// MSH-18 declares UTF-16 or UTF-32 although the header is readable as bytes.
    case wideCharset(at: Int)
    /// A second MSH in one frame: two messages that must not be read as one.
    case secondHeader(at: Int)
    /// More bytes than offsets can name.
    case tooLong

    /// A short word for a metric's label or a work item, from a closed set.
    package var code: String {
        switch self {
        case .empty: "hl7_empty"
        case .notAMessage: "hl7_not_a_message"
        case .batch: "hl7_batch"
        case .badSeparators: "hl7_bad_separators"
        case .wideText: "hl7_wide_text"
        case .wideCharset: "hl7_wide_charset"
        case .secondHeader: "hl7_second_header"
        case .tooLong: "hl7_too_long"
        }
    }

    /// The byte where it went wrong.
    package var position: Int {
        switch self {
        case .empty, .tooLong: 0
        case .notAMessage(let at), .batch(let at), .badSeparators(let at), .wideText(let at), .wideCharset(let at),
            .secondHeader(let at):
            at
        }
    }
}

extension HL7Error: CustomStringConvertible {
    /// One sentence for a person.
    package var description: String {
        switch self {
        case .empty: "there is no message, only blanks"
        case .notAMessage(let at): "byte \(at): a message begins with MSH"
        case .batch(let at): "byte \(at): a batch begins here, not a message"
        case .badSeparators(let at): "byte \(at): MSH-1 and MSH-2 declare no usable separators"
        case .wideText(let at): "byte \(at): the text is UTF-16 or UTF-32, which HL7 over MLLP cannot carry"
        case .wideCharset(let at): "byte \(at): MSH-18 declares UTF-16 or UTF-32, which HL7 over MLLP cannot carry"
        case .secondHeader(let at): "byte \(at): a second MSH in one message"
        case .tooLong: "the message is longer than 4 GiB"
        }
    }
}
