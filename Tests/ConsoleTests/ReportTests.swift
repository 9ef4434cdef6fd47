import Console
import Foundation
import HTTPTypes
import Postgres
import TestSupport
import Testing

@Suite struct ReportTests {
    private func report(_ fixture: Fixture, day: CalendarDay? = nil) async throws -> SchedulingReport {
        let pool = try fixture.database.pool(role: "pmsync_operator", size: 1)
        defer { pool.close() }
        let report = try await pool.transaction { transaction in
            try await SchedulingReport.read(practice: "P1", day: day, now: Fixture.now, in: transaction)
        }
        return try #require(report)
    }

    @Test func `The report is one content as page, CSV and JSON`() async throws {
        let fixture = try await Fixture.make()
        try await fixture.addRun("P1")
        let report = try await report(fixture)
        let html = try report.html()
        #expect(html.contains("99.0 %") && html.contains("A.B. …4321") && html.contains("Stages of one visit"))
        #expect(html.contains("<style>") && !html.contains("/style.css"), "the page stands by itself")
        let lines = report.csv().components(separatedBy: "\r\n")
        #expect(lines.count == 3 && lines[0].hasPrefix("practice,key,appointment,patient,code"))
        #expect(lines[1].hasPrefix("P1,key-P1,22 Nov 08:30,A.B. …4321,missing-in-app,Not in the booking app"))
        let json = try JSONSerialization.jsonObject(with: Data(try report.json().utf8)) as? [String: Any]
        let run = try #require((json?["comparisons"] as? [[String: Any]])?.first)
        #expect((run["counts"] as? [String: Int])?["matched"] == 398)
        #expect((json?["findings"] as? [[String: Any]])?.count == 1)
    }

    @Test(arguments: ["=1+1", "+1", "-1", "@SUM(A1)"])
    func `A field that a spreadsheet would run is led by an apostrophe`(_ formula: String) async throws {
        let fixture = try await Fixture.make()
        try await fixture.addRun("P1")
        try await fixture.addFinding("P1", key: formula)
        let csv = try await report(fixture).csv()
        #expect(csv.contains(",'\(formula),"))
        #expect(!csv.contains(",\(formula),"))
    }

    @Test func `A day that no comparison covers says so instead of showing agreement`() async throws {
        let fixture = try await Fixture.make()
        try await fixture.addRun("P1")
        let none = try await report(fixture, day: CalendarDay("2026-11-20"))
        #expect(try none.html().contains("Never compared"))
        #expect(none.round == nil)
    }

    @Test func `The console gives the same report as a page and as a file`() async throws {
        let fixture = try await Fixture.make()
        try await fixture.addRun("P1")
        try await fixture.browse(as: "ann") { browser in
            let page = try await browser.get("/report/scheduling?practice=P1&date=2026-11-22")
            #expect(page.text.contains("99.0 %") && page.text.contains("Download as CSV"))
            let file = try await browser.get("/report/scheduling?practice=P1&date=2026-11-22&format=csv")
            #expect(file.headers[.contentType]?.hasPrefix("text/csv") == true)
            #expect(file.headers[.contentDisposition] == #"attachment; filename="scheduling.csv""#)
            #expect(file.text == (try await report(fixture).csv()))
        }
    }
}
