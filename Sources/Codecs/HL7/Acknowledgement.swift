/// The answer to a message, in the sender's own separators, version and character set (HL7 2.5.1, 2.9.2 and 2.9.3).
package enum Acknowledgement {
    package enum Code: String, Sendable, CaseIterable {
        case aa = "AA"
        case ae = "AE"
        case ar = "AR"
        case ca = "CA"
        case ce = "CE"
        case cr = "CR"

        package var isPositive: Bool { self == .aa || self == .ca }
    }

    /// What became of a message, before the sender's mode gives it letters.
    package enum Outcome: Sendable {
        /// Stored, responsibility taken.
        case accepted
        /// Something in it is wrong; sending it again unchanged will not help.
        case error
        /// Not taken from this sender, or not now.
        case rejected
    }

    /// Why not, by table 0357.
    package enum Condition: Int, Sendable {
        case segmentSequence = 100
        case requiredFieldMissing = 101
        case dataType = 102
        case tableValue = 103
        case unsupportedMessageType = 200
        case unsupportedEvent = 201
        case unsupportedProcessingID = 202
        case unsupportedVersion = 203
        case unknownKey = 204
        case duplicateKey = 205
        case recordLocked = 206
        case applicationInternal = 207

        var text: String {
            switch self {
            case .segmentSequence: "Segment sequence error"
            case .requiredFieldMissing: "Required field missing"
            case .dataType: "Data type error"
            case .tableValue: "Table value not found"
            case .unsupportedMessageType: "Unsupported message type"
            case .unsupportedEvent: "Unsupported event code"
            case .unsupportedProcessingID: "Unsupported processing id"
            case .unsupportedVersion: "Unsupported version id"
            case .unknownKey: "Unknown key identifier"
            case .duplicateKey: "Duplicate key identifier"
            case .recordLocked: "Application record locked"
            case .applicationInternal: "Application internal error"
            }
        }
    }

    /// The letters for `outcome`: CA, CE, CR where MSH-15 or MSH-16 is valued, else AA, AE, AR.
    package static func code(_ outcome: Outcome, for header: Header?) -> Code {
        switch (outcome, header?.isEnhanced ?? false) {
        case (.accepted, false): .aa
        case (.error, false): .ae
        case (.rejected, false): .ar
        case (.accepted, true): .ca
        case (.error, true): .ce
        case (.rejected, true): .cr
        }
    }

    /// Whether MSH-15 asks for that answer at all (table 0155). Original mode always does, and so does a sender that
    /// values MSH-16 alone: it would wait for ever.
    package static func isWanted(_ outcome: Outcome, by header: Header?) -> Bool {
        switch header?.acceptAck {
        case "NE": false
        case "ER": outcome != .accepted
        case "SU": outcome == .accepted
        default: true
        }
    }

    /// An acknowledgement's bytes, CR after each segment. Without a header (the MSH could not be read) MSA-2 is empty.
    ///
    /// `text` goes to MSA-3 and, with a condition, to ERR-8 from 2.5 on; it must be a fixed sentence. ERR is written where
    /// `condition` is given: ERR-2 to ERR-4 from 2.5 on, ERR-1 before. `expectedSequence` is MSA-4.
    package static func make(
        _ code: Code, for header: Header?, text: String? = nil, condition: Condition? = nil, at location: Path? = nil,
        expectedSequence: Int? = nil, controlID: String, time: DTM
    ) -> [UInt8] {
        var message = MessageBuilder(separators: header?.separators ?? .standard, charset: .ascii)
        message.segment("MSH", msh(header, controlID: controlID, time: time))
        var msa: [Int: Field] = [1: .text(code.rawValue), 2: echo(10, of: header)]
        if let text { msa[3] = .text(text) }
        if let expectedSequence { msa[4] = .text(String(expectedSequence)) }
        message.segment("MSA", msa)
        if let condition {
            let err = header?.isAtLeast("2.5") ?? false ? current : old
            message.segment("ERR", err(condition, location, text))
        }
        return message.bytes
    }

    private static func msh(_ header: Header?, controlID: String, time: DTM) -> [Int: Field] {
        guard let header else {
            return [7: .text(time.description), 9: "ACK", 10: .text(controlID), 11: "P", 12: "2.3"]
        }
        var fields: [Int: Field] = [
            3: echo(5, of: header), 4: echo(6, of: header), 5: echo(3, of: header), 6: echo(4, of: header),
            7: .text(time.description), 9: type(header), 10: .text(controlID), 11: echo(11, of: header),
            12: echo(12, of: header),
        ]
        if header.characterSet != nil { fields[18] = echo(18, of: header) }
        return fields
    }

    /// The structure's component came with 2.3.1.
    private static func type(_ header: Header) -> Field {
        guard header.isAtLeast("2.3.1"), let event = header.event else { return "ACK" }
        return .components(["ACK", .text(event), "ACK"])
    }

    /// The sender's own bytes: nothing is decoded and encoded again.
    private static func echo(_ field: Int, of header: Header?) -> Field {
        .raw(Array(header?.segment.raw(field) ?? []))
    }

    private static func current(_ condition: Condition, _ location: Path?, _ text: String?) -> [Int: Field] {
        var fields: [Int: Field] = [
            3: .components([.text(String(condition.rawValue)), .text(condition.text), "HL70357"]), 4: "E",
        ]
        if let location {
            let numbers = [location.occurrence, location.field, location.repetition, location.component]
            let parts = numbers.prefix { $0 != nil }.compactMap(\.self)
            fields[2] = .components([Field.Component.text(location.segment)] + parts.map { .text(String($0)) })
        }
        if let text { fields[8] = .text(text) }
        return fields
    }

    private static func old(_ condition: Condition, _ location: Path?, _: String?) -> [Int: Field] {
        let code: Field.Component = .parts([String(condition.rawValue), condition.text, "HL70357"])
        guard let location else { return [1: .components(["", "", "", code])] }
        return [
            1: .components([
                .text(location.segment), .text(String(location.occurrence)), .text(String(location.field)), code,
            ])
        ]
    }
}

extension Acknowledgement {
    /// What an acknowledgement says: MSA.
    package struct Reply: Sendable, Equatable {
        package let code: Code
        /// MSA-2: which message it answers.
        package let controlID: String?
        /// MSA-3, else what the first ERR says.
        package let text: String?

        /// Nil where `message` has no MSA with a code of table 0008.
        package init?(_ message: Message) {
            guard let msa = message.segment("MSA"), let letters = msa.text(1), let code = Code(rawValue: letters) else {
                return nil
            }
            self.code = code
            controlID = msa.text(2)
            text = msa.text(3) ?? message.text("ERR-8") ?? message.text("ERR-3.2")
        }
    }
}
