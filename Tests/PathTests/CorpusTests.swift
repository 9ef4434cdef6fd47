import Foundation
import HL7
import MLLP
import Postgres
import TestSupport
import Testing

extension PathSuite {
    /// Other people's messages, through the real gateway and worker.
    @Suite struct CorpusTests {
        /// A stamp ahead of its receipt counts as receipt, so the day decides which messages are late: none, all after Kept,
        /// or all by their own stamps.
        @Test(
            "NextGen's nine messages are each applied, or parked under a code that says why, whichever day they come",
            arguments: [-20, -1, 40])
        func nextgen(daysAfterTheVisit days: Int) async throws {
            let folder = Products.root.appending(path: "Tests/NextGen").path
            let files = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
            let own = [
                "practices/nextgen.yaml": """
                practice: nextgen
                zone: America/Chicago
                feeds:
                  - {feed: rosetta, profile: nextgen-rosetta, sender: NextGen Rosetta, facility: NextGen Clinic, practice-value: "0001"}
                  - {feed: office, profile: nextgen-office, sender: HEALTHFUSION, practice-value: "1000001"}

                """
            ]
            try await Practice.open(files: own) { practice in
                for file in files {
                    let bytes = try Data(contentsOf: URL(filePath: "\(folder)/\(file)"))
                    let message = WrittenDays.moved(Array(bytes), written: "2026-12-01", toDaysAgo: days)
                    #expect(try await practice.send(message) == "AA", "\(file)")
                }
                #expect(files.count == 9)
                try await fates(practice, of: files.count)
                let parked = try await practice.texts(
                    """
                    SELECT e.message_type || ' ' || b.code FROM queue.blocked b
                    JOIN journal.entry e ON e.received_on = b.received_on AND e.id = b.entry_id ORDER BY 1
                    """)
                #expect(parked == ["DFT^P03 unknown-type", "ORU^R01 unknown-type"])
                #expect(
                    try await practice.texts("SELECT status FROM records.appointment ORDER BY status").count == 2,
                    "one appointment of each sender")
            }
        }

        @Test("Every schedule message of the public corpora is applied or parked under a code, and nothing dies")
        func everySIU() async throws {
            let messages = try Self.schedule()
            guard !messages.isEmpty else { try Test.cancel("../shared/corpus is not beside this repository") }
            let own = [
                "practices/any.yaml": """
                practice: any
                zone: America/New_York
                feeds:
                  - {feed: any, profile: standard, production: false}

                """
            ]
            try await Practice.open(files: own) { practice in
                var taken = 0
                for message in messages {
                    let client = try await practice.connect()
                    try await client.sendRaw(FrameDecoder.frame(message))
                    try await client.finishSending()
                    taken += 1
                    try await practice.until("message \(taken) is in the journal or refused") {
                        try await practice.count(
                            """
                            SELECT (SELECT count(*) FROM journal.entry WHERE direction = 'in')
                                + (SELECT count(*) FROM journal.refusal)
                            """) == taken
                    }
                    await client.close()
                }
                #expect(try await practice.count("SELECT count(*) FROM journal.refusal") == 0)
                try await fates(practice, of: messages.count)
                #expect(messages.count >= 40)
                let applied = try await practice.count(
                    "SELECT count(DISTINCT entry_id) FROM journal.outcome WHERE code IN ('applied', 'unchanged')")
                #expect(applied > messages.count / 2, "only \(applied) of \(messages.count) are applied")
            }
        }

        /// Each entry has one outcome, or is parked under a code, or waits behind a parked one of its key.
        private func fates(_ practice: Practice, of entries: Int) async throws {
            try await practice.until("each message has its fate") {
                try await practice.count(
                    """
                    SELECT (SELECT count(*) FROM queue.job)
                        + (SELECT count(*) FROM queue.blocked WHERE state = 'retrying')
                    """) == 0
            }
            let fates = try await practice.pool.query(
                """
                SELECT e.control_id,
                    (SELECT count(*) FROM journal.outcome o WHERE o.received_on = e.received_on AND o.entry_id = e.id)
                    + (SELECT count(*) FROM queue.blocked b
                       WHERE b.received_on = e.received_on AND b.entry_id = e.id AND (b.state = 'parked' AND b.code <> ''
                           OR b.state = 'waiting' AND EXISTS (
                               SELECT FROM queue.blocked h WHERE h.queue = b.queue AND h.lane = b.lane
                                   AND h.key = b.key AND h.id < b.id AND h.state = 'parked' AND h.holds_key)))
                FROM journal.entry e WHERE e.direction = 'in'
                """)
            #expect(fates.count == entries)
            for fate in fates {
                let (id, count) = try fate.decode((String, Int64).self)
                #expect(count == 1, "\(id) has \(count) fates")
            }
            #expect(
                try await practice.count(
                    "SELECT count(*) FROM queue.blocked WHERE code IN ('unexpected', 'database-refused')")
                    == 0)
        }

        private static func schedule() throws -> [[UInt8]] {
            var all: Set<[UInt8]> = []
            for folder in ["hl7", "fhir"] {
                let root = Products.corpus(folder)
                guard let paths = try? FileManager.default.subpathsOfDirectory(atPath: root) else { continue }
                for path in paths {
                    guard let data = FileManager.default.contents(atPath: "\(root)/\(path)"), data.count < 1_000_000,
                        data.range(of: Data("|SIU".utf8)) != nil, !path.hasSuffix(".md"), !path.hasSuffix(".json"),
                        !path.hasSuffix(".csv")
                    else { continue }
                    let messages = (try? Files.messages(in: Array(data))) ?? [Array(data)]
                    all.formUnion(messages.filter { Data($0).range(of: Data("|SIU".utf8)) != nil })
                }
            }
            return all.sorted { $0.lexicographicallyPrecedes($1) }
        }
    }
}
