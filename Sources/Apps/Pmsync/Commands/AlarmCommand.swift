import ArgumentParser
import Foundation
import Postgres
import Worker

/// `pmsync alarms`
struct Alarms: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Lists feeds that are silent against their rhythm, and those that were: the open ones first.")

    @OptionGroup var connection: Connection
    @OptionGroup var output: Output
    @Option(help: "At most so many.") var limit: Int64 = 50

    func run() async throws {
        let pool = try connection.pool()
        defer { pool.close() }
        let limit = limit
        let alarms = try await pool.transaction { try await SilentFeed.list(limit: limit, in: $0) }
        try output.write(alarms.map(Row.init))
    }

    private struct Row: Encodable {
        let practice: String
        let feed: String
        let silentSince: Date
        let raised: Date
        /// When the next message came; nil while it is silent.
        let ended: Date?
        let usualMinutes: Int?

        init(_ alarm: SilentFeed) {
            (practice, feed, silentSince) = (alarm.practice, alarm.feed, alarm.since)
            (raised, ended) = (alarm.raisedAt, alarm.endedAt)
            usualMinutes = alarm.usual.map { Int(($0 / 60).rounded()) }
        }
    }
}
