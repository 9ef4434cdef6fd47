import Foundation
package import Logging
package import ServiceLifecycle
import UnixSignals

/// One program of ours, from its start to its end: services in order, an admin port, one line when it is ready, a stop in
/// the reverse order on SIGTERM, SIGINT or the end of the parent's pipe.
package struct Program: Sendable {
    package let name: String
    package let settings: Settings
    package let metrics: Metrics
    package let readiness: Readiness
    package let logger: Logger

    private let output: @Sendable (String) -> Void
    private let signals: [UnixSignal]

    /// - Parameter output: takes the line that says the program is ready; stdout unless a test wants it.
    package init(
        name: String, settings: Settings, metrics: Metrics = Metrics(),
        output: @escaping @Sendable (String) -> Void = Program.print, handlesSignals: Bool = true
    ) {
        self.name = name
        self.settings = settings
        self.metrics = metrics
        self.output = output
        signals = handlesSignals ? [.sigterm, .sigint] : []
        readiness = Readiness()
        logger = Logger(label: "pmsync.\(name)")
    }

    /// Runs the services until one ends, a signal comes, or the parent is gone. They start in the order of the list and
    /// stop in its reverse; after ten seconds the stop becomes a cancellation. A service that needs another stands after
    /// it. Throws what a service threw.
    package func run(_ services: (Program) async throws -> [any Service]) async throws {
        let admin = AdminServer(port: settings.number(.adminPort), readiness: readiness, metrics: metrics)
        var all: [any Service] = [admin]
        if let descriptor = settings.optionalNumber(.parentDescriptor) {
            all.append(ParentPipe(descriptor: descriptor))
        }
        all += try await services(self)
        all.append(Announcer(name: name, readiness: readiness, output: output))
        var configuration = ServiceGroupConfiguration(
            services: all.map {
                .init(
                    service: $0, successTerminationBehavior: .gracefullyShutdownGroup,
                    failureTerminationBehavior: .gracefullyShutdownGroup)
            },
            gracefulShutdownSignals: signals, logger: Logger(label: "lifecycle"))
        configuration.maximumGracefulShutdownDuration = .seconds(10)
        configuration.maximumCancellationDuration = .seconds(5)
        metrics.gauge("process_start_time_seconds", help: "When the process started, in seconds since 1970.")
            .set(Date().timeIntervalSince1970.rounded())
        DatabaseTraffic.declare(in: metrics)
        logger.info("program starts")
        try await ServiceGroup(configuration: configuration).run()
        logger.info("program stopped")
    }

    /// The whole of a program's main: takes no words but `--help`, reads the settings from the environment, logs, runs,
    /// and exits: 0 after a graceful stop, 1 on an error, 2 when words or settings are wrong.
    package static func main(
        _ name: String, words: [String] = Array(CommandLine.arguments.dropFirst()),
        _ services: (Program) async throws -> [any Service]
    ) async -> Never {
        signal(SIGPIPE, SIG_IGN)
        if words == ["--help"] {
            print(help(name))
            exit(0)
        }
        let logger: Logger
        let settings: Settings
        do {
            settings = try Settings()
            Logs.bootstrap(program: name, level: settings.logLevel)
            logger = Logger(label: "pmsync.\(name)")
        } catch {
            Logs.bootstrap(program: name)
            exit(refused(error, Logger(label: "pmsync.\(name)")))
        }
        guard words.isEmpty else {
            logger.critical("no words but --help are understood", metadata: ["failure.code": "unknown-words"])
            exit(2)
        }
        do {
            try await Program(name: name, settings: settings).run(services)
            exit(0)
        } catch let error as SettingsError {
            exit(refused(error, logger))
        } catch let error as ListenError {
            logger.critical("\(error.description)", metadata: ["failure.code": "\(FailureCode.of(error))"])
            exit(1)
        } catch {
            logger.critical("program ended by an error", metadata: ["failure.code": "\(FailureCode.of(error))"])
            exit(1)
        }
    }

    private static func refused(_ error: SettingsError, _ logger: Logger) -> CInt {
        logger.critical("\(error.description)", metadata: ["failure.code": "\(error.code)"])
        return 2
    }

    /// Writes one line to stdout at once.
    package static func print(_ line: String) {
        try? FileHandle.standardOutput.write(contentsOf: Data((line + "\n").utf8))
    }

    private static func help(_ name: String) -> String {
        let lines = Settings.keys.map { key in
            "  \(key.name)\(key.fallback.map { " (\($0))" } ?? "")\n      \(key.help)"
        }
        return "pmsync-\(name) takes no words; it reads these settings from the environment:\n"
            + lines.joined(separator: "\n")
    }
}

/// Prints `ready NAME admin=PORT key=value...` once everything is so, then waits for the end.
private struct Announcer: Service {
    let name: String
    let readiness: Readiness
    let output: @Sendable (String) -> Void

    func run() async throws {
        do {
            try await cancelWhenGracefulShutdown {
                while await !readiness.missing().isEmpty {
                    try await Task.sleep(for: .milliseconds(20))
                }
            }
            output((["ready", name] + readiness.facts).joined(separator: " "))
            try await gracefulShutdown()
        } catch is CancellationError {
            // The program stops before it was ready, or at once.
        }
    }
}
