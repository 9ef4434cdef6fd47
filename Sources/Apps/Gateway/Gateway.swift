import HL7
package import Hosting
import Journal
import Logging
import MLLP
import Postgres
import Queue
package import ServiceLifecycle
import Worker

/// The gateway: every way in. It takes HL7 over MLLP and over HTTP, puts each message into the journal with its job in one
/// commit and only then answers the sender; and it lets booking apps read the records of their own practice as FHIR.
///
///     MLLP, POST /hl7, folders -> Reception (what is it, whose is it) -> Intake (one commit for all that wait) -> the answer
///     GET /fhir, GET /changes -> Doorkeeper (whose key) -> records under row-level security -> FHIR
///
/// It writes the journal and the queue, and reads records. It never applies a message: a worker does that.
package enum GatewayProgram {
    package static let version = "0.1.0"

    /// The program: runs until it is told to stop, and exits.
    package static func main() async -> Never {
        await Program.main("gateway") { program in try await services(of: program) }
    }

    /// What it runs, in the order of starting. It stops in the reverse: the doors close and what is in flight is
    /// answered, then the intake commits what waits, then the definition's reader and the pools go.
    package static func services(of program: Program) async throws -> [any Service] {
        let settings = program.settings
        let host = settings.text(.listen) ?? "127.0.0.1"
        try mayListenPlainly(at: host, settings)
        let url = try settings.required(.databaseURL)
        var configuration = try Configuration(url: url, role: "pmsync_gateway", applicationName: "pmsync-gateway")
        configuration.statementTimeout = .seconds(15)
        configuration.lockTimeout = .seconds(5)
        let pool = Pool(configuration, size: 4)
        // One connection, because there is one writer; it learns quickly that the database is away.
        var intakes = configuration
        intakes.plans = .once
        let writing = Pool(intakes, size: 1, acquisitionTimeout: .seconds(3))
        try await JournalDays.make(in: pool)

        let metrics = GatewayMetrics(program.metrics)
        let store = DefinitionStore(pool: pool, metrics: program.metrics)
        let definitions = Definitions(
            gate: program.readiness.gate("definition"),
            heldFeeds: { Set(try await pool.query(Queries.heldFeeds()).map { try $0.decode(String.self) }) },
            { try await store.current() })
        try? await definitions.refresh()
        let intake = Intake(
            pool: writing, doorbell: Doorbell(configuration), secret: try await KeySecret.read(from: pool),
            queues: try await QueueName.all(from: pool), metrics: metrics)
        program.readiness.check("database") { (try? await pool.query("SELECT 1")) != nil }

        var limits = Limits()
        limits.frame = settings.number(.maxFrameBytes)
        let mllp = program.readiness.gate("mllp")
        let listeners = Listeners(
            intake: intake, definitions: definitions,
            options: .init(host: host, port: settings.number(.mllpPort), limits: limits), metrics: metrics,
            onListening: { port in
                program.readiness.announce("mllp", port)
                mllp.open()
            })

        let folders = Folders(
            intake: intake, definitions: definitions, data: settings.text(.data),
            limit: settings.number(.maxFrameBytes), fileLimit: settings.number(.maxFileBytes))

        var reader = configuration
        reader.role = "pmsync_api"
        reader.applicationName = "pmsync-gateway-api"
        let reading = Pool(reader, size: settings.number(.poolSize))
        let http = program.readiness.gate("http")
        let options = HTTPServer.Options(
            host: host, port: settings.number(.httpPort), publicURL: settings.text(.publicURL),
            maxMessage: settings.number(.maxFrameBytes))
        let server = HTTPServer(
            intake: intake, definitions: definitions, pool: pool, reading: reading, options: options,
            metrics: metrics, readiness: program.readiness,
            onListening: { port in
                program.readiness.announce("http", port)
                http.open()
            })
        return [
            PoolEnd(pools: [pool, writing, reading]), definitions, DaysAhead(pool: pool),
            Pruning(pool: pool, days: settings.number(.keepDays), metrics: program.metrics), intake, folders, listeners,
            server,
        ]
    }

    /// Plain MLLP carries patients' data for anybody on the way to read: beyond loopback it must be named on purpose.
    package static func mayListenPlainly(at host: String, _ settings: Settings) throws(SettingsError) {
        let isLoopback = host == "localhost" || host == "::1" || host.hasPrefix("127.")
        guard isLoopback || settings.text(.allowPlainMLLP) == host else {
            throw .malformed(
                Settings.Key.allowPlainMLLP.name,
                expected: "the same address as \(Settings.Key.listen.name), to let MLLP be plain beyond loopback")
        }
    }
}

/// Makes the journal's days ahead, hourly: without the day's partition nothing can be acknowledged.
private struct DaysAhead: Service {
    let pool: Pool

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                try? await Task.sleep(for: .seconds(3600))
                do {
                    try await JournalDays.make(in: pool)
                } catch  where Task.isCancelled {
                    return
                } catch {
                    Logger(label: "pmsync.gateway.journal").error(
                        "The journal's days ahead could not be made.",
                        metadata: ["failure.code": "\(FailureCode.of(error))"])
                }
            }
        }
    }
}

/// Stands first, and so closes the pools last.
private struct PoolEnd: Service {
    let pools: [Pool]

    func run() async throws {
        try? await gracefulShutdown()
        for pool in pools { pool.close() }
    }
}
