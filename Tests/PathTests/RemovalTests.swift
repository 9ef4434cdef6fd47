import Foundation
import Postgres
import TestSupport
import Testing

extension PathSuite {
    /// A deletion without a message: seen only in the PM's own list, and confirmed by a person.
    @Suite struct RemovalTests {
        private static let files = Practice.north("reconcile: {pm: {csv: list.csv}, grace-seconds: 0}")

        private static let open: SQL =
            "SELECT code || ' ' || act FROM reconciliation.finding WHERE closed_at IS NULL ORDER BY 1"

        /// The PM's list of these appointments, given as hours of the day.
        private func list(_ appointments: [String: String], _ practice: Practice) throws {
            let day = Booking.day(3)
            let date = "\(day.prefix(4))-\(day.dropFirst(4).prefix(2))-\(day.suffix(2))"
            let rows = appointments.map { id, hour in
                "\(id),Booked,\(date) \(hour):00,\(date) \(hour):30,P\(id),1001,MAIN,OVF\n"
            }
            try ("appointment_id,status,start,end,mrn,provider,location,event\n" + rows.joined())
                .writeExport(to: practice.folder + "/list.csv")
        }

        private func reconcile(_ practice: Practice) async throws {
            try await practice.pmsync(
                "reconcile", "scheduling", "--practice", Practice.north, "--data", practice.folder)
        }

        @Test("What the PM deleted without a message is a finding; confirmed, it is gone here, told, and closed")
        func confirmed() async throws {
            try await Practice.open(files: Self.files) { practice in
                try practice.database.url
                    .write(toFile: practice.folder + "/database-url", atomically: true, encoding: .utf8)
                for (id, hour) in [("1", "09"), ("2", "11")] {
                    let booking = Booking(filler: id, person: "P" + id, start: Booking.day(3) + hour + "0000")
                    try await practice.send(booking.message("S12", id: id, at: 0))
                }
                try await practice.settled(2)
                try list(["1": "09", "2": "11"], practice)
                try await reconcile(practice)
                #expect(try await practice.texts(Self.open) == [])

                try list(["2": "11"], practice)
                try await reconcile(practice)
                #expect(try await practice.texts(Self.open) == ["missing-in-pm confirm-removal"])
                let key = try #require(
                    try await practice.texts("SELECT key FROM reconciliation.finding WHERE closed_at IS NULL").first)
                await #expect(throws: (any Error).self) {
                    try await practice.pmsync("mend", key, "--practice", Practice.north, "--removed")
                }
                try await practice.pmsync(
                    "mend", key, "--practice", Practice.north, "--removed", "--reason", "the desk deleted it")
                try await practice.until("it is gone") {
                    try await practice.texts("SELECT status FROM records.appointment ORDER BY start_at")
                        == ["entered-in-error", "booked"]
                }
                try await practice.until("the app has heard") {
                    practice.app.heard.map(\.type).sorted()
                        == ["appointment.booked", "appointment.booked", "appointment.deleted"]
                }
                #expect(
                    try await practice.texts("SELECT status FROM records.slot ORDER BY lower(during)")
                        == ["free", "busy"])

                try await reconcile(practice)
                #expect(try await practice.texts(Self.open) == [])
                #expect(try await practice.texts("SELECT ended FROM reconciliation.finding") == ["mended"])
                #expect(
                    try await practice.texts("SELECT concat_ws(' ', act, reason) FROM reconciliation.finding_act")
                        == ["removed the desk deleted it"])
                // The PM's own word, later, that it is there stands against the removal.
                let again = Booking(filler: "1", person: "P1", start: Booking.day(3) + "090000")
                let now = Int(Date().timeIntervalSince(Booking.base).rounded(.up))
                try await practice.send(again.message("S14", id: "3", at: now + 1))
                try await practice.settled(3)
                #expect(
                    try await practice.texts("SELECT status FROM records.appointment ORDER BY start_at")
                        == ["booked", "booked"])
            }
        }
    }
}
