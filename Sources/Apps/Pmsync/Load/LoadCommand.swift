import ArgumentParser
import Foundation
import Postgres
import Scheduling
import Worker
import Workflow

extension LoadKind: ExpressibleByArgument {}

/// `pmsync load appointments|patients|providers|resources FILE`
struct LoadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "load", abstract: "Initial load: records what a file of the PM's says, without telling anyone.",
        discussion: """
            The file is a CSV, read by a layout of the definitions (layouts/NAME.yaml). Rows that cannot be used are listed \
            with line, column and reason, and the others are loaded. The same file again changes nothing.
            """)

    @OptionGroup var connection: Connection
    @OptionGroup var output: Output
    @Argument(help: "appointments, patients, providers or resources.") var kind: LoadKind
    @Argument(help: "The file.") var file: String
    @Option(help: "Whose they are.") var practice: String
    @Option(help: "How the file is written; may be left out where there is one layout of the kind.")
    var layout: String?
    @Option(
        name: .customLong("as-of"),
        help: "When the file was made: ISO 8601 (FILE.asof, else when it was first loaded, else when it was written).")
    var asOf: Moment?
    @Flag(help: "Says what it would do, and writes nothing.") var dryRun = false
    @Flag(help: "Loads nothing where a row is bad or a column is unknown.") var strict = false
    @Flag(inversion: .prefixedNo, help: "Whether to wait until the worker has recorded all.") var wait = true

    func run() async throws {
        let pool = try connection.pool(size: 2)
        defer { pool.close() }
        let definition = try await DefinitionStore(pool: pool).current()
        let plan = try LoadPlan(kind: kind, practice: practice, layout: layout, definition: definition)
        var loaded = try LoadFile(file)
        let asOf = try await time(of: loaded, pool)
        try loaded.read(
            definition: definition, practice: plan.practice, feed: plan.feed, layout: plan.layout, asOf: asOf)
        for note in loaded.notes { Output.complain(note) }
        for row in loaded.bad { Output.complain(Self.sentence(row, in: loaded.name)) }
        let isFaultless = loaded.bad.isEmpty && loaded.notes.isEmpty
        if strict, !isFaultless, !dryRun {
            output.say("nothing is loaded: --strict")
            throw ExitCode(1)
        }
        if let missing = loaded.missingKey(of: plan.feed, layout: plan.layout),
            try await Self.isHeard(plan.feed.name, pool)
        {
            throw LoadError.outOfOrder(missing, feed: plan.feed.name)
        }
        let lines: [LoadCount]
        if dryRun {
            let forecast = LoadForecastRun(file: loaded, practice: plan.practice.id, definition: definition)
            lines = try await forecast.counts(in: pool, note: Output.complain)
        } else {
            let run = LoadRun(file: loaded, plan: plan, asOf: asOf, actor: NSUserName(), definition: definition)
            lines = try await run.carryOut(in: pool, waits: wait, say: Output.complain)
        }
        try output.write(lines)
        output.say(
            "\(loaded.rows) rows as of \(asOf.formatted(.iso8601))" + (dryRun ? "; nothing was written" : ""))
        if !loaded.bad.isEmpty || lines.contains(where: { $0.isTrouble && $0.rows > 0 }) { throw ExitCode(1) }
    }

    /// Whether messages of the feed may be under way beside the load: it has spoken, and nobody holds it. Index
    /// entry_by_feed.
    private static func isHeard(_ feed: String, _ pool: Pool) async throws -> Bool {
        let rows = try await pool.query(
            """
            SELECT EXISTS (SELECT FROM journal.entry e WHERE e.feed = \(feed))
                AND NOT EXISTS (SELECT FROM journal.held h WHERE h.feed = \(feed))
            """)
        return try rows.first?.decode(Bool.self) ?? false
    }

    private static func sentence(_ row: LoadFile.BadRow, in file: String) -> String {
        "\(file):\(row.line): " + (row.column.map { "\($0) " } ?? "") + row.reason
    }

    /// What was said; else NAME.asof; else as it was when the same file was loaded before; else when it was written. Never
    /// ahead, for what is ahead would outweigh every message until then.
    private func time(of loaded: LoadFile, _ pool: Pool) async throws -> Date {
        let stated: Date?
        if let asOf {
            stated = asOf.date
        } else if let text = try? String(contentsOfFile: file + ".asof", encoding: .utf8) {
            stated = Moment(argument: text.trimmingCharacters(in: .whitespacesAndNewlines))?.date
            if stated == nil { throw ValidationError("\(file).asof holds no time such as 2026-11-22T18:00:00Z") }
        } else {
            stated = try await LoadRun.earlier(loaded.digest, practice: practice, from: pool)
        }
        let written = (try? FileManager.default.attributesOfItem(atPath: file))?[.modificationDate] as? Date
        let now = try await pool.query("SELECT clock_timestamp()").first?.decode(Date.self) ?? Date()
        if let stated, stated > now { throw ValidationError("the file's time is still to come") }
        let chosen = min(stated ?? written ?? now, now)
        return Date(timeIntervalSince1970: chosen.timeIntervalSince1970.rounded(.down))
    }
}

/// An instant as ISO 8601.
struct Moment: ExpressibleByArgument {
    let date: Date

    init?(argument: String) {
        let fractional = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        guard let date = (try? Date(argument, strategy: .iso8601)) ?? (try? Date(argument, strategy: fractional)) else {
            return nil
        }
        self.date = date
    }
}

/// How many rows came to what.
struct LoadCount: Encodable {
    let what: String
    let rows: Int

    var isTrouble: Bool { what.hasPrefix("bad") || what.hasPrefix("parked") || what.hasPrefix("ambiguous") }
}

/// Which practice, layout and numbering a file is read by.
struct LoadPlan: Sendable {
    let kind: LoadKind
    let practice: PracticeProfile
    let layout: Layout
    let feed: Feed

    init(kind: LoadKind, practice id: String, layout name: String?, definition: Definition) throws {
        self.kind = kind
        guard let practice = definition.practices[id] else { throw LoadError.unknownPractice(id) }
        self.practice = practice
        let known = definition.layouts.values.filter { $0.loads == kind }.map(\.name).sorted()
        if let name {
            guard let layout = definition.layouts[name] else {
                throw LoadError.unknownLayout(name, kind, known: known)
            }
            if layout.loads != kind { throw LoadError.wrongLayout(name, kind) }
            self.layout = layout
        } else {
            guard known.count == 1, let layout = definition.layouts[known[0]] else {
                throw LoadError.whichLayout(kind, known)
            }
            self.layout = layout
        }
        let feeds = definition.feeds.values.filter { $0.practices.values.contains(id) }.map(\.name).sorted()
        if feeds.isEmpty { throw LoadError.noFeed(id) }
        guard let feed = practice.load.feed ?? (feeds.count == 1 ? feeds[0] : nil), feeds.contains(feed),
            let stated = definition.feeds[feed]
        else { throw LoadError.whichFeed(id, feeds) }
        self.feed = stated
    }
}
