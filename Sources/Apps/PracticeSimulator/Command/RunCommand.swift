import ArgumentParser
import Foundation
import Hosting
import Logging
import ServiceLifecycle

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Sends the history, then the day; with --app-port it is the booking app as well.",
        discussion: """
            Stops on SIGTERM, or when the descriptor that PMSYNC_PARENT_FD names ends. Says `ready practice app=PORT` on \
            stdout. The API key and the webhook's secret come from files alone.
            """)

    enum ClockWord: String, ExpressibleByArgument, CaseIterable { case day, now }

    @OptionGroup var script: ScriptOptions

    @Option(help: "Where the messages go: HOST:PORT.")
    var mllp: String

    @Option(help: "Messages a second once the history is told; 0: as fast as they are answered.")
    var rate = 0.5

    @Option(help: "Messages a second of the history; 0: as fast as they are answered.")
    var historyRate = 0.0

    @Option(help: "What MSH-7 shows after the history: the practice's day, or now (for --date today).")
    var clock: ClockWord?

    @Option(help: "Keep the PM's own appointment list here as CSV, and in FILE.asof since when it is true.")
    var list: String?

    @Option(help: "Another practice on the same port, NUMBER:ZONE (0002:America/Denver); repeat for more.")
    var also: [String] = []

    @Option(help: "A folder that keeps position, ledger and the app's list over a restart.")
    var state: String?

    @Option(help: "Be a booking app on this port (0: a free one).")
    var appPort: Int?

    @Option(help: "pmsync's HTTP address for the booking app: http://127.0.0.1:8080")
    var pmsyncHttp: String?

    @Option(help: "A file with the booking app's API key.")
    var keyFile: String?

    @Option(help: "A file with the webhook's secret, whsec_...")
    var secretFile: String?

    @Flag(help: "Let the booking app read the changes it missed from pmsync's stream, GET /changes.")
    var catchUp = false

    func validate() throws {
        _ = try Address(parsing: mllp)
        guard appPort == nil || (pmsyncHttp != nil && keyFile != nil && secretFile != nil) else {
            throw ValidationError("--app-port needs --pmsync-http, --key-file and --secret-file")
        }
        guard also.allSatisfy({ $0.contains(":") }) else { throw ValidationError("--also takes NUMBER:ZONE") }
        guard rate >= 0, historyRate >= 0 else { throw ValidationError("a rate is 0 or more") }
    }

    func run() async throws {
        let settings = try Settings()
        Logs.bootstrap(program: "practice", level: settings.logLevel)
        let now = Date()
        let office = try Office(
            premises(now: now), dateIsGiven: script.date != "today", faults: try script.doses(),
            planting: try script.planting(), folder: state, list: list, now: now)
        try await Program(name: "practice", settings: settings).run { program in
            var services: [any Service] = [Exporter(office: office)]
            if let appPort { services += try await app(on: appPort, office, program) }
            let address = try Address(parsing: mllp)
            let sender = Sender(
                office, rate: rate, quickRate: historyRate, limit: script.messages, logger: program.logger
            ) { try await MLLPWire.connect(to: address) }
            services.append(SenderService(sender: sender, stays: appPort != nil || !also.isEmpty))
            for office in try neighbours(now: now) {
                services.append(Exporter(office: office))
                let sender = Sender(
                    office, rate: rate, quickRate: historyRate, limit: script.messages, logger: program.logger
                ) { try await MLLPWire.connect(to: address) }
                services.append(SenderService(sender: sender, stays: true))
            }
            return services
        }
    }

    /// The other practices' PMs, each with its own book, list and state, and without faults.
    private func neighbours(now: Date) throws -> [Office] {
        try also.map { word in
            let parts = word.split(separator: ":", maxSplits: 1).map(String.init)
            guard parts.count == 2, let zone = TimeZone(identifier: parts[1]) else {
                throw SimulatorError.badZone(word)
            }
            var premises = try premises(now: now)
            premises.practice = parts[0]
            premises.zone = zone
            if script.date == "today" { premises.date = LocalTime(now, in: zone).day }
            return try Office(
                premises, dateIsGiven: script.date != "today", folder: state.map { "\($0)/\(parts[0])" },
                list: list.map { "\($0).\(parts[0])" }, now: now)
        }
    }

    private func premises(now: Date) throws -> Premises {
        var premises = try script.premises(now: now)
        if clock == .now || (clock == nil && script.date == "today") {
            let anchor = ScriptClock.Anchor(from: 0, instant: now, pace: rate > 0 ? 1 / rate : 0)
            premises.clock = .now(anchors: [anchor])
        }
        return premises
    }

    private func app(on port: Int, _ office: Office, _ program: Program) async throws -> [any Service] {
        let store = try AppStore(folder: state, faults: try script.doses(), seed: script.seed)
        let planted = await office.planted
        await store.plant(forget: planted.forgotten, move: planted.moved)
        let secretFile = secretFile ?? ""
        let webhook = try StandardWebhook(secrets: try secret(in: secretFile), file: secretFile)
        let key = try secret(in: keyFile ?? "").trimmingCharacters(in: .whitespacesAndNewlines)
        let gate = program.readiness.gate("app")
        return [
            AppServer(store, webhook: webhook, port: port) { port in
                program.readiness.announce("app", port)
                gate.open()
            },
            Fetcher(store, base: pmsyncHttp ?? "", key: key, catchesUp: catchUp, logger: program.logger),
        ]
    }

    private func secret(in file: String) throws(SimulatorError) -> String {
        guard let data = FileManager.default.contents(atPath: file) else { throw .file(file, doing: "be read") }
        return String(decoding: data, as: UTF8.self)
    }
}

/// HOST:PORT.
struct Address: Sendable, Equatable {
    let host: String
    let port: Int

    init(parsing text: String) throws(SimulatorError) {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (1...65535).contains(port), colon > text.startIndex
        else { throw .badAddress(text) }
        host = String(text[..<colon])
        self.port = port
    }
}

/// Keeps the exported list no more than a second behind the book.
private struct Exporter: Service {
    let office: Office

    func run() async throws {
        try await untilStopped {
            while true {
                try await office.export(now: Date())
                try await Task.sleep(for: .seconds(1))
            }
        }
        try await office.export(now: Date())
    }
}

/// A stop in the middle is an end like another.
private func untilStopped(_ body: @Sendable @escaping () async throws -> Void) async throws {
    do {
        try await cancelWhenGracefulShutdown(body)
    } catch is CancellationError {}
}

private struct SenderService: Service {
    let sender: Sender
    /// Whether the practice stays open when all is sent: its booking app has still to be read.
    let stays: Bool

    /// What was not answered when it is stopped is sent at the next start.
    func run() async throws {
        try await untilStopped { try await sender.run() }
        if stays { try await untilStopped { try await gracefulShutdown() } }
    }
}
