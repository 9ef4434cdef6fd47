import Foundation
import Postgres
import Practice
import Queue
import Records
import TestSupport
import Testing
import Worker

@testable import Scheduling

/// What happens without a message, through the worker and on PostgreSQL.
@Suite struct ClockworkTests {
    private static let rosetta = """
        practice: night
        zone: America/Denver
        go-live: 2024-11-10T00:00:00-07:00
        midnight-no-show: true
        feeds: [{feed: night-pm, profile: standard, sender: NIGHTPM}]
        """

    private func message(
        _ event: String, _ filler: String, person: String = "1", start: String = "20241120090000", word: String = "",
        at: String = "20241112100000", provider: String = "1001"
    ) -> [UInt8] {
        let lines = [
            "MSH|^~\\&|NIGHTPM|C|X|Y|\(at)||SIU^\(event)|\(UUID().uuidString.prefix(20))|P|2.5.1",
            "SCH||\(filler)||||||OVF|30|min|^^^\(start)||||||||||||||\(word)",
            "PID|1||\(person)^^^C^MR||TEST^ALEX", "AIL|1||MAIN", "AIP|1||\(provider)^EXAMPLE^ADA",
        ]
        return Array((lines.joined(separator: "\r") + "\r").utf8)
    }

    private func clinic(_ test: String = #function) async throws -> Clinic {
        let clinic = try await Clinic(test)
        try await clinic.apply(["practices/night.yaml": Self.rosetta])
        return clinic
    }

    private func send(_ desk: Desk, _ bytes: [UInt8], person: String = "1") async throws {
        try await desk.send(bytes, feed: "night-pm", practice: "night", key: "person/night/\(person)")
    }

    /// The records that reconciliation finds one too many on the day of the messages; the PM's list is not there.
    private func overbooked(_ desk: Desk) async throws -> [UUID?] {
        let day = try #require(Day(year: 2024, month: 11, day: 20))
        _ = try await desk.clinic.reconciliation.run(practice: "demo", from: day, to: day, now: Date() + 3600)
        return try await desk.clinic.pool.query(
            "SELECT record_id FROM reconciliation.finding WHERE code = 'double-booked' AND closed_at IS NULL"
        ).map { try $0.decode(UUID?.self) }
    }

    private let states: SQL =
        "SELECT concat_ws(' ', status, array_to_string(flags, ',')) FROM records.appointment ORDER BY start_at, id"
    private let changes: SQL = "SELECT type FROM records.change WHERE practice_id = 'night' ORDER BY number"

    private func instant(_ text: String) throws -> Date { try Date(text, strategy: .iso8601) }

    @Test func atMidnightWhoIsExpectedIsANoShowOnceAndALateKeptIsToldOnce() async throws {
        let clinic = try await clinic()
        try await Desk.open(clinic, now: try instant("2024-11-21T06:59:59Z")) { desk in
            try await send(desk, message("S12", "F1"))
            try await send(desk, message("S12", "F2", person: "2", start: "20241109090000"), person: "2")
            try await desk.settled()
        }
        // One second before midnight in Denver nothing has happened, and before going live nothing ever does.
        #expect(try await clinic.count("SELECT count(*) FROM records.appointment WHERE status = 'noshow'") == 0)
        // Two processes see the midnight pass.
        try await Desk.open(clinic, now: try instant("2024-11-21T07:00:00Z")) { first in
            try await Desk.open(clinic, now: try instant("2024-11-21T07:00:00Z")) { second in
                try await first.until("the midnight is worked off") {
                    try await clinic.count("SELECT count(*) FROM records.appointment WHERE status = 'noshow'") == 1
                }
                try await second.settled()
            }
        }
        try await Desk.open(clinic, now: try instant("2024-11-21T15:10:00Z")) { desk in
            #expect(try await desk.texts(states) == ["booked ", "noshow derived"])
            #expect(
                try await clinic.count("SELECT count(*) FROM records.appointment_event WHERE entry_id = 0") == 1)
            #expect(
                try await desk.texts(changes) == ["appointment.booked", "appointment.booked", "appointment.noshow"])
            try await send(desk, message("S14", "F1", word: "KEPT", at: "20241121081000"))
            try await desk.settled()
            #expect(try await desk.texts(states) == ["booked ", "arrived "])
            #expect(try await desk.texts(changes).suffix(2) == ["appointment.noshow", "appointment.updated"])
        }
    }

    @Test func aConfirmedDeletionIsAnEventThatIsToldAsDeleted() async throws {
        try await Desk.open { desk in
            let clinic = desk.clinic
            let record = try await clinic.book("F1", mrn: "M1", start: clinic.at(2, 9))
            try clinic.exportPM([.init(id: "F9", start: clinic.at(2, 11), mrn: "M9")])
            try await clinic.reconcile(now: Date() + 400)
            let key = try #require(
                try await desk.texts("SELECT key FROM reconciliation.finding WHERE code = 'missing-in-pm'").first)
            let console = try clinic.database.pool(role: "pmsync_operator")
            let removing = try await Removing(pool: console)
            let asked = try await console.transaction {
                try await removing.confirm(
                    .init(practice: Clinic.id, key: key), by: "ann", reason: "the desk deleted it", in: $0)
            }
            #expect(asked == .asked)
            // Who asks again meanwhile asks for the same.
            let again = try await console.transaction {
                try await removing.confirm(
                    .init(practice: Clinic.id, key: key), by: "ben", reason: "me too", in: $0)
            }
            #expect([.asked, .changedSince].contains(again))
            await desk.ring()
            try await desk.until("it is gone") {
                try await desk.texts("SELECT status FROM records.appointment WHERE id = \(record)")
                    == ["entered-in-error"]
            }
            #expect(try await desk.texts("SELECT type FROM records.change") == ["appointment.deleted"])
            #expect(
                try await desk.texts("SELECT array_to_string(flags, ',') FROM records.appointment WHERE id = \(record)")
                    == ["unannounced"])
            #expect(try await clinic.count("SELECT count(*) FROM records.occupancy") == 0)
            try await clinic.reconcile()
            #expect(
                try await clinic.count(
                    "SELECT count(*) FROM reconciliation.finding WHERE key = \(key) AND closed_at IS NULL") == 0)
        }
    }

    @Test func ofNineInARoomForEightTheNinthIsTheConflictAndNobodyElse() async throws {
        try await Desk.open { desk in
            for number in 1...9 {
                let text = String(decoding: message("S12", "G\(number)", person: "\(number)"), as: UTF8.self)
                    .replacing("NIGHTPM", with: "DEMOPM").replacing("AIL|1||MAIN", with: "AIL|1||ROOM-G")
                try await desk.send(Array(text.utf8), key: "person/demo/\(number)")
                try await desk.settled()
                let full = number >= 8 ? "busy" : "free"
                #expect(
                    try await desk.texts(
                        """
                        SELECT s.status FROM records.slot s JOIN records.resource r ON r.id = s.resource_id
                        WHERE r.code = 'ROOM-G'
                        """) == [full])
                if number == 8 { #expect(try await overbooked(desk) == []) }
            }
            let booked: SQL = "SELECT count(*) FROM records.appointment WHERE status = 'booked'"
            #expect(try await desk.clinic.count(booked) == 9)
            let ninth = try await desk.clinic.pool.query(
                "SELECT appointment_id FROM records.appointment_alias WHERE value = 'G9'"
            ).first?.decode(UUID.self)
            #expect(try await overbooked(desk) == [ninth])
        }
    }

    @Test func whenWhatExcludedOthersGoesWhatStoodBesideItExcludes() async throws {
        let clinic = try await clinic()
        try await Desk.open(clinic, now: nil) { desk in
            for number in 1...3 {
                try await send(desk, message("S12", "F\(number)", person: "\(number)"), person: "\(number)")
                try await desk.settled()
            }
            let exclusive: SQL = "SELECT count(*) FROM records.occupancy WHERE exclusive"
            #expect(try await clinic.count(exclusive) == 1)
            for number in 1...2 {
                try await send(desk, message("S15", "F\(number)", person: "\(number)"), person: "\(number)")
                try await desk.settled()
                #expect(try await clinic.count(exclusive) == 1)
            }
            #expect(try await clinic.count("SELECT count(*) FROM records.occupancy") == 1)
            #expect(try await desk.texts("SELECT status FROM records.slot") == ["busy"])
        }
    }

    @Test func aGroupAndOneOfItsPeopleAtOnceLeaveOneEntryAPerson() async throws {
        try await Desk.open { desk in
            for round in 1...12 {
                let person = { (number: Int) in "PID|1||g\(round)-\(number)^^^C^MR||TEST^ALEX" }
                let one = String(
                    decoding: message("S15", "G\(round)", at: "20241112110000"), as: UTF8.self
                ).replacing("NIGHTPM", with: "DEMOPM").replacing("PID|1||1^^^C^MR||TEST^ALEX", with: person(2))
                let group = String(decoding: message("S12", "G\(round)"), as: UTF8.self)
                    .replacing("NIGHTPM", with: "DEMOPM")
                    .replacing("PID|1||1^^^C^MR||TEST^ALEX", with: (1...3).map(person).joined(separator: "\r"))
                let both = [(one, "g\(round)-2"), (group, "g\(round)-1")]
                try await withThrowingTaskGroup(of: Void.self) { tasks in
                    for (text, key) in both {
                        tasks.addTask { _ = try await desk.send(Array(text.utf8), key: "person/demo/\(key)") }
                    }
                    try await tasks.waitForAll()
                }
            }
            try await desk.settled()
            #expect(try await desk.parked().isEmpty)
            #expect(try await desk.clinic.count("SELECT count(*) FROM records.appointment") == 36)
            let cancelled: SQL = "SELECT count(*) FROM records.appointment WHERE status = 'cancelled'"
            #expect(try await desk.clinic.count(cancelled) == 12)
        }
    }

    @Test func aMeetingThatMovesGivesItsOldTimeBackAndTellsBoth() async throws {
        let clinic = try await clinic()
        try await Desk.open(clinic, now: nil) { desk in
            let strip = { (bytes: [UInt8]) in
                Array(String(decoding: bytes, as: UTF8.self).replacing("PID|1||1^^^C^MR||TEST^ALEX\r", with: "").utf8)
            }
            try await send(desk, strip(message("S12", "B1")))
            try await desk.settled()
            try await send(
                desk, strip(message("S13", "B1", start: "20241120110000", at: "20241112120000", provider: "1002")))
            try await desk.settled()
            // Late: it changes nothing.
            try await send(desk, strip(message("S13", "B1", start: "20241120150000", at: "20241112110000")))
            try await desk.settled()
            let slots: SQL = """
                SELECT concat_ws(' ', r.code, to_char(lower(s.during) AT TIME ZONE 'America/Denver', 'HH24:MI'), s.status)
                FROM records.slot s JOIN records.resource r ON r.id = s.resource_id ORDER BY 1
                """
            #expect(try await desk.texts(slots) == ["1001 09:00 free", "1002 11:00 busy-unavailable"])
            #expect(try await desk.texts(changes) == ["slot.blocked", "slot.opened", "slot.blocked"])
        }
    }

    @Test func aDayThatIsCancelledAsOneIsToldBesidesAsOneWithItsMembers() async throws {
        let clinic = try await clinic()
        try await Desk.open(clinic, now: nil) { desk in
            for number in 1...6 {
                let start = "202411200\(number + 3)0000"
                try await send(
                    desk, message("S12", "F\(number)", person: "\(number)", start: start), person: "\(number)")
            }
            try await send(
                desk, message("S12", "F7", person: "7", start: "20241120090000", provider: "1002"), person: "7")
            try await desk.settled()
            for number in 1...6 {
                let start = "202411200\(number + 3)0000"
                try await send(
                    desk, message("S15", "F\(number)", person: "\(number)", start: start, at: "20241112120000"),
                    person: "\(number)")
            }
            try await send(desk, message("S15", "F7", person: "7", at: "20241112120000", provider: "1002"), person: "7")
            try await desk.settled()
            try await desk.until("the day is told") {
                try await clinic.count("SELECT count(*) FROM records.change WHERE type = 'day.cancelled'") == 1
            }
            let days = try await desk.texts(
                """
                SELECT concat_ws(' ', d.kind, r.code, d.day::text, cardinality(d.members)::text) FROM records.day_event d
                JOIN records.resource r ON r.id = d.resource_id
                """)
            #expect(days == ["day.cancelled 1001 2024-11-20 6"])
            #expect(try await desk.texts(changes).count { $0 == "appointment.cancelled" } == 7)
        }
    }
}
