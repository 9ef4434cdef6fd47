import ArgumentParser
import Foundation
import HL7

/// `pmsync parse FILE`
struct Parse: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Prints each message of a file as JSON: segments, fields, repetitions, components, with positions.")

    enum Form: String, ExpressibleByArgument, CaseIterable {
        case hl7, x12
    }

    @Argument(help: "The file.") var file: String
    @Option(name: .customLong("as"), help: "What it is.") var form = Form.hl7

    func run() throws {
        guard form == .hl7 else { throw CommandError.laterForm("X12") }
        let contents = try HL7File.read(file)
        for fault in contents.faults { Output.complain("\(file): \(fault)") }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        var isGood = true
        for part in contents.messages {
            do throws(HL7Error) {
                let parsed = Parsed(at: part.position, message: try Message(part.bytes).dump())
                print(String(decoding: (try? encoder.encode(parsed)) ?? Data(), as: UTF8.self))
            } catch {
                isGood = false
                Output.complain("\(file): \(error.moved(by: part.position))")
            }
        }
        if !isGood || !contents.faults.isEmpty { throw ExitCode(1) }
    }

    private struct Parsed: Encodable {
        /// Its first byte in the file; the positions within count from there.
        let at: Int
        let message: Dump
    }
}

extension HL7Error {
    /// The same, told of a file in which the message begins at that byte.
    func moved(by offset: Int) -> HL7Error {
        switch self {
        case .empty, .tooLong: self
        case .notAMessage(let at): .notAMessage(at: at + offset)
        case .batch(let at): .batch(at: at + offset)
        case .badSeparators(let at): .badSeparators(at: at + offset)
        case .wideText(let at): .wideText(at: at + offset)
        case .wideCharset(let at): .wideCharset(at: at + offset)
        case .secondHeader(let at): .secondHeader(at: at + offset)
        }
    }
}
