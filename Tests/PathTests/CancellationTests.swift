import Postgres
import Testing

extension PathSuite {
    /// Scenario 1: cancelled stays on the calendar.
    @Suite struct CancellationTests {
        private let day = Booking.day(30)

        @Test("A cancelled appointment is cancelled everywhere and its slot is free within five seconds")
        func cancelled() async throws {
            try await Practice.open { practice in
                let booking = Booking(filler: "F1", person: "P1", start: day + "090000")
                #expect(try await practice.send(booking.message("S12", id: "1", at: 0)) == "AA")
                try await practice.settled(1)
                let slots: SQL = "SELECT status FROM records.slot"
                #expect(try await practice.texts(slots) == ["busy"])

                let clock = ContinuousClock()
                let took = try await clock.measure {
                    #expect(try await practice.send(booking.message("S15", id: "2", at: 10)) == "AA")
                    try await practice.until("the slot is free") { try await practice.texts(slots) == ["free"] }
                }
                #expect(took < .seconds(5))
                try await practice.settled(2)
                try await everywhereCancelled(practice)
                #expect(practice.app.heard.map(\.type) == ["appointment.booked", "appointment.cancelled"])
            }
        }

        @Test("A second cancellation changes nothing and nobody is told of it")
        func cancelledTwice() async throws {
            try await Practice.open { practice in
                let booking = Booking(filler: "F1", person: "P1", start: day + "090000")
                try await practice.send(booking.message("S12", id: "1", at: 0))
                try await practice.send(booking.message("S15", id: "2", at: 10))
                try await practice.settled(2)
                let before = try await practice.texts("SELECT version::text FROM records.appointment")

                #expect(try await practice.send(booking.message("S15", id: "3", at: 20)) == "AA")
                try await practice.settled(3)
                #expect(try await practice.texts("SELECT version::text FROM records.appointment") == before)
                #expect(
                    try await practice.texts("SELECT code FROM journal.outcome ORDER BY entry_id")
                        == ["applied", "applied", "unchanged"])
                try await everywhereCancelled(practice)
                #expect(practice.app.heard.map(\.type) == ["appointment.booked", "appointment.cancelled"])
            }
        }

        @Test("A cancellation that comes before its booking is a tombstone that the booking does not resurrect")
        func cancelledBeforeItsBooking() async throws {
            try await Practice.open { practice in
                let booking = Booking(filler: "F1", person: "P1", start: day + "090000")
                try await practice.send(booking.message("S15", id: "2", at: 10))
                try await practice.settled(1)
                #expect(
                    try await practice.texts("SELECT array_to_string(flags, ',') FROM records.appointment") == [
                        "tombstone"
                    ])

                #expect(try await practice.send(booking.message("S12", id: "1", at: 0)) == "AA")
                try await practice.settled(2)
                try await everywhereCancelled(practice)
                #expect(!practice.app.heard.map(\.type).contains("appointment.booked"))
            }
        }

        private func everywhereCancelled(_ practice: Practice) async throws {
            #expect(try await practice.texts("SELECT status FROM records.appointment") == ["cancelled"])
            #expect(try await practice.texts("SELECT status FROM records.slot WHERE status <> 'free'") == [])
            #expect(try await practice.count("SELECT count(*) FROM records.occupancy") == 0)
            #expect(practice.app.held.values.map(\.status) == ["cancelled"])
        }
    }
}
