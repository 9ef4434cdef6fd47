package import Foundation
import Hosting
import Logging
import Postgres
import Practice
import Queue
import ServiceLifecycle
import Workflow

/// Watches each feed's rhythm, for each practice that it carries, in one process at a time: raises an alarm once when a
/// silence matters, and ends it with the next message. Both go into one commit with what tells of them: e-mails and the
/// notices of clients that asked for alarms. Alarms are rows of `watch.alarm`.
///
///     fine --- silent against its rhythm ---> alarm (told once) --- a message comes ---> ended (told once)
package actor FeedWatch: Service {
    private let worker: Worker
    private let tellers: Tellers
    private let interval: Duration
    private let silent: Gauge
    private var learned: [Line: Learned] = [:]
    private var newest: [Line: Date] = [:]

    /// One feed as one practice hears it.
    private struct Line: Hashable {
        let practice: String
        let feed: String
    }

    private struct Learned {
        let rhythm: Rhythm
        let at: Date
        let definition: [UInt8]
    }

    /// A rhythm is learned anew so often, in seconds.
    private static let learnsEvery: TimeInterval = 3600

    package init(_ worker: Worker, interval: Duration = .seconds(10)) async throws {
        self.worker = worker
        self.interval = interval
        tellers = try await Tellers(worker)
        silent = worker.program.metrics.gauge(
            "pmsync_feed_silent",
            help: "Feeds that are silent against their rhythm, counted for each of their practices.")
    }

    package func run() async throws {
        let turn = Turn("feed-watch", worker.pool.configuration)
        try? await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                if await turn.isOurs() { await self.attempt() }
                try await Task.sleep(for: self.interval)
            }
        }
        await turn.end()
    }

    private func attempt() async {
        do {
            try await round(now: worker.program.settings.wall.now())
        } catch DefinitionStoreError.none {
            return
        } catch  where Task.isCancelled {
            return
        } catch {
            worker.program.logger.warning(
                "The feeds could not be watched; the next round tries again.",
                metadata: ["failure.code": "\(FailureCode.of(error))"])
        }
    }

    /// Looks at every feed once. Safe to repeat.
    package func round(now: Date) async throws {
        let definition = try await worker.definitions.current()
        var open: [Line: SilentFeed] = [:]
        for row in try await worker.pool.query(SilenceQueries.openAlarms()) {
            let alarm = try SilentFeed(row)
            open[Line(practice: alarm.practice, feed: alarm.feed)] = alarm
        }
        // A feed that is paused on purpose is not missed; its sender keeps what it has.
        let held = Set(try await worker.pool.query(SilenceQueries.held()).map { try $0.decode(String.self) })
        var lines: Set<Line> = []
        for feed in definition.feeds.values {
            for practice in Set(feed.practices.values) {
                let line = Line(practice: practice, feed: feed.name)
                lines.insert(line)
                if held.contains(feed.name), open[line] == nil { continue }
                try await look(at: line, feed, definition, open[line], now)
            }
        }
        // A feed that is defined no longer has nothing to say.
        for (line, alarm) in open where !lines.contains(line) { try await end(alarm, at: now) }
        let count = try await worker.pool.query("SELECT count(*) FROM watch.alarm WHERE ended_at IS NULL")
        silent.set(Double(try count.first?.decode(Int64.self) ?? 0))
    }

    private func look(
        at line: Line, _ feed: Feed, _ definition: Definition, _ alarm: SilentFeed?, _ now: Date
    ) async throws {
        if let alarm {
            let next = try await date(SilenceQueries.next(line.feed, practice: line.practice, after: alarm.since))
            if let next {
                try await end(alarm, at: next)
            } else if feed.silentAfter(of: line.practice) == .never {
                try await end(alarm, at: now)
            }
            return
        }
        let rhythm = try await rhythm(of: line, feed, definition, now)
        let last = try await last(of: line, now)
        guard case .silent(let since) = rhythm.judge(last: last, now: now) else { return }
        try await raise(line, since: since, usual: rhythm.usualGap(at: now), at: now)
    }

    // MARK: What is known of a feed

    private func last(of line: Line, _ now: Date) async throws -> Date? {
        let after = newest[line] ?? now.addingTimeInterval(-Rhythm.reach)
        if let found = try await date(SilenceQueries.newest(line.feed, practice: line.practice, after: after)) {
            newest[line] = found
        }
        return newest[line]
    }

    private func rhythm(
        of line: Line, _ feed: Feed, _ definition: Definition, _ now: Date
    ) async throws -> Rhythm {
        if let known = learned[line], known.definition == definition.digest,
            abs(now.timeIntervalSince(known.at)) < Self.learnsEvery
        {
            return known.rhythm
        }
        let declared = feed.silentAfter(of: line.practice)
        let since = now.addingTimeInterval(-Rhythm.reach)
        var heard: [Date] = []
        var silences: [Range<Date>] = []
        if declared == .learned {
            heard = try await worker.pool.query(
                SilenceQueries.heard(line.feed, practice: line.practice, since: since)
            ).map { try $0.decode(Date.self) }
            silences = try await worker.pool.query(
                SilenceQueries.silences(line.feed, practice: line.practice, since: since)
            ).map { row in
                let (since, ended) = try row.decode((Date, Date?).self)
                return since..<max(since, ended ?? now)
            }
        }
        let practice = definition.practices[line.practice]
        let rhythm = Rhythm(
            declared, heard: heard, from: heard.min() ?? now, now: now, silences: silences,
            time: PracticeTime(zone: practice?.zone ?? .gmt), hours: practice?.hours ?? OpeningHours())
        learned[line] = Learned(rhythm: rhythm, at: now, definition: definition.digest)
        return rhythm
    }

    private func date(_ sql: SQL) async throws -> Date? {
        try await worker.pool.query(sql).first?.decode(Date?.self) ?? nil
    }

    // MARK: Telling

    private func raise(_ line: Line, since: Date, usual: TimeInterval?, at now: Date) async throws {
        let id = UUID()
        let rings = try await worker.pool.transaction { transaction -> Set<String>? in
            let made = try await transaction.execute(
                SilenceQueries.raise(
                    id, practice: line.practice, feed: line.feed, since: since, usual: usual.map { Int32($0) }, at: now)
            )
            guard made == 1 else { return nil }
            return try await tellers.tell(id, practice: line.practice, feed: line.feed, isEnd: false, in: transaction)
        }
        guard let rings else { return }
        worker.program.logger.warning(
            "A feed is silent against its rhythm.",
            metadata: [
                "practice": "\(line.practice)", "feed": "\(line.feed)", "alarm.since": "\(since.formatted(.iso8601))",
            ])
        await worker.doorbell.ring(rings)
    }

    private func end(_ alarm: SilentFeed, at instant: Date) async throws {
        let rings = try await worker.pool.transaction { transaction -> Set<String>? in
            let ended = try await transaction.execute(
                SilenceQueries.end(alarm.id, practice: alarm.practice, at: instant))
            guard ended == 1 else { return nil }
            return try await tellers.tell(
                alarm.id, practice: alarm.practice, feed: alarm.feed, isEnd: true, in: transaction)
        }
        guard let rings else { return }
        worker.program.logger.notice(
            "A feed that was silent speaks again.",
            metadata: [
                "practice": "\(alarm.practice)", "feed": "\(alarm.feed)",
                "alarm.since": "\(alarm.since.formatted(.iso8601))",
            ])
        await worker.doorbell.ring(rings)
    }
}
