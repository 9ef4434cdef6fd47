import Foundation
import HL7
import MLLP
import Postgres
import Testing

extension PathSuite {
    /// kill -9, lost connections, an app that is away: nothing is lost, doubled or disordered. Each fails when its fault
    /// hit nothing.
    @Suite struct KillTests {
        /// PMSYNC_LONG=1 asks for ten times the traffic.
        private static let size = ProcessInfo.processInfo.environment["PMSYNC_LONG"] == "1" ? 10 : 1

        @Test("A gateway that is killed again and again while messages flow loses nothing and takes nothing twice")
        func gatewayKilled() async throws {
            try await Practice.open { practice in
                let (traffic, sender) = (Traffic(people: 12 * Self.size, visits: 5), Sender())
                var hits = 0
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await sender.send(traffic, to: practice) }
                    for moment in Self.moments(4 * Self.size, of: traffic.count) {
                        try await practice.until("\(moment) are acknowledged") {
                            sender.acknowledged.count >= moment && sender.outstanding > 0
                        }
                        hits += sender.outstanding > 0 ? 1 : 0
                        try await practice.murder("gateway")
                        try await practice.start("gateway")
                    }
                    try await group.waitForAll()
                }
                #expect(hits > 0 && sender.resends > 0, "no kill hit a message under way")
                try await Conservation(practice: practice, traffic: traffic, sender: sender).check()
            }
        }

        @Test("A message whose answer was lost with the gateway is acknowledged again and is not run again")
        func answerLost() async throws {
            try await Practice.open { practice in
                let bytes = Booking(filler: "F1", person: "P1", start: Booking.day(30) + "090000").message(
                    "S12", id: "1")
                let first = try await practice.connect()
                try await first.sendRaw(FrameDecoder.frame(bytes))
                try await practice.until("it is in the journal") {
                    try await practice.count("SELECT count(*) FROM journal.entry WHERE direction = 'in'") == 1
                }
                try await practice.murder("gateway")
                await first.close()
                try await practice.start("gateway")
                #expect(try await practice.send(bytes) == "AA")
                try await practice.settled(1)
                #expect(try await practice.count("SELECT count(*) FROM journal.entry WHERE direction = 'in'") == 1)
                #expect(try await practice.count("SELECT count(*) FROM journal.repeat") == 1)
                #expect(try await practice.count("SELECT count(*) FROM journal.outcome") == 1)
                #expect(practice.app.heard.count == 1)
            }
        }

        @Test("A worker that is killed again and again in mid-transaction applies each message once and in order")
        func workerKilled() async throws {
            try await Practice.open { practice in
                let (traffic, sender) = (Traffic(people: 20 * Self.size, visits: 6), Sender())
                var hits = 0
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await sender.send(traffic, to: practice) }
                    for moment in Self.moments(5 * Self.size, of: traffic.count) {
                        try await practice.until("\(moment) are applied") {
                            try await practice.count("SELECT count(*) FROM journal.outcome") >= moment
                        }
                        if try await practice.freeze("scheduling-1") { hits += 1 }
                        try await practice.murder("scheduling-1")
                        try await practice.start("scheduling-1")
                    }
                    try await group.waitForAll()
                }
                #expect(hits > 0, "no kill hit a transaction")
                try await Conservation(practice: practice, traffic: traffic, sender: sender).check()
            }
        }

        @Test("A worker that is killed between a notice's arrival and its receipt sends it again under the same id")
        func receiptLost() async throws {
            try await Practice.open { practice in
                practice.app.feel(.silent)
                try await practice.send(
                    Booking(filler: "F1", person: "P1", start: Booking.day(30) + "090000").message("S12", id: "1"))
                try await practice.until("the app has the notice") { practice.app.heard.count == 1 }
                try await practice.murder("scheduling-1")
                practice.app.feel(.well)
                try await practice.start("scheduling-1")
                try await practice.settled(1)
                #expect(practice.app.heard.map(\.times) == [2])
                #expect(
                    try await practice.texts("SELECT id::text FROM api.delivery") == practice.app.heard.map(\.webhook))
            }
        }

        @Test("An app that refuses, forgets its answers and goes away hears everything once it is back, in order")
        func appAway() async throws {
            try await Practice.open { practice in
                let (traffic, sender) = (Traffic(people: 10 * Self.size, visits: 5), Sender())
                let app = practice.app
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await sender.send(traffic, to: practice) }
                    try await practice.until("the app hears") { app.heard.count >= 10 }
                    app.feel(.forgetful)
                    try await practice.until("the app forgot") { app.turnedAway >= 2 }
                    app.switchOver()
                    try await practice.until("notices wait for the app") {
                        try await practice.count("SELECT count(*) FROM queue.blocked WHERE state = 'retrying'") > 2
                    }
                    app.feel(.unwell)
                    app.switchOver()
                    let refused = app.turnedAway
                    try await practice.until("the app refuses") { app.turnedAway > refused }
                    app.feel(.well)
                    try await group.waitForAll()
                }
                try await Conservation(practice: practice, traffic: traffic, sender: sender).check()
                #expect(app.heard.contains { $0.times > 1 }, "nothing was told again")
            }
        }

        @Test("Database connections that are cut at random moments lose nothing and double nothing")
        func connectionsCut() async throws {
            try await Practice.open { practice in
                let (traffic, sender) = (Traffic(people: 12 * Self.size, visits: 5), Sender())
                var hits = 0
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await sender.send(traffic, to: practice) }
                    for moment in Self.moments(6 * Self.size, of: traffic.count) {
                        try await practice.until("\(moment) are acknowledged") { sender.acknowledged.count >= moment }
                        hits += try await practice.count(
                            """
                            SELECT count(*) FROM pg_stat_activity
                            WHERE datname = current_database() AND application_name <> 'test'
                                AND CASE WHEN pg_terminate_backend(pid) THEN xact_start IS NOT NULL ELSE false END
                            """)
                    }
                    try await group.waitForAll()
                }
                #expect(hits > 0, "no cut hit a transaction")
                try await Conservation(practice: practice, traffic: traffic, sender: sender).check()
            }
        }

        /// Moments at random, one in each stretch of the traffic's first four fifths.
        private static func moments(_ count: Int, of all: Int) -> [Int] {
            let stretch = all * 4 / 5 / count
            return (0..<count).map { $0 * stretch + Int.random(in: 1...max(stretch, 1)) }
        }
    }
}
