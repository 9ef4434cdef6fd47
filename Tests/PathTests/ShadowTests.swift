import Foundation
import HL7
import MLLP
import Postgres
import TestSupport
import Testing

extension PathSuite {
    /// Going over from a replaced interface: shadow, what its tap hears beside it, and the switch to live.
    @Suite struct ShadowTests {
        private static func files(port: Int, folder: String = "old") -> [String: String] {
            Practice.north(
                """
                taps:
                  - {tap: old, destination: booking, profile: standard, port: \(port)}
                  - {tap: old-files, destination: booking, profile: standard, folder: \(folder)}
                destinations:
                  - {name: booking, mode: shadow}
                """)
        }

        /// A port that is free now.
        private static func port() -> Int { Int.random(in: 20_000..<30_000) }

        private static func tap(_ practice: Practice, at port: Int, _ messages: [[UInt8]]) async throws {
            var client: Client?
            // The gateway opens a feed's port within a second of the definition.
            try await practice.until("the tap's port is open") {
                client = try? await Client.connect(host: "127.0.0.1", port: port)
                return client != nil
            }
            for message in messages {
                let answer = try Message(try #require(try await client?.send(message, deadline: .seconds(20))))
                #expect(answer.text("MSA-1") == "AA")
            }
            await client?.close()
        }

        private static func parity(_ practice: Practice) async throws -> [String: String] {
            let text = try await practice.pmsync("parity", "--practice", Practice.north, "--format", "json")
            let fields = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] ?? [:]
            return fields.mapValues { "\($0)" }
        }

        @Test("What the tap hears is compared message by message, never applied, and moves nobody")
        func parity() async throws {
            let port = Self.port()
            let folder = FileManager.default.temporaryDirectory.appending(path: "old-\(UUID().uuidString)").path
            defer { try? FileManager.default.removeItem(atPath: folder) }
            try await Practice.open(files: Self.files(port: port, folder: folder)) { practice in
                let day = Booking.day(20)
                let bookings = (0..<4).map { number in
                    Booking(
                        filler: "F\(number)", person: "P\(number)",
                        start: day + "0\(8 + number / 2)\(number % 2 * 3)000")
                }
                for (number, booking) in bookings.enumerated() {
                    try await practice.send(booking.message("S12", id: "b\(number)", at: number))
                }
                try await practice.send(bookings[0].message("S15", id: "c0", at: 60))
                try await practice.settled(5)
                #expect(practice.app.heard == [])
                #expect(
                    try await practice.count("SELECT count(*) FROM api.delivery WHERE state = 'shadow'") == 5)
                let before = try await practice.schedule()

                // The old interface says the first three alike, but the third for another doctor, the cancellation, and one
                // that the PM never told us of. Of the fourth booking it says nothing.
                var other = bookings[2]
                other.provider = "1002"
                let stranger = Booking(filler: "X1", person: "X1", start: day + "150000")
                try await Self.tap(
                    practice, at: port,
                    [
                        bookings[0].message("S12", id: "t0"), bookings[1].message("S12", id: "t1"),
                        other.message("S12", id: "t2"), bookings[0].message("S15", id: "t3"),
                        stranger.message("S12", id: "t4"),
                    ])
                try await practice.settled(10)
                #expect(try await practice.schedule() == before, "what a tap hears never comes to the record")
                #expect(try await practice.count("SELECT count(*) FROM records.change") == 5)
                #expect(practice.app.heard == [])
                try await age(practice)
                let said = try await Self.parity(practice)
                #expect(said["same"] == "3" && said["differs"] == "1", "\(said)")
                #expect(said["fields"] == "resource 1")
                #expect(said["onlyTheirs"] == "1" && said["onlyOurs"] == "1")
                #expect(said["parity"] == "50.0 %")

                // It tells the fourth after all, by its folder: late ones match.
                try await drop(bookings[3].message("S12", id: "t5"), in: folder, practice)
                try await practice.settled(11)
                try await age(practice)
                let later = try await Self.parity(practice)
                #expect(later["same"] == "4" && later["onlyOurs"] == "0", "\(later)")
                let cases = try await practice.pmsync("parity", "--cases", "--format", "csv")
                #expect(cases.contains("differs") && cases.contains("only-theirs"))
            }
        }

        /// As if what was told had been told a quarter of an hour ago: what is missing is then said to be so.
        private func age(_ practice: Practice) async throws {
            for sql in [
                "UPDATE reconciliation.tapped SET received_at = received_at - interval '15 minutes'",
                "UPDATE api.delivery SET created_at = created_at - interval '15 minutes'",
                "UPDATE api.mode SET at = at - interval '15 minutes'",
            ] as [SQL] {
                _ = try await practice.pool.execute(sql)
            }
        }

        private func drop(_ message: [UInt8], in folder: String, _ practice: Practice) async throws {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            let path = folder + "/late.hl7"
            try Data(message).write(to: URL(filePath: path))
            let written = Date(timeIntervalSinceNow: -60)
            try FileManager.default.setAttributes([.modificationDate: written], ofItemAtPath: path)
            try await practice.until("the file is archived") {
                FileManager.default.fileExists(atPath: folder + "/archive/late.hl7")
            }
        }

        @Test("A switch to live sends nothing of shadow and loses nothing after it, whatever is still to be fanned out")
        func goingLive() async throws {
            let port = Self.port()
            try await Practice.open(workers: 0, files: Self.files(port: port)) { practice in
                let visits = (0..<12).map { number in
                    Booking(filler: "F\(number)", person: "P\(number)", start: Booking.day(20 + number) + "090000")
                }
                // The fan-out rests while the mode is switched: what it then finds was made on both sides of the switch.
                try await practice.pmsync("feed", "pause", "fan-out", "--reason", "a test")
                try await practice.start("scheduling-1")
                for (number, visit) in visits.prefix(6).enumerated() {
                    try await practice.send(visit.message("S12", id: "s\(number)", at: number))
                }
                try await applied(6, practice)
                let said = try await practice.pmsync(
                    "feed", "mode", "booking", "live", "--practice", Practice.north, "--reason", "they agree")
                #expect(said.contains("was shadow and is live from change 7 on"))
                #expect(said.contains("practices/north.yaml still says shadow"))
                for (number, visit) in visits.suffix(6).enumerated() {
                    try await practice.send(visit.message("S12", id: "l\(number)", at: 10 + number))
                }
                try await applied(12, practice)
                try await practice.pmsync("feed", "resume", "fan-out", "--reason", "a test")
                try await practice.settled(12)
                #expect(
                    try await practice.texts("SELECT state FROM api.delivery ORDER BY event_number")
                        == Array(repeating: "shadow", count: 6) + Array(repeating: "delivered", count: 6))
                #expect(practice.app.heard.count == 6)
                #expect(practice.app.heard.allSatisfy { $0.times == 1 })
                #expect(
                    try await practice.count("SELECT count(*) FROM console.audit WHERE act = 'mode-live'") == 1)
                // The definitions are applied again, with another table: what the file says of the mode has not changed.
                let table = practice.folder + "/workflows/tables/events.csv"
                try (try String(contentsOfFile: table, encoding: .utf8) + "NEW,New words,,,,\n")
                    .write(toFile: table, atomically: true, encoding: .utf8)
                try await practice.pmsync("apply", practice.folder + "/workflows")
                #expect(try await practice.texts("SELECT mode FROM api.subscription") == ["live"])
            }
        }

        @Test("Turned off, what was still to be sent is let go and nothing is told; live again, nothing old is sent")
        func off() async throws {
            try await Practice.open { practice in
                let visits = (0..<4).map { number in
                    Booking(filler: "F\(number)", person: "P\(number)", start: Booking.day(20 + number) + "090000")
                }
                practice.app.feel(.unwell)
                try await practice.send(visits[0].message("S12", id: "1"))
                try await practice.until("it was tried") { practice.app.turnedAway > 0 }
                try await practice.pmsync(
                    "feed", "mode", "booking", "off", "--practice", Practice.north, "--reason", "they rebuild it")
                let tried = practice.app.turnedAway
                try await practice.send(visits[1].message("S12", id: "2", at: 10))
                try await practice.send(visits[0].message("S15", id: "3", at: 20))
                try await applied(3, practice)
                practice.app.feel(.well)
                try await practice.settled(3)
                try await practice.until("the pending notice is let go", within: .seconds(60)) {
                    try await practice.texts("SELECT state FROM api.delivery") == ["discarded"]
                }
                #expect(practice.app.heard == [] && practice.app.turnedAway == tried)

                try await practice.pmsync(
                    "feed", "mode", "booking", "live", "--practice", Practice.north, "--reason", "it is back")
                try await practice.send(visits[2].message("S12", id: "4", at: 30))
                try await practice.settled(4)
                let third = try await practice.texts(
                    "SELECT id::text FROM records.appointment ORDER BY start_at DESC LIMIT 1")
                #expect(practice.app.heard.map(\.record) == third && practice.app.heard.map(\.event) == [2])
                // What changes of those of before is told from now on.
                try await practice.send(visits[1].message("S15", id: "5", at: 40))
                try await practice.settled(5)
                #expect(practice.app.heard.map(\.type) == ["appointment.booked", "appointment.cancelled"])
                #expect(
                    try await practice.texts("SELECT act FROM console.audit WHERE act LIKE 'mode-%' ORDER BY id")
                        == ["mode-off", "mode-live"])
            }
        }

        @Test("A workflow that drains ends what there was; what comes meanwhile is taken, and waits until it resumes")
        func drainedWorkflow() async throws {
            try await Practice.open(workers: 0) { practice in
                let visits = (0..<3).map { number in
                    Booking(filler: "F\(number)", person: "P\(number)", start: Booking.day(20 + number) + "090000")
                }
                for number in 0..<2 { try await practice.send(visits[number].message("S12", id: "\(number)")) }
                async let draining = practice.pmsync("feed", "drain", "scheduling", "--reason", "a new table")
                try await practice.until("it drains") {
                    try await practice.count("SELECT count(*) FROM queue.queue WHERE drains_through IS NOT NULL") == 1
                }
                #expect(try await practice.send(visits[2].message("S12", id: "2")) == "AA")
                try await practice.start("scheduling-1")
                #expect(try await draining.contains("is drained"))
                #expect(try await practice.count("SELECT count(*) FROM records.appointment") == 2)
                let waiting = try await practice.count(
                    "SELECT count(*) FROM queue.job j JOIN queue.queue q ON q.id = j.queue WHERE q.name = 'scheduling'")
                #expect(waiting == 1)
                try await practice.pmsync("feed", "resume", "scheduling", "--reason", "it is there")
                try await practice.settled(3)
                #expect(practice.app.heard.count == 3 && practice.app.heard.allSatisfy { $0.times == 1 })
            }
        }

        @Test(
            "A feed that is held is told to try again later, and what it then sends again is taken",
            arguments: [("drain", "drained"), ("pause", "paused")])
        func heldFeed(_ word: String, _ act: String) async throws {
            try await Practice.open(name: "heldFeed-\(word)") { practice in
                let booking = Booking(filler: "F1", person: "P1", start: Booking.day(20) + "090000")
                try await practice.send(booking.message("S12", id: "1"))
                try await practice.pmsync("feed", word, "north-pm", "--reason", "an upgrade there")
                try await practice.until("the gateway holds the feed") {
                    try await practice.send(booking.message("S14", id: "2", at: 5)) == "AR"
                }
                let entries = try await practice.count("SELECT count(*) FROM journal.entry WHERE direction = 'in'")
                #expect(try await practice.send(booking.message("S15", id: "3", at: 9)) == "AR")
                #expect(
                    try await practice.count("SELECT count(*) FROM journal.entry WHERE direction = 'in'") == entries)
                let listed = try await practice.pmsync("feed", "list", "--format", "csv")
                #expect(listed.contains("an upgrade there"))
                try await practice.pmsync("feed", "resume", "north-pm", "--reason", "it is over")
                try await practice.until("the gateway takes the feed again") {
                    try await practice.send(booking.message("S15", id: "3", at: 9)) == "AA"
                }
                try await practice.settled(entries + 1)
                #expect(try await practice.schedule().map { $0.split(separator: " ")[0] } == ["cancelled"])
                #expect(
                    try await practice.texts(
                        "SELECT act FROM console.audit WHERE subject = 'feed north-pm' ORDER BY id")
                        == [act, "resumed"])
            }
        }

        @Test("A destination that drains hears what there was, and what came meanwhile not before it resumes")
        func drained() async throws {
            try await Practice.open { practice in
                let first = Booking(filler: "F1", person: "P1", start: Booking.day(20) + "090000")
                practice.app.feel(.unwell)
                try await practice.send(first.message("S12", id: "1"))
                try await practice.until("it was tried") { practice.app.turnedAway > 0 }
                try await practice.murder("scheduling-1")
                async let draining = practice.pmsync(
                    "feed", "drain", "booking", "--practice", Practice.north, "--reason", "their upgrade")
                try await practice.until("it drains") {
                    try await practice.count("SELECT count(*) FROM queue.queue WHERE drains_through IS NOT NULL") == 1
                }
                // A worker reads what is held before it takes a lane, so this one knows from the first.
                try await practice.start("scheduling-1")
                try await practice.send(
                    Booking(filler: "F2", person: "P2", start: Booking.day(21) + "090000").message("S12", id: "2"))
                try await practice.until("the second's notice is made") {
                    try await practice.count("SELECT count(*) FROM api.delivery") == 2
                }
                practice.app.feel(.well)
                #expect(try await draining.contains("is drained"))
                #expect(practice.app.heard.map(\.event) == [1])
                let waiting = try await practice.count(
                    """
                    SELECT count(*) FROM queue.job j JOIN queue.queue q ON q.id = j.queue WHERE q.name LIKE 'webhook:%'
                    """)
                #expect(waiting == 1)
                try await practice.pmsync(
                    "feed", "resume", "booking", "--practice", Practice.north, "--reason", "done")
                try await practice.settled(2)
                #expect(practice.app.heard.map(\.event) == [1, 2])
                #expect(practice.app.heard.allSatisfy { $0.times == 1 })
            }
        }

        private func applied(_ count: Int, _ practice: Practice) async throws {
            try await practice.until("\(count) messages are applied") {
                try await practice.count("SELECT count(*) FROM journal.outcome WHERE code = 'applied'") >= count
            }
        }
    }
}
