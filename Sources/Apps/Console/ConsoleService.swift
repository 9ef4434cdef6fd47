package import Hosting
import Hummingbird
import Logging
import NIOCore
import Postgres
import Queue
import ServiceLifecycle

/// The console as a program runs it: binds, says so, serves, closes its connections.
package struct ConsoleService: Service {
    private let console: Console
    private let host: String
    private let port: Int
    private let readiness: Readiness
    private let gate: Readiness.Gate

    package init(_ program: Program) throws {
        let settings = program.settings
        let configuration = try Configuration(
            url: settings.required(.databaseURL), role: "pmsync_console", applicationName: "pmsync-console")
        let pool = Pool(configuration, size: settings.number(.poolSize))
        console = try Console(
            pool: pool, doorbell: Doorbell(configuration), wall: settings.wall, metrics: program.metrics)
        host = try settings.required(.listen)
        port = settings.number(.consolePort)
        readiness = program.readiness
        gate = readiness.gate("console")
        readiness.check("database") { (try? await pool.query("SELECT 1")) != nil }
    }

    package func run() async throws {
        let application = Application(
            router: console.router(),
            configuration: ApplicationConfiguration(address: .hostname(host, port: port), serverName: nil),
            onServerRunning: { [readiness, gate] channel in
                readiness.announce("console", channel.localAddress?.port ?? 0)
                gate.open()
            },
            logger: Logger(label: "console.http"))
        try await ListenError.explaining("the console", host: host, port: port) { try await application.run() }
        console.pool.close()
        await console.doorbell.close()
    }
}
