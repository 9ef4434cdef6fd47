import Foundation
import Hosting
import Logging
import MLLP
import Postgres
import PracticeSimulator
import Schema
import Worker
import Workflow

/// What detection is measured on: a practice with its own programs, its PM's list in a file that says each half second as of
/// when it speaks, and a booking app.
final class DetectionStage: Sendable {
    private static let practice = "detection"
    private static let zone = "America/Chicago"

    let pool: Pool
    private let folder: String
    private let cluster: PrivateCluster
    private let store: AppStore
    private let programs: [Child]
    private let serving: [Task<Void, Never>]
    private let mllpPort: Int
    private let pm: DetectionPM

    private init(
        pool: Pool, folder: String, cluster: PrivateCluster, store: AppStore, programs: [Child],
        serving: [Task<Void, Never>], mllpPort: Int, pm: DetectionPM
    ) {
        self.pool = pool
        self.folder = folder
        self.cluster = cluster
        self.store = store
        self.programs = programs
        self.serving = serving
        self.mllpPort = mllpPort
        self.pm = pm
    }

    static func set(
        seed: UInt64, reconcile: Int, grace: Int, workflows: String?, temporary: String?
    ) async throws -> DetectionStage {
        let base = temporary ?? FileManager.default.temporaryDirectory.path
        let folder = "\(base)/pmsync-detection-\(ProcessInfo.processInfo.processIdentifier)"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o711])
        let cluster = try await PrivateCluster.start(folder: folder + "/postgres", durable: true, removedAtEnd: true)
        do {
            return try await set(folder, cluster, seed, reconcile, grace, try DefinitionFolder(workflows))
        } catch {
            await cluster.stop()
            try? FileManager.default.removeItem(atPath: folder)
            throw error
        }
    }

    private static func set(
        _ folder: String, _ cluster: PrivateCluster, _ seed: UInt64, _ reconcile: Int, _ grace: Int,
        _ definitions: DefinitionFolder
    ) async throws -> DetectionStage {
        try await Schema.migrate(url: cluster.url)
        let pool = Pool(try Configuration(url: cluster.url, role: "pmsync_operator"), size: 2)
        var files = try Definition.files(inFolder: definitions.path)
        files["practices/\(practice).yaml"] = """
            practice: \(practice)
            enterprise: \(practice)
            zone: \(zone)
            feeds:
              - {feed: detection-pm, profile: nextgen-rosetta, sender: NextGen Rosetta, facility: Detection Clinic, practice-value: "0001"}
            destinations:
              - {name: booking, mode: live}
            reconcile:
              pm: {csv: \(folder)/pm.csv}
              grace-seconds: \(grace)

            """
        _ = try await DefinitionStore.apply(files, by: "detection", to: pool)
        let nowhere = "http://127.0.0.1:9/"
        let secrets = try await Clients.add(
            .init(name: "booking", practice: practice, webhook: nowhere, list: nowhere, listKey: nil), to: pool)
        let store = try AppStore(folder: nil)
        let webhook = try StandardWebhook(secrets: secrets.webhookSecret ?? "", file: "")
        let (ports, whenBound) = AsyncStream.makeStream(of: Int.self)
        var serving: [Task<Void, Never>] = [
            Task { _ = try? await AppServer(store, webhook: webhook, port: 0) { whenBound.yield($0) }.run() }
        ]
        guard let port = await ports.first(where: { _ in true }) else {
            throw UpError.folder("127.0.0.1", doing: "be served")
        }
        let app = "http://127.0.0.1:\(port)"
        try await Clients.moveWebhook(
            "booking", practice: practice, to: app + "/webhook", list: app + "/fhir", in: pool)

        var environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("PMSYNC_") }
        environment[Settings.Key.databaseURL.name] = cluster.url
        environment[Settings.Key.mllpPort.name] = "0"
        environment[Settings.Key.httpPort.name] = "0"
        environment[Settings.Key.allowPrivateWebhooks.name] = "on"
        environment[Settings.Key.reconcileSeconds.name] = String(reconcile)
        let pm = try DetectionPM(seed: seed, zone: zone, file: folder + "/pm.csv")
        var programs: [Child] = []
        var ready: [String: String] = [:]
        for name in ["gateway", "scheduling"] {
            let log = "\(folder)/\(name).log"
            let child = try Child(
                ChildPlan(name: name, executable: try Programs.path(of: name), environment: environment, log: log))
            programs.append(child)
            guard let facts = await child.ready.first(where: { _ in true }) else {
                throw UpError.didNotStart(name, status: 1, said: nil, log: log)
            }
            ready.merge(facts) { old, _ in old }
        }
        let fetcher = Fetcher(
            store, base: "http://127.0.0.1:\(ready["http"] ?? "")", key: secrets.key, catchesUp: false,
            logger: Logger(label: "detection.app"))
        serving.append(Task { _ = try? await fetcher.run() })
        serving.append(Task { await pm.keepStamping() })
        return DetectionStage(
            pool: pool, folder: folder, cluster: cluster, store: store, programs: programs, serving: serving,
            mllpPort: ready["mllp"].flatMap { Int($0) } ?? 0, pm: pm)
    }

    func strike() async {
        store.close()
        for task in serving { task.cancel() }
        for program in programs.reversed() { await program.stop() }
        for task in serving { await task.value }
        pool.close()
        await cluster.stop()
        try? FileManager.default.removeItem(atPath: folder)
    }

    // MARK: Measuring

    /// Seconds from the change in the PM's book to a finding that accuses, fault by fault, one after the other.
    func measure(runs: Int) async throws -> [DetectionFault: [Double]] {
        let client = try await Client.connect(host: "127.0.0.1", port: mllpPort)
        for message in try await pm.history() { _ = try await client.send(message) }
        try await wait("the history is agreed on") {
            let runs = try await self.count("SELECT count(*) FROM reconciliation.run")
            let open = try await self.count("SELECT count(*) FROM reconciliation.finding WHERE closed_at IS NULL")
            let waiting = try await self.count("SELECT count(*) FROM queue.job")
            return runs > 1 && open == 0 && waiting == 0
        }
        var times: [DetectionFault: [Double]] = [:]
        for _ in 0..<runs {
            for fault in DetectionFault.allCases {
                times[fault, default: []].append(try await measure(fault, client))
            }
        }
        await client.close()
        return times
    }

    private func measure(_ fault: DetectionFault, _ client: Client) async throws -> Double {
        let found: SQL = """
            SELECT count(*) FROM reconciliation.finding
            WHERE closed_at IS NULL AND NOT withheld AND code = \(fault.code) AND cause = \(fault.cause)
            """
        let before = try await count(found)
        if fault == .refused { try await store.obey(.plant(.refuse, on: AppStore.everything)) }
        let began = ContinuousClock.now
        let message = try await pm.book(word: fault == .unmapped ? "WEB BOOKED" : nil)
        switch fault {
        case .unsent: break
        case .dropped:
            let other = try await Client.connect(host: "127.0.0.1", port: mllpPort)
            try await other.sendRaw([0x0B] + message.prefix(message.count / 2))
            await other.close()
        case .unmapped, .refused: _ = try await client.send(message)
        }
        try await wait("\(fault.rawValue) is found") { try await self.count(found) > before }
        let took = (ContinuousClock.now - began) / .seconds(1)
        if fault == .refused { try await store.obey(.restore(AppStore.everything)) }
        return took
    }

    private func count(_ sql: SQL) async throws -> Int64 {
        try await pool.query(sql).first?.decode(Int64.self) ?? 0
    }

    private func wait(_ what: String, _ isSo: () async throws -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(180)
        while try await !isSo() {
            guard ContinuousClock.now < deadline else { throw DetectionError.never(what, logs: folder) }
            _ = try await pool.query("SELECT pg_sleep(0.02)::text")
        }
    }
}

/// The PM: its book from a script, and its list in a file.
actor DetectionPM {
    private var script: Script
    private var book = Book()
    private var words: [String: String] = [:]
    private let file: String
    private var spare: [Step] = []

    init(seed: UInt64, zone name: String, file: String) throws {
        guard let zone = TimeZone(identifier: name) else { throw SimulatorError.badZone(name) }
        var premises = Premises(
            seed: seed, date: LocalTime(Date(), in: zone).day, zone: zone, providers: 6, appointmentsADay: 30,
            habits: .plain)
        premises.facility = "Detection Clinic"
        script = Script(premises)
        self.file = file
    }

    /// Half of the bookings that a script makes; the others are kept for later.
    func history() throws -> [[UInt8]] {
        var messages: [[UInt8]] = []
        let tomorrow = script.premises.date.adding(days: 1)
        while messages.count < 40, let step = script.next() {
            guard step.act == .booked, step.entry.start.day > tomorrow else { continue }
            if spare.count < messages.count {
                spare.append(step)
            } else {
                book.put(step.entry)
                messages.append(step.bytes)
            }
        }
        try export()
        return messages
    }

    /// The next booking is on the list when this returns; gives its message.
    func book(word: String?) throws -> [UInt8] {
        guard let step = spare.popLast() else { throw DetectionError.noBookingLeft }
        book.put(step.entry)
        words[step.entry.id] = word
        try export()
        return word == nil ? step.bytes : script.rewritten(step, word: word, place: nil).bytes
    }

    /// Says again and again that the list is true.
    func keepStamping() async {
        while !Task.isCancelled {
            try? stamp()
            try? await Task.sleep(for: .milliseconds(500))
        }
    }

    private func export() throws {
        try book.csv(words: words).write(toFile: file, atomically: true, encoding: .utf8)
        try stamp()
    }

    private func stamp() throws {
        let text = Date.ISO8601FormatStyle(includingFractionalSeconds: true).format(Date())
        try text.write(toFile: file + ".asof", atomically: true, encoding: .utf8)
    }
}

enum DetectionError: Error, Equatable, CustomStringConvertible {
    case never(String, logs: String)
    case noBookingLeft

    var description: String {
        switch self {
        case .never(let what, let logs): "not within three minutes: \(what); see \(logs)"
        case .noBookingLeft: "the script has no booking left; ask for fewer runs"
        }
    }
}
