import Foundation
import Postgres
import Testing

extension PathSuite {
    /// Scenario 25: a provider's day is cancelled, another is transferred.
    @Suite struct DayTests {
        @Test("Of a day that was cancelled or transferred as one the app hears each appointment, and once the whole")
        func days() async throws {
            try await Practice.open { practice in
                let days = [Booking.day(20), Booking.day(21)]
                let bookings = (0..<12).map { number in
                    Booking(
                        filler: "F\(number)", person: "P\(number)",
                        start: days[number / 6] + (number % 6 < 2 ? "0\(8 + number % 6)" : "1\(number % 6)") + "0000")
                }
                for (number, booking) in bookings.enumerated() {
                    try await practice.send(booking.message("S12", id: "b\(number)", at: number))
                }
                try await practice.settled(12)
                for (number, booking) in bookings.prefix(6).enumerated() {
                    try await practice.send(booking.message("S15", id: "c\(number)", at: 60 + number))
                }
                for (number, booking) in bookings.suffix(6).enumerated() {
                    var moved = booking
                    moved.provider = "1002"
                    try await practice.send(moved.message("S13", id: "m\(number)", at: 70 + number))
                }
                try await practice.settled(24)
                try await practice.until("both days are told", within: .seconds(60)) {
                    practice.app.heard.count { $0.type.hasPrefix("day.") } == 2
                }
                for (type, status, each) in [
                    ("day.cancelled", "cancelled", "appointment.cancelled"),
                    ("day.transferred", "booked", "appointment.updated"),
                ] {
                    let told = try #require(practice.app.heard.first { $0.type == type })
                    let members = try await practice.texts(
                        "SELECT id::text FROM records.appointment WHERE status = \(status) ORDER BY start_at")
                    #expect(told.members == members && members.count == 6)
                    #expect(practice.app.heard.count { $0.type == each } == 6, "each is told besides")
                }
                #expect(practice.app.heard.count == 12 + 12 + 2 && practice.app.heard.allSatisfy { $0.times == 1 })
                #expect(practice.app.forged == 0)
                #expect(try await practice.agrees())
            }
        }
    }
}
