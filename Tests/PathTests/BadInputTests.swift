import Foundation
import HL7
import MLLP
import Postgres
import Testing

extension PathSuite {
    /// What should not come, and does: a clear answer, a row that a person finds, and the feed goes on.
    @Suite struct BadInputTests {
        @Test("Whatever comes on the socket is answered clearly, can be found, and the feed goes on")
        func badInput() async throws {
            try await Practice.open { practice in
                var sent = 0
                func goOn(_ after: String) async throws {
                    sent += 1
                    let good = Booking(filler: "G\(sent)", person: "G\(sent)", start: Booking.day(30) + "090000")
                    #expect(try await practice.send(good.message("S12", id: "good\(sent)", at: sent)) == "AA")
                    try await practice.until("the feed goes on after \(after)") { practice.app.heard.count == sent }
                }

                for (name, bytes, code) in Self.parked {
                    #expect(try await practice.send(bytes) == "AA", "\(name)")
                    try await practice.until("\(name) can be found") {
                        try await parked(practice, under: code).count == 1
                    }
                    let job = try #require(try await parked(practice, under: code).first)
                    let shown = try await practice.pmsync("job", "\(job.job)")
                    #expect(shown.contains(code), "\(name): \(shown)")
                    try await goOn(name)
                }

                // No MSH at all: AE, and an entry that says so.
                let headless = try await exchange(practice, FrameDecoder.frame(Array("PID|1||P1\r".utf8)))
                #expect(headless?.text("MSA-1") == "AE")
                #expect(
                    try await practice.texts("SELECT detail FROM journal.outcome WHERE code = 'refused'") == [
                        "no-header"
                    ])
                try await goOn("a message without MSH")

                // Cut off in the middle: no answer.
                let frame = FrameDecoder.frame(
                    Booking(filler: "C", person: "C", start: Booking.day(30) + "0900").message("S12", id: "cut"))
                let client = try await practice.connect()
                try await client.sendRaw(Array(frame.prefix(frame.count / 2)))
                await client.close()
                try await practice.until("the cut frame can be found") { try await refusals(practice).count == 1 }
                #expect(try await refusals(practice) == ["closed \(frame.count / 2 - 1)"])
                try await goOn("a cut frame")

                // Ten megabytes: AR, closed, and the beginning kept.
                let long =
                    [0x0B]
                    + Array(
                        Booking(filler: "L", person: "L", start: Booking.day(30) + "0900").message("S12", id: "long"))
                    + Array(repeating: UInt8(ascii: "x"), count: 10 << 20) + [0x1C, 0x0D]
                let rejected = try await exchange(practice, long)
                #expect(rejected?.text("MSA-1") == "AR" && rejected?.text("MSA-2") == "long")
                try await practice.until("the over-long frame can be found") { try await refusals(practice).count == 2 }
                #expect(try await refusals(practice).last?.hasPrefix("too-long ") == true)
                #expect(
                    try await practice.count("SELECT count(*) FROM journal.entry WHERE control_id IN ('cut', 'long')")
                        == 0)
                try await goOn("an over-long frame")

                #expect(practice.app.heard.count == sent)
                #expect(try await practice.count("SELECT count(*) FROM records.appointment") == sent)
            }
        }

        @Test("A message parked for a code that its table lacks is applied when the row is added and the job replayed")
        func replayed() async throws {
            try await Practice.open { practice in
                var booking = Booking(filler: "F1", person: "P1", start: Booking.day(30) + "090000")
                booking.status = "Zonked"
                #expect(try await practice.send(booking.message("S12", id: "1", at: 0)) == "AA")
                booking.status = "Booked"
                let moved = booking.at(Booking.day(30) + "110000")
                #expect(try await practice.send(moved.message("S13", id: "2", at: 10)) == "AA")
                try await practice.until("the first is parked and the second waits for it") {
                    try await practice.texts("SELECT state FROM queue.blocked ORDER BY id") == ["parked", "waiting"]
                }
                #expect(practice.app.heard.isEmpty)

                let table = practice.folder + "/workflows/tables/status.csv"
                let rows = try String(contentsOfFile: table, encoding: .utf8)
                try (rows + "ZONKED,booked,,,,,\n").write(toFile: table, atomically: true, encoding: .utf8)
                try await practice.pmsync("apply", practice.folder + "/workflows")
                try await practice.pmsync("replay", "--parked", "--code", "unmapped-status")
                try await practice.settled(2)
                #expect(practice.app.heard.map(\.type) == ["appointment.booked", "appointment.rescheduled"])
                #expect(try await practice.agrees())
            }
        }

        private static var parked: [(name: String, bytes: [UInt8], code: String)] {
            let day = Booking.day(30)
            func booking(_ name: String) -> Booking { Booking(filler: name, person: name, start: day + "090000") }
            func altered(_ name: String, _ change: (String) -> String) -> [UInt8] {
                Array(change(String(decoding: booking(name).message("S12", id: name), as: UTF8.self)).utf8)
            }
            var stranger = booking("stranger")
            stranger.sender = "NOBODY"
            var garbled = booking("garbled").message("S12", id: "bytes")
            let filler = Array("|garbled|".utf8)
            if let place = garbled.firstRange(of: filler) { garbled[place.lowerBound + 3] = 0xFF }
            return [
                ("an unknown type", altered("type") { $0.replacing("SIU^S12", with: "ADT^A08") }, "unknown-type"),
                ("an unknown practice", stranger.message("S12", id: "stranger"), "unknown-practice"),
                (
                    "no SCH",
                    altered("sch") {
                        $0.split(separator: "\r").filter { !$0.hasPrefix("SCH") }.joined(separator: "\r") + "\r"
                    }, "missing-sch"
                ),
                ("bytes that are not UTF-8", garbled, "invalid-text"),
            ]
        }

        private struct Parked: Decodable {
            let job: Int64
            let code: String?
        }

        private func parked(_ practice: Practice, under code: String) async throws -> [Parked] {
            let lines = try await practice.pmsync("jobs", "--state", "parked", "--code", code, "--format", "json")
            return try lines.split(separator: "\n").map { try JSONDecoder().decode(Parked.self, from: Data($0.utf8)) }
        }

        private func refusals(_ practice: Practice) async throws -> [String] {
            try await practice.texts("SELECT reason || ' ' || size FROM journal.refusal ORDER BY id")
        }

        /// Sends bytes as they are on a connection of their own; what comes back.
        private func exchange(_ practice: Practice, _ bytes: [UInt8]) async throws -> Message? {
            let client = try await practice.connect()
            try? await client.sendRaw(bytes)
            let answer = try? await client.receive(deadline: .seconds(20))
            await client.close()
            return try answer.map { try Message($0) }
        }
    }
}
