import Foundation
import Postgres
import Testing

extension PathSuite {
    /// A feed that nobody has described: journaled first, then learned, drafted, accepted, and all of it applied.
    @Suite struct LearnTests {
        private static let unclaimed = [
            "practices/north.yaml": """
            practice: north
            name: North Clinic
            zone: America/Denver

            """
        ]

        @Test("What parked while nobody knew the feed is applied whole once its learned draft is in force")
        func learned() async throws {
            try await Practice.open(files: Self.unclaimed) { practice in
                let sent = try await send(to: practice)
                try await practice.until("all are parked") {
                    try await practice.texts(
                        "SELECT code || ' ' || state || ' ' || count(*) FROM queue.blocked GROUP BY code, state")
                        == ["unknown-practice parked \(sent)"]
                }
                let draft = practice.folder + "/draft"
                let said = try await practice.pmsync(
                    "learn", "unclaimed", "--practice", Practice.north, "--out", draft)
                #expect(said.contains("drafted into \(draft)") && !said.contains(Booking.family))
                try await practice.pmsync("test", draft)
                try await practice.pmsync("apply", draft)
                try await practice.pmsync("replay", "--parked")
                try await practice.settled(sent)
                #expect(try await practice.count("SELECT count(*) FROM queue.blocked") == 0)
                let states = try await practice.texts(
                    "SELECT status || ' ' || count(*) FROM records.appointment GROUP BY status ORDER BY 1")
                #expect(states == ["arrived 8", "booked 16", "cancelled 8"])
                #expect(practice.app.held.count == 32)
                #expect(try await practice.agrees())
            }
        }

        /// A day and more of a desk's work, each act an hour's fraction after the one before.
        private func send(to practice: Practice) async throws -> Int {
            var sent = 0
            var messages: [(at: Int, booking: Booking, event: String)] = []
            for number in 0..<32 {
                let day = Booking.day(5 + number / 8)
                var booking = Booking(
                    filler: "F\(100 + number)", person: "P\(200 + number)",
                    start: day + (number % 8 < 2 ? "0\(8 + number % 8)" : "1\(number % 8)") + "0000")
                booking.provider = number.isMultiple(of: 2) ? "1001" : "1002"
                let at = -40 * 3600 + number * 3600
                messages.append((at, booking, "S12"))
                switch number % 4 {
                case 1:
                    messages.append(
                        (at + 900, booking.at(booking.start.prefix(8) + (number % 8 == 1 ? "070000" : "073000")), "S13")
                    )
                case 2: messages.append((at + 1800, booking, "S15"))
                case 3:
                    booking.status = "Kept"
                    messages.append((at + 2700, booking, "S14"))
                default: break
                }
            }
            for message in messages {
                sent += 1
                let bytes = message.booking.message(message.event, id: "L\(sent)", at: message.at)
                #expect(try await practice.send(bytes) == "AA")
            }
            return sent
        }
    }
}
