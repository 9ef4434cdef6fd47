import Foundation
import Postgres
import Practice
import Reconciliation
import TestSupport
import Testing

@testable import Scheduling

/// A row of a list that cannot be read accuses nobody of lacking, and mends nothing.
@Suite struct UnreadRowTests {
    @Test func aBadRowOfAGroupAccusesNoneOfItsPeople() async throws {
        let clinic = try await Clinic()
        let read = try await clinic.book("G1#M4", mrn: "M4", start: clinic.at(1, 12))
        let unread = try await clinic.book("G1#M5", mrn: "M5", start: clinic.at(1, 12))
        let gone = try await clinic.book("F2", mrn: "M2", start: clinic.at(1, 9))
        try await clinic.book("F3", mrn: "M3", start: clinic.at(1, 10))
        try clinic.exportPM(
            [
                .init(id: "G1", start: clinic.at(1, 12), mrn: "M4"),
                .init(id: "F3", start: clinic.at(1, 10), mrn: "M3"),
            ], bad: ["G1,BOOKED,noon,,M5,1001,"])
        let run = try #require(try await clinic.reconcile(now: Date() + 400).first)
        #expect(run.pmUnread?.count == 1)
        // It is a record that the row names, so that what it cannot be of is still accused.
        #expect(
            Set(try await clinic.open())
                == [.init(.missingInPM, .listRowUnread, unread), .init(.missingInPM, .neverSent, gone)])
        #expect(try await clinic.count("SELECT count(*) FROM reconciliation.finding WHERE record_id = \(read)") == 0)
        #expect(
            try await clinic.count("SELECT count(*) FROM reconciliation.finding WHERE act = 'confirm-removal'") == 1)
    }

    @Test func aBadRowWithANumberThatWeDoNotKnowMayBeOfAnyRecord() async throws {
        let clinic = try await Clinic()
        let unnamed = try await clinic.book(nil, mrn: "M1", start: clinic.at(1, 9))
        // The number is known, but as the visit of another, which is no name of the schedule's own.
        let other = try await clinic.book(nil, mrn: "M2", start: clinic.at(1, 10))
        try await clinic.book("F3", mrn: "M3", start: clinic.at(1, 11), visit: "4711")
        let lines = [Clinic.Line(id: "F3", start: clinic.at(1, 11), mrn: "M3")]
        try clinic.exportPM(
            lines + [.init(id: "X2", start: clinic.at(1, 10), mrn: "M2")], bad: ["X1,BOOKED,nine,,M1,1001,"])
        try await clinic.reconcile(now: Date() + 400)
        #expect(try await clinic.open() == [.init(.missingInPM, .listRowUnread, unnamed)])
        try clinic.exportPM(
            lines + [.init(id: "X1", start: clinic.at(1, 9), mrn: "M1")], bad: ["4711,BOOKED,ten,,M2,1001,"])
        try await clinic.reconcile(now: Date() + 400)
        #expect(try await clinic.open() == [.init(.missingInPM, .listRowUnread, other)])
    }

    @Test func aBadRowOfAnAppsFileIsOfTheRecordThatItsColumnOfOurIDsNames() async throws {
        let clinic = try await Clinic()
        let app = try await clinic.addApp("app", list: "app.csv")
        var lines: [Clinic.Line] = []
        var records: [UUID] = []
        for number in 0..<3 {
            lines.append(.init(id: "F\(number)", start: clinic.at(1, 9 + Double(number)), mrn: "M\(number)"))
            records.append(try await clinic.book("F\(number)", mrn: "M\(number)", start: lines[number].start))
            try await clinic.tell(app, of: records[number], "delivered", status: 204)
        }
        try clinic.exportPM(lines)
        // Its first has a bad time, its second is as it should be, its third is not there; its own number is another's
        // of the PM.
        let rows = [
            "F2,BOOKED,nine,,M0,\(records[0])",
            "own-1,BOOKED,\(clinic.time.wall(at: lines[1].start)),\(clinic.time.wall(at: lines[1].start + 1200)),M1,\(records[1])",
        ]
        let text = (["appointment_id,status,start,end,mrn,our_id"] + rows).joined(separator: "\n") + "\n"
        try text.writeExport(to: clinic.folder + "/app.csv")
        let run = try #require(try await clinic.reconcile(now: Date() + 400).first)
        #expect(run.appUnread?.count == 1 && run.appProblem == nil)
        #expect(
            Set(try await clinic.open()) == [
                .init(.missingInApp, .listRowUnread, records[0], client: app.client),
                .init(.missingInApp, .overwrittenThere, records[2], client: app.client),
            ])
    }

    @Test func anEntryOfAnAppsFHIRListThatCannotBeReadMayBeOfAnyThatItLacks() async throws {
        let clinic = try await Clinic()
        let list = AppList()
        try await list.serving { base in
            let app = try await clinic.addApp("app", list: base)
            var records: [UUID] = []
            for number in 0..<3 {
                let start = clinic.at(1, 9 + Double(number))
                records.append(try await clinic.book("F\(number)", mrn: "M\(number)", start: start))
                try await clinic.tell(app, of: records[number], "delivered", status: 204)
            }
            try clinic.exportPM(
                (0..<3).map { .init(id: "F\($0)", start: clinic.at(1, 9 + Double($0)), mrn: "M\($0)") })
            list.keep([
                .init(id: "own-7", start: clinic.at(1, 9), status: "as it was"),
                .init(id: records[1].uuidString.lowercased(), start: clinic.at(1, 10)),
                .init(id: records[2].uuidString.lowercased(), start: clinic.at(1, 11), status: "as it was"),
            ])
            let run = try #require(try await clinic.reconcile(now: Date() + 400).first)
            #expect(run.appUnread?.count == 2 && run.appProblem == nil)
            // The third is there, whatever it says.
            #expect(
                try await clinic.open() == [.init(.missingInApp, .listRowUnread, records[0], client: app.client)])
        }
        await clinic.reconciliation.close()
    }

    @Test func whatAnUnreadRowMayBeOfIsNotTakenForMended() async throws {
        let clinic = try await Clinic()
        let moved = try await clinic.book("F1", mrn: "M1", start: clinic.at(1, 9))
        try await clinic.book("F2", mrn: "M2", start: clinic.at(1, 10))
        let unsent = Clinic.Line(id: "F9", start: clinic.at(2, 10), mrn: "M9")
        let now = Date() + 400
        func run(_ lines: [Clinic.Line], bad: [String] = [], _ minute: Double) async throws {
            try clinic.exportPM(lines, bad: bad)
            try await clinic.reconcile(now: now + minute * 60)
        }
        let good = Clinic.Line(id: "F2", start: clinic.at(1, 10), mrn: "M2")
        let late = Clinic.Line(id: "F2", start: clinic.at(1, 15), mrn: "M2")
        try await run([.init(id: "F1", start: clinic.at(1, 11), mrn: "M1"), late, unsent], 0)
        #expect(try await clinic.open().map(\.code) == ["missing-here", "time-differs", "time-differs"])

        // Two of the rows are bad; the third is as we have it, and mends what it is of.
        let bad = ["F1,BOOKED,eleven,,M1,1001,", "F9,BOOKED,ten,,M9,1001,"]
        try await run([good, .init(id: "F3", start: clinic.at(80, 9), mrn: "M3")], bad: bad, 10)
        let ended: SQL = "SELECT count(*) FROM reconciliation.finding_event WHERE event IN ('closed', 'reopened')"
        // That a row is not there to be compared is said besides, and withheld.
        #expect(try await clinic.open().map(\.code) == ["missing-here", "missing-in-pm", "time-differs"])
        #expect(try await clinic.open().contains { $0.code == "time-differs" && $0.record == moved })
        #expect(try await clinic.count(ended) == 1)

        // Without a number a row may be of anything that no other row is of.
        try await run([good], bad: [",BOOKED,ten,,M9,1001,"], 20)
        #expect(try await clinic.open().map(\.code) == ["missing-here", "missing-in-pm", "time-differs"])
        try await run([good, .init(id: "F1", start: clinic.at(1, 9), mrn: "M1")], bad: bad.suffix(1), 30)
        #expect(try await clinic.open().map(\.code) == ["missing-here"])
        try await run([good, .init(id: "F1", start: clinic.at(1, 9), mrn: "M1")], 40)
        #expect(try await clinic.open() == [])
        #expect(
            try await clinic.count("SELECT count(*) FROM reconciliation.finding_event WHERE event = 'reopened'") == 0)
    }
}
