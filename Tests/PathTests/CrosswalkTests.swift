import Foundation
import Postgres
import Testing

extension PathSuite {
    /// A code that a table does not know: one work item, mended by its row.
    @Suite struct CrosswalkTests {
        private let day = Booking.day(30)
        private static let group = ["--parked", "--code", "unmapped-status", "--value", "tentative"]

        /// - Parameter holds: whether a parked message holds back the later ones of its person, or these park too.
        @Test(
            "An unmapped status is one item; its row and a replay apply each message once, in order, and the app hears",
            arguments: [true, false])
        func unmappedStatus(holds: Bool) async throws {
            var files: [String: String] = [:]
            if !holds {
                let path = "scheduling/workflow.yaml"
                let text = try String(contentsOf: Products.root.appending(path: "workflows/\(path)"), encoding: .utf8)
                files[path] = text.replacing("holds-key: [unmapped-status, ", with: "holds-key: [")
                #expect(files[path] != text)
            }
            try await Practice.open(files: files) { practice in
                let sent = try await send(to: practice)
                let parked = holds ? 4 : 12
                try await blocked(parked, of: sent, practice)
                #expect(practice.app.heard.isEmpty)
                #expect(
                    try await practice.texts(
                        "SELECT practice_id || ' ' || table_name || ' ' || code FROM workflow.unmapped")
                        == ["north status TENTATIVE"])
                let listed = try await practice.pmsync("unmapped", "--table", "status", "--format", "json")
                #expect(listed.contains("\"parked\":\(parked)") && listed.contains("\"heldBack\":\(12 - parked)"))
                #expect(listed.split(separator: "\n").count { $0.hasPrefix("{") } == 1)

                // A dry run changes nothing; without the row a replay leaves them where they were.
                let dry = try await replay(practice, "--dry-run")
                #expect(dry.contains("would park again") && dry.contains("\(parked) jobs"))
                try await blocked(parked, of: sent, practice)
                try await replay(practice)
                try await blocked(parked, of: sent, practice)

                try await addRow(practice)
                #expect(try await practice.pmsync("unmapped", "--table", "status").contains("row is there: replay"))
                try await replay(practice)
                try await practice.settled(sent)
                try await everythingApplied(sent, practice)
                let left = try await practice.pmsync("unmapped", "--table", "status")
                #expect(left.contains("every code that was seen is in its table"))
            }
        }

        /// Of each of four people a booking and two moves, all with a word that no table knows.
        private func send(to practice: Practice) async throws -> Int {
            var sent = 0
            for person in 1...4 {
                var booking = Booking(filler: "F\(person)", person: "P\(person)", start: day + "090000")
                booking.provider = "100\(person)"
                booking.status = "Tentative"
                for (event, start) in [("S12", "090000"), ("S13", "100000"), ("S13", "110000")] {
                    sent += 1
                    let message = booking.at(day + start).message(event, id: "\(sent)", at: sent)
                    #expect(try await practice.send(message) == "AA")
                }
            }
            return sent
        }

        /// Until all are on the rare path, so many of them parked as one group and the others behind these.
        private func blocked(_ parked: Int, of all: Int, _ practice: Practice) async throws {
            try await practice.until("\(parked) of \(all) are parked") {
                try await practice.texts(
                    """
                    SELECT count(*) FILTER (WHERE state = 'parked') || ' ' || count(*) FILTER (WHERE state = 'waiting')
                        || ' ' || count(DISTINCT work_item)
                    FROM queue.blocked
                    """) == ["\(parked) \(all - parked) 1"]
            }
            #expect(try await practice.count("SELECT count(*) FROM records.appointment") == 0)
        }

        @discardableResult
        private func replay(_ practice: Practice, _ more: String...) async throws -> String {
            try await practice.pmsync(["replay"] + Self.group + more)
        }

        private func addRow(_ practice: Practice) async throws {
            let file = practice.folder + "/workflows/tables/status.csv"
            let table = try String(contentsOfFile: file, encoding: .utf8)
            try (table + "TENTATIVE,pending,,,north,,\n").write(toFile: file, atomically: true, encoding: .utf8)
            try await practice.pmsync("apply", practice.folder + "/workflows")
        }

        private func everythingApplied(_ sent: Int, _ practice: Practice) async throws {
            #expect(try await practice.count("SELECT count(*) FROM queue.blocked") == 0)
            #expect(
                try await practice.count(
                    """
                    SELECT count(*) FROM journal.entry e WHERE (
                        SELECT count(*) FROM journal.outcome o WHERE o.entry_id = e.id AND o.code = 'applied') = 1
                    """) == sent)
            #expect(
                try await practice.texts(
                    """
                    SELECT to_char(start_at AT TIME ZONE 'America/Denver', 'HH24:MI') || ' ' || status || ' ' || version
                    FROM records.appointment
                    """) == Array(repeating: "11:00 pending 3", count: 4))
            #expect(practice.app.heard.count == sent && practice.app.held.count == 4)
            for held in practice.app.held.keys {
                let told = practice.app.heard.filter { $0.record == held }.map(\.type)
                #expect(told == ["appointment.booked", "appointment.rescheduled", "appointment.rescheduled"])
            }
            #expect(try await practice.agrees())
        }
    }
}
