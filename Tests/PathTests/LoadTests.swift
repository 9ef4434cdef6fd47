import Foundation
import HL7
import Postgres
import TestSupport
import Testing

extension PathSuite {
    /// Scenario 25: appointments loaded before going live.
    @Suite struct LoadTests {
        private static let count = 3_000

        /// The PM's own list: one row an appointment, ten a provider's day, from tomorrow on.
        private static func list() -> String {
            var text = "appointment_id,status,start,end,mrn,provider,location,event\n"
            for number in 0..<count { text += row(number).joined(separator: ",") + "\n" }
            return text
        }

        private static func row(_ number: Int) -> [String] {
            let day = Booking.day(1 + number / 300)
            let date = "\(day.prefix(4))-\(day.dropFirst(4).prefix(2))-\(day.suffix(2))"
            let hour = 8 + number % 10
            let clock = hour < 10 ? "0\(hour)" : "\(hour)"
            return [
                "L\(number)", "Booked", "\(date) \(clock):00", "\(date) \(clock):30", "M\(number)",
                "\(2_000 + number % 300 / 10)", "MAIN", "OVF",
            ]
        }

        private static func instant(_ ago: TimeInterval) -> String {
            Date(timeIntervalSinceNow: -ago).formatted(.iso8601)
        }

        /// The practice went live an hour and three quarters ago; the list is older.
        private static let files = [
            "practices/north.yaml": """
            practice: north
            name: North Clinic
            zone: America/Denver
            go-live: \(instant(6_300))
            feeds:
              - {feed: north-pm, profile: standard, sender: NORTHPM}
            load: {authorities: {mrn: CLINIC}}
            reconcile: {pm: {csv: list.csv}, grace-seconds: 0}

            """
        ]

        @Test(
            "Of 3,000 loaded appointments nobody hears and nothing is accused; the one that is then cancelled is told")
        func load() async throws {
            try await Practice.open(files: Self.files) { practice in
                let list = practice.folder + "/list.csv"
                try Self.list().writeExport(to: list)
                let before = try await practice.pmsync(
                    "load", "appointments", list, "--practice", Practice.north, "--as-of", Self.instant(7_200),
                    "--dry-run", "--format", "csv")
                #expect(before.contains("new,\(Self.count)"))
                #expect(try await practice.count("SELECT count(*) FROM journal.entry") == 0)
                let began = ContinuousClock.now
                let said = try await practice.pmsync(
                    "load", "appointments", list, "--practice", Practice.north, "--as-of", Self.instant(7_200),
                    "--format", "csv")
                print("3,000 rows loaded in \(ContinuousClock.now - began)")
                #expect(said.contains("recorded,\(Self.count)"), "\(said)")
                try await practice.settled(Self.count)
                #expect(
                    try await practice.count("SELECT count(*) FROM records.appointment WHERE status = 'booked'")
                        == Self.count)
                #expect(try await practice.count("SELECT count(*) FROM api.delivery") == 0)
                #expect(practice.app.heard == [])

                // The same again, and compared: the app has one of ours, the PM all.
                let again = try await practice.pmsync(
                    "load", "appointments", list, "--practice", Practice.north, "--format", "csv")
                #expect(again.contains("loaded before,\(Self.count)"), "\(again)")
                try await accuseNobody(practice, list)

                // What a later cancellation says of one of them is adopted and told.
                let start = Self.row(7)[2].filter(\.isNumber) + "00"
                let known = Booking(filler: "L7", person: "M7", start: start, provider: Self.row(7)[5])
                try await practice.send(known.message("S15", id: "c"))
                try await practice.settled(Self.count + 1)
                #expect(practice.app.heard.map(\.type) == ["appointment.cancelled"])
                #expect(
                    try await practice.count("SELECT count(*) FROM records.appointment WHERE status = 'cancelled'")
                        == 1)
                #expect(try await practice.count("SELECT count(*) FROM records.appointment") == Self.count)
            }
        }

        private func accuseNobody(_ practice: Practice, _ list: String) async throws {
            let record = try await practice.texts(
                "SELECT id::text FROM records.appointment ORDER BY start_at, id LIMIT 1")
            let first = try #require(record.first)
            let app = practice.folder + "/app.csv"
            let text = try await practice.texts(
                """
                SELECT concat_ws(',', id, 'booked', to_char(start_at AT TIME ZONE 'America/Denver', 'YYYY-MM-DD HH24:MI'),
                    to_char(end_at AT TIME ZONE 'America/Denver', 'YYYY-MM-DD HH24:MI'), '', '')
                FROM records.appointment WHERE id::text = \(first)
                """)
            try "appointment_id,status,start,end,mrn,provider\n\(text.joined())\n"
                .writeExport(to: app)
            _ = try await practice.pool.execute("UPDATE api.client SET list = \(app)")
            try practice.database.url
                .write(toFile: practice.folder + "/database-url", atomically: true, encoding: .utf8)
            try await practice.pmsync(
                "reconcile", "scheduling", "--practice", Practice.north, "--data", practice.folder)
            #expect(
                try await practice.texts("SELECT code || ' ' || cause FROM reconciliation.finding") == [])
            let explained = try await practice.texts("SELECT counts::text FROM reconciliation.run")
            #expect(explained.joined().contains("\"loaded\": "), "\(explained)")
        }

        @Test("A message of an initial load (MSH-11.2 = I) is recorded and nobody is told; what comes after it is")
        func initialLoadByMessage() async throws {
            try await Practice.open { practice in
                let booking = Booking(filler: "F1", person: "P1", start: Booking.day(3) + "090000")
                let text = String(decoding: booking.message("S12", id: "1"), as: UTF8.self)
                #expect(try await practice.send(Array(text.replacing("|1|P|2.5.1", with: "|1|P^I|2.5.1").utf8)) == "AA")
                try await practice.settled(1)
                #expect(try await practice.schedule().count == 1)
                #expect(practice.app.heard == [])
                #expect(try await practice.count("SELECT count(*) FROM api.delivery") == 0)
                try await practice.send(
                    booking.at(Booking.day(4) + "100000").message("S13", id: "2", at: 60))
                try await practice.settled(2)
                #expect(practice.app.heard.map(\.type) == ["appointment.rescheduled"])
                #expect(try await practice.agrees())
            }
        }

        @Test("A move of an earlier appointment that nobody loaded adopts it, and is told")
        func adoption() async throws {
            try await Practice.open(files: Self.files) { practice in
                let unknown = Booking(filler: "F9", person: "P9", start: Booking.day(3) + "090000")
                try await practice.send(unknown.message("S13", id: "1"))
                try await practice.send(
                    Booking(filler: "F8", person: "P8", start: Booking.day(3) + "100000").message("S15", id: "2"))
                try await practice.settled(2)
                #expect(try await practice.schedule().map { $0.split(separator: " ")[0] } == ["booked", "cancelled"])
                #expect(practice.app.heard.map(\.type).sorted() == ["appointment.booked", "appointment.cancelled"])
            }
        }
    }
}
