import Foundation
import HTTPTypes
import Postgres
import Testing

@Suite struct DecisionTests {
    /// Two appointments of P1 that a parked message may mean; the job.
    private func ask(_ fixture: Fixture) async throws -> (job: Int64, appointments: [UUID]) {
        var ids: [UUID] = []
        for hour in 1...2 {
            let id = UUID()
            ids.append(id)
            try await fixture.owner.execute(
                """
                INSERT INTO records.appointment (practice_id, id, version, status, start_at, end_at, enterprise_id,
                    type_code, type_text, event_at, received_on, entry_id)
                VALUES ('P1', \(id), 1, 'booked', '2024-11-22T16:00Z'::timestamptz + \(Int64(hour)) * interval '1 hour',
                    '2024-11-22T16:30Z'::timestamptz + \(Int64(hour)) * interval '1 hour', 'E1', 'OVF', 'Follow-up',
                    now(), current_date, 1)
                """)
        }
        let entry = try await fixture.addMessage("P1", "MSH|^~\\&|A|B|||20241122||SIU^S13|1|P|2.3\r")
        let names = ids.map { $0.uuidString.lowercased() }.joined(separator: " ")
        let detail = "2 appointments of this person may be meant \(names)"
        let job = try await fixture.addParked("P1", entry: entry, code: "ambiguous-appointment", detail: detail)
        return (job, ids)
    }

    @Test func `A person chooses among the candidates, with a reason on record, and the message is back in line`()
        async throws
    {
        let fixture = try await Fixture.make()
        let (job, ids) = try await ask(fixture)
        let chosen = ids[1].uuidString.lowercased()
        try await fixture.browse(as: "ann") { browser in
            let page = try await browser.get("/jobs/\(job)").text
            #expect(page.contains("Which appointment is meant?") && page.contains("10:00 · Follow-up"))
            #expect(ids.allSatisfy { page.contains("value=\"\($0.uuidString.lowercased())\"") })
            #expect(
                try await browser.post("/jobs/\(job)/decide", ["appointment": chosen, "reason": " "]).status
                    == .badRequest)
            #expect(try await fixture.count("SELECT count(*) FROM records.decision") == 0)
            let done = try await browser.post(
                "/jobs/\(job)/decide", ["appointment": chosen, "reason": "she phoned"])
            #expect(done.headers[.location] == "/jobs?done=decided")
            // The same form sent twice finds nothing the second time.
            let again = try await browser.post(
                "/jobs/\(job)/decide", ["appointment": chosen, "reason": "she phoned"])
            #expect(again.status != .seeOther)
        }
        #expect(
            try await fixture.text(
                "SELECT concat_ws(' ', appointment_id, actor, reason) FROM records.decision WHERE practice_id = 'P1'")
                == "\(chosen) ann she phoned")
        #expect(try await fixture.text("SELECT state FROM queue.blocked WHERE id = \(job)") == "retrying")
        #expect(
            try await fixture.count(
                "SELECT count(*) FROM console.audit WHERE act = 'decided' AND actor = 'ann' AND reason = 'she phoned'")
                == 1)
    }

    @Test func `Nobody decides for another practice, nor for an appointment that is none of those asked about`()
        async throws
    {
        let fixture = try await Fixture.make()
        let (job, _) = try await ask(fixture)
        try await fixture.browse(as: "ben") { browser in
            let page = try await browser.post("/jobs/\(job)/decide", ["appointment": "new", "reason": "no"])
            #expect(page.status == .notFound)
        }
        try await fixture.browse(as: "ann") { browser in
            let page = try await browser.post(
                "/jobs/\(job)/decide", ["appointment": UUID().uuidString, "reason": "no"])
            #expect(page.status != .seeOther)
        }
        #expect(try await fixture.count("SELECT count(*) FROM records.decision") == 0)
        #expect(try await fixture.text("SELECT state FROM queue.blocked WHERE id = \(job)") == "parked")
    }

    @Test func `A decision is taken back with a reason, once, by its own practice, and the worker is asked`()
        async throws
    {
        let fixture = try await Fixture.make()
        let (job, ids) = try await ask(fixture)
        try await fixture.browse(as: "ann") { browser in
            let fields = ["appointment": ids[1].uuidString.lowercased(), "reason": "she phoned"]
            let done = try await browser.post("/jobs/\(job)/decide", fields)
            #expect(done.status == .seeOther)
        }
        let decision = try #require(try await fixture.text("SELECT id::text FROM records.decision"))
        let path = "/decisions/\(decision)/take-back"
        try await fixture.browse(as: "ben") { browser in
            let page = try await browser.get("/decisions")
            #expect(!page.text.contains("she phoned"))
            #expect(try await browser.post(path, ["reason": "no"]).status == .notFound)
        }
        #expect(try await fixture.count("SELECT count(*) FROM records.taken_back") == 0)
        try await fixture.browse(as: "ann") { browser in
            let page = try await browser.get("/decisions")
            #expect(page.text.contains("ann: she phoned"))
            #expect(try await browser.post(path, ["reason": " "]).status == .badRequest)
            #expect(
                try await browser.post(path, ["reason": "it was the other"]).headers[.location]
                    == "/decisions?done=taken-back")
            #expect(
                try await browser.post(path, ["reason": "it was the other"]).headers[.location]
                    == "/decisions?done=already")
            #expect(try await browser.get("/decisions").text.contains("ann: it was the other"))
        }
        #expect(try await fixture.count("SELECT count(*) FROM queue.job WHERE kind = 'take-back'") == 1)
        #expect(
            try await fixture.count(
                "SELECT count(*) FROM console.audit WHERE act = 'taken-back' AND reason = 'it was the other'") == 1)
    }
}
