import Foundation
import Postgres
import Practice
import Reconciliation
import Testing

@testable import Scheduling

/// Who takes a resource beyond what it holds, and who only seems to.
@Suite(.timeLimit(.minutes(3))) struct DoubleBookingTests {
    @Test("A wish takes no time: nobody is double-booked for it until it is a booking")
    func wish() async throws {
        let clinic = try await Clinic()
        try await clinic.book("F1", mrn: "M1", start: clinic.at(1, 9))
        let wish = try await clinic.book("F2", mrn: "M2", start: clinic.at(1, 9), status: .waitlist)
        var lines = (1...2).map { Clinic.Line(id: "F\($0)", start: clinic.at(1, 9), mrn: "M\($0)") }
        lines[1].status = "WAITLIST"
        try clinic.exportPM(lines)
        try await clinic.reconcile()
        #expect(try await clinic.open() == [])

        try await clinic.pool.execute("UPDATE records.appointment SET status = 'booked' WHERE id = \(wish)")
        lines[1].status = "BOOKED"
        try clinic.exportPM(lines)
        try await clinic.reconcile()
        #expect(try await clinic.open() == [.init(.doubleBooked, .bothTold, wish)])
    }

    @Test("Two at one time with one practitioner are a double booking, unless the PM says so or they are a group")
    func doubleBooking() async throws {
        let clinic = try await Clinic()
        try await clinic.book("F1", mrn: "M1", start: clinic.at(1, 9))
        let second = try await clinic.book("F2", mrn: "M2", start: clinic.at(1, 9.1))
        try await clinic.book("F3", mrn: "M3", start: clinic.at(2, 9))
        try await clinic.book("F4", mrn: "M4", start: clinic.at(2, 9), overbooked: true)
        for number in 5..<9 {
            try await clinic.book("F\(number)", mrn: "M\(number)", start: clinic.at(3, 9), location: "ROOM-G")
        }
        try await clinic.pool.execute("UPDATE records.resource SET capacity = 4 WHERE code = 'ROOM-G'")
        try await clinic.book("F9", mrn: "M9", start: clinic.at(4, 9))
        try await clinic.book("F10", mrn: "M10", start: clinic.at(4, 9), status: .cancelled)
        var lines = (1..<11).map { number in
            Clinic.Line(
                id: "F\(number)", start: clinic.at([1, 1, 2, 2, 3, 3, 3, 3, 4, 4][number - 1], 9), mrn: "M\(number)")
        }
        lines[1].start = clinic.at(1, 9.1)
        lines[9].status = "CANCELLED"
        try clinic.exportPM(lines)
        try await clinic.reconcile(now: Date() + 400)
        #expect(try await clinic.open() == [.init(.doubleBooked, .bothTold, second)])
        let with = try await clinic.count(
            "SELECT count(*) FROM reconciliation.finding WHERE jsonb_array_length(sides->'others') = 1")
        #expect(with == 1)

        // A ninth in a room for eight, or here a fifth in one for four.
        let fifth = try await clinic.book("F11", mrn: "M11", start: clinic.at(3, 9), location: "ROOM-G")
        lines.append(.init(id: "F11", start: clinic.at(3, 9), mrn: "M11"))
        // And the first of the two was moved in the PM: that is its own finding, and nobody is double-booked for it.
        lines[0].start = clinic.at(1, 15)
        try clinic.exportPM(lines)
        try await clinic.reconcile(now: Date() + 400)
        let open = try await clinic.open().filter { $0.code == FindingCode.doubleBooked.rawValue }
        #expect(open == [.init(.doubleBooked, .bothTold, fifth)])
    }

    @Test("Whom the PM's list gives to somebody else takes nobody's time: that is a finding of its own")
    func givenAway() async throws {
        let clinic = try await Clinic()
        let away = try await clinic.book("F1", mrn: "M1", start: clinic.at(1, 9))
        try await clinic.book("F2", mrn: "M2", start: clinic.at(1, 9))
        try await clinic.book("F3", mrn: "M3", start: clinic.at(1, 15), provider: "1002")
        try clinic.exportPM([
            .init(id: "F1", start: clinic.at(1, 9), mrn: "M1", provider: "1002"),
            .init(id: "F2", start: clinic.at(1, 9), mrn: "M2"),
            .init(id: "F3", start: clinic.at(1, 15), mrn: "M3", provider: "1002"),
        ])
        try await clinic.reconcile(now: Date() + 400)
        #expect(try await clinic.open() == [.init(.resourceDiffers, .neverSent, away)])
    }
}
