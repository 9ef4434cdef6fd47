import ArgumentParser
import Foundation
import HL7
import MLLP
import Reconciliation

/// `pmsync send FILE... --to HOST:PORT`
struct Send: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Sends each HL7 message of the files over MLLP, one after the other.")

    @Argument(help: "Files with one message, many, or a batch.") var files: [String]
    @Option(name: .customLong("to"), help: "HOST:PORT.") var address: HostPort
    @Option(help: "Seconds to wait for each answer.") var timeout = 30
    @OptionGroup var output: Output

    func run() async throws {
        var messages: [[UInt8]] = []
        var isWhole = true
        for file in files {
            let contents = try HL7File.read(file)
            for fault in contents.faults {
                Output.complain("\(file): \(fault)")
                if case .cutFrame = fault { isWhole = false }
            }
            messages += contents.messages.map(\.bytes)
        }
        var sender = Sender(address: address, timeout: .seconds(timeout))
        var lines = SentLines(output.format)
        for message in messages {
            let sent = try await sender.send(message)
            isWhole = isWhole && sent.isTaken
            try lines.write(sent)
        }
        await sender.close()
        if !isWhole { throw ExitCode(1) }
    }
}

/// A file as bytes, split into its messages.
enum HL7File {
    static func read(_ file: String) throws -> Files.Contents {
        guard let data = FileManager.default.contents(atPath: file) else { throw CommandError.unreadable(file) }
        do {
            return try Files.read(Array(data))
        } catch {
            throw CommandError.notHL7(file, "\(error)")
        }
    }
}

/// What became of one message.
struct Sent: Encodable, Equatable {
    let controlID: String
    /// AA, AE, ...; nil where no answer came.
    let code: String?
    let milliseconds: Double
    let error: String?

    var isTaken: Bool { code.flatMap(Acknowledgement.Code.init(rawValue:))?.isPositive ?? false }
}

/// One connection, made when it is needed and made anew after it failed.
private struct Sender {
    let address: HostPort
    let timeout: Duration
    private var client: Client?

    init(address: HostPort, timeout: Duration) {
        self.address = address
        self.timeout = timeout
    }

    /// Throws only when nobody answers at the address at all.
    mutating func send(_ message: [UInt8]) async throws -> Sent {
        let controlID = Header(head: message)?.controlID ?? ""
        let client: Client
        do throws(MLLPError) {
            client =
                if let open = self.client { open } else {
                    try await Client.connect(host: address.host, port: address.port)
                }
        } catch {
            throw CommandError.notReached(address.description)
        }
        self.client = client
        let start = ContinuousClock.now
        do throws(MLLPError) {
            let answer = try await client.send(message, deadline: timeout)
            let reply = (try? Message(answer)).flatMap(Acknowledgement.Reply.init)
            return Sent(
                controlID: controlID, code: reply?.code.rawValue, milliseconds: Self.milliseconds(since: start),
                error: reply?.text)
        } catch {
            await client.close()
            self.client = nil
            return Sent(
                controlID: controlID, code: nil, milliseconds: Self.milliseconds(since: start),
                error: Self.words(error))
        }
    }

    mutating func close() async {
        await client?.close()
        client = nil
    }

    private static func milliseconds(since start: ContinuousClock.Instant) -> Double {
        (start.duration(to: .now) / .milliseconds(1) * 10).rounded() / 10
    }

    private static func words(_ error: MLLPError) -> String {
        switch error {
        case .unreachable: "nobody answered at the address"
        case .timedOut: "no answer in time; it may have been taken"
        case .closed: "the connection ended before the answer; it may have been taken"
        case .notAnAcknowledgement: "the answer is not an acknowledgement"
        case .mismatch: "the answer is to another message"
        case .busy: "another message is outstanding"
        }
    }
}

/// One line each, as soon as it is known.
private struct SentLines {
    let format: Output.Format
    private var hasHeading = false

    init(_ format: Output.Format) {
        self.format = format
    }

    mutating func write(_ sent: Sent) throws {
        switch format {
        case .json:
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            print(String(decoding: try encoder.encode(sent), as: UTF8.self))
        case .csv:
            if !hasHeading { print(CSVWriter.line(["controlID", "code", "milliseconds", "error"]), terminator: "") }
            hasHeading = true
            print(
                CSVWriter.line([sent.controlID, sent.code ?? "", "\(sent.milliseconds)", sent.error ?? ""]),
                terminator: "")
        case .table:
            let id = sent.controlID.isEmpty ? "(no MSH-10)" : sent.controlID
            let line = [id, sent.code ?? "--", "\(sent.milliseconds) ms", sent.error].compactMap(\.self)
            print(line.joined(separator: "  "))
        }
    }
}
