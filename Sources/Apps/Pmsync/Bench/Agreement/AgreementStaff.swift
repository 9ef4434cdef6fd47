import Foundation
import Postgres
import PracticeSimulator
import Queue
import Scheduling
import Synchronization
import Worker
import Workflow

/// What a practice's people do in the course of a season, and its midnight.
extension AgreementStage {
    /// What a practice goes live with, as `pmsync load appointments` loads it.
    func load(_ text: String, of practice: String) async throws {
        let path = "\(folder)/\(practice)-load.csv"
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        let plan = try LoadPlan(kind: .appointments, practice: practice, layout: nil, definition: definition)
        var file = try LoadFile(path)
        let asOf = Date(timeIntervalSince1970: try await clock.now().timeIntervalSince1970.rounded(.down))
        try file.read(
            definition: definition, practice: plan.practice, feed: plan.feed, layout: plan.layout, asOf: asOf)
        if !file.bad.isEmpty { throw AgreementError.badRows(file.bad.count) }
        let run = LoadRun(file: file, plan: plan, asOf: asOf, actor: "season", definition: definition)
        _ = try await run.carryOut(in: pool, waits: false) { _ in }
        try await settle()
    }

    /// The practices' midnight has passed: who is still expected did not come.
    func passMidnight(_ practices: [String]) async throws {
        let jobs = practices.map {
            NewJob(kind: SchedulingJobs.midnight, key: JobKey("midnight/\($0)", secret: secret), practice: $0)
        }
        try await pool.transaction { try await NewJob.enqueue(jobs, into: self.queue, in: $0) }
        try await settle()
    }

    /// The practice's own people see to what is parked.
    func obey(_ orders: [StaffOrder], of practice: String) async throws {
        for order in orders {
            switch order {
            case .map(let word): try await map(word, of: practice)
            case .letGo(let controlID): try await letGo(controlID)
            }
        }
        if !orders.isEmpty { try await settle() }
    }

    /// A row in the table of states, and the group that waits for it runs again.
    private func map(_ word: String, of practice: String) async throws {
        let changed = files.withLock { files in
            files["tables/status.csv", default: ""] += "\(word),booked,,,\(practice),,\n"
            return files
        }
        _ = try await DefinitionStore.apply(changed, by: "season", to: pool)
        let items = try await pool.query(
            Queries.items(of: word, tables: [TableName.status.rawValue], practice: practice)
        ).map { try $0.decode(UUID.self) }
        let replay = try await ReplayPlan(
            parkedIn: nil, code: ParkCode.unmappedStatus.rawValue, practice: practice, items: items, from: pool)
        await Doorbell.ringOnce(try await replay.carryOut(by: "season", in: pool), pool.configuration)
    }

    private func letGo(_ controlID: String) async throws {
        let row = try await owner.query(
            "SELECT b.id FROM queue.blocked b JOIN journal.entry e ON e.received_on = b.received_on AND e.id = b.entry_id WHERE e.control_id = \(controlID)"
        ).first
        guard let id = try row?.decode(Int64.self) else { return }
        let job = try await ListedJob.find(id, in: pool)
        try await Discarding(jobs: [job], reason: "nobody knows it", person: "season").carryOut(in: pool)
    }
}
