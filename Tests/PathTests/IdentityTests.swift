import Foundation
import Postgres
import TestSupport
import Testing

extension PathSuite {
    /// Scenarios 21, 22, 23, 24 and 26: which appointment, which person, which practice.
    @Suite struct IdentityTests {
        private let day = Booking.day(30)
        private var shown: String { "\(day.prefix(4))-\(day.dropFirst(4).prefix(2))-\(day.suffix(2))" }

        @Test("A move without ids moves the only one; of two it parks, a person decides, and there is never a third")
        func rescheduleWithoutIDs() async throws {
            try await Practice.open { practice in
                let first = Booking(filler: "", person: "P1", start: day + "090000")
                try await practice.send(first.message("S12", id: "1", at: 0))
                try await practice.send(first.at(day + "110000").message("S13", id: "2", at: 10))
                try await practice.settled(2)
                #expect(try await practice.schedule() == ["booked \(shown) 11:00 30 "])

                try await practice.send(first.at(day + "130000").message("S12", id: "3", at: 20))
                #expect(
                    try await practice.send(first.at(day + "150000").message("S13", id: "4", at: 30)) == "AA")
                // What waits for the decision waits in its place.
                try await practice.send(first.at(day + "150000").message("S15", id: "5", at: 40))
                try await practice.until("it is parked") {
                    try await practice.texts("SELECT code FROM queue.blocked WHERE state = 'parked'")
                        == ["ambiguous-appointment"]
                }
                #expect(
                    try await practice.schedule() == ["booked \(shown) 11:00 30 ", "booked \(shown) 13:00 30 "])
                let job = try #require(
                    try await practice.texts("SELECT id::text FROM queue.blocked WHERE state = 'parked'").first)
                let candidates = try await practice.texts("SELECT id::text FROM records.appointment ORDER BY start_at")
                let told = try await practice.pmsync("job", job)
                #expect(candidates.allSatisfy(told.contains), "\(told)")
                try await practice.pmsync("decide", job, "--appointment", candidates[1], "--reason", "she phoned")
                try await practice.settled(5)
                #expect(
                    try await practice.schedule() == ["booked \(shown) 11:00 30 ", "cancelled \(shown) 15:00 30 "])
                #expect(
                    try await practice.texts(
                        "SELECT concat_ws(' ', act, reason, practice_id) FROM console.audit WHERE act = 'decided'")
                        == ["decided she phoned north"])
                // The same question again, under another control id: answered alike, and nobody is asked.
                try await practice.send(first.at(day + "150000").message("S13", id: "6", at: 30))
                try await practice.settled(6)
                #expect(try await practice.count("SELECT count(*) FROM queue.blocked") == 0)
                #expect(try await practice.count("SELECT count(*) FROM records.appointment") == 2)
                #expect(try await practice.agrees())
            }
        }

        @Test(
            "A wrong decision is taken back: all is as if it had not been, the question is asked again, the app is told"
        )
        func takenBack() async throws {
            try await Practice.open { practice in
                let first = Booking(filler: "", person: "P1", start: day + "110000")
                try await practice.send(first.message("S12", id: "1", at: 0))
                try await practice.send(first.at(day + "130000").message("S12", id: "2", at: 10))
                try await practice.send(first.at(day + "150000").message("S13", id: "3", at: 20))
                try await practice.send(first.at(day + "150000").message("S15", id: "4", at: 30))
                try await practice.until("it is parked") { try await question(practice) != nil }
                let candidates = try await practice.texts("SELECT id::text FROM records.appointment ORDER BY start_at")
                var job = try #require(try await question(practice))
                try await practice.pmsync("decide", job, "--appointment", candidates[0], "--reason", "a guess")
                try await practice.settled(4)
                #expect(
                    try await practice.schedule() == ["booked \(shown) 13:00 30 ", "cancelled \(shown) 15:00 30 "])

                let decision = try #require(
                    try await practice.texts("SELECT id::text FROM records.decision").first)
                let listed = try await practice.pmsync("decisions")
                #expect(listed.contains(decision))
                try await practice.pmsync("take-back", decision, "--reason", "it was the other")
                await #expect(throws: (any Error).self) {
                    try await practice.pmsync("take-back", decision, "--reason", "again")
                }
                try await practice.until("it asks again") { try await question(practice) != nil }
                // Also what was cancelled by its time is back where it was, for nothing was ever at that time.
                try await practice.until("both stand as before, and the app has heard") {
                    try await practice.schedule() == ["booked \(shown) 11:00 30 ", "booked \(shown) 13:00 30 "]
                        && practice.app.held[candidates[0]]?.status == "booked"
                }
                let gone = try await practice.texts(
                    "SELECT facts->>'kind' FROM records.retracted_event ORDER BY entry_id")
                #expect(gone == ["rescheduled", "cancelled"])

                job = try #require(try await question(practice))
                try await practice.pmsync("decide", job, "--appointment", candidates[1], "--reason", "she phoned")
                try await practice.settled(4)
                #expect(
                    try await practice.schedule() == ["booked \(shown) 11:00 30 ", "cancelled \(shown) 15:00 30 "])
                #expect(try await practice.agrees())
            }
        }

        @Test("A booking that should not have been: taken back, it is gone here and there, and its message asks again")
        func newTakenBack() async throws {
            try await Practice.open { practice in
                let first = Booking(filler: "", person: "P1", start: day + "110000")
                try await practice.send(first.message("S12", id: "1", at: 0))
                try await practice.send(first.at(day + "130000").message("S12", id: "2", at: 10))
                try await practice.send(first.at(day + "150000").message("S13", id: "3", at: 20))
                try await practice.until("it is parked") { try await question(practice) != nil }
                let candidates = try await practice.texts("SELECT id::text FROM records.appointment ORDER BY start_at")
                var job = try #require(try await question(practice))
                try await practice.pmsync("decide", job, "--new", "--reason", "a guess")
                try await practice.settled(3)
                #expect(try await practice.schedule().count == 3)
                let decision = try #require(
                    try await practice.texts("SELECT id::text FROM records.decision").first)
                try await practice.pmsync("take-back", decision, "--reason", "it was a move")
                try await practice.until("it asks again") { try await question(practice) != nil }
                #expect(
                    try await practice.texts(
                        "SELECT status FROM records.appointment WHERE NOT id::text = ANY (\(candidates))")
                        == ["entered-in-error"])
                job = try #require(try await question(practice))
                try await practice.pmsync("decide", job, "--appointment", candidates[0], "--reason", "she phoned")
                try await practice.settled(3)
                #expect(
                    try await practice.schedule().sorted()
                        == [
                            "booked \(shown) 13:00 30 ", "booked \(shown) 15:00 30 ",
                            "entered-in-error \(shown) 15:00 30 ",
                        ].sorted())
                #expect(try await practice.count("SELECT count(*) FROM records.slot WHERE status = 'busy'") == 2)
                #expect(practice.app.held.values.map(\.status).sorted() == ["booked", "booked", "entered-in-error"])
                #expect(try await practice.agrees())
            }
        }

        /// The job that asks which appointment is meant.
        private func question(_ practice: Practice) async throws -> String? {
            try await practice.texts(
                "SELECT id::text FROM queue.blocked WHERE state = 'parked' AND code = 'ambiguous-appointment'"
            ).first
        }

        @Test("The first MRN and the visit's number come with Kept: the same person, the same appointment")
        func firstMRN() async throws {
            try await Practice.open(files: Self.rosetta) { practice in
                try await practice.send(rosetta("S12", id: "1", mrn: ""))
                try await practice.settled(1)
                let before = try await practice.texts("SELECT id::text || person_id::text FROM records.appointment")
                try await practice.send(rosetta("S12", id: "2", mrn: "000100234", word: "KEPT", visit: "V77", at: 60))
                try await practice.settled(2)
                #expect(
                    try await practice.texts("SELECT id::text || person_id::text FROM records.appointment") == before)
                #expect(
                    try await practice.texts("SELECT kind || ' ' || value FROM records.person_alias ORDER BY 1")
                        == ["local 55", "mrn 000100234", "person 9F1E-GUID-1"])
                #expect(
                    try await practice.texts("SELECT kind || ' ' || value FROM records.appointment_alias")
                        == ["visit V77"])
                #expect(try await practice.texts("SELECT status FROM records.appointment") == ["arrived"])
                #expect(try await practice.agrees())
            }
        }

        @Test("Nurse, doctor and lab of one chain are three appointments of one visit")
        func chain() async throws {
            try await Practice.open(files: Self.rosetta) { practice in
                let links = [("1003", "0900"), ("1001", "0930"), ("US1", "1000")]
                for (number, link) in links.enumerated() {
                    try await practice.send(
                        rosetta("S12", id: "b\(number)", provider: link.0, time: link.1, at: number))
                }
                for (number, link) in links.enumerated() {
                    try await practice.send(
                        rosetta(
                            "S12", id: "k\(number)", word: "KEPT", visit: "V1", provider: link.0, time: link.1,
                            at: 60 + number))
                }
                try await practice.settled(6)
                #expect(
                    try await practice.texts("SELECT status FROM records.appointment")
                        == ["arrived", "arrived", "arrived"])
                #expect(
                    try await practice.texts(
                        """
                        SELECT value || ' ' || count(DISTINCT appointment_id)::text FROM records.appointment_alias
                        WHERE kind = 'visit' GROUP BY value
                        """) == ["V1 3"])
                #expect(try await practice.agrees())
            }
        }

        @Test("Of nine in a group for eight all are on record, and the room is busy from the eighth on")
        func group() async throws {
            let table = try String(
                contentsOf: Products.root.appending(path: "workflows/tables/resources.csv"), encoding: .utf8)
            var files = Practice.north("reconcile: {pm: {csv: list.csv}, grace-seconds: 0}")
            files["tables/resources.csv"] = table + "ROOM-8,location,Group room,,,8,north,,\n"
            try await Practice.open(settings: ["PMSYNC_RECONCILE_SECONDS": "0"], files: files) { practice in
                try practice.database.url
                    .write(toFile: practice.folder + "/database-url", atomically: true, encoding: .utf8)
                for number in 1...9 {
                    let booking = Booking(filler: "F\(number)", person: "P\(number)", start: day + "090000")
                    let text = String(decoding: booking.message("S12", id: "\(number)", at: number), as: UTF8.self)
                    try await practice.send(Array(text.replacing("AIL|1||MAIN", with: "AIL|1||ROOM-8").utf8))
                    try await practice.settled(number)
                    let shown = try await practice.texts(
                        """
                        SELECT s.status FROM records.slot s JOIN records.resource r ON r.id = s.resource_id
                        WHERE r.code = 'ROOM-8'
                        """)
                    #expect(shown == [number < 8 ? "free" : "busy"])
                    if number < 8 { continue }
                    try await compare(number, practice)
                    let found = try await practice.texts(
                        """
                        SELECT f.code || ' ' || l.value FROM reconciliation.finding f
                        JOIN records.appointment_alias l ON l.appointment_id = f.record_id
                        WHERE f.closed_at IS NULL
                        """)
                    #expect(found == (number < 9 ? [] : ["double-booked F9"]))
                }
                // The report stays that of the usual days, whatever other days somebody asks for.
                let report = try await practice.pmsync("report", "scheduling", "--format", "csv")
                #expect(report.contains("\r\nfinding,north,") && report.contains(",double-booked,"))
                try await practice.pmsync(
                    "reconcile", "scheduling", "--practice", Practice.north, "--data", practice.folder, "--from",
                    "2026-01-05", "--to", "2026-01-05")
                #expect(try await practice.pmsync("report", "scheduling", "--format", "csv") == report)
                let booked: SQL = "SELECT count(*) FROM records.appointment WHERE status = 'booked'"
                #expect(try await practice.count(booked) == 9)
                #expect(try await practice.agrees())
            }
        }

        /// The PM's list has all that it booked; compared now.
        private func compare(_ number: Int, _ practice: Practice) async throws {
            let rows = (1...number).map { "F\($0),Booked,\(shown) 09:00,\(shown) 09:30,P\($0),1001,ROOM-8\n" }
            try ("appointment_id,status,start,end,mrn,provider,location\n" + rows.joined())
                .writeExport(to: practice.folder + "/list.csv")
            try await practice.pmsync(
                "reconcile", "scheduling", "--practice", Practice.north, "--data", practice.folder)
        }

        @Test("Two practices on one port each have their own schedule and zone; a third parks, and its sender hears AA")
        func twoPractices() async throws {
            try await Practice.open(files: Self.rosetta) { practice in
                for number in ["0001", "0002", "0009"] {
                    #expect(try await practice.send(rosetta("S12", id: number, practice: number)) == "AA")
                }
                try await practice.until("all are settled") {
                    try await practice.count(
                        """
                        SELECT (SELECT count(*) FROM journal.outcome)
                            + (SELECT count(*) FROM queue.blocked WHERE state = 'parked')
                        """) == 3
                }
                #expect(try await practice.texts("SELECT code FROM queue.blocked") == ["unknown-practice"])
                let starts = try await practice.texts(
                    """
                    SELECT concat_ws(' ', practice_id, to_char(start_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'))
                    FROM records.appointment ORDER BY practice_id
                    """)
                let hours = starts.compactMap { Int($0.suffix(5).prefix(2)) }
                #expect(starts.map { $0.prefix(5) } == ["north", "south"])
                // Nine o'clock in Denver is two hours later than in New York, in summer and in winter.
                #expect(hours.first.map { $0 - 2 } == hours.last)
                // One person's number is another's in another practice's enterprise.
                #expect(try await practice.count("SELECT count(DISTINCT person_id) FROM records.appointment") == 2)
            }
        }

        // MARK: A feed without ids

        private static let rosetta = [
            "practices/north.yaml": """
            practice: north
            name: North Clinic
            zone: America/Denver
            feeds:
              - {feed: north-pm, profile: standard, sender: NORTHPM}
              - {feed: shared, profile: nextgen-rosetta, sender: NextGen Rosetta, facility: Shared, practice-value: "0001"}

            """,
            "practices/south.yaml": """
            practice: south
            name: South Clinic
            zone: America/New_York
            feeds:
              - {feed: shared, profile: nextgen-rosetta, sender: NextGen Rosetta, facility: Shared, practice-value: "0002"}

            """,
        ]

        private func rosetta(
            _ event: String, id: String, mrn: String = "000100234", word: String = "", visit: String = "",
            provider: String = "1001", time: String = "0900", practice: String = "0001", at seconds: Int = 0
        ) -> [UInt8] {
            let stamp = Booking(filler: "", person: "", start: day + "090000").message("S12", id: "", at: seconds)
            let sent = String(decoding: stamp, as: UTF8.self).split(separator: "|", omittingEmptySubsequences: false)[6]
            let sch = ["SCH"] + Array(repeating: "", count: 5) + ["OVF^OVF", "", "OVF^OVF", "30", "min"]
            let lines = [
                "MSH|^~\\&|NextGen Rosetta|Shared^\(practice)|PMSYNC|HUB|\(sent)||SIU^\(event)|\(id)|P|2.3",
                (sch + ["^^^\(day)\(time)"] + Array(repeating: "", count: 13) + [word]).joined(separator: "|"),
                "PID|1|55|\(mrn)|9F1E-GUID-1|\(Booking.family)^Zoe||19800229|F",
                "PV1|1|O" + String(repeating: "|", count: 17) + visit,
                "RGS|1|A", "AIL|1||MAIN", "AIP|1||\(provider)",
            ]
            return Array((lines.joined(separator: "\r") + "\r").utf8)
        }
    }

    /// Scenario 27: the midnight no-show and the late Kept.
    @Suite struct MidnightTests {
        @Test("Who is still expected at the practice's midnight is a no-show; Kept the next morning is told once")
        func lateKept() async throws {
            let north = """
                practice: north
                name: North Clinic
                zone: America/Denver
                midnight-no-show: true
                feeds:
                  - {feed: north-pm, profile: standard, sender: NORTHPM}
                reconcile: {pm: {csv: list.csv}, grace-seconds: 0}

                """
            let (day, next) = (Booking.day(-3), Booking.day(-2))
            let before = ["PMSYNC_NOW": Self.instant(day, "12:00:00"), "PMSYNC_RECONCILE_SECONDS": "0"]
            try await Practice.open(settings: before, files: ["practices/north.yaml": north]) { practice in
                let booking = Booking(filler: "F1", person: "P1", start: day + "150000")
                try await practice.send(booking.message("S12", id: "1", at: -10 * 86_400))
                try await practice.settled(1)
                #expect(try await practice.texts("SELECT status FROM records.appointment") == ["booked"])

                // A quarter past midnight in Denver, whatever the season.
                try await practice.murder("scheduling-1")
                let after = before.merging(["PMSYNC_NOW": Self.instant(next, "07:15:00")]) { $1 }
                try await practice.start("scheduling-1", after)
                try await practice.until("the midnight is worked off") {
                    try await practice.texts("SELECT status FROM records.appointment") == ["noshow"]
                }
                try await practice.settled(1)
                #expect(practice.app.held.values.map(\.tags) == [["derived"]])

                // The PM's own list says Kept before any message does.
                let shown = Self.instant(day, "").prefix(10)
                try "appointment_id,status,start,end,mrn,provider\nF1,Kept,\(shown) 15:00,\(shown) 15:30,P1,1001\n"
                    .writeExport(to: practice.folder + "/list.csv")
                try await Self.compare(practice, String(shown))
                let finding: SQL =
                    "SELECT concat_ws(' ', code, cause, coalesce(ended, 'open')) FROM reconciliation.finding"
                #expect(try await practice.texts(finding) == ["status-differs never-sent open"])

                var kept = booking
                kept.status = "KEPT"
                let morning = try Date(Self.instant(next, "15:10:00"), strategy: .iso8601)
                try await practice.send(
                    kept.message("S14", id: "2", at: Int(morning.timeIntervalSince(Booking.base))))
                try await practice.settled(2)
                #expect(
                    practice.app.heard.map(\.type)
                        == ["appointment.booked", "appointment.noshow", "appointment.updated"])
                #expect(practice.app.held.values.map(\.status) == ["arrived"])
                #expect(practice.app.held.values.map(\.tags) == [[]])
                #expect(try await practice.agrees())
                try await Self.compare(practice, String(shown))
                #expect(try await practice.texts(finding) == ["status-differs never-sent mended"])
            }
        }

        /// That one day, now.
        private static func compare(_ practice: Practice, _ day: String) async throws {
            try practice.database.url
                .write(toFile: practice.folder + "/database-url", atomically: true, encoding: .utf8)
            try await practice.pmsync(
                "reconcile", "scheduling", "--practice", Practice.north, "--data", practice.folder, "--from", day,
                "--to",
                day)
        }

        private static func instant(_ day: String, _ time: String) -> String {
            "\(day.prefix(4))-\(day.dropFirst(4).prefix(2))-\(day.suffix(2))T\(time)Z"
        }
    }
}
