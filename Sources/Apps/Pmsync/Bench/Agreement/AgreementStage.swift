import AsyncHTTPClient
import Destination
import Foundation
import Gateway
import HL7
import Hosting
import Journal
import Logging
import NIOCore
import Postgres
import Practice
import PracticeSimulator
import Queue
import Reconciliation
import Scheduling
import Schema
import ServiceLifecycle
import Synchronization
import Worker
import Workflow

/// What a season is played on: a folder and a private database whose clock can be put on, the scheduling worker and the
/// gateway's reading side in this process, and a booking app for each practice. Messages go into the journal in batches,
/// notices to the apps by hand: nothing else is other than in the field.
final class AgreementStage: Sendable {
    let folder: String
    let clock: DatabaseClock
    let pool: Pool
    let reconciliation: SchedulingReconciliation
    let owner: Pool
    let gatewayPool: Pool
    private let cluster: PrivateCluster
    let definition: Definition
    let secret: KeySecret
    let queue: Int16
    private let apps: [String: SeasonApp]
    private let running: [Task<Void, Never>]
    let inShadow = Mutex(false)
    let numbers = Mutex<[String: String]>([:])
    /// The definitions in force.
    let files: Mutex<[String: String]>

    private init(
        folder: String, clock: DatabaseClock, pool: Pool, owner: Pool, gatewayPool: Pool, cluster: PrivateCluster,
        files: [String: String], definition: Definition, secret: KeySecret, queue: Int16, apps: [String: SeasonApp],
        reconciliation: SchedulingReconciliation, running: [Task<Void, Never>]
    ) {
        self.folder = folder
        self.clock = clock
        self.pool = pool
        self.owner = owner
        self.gatewayPool = gatewayPool
        self.cluster = cluster
        self.files = Mutex(files)
        self.definition = definition
        self.secret = secret
        self.queue = queue
        self.apps = apps
        self.reconciliation = reconciliation
        self.running = running
    }

    static func set(
        _ plan: AgreementPlan, workflows: String?, temporary: String?, rules: Rules
    ) async throws -> AgreementStage {
        let shipped = try Definition.files(inFolder: try DefinitionFolder(workflows).path)
        let base = temporary ?? FileManager.default.temporaryDirectory.path
        let folder = "\(base)/pmsync-agreement-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o711])
        do {
            let cluster = try await PrivateCluster.start(
                folder: folder + "/postgres", durable: false, removedAtEnd: true)
            do {
                return try await set(plan, folder, cluster, shipped, rules)
            } catch {
                await cluster.stop()
                throw error
            }
        } catch {
            try? FileManager.default.removeItem(atPath: folder)
            throw error
        }
    }

    private static func set(
        _ plan: AgreementPlan, _ folder: String, _ cluster: PrivateCluster, _ shipped: [String: String], _ rules: Rules
    ) async throws -> AgreementStage {
        let owner = Pool(try Configuration(url: cluster.url), size: 2)
        let clock = try await DatabaseClock.install(url: cluster.url, pool: owner)
        try await clock.start(at: plan.at(-15, 6))
        try await Schema.migrate(url: cluster.url)
        let (from, to) = (AgreementPlan.first.adding(days: -20), AgreementPlan.first.adding(days: plan.days + 5))
        _ = try await owner.query(
            "SELECT journal.make_days(\(from.description)::text::date, \(to.description)::text::date)::text")
        let pool = Pool(try Configuration(url: cluster.url, role: "pmsync_operator"), size: 3)
        let files = plan.definitions(shipped, lists: folder)
        _ = try await DefinitionStore.apply(files, by: "season", to: pool)
        let gatewayPool = Pool(try Configuration(url: cluster.url, role: "pmsync_gateway"), size: 1)

        var running: [Task<Void, Never>] = []
        let http = try await startGateway(cluster.url, &running)
        var apps: [String: SeasonApp] = [:]
        for practice in plan.names {
            apps[practice.name] = try await SeasonApp.open(
                practice.name, base: http, pool: pool, clock: clock, &running)
        }
        try await startWorker(cluster.url, apps, clock, &running)
        let own = Pool(try Configuration(url: cluster.url, role: "pmsync_scheduling"), size: 3)
        return AgreementStage(
            folder: folder, clock: clock, pool: pool, owner: owner, gatewayPool: gatewayPool, cluster: cluster,
            files: files, definition: try Definition(files: files), secret: try await KeySecret.read(from: pool),
            queue: try await QueueName.find(SchedulingJobs.queue, from: pool).id, apps: apps,
            reconciliation: SchedulingReconciliation(
                pool: own, definitions: DefinitionStore(pool: own), folder: folder, rules: rules),
            running: running)
    }

    private static func settings(_ url: String) throws -> Settings {
        try Settings(environment: [
            Settings.Key.databaseURL.name: url, Settings.Key.mllpPort.name: "0", Settings.Key.httpPort.name: "0",
            Settings.Key.allowPrivateWebhooks.name: "on", Settings.Key.reconcileSeconds.name: "0",
            Settings.Key.logLevel.name: "error",
        ])
    }

    /// Where it serves.
    private static func startGateway(_ url: String, _ running: inout [Task<Void, Never>]) async throws -> String {
        let (ready, whenReady) = AsyncStream.makeStream(of: String.self)
        let program = Program(
            name: "gateway", settings: try settings(url), output: { whenReady.yield($0) }, handlesSignals: false)
        running.append(
            Task {
                try? await program.run { try await GatewayProgram.services(of: $0) }
                whenReady.finish()
            })
        for await line in ready {
            if let port = ReadyLine.parse(line)?["http"] { return "http://127.0.0.1:\(port)" }
        }
        throw UpError.didNotStart("gateway", status: 1, said: nil, log: "")
    }

    private static func startWorker(
        _ url: String, _ apps: [String: SeasonApp], _ clock: DatabaseClock, _ running: inout [Task<Void, Never>]
    ) async throws {
        let program = Program(
            name: "scheduling", settings: try settings(url), output: { _ in }, handlesSignals: false)
        let worker = try await Worker(program, role: "pmsync_scheduling")
        let parity = ParityJobs(definitions: worker.definitions)
        let jobs = try await SchedulingJobs(worker, wall: .reading { clock.shown })
        let fanOut = FanOut(secret: worker.secret)
        let notices = Notices(worker, sender: SeasonApps(apps: apps))
        let crew = worker.crew([
            Duty(
                .named(SchedulingJobs.queue), onFailure: SchedulingJobs.note,
                work: .batches { try await jobs.batch($0, $1) }),
            Duty(.named(Route.parity), work: .within { try await parity.handle($0, $1) }),
            fanOut.duty(),
            notices.duty(),
        ])
        running.append(Task { try? await program.run { _ in [notices, crew] } })
    }

    func strike() async {
        for task in running.reversed() { task.cancel() }
        for task in running { await task.value }
        await reconciliation.close()
        for pool in [pool, gatewayPool, owner] { pool.close() }
        await cluster.stop()
        try? FileManager.default.removeItem(atPath: folder)
    }

    // MARK: A moment of the season

    /// What the PMs send, as it stands in the journal when their senders are answered.
    func deliver(_ messages: some RandomAccessCollection<SeasonMessage>) async throws {
        let messages = Array(messages)
        for start in stride(from: 0, to: messages.count, by: 400) {
            let some = messages[start..<min(start + 400, messages.count)]
            numbers.withLock { numbers in
                for message in some { numbers[message.controlID] = message.appointment }
            }
            let arrivals = try some.map { message in try arrival(message) }
            try await gatewayPool.transaction { transaction in
                let recorded = try await Arrival.record(arrivals.map(\.arrival), in: transaction)
                var new: [NewJob] = []
                for (one, recorded) in zip(arrivals, recorded) {
                    guard case .fresh(let entry, _) = recorded else { continue }
                    new.append(
                        NewJob(
                            kind: SchedulingJobs.message, key: one.key, practice: one.arrival.practice, day: entry.day,
                            entry: entry.number))
                }
                try await NewJob.enqueue(new, into: self.queue, in: transaction)
            }
        }
    }

    private func arrival(_ message: SeasonMessage) throws -> (arrival: Arrival, key: JobKey) {
        let route = definition.route(try Message(message.bytes), port: nil, feedName: nil)
        let type = try Message(message.bytes).header.typeAndEvent
        let arrival = Arrival(
            feed: route.feed, practice: route.practice, peer: "season", controlID: message.controlID,
            messageType: type, payload: message.bytes)
        return (arrival, JobKey(route.keyMaterial, secret: secret))
    }

    /// Until every message has its fate and every change was told, and the apps have read what they heard of.
    func settle() async throws {
        while true {
            let left = try await pool.query(
                """
                SELECT (SELECT count(*) FROM queue.job) + (SELECT count(*) FROM queue.blocked
                        WHERE state = 'retrying' AND run_at <= clock_timestamp() + interval '2 seconds')
                    + (SELECT coalesce(sum(p.last_change - coalesce(f.last_change, 0)), 0)::bigint
                        FROM records.practice p LEFT JOIN records.fan_out f ON f.practice_id = p.practice_id)
                """
            ).first?.decode(Int64.self)
            if left == 0 { break }
            _ = try await pool.query("SELECT pg_sleep(0.05)::text")
        }
        for app in apps.values { try await app.read() }
    }

    func obey(_ orders: [AppOrder], of practice: String) async throws {
        for order in orders { try await apps[practice]?.store.obey(order) }
    }

    /// The apps take over what is on record: their own first load.
    func introduce() async throws {
        for app in apps.values { try await app.readAll() }
    }

    /// A PM's list, as of now.
    func export(_ list: String, of practice: String, asOf: Date) throws {
        let path = "\(folder)/\(practice).csv"
        try list.write(toFile: path, atomically: true, encoding: .utf8)
        let stamp = Date.ISO8601FormatStyle(includingFractionalSeconds: true).format(asOf)
        try stamp.write(toFile: path + ".asof", atomically: true, encoding: .utf8)
    }

    // MARK: What is said

    private struct Sides: Decodable {
        struct Side: Decodable { let reference: String }
        let pm: [Side]?
        let app: [Side]?
        let others: [Side]?
    }

    /// Every finding that is open and not withheld. A record is known by the numbers of the messages that made it.
    /// Who is double-booked with somebody is named with them.
    func sightings(_ practices: [String: String]) async throws -> [Sighting] {
        let rows = try await owner.query(
            """
            SELECT f.practice_id, f.key, f.code, f.cause, f.sides::text,
                array(SELECT DISTINCT e.control_id FROM records.appointment_event v
                      JOIN journal.entry e ON e.received_on = v.received_on AND e.id = v.entry_id
                      WHERE v.practice_id = f.practice_id AND (v.appointment_id = f.record_id
                          OR v.appointment_id::text IN (SELECT o->>'reference' FROM jsonb_array_elements(f.sides->'others') o)))
            FROM reconciliation.finding f WHERE f.closed_at IS NULL AND NOT f.withheld
            """)
        return try rows.map { row in
            let (practice, key, code, cause, text, messages) = try row.decode(
                (String, String, String, String, String, [String]).self)
            let sides = try JSONDecoder().decode(Sides.self, from: Data(text.utf8))
            let known = numbers.withLock { numbers in messages.compactMap { numbers[$0] } }
            let references = ((sides.pm ?? []) + (sides.app ?? [])).map(\.reference)
            return Sighting(
                practice: practices[practice] ?? practice, key: "\(practice)/\(key)", code: code, cause: cause,
                appointments: Set(known + references))
        }
    }

    /// The messages about one appointment, for whoever looks into what was got wrong: event, status word, time, fate.
    func story(of number: String) async throws -> [String] {
        let messages = numbers.withLock { numbers in numbers.filter { $0.value == number }.map(\.key) }
        return try await owner.query(
            """
            SELECT concat_ws(' ', to_char(e.received_at, 'MM-DD HH24:MI'), e.control_id, e.message_type,
                coalesce((SELECT string_agg(o.code, ',') FROM journal.outcome o
                    WHERE o.received_on = e.received_on AND o.entry_id = e.id),
                    (SELECT 'parked ' || coalesce(b.code, b.state) FROM queue.blocked b
                     WHERE b.received_on = e.received_on AND b.entry_id = e.id LIMIT 1)),
                (SELECT string_agg(substr(l, 5, 150), '') FROM regexp_split_to_table(
                    convert_from(e.payload, 'UTF8'), E'\\r') l WHERE l LIKE 'SCH%'))
            FROM journal.entry e WHERE e.direction = 'in' AND e.control_id = ANY (\(messages)) ORDER BY e.id
            """
        ).map { try $0.decode(String.self) }
    }
}
