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
        #expect(html.contains("99.0 %") && html.contains("A.B. …4321") && html.contains("MAIN"))
        #expect(html.contains("<style>") && !html.contains("/style.css"), "the page stands by itself")
        let lines = report.csv().components(separatedBy: "\r\n")
        #expect(lines[0].hasPrefix("row,practice,app,location,provider,in_pm,here,in_app,compared,matched,explained"))
        #expect(lines[1].hasPrefix("comparison,P1,Kiosk,,,412,410,409,412,398,10,0,4,99.0 %,"))
        #expect(lines.filter { $0.hasPrefix("location,") }.count == 2)
        #expect(lines.filter { $0.hasPrefix("finding,P1,") }.count == 1)
        #expect(lines[6].contains(",key-P1,22 Nov 08:30,A.B. …4321,missing-in-app,Not in the booking app,"))
        let sources = lines.filter { $0.hasPrefix("source,P1,") }
        #expect(sources[0].hasPrefix("source,P1,Kiosk,") && sources[0].contains(",The comparison,"))
        #expect(sources.contains { $0.contains(",The PM's own list,,") && $0.contains("as of ") })
        let json = try JSONSerialization.jsonObject(with: Data(try report.json().utf8)) as? [String: Any]
        let run = try #require((json?["comparisons"] as? [[String: Any]])?.first)
        #expect((run["counts"] as? [String: Int])?["matched"] == 398)
        #expect((json?["findings"] as? [[String: Any]])?.count == 1)
    }

    /// Follows every number of the page to its members.
    @Test func `Every number of the report opens to exactly its members`() async throws {
        let fixture = try await Fixture.make()
        let kiosk = try await fixture.addClient("P1", "Kiosk")
        try await fixture.addMembers("P1", client: kiosk, 230)
        try await fixture.browse(as: "ann") { browser in
            let page = try await browser.get("/report/scheduling").text
            #expect(!page.contains("not add up"))
            let numbers = page.matches(of: /href="(\/agreement\/P1\?[^"]*)">(\d+)</)
            // The whole, three places and four practitioners, of eight numbers each; and one rule.
            #expect(numbers.count == 8 * 8 + 1)
            for number in numbers {
                let path = String(number.1).replacing("&amp;", with: "&")
                let opened = try await browser.get(path).text
                let tally = try #require(
                    opened.firstMatch(of: /(\d+) appointments?: (\d+) in the PM, (\d+) here, (\d+) in the app\./))
                let counted =
                    path.contains("side=pm")
                    ? tally.2 : path.contains("side=here") ? tally.3 : path.contains("side=app") ? tally.4 : tally.1
                #expect(counted == number.2, "\(path)")
                #expect(!path.contains("4321") && !path.contains("A.B."))
            }
        }
    }

    @Test func `The members of a number come in pages, each once, those without a time too`() async throws {
        let fixture = try await Fixture.make()
        let kiosk = try await fixture.addClient("P1", "Kiosk")
        try await fixture.addMembers("P1", client: kiosk, 230)
        try await fixture.owner.execute("UPDATE reconciliation.member SET initials = 'X' || substr(reference, 2)")
        try await fixture.browse(as: "ann") { browser in
            var next: String? = "/agreement/P1?app=\(kiosk.uuidString.lowercased())"
            var seen: [String] = []
            while let path = next {
                let page = try await browser.get(path).text
                seen += page.matches(of: /<span class="w">(X\d+) …4321</).map { String($0.1) }
                next = page.firstMatch(of: /href="([^"]*after=[^"]*)"/)
                    .map { String($0.1).replacing("&amp;", with: "&") }
                try #require(seen.count <= 230)
            }
            #expect(seen.count == 230 && Set(seen).count == 230)
            #expect(try await browser.get("/agreement/P2").status == .notFound)
        }
    }

    @Test(
        arguments: [
            #"UPDATE reconciliation.run SET counts = counts || '{"explained": 0}'"#,
            #"UPDATE reconciliation.run SET counts = counts || '{"matched": 399}'"#,
            "UPDATE reconciliation.run SET cells = cells - 0",
        ] as [SQL])
    func `Numbers that do not add up are not shown as if they did`(_ change: SQL) async throws {
        let fixture = try await Fixture.make()
        try await fixture.addRun("P1")
        try await fixture.browse(as: "ann") { browser in
            #expect(try await !browser.get("/report/scheduling").text.contains("not add up"))
            try await fixture.owner.execute(change)
            #expect(try await browser.get("/report/scheduling").text.contains("do not add up"))
        }
    }

    @Test func `By place and by practitioner the rows add up to the comparison, on the page and in the files`()
        async throws
    {
        let fixture = try await Fixture.make()
        try await fixture.addRun("P1")
        let report = try await report(fixture)
        let page = try report.html()
        #expect(PageTests.row(of: page, "MAIN") == ["300", "300", "300", "300", "290", "8", "0", "2"])
        #expect(PageTests.row(of: page, "no place said") == ["112", "110", "109", "112", "108", "2", "0", "2"])
        for axis in ["location", "provider"] {
            let rows = report.csv().components(separatedBy: "\r\n").filter { $0.hasPrefix("\(axis),") }
                .map { $0.components(separatedBy: ",")[5...12].compactMap { Int($0) } }
            let sums = rows.reduce([0, 0, 0, 0, 0, 0, 0, 0]) { zip($0, $1).map { $0 + $1 } }
            #expect(sums == [412, 410, 409, 412, 398, 10, 0, 4], "\(axis)")
        }
    }

    @Test func `Forty cancellations of one provider's day are one row, and what is found of them is one line`()
        async throws
    {
        let fixture = try await Fixture.make()
        let kiosk = try await fixture.addClient("P1", "Kiosk")
        try await fixture.addMembers("P1", client: kiosk, 60)
        let event = try await fixture.addCancelledDay("P1", client: kiosk, 40)
        let report = try await report(fixture)
        let page = try report.html()
        #expect(
            PageTests.row(of: page, "22 Nov 2024") == ["Ada Example (DR1)", "Cancelled", "40", "40", "22 Nov 02:30"])
        #expect(page.matches(of: /40 appointments/).count == 1)
        #expect(page.contains("To do: 41"), "the forty and the one of before are counted, one by one")
        // What the load called the practitioner, where a place bears the same code.
        #expect(page.contains("Ada Example (DR1)") && !page.contains("Door one"))
        let rows = report.csv().components(separatedBy: "\r\n")
        let days = rows.filter { $0.hasPrefix("day,P1,,,DR1,") }
        #expect(days.count == 1 && days[0].contains("2024-11-22,,day.cancelled,cancelled,"), "\(days)")
        let id = event.uuidString.lowercased()
        #expect(rows.filter { $0.hasPrefix("finding,") && $0.hasSuffix(",\(id)") }.count == 40)
        let json = try JSONSerialization.jsonObject(with: Data(try report.json().utf8)) as? [String: Any]
        let day = try #require((json?["days"] as? [[String: Any]])?.first)
        #expect((day["appointments"] as? [String])?.count == 40 && day["kind"] as? String == "day.cancelled")
        try await fixture.browse(as: "ann") { browser in
            let shown = try await browser.get("/report/scheduling").text
            let link = try #require(shown.firstMatch(of: /href="(\/agreement\/P1\?[^"]*event=[^"]*)">40</))
            let opened = try await browser.get(String(link.1).replacing("&amp;", with: "&")).text
            #expect(opened.contains("40 appointments:"))
        }
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
        let none = try await report(fixture, day: CalendarDay("2024-11-20"))
        #expect(try none.html().contains("Never compared"))
        #expect(none.round == nil)
    }

    @Test func `The report of an earlier day is what was read then, whatever was found, mended or accepted since`()
        async throws
    {
        let fixture = try await Fixture.make()
        try await fixture.owner.execute("DELETE FROM reconciliation.finding")
        // Half past noon and ten to midnight in Denver: the second is the one that stands for the day.
        let noon = try await fixture.addRun("P1", endedAt: "2024-11-20T19:30:00Z", open: 1)
        try await fixture.see("P1", key: "mended", "opened", cause: "never-sent", in: noon)
        let last = try await fixture.addRun("P1", endedAt: "2024-11-21T06:50:00Z", open: 2)
        try await fixture.see("P1", key: "changed", "opened", cause: "never-sent", in: last)
        let day = try #require(CalendarDay("2024-11-20"))
        let then = try await report(fixture, day: day).csv()
        #expect(then.contains("comparison,P1,,,,9,9,,9,7,0,0,2,"))
        #expect(then.contains(",mended,") && then.contains(",changed,") && !then.contains("key-P1"))

        let later = try await fixture.addRun("P1", endedAt: "2024-11-22T09:00:00Z", open: 2)
        try await fixture.see("P1", key: "mended", "closed", cause: "never-sent", in: later)
        try await fixture.see("P1", key: "changed", "changed", cause: "parked", in: later)
        try await fixture.see("P1", key: "later", "opened", cause: "never-sent", in: later)
        try await fixture.owner.execute(
            """
            INSERT INTO reconciliation.finding_act (practice_id, workflow, key, act, reason, actor, at)
            VALUES ('P1', 'scheduling', 'changed', 'accept', 'well', 'ann', '2024-11-22T09:10Z')
            """)
        let old = try await report(fixture, day: day)
        #expect(old.csv() == then)
        #expect(try old.html().contains("2 findings were open") && old.html().contains("as they stood then"))
        let new = try await report(fixture)
        #expect(!new.csv().contains(",mended,") && new.csv().contains(",later,"))
        #expect(new.findings.first { $0.key == "changed" }?.state == "accepted")
        #expect(try await report(fixture, day: CalendarDay("2024-11-22")).csv() == new.csv())
        #expect(try await report(fixture, day: CalendarDay("2024-11-21")).round == nil)
    }

    @Test func `A window that somebody asked for is neither the first page nor the report`() async throws {
        let fixture = try await Fixture.make()
        _ = try await fixture.addRun("P1", endedAt: "2024-11-22T09:00:00Z", open: 2)
        let before = try await report(fixture).csv()
        _ = try await fixture.addRun("P1", endedAt: "2024-11-22T09:20:00Z", open: 7, isAdHoc: true)
        #expect(try await report(fixture).csv() == before)
        #expect(try await report(fixture, day: CalendarDay("2024-11-22")).csv() == before)
        try await fixture.browse(as: "ann") { browser in
            let page = try await browser.get("/").text
            #expect(page.contains("02:00") && !page.contains("02:20"))
        }
    }

    @Test func `What our records are marked with is counted by mark, and each number opens to its members`()
        async throws
    {
        let fixture = try await Fixture.make()
        let kiosk = try await fixture.addClient("P1", "Kiosk")
        try await fixture.addMembers("P1", client: kiosk, 60)
        #expect(try await !report(fixture).html().contains("Look at these"))
        try await fixture.mark("P1", "irregular-transition", 3)
        try await fixture.mark("P1", "ambiguous-time", 2)
        try await fixture.mark("P1", "derived", 4)
        let report = try await report(fixture)
        let rows = report.csv().components(separatedBy: "\r\n").filter { $0.hasPrefix("flag,P1,,,,,") }
        #expect(rows.count == 2 && rows[0].contains(",3,") && rows[0].contains(",irregular-transition,"), "\(rows)")
        let json = try JSONSerialization.jsonObject(with: Data(try report.json().utf8)) as? [String: Any]
        let flags = (json?["flags"] as? [[String: Any]])?.map { "\($0["flag"] ?? "") \($0["appointments"] ?? "")" }
        #expect(flags == ["irregular-transition 3", "ambiguous-time 2"])
        try await fixture.browse(as: "ann") { browser in
            let page = try await browser.get("/report/scheduling").text
            #expect(page.contains("Look at these"))
            for (flag, count) in [("irregular-transition", "3"), ("ambiguous-time", "2")] {
                let link = try #require(
                    page.matches(of: /href="(\/agreement\/P1\?[^"]*flag=([a-z-]+))">(\d+)</).first { $0.2 == flag })
                #expect(link.3 == count)
                let opened = try await browser.get(String(link.1).replacing("&amp;", with: "&")).text
                #expect(opened.contains("\(count) appointments:"))
            }
        }
    }

    @Test func `The console gives the same report as a page and as a file`() async throws {
        let fixture = try await Fixture.make()
        try await fixture.addRun("P1")
        try await fixture.browse(as: "ann") { browser in
            let page = try await browser.get("/report/scheduling?practice=P1&date=2024-11-22")
            #expect(page.text.contains("99.0 %") && page.text.contains("Download as CSV"))
            let file = try await browser.get("/report/scheduling?practice=P1&date=2024-11-22&format=csv")
            #expect(file.headers[.contentType]?.hasPrefix("text/csv") == true)
            #expect(file.headers[.contentDisposition] == #"attachment; filename="scheduling.csv""#)
            #expect(file.text == (try await report(fixture).csv()))
        }
    }
}
