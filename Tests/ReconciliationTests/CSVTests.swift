import Foundation
import Practice
import Reconciliation
import Testing

struct CSVTests {
    static func records(_ text: String, pieces: Int = 1) throws -> [CSVReader.Record] {
        var reader = CSVReader()
        let bytes = Array(text.utf8)
        var records: [CSVReader.Record] = []
        for start in stride(from: 0, to: bytes.count, by: pieces) {
            records += try reader.read(bytes[start..<min(start + pieces, bytes.count)])
        }
        if let last = try reader.finish() { records.append(last) }
        return records
    }

    @Test("Quotes, embedded line ends, CRLF and a byte order mark read alike in pieces of any size", arguments: 1...7)
    func reading(pieces: Int) throws {
        let text = "\u{FEFF}a,b,c\r\n1,\"x, \"\"y\"\"\r\nz\",\r\n\r\n\"\",é,3\n,,"
        let records = try Self.records(text, pieces: pieces)
        #expect(
            records.map(\.fields) == [
                ["a", "b", "c"], ["1", "x, \"y\"\r\nz", ""], ["", "é", "3"], ["", "", ""],
            ])
        #expect(records.map(\.line) == [1, 2, 5, 6])
    }

    @Test("What is not CSV is an error with its line")
    func faults() {
        #expect(throws: ReconciliationError.csv(line: 2, .strayQuote)) { try Self.records("a\nb\"c\n") }
        #expect(throws: ReconciliationError.csv(line: 2, .strayQuote)) { try Self.records("a\n\"b\"c\n") }
        #expect(throws: ReconciliationError.csv(line: 3, .unendedQuote)) { try Self.records("a\nb\n\"c\n\nd") }
        #expect(throws: ReconciliationError.csv(line: 1, .tooLong)) {
            try Self.records(String(repeating: "x", count: 70_000))
        }
        #expect(throws: ReconciliationError.csv(line: 1, .tooLong)) {
            try Self.records(String(repeating: ",", count: 2000))
        }
    }

    @Test("A forgiving reader names the line with a stray quote and reads the others", arguments: 1...5)
    func forgiving(pieces: Int) throws {
        var reader = CSVReader(isForgiving: true)
        let bytes = Array("a,b\r\nO\"BRIEN,1\r\n2,\"x\"y\n3,\"z\nz\"\n4,q\"".utf8)
        var records: [CSVReader.Record] = []
        for start in stride(from: 0, to: bytes.count, by: pieces) {
            records += try reader.read(bytes[start..<min(start + pieces, bytes.count)])
        }
        records += [try reader.finish()].compactMap(\.self)
        #expect(records.map(\.fields) == [["a", "b"], [], [], ["3", "z\nz"], []])
        #expect(records.map(\.fault) == [nil, .strayQuote, .strayQuote, nil, .strayQuote])
        #expect(records.map(\.line) == [1, 2, 3, 4, 6] && records.map(\.lastLine) == [1, 2, 3, 5, 6])
    }

    @Test("A stray quote in a value over several lines, and a quote that is never closed, end the reading all the same")
    func unforgivable() {
        var reader = CSVReader(isForgiving: true)
        #expect(throws: ReconciliationError.csv(line: 3, .strayQuote)) { try reader.read(Array("a\n\"b\nc\"d\n".utf8)) }
        var other = CSVReader(isForgiving: true)
        #expect(throws: ReconciliationError.csv(line: 2, .unendedQuote)) {
            _ = try other.read(Array("a\n\"b\nc\n".utf8))
            _ = try other.finish()
        }
    }

    @Test("A field that is not UTF-8 is read as Windows writes it")
    func windows() throws {
        var reader = CSVReader()
        #expect(try reader.read([0x4D, 0xFC, 0x6C, 0x0A])[0].fields == ["Mül"])
    }

    @Test(
        "A field that a spreadsheet would take for a formula is led by an apostrophe",
        arguments: [
            ("=1+1", "'=1+1"), ("+1", "'+1"), ("-1", "'-1"), ("@x", "'@x"), ("\tx", "'\tx"), ("a=b", "a=b"),
            ("=\"x\",y", "\"'=\"\"x\"\",y\""), ("", ""),
        ])
    func formulas(field: String, written: String) {
        #expect(CSVWriter.line([field, "z"]) == written + ",z\r\n")
    }

    @Test("What is written is read back, whatever the fields hold", arguments: 1...20)
    func roundTrip(seed: Int) throws {
        var random = Seeded(seed: UInt64(seed))
        let letters = Array("ab,\"\n\r é'")
        let rows = (0..<20).map { _ in
            (0..<4).map { _ in
                "x"
                    + String(
                        (0..<Int.random(in: 0...6, using: &random)).map { _ in letters.randomElement(using: &random)! })
            }
        }
        #expect(try Self.records(rows.map(CSVWriter.line).joined(), pieces: 3).map(\.fields) == rows)
    }

    static let asOf = Date(timeIntervalSince1970: 1_793_000_000)

    static func rows(_ text: String) throws -> [PMList.Row] {
        let records = try records(text)
        var list = try PMList(header: records[0], time: World.time, asOf: asOf)
        return try records.dropFirst().map { (record) throws in try list.row(record) }
    }

    @Test("The PM's list is read under the names and in the forms of time that exports use")
    func list() throws {
        let rows = try Self.rows(
            """
            Appt ID,MRN,Start Time,End,STATUS,Resource,Location,Event,Balance
            4711,000123,2026-11-03 09:00,2026-11-03T09:30:00,Kept,DRX,MAIN,EST,12.00
            4712,,11/3/2026 1:05 PM,,Expected,ROOM1,,BLOCK,
            """)
        let practice = World.time
        #expect(rows.map(\.appointment) == ["4711", "4712"])
        #expect(practice.text(rows[0].start.instant) == "2026-11-03T09:00:00-07:00")
        #expect(rows[0].end.map { practice.text($0.instant) } == "2026-11-03T09:30:00-07:00")
        #expect(practice.text(rows[1].start.instant) == "2026-11-03T13:05:00-07:00" && rows[1].end == nil)
        let entry = rows[0].entry(authority: "0001", status: .arrived, person: "p")
        #expect(entry.display.last4 == "0123" && entry.resource == "DRX" && entry.sourceStatus == "Kept")
        #expect(entry.identifiers == [Identifier(.filler, authority: "0001", value: "4711")])
        #expect(rows[1].patient.isEmpty && rows[1].entry(authority: "", status: .booked, person: "").isBlock)
    }

    @Test("An appointment across the repeated hour keeps its length and says that its time is ambiguous")
    func repeatedHour() throws {
        let row = try #require(
            try Self.rows("appointment_id,status,start,end,patient\n1,Expected,2026-11-01 01:30,2026-11-01 01:50,7")
                .first)
        #expect(row.start.flag == .ambiguousTime)
        #expect(row.end.map { $0.instant.timeIntervalSince(row.start.instant) } == 1200)
    }

    @Test("A list that cannot be read says which line and which column")
    func listFaults() {
        let header = "appointment_id,status,start,end,patient\n"
        #expect(throws: ReconciliationError.csv(line: 1, .missingColumn("patient"))) {
            try Self.rows("appointment_id,status,start\n")
        }
        #expect(throws: ReconciliationError.csv(line: 1, .repeatedColumn("patient"))) {
            try Self.rows("appointment_id,status,start,mrn,patient\n")
        }
        #expect(throws: ReconciliationError.csv(line: 2, .fieldCount(expected: 5, found: 2))) {
            try Self.rows(header + "1,2\n")
        }
        for time in ["2026-02-30 09:00", "2026-11-03", "2026-11-03 25:00", "3 Nov 2026 09:00", "13/3/2026 9:00 AM"] {
            #expect(throws: ReconciliationError.csv(line: 3, .badTime(column: "start"))) {
                try Self.rows(header + "1,Kept,2026-11-03 09:00,,7\n2,Kept,\(time),,7\n")
            }
        }
        #expect(throws: ReconciliationError.csv(line: 2, .endsBeforeItsStart)) {
            try Self.rows(header + "1,Kept,2026-11-03 09:00,2026-11-03 08:00,7\n")
        }
        #expect(throws: ReconciliationError.csv(line: 2, .missingValue(column: "appointment_id"))) {
            try Self.rows(header + ",Kept,2026-11-03 09:00,,7\n")
        }
    }
}
