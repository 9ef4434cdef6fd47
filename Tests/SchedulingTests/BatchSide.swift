import Foundation
import HL7
import Hosting
import Journal
import Postgres
import Practice
import Records
import TestSupport
import Testing
import Worker
import Workflow

@testable import Queue
@testable import Scheduling

/// Two practices of one enterprise on a database of their own, and scheduling's work on it, batch by batch.
final class BatchSide: Sendable {
    let database: TestDatabase
    let owner: Pool
    /// As the worker's batches are written.
    let writing: Pool
    let jobs: SchedulingJobs
    let definition: Definition
    /// Scheduling's.
    let queue: Int16
    private let worker: Worker

    init(_ test: String = #function, roomFor: Int = 2) async throws {
        database = try await TestDatabase.make(test)
        owner = try database.pool()
        let files = try Self.files(roomFor: roomFor)
        definition = try Definition(files: files)
        _ = try await DefinitionStore.apply(files, by: "test", to: owner)
        let program = Program(
            name: "scheduling", settings: try Settings(environment: ["PMSYNC_DATABASE_URL": database.url]),
            output: { _ in }, handlesSignals: false)
        worker = try await Worker(program, role: "pmsync_scheduling")
        jobs = try await SchedulingJobs(worker)
        queue = try await QueueName.find(SchedulingJobs.queue, from: owner).id
        writing = Crew.byKey(try database.configuration(role: "pmsync_scheduling"))
    }

    private static func files(roomFor: Int) throws -> [String: String] {
        var files = try Definition.files(inFolder: Shipped.workflows)
        files["profiles/house.yaml"] = """
            profile: house
            interim-wait-list: true
            person-key: [PID-4.1, PID-3.1]
            identifiers:
              - {path: SCH-2, kind: filler, authority: h, trust: 90}
              - {path: SCH-1, kind: placer, authority: h, trust: 80}
              - {path: PV1-19, kind: visit, authority: h, trust: 40}
            person-identifiers:
              - {path: "PID-4[1]", kind: person, authority: h, trust: 90}
              - {path: PID-3, kind: mrn, authority: h, trust: 80}
            unmapped: {events: park}
            """
        for practice in ["left", "right"] {
            files["practices/\(practice).yaml"] = """
                practice: \(practice)
                enterprise: house
                zone: America/Chicago
                feeds: [{feed: \(practice)-pm, profile: house, sender: \(practice.uppercased())PM}]
                """
        }
        files["tables/events.csv", default: ""] += "VIS,Visit,OFFICE,,,\nPHX,Physical,WELLNESS,,,\n"
        files["tables/resources.csv", default: ""] += "ROOM-2,location,Room two,,,\(roomFor),,,\n"
        return files
    }

    // MARK: Running

    /// What became of a program's jobs.
    struct Ending {
        /// Sections of lines, in one order whatever ids records have.
        var lines: [String] = []
        /// How appointments stood before a person decided anything.
        var standing: [String] = []
    }

    /// Runs the program's jobs in batches; then a person answers what is ambiguous, and what waited goes on.
    func run(_ program: BatchProgram, size: Int) async throws -> Ending {
        try await clear()
        let entries = try await record(program.inputs)
        let first = entries.first?.number ?? 0
        let made = try program.order.enumerated().map { place, index in
            (id: Int64(place + 1), job: try job(program.inputs[index], entries[index]))
        }
        var waiting = try await make(made, isTriedAgain: false)
        var ending = Ending()
        var held: Set<LaneKey> = []
        var failed: [(job: Job, setback: Setback)] = []
        for round in 0..<3 {
            var aside: [Job] = []
            while !waiting.isEmpty {
                let batch = JobBatch(jobs: Array(waiting.prefix(size)), held: held, retry: .local)
                let result = try await commit(batch)
                let dealt = Set((result.finished + result.aside + result.failed.map(\.job)).map(\.id))
                if dealt.isEmpty { throw Stuck() }
                waiting.removeAll { dealt.contains($0.id) }
                for (job, setback) in result.failed where setback.failure.holdsKey { held.insert(LaneKey(job)) }
                failed += result.failed
                aside += result.aside
            }
            ending.lines += failed.map {
                "round \(round) parked \($0.job.id) \($0.setback.failure.code) \($0.setback.failure.holdsKey)"
            }
            ending.lines += aside.map { "round \(round) aside \($0.id)" }.sorted()
            if round == 0 { ending.standing = try await standing(first) }
            let asked = failed.filter { $0.setback.failure.code == Deciding.code }
            if asked.isEmpty { break }
            failed.removeAll { $0.setback.failure.code == Deciding.code }
            for (job, setback) in asked { try await decide(job, setback) }
            held = Set(failed.filter(\.setback.failure.holdsKey).map { LaneKey($0.job) })
            let again = Set(asked.map(\.job.id))
            waiting = try await make(made.filter { again.contains($0.id) }, isTriedAgain: true)
            waiting += aside.sorted { $0.id < $1.id }
        }
        ending.lines += try await BatchRecord.lines(owner, first)
        return ending
    }

    struct Stuck: Error {}

    /// - Parameter before: runs when all is written, and the commit waits for it.
    @discardableResult
    func commit(
        _ batch: JobBatch, before: @Sendable () async throws -> Void = {}
    ) async throws -> BatchResult {
        try await writing.transaction { transaction in
            let result = try await self.jobs.batch(batch, transaction)
            _ = try await transaction.query("SELECT 1")
            try await before()
            for (job, setback) in result.failed {
                try await SchedulingJobs.note(job, setback.failure, transaction)
            }
            return result
        }
    }

    func record(_ inputs: [BatchProgram.Input]) async throws -> [EntryID] {
        let arrivals = inputs.map { input in
            Arrival(
                feed: input.isLoaded ? LoadEntry.feedName : "\(input.practice)-pm", practice: input.practice,
                peer: "test", controlID: UUID().uuidString, messageType: input.isLoaded ? "CSV^appointment" : "SIU^S12",
                payload: input.bytes)
        }
        return try await owner.transaction { try await Arrival.record(arrivals, in: $0).map(\.id) }
    }

    func job(_ input: BatchProgram.Input, _ entry: EntryID) throws -> NewJob {
        if input.isLoaded {
            let loaded = LoadJob.again(
                payload: input.bytes, practice: input.practice, entry: (entry.day, entry.number),
                definition: definition, secret: worker.secret)
            if let loaded { return loaded }
        }
        let key =
            (try? Message(input.bytes)).map { definition.route($0, port: nil, feedName: nil).keyMaterial }
            ?? "feed/\(input.practice)"
        return NewJob(
            kind: input.isLoaded ? LoadJob.kind : SchedulingJobs.message, key: JobKey(key, secret: worker.secret),
            practice: input.practice, day: entry.day, entry: entry.number)
    }

    /// The jobs as a worker has fetched them.
    func make(_ jobs: [(id: Int64, job: NewJob)], isTriedAgain: Bool) async throws -> [Job] {
        if jobs.isEmpty { return [] }
        let tail: SQL = """
            FROM unnest(\(jobs.map(\.id)), \(jobs.map(\.job.kind)), \(jobs.map(\.job.key.bytes)),
                \(jobs.map(\.job.practice)), \(jobs.map(\.job.day)), \(jobs.map(\.job.entry)))
                AS j (id, kind, key, practice, day, entry)
            ORDER BY j.id
            """
        if isTriedAgain {
            return try await owner.query(
                """
                SELECT 1::smallint, 0::smallint, j.id, j.kind, 0::smallint, clock_timestamp(), j.key, j.practice, j.day,
                    j.entry, '{}' \(fragment: tail)
                """
            ).map(Job.init(due:))
        }
        return try await owner.query(
            """
            SELECT true, 1::smallint, 0::smallint, j.id, j.kind, 0::smallint, clock_timestamp(), j.key, j.practice, j.day,
                j.entry, '{}' \(fragment: tail)
            """
        ).compactMap(Job.init(waiting:))
    }

    /// One of the candidates or a new one, whichever it is by the message's number: the same for the same program.
    private func decide(_ job: Job, _ setback: Setback) async throws {
        let candidates = setback.failure.detail.split(separator: " ").compactMap { UUID(uuidString: String($0)) }
        let ranked = try await owner.query(
            """
            SELECT a.id FROM records.appointment a
            WHERE a.id = ANY (\(candidates))
            ORDER BY (SELECT min(e.entry_id) FROM records.appointment_event e WHERE e.appointment_id = a.id),
                (SELECT min(l.kind || l.value) FROM records.appointment_alias l WHERE l.appointment_id = a.id)
            """
        ).map { try $0.decode(UUID.self) }
        let place = Int(job.id) % (ranked.count + 1)
        let chosen = place < ranked.count ? ranked[place] : nil
        try await owner.execute(
            """
            INSERT INTO records.decision (practice_id, received_on, entry_id, candidates, appointment_id, actor, reason)
            VALUES (\(job.practice), \(job.day), \(job.entry), \(candidates), \(chosen), 'test', 'test')
            """)
    }

    private func clear() async throws {
        try await owner.withSession { session in
            try await session.script(
                """
                DELETE FROM records.occupancy; DELETE FROM records.slot; DELETE FROM records.block_stretch;
                DELETE FROM records.block_name; DELETE FROM records.block; DELETE FROM records.appointment_resource;
                DELETE FROM records.appointment_alias; DELETE FROM records.appointment_event;
                DELETE FROM records.appointment_version; DELETE FROM records.taken_back;
                DELETE FROM records.retracted_event; DELETE FROM records.decision; DELETE FROM records.appointment;
                DELETE FROM records.resource; DELETE FROM records.change; DELETE FROM records.person_alias;
                DELETE FROM records.person; DELETE FROM journal.outcome; DELETE FROM queue.job;
                DELETE FROM workflow.unmapped; UPDATE records.practice SET last_change = 0;
                """)
        }
    }

    /// How each appointment stands, in the words that a record in memory has too.
    private func standing(_ first: Int64) async throws -> [String] {
        try await owner.query(
            """
            SELECT concat_ws(' ', a.practice_id, a.version, a.status,
                coalesce(extract(epoch FROM a.start_at)::bigint::text, '-'),
                (SELECT string_agg(l.kind || '/' || l.value, ',' ORDER BY (l.kind || '/' || l.value) COLLATE "C")
                 FROM records.appointment_alias l WHERE l.practice_id = a.practice_id AND l.appointment_id = a.id),
                (SELECT string_agg((e.entry_id - \(first)) || (e.facts->>'kind'), ','
                    ORDER BY ((e.entry_id - \(first)) || (e.facts->>'kind')) COLLATE "C")
                 FROM records.appointment_event e WHERE e.practice_id = a.practice_id AND e.appointment_id = a.id))
            FROM records.appointment a
            """
        ).map { try $0.decode(String.self) }.sorted()
    }

    /// The same program on a record in memory, in the words of `standing`; jobs whose key a parked one holds are left out.
    func trial(_ program: BatchProgram) throws -> [String] {
        var trial = SchedulingTrial(definition: definition)
        var held: Set<JobKey> = []
        for index in program.order {
            let input = program.inputs[index]
            let entry = Int64(index + 1)
            let key = try job(
                input, EntryID(day: CalendarDay(daysSince2000: 9000), number: entry)
            ).key
            if held.contains(key) { continue }
            let outcome = trial.receive(
                input.bytes, kind: input.isLoaded ? LoadJob.kind : SchedulingJobs.message,
                feed: input.isLoaded ? LoadEntry.feedName : "\(input.practice)-pm", practice: input.practice,
                receivedAt: Date(), entry: entry)
            if case .parked(let park) = outcome, park.holdsKey { held.insert(key) }
        }
        return trial.appointments.values.map { record in
            let start = record.state.start.map { "\(Int64($0.timeIntervalSince1970))" } ?? "-"
            var words = [record.practice, "\(record.version)", record.state.status.rawValue, start]
            let names = record.identifiers.keys.map { "\($0.kind.rawValue)/\($0.value)" }.sorted()
            let events = record.history.events.map { "\($0.entry - 1)\($0.kind.rawValue)" }.sorted()
            if !names.isEmpty { words.append(names.joined(separator: ",")) }
            if !events.isEmpty { words.append(events.joined(separator: ",")) }
            return words.joined(separator: " ")
        }.sorted()
    }
}

/// What is on record, as lines that are the same for the same record whatever the ids.
private enum BatchRecord {
    static func lines(_ pool: Pool, _ first: Int64) async throws -> [String] {
        var lines: [String] = []
        for (name, sql, isOrdered) in sections(first) {
            let found = try await pool.query("\(fragment: labels(first)) \(fragment: sql)").map {
                "\(name) \(try $0.decode(String.self))"
            }
            lines += isOrdered ? found : found.sorted()
        }
        return lines
    }

    /// Persons by their identifiers; appointments by person, names and what was said of them.
    private static func labels(_ first: Int64) -> SQL {
        """
        WITH who AS (
            SELECT person_id AS id, string_agg(kind || '/' || value, ',' ORDER BY kind, value) AS label
            FROM records.person_alias GROUP BY 1
        ), visit AS (
            SELECT a.practice_id, a.id, concat_ws(' ', '{', a.practice_id, w.label,
                (SELECT string_agg(l.kind || '/' || l.value, ',' ORDER BY l.kind, l.value)
                 FROM records.appointment_alias l WHERE l.appointment_id = a.id),
                (SELECT string_agg((e.entry_id - \(first)) || (e.facts->>'kind'), ',' ORDER BY e.event_at, e.entry_id)
                 FROM records.appointment_event e WHERE e.appointment_id = a.id), '}') AS label
            FROM records.appointment a LEFT JOIN who w ON w.id = a.person_id
        )
        """
    }

    private static func sections(_ first: Int64) -> [(String, SQL, isOrdered: Bool)] {
        [
            (
                "appointment",
                """
                SELECT concat_ws('|', v.label, a.version, a.status, a.source_status, a.start_at, a.end_at, a.enterprise_id,
                    a.type_code, a.type_text, a.category_code, a.category_text, a.reason_text, a.cancel_reason, a.overbooked,
                    r.label, a.flags, a.event_at, a.received_on, a.entry_id - \(first), a.definition)
                FROM records.appointment a JOIN visit v USING (practice_id, id) LEFT JOIN visit r ON r.id = a.replaces
                """, false
            ),
            (
                "version",
                """
                SELECT concat_ws('|', v.label, s.version, s.event_at, s.received_on, s.entry_id - \(first),
                    s.state - 'id' - 'person' - 'replaces' - 'flags',
                    (SELECT string_agg(f, ',' ORDER BY f) FROM jsonb_array_elements_text(s.state->'flags') f), w.label)
                FROM records.appointment_version s JOIN visit v ON v.id = s.appointment_id
                LEFT JOIN who w ON w.id::text = lower(s.state->>'person')
                """, false
            ),
            (
                "event",
                """
                SELECT concat_ws('|', v.label, e.event_at, e.received_on, e.entry_id - \(first),
                    e.facts - 'person' - 'replaces' - 'decision' - 'entry' - 'flags',
                    (SELECT string_agg(f, ',' ORDER BY f) FROM jsonb_array_elements_text(e.facts->'flags') f), w.label)
                FROM records.appointment_event e JOIN visit v ON v.id = e.appointment_id
                LEFT JOIN who w ON w.id::text = lower(e.facts->>'person')
                """, false
            ),
            (
                "name",
                """
                SELECT concat_ws('|', v.label, l.kind, l.authority, l.value, l.trust)
                FROM records.appointment_alias l JOIN visit v ON v.id = l.appointment_id
                """, false
            ),
            (
                "resource of",
                """
                SELECT concat_ws('|', v.label, r.kind, r.code, a.start_at, a.end_at, a.name, a.npi)
                FROM records.appointment_resource a JOIN visit v ON v.id = a.appointment_id
                JOIN records.resource r ON r.id = a.resource_id
                """, false
            ),
            (
                "person",
                """
                SELECT concat_ws('|', w.label, p.enterprise_id, p.provisional, p.family, p.given, p.birth_date, p.sex,
                    p.phone, p.email)
                FROM records.person p LEFT JOIN who w USING (id)
                """, false
            ),
            (
                "identifier",
                """
                SELECT concat_ws('|', w.label, l.kind, l.authority, l.value, l.trust)
                FROM records.person_alias l JOIN who w ON w.id = l.person_id
                """, false
            ),
            (
                "decision",
                """
                SELECT concat_ws('|', d.entry_id - \(first), v.label, b.label, d.applied_at IS NULL)
                FROM records.decision d LEFT JOIN visit v ON v.id = d.appointment_id LEFT JOIN visit b ON b.id = d.became
                """, false
            ),
            (
                "block",
                """
                SELECT concat_ws('|', b.practice_id, b.event_at, b.entry_id - \(first),
                    (SELECT string_agg(n.kind || '/' || n.value, ',' ORDER BY n.kind, n.value)
                     FROM records.block_name n WHERE n.block_id = b.id),
                    (SELECT string_agg(r.kind || '/' || r.code || s.during, ',' ORDER BY r.code, s.during)
                     FROM records.block_stretch s JOIN records.resource r ON r.id = s.resource_id WHERE s.block_id = b.id))
                FROM records.block b
                """, false
            ),
            (
                "resource",
                "SELECT concat_ws('|', practice_id, kind, code, name, npi, capacity, counted) FROM records.resource",
                false
            ),
            (
                "occupancy",
                """
                SELECT concat_ws('|', r.practice_id, r.kind, r.code, o.during, v.label)
                FROM records.occupancy o JOIN records.resource r ON r.id = o.resource_id
                LEFT JOIN visit v ON v.id = o.appointment_id
                """, false
            ),
            (
                "shared beside nobody who excludes",
                """
                SELECT concat_ws('|', r.practice_id, r.code, o.during)
                FROM records.occupancy o JOIN records.resource r ON r.id = o.resource_id
                WHERE NOT o.exclusive AND r.capacity = 1 AND NOT EXISTS (
                    SELECT FROM records.occupancy e
                    WHERE e.resource_id = o.resource_id AND e.exclusive AND e.during && o.during)
                """, false
            ),
            (
                "slot",
                """
                SELECT concat_ws('|', s.practice_id, r.kind, r.code, s.during, s.status, s.said_at)
                FROM records.slot s JOIN records.resource r ON r.id = s.resource_id
                """, false
            ),
            (
                "change",
                """
                SELECT concat_ws('|', c.practice_id, c.number, c.type, c.record_kind, c.tell, c.entry_id - \(first),
                    coalesce(v.label || c.version,
                        (SELECT r.code || s.during FROM records.slot s JOIN records.resource r ON r.id = s.resource_id
                         WHERE s.id = c.record_id)))
                FROM records.change c LEFT JOIN visit v ON v.id = c.record_id
                ORDER BY c.practice_id, c.number
                """, true
            ),
            (
                "outcome",
                "SELECT concat_ws('|', entry_id - \(first), workflow, code) FROM journal.outcome", false
            ),
            ("unmapped", "SELECT concat_ws('|', practice_id, table_name, code) FROM workflow.unmapped", false),
        ]
    }
}
