import Foundation
import Postgres
import Practice
import Reconciliation
import Testing
import Worker

@testable import Scheduling

/// Which days are compared, and what a window that somebody asks for leaves as it was.
@Suite(.timeLimit(.minutes(3))) struct WindowTests {
    @Test("A day that the PM's list does not hold at all is withheld, and one appointment that it lacks is accused")
    func unlistedDay() async throws {
        let clinic = try await Clinic()
        var lines: [Clinic.Line] = []
        for number in 0..<8 {
            let start = clinic.at(number < 4 ? 1 : 5, 9 + Double(number))
            try await clinic.book("F\(number)", mrn: "M\(number)", start: start)
            if number < 3 { lines.append(.init(id: "F\(number)", start: start, mrn: "M\(number)")) }
        }
        try clinic.exportPM(lines)
        let run = try #require(try await clinic.reconcile(now: Date() + 400).first)
        #expect(run.run.counts.open == 1 && run.run.counts.withheldBecause == ["list-lacks-day": 4])
        let acts = try await clinic.pool.query(
            "SELECT code || ' ' || cause || ' ' || act FROM reconciliation.finding GROUP BY 1 ORDER BY 1"
        ).map { try $0.decode(String.self) }
        #expect(acts == ["missing-in-pm list-lacks-day wait", "missing-in-pm never-sent confirm-removal"])
    }

    @Test("A window that somebody asks for brings its findings up to date, and leaves counts and members as they were")
    func adHoc() async throws {
        let clinic = try await Clinic()
        for number in 1...4 {
            try await clinic.book("F\(number)", mrn: "M\(number)", start: clinic.at(number, 9))
        }
        let lines = (1...4).map { Clinic.Line(id: "F\($0)", start: clinic.at($0, 9), mrn: "M\($0)") }
        try clinic.exportPM(lines)
        let now = Date() + 400
        try await clinic.reconcile(now: now)
        let newest = { () async throws -> Agreement? in
            try await clinic.pool.transaction { try await Agreement.newest(Clinic.id, in: $0).first }
        }
        let usual = try #require(try await newest())
        #expect(usual.counts.groups == 4)
        try clinic.exportPM(Array(lines.dropLast()) + [.init(id: "F9", start: clinic.at(4, 11), mrn: "M9")])
        let day = clinic.today.adding(days: 4)
        let runs = try await clinic.reconciliation.run(
            practice: Clinic.id, from: day, to: day, now: now + 600, isAdHoc: true)
        #expect(runs.first?.run.counts.groups == 2)
        #expect(try await clinic.open().map(\.code).sorted() == ["missing-here", "missing-in-pm"])
        let after = try #require(try await newest())
        #expect(after.run == usual.run && after.hasMembers)
        try await AgreementTests.expectSums(clinic, usual.counts)
        try await clinic.reconcile(now: now + 900)
        #expect(try await newest()?.counts.groups == 5)
    }

    @Test(
        "A booking six weeks ahead that never came is found, unless the practice looks less far",
        arguments: [("", true), (", ahead: 41", false), (", ahead: 42", true)])
    func ahead(_ declared: String, isFound: Bool) async throws {
        let clinic = try await Clinic("ahead\(declared.count)\(declared.suffix(1))", reconcile: declared)
        try await clinic.book("F1", mrn: "M1", start: clinic.at(1, 9))
        try clinic.exportPM([
            .init(id: "F1", start: clinic.at(1, 9), mrn: "M1"), .init(id: "F2", start: clinic.at(42, 9), mrn: "M2"),
        ])
        let run = try #require(try await clinic.reconcile(now: Date() + 400).first)
        #expect(try await clinic.open().map(\.code) == (isFound ? ["missing-here"] : []))
        #expect(run.run.toDay == clinic.today.adding(days: declared == ", ahead: 41" ? 41 : 42))
    }

    @Test("Further than the PM's list goes nothing is compared where the practice does not say how far")
    func horizon() async throws {
        let clinic = try await Clinic()
        for number in 0..<4 {
            try await clinic.book("F\(number)", mrn: "M\(number)", start: clinic.at(30, 9 + Double(number)))
        }
        try await clinic.book("N1", mrn: "M9", start: clinic.at(1, 9))
        try clinic.exportPM([.init(id: "N1", start: clinic.at(1, 9), mrn: "M9")])
        let run = try #require(try await clinic.reconcile(now: Date() + 400).first)
        #expect(run.run.counts.groups == 1 && run.run.counts.withheld == 0)
        #expect(run.run.toDay == clinic.today.adding(days: 14))
        #expect(try await clinic.open() == [])
    }
}
