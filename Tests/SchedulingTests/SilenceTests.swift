import Foundation
import Hosting
import Postgres
import Practice
import TestSupport
import Testing
import Worker
import Workflow

@Suite struct SilenceTests {
    @Test("A silence raises one alarm, told once to each, and ends once with the next message, however many watch")
    func once() async throws {
        let office = try await Watched("silent-after: 30")
        let now = Date()
        try await office.hear(at: now.addingTimeInterval(-600))
        try await office.look(at: now)
        #expect(try await office.alarms() == [])
        // Half an hour after the message, both processes at once.
        let late = now.addingTimeInterval(1300)
        try await office.look(at: late)
        let raised = try await office.alarms()
        #expect(raised.map(\.feed) == ["clinic-pm"] && raised.map(\.endedAt) == [nil])
        #expect(try await office.jobs() == ["fan-out 1", "mail 2"])
        try await office.look(at: late.addingTimeInterval(600))
        #expect(try await office.jobs() == ["fan-out 1", "mail 2"])
        let open = try await office.pool.transaction { try await SilentFeed.open(of: "clinic", in: $0) }
        #expect(open.map(\.id) == raised.map(\.id))

        let heard = late.addingTimeInterval(700)
        try await office.hear(at: heard)
        try await office.look(at: late.addingTimeInterval(800))
        let ended = try await office.alarms()
        #expect(ended.map(\.id) == raised.map(\.id))
        #expect(abs(ended.first?.endedAt?.timeIntervalSince(heard) ?? 9) < 0.01)
        #expect(try await office.jobs() == ["fan-out 2", "mail 4"])
        // And the next silence is another alarm.
        try await office.look(at: heard.addingTimeInterval(1900))
        #expect(try await office.alarms().count == 2)
    }

    @Test("A feed whose silence the practice does not want to hear of raises none, and an open alarm of it ends")
    func never() async throws {
        let office = try await Watched("silent-after: 30")
        try await office.hear(at: Date())
        try await office.look(at: Date() + 2000)
        #expect(try await office.alarms().count == 1)
        try await office.apply("silent-after: never")
        // A new definition is taken within a second.
        try await office.until {
            try await office.look(at: Date() + 3000)
            return try await office.alarms()[0].endedAt != nil
        }
        try await office.look(at: Date() + 90_000)
        #expect(try await office.alarms().count == 1)
    }

    @Test("At half an hour of silence the alarm is raised, not before; the metric is 1 until the next message, then 0")
    func bound() async throws {
        let office = try await Watched("silent-after: 30")
        // To the second: the database keeps microseconds, and the bound is exact.
        let last = Date(timeIntervalSince1970: Date().timeIntervalSince1970.rounded(.down) - 600)
        try await office.hear(at: last)
        try await office.look(at: last.addingTimeInterval(1799))
        #expect(try await office.alarms() == [] && office.silent == [0, 0])
        try await office.look(at: last.addingTimeInterval(1800))
        #expect(try await office.alarms().count == 1)
        try await office.look(at: last.addingTimeInterval(1810))
        #expect(office.silent == [1, 1])
        try await office.hear(at: last.addingTimeInterval(1820))
        try await office.look(at: last.addingTimeInterval(1830))
        try await office.look(at: last.addingTimeInterval(1840))
        #expect(office.silent == [0, 0])
    }

    @Test("While the practice is closed, at night or on a holiday, silence does not count", arguments: [false, true])
    func closed(isHoliday: Bool) async throws {
        let time = try #require(PracticeTime(zoneNamed: "America/Chicago"))
        let today = time.day(of: Date())
        let at = { (day: Int, minutes: Int) in
            time.instant(of: today.adding(days: day), hour: Double(minutes) / 60)
        }
        let hours = """
            hours: {mon-sun: "08:00-17:00"}
            holidays: [\(isHoliday ? today.description : "2020-01-01")]

            """
        let office = try await Watched("silent-after: 30", hours, "closed\(isHoliday)")
        try await office.hear(at: at(-1, 16 * 60 + 50))
        for silence in [at(-1, 17 * 60 + 25), at(-1, 23 * 60), at(0, 8 * 60 + 19)] {
            try await office.look(at: silence)
            #expect(try await office.alarms() == [], "\(silence)")
        }
        if isHoliday {
            try await office.look(at: at(0, 16 * 60))
            try await office.look(at: at(1, 8 * 60 + 19))
            #expect(try await office.alarms() == [])
        }
        try await office.look(at: at(isHoliday ? 1 : 0, 8 * 60 + 20))
        #expect(try await office.alarms().count == 1)
    }

    @Test("A rhythm is learned from the journal: a feed of every minute is missed within half an hour")
    func learned() async throws {
        let office = try await Watched("silent-after: learned")
        let now = Date()
        // Two weekends, whichever day it is: they are learned apart.
        try await office.pool.query("SELECT journal.make_days(current_date - 17, current_date)::text")
        try await office.pool.execute(
            """
            INSERT INTO journal.entry (received_on, received_at, feed, practice_id, peer, control_id, message_type, digest,
                payload)
            SELECT (t AT TIME ZONE 'UTC')::date, t, 'clinic-pm', 'clinic', 'test', t::text, 'SIU^S12', sha256('x'), 'x'
            FROM generate_series(\(now)::timestamptz - interval '16 days', \(now)::timestamptz, interval '4 minutes') t
            """)
        try await office.look(at: now.addingTimeInterval(300))
        #expect(try await office.alarms() == [])
        try await office.look(at: now.addingTimeInterval(1800))
        let alarm = try #require(try await office.alarms().first)
        #expect(abs((alarm.usual ?? 0) - 300) < 60)
    }
}

/// Two processes' watches over one practice.
private struct Watched {
    let database: TestDatabase
    let pool: Pool
    private let watches: [FeedWatch]
    private let programs: [Program]

    /// - Parameter hours: more of the practice's file.
    init(_ rhythm: String, _ hours: String = "", _ test: String = #function) async throws {
        database = try await TestDatabase.make(test)
        pool = try database.pool()
        try await Self.apply(rhythm, hours, pool)
        var (watches, programs): ([FeedWatch], [Program]) = ([], [])
        for _ in 0..<2 {
            let settings = try Settings(environment: [
                "PMSYNC_DATABASE_URL": database.url, "PMSYNC_SMTP": "smtp://127.0.0.1:1", "PMSYNC_POOL_SIZE": "2",
            ])
            let program = Program(name: "test", settings: settings, output: { _ in }, handlesSignals: false)
            watches.append(try await FeedWatch(Worker(program, role: "pmsync_scheduling")))
            programs.append(program)
        }
        (self.watches, self.programs) = (watches, programs)
    }

    /// What each process's metric says.
    var silent: [Double?] {
        programs.map { program in
            program.metrics.exposition().split(separator: "\n").first { $0.hasPrefix("pmsync_feed_silent ") }
                .flatMap { Double($0.split(separator: " ")[1]) }
        }
    }

    func apply(_ rhythm: String) async throws { try await Self.apply(rhythm, "", pool) }

    private static func apply(_ rhythm: String, _ hours: String, _ pool: Pool) async throws {
        var files = try Definition.files(inFolder: Shipped.workflows)
        files["practices/clinic.yaml"] = """
            practice: clinic
            zone: America/Chicago
            alarms: {mail: [office@example.org, lead@example.org]}
            \(hours)feeds: [{feed: clinic-pm, profile: standard, sender: CLINICPM, \(rhythm)}]
            """
        _ = try await DefinitionStore.apply(files, by: "test", to: pool)
    }

    func hear(at instant: Date) async throws {
        try await pool.query("SELECT journal.make_days(current_date - 2, current_date + 2)::text")
        try await pool.execute(
            """
            INSERT INTO journal.entry (received_on, received_at, feed, practice_id, peer, control_id, message_type, digest,
                payload)
            VALUES ((\(instant)::timestamptz AT TIME ZONE 'UTC')::date, \(instant), 'clinic-pm', 'clinic', 'test',
                \(UUID().uuidString), 'SIU^S12', sha256('x'), 'x')
            """)
    }

    /// Both at once.
    func look(at now: Date) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for watch in watches { group.addTask { try await watch.round(now: now) } }
            try await group.waitForAll()
        }
    }

    func alarms() async throws -> [SilentFeed] {
        try await pool.transaction { try await SilentFeed.list(in: $0) }.filter { $0.practice == "clinic" }
    }

    func jobs() async throws -> [String] {
        try await pool.query(
            """
            SELECT q.name || ' ' || count(*) FROM queue.job j JOIN queue.queue q ON q.id = j.queue
            GROUP BY q.name ORDER BY q.name
            """
        ).map { try $0.decode(String.self) }
    }

    func until(_ isSo: () async throws -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while try await !isSo() { try #require(ContinuousClock.now < deadline, "it never came about") }
    }
}
