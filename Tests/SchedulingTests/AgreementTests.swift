import Foundation
import Journal
import Postgres
import Practice
import Queue
import Reconciliation
import TestSupport
import Testing
import Worker

@testable import Scheduling

/// What a run stores: that the database's own judgement is the comparison's, that counts add up and open to their
/// members, and what becomes of a finding from its first sighting to its end.
@Suite(.timeLimit(.minutes(3))) struct AgreementTests {
    /// What a run left: its findings and its members, in words.
    private struct Left: Equatable {
        let counts: Comparison.Counts
        let findings: [String]
        let members: [String]
    }

    private static func left(by run: SchedulingRun, _ clinic: Clinic) async throws -> Left {
        let findings = try await clinic.pool.query(
            """
            SELECT key || ' ' || code || ' ' || cause || ' ' || act FROM reconciliation.finding
            WHERE closed_at IS NULL ORDER BY 1
            """
        ).map { try $0.decode(String.self) }
        let members = try await clinic.pool.query(
            """
            SELECT concat_ws(' ', id, verdict, reasons::text, in_pm, here, in_app, day, location, provider, status)
            FROM reconciliation.member ORDER BY 1
            """
        ).map { try $0.decode(String.self) }
        return Left(counts: run.run.counts, findings: findings, members: members)
    }

    @Test(
        "What the database settles by itself is what the comparison says of all, and every count opens to its members",
        arguments: 1...3)
    func sieve(seed: UInt64) async throws {
        let clinic = try await Clinic("sieve\(seed)")
        var random = Seeded(seed: seed)
        var lines: [Clinic.Line] = []
        var held: [(line: Clinic.Line, record: UUID)] = []
        _ = try await clinic.addApp("app", list: "app.csv")
        for number in 0..<60 {
            let start = clinic.at(Int.random(in: -3...6, using: &random), 8 + Double(number % 20) / 2)
            let status: AppointmentStatus = [.booked, .booked, .arrived, .cancelled, .noshow].randomElement(
                using: &random)!
            let mrn = number % 11 == 0 ? nil : "M\(number)"
            let record = try await clinic.book(
                "F\(number)", mrn: mrn, start: start, provider: ["1001", "1002", "1003"][number % 3], status: status,
                location: ["MAIN", "MAIN/EXAM2", "ANNEX"][number % 3])
            var line = Clinic.Line(
                id: "F\(number)", start: start, mrn: mrn ?? "", status: status.rawValue.uppercased(),
                provider: ["1001", "1002", "1003"][number % 3], location: ["MAIN", "MAIN", "ANNEX"][number % 3])
            var shown = line
            switch Int.random(in: 0..<16, using: &random) {
            case 0: shown.start += 3600
            case 1: shown.status = "CANCELLED"
            case 2: shown.mrn = "M998"
            case 3: shown.provider = ""
            case 4: held.append((shown, record))
            default: break
            }
            if number % 13 != 5 { held.append((shown, record)) }
            switch Int.random(in: 0..<16, using: &random) {
            case 0: line.start += 3600
            case 1: line.start += 30
            case 2: line.status = "CANCELLED"
            case 3: line.provider = "1002"
            case 4: line.location = "ANNEX"
            case 5: line.mrn = "M999"
            case 6: continue
            case 7: lines.append(line)
            case 8: line.status = "WHO KNOWS"
            case 9: line.id = "X\(number)"
            default: break
            }
            lines.append(line)
        }
        try clinic.exportPM(lines)
        try clinic.exportApp(held, to: "app.csv")
        let now = Date() + 400
        let sifted = try await Self.left(by: try #require(try await clinic.reconcile(now: now).first), clinic)
        var thorough = clinic.reconciliation
        thorough.judgesAll = true
        let days = try await thorough.usualDays(of: Clinic.id, now: now)
        let runs = try await thorough.run(practice: Clinic.id, from: days.from, to: days.to, now: now)
        let judged = try await Self.left(by: try #require(runs.first), clinic)
        #expect(sifted == judged)
        #expect(sifted.counts.matched > 5 && sifted.counts.open > 5, "the world has both")
        try await Self.expectSums(clinic, sifted.counts)
    }

    /// Every count is the sum of its cells and the number of its members.
    static func expectSums(_ clinic: Clinic, _ counts: Comparison.Counts) async throws {
        try await clinic.pool.transaction { transaction in
            let agreement = try #require(try await Agreement.newest(Clinic.id, in: transaction).first)
            #expect(agreement.counts == counts && agreement.hasMembers)
            #expect(counts.groups == counts.matched + counts.explained + counts.open + counts.withheld)
            for axis in Agreement.Axis.allCases {
                let cells = try await agreement.cells(by: axis, in: transaction)
                #expect(cells.map(\.inPM).reduce(0, +) == counts.inPM)
                #expect(cells.map(\.here).reduce(0, +) == counts.here)
                #expect(cells.map(\.groups).reduce(0, +) == counts.groups)
                #expect(cells.map(\.open).reduce(0, +) == counts.open)
                #expect(cells.allSatisfy { $0.groups == $0.matched + $0.explained + $0.open + $0.withheld })
            }
            for (verdict, number) in [
                ("matched", counts.matched), ("explained", counts.explained), ("open", counts.open),
                ("withheld", counts.withheld),
            ] {
                let members = try await agreement.members(.init(verdict: verdict), limit: 1000, in: transaction)
                #expect(members.count == number, "\(verdict)")
                #expect(members.allSatisfy { $0.last4.count <= 4 && $0.initials.count <= 2 })
            }
            for (code, number) in counts.codes {
                let members = try await agreement.members(
                    .init(verdict: "open", reason: code), limit: 1000, in: transaction)
                // One that stands against both lists is two, of one member.
                #expect(members.count <= number && 2 * members.count >= number, "\(code)")
            }
            var paged: [UUID] = []
            var after: Agreement.Place?
            while case let page = try await agreement.members(after: after, limit: 7, in: transaction), !page.isEmpty {
                paged += page.map(\.id)
                after = page.last?.place
            }
            #expect(paged.count == counts.groups && Set(paged).count == counts.groups)
        }
    }

    @Test("What a feed did not say while the practice was closed withholds nothing", arguments: [false, true])
    func closed(isClosed: Bool) async throws {
        let clinic = try await Clinic("closed-\(isClosed)")
        let hours = OpeningHours.weekdays[clinic.today.adding(days: 3).weekday]
        try await clinic.apply([
            "practices/clinic.yaml": """
            practice: clinic
            zone: America/Chicago
            feeds: [{feed: clinic-pm, profile: standard, sender: CLINICPM}]
            reconcile: {pm: {csv: pm.csv}}
            \(isClosed ? "hours: {\(hours): \"08:00-17:00\"}" : "")
            """
        ])
        try clinic.exportPM([.init(id: "F1", start: clinic.at(1, 9), mrn: "M1")])
        try await clinic.pool.execute("UPDATE journal.entry SET received_at = received_at - interval '20 hours'")
        try await clinic.reconcile(now: Date() + 400)
        #expect(try await clinic.open() == [.init(.missingHere, isClosed ? .neverSent : .feedBehind)])
    }

    @Test("A finding's history tells its sighting, its change, its end, its return and what a person did")
    func history() async throws {
        let clinic = try await Clinic()
        let line = Clinic.Line(id: "F1", start: clinic.at(2, 9), mrn: "M1")
        let kept = Clinic.Line(id: "F2", start: clinic.at(2, 10), mrn: "M2")
        try await clinic.book("F2", mrn: "M2", start: kept.start)
        try clinic.exportPM([line, kept])
        let first = Date()
        try await clinic.reconcile(now: first)
        try await clinic.reconcile(now: first + 400)
        try await clinic.reconcile(now: first + 460)
        try clinic.exportPM([kept])
        try await clinic.reconcile(now: first + 500)
        try clinic.exportPM([line, kept])
        try await clinic.reconcile(now: first + 1000)
        let key = try #require(
            try await clinic.pool.query("SELECT key FROM reconciliation.finding").first?.decode(String.self))
        try await clinic.pool.execute(
            """
            INSERT INTO reconciliation.finding_act (practice_id, workflow, key, act, reason, actor, at)
            VALUES (\(Clinic.id), 'scheduling', \(key), 'accept', 'known', 'ann', \(first + 1100))
            """)
        let lines = try await clinic.pool.transaction {
            try await FindingHistory.read(Clinic.id, key: key, in: $0)
        }
        #expect(lines.map(\.what) == ["opened", "changed", "closed", "reopened", "accept"])
        #expect(lines.map(\.cause) == ["too-young", "never-sent", "never-sent", "never-sent", nil])
        #expect(lines.last?.actor == "ann" && lines.last?.reason == "known")
        #expect(try await clinic.count("SELECT times_seen::bigint FROM reconciliation.finding") == 4)
    }

    @Test(
        "A finding whose day has left the window lapses; one whose list could not be read, or whose day is ahead, does not"
    )
    func lapse() async throws {
        let clinic = try await Clinic()
        let now = Date() + 400
        let lost = Clinic.Line(id: "F1", start: clinic.at(0, 9), mrn: "M1")
        let ahead = Clinic.Line(id: "F2", start: clinic.at(9, 9), mrn: "M2")
        try clinic.exportPM([lost, ahead])
        try await clinic.reconcile(now: now)
        #expect(try await clinic.open().count == 2)
        // A look at next week alone ends neither.
        _ = try await clinic.reconciliation.run(
            practice: Clinic.id, from: clinic.today.adding(days: 5), to: clinic.today.adding(days: 6), now: now)
        #expect(try await clinic.open().count == 2)
        try FileManager.default.removeItem(atPath: clinic.folder + "/pm.csv")
        try await clinic.reconcile(now: now + 60)
        #expect(try await clinic.open().count == 2)
        try clinic.exportPM([ahead])
        try await clinic.reconcile(now: now + 2 * 86_400)
        let ended = try await clinic.pool.query(
            "SELECT coalesce(ended, 'open') FROM reconciliation.finding ORDER BY day"
        ).map { try $0.decode(String.self) }
        #expect(ended == ["lapsed", "open"])
        let events = try await clinic.count("SELECT count(*) FROM reconciliation.finding_event WHERE event = 'lapsed'")
        #expect(events == 1)
    }

    @Test("Places and patients are compared, and what the practice tolerates is counted under its rule")
    func tolerances() async throws {
        let strict = try await Clinic("strict")
        let lenient = try await Clinic(
            "lenient", reconcile: ", tolerances: {start-seconds: 600, ignore: [location, person]}")
        for clinic in [strict, lenient] {
            try await clinic.book("F1", mrn: "M1", start: clinic.at(1, 9), location: "MAIN/EXAM2")
            try await clinic.book("F2", mrn: "M2", start: clinic.at(1, 10))
            try await clinic.book("F3", mrn: "M3", start: clinic.at(1, 11))
            try await clinic.book("F4", mrn: "M4", start: clinic.at(1, 12), location: "MAIN/EXAM2")
            try await clinic.book("F5", mrn: "M5", start: clinic.at(1, 14), location: "ANNEX")
            try clinic.exportPM([
                .init(id: "F5", start: clinic.at(1, 14), mrn: "M5", location: "annex"),
                .init(id: "F1", start: clinic.at(1, 9), mrn: "M1", location: "ANNEX"),
                .init(id: "F2", start: clinic.at(1, 10), mrn: "M3"),
                .init(id: "F3", start: clinic.at(1, 11) + 300, mrn: "M3"),
                .init(id: "F4", start: clinic.at(1, 12), mrn: "M4", location: "Demo Family Practice"),
            ])
        }
        try await strict.reconcile(now: Date() + 400)
        #expect(try await strict.open().map(\.code) == ["location-differs", "person-differs", "time-differs"])
        let run = try #require(try await lenient.reconcile(now: Date() + 400).first)
        #expect(try await lenient.open().map(\.code) == ["time-differs"])
        #expect(run.run.counts.explanations["person-not-compared"] == 1)
        #expect(run.run.counts.explanations["location-not-compared"] == 1)
    }

    @Test(
        "One bad row of the PM's list is named and withholds what it is of; the others are compared; many refuse the list"
    )
    func badRows() async throws {
        let clinic = try await Clinic()
        var records: [UUID] = []
        for number in 0..<6 {
            records.append(
                try await clinic.book("F\(number)", mrn: "M\(number)", start: clinic.at(1, 9 + Double(number))))
        }
        let lines = (2..<6).map { Clinic.Line(id: "F\($0)", start: clinic.at(1, 9 + Double($0)), mrn: "M\($0)") }
        func export(_ bad: [String]) throws {
            try clinic.exportPM(lines)
            let path = clinic.folder + "/pm.csv"
            let text = try String(contentsOfFile: path, encoding: .utf8)
            try (text + bad.joined(separator: "\n") + "\n").writeExport(to: path)
        }
        try export(["F0,BOOKED,never,,M0,1001,"])
        let run = try #require(try await clinic.reconcile(now: Date() + 400).first)
        #expect(run.pmProblem == nil && run.pmUnread?.count == 1)
        #expect(run.pmUnread?.first.description == "csv-bad-time at line 6")
        #expect(run.run.counts.withheldBecause == ["list-row-unread": 1])
        #expect(
            try await clinic.open() == [
                .init(.missingInPM, .listRowUnread, records[0]), .init(.missingInPM, .neverSent, records[1]),
            ])
        #expect(
            try await clinic.count("SELECT count(*) FROM reconciliation.run WHERE sources->>'pmUnread' = '1'") == 1)

        // A row that names nobody may be any that is missing.
        try export(["F0,\"BOOKED\"x,never,,M0,1001,"])
        let unnamed = try #require(try await clinic.reconcile(now: Date() + 500).first)
        #expect(unnamed.run.counts.withheldBecause == ["list-row-unread": 2])

        try export((0..<4).map { "X\($0),BOOKED,never,,M0,1001," })
        let refused = try #require(try await clinic.reconcile(now: Date() + 600).first)
        #expect(refused.pmProblem?.description == "csv-bad-time at line 6" && refused.pmUnread == nil)
    }

    @Test("Twice in the PM's list is told apart: a number that no message named, and two that messages named as one")
    func duplicates() async throws {
        let clinic = try await Clinic()
        let one = try await clinic.book("F1", mrn: "M1", start: clinic.at(1, 9))
        let two = try await clinic.book("F2", mrn: "M2", start: clinic.at(1, 10), visit: "V2")
        try clinic.exportPM([
            .init(id: "F1", start: clinic.at(1, 9), mrn: "M1"), .init(id: "F77", start: clinic.at(1, 9), mrn: "M1"),
            .init(id: "F2", start: clinic.at(1, 10), mrn: "M2"), .init(id: "V2", start: clinic.at(1, 10), mrn: "M2"),
        ])
        try await clinic.reconcile(now: Date() + 400)
        #expect(
            Set(try await clinic.open()) == [
                .init(.duplicateInPM, .neverSent, one), .init(.duplicateInPM, .bothTold, two),
            ])
    }

    @Test("Several booking apps are compared each for itself, and a list that cannot be read is named, with since when")
    func apps() async throws {
        let clinic = try await Clinic()
        do {
            try await Self.compareApps(clinic)
        } catch {
            await clinic.reconciliation.close()
            throw error
        }
        await clinic.reconciliation.close()
    }

    private static func compareApps(_ clinic: Clinic) async throws {
        try await clinic.book("F1", mrn: "M1", start: clinic.at(1, 9))
        try clinic.exportPM([.init(id: "F1", start: clinic.at(1, 9), mrn: "M1")])
        _ = try await clinic.addApp("away", list: "http://127.0.0.1:9/fhir")
        _ = try await clinic.addApp("file", list: "app.csv")
        try "appointment_id,status,start,mrn\nzz,BOOKED,2026-01-01 09:00,M9\n"
            .writeExport(to: clinic.folder + "/app.csv")
        let first = Date() + 400
        try await clinic.reconcile(now: first)
        try await clinic.reconcile(now: first + 60)
        let agreements = try await clinic.pool.transaction { try await Agreement.newest(Clinic.id, in: $0) }
        #expect(agreements.map(\.clientName) == ["away", "file"])
        #expect(agreements[0].counts.open == 0)
        #expect(agreements[1].counts.codes == ["missing-in-app": 1], "\(agreements[1].counts)")
        let since = try await clinic.pool.query(
            """
            SELECT sources->>'appProblem', (sources->>'appProblemSince')::timestamptz FROM reconciliation.run
            WHERE sources ? 'appProblem' ORDER BY ended_at DESC LIMIT 1
            """
        ).first?.decode((String, Date).self)
        #expect(since?.0.isEmpty == false && abs((since?.1 ?? .distantPast).timeIntervalSince(first)) < 2)
    }
}

/// SplitMix64: the same numbers for the same seed everywhere.
private struct Seeded: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
