import Console
import Foundation
import HTTPTypes
import Postgres
import Testing

@Suite struct PageTests {
    /// An appointment that a hostile sender made: every field is markup.
    private static let hostile = #"<script>alert(1)</script>"'><img src=x onerror=alert(2)>&amp;"#

    @Test func `This morning shows the last comparison, and each number leads to what it counts`() async throws {
        let fixture = try await Fixture.make()
        try await fixture.addRun("P1")
        _ = try await fixture.addParked("P1")
        _ = try await fixture.addMessage("P1", "MSH|^~\\&|A|B|||20241122||SIU^S12|1|P|2.3\r")
        try await fixture.browse(as: "ann") { browser in
            let page = try await browser.get("/").text
            #expect(Self.row(of: page, "PM, pmsync and Kiosk") == Self.whole)
            #expect(page.contains("1 finding needs you"))
            #expect(
                page.contains(#"href="/findings?practice=P1&amp;state=open&amp;code=missing-in-app&amp;age=today""#))
            #expect(page.contains("1 job is parked"))
            #expect(page.contains("Feed nextgen"))
            #expect(page.contains("last message 02:28"), "sources are told in the practice's own time")
            let list = try await browser.get("/findings?practice=P1&state=open&code=missing-in-app&age=today").text
            #expect(list.contains("A.B. …4321"))
            #expect(
                try await browser.get("/findings?practice=P1&state=open&age=3").text.contains("Nothing of this kind"))
        }
    }

    private static let whole = ["412", "410", "409", "412", "398", "10", "0", "4", "99.0 %"]

    /// What stands in the row that begins so.
    static func row(of page: String, _ head: String) -> [String] {
        guard let start = page.range(of: ">\(head)</th>"), let end = page[start.upperBound...].range(of: "</tr>") else {
            return []
        }
        return page[start.upperBound..<end.lowerBound].matches(of: /<td[^>]*>(.*?)<\/td>/).map {
            String($0.1.replacing(/<[^>]*>/, with: ""))
        }
    }

    @Test
    func `Each booking app has its own agreement, and a list that could not be read is named with why and since when`()
        async throws
    {
        let fixture = try await Fixture.make()
        let kiosk = try await fixture.addClient("P1", "Kiosk")
        let portal = try await fixture.addClient("P1", "Portal")
        try await fixture.addRun(
            "P1", client: kiosk,
            counts: """
                {"inPM": 9, "here": 9, "inApp": 8, "groups": 9, "matched": 7, "withheld": 1, "open": 1,
                "withheldBecause": {"too-young": 1}}
                """)
        try await fixture.addRun(
            "P1", client: portal, read: nil, problem: "csv-bad-time at line 12", since: "2024-11-22T08:30:00Z",
            counts: #"{"inPM": 9, "here": 9, "groups": 9, "matched": 9}"#)
        try await fixture.browse(as: "ann") { browser in
            for path in ["/", "/report/scheduling"] {
                let page = try await browser.get(path).text
                #expect(
                    Self.row(of: page, "PM, pmsync and Kiosk")
                        == ["9", "9", "8", "9", "7", "0", "1", "1", "87.5 %"], "\(path)")
                #expect(
                    Self.row(of: page, "PM and pmsync (without Portal)")
                        == ["9", "9", "not compared", "9", "9", "0", "0", "0", "100 %"], "\(path)")
                #expect(page.contains("1 too young to judge"))
                #expect(page.contains("The list of Kiosk: as of 02:20"))
                #expect(
                    page.contains(
                        "The list of Portal: could not be read since 01:30, so it was not compared: a time is none (line 12)"
                    ))
            }
            try await fixture.owner.execute("UPDATE reconciliation.finding SET closed_at = now()")
            #expect(try await browser.get("/").text.contains("the list of Portal could not be read"))
        }
    }

    @Test func `What is withheld accuses nobody, on every page`() async throws {
        let fixture = try await Fixture.make()
        try await fixture.owner.execute("UPDATE reconciliation.finding SET withheld = true WHERE practice_id = 'P1'")
        try await fixture.addRun("P1")
        try await fixture.browse(as: "ann") { browser in
            for path in ["/findings/P1/key-P1", "/findings?state=withheld", "/report/scheduling"] {
                let page = try await browser.get(path).text
                #expect(page.contains("cannot be judged yet") && !page.contains("never sent"), "\(path)")
                #expect(!page.contains("Send the appointment to the booking app again."), "\(path)")
            }
        }
    }

    @Test func `Every error is a page with a way back, and with every page's links for who is signed in`() async throws
    {
        let fixture = try await Fixture.make()
        let job = try await fixture.addParked("P1")
        try await fixture.browse(as: "ann") { browser in
            for (path, back) in [
                ("/findings/P1/none", "/findings"), ("/jobs/999999", "/jobs"), ("/jobs/x", "/jobs"),
                ("/messages/2024-11-22/9", "/messages"), ("/report/scheduling?practice=P2", "/"),
            ] {
                let page = try await browser.get(path)
                #expect(page.status == .notFound && page.text.contains("Not found"), "\(path)")
                #expect(page.text.contains(#"<a class="button" href="\#(back)">"#), "\(path)")
                #expect(page.text.contains(#"<nav aria-label="Pages">"#) && page.text.contains("Sign out"), "\(path)")
            }
            let page = try await browser.post("/jobs/\(job)/discard", ["reason": " "])
            #expect(page.status == .badRequest && page.text.contains("a reason is missing"))
            #expect(page.text.contains(#"<a class="button" href="/jobs/\#(job)">"#))
            let lost = try await browser.get("/no/such/page")
            #expect(lost.status == .notFound && lost.text.contains(#"href="/""#))
            await browser.present(nil)
            let answer = try await browser.post("/jobs/\(job)/discard", ["reason": "x"])
            #expect(answer.headers[.location] == "/sign-in?to=%2Fjobs%2F\(job)&undone=yes")
            #expect(try await browser.get("/sign-in?undone=yes").text.contains("was not done"))
        }
    }

    @Test(
        arguments: [
            (
                "UPDATE reconciliation.run SET (started_at, ended_at) = (started_at - interval '27 h', ended_at - interval '27 h')",
                "the last comparison is 1 d old"
            ),
            ("DELETE FROM reconciliation.run", "nothing was compared yet"),
            (#"UPDATE reconciliation.run SET counts = counts || '{"withheld": 3}'"#, "3 withheld"),
            (
                #"UPDATE reconciliation.run SET sources = sources - 'pm' || '{"pmProblem": "list-missing"}'"#,
                "could not be read"
            ),
            (#"UPDATE reconciliation.run SET sources = sources || '{"feedIsSilent": true}'"#, "the feed is silent"),
            (
                #"UPDATE reconciliation.run SET sources = sources - '{pm,app}'::text[]"#,
                "there was no list to compare with"
            ),
        ] as [(SQL, String)])
    func `Agreement is not claimed on the word of a comparison that could not see`(_ change: SQL, _ doubt: String)
        async throws
    {
        let fixture = try await Fixture.make()
        try await fixture.addRun("P1")
        try await fixture.owner.execute("UPDATE reconciliation.finding SET closed_at = now()")
        try await fixture.browse(as: "ann") { browser in
            #expect(try await browser.get("/").text.contains("✓ In agreement"))
            try await fixture.owner.execute(change)
            let page = try await browser.get("/").text
            #expect(!page.contains("In agreement") && page.contains("Not known") && page.contains(doubt))
        }
    }

    @Test func `A silent feed is told on the first page and among the feeds, to its own practice`() async throws {
        let fixture = try await Fixture.make()
        try await fixture.owner.execute(
            """
            INSERT INTO watch.alarm (practice_id, id, kind, feed, since, raised_at, usual_seconds)
            VALUES ('P1', gen_random_uuid(), 'feed-silent', 'nextgen', clock_timestamp() - interval '2 h',
                clock_timestamp() - interval '90 min', 240)
            """)
        for person in ["ann", "ben"] {
            try await fixture.browse(as: person) { browser in
                for path in ["/", "/feeds"] {
                    let page = try await browser.get(path).text
                    #expect(page.contains("usually a message every 4 min at that hour") == (person == "ann"), "\(path)")
                }
            }
        }
    }

    @Test func `A finding shows each side, marks what differs in words, and says how it is mended`() async throws {
        let fixture = try await Fixture.make()
        try await fixture.browse(as: "ann") { browser in
            let page = try await browser.get("/findings/P1/key-P1").text
            #expect(page.contains("Not in the booking app"))
            #expect(page.contains("never sent") && page.contains("Send the appointment to the booking app again."))
            #expect(page.contains("≠ With (differs)"))
            #expect(!page.contains("≠ Start (differs)"))
            #expect(page.contains("≠ Is there (differs)"))
            #expect(page.contains("Send this one again"))
        }
    }

    @Test func `Findings come in pages, each once`() async throws {
        let fixture = try await Fixture.make()
        for number in 1...119 { try await fixture.addFinding("P1", key: "k\(number)~&?/#") }
        try await fixture.browse(as: "ann") { browser in
            var next: String? = "/findings"
            var seen: [String] = []
            var pages = 0
            while let path = next {
                let page = try await browser.get(path).text
                seen += page.matches(of: /href="(\/findings\/P1\/[^"]+)"/).map { String($0.1) }
                next = page.firstMatch(of: /href="([^"]*after=[^"]*)"/)
                    .map { String($0.1).replacing("&amp;", with: "&") }
                pages += 1
                try #require(pages < 9)
            }
            #expect(pages == 3)
            #expect(seen.count == 120 && Set(seen).count == 120)
            #expect(try await browser.get(seen[5]).status == .ok, "an odd key survives the address")
        }
    }

    @Test func `One practice's person sees nothing of another's, whatever the address`() async throws {
        let fixture = try await Fixture.make()
        try await fixture.addRun("P2")
        let entry = try await fixture.addMessage("P2", "MSH|^~\\&|A|B|||20241122||SIU^S12|SECRET2|P|2.3\r")
        let job = try await fixture.addParked("P2", entry: entry, code: "unmapped-location")
        let day = try #require(try await fixture.text("SELECT current_date::text"))
        try await fixture.browse(as: "ann") { browser in
            for path in [
                "/findings/P2/key-P2", "/jobs/\(job)", "/messages/\(day)/\(entry)", "/report/scheduling?practice=P2",
            ] {
                #expect(try await browser.get(path).status == .notFound, "\(path)")
            }
            for path in [
                "/", "/findings?state=all", "/findings?practice=P2", "/jobs?state=all", "/jobs?practice=P2", "/feeds",
                "/messages", "/messages?control=SECRET2", "/jobs/replay?id=\(job)",
            ] {
                let page = try await browser.get(path)
                #expect(page.status == .ok, "\(path)")
                #expect(!page.text.contains("Hill") && !page.text.contains("key-P2"), "\(path)")
                #expect(!page.text.contains(#"data-label="Control id"><code>SECRET2"#), "\(path)")
                #expect(!page.text.contains("location code"), "\(path)")
            }
            for (path, fields) in [
                ("/findings/P2/key-P2/accept", ["reason": "no", "seen": "0"]),
                ("/findings/P2/key-P2/resend", ["seen": "0"]), ("/jobs/\(job)/discard", ["reason": "no"]),
                ("/messages/\(day)/\(entry)/reveal", ["reason": "no"]),
            ] {
                #expect(try await browser.post(path, fields).status == .notFound, "\(path)")
            }
            _ = try await browser.post("/jobs/replay", ["id": "\(job)", "seen": "99999999999999999"])
        }
        #expect(try await fixture.count("SELECT count(*) FROM queue.blocked WHERE state = 'parked'") == 1)
        #expect(try await fixture.count("SELECT count(*) FROM reconciliation.finding_act") == 0)
        try await fixture.browse(as: "ben") { browser in
            let page = try await browser.get("/jobs/\(job)")
            #expect(page.status == .ok)
            #expect(try await browser.get("/findings/P2/key-P2").status == .ok)
        }
    }

    @Test func `What is of no practice is for administrators alone, wherever it stands`() async throws {
        let fixture = try await Fixture.make()
        try await fixture.setPassword("root", ["P1"], isAdministrator: true)
        let text = "MSH|^~\\&|NOBODYS|B|||20261122||SIU^S12|1|P|2.3\rPID|||77\r"
        let entry = try await fixture.addMessage(nil, text, feed: "unclaimed")
        let job = try await fixture.addParked(nil, entry: entry, code: "unknown-practice")
        _ = try await fixture.addParked(nil, code: "unknown-practice")
        let day = try #require(try await fixture.text("SELECT current_date::text"))
        let message = "/messages/\(day)/\(entry)"
        let latest = "99999999999999999"
        try await fixture.browse(as: "ann") { browser in
            for path in ["/jobs/\(job)", message] {
                #expect(try await browser.get(path).status == .notFound, "\(path)")
            }
            for path in ["/jobs", "/jobs?state=all", "/jobs/replay?id=\(job)", "/messages", "/feeds"] {
                let page = try await browser.get(path).text
                #expect(!page.contains("Unknown practice") && !page.contains("unclaimed"), "\(path)")
                #expect(!page.contains("Replay 1 job"), "\(path)")
            }
            #expect(try await browser.post("/jobs/\(job)/discard", ["reason": "no"]).status == .notFound)
            #expect(try await browser.post("\(message)/reveal", ["reason": "no"]).status == .notFound)
            for fields in [["id": "\(job)"], ["state": "parked"], ["code": "unknown-practice"]] {
                let done = try await browser.post("/jobs/replay", fields.merging(["seen": latest]) { $1 })
                #expect(done.headers[.location] == "/jobs?done=replayed&count=0")
            }
        }
        #expect(try await fixture.count("SELECT count(*) FROM queue.blocked WHERE state = 'parked'") == 2)
        let acts: SQL = "SELECT count(*) FROM console.audit WHERE act IN ('revealed', 'replayed', 'discarded')"
        #expect(try await fixture.count(acts) == 0)
        try await fixture.browse(as: "root") { browser in
            #expect(try await browser.get("/jobs").text.contains("2 × Unknown practice"))
            #expect(try await browser.get("/jobs/\(job)").text.contains(message))
            #expect(try await browser.get("/messages").text.contains("unclaimed"))
            #expect(try await browser.get("/feeds").text.contains("unclaimed"))
            #expect(try await browser.get(message).text.contains("/jobs/\(job)"))
            #expect(try await browser.post("\(message)/reveal", ["reason": "whose is it"]).text.contains("77"))
            #expect(try await browser.post("/jobs/\(job)/discard", ["reason": "a test"]).status == .seeOther)
            let done = try await browser.post("/jobs/replay", ["state": "parked", "seen": latest])
            #expect(done.headers[.location] == "/jobs?done=replayed&count=1")
        }
        #expect(try await fixture.count(acts) == 3)
        // An invitation that does not say so takes it back.
        try await fixture.setPassword("root", ["P1"])
        try await fixture.browse(as: "root") { browser in
            let page = try await browser.get(message)
            #expect(page.status == .notFound)
        }
    }

    @Test func `A refused frame is shown to the practices of its feed, and to administrators`() async throws {
        let fixture = try await Fixture.make()
        try await fixture.setPassword("root", [], isAdministrator: true)
        let files = [
            "profiles/standard.yaml": "profile: standard\n",
            "practices/one.yaml": "practice: P1\nzone: America/Denver\nfeeds: [{feed: one-pm, sender: ONE}]\n",
            "practices/two.yaml": "practice: P2\nzone: America/Denver\nfeeds: [{feed: two-pm, sender: TWO}]\n",
        ]
        let json = String(decoding: try JSONEncoder().encode(files), as: UTF8.self)
        try await fixture.owner.execute(
            """
            INSERT INTO workflow.definition (digest, files, applied_by)
            VALUES (sha256('test'), \(json)::text::jsonb, 'test')
            """)
        try await fixture.owner.execute(
            """
            INSERT INTO journal.refusal (feed, peer, reason, size, head)
            SELECT f, 'peer', 'cut ' || f, 1, '' FROM unnest('{one-pm,two-pm,unclaimed}'::text[]) f
            """)
        for (person, seen) in [("ann", ["one-pm"]), ("ben", ["two-pm"]), ("root", ["one-pm", "two-pm", "unclaimed"])] {
            try await fixture.browse(as: person) { browser in
                let page = try await browser.get("/feeds").text
                #expect(["one-pm", "two-pm", "unclaimed"].filter { page.contains("cut \($0)") } == seen, "\(person)")
            }
        }
    }

    @Test func `Markup in a message, a code or a name comes out as text on every page`() async throws {
        let fixture = try await Fixture.make()
        let hostile = Self.hostile
        let json = String(decoding: try JSONEncoder().encode(hostile).dropFirst().dropLast(), as: UTF8.self)
        try await fixture.owner.execute("UPDATE records.practice SET name = \(hostile) WHERE practice_id = 'P1'")
        try await fixture.addRun("P1")
        try await fixture.addFinding("P1", key: hostile, code: hostile, initials: json, reference: json, state: json)
        let text =
            "MSH|^~\\&|\(hostile)|\(hostile)|||20241122||SIU^S12|\(hostile)|P|2.3\rPID|||\(hostile)||\(hostile)\r"
        let entry = try await fixture.addMessage(
            "P1", text, feed: hostile, controlID: hostile, peer: hostile, type: hostile)
        let job = try await fixture.addParked("P1", entry: entry, code: hostile, detail: hostile, stage: hostile)
        try await fixture.owner.execute(
            "INSERT INTO journal.refusal (feed, peer, reason, size, head) VALUES (\(hostile), \(hostile), \(hostile), 1, '')"
        )
        try await fixture.owner.execute(
            """
            INSERT INTO queue.worker (name, host, version, lease_until)
            VALUES (\(hostile), \(hostile), \(hostile), clock_timestamp())
            """)
        try await fixture.owner.execute("UPDATE queue.queue SET paused_reason = \(hostile)")
        let day = try #require(try await fixture.text("SELECT current_date::text"))
        let key = try #require(hostile.addingPercentEncoding(withAllowedCharacters: .alphanumerics))
        try await fixture.browse(as: "ann") { browser in
            func check(_ page: Browser.Page, _ path: String) {
                #expect(page.status == .ok, "\(path)")
                #expect(!page.text.contains("<script") && !page.text.contains("<img"), "\(path)")
                #expect(
                    page.text.contains("&lt;script&gt;"), "\(path): nothing hostile came through, so nothing is shown")
            }
            _ = try await browser.post("/findings/P1/\(key)/accept", ["reason": hostile, "seen": "0"])
            for path in [
                "/", "/findings?state=all", "/findings?code=\(key)&state=\(key)", "/findings/P1/\(key)", "/feeds",
                "/jobs",
                "/jobs?queue=\(key)&code=\(key)&state=all", "/jobs/\(job)", "/jobs/replay?code=\(key)&state=parked",
                "/messages?control=\(key)&feed=\(key)&type=\(key)", "/messages/\(day)/\(entry)",
                "/report/scheduling?practice=P1",
            ] {
                check(try await browser.get(path), path)
            }
            check(try await browser.post("/messages/\(day)/\(entry)/reveal", ["reason": hostile]), "reveal")
            let failed = try await browser.post("/sign-in", ["name": hostile, "password": "x", "to": hostile])
            #expect(!failed.text.contains("<script") && failed.text.contains("&lt;script&gt;"))
        }
    }

    @Test func `A message's values are masked until somebody says why, and that is on record`() async throws {
        let fixture = try await Fixture.make()
        let text = "MSH|^~\\&|EPM|SITE|||20241122||SIU^S12|C77|P|2.3\rPID|1||MRN555^^^A||DOE^JANE^Q||19700101|F\r"
        let entry = try await fixture.addMessage("P1", text)
        let job = try await fixture.addParked("P1", entry: entry)
        let day = try #require(try await fixture.text("SELECT current_date::text"))
        try await fixture.browse(as: "ann") { browser in
            for path in ["/jobs/\(job)", "/messages/\(day)/\(entry)"] {
                let page = try await browser.get(path).text
                #expect(!page.contains("DOE") && !page.contains("MRN555") && !page.contains("19700101"), "\(path)")
                #expect(page.contains("2. PID") && page.contains("5 (3 parts)"), "\(path)")
                #expect(page.contains("C77") && page.contains("EPM"), "\(path): where from and what is no secret")
            }
            let path = "/messages/\(day)/\(entry)/reveal"
            #expect(try await browser.post(path, ["reason": "  "]).status == .badRequest)
            #expect(try await fixture.count("SELECT count(*) FROM console.audit WHERE act = 'revealed'") == 0)
            let page = try await browser.post(path, ["reason": "she called"])
            #expect(page.text.contains("DOE") && page.text.contains("MRN555"))
        }
        let kept = try await fixture.count(
            """
            SELECT count(*) FROM console.audit
            WHERE act = 'revealed' AND actor = 'ann' AND reason = 'she called' AND practice_id = 'P1'
            """)
        #expect(kept == 1)
    }

    @Test func `A page has one heading of the first rank, a language, and a label for each field`() async throws {
        let fixture = try await Fixture.make()
        try await fixture.addRun("P1")
        let entry = try await fixture.addMessage("P1", "not hl7")
        let job = try await fixture.addParked("P1", entry: entry)
        let day = try #require(try await fixture.text("SELECT current_date::text"))
        try await fixture.browse(as: "ann") { browser in
            for path in [
                "/", "/findings", "/findings/P1/key-P1", "/feeds", "/jobs", "/jobs/\(job)", "/jobs/replay?id=\(job)",
                "/messages", "/messages/\(day)/\(entry)", "/report/scheduling", "/agreement/P1", "/destinations",
                "/codes",
                "/sign-in", "/nowhere",
            ] {
                let page = try await browser.get(path).text
                #expect(page.matches(of: /<h1>/).count == 1, "\(path)")
                #expect(page.contains(#"<html lang="en">"#) && page.contains(#"<a class="skip""#), "\(path)")
                #expect(
                    page.matches(of: /<table(?! class="sheet")/).count == page.matches(of: /<caption>/).count, "\(path)"
                )
                #expect(!page.contains("<script") && !page.contains("style="), "\(path)")
                let fields = page.matches(of: /<input id="([a-z-]+)"/).map { $0.1 }
                for field in fields { #expect(page.contains(#"<label for="\#(field)">"#), "\(path) \(field)") }
                #expect(Set(fields).count == fields.count, "\(path): an id stands once")
            }
        }
    }
}
