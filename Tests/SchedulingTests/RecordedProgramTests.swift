import Foundation
import Postgres
import Practice
import Queue
import Testing
import Worker

@testable import Scheduling

/// The programs of `ProgramTests` through journal, queue and worker, on PostgreSQL: the record is the PM's book there too.
@Suite struct RecordedProgramTests {
    @Test func throughTheWorkerTheRecordIsThePMsBookWhereAPersonDecidesWhatParks() async throws {
        try await Desk.open { desk in
            var programs: [String: Deeds] = [:]
            var sent: [Int64: (program: String, visit: Int)] = [:]
            for seed in 0..<24 {
                let habits = Deeds.Habits(
                    naming: [.always, .never, .sometimes][seed % 3], isReordered: seed % 3 == 0, isDoubled: true)
                programs["p\(seed)-"] = Deeds(seed: seed, habits)
            }
            programs["o-"] = .overtakenMove
            for (name, program) in programs.sorted(by: { $0.key < $1.key }) {
                for act in program.arrivals {
                    let entry = try await desk.send(
                        Deeds.bytes(act, of: name), key: "person/demo/\(name)\(act.person)")
                    sent[entry] = (name, act.visit)
                }
            }
            try await desk.settled()
            var decisions = 0
            while let job = try await desk.parked().first {
                let entry = try #require(job.entry)
                let meant = try #require(sent[entry])
                #expect(job.code == Deciding.code)
                let record = try await Self.records(desk, sent).first { $0.value.contains { $0 == meant } }?.key
                let question = try #require(
                    try await desk.clinic.pool.transaction { try await Deciding.question(of: job.id, in: $0) })
                let choice = record.flatMap { question.candidates.contains($0) ? $0 : nil }
                _ = try await desk.decide(job.id, choice.map(Deciding.Choice.appointment) ?? .new)
                decisions += 1
                try await desk.settled()
            }
            #expect(decisions > 0, "no program asked anything")
            try await compare(desk, programs, sent)
        }
    }

    /// Each record with whose messages it is made of.
    private static func records(
        _ desk: Desk, _ sent: [Int64: (program: String, visit: Int)]
    ) async throws -> [UUID: [(program: String, visit: Int)]] {
        var records: [UUID: [(program: String, visit: Int)]] = [:]
        for row in try await desk.clinic.pool.query(
            """
            SELECT appointment_id, entry_id FROM records.appointment_event WHERE facts->>'kind' <> 'retracted'
            ORDER BY entry_id
            """)
        {
            let (id, entry) = try row.decode((UUID, Int64).self)
            if let visit = sent[entry] { records[id, default: []].append(visit) }
        }
        return records
    }

    private func compare(
        _ desk: Desk, _ programs: [String: Deeds], _ sent: [Int64: (program: String, visit: Int)]
    ) async throws {
        var seen: [String: [Int: Deeds.Visit]] = [:]
        let visits = try await Self.records(desk, sent)
        for row in try await desk.clinic.pool.query("SELECT id, status, start_at FROM records.appointment") {
            let (id, status, start) = try row.decode((UUID, String, Date?).self)
            let all = visits[id] ?? []
            guard let first = all.first else {
                // There never was one: its messages are another's.
                #expect(status == AppointmentStatus.enteredInError.rawValue)
                continue
            }
            #expect(all.allSatisfy { $0 == first }, "one entry of several visits: \(all)")
            #expect(seen[first.program]?[first.visit] == nil, "a second entry of \(first)")
            let person = programs[first.program]?.arrivals.first { $0.visit == first.visit }?.person ?? 0
            seen[first.program, default: [:]][first.visit] = Deeds.Visit(
                person: person,
                start: start.map { Int($0.timeIntervalSince(Deeds.instant(0)) / 1800) } ?? -1,
                status: try #require(AppointmentStatus(rawValue: status)))
        }
        for (name, program) in programs {
            #expect(seen[name] ?? [:] == program.book, "\(name):\n\(program)")
        }
    }
}
