import Foundation
import Journal
import Postgres
import Practice
import Queue
import Reconciliation
import Records
import Synchronization
import TestSupport
import Testing
import Worker
import Workflow

@testable import Scheduling

/// A practice of a test's own: definitions, records, a PM's list as a file, and booking apps.
final class Clinic: Sendable {
    static let id = "clinic"
    static let mrns = "PM"

    let database: TestDatabase
    let pool: Pool
    let reconciliation: SchedulingReconciliation
    let time: PracticeTime
    let today: Day
    let folder: String
    private let entries = Mutex<Int64>(1000)

    /// `reconcile`: more of the practice's section of that name.
    init(_ test: String = #function, reconcile: String = "") async throws {
        let time = try #require(PracticeTime(zoneNamed: "America/Chicago"))
        self.time = time
        today = time.day(of: Date())
        folder = FileManager.default.temporaryDirectory.appending(path: "pmsync-clinic-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        database = try await TestDatabase.make(test)
        pool = try database.pool()
        var files = try Definition.files(inFolder: Shipped.workflows)
        files["practices/clinic.yaml"] = """
            practice: clinic
            zone: America/Chicago
            feeds: [{feed: clinic-pm, profile: standard, sender: CLINICPM}]
            reconcile: {pm: {csv: pm.csv}\(reconcile)}
            """
        _ = try await DefinitionStore.apply(files, by: "test", to: pool)
        // The least that a worker may do.
        let own = try database.pool(role: "pmsync_scheduling")
        reconciliation = SchedulingReconciliation(
            pool: own, definitions: DefinitionStore(pool: own), folder: folder)
        _ = try await hear("MSH|^~\\&|CLINICPM||||20260101||ACK|1|P|2.3\r", type: "ACK")
    }

    /// More definitions, beside those that are in force.
    func apply(_ more: [String: String]) async throws {
        var files = try Definition.files(inFolder: Shipped.workflows)
        files.merge(more) { $1 }
        _ = try await DefinitionStore.apply(files, by: "test", to: pool)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    /// So many days from today, at so many hours of the practice's clock.
    func at(_ days: Int, _ hour: Double) -> Date {
        time.instant(of: today.adding(days: days), hour: hour)
    }

    func nextEntry() -> Int64 {
        entries.withLock { last in
            last += 1
            return last
        }
    }

    /// A message in the journal that nothing else was done about.
    func hear(_ text: String, type: String = "SIU^S12") async throws -> EntryID {
        let arrival = Arrival(
            feed: "clinic-pm", practice: Self.id, peer: "test", controlID: UUID().uuidString, messageType: type,
            payload: Array(text.utf8))
        let recorded = try await pool.transaction { try await Arrival.record([arrival], in: $0) }
        return try #require(recorded.first).id
    }

    /// An appointment on record for an hour, as messages would have left it.
    @discardableResult
    func book(
        _ filler: String?, mrn: String?, start: Date, provider: String? = "1001", status: AppointmentStatus = .booked,
        visit: String? = nil, location: String? = nil, overbooked: Bool = false
    ) async throws -> UUID {
        let id = UUID()
        let entry = nextEntry()
        var event = AppointmentEvent(kind: .booked, at: start, entry: entry)
        (event.start, event.end) = (start, start + 1200)
        event.resources = provider.map { [ResourceUse(kind: .practitioner, code: $0)] } ?? []
        event.resources += location.map { [ResourceUse(kind: .location, code: $0)] } ?? []
        var state = Appointment(id: id, status: status, eventAt: start)
        (state.start, state.end, state.resources) = (event.start, event.end, event.resources)
        (state.overbooked, event.overbooked) = (overbooked, overbooked)
        var person = ParsedPerson(
            aliases: [
                Alias(Identifier(.local, authority: Self.mrns, value: UUID().uuidString), trust: 50),
                mrn.map { Alias(Identifier(.mrn, authority: Self.mrns, value: $0), trust: 80) },
            ].compactMap { $0 })
        (person.family, person.given) = ("Zztest", "Ann")
        var names: [Alias] = []
        if let filler { names.append(Alias(Identifier(.filler, authority: "", value: filler), trust: 90)) }
        if let visit { names.append(Alias(Identifier(.visit, authority: "", value: visit), trust: 40)) }
        let source = AppointmentSlice.Source(
            practice: Self.id, enterprise: Self.id, day: try #require(CalendarDay(today)), entry: entry,
            definition: nil)
        let keys = person.aliases.map { PersonSlice.Key(Self.id, $0.identifier) }
        try await pool.transaction { [person, names, event, state] transaction in
            var slice = SchedulingSlice()
            _ = try await PersonSlice.lock(keys, in: transaction)
            try slice.persons.put(try await transaction.query(PersonSlice.loading(keys)))
            let row = slice.persons.find(person, in: Self.id) ?? UUID()
            slice.persons.see(person, as: row, in: Self.id)
            var event = event
            (event.person, event.status) = (slice.persons.survivor(of: row), state.status)
            _ = slice.appointments.add(event, names, to: id, source)
            for part in WriteOrder.allCases { try await slice.save(part, in: transaction) }
        }
        try await age(id)
        return id
    }

    /// As if the record had stood like this for an hour.
    func age(_ record: UUID) async throws {
        try await pool.execute(
            """
            UPDATE records.appointment SET changed_at = clock_timestamp() - interval '1 hour'
            WHERE practice_id = \(Self.id) AND id = \(record)
            """)
    }

    /// One line of the PM's list.
    struct Line {
        var id: String
        var start: Date
        var mrn = ""
        var status = "BOOKED"
        var provider = "1001"
        var location = ""
    }

    /// `bad`: rows that cannot be read.
    func exportPM(_ lines: [Line], bad: [String] = []) throws {
        let rows = lines.map { line in
            "\(line.id),\(line.status),\(time.wall(at: line.start)),\(time.wall(at: line.start + 1200)),\(line.mrn),"
                + "\(line.provider),\(line.location)"
        }
        let text =
            (["appointment_id,status,start,end,mrn,provider,location"] + rows + bad).joined(separator: "\n") + "\n"
        try text.writeExport(to: folder + "/pm.csv")
    }

    // MARK: Booking apps

    /// A booking app's list, in the PM's layout with a column of our ids.
    func exportApp(_ lines: [(line: Line, record: UUID)], to file: String) throws {
        let rows = lines.map { line, record in
            "\(line.id),\(line.status),\(time.wall(at: line.start)),\(time.wall(at: line.start + 1200)),\(line.mrn),"
                + "\(line.provider),\(line.location),\(record)"
        }
        let text = (["appointment_id,status,start,end,mrn,provider,location,pmsync_id"] + rows).joined(separator: "\n")
        try (text + "\n").writeExport(to: folder + "/" + file)
    }

    struct App {
        let client: UUID
        let subscription: UUID
        let queue: Int16
        let queueName: String
    }

    func addApp(_ name: String, list: String?) async throws -> App {
        let queueName = "webhook:\(UUID().uuidString.lowercased())"
        let queue = try await pool.transaction {
            try await QueueName.make(queueName, lanes: 8, practice: Self.id, in: $0)
        }
        let (client, subscription) = (UUID(), UUID())
        try await pool.execute(
            """
            INSERT INTO api.client (practice_id, id, name, key_hash, list, list_key)
            VALUES (\(Self.id), \(client), \(name), \(Array(name.utf8)), \(list), 'list-key')
            """)
        try await pool.execute(
            """
            INSERT INTO api.subscription (practice_id, id, client_id, url, secret, queue)
            VALUES (\(Self.id), \(subscription), \(client), 'https://app.example/hook',
                \([UInt8](repeating: 1, count: 32)), \(queue))
            """)
        return App(client: client, subscription: subscription, queue: queue, queueName: queueName)
    }

    /// What became of the notice of a record's first version.
    func tell(
        _ app: App, of record: UUID, _ state: String, attempts: Int32 = 1, status: Int32? = nil
    ) async throws {
        let number = nextEntry()
        try await pool.execute(
            """
            INSERT INTO api.delivery (practice_id, subscription_id, event_number, id, type, record_kind, record_id, version,
                state, attempts, status, created_at, ended_at)
            VALUES (\(Self.id), \(app.subscription), \(number), \(UUID()), 'appointment.booked', 'appointment', \(record),
                1, \(state), \(attempts), \(status), clock_timestamp() - interval '50 minutes',
                CASE WHEN \(state) <> 'pending' THEN clock_timestamp() - interval '50 minutes' END)
            """)
        guard state == "pending", attempts > 0 else { return }
        let payload = #"{"subscription":"\#(app.subscription.uuidString.lowercased())","event":\#(number)}"#
        try await block(queue: app.queue, kind: "notice", code: "refused", payload: payload)
    }

    /// A job that waits for a person.
    func block(
        queue: Int16, kind: String, code: String, entry: EntryID? = nil, payload: String = "{}"
    ) async throws {
        try await pool.execute(
            """
            INSERT INTO queue.blocked (queue, lane, id, kind, state, attempts, enqueued_at, key, holds_key, code, stage,
                detail, practice_id, received_on, entry_id, payload)
            VALUES (\(queue), 0, nextval('queue.job_id'), \(kind), 'parked', 1, clock_timestamp(),
                \([UInt8](repeating: 7, count: 16)), false, \(code), 'read', '', \(Self.id), \(entry?.day),
                \(entry?.number), \(payload)::text::jsonb)
            """)
    }

    // MARK: Results

    struct Found: Hashable, CustomStringConvertible {
        let code: String
        let cause: String
        let record: UUID?
        let client: UUID?

        init(_ code: FindingCode, _ cause: Cause, _ record: UUID? = nil, client: UUID? = nil) {
            self.init(code.rawValue, cause.rawValue, record, client)
        }

        init(_ code: String, _ cause: String, _ record: UUID?, _ client: UUID?) {
            (self.code, self.cause, self.record, self.client) = (code, cause, record, client)
        }

        var description: String { "\(code) \(cause)" }
    }

    /// Compares yesterday to a fortnight ahead.
    @discardableResult
    func reconcile(now: Date = Date()) async throws -> [SchedulingRun] {
        let days = try await reconciliation.usualDays(of: Self.id, now: now)
        return try await reconciliation.run(practice: Self.id, from: days.from, to: days.to, now: now)
    }

    func open() async throws -> [Found] {
        try await pool.query(
            """
            SELECT code, cause, record_id, client_id FROM reconciliation.finding
            WHERE closed_at IS NULL ORDER BY code, cause
            """
        ).map { row in
            let (code, cause, record, client) = try row.decode((String, String, UUID?, UUID?).self)
            return Found(code, cause, record, client)
        }
    }

    func count(_ sql: SQL) async throws -> Int64 {
        try await pool.query(sql).first?.decode(Int64.self) ?? -1
    }
}
