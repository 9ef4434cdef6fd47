package import ArgumentParser
import Foundation
import Hosting
import Logging
import Postgres
import Schema

/// Everything on one machine: a private database unless one is named, the schema, the definitions, and every program as
/// a child that is started again when it dies and stopped in reverse order.
package struct Up: AsyncParsableCommand {
    package static let version = "0.1.0"

    package static let configuration = CommandConfiguration(
        abstract: "Runs everything on one machine, until it is interrupted.")

    @Flag(help: "Also run a make-believe practice and booking app, with a few differences planted.")
    var demo = false

    @Option(help: "The data folder (root: /var/lib/pmsync; else $XDG_DATA_HOME/pmsync).")
    var data: String?

    @Option(help: "The folder of definitions.")
    var workflows: String?

    @Option(help: "The MLLP port; 0 picks a free one.")
    var mllp: Int?

    @Option(help: "The port of the FHIR and HL7 side over HTTP; 0 picks a free one.")
    var http: Int?

    @Option(help: "The console's port; 0 picks a free one.")
    var console: Int?

    @Option(help: "The address to listen on.")
    var listen: String?

    package init() {}

    package func run() async throws {
        Logs.bootstrap(program: "up")
        let settings = try Settings(environment: ProcessInfo.processInfo.environment.merging(words) { $1 })
        let folder = try DataFolder(data ?? settings.text(.data))
        let programs = try Programs.find(demo: demo)
        let definitions = try DefinitionFolder(workflows ?? settings.text(.workflows))
        let interrupted = Interruption(parent: settings.optionalNumber(.parentDescriptor))
        try await Doors(settings).check()
        var cluster: PrivateCluster?
        let url: String
        if let given = settings.text(.databaseURL) {
            url = given
        } else {
            let own = try await PrivateCluster.start(folder: folder.cluster, durable: true)
            (cluster, url) = (own, own.url)
            Task { await own.keep { Program.print($0) } }
        }
        do {
            try await serve(url, settings, folder, programs, definitions, interrupted)
        } catch {
            await cluster?.stop()
            throw error
        }
        await cluster?.stop()
        Program.print("stopped")
    }

    /// The settings that the words of this command stand for.
    private var words: [String: String] {
        var words: [String: String] = [:]
        words[Settings.Key.mllpPort.name] = mllp.map(String.init)
        words[Settings.Key.httpPort.name] = http.map(String.init)
        words[Settings.Key.consolePort.name] = console.map(String.init)
        words[Settings.Key.listen.name] = listen
        return words
    }

    private func serve(
        _ url: String, _ settings: Settings, _ folder: DataFolder, _ programs: Programs,
        _ definitions: DefinitionFolder, _ interrupted: Interruption
    ) async throws {
        for name in try await Schema.migrate(url: url) { Program.print("migrated \(name)") }
        try folder.note(url)
        let pool = Pool(try Configuration(url: url, role: "pmsync_operator"), size: 2)
        defer { pool.close() }
        try await definitions.apply(to: pool)
        var environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("PMSYNC_") }
        environment.merge(settings.given) { $1 }
        environment[Settings.Key.databaseURL.name] = url
        environment[Settings.Key.data.name] = folder.path
        environment[Settings.Key.adminPort.name] = nil  // each program has one of its own
        if demo {
            environment[Settings.Key.allowPrivateWebhooks.name] = "on"
            environment[Settings.Key.reconcileSeconds.name] = "10"
        }
        let host = settings.text(.listen) ?? "127.0.0.1"
        var kept: [Keeper] = []
        do {
            var facts: [String: String] = [:]
            for program in programs.always {
                try await start(program, environment, folder, &kept, &facts)
            }
            if demo {
                let demo = try await Demo.prepare(folder, facts: facts, pool: pool)
                try await start(programs.practice, environment, folder, &kept, &facts, arguments: demo.arguments)
                announce(facts, folder, at: host)
                Program.print("app       http://127.0.0.1:\(facts["app"] ?? "?")/fhir/Appointment")
                demo.announce()
            } else {
                announce(facts, folder, at: host)
            }
            try folder.note(console: "http://\(host):\(facts["console"] ?? "?")")
            Program.print("ready; interrupt with ^C")
            await definitions.watch(pool, until: interrupted)
        } catch {
            for keeper in kept.reversed() { await keeper.stop() }
            throw error
        }
        Program.print("stopping")
        for keeper in kept.reversed() { await keeper.stop() }
    }

    private func start(
        _ program: Programs.Found, _ environment: [String: String], _ folder: DataFolder, _ kept: inout [Keeper],
        _ facts: inout [String: String], arguments: [String] = []
    ) async throws {
        let plan = ChildPlan(
            name: program.name, executable: program.path, arguments: arguments, environment: environment,
            log: folder.log(program.name))
        let keeper = Keeper(plan, say: { Program.print($0) })
        kept.append(keeper)
        let ready = try await keeper.start()
        for (key, value) in ready where key != "admin" { facts[key] = value }
        facts["\(program.name).admin"] = ready["admin"]
    }

    private func announce(_ facts: [String: String], _ folder: DataFolder, at host: String) {
        Program.print("MLLP      \(host):\(facts["mllp"] ?? "?")")
        Program.print("FHIR      http://\(host):\(facts["http"] ?? "?")/fhir/metadata")
        Program.print("console   http://\(host):\(facts["console"] ?? "?")/")
        for (key, port) in facts.sorted(by: { $0.key < $1.key }) where key.hasSuffix(".admin") {
            Program.print("metrics   http://127.0.0.1:\(port)/metrics (\(key.dropLast(6)))")
        }
        Program.print("logs      \(folder.path)/log")
    }
}
