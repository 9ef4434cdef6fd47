import ArgumentParser
import Foundation
import HL7
import Postgres
import Practice
import Scheduling
import Worker
import Workflow

/// `pmsync learn FEED`
struct Learn: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Reads a feed's journaled messages, says how it writes, and drafts its definitions for a person to accept.",
        discussion: "FEED is as `pmsync messages` shows it; `unclaimed` is what no feed claims yet.")

    @OptionGroup var connection: Connection
    @Argument(help: "The feed.") var feed: String
    @Option(help: "Whose it is; one that is not known yet is drafted too.") var practice: String
    @Option(help: "Messages from this moment on; a week where not said.") var since: Since?
    @Option(help: "Where to write the draft: a folder that is not there yet.") var out: String?
    @Option(help: "Only what this sender (MSH-3.1) sends.") var sender: String?
    @Option(help: "The zone of a practice that is not known yet; else the one that the messages tell.") var zone:
        String?

    func run() async throws {
        if let out, FileManager.default.fileExists(atPath: out) { throw CommandError.inTheWay(out) }
        if let zone, TimeZone(identifier: zone) == nil { throw ValidationError("there is no zone \(zone)") }
        let pool = try connection.pool()
        defer { pool.close() }
        let base = try await DefinitionStore(pool: pool).files()
        let definition = try Definition(files: base)
        let name = feed == Route.unclaimed ? "\(practice)-pm" : feed
        let zone = definition.practices[practice]?.zone ?? self.zone.flatMap { TimeZone(identifier: $0) } ?? .gmt

        var study = FeedStudy(zone: zone)
        try await forEach(pool) { study.add($0, receivedAt: $1) }
        guard study.schedule > 0 else { throw CommandError.nothingToLearn(feed) }
        let told = self.zone ?? LearntProfile(study, name: name, knownValues: nil, isNew: true).toldZone
        var draft = try FeedDraft(study, base: base, practice: practice, feed: name, zone: told ?? "America/New_York")
        var trial = FeedTrial(draft.definition, feed: name)
        try await forEach(pool) { trial.add($0, receivedAt: $1) }
        let report = FeedReport.text(study, draft, trial, feed: feed, practice: practice)
        print(report, terminator: "")
        guard let out else { return }
        draft.add(report: report)
        for (path, text) in draft.files.sorted(by: { $0.key < $1.key }) {
            let file = URL(fileURLWithPath: out).appending(path: path)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try text.write(to: file, atomically: true, encoding: .utf8)
        }
        print("\ndrafted into \(out): \(draft.changed.count) files are new or changed, the others as in force")
        for path in draft.changed where !path.contains("/cases/") { print("  \(path)") }
        print("read them, then: pmsync test \(out); pmsync apply \(out)")
    }

    /// Each message of the feed, in the journal's order, a few at a time.
    private func forEach(_ pool: Pool, _ body: ([UInt8], Date) -> Void) async throws {
        let from = since?.date ?? .now - 7 * 86_400
        var last: (CalendarDay, Int64) = (CalendarDay(of: from), 0)
        while true {
            let sql = Queries.payloads(of: feed, practice: practice, since: from, after: last.0, last.1, limit: 200)
            let rows = try await pool.query(sql)
            for row in rows {
                let (day, number, receivedAt, payload) = try row.decode((CalendarDay, Int64, Date, [UInt8]).self)
                last = (day, number)
                if let sender, Header(head: payload)?.sendingApplication != sender { continue }
                body(payload, receivedAt)
            }
            if rows.isEmpty { return }
        }
    }
}
