import Foundation
import NIOCore
import NIOPosix
import Postgres
import TestSupport
import Testing

extension PathSuite {
    /// Scenario 20: a feed stops without an error, and comes back with all that its sender kept.
    @Suite struct SilenceTests {
        @Test(
            """
            A silent feed is told once though workers are killed and the mail relay is away, what hangs on it is withheld \
            meanwhile; the 2,000 messages that its sender kept are then applied once and in order, and its end is told once
            """)
        func silence() async throws {
            guard let peers = try PythonPeers.ready("mail", requirements: "aiosmtpd==1.4.6\n") else {
                try Test.cancel("aiosmtpd could not be installed from PyPI")
            }
            let folder = FileManager.default.temporaryDirectory.appending(path: "silence-\(UUID().uuidString)").path
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(atPath: folder) }
            let port = try Self.freePort()
            let settings = ["PMSYNC_SMTP": "smtp://127.0.0.1:\(port)", "PMSYNC_RECONCILE_SECONDS": "0"]
            let files = ["practices/north.yaml": Self.practice(list: folder + "/pm.csv")]
            try await Practice.open(workers: 0, settings: settings, files: files) { practice in
                try await Self.remember(practice)
                try Self.list.writeExport(to: folder + "/pm.csv")
                try await practice.pmsync("reconcile", "scheduling", "--practice", "north")
                #expect(try await Self.finding(practice) == "missing-here never-sent open")

                // By the clock of the rules the last message is three quarters of an hour old.
                let late = settings.merging(["PMSYNC_NOW": Self.text(Date() + 2700)]) { $1 }
                for worker in ["scheduling-1", "scheduling-2"] { try await practice.start(worker, late) }
                try await practice.until("the silence is told") { try await Self.alarms(practice) == "1 open, 0 ended" }
                try await practice.pmsync("reconcile", "scheduling", "--practice", "north")
                #expect(try await Self.finding(practice) == "missing-here feed-silent withheld")
                #expect(try await practice.pmsync("alarms").contains("north-pm"))
                for worker in ["scheduling-1", "scheduling-2"] { try await practice.murder(worker) }

                let mailbox = folder + "/mail"
                let relay = try await Self.relay(peers, port: port, mailbox: mailbox, folder: folder)
                for worker in ["scheduling-1", "scheduling-2"] { try await practice.start(worker, late) }
                try await practice.until("the mail that nobody took at first is delivered", within: .seconds(60)) {
                    Self.subjects(mailbox).count == 1
                }

                // The feed is back: what was kept comes as fast as it is taken, and workers are killed meanwhile.
                let (traffic, sender) = (Traffic(people: 100, visits: 5), Sender())
                for worker in ["scheduling-1", "scheduling-2"] {
                    try await practice.murder(worker)
                    try await practice.start(worker, settings)
                }
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await sender.send(traffic, to: practice) }
                    for (worker, moment) in [("scheduling-1", 300), ("scheduling-2", 900), ("scheduling-1", 1500)] {
                        try await practice.until("\(moment) are acknowledged", within: .seconds(180)) {
                            sender.acknowledged.count >= moment
                        }
                        try await practice.murder(worker)
                        try await practice.start(worker, settings)
                    }
                    try await group.waitForAll()
                }
                #expect(traffic.count == 2000)
                _ = try await practice.pool.execute("DELETE FROM journal.entry WHERE peer = 'history'")
                try await practice.settled(traffic.count, within: .seconds(300))
                try await Conservation(practice: practice, traffic: traffic, sender: sender).check()

                #expect(try await Self.alarms(practice) == "0 open, 1 ended")
                try await practice.until("both mails are there") { Self.subjects(mailbox).count >= 2 }
                let subjects = Self.subjects(mailbox)
                #expect(subjects.count == 2, "\(subjects)")
                #expect(subjects.count { $0.contains("silent since") } == 1)
                #expect(subjects.count { $0.contains("speaks again") } == 1)
                try await practice.pmsync("reconcile", "scheduling", "--practice", "north")
                #expect(try await Self.finding(practice) == "missing-here never-sent open")
                await relay.murder()
            }
        }

        @Test(
            "A client that asked for alarms hears of a silence and of its end, signed, in the numbering of its notices")
        func webhook() async throws {
            try await Practice.open(workers: 0, files: ["practices/north.yaml": Self.practice(list: nil)]) { practice in
                try await Self.remember(practice)
                let watcher = BookingApp()
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { await watcher.run() }
                    let port = await watcher.port()
                    let said = try await practice.pmsync(
                        "client", "add", "watcher", "--practice", "north", "--webhook", "http://127.0.0.1:\(port)/hook",
                        "--scope", "read", "--scope", "alarms")
                    let words = said.split(whereSeparator: \.isWhitespace).map(String.init)
                    try watcher.introduce(key: words[1], secret: words[3])
                    watcher.introduce(base: practice.app.base)
                    try await practice.start("scheduling-1", ["PMSYNC_NOW": Self.text(Date() + 2700)])
                    try await practice.until("the silence is heard") { watcher.heard.count == 1 }
                    try await practice.murder("scheduling-1")
                    try await practice.start("scheduling-1")
                    try await practice.send(
                        Booking(filler: "F1", person: "P1", start: Booking.day(30) + "090000").message("S12", id: "1"))
                    try await practice.until("its end is heard") { watcher.heard.count == 3 }
                    let alarms = watcher.heard.filter { $0.type.hasPrefix("feed.") }
                    #expect(alarms.map(\.type) == ["feed.silent", "feed.resumed"])
                    #expect(Set(watcher.heard.map(\.event)) == [1, 2, 3] && watcher.forged == 0)
                    #expect(Set(alarms.map(\.record)).count == 1 && alarms.map(\.version) == [1, 2])
                    // The booking app did not ask.
                    #expect(!practice.app.heard.contains { $0.type.hasPrefix("feed.") })
                    group.cancelAll()
                }
            }
        }

        // MARK: Its furniture

        private static func practice(list: String?) -> String {
            let reconcile = list.map { "reconcile: {pm: {csv: \($0)}, grace-seconds: 0}\n" } ?? ""
            return """
                practice: north
                name: North Clinic
                zone: America/Denver
                alarms: {mail: [office@example.org]}
                feeds:
                  - {feed: north-pm, profile: standard, sender: NORTHPM}

                """ + reconcile
        }

        /// One row that the PM never sent a message of.
        private static var list: String {
            let day = Booking.day(1)
            let dashed = "\(day.prefix(4))-\(day.dropFirst(4).prefix(2))-\(day.suffix(2))"
            return "appointment_id,status,start,end,mrn\nB-1,Booked,\(dashed) 09:00,\(dashed) 09:30,M1\n"
        }

        /// Sixteen days of a feed that speaks every four minutes, up to now: two weekends, whichever day it is, for those
        /// are learned apart.
        private static func remember(_ practice: Practice) async throws {
            _ = try await practice.pool.query("SELECT journal.make_days(current_date - 17, current_date)::text")
            _ = try await practice.pool.execute(
                """
                INSERT INTO journal.entry (received_on, received_at, feed, practice_id, peer, control_id, message_type,
                    digest, payload)
                SELECT (t AT TIME ZONE 'UTC')::date, t, 'north-pm', 'north', 'history', t::text, 'SIU^S12', sha256('x'), 'x'
                FROM generate_series(clock_timestamp() - interval '16 days', clock_timestamp(), interval '4 minutes') t
                """)
        }

        private static func finding(_ practice: Practice) async throws -> String {
            try await practice.texts(
                """
                SELECT concat_ws(' ', code, cause, CASE WHEN withheld THEN 'withheld' ELSE 'open' END)
                FROM reconciliation.finding WHERE closed_at IS NULL
                """
            ).joined(separator: "; ")
        }

        private static func alarms(_ practice: Practice) async throws -> String {
            try await practice.texts(
                """
                SELECT count(*) FILTER (WHERE ended_at IS NULL) || ' open, '
                    || count(*) FILTER (WHERE ended_at IS NOT NULL) || ' ended'
                FROM watch.alarm
                """)[0]
        }

        private static func text(_ date: Date) -> String { date.formatted(.iso8601) }

        // MARK: Mail

        private static func relay(
            _ peers: PythonPeers, port: Int, mailbox: String, folder: String
        ) async throws -> Child {
            let script = """
                import sys
                from aiosmtpd.controller import Controller
                from aiosmtpd.handlers import Mailbox
                Controller(Mailbox(sys.argv[2]), hostname="127.0.0.1", port=int(sys.argv[1])).start()
                print("ready relay", flush=True)
                sys.stdin.read()
                """
            let child = try Child(
                "relay", peers.python.path, arguments: ["-c", script, String(port), mailbox], environment: [:],
                log: folder + "/relay.log")
            _ = try await child.ready()
            return child
        }

        /// Of the mails that were delivered, as they stand in the header, unfolded.
        private static func subjects(_ mailbox: String) -> [String] {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: mailbox + "/new")) ?? []
            return names.compactMap { name in
                let text = (try? String(contentsOfFile: mailbox + "/new/" + name, encoding: .utf8)) ?? ""
                return text.replacingOccurrences(of: "\n ", with: " ").split(separator: "\n")
                    .first { $0.hasPrefix("Subject: ") }.map(String.init)
            }
        }

        private static func freePort() throws -> Int {
            let listener = try ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .bind(host: "127.0.0.1", port: 0).wait()
            defer { try? listener.close().wait() }
            return listener.localAddress?.port ?? 0
        }
    }
}
