import Foundation
import HL7
import Records
import Testing
import Workflow

@testable import Scheduling

/// Every schedule message of the public corpora, through a practice that takes anything.
@Suite struct CorpusTests {
    static let corpus = URL(fileURLWithPath: Shipped.root).deletingLastPathComponent().appending(path: "shared/corpus")
        .path

    @Test func everyPublicScheduleMessageIsRecordedOrParksUnderACode() throws {
        guard FileManager.default.fileExists(atPath: Self.corpus) else { try Test.cancel("the corpus is not here") }
        var files = try Definition.files(inFolder: Shipped.workflows)
        files["practices/any.yaml"] = """
            practice: any
            zone: America/New_York
            feeds:
              - {feed: any, profile: standard, production: false}
            """
        let definition = try Definition(files: files)
        var outcomes: [String: Int] = [:]
        var read = 0
        for folder in ["hl7", "fhir"] {
            for path in try FileManager.default.subpathsOfDirectory(atPath: "\(Self.corpus)/\(folder)").sorted() {
                guard let data = FileManager.default.contents(atPath: "\(Self.corpus)/\(folder)/\(path)"),
                    data.count < 1_000_000, data.range(of: Data("|SIU".utf8)) != nil
                else { continue }
                let messages = (try? Files.messages(in: Array(data))) ?? [Array(data)]
                for bytes in messages where Data(bytes).range(of: Data("|SIU".utf8)) != nil {
                    read += 1
                    var book = SchedulingTrial(definition: definition)
                    let outcome = book.receive(
                        bytes, feed: "any", receivedAt: Date(timeIntervalSince1970: 1_795_000_000), entry: 1)
                    switch outcome {
                    case .recorded(let all):
                        #expect(!all.isEmpty && all.count == book.appointments.count)
                        outcomes["recorded", default: 0] += 1
                    case .slots(let changes):
                        #expect(!changes.isEmpty)
                        outcomes["slots", default: 0] += 1
                    case .ignored: outcomes["ignored", default: 0] += 1
                    case .parked(let park):
                        #expect(book.appointments.isEmpty && !park.detail.isEmpty)
                        outcomes[park.code.rawValue, default: 0] += 1
                    }
                }
            }
        }
        print("corpus: \(read) schedule messages: \(outcomes.sorted { $0.key < $1.key })")
        #expect(read >= 40)
        #expect(outcomes["recorded", default: 0] > read / 2)
    }
}
