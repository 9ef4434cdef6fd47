import Foundation
import Postgres
import Testing

extension PathSuite {
    /// Scenario 2: a reschedule leaves two entries.
    @Suite struct RescheduleTests {
        private let day = Booking.day(30)
        private var shown: String { "\(day.prefix(4))-\(day.dropFirst(4).prefix(2))-\(day.suffix(2))" }

        @Test("A move under the same id leaves one live entry at the new time, and is told once")
        func sameID() async throws {
            try await Practice.open { practice in
                let booking = Booking(filler: "F1", person: "P1", start: day + "090000")
                try await practice.send(booking.message("S12", id: "1", at: 0))
                try await practice.send(booking.at(day + "110000").message("S13", id: "2", at: 10))
                try await practice.settled(2)
                #expect(try await practice.schedule() == ["booked \(shown) 11:00 30 "])
                try await freeAtNine(practice)
                #expect(practice.app.heard.map(\.type) == ["appointment.booked", "appointment.rescheduled"])
                #expect(try await practice.agrees())
            }
        }

        @Test("A cancellation and a booking under a new id that names the old one leave one live entry")
        func newID() async throws {
            try await Practice.open { practice in
                let booking = Booking(filler: "F1", person: "P1", start: day + "090000")
                var moved = Booking(filler: "F2", person: "P1", start: day + "110000")
                moved.replaces = "F1"
                try await practice.send(booking.message("S12", id: "1", at: 0))
                try await practice.send(booking.message("S15", id: "2", at: 10))
                try await practice.send(moved.message("S12", id: "3", at: 11))
                try await practice.settled(3)
                #expect(
                    try await practice.schedule() == ["cancelled \(shown) 09:00 30 ", "booked \(shown) 11:00 30 "])
                #expect(
                    try await practice.count(
                        """
                        SELECT count(*) FROM records.appointment new
                        JOIN records.appointment old ON old.practice_id = new.practice_id AND old.id = new.replaces
                        WHERE old.status = 'cancelled' AND new.status = 'booked'
                        """) == 1)
                try await freeAtNine(practice)
                #expect(
                    practice.app.heard.map(\.type)
                        == ["appointment.booked", "appointment.cancelled", "appointment.rescheduled"])
                #expect(try await practice.agrees())
            }
        }

        @Test("A move that comes late, after a newer one, changes nothing and is not told")
        func late() async throws {
            try await Practice.open { practice in
                let booking = Booking(filler: "F1", person: "P1", start: day + "090000")
                try await practice.send(booking.message("S12", id: "1", at: 0))
                try await practice.send(booking.at(day + "110000").message("S13", id: "3", at: 20))
                try await practice.send(booking.at(day + "100000").message("S13", id: "2", at: 10))
                try await practice.settled(3)
                #expect(try await practice.schedule() == ["booked \(shown) 11:00 30 "])
                try await freeAtNine(practice)
                #expect(practice.app.heard.map(\.type) == ["appointment.booked", "appointment.rescheduled"])
                #expect(try await practice.agrees())
            }
        }

        private func freeAtNine(_ practice: Practice) async throws {
            let states = try await practice.texts(
                """
                SELECT status FROM records.slot
                WHERE to_char(lower(during) AT TIME ZONE 'America/Denver', 'HH24:MI') = '09:00'
                """)
            #expect(states == ["free"])
        }
    }

    /// Scenario 6: a series, one occurrence of it cancelled and one moved.
    @Suite struct SeriesTests {
        @Test("Of six weekly visits the one that is cancelled and the one that is moved change, and no other")
        func series() async throws {
            try await Practice.open { practice in
                let visits = (0..<6).map { week in
                    Booking(filler: "F\(week)", person: "P1", start: Booking.day(30 + week * 7) + "090000")
                }
                for (number, visit) in visits.enumerated() {
                    try await practice.send(visit.message("S12", id: "b\(number)", at: number))
                }
                try await practice.settled(6)
                let before = practice.app.held
                #expect(before.count == 6)
                try await practice.send(visits[2].message("S15", id: "c", at: 60))
                try await practice.send(visits[4].at(Booking.day(59) + "140000").message("S13", id: "m", at: 61))
                try await practice.settled(8)
                let versions = try await practice.texts(
                    """
                    SELECT concat_ws(' ', l.value, a.version::text, a.status) FROM records.appointment a
                    JOIN records.appointment_alias l ON l.practice_id = a.practice_id AND l.appointment_id = a.id
                    WHERE l.kind = 'filler' ORDER BY l.value
                    """)
                #expect(
                    versions == [
                        "F0 1 booked", "F1 1 booked", "F2 2 cancelled", "F3 1 booked", "F4 2 booked", "F5 1 booked",
                    ])
                #expect(practice.app.heard.count == 8)
                let changed = practice.app.held.filter { before[$0.key] != $0.value }
                #expect(changed.count == 2)
                #expect(try await practice.agrees())
            }
        }
    }

    /// Scenario 5: the hour that comes twice and the hour that does not come.
    @Suite struct ClockTests {
        @Test("The hour that comes twice and the one that never comes keep the practice's wall clock, flagged")
        func nights() async throws {
            try await Practice.open { practice in
                let twice = Booking(filler: "F1", person: "P1", start: "20261101013000", provider: "1001")
                let never = Booking(filler: "F2", person: "P2", start: "20260308023000", provider: "1001")
                let plain = Booking(filler: "F3", person: "P3", start: "20261103093000", provider: "1001")
                for (number, booking) in [twice, never, plain].enumerated() {
                    #expect(try await practice.send(booking.message("S12", id: "\(number)", at: number)) == "AA")
                }
                try await practice.settled(3)
                // 02:30 did not exist: half an hour after 02:00 standard time is 03:30 by that day's clock.
                #expect(
                    try await practice.schedule() == [
                        "booked 2026-03-08 03:30 30 missing-time", "booked 2026-11-01 01:30 30 ambiguous-time",
                        "booked 2026-11-03 09:30 30 ",
                    ])
                let shown = practice.app.held.values.sorted { ($0.start ?? "") < ($1.start ?? "") }
                #expect(
                    shown.map { String(($0.start ?? "").prefix(19)) } == [
                        "2026-03-08T03:30:00", "2026-11-01T01:30:00", "2026-11-03T09:30:00",
                    ])
                #expect(shown.map(\.minutesDuration) == [30, 30, 30])
                #expect(shown.first?.start?.hasSuffix("-06:00") == true)
                #expect(["-06:00", "-07:00"].contains(String((shown[1].start ?? "").suffix(6))))
                #expect(shown.last?.start?.hasSuffix("-07:00") == true)
                #expect(
                    shown.map { $0.tags.intersection(["missing-time", "ambiguous-time"]).sorted() } == [
                        ["missing-time"], ["ambiguous-time"], [],
                    ])
                #expect(try await practice.agrees())
            }
        }
    }
}
