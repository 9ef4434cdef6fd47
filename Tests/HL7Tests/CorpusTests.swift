import Foundation
import HL7
import Testing

@Suite struct CorpusTests {
    @Test("Every file of the corpus that holds an MSH is read or refused by name")
    func corpus() throws {
        let folders = ["hl7", "fhir"].map { root.appending(path: "../shared/corpus/\($0)").standardizedFileURL }
        guard folders.allSatisfy({ FileManager.default.fileExists(atPath: $0.path) }) else {
            try Test.cancel("the corpus is not beside the repository")
        }
        var tally = Tally()
        for folder in folders {
            let files = try #require(FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil))
            for case let file as URL in files where file.pathExtension != "md" {
                guard let data = try? Data(contentsOf: file), data.range(of: Data("MSH".utf8)) != nil else { continue }
                tally.read(Array(data))
            }
        }
        #expect(tally.files > 1000)
        #expect(tally.read > tally.refused * 3, "\(tally)")
        #expect(tally.written == tally.read, "\(tally)")
    }

    private struct Tally {
        var files = 0
        var read = 0
        var written = 0
        var refused = 0
        var reasons: [String: Int] = [:]

        mutating func read(_ file: [UInt8]) {
            files += 1
            do throws(HL7Error) {
                for bytes in try Files.messages(in: file) { one(bytes) }
            } catch {
                count(error)
            }
        }

        /// Read whole, dumped, and answered.
        private mutating func one(_ bytes: [UInt8]) {
            do throws(HL7Error) {
                let message = try Message(bytes)
                read += 1
                let isWhole = message.dump().segments.count == message.segments.count
                let ack = Acknowledgement.make(.aa, for: message.header, controlID: "1", time: time)
                let reply = Acknowledgement.Reply(try Message(ack, charset: message.charset))
                if isWhole, reply?.controlID == message.header.controlID { written += 1 }
            } catch {
                count(error)
            }
        }

        private mutating func count(_ error: HL7Error) {
            refused += 1
            reasons[error.code, default: 0] += 1
        }
    }
}
