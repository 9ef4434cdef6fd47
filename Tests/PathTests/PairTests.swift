import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import Postgres
import Testing

extension PathSuite {
    /// Several scheduling workers at once, and one that is frozen or gone.
    @Suite struct PairTests {
        @Test("Two workers share the messages, and each is applied once and in order")
        func together() async throws {
            try await Practice.open(workers: 2) { practice in
                let (traffic, sender) = (Traffic(people: 16, visits: 5), Sender())
                try await practice.until("each has its share of the lanes") { try await owners(practice) == 2 }
                try await sender.send(traffic, to: practice)
                try await Conservation(practice: practice, traffic: traffic, sender: sender).check()
                for worker in ["scheduling-1", "scheduling-2"] {
                    let done = try await practice.metric(worker, "pmsync_jobs_total{queue=\"scheduling\"}")
                    #expect(done > 0, "\(worker) did nothing")
                }
            }
        }

        @Test("A worker frozen in mid-transaction loses its lanes to the other, and what it writes late is refused")
        func frozen() async throws {
            try await Practice.open(workers: 2, settings: ["PMSYNC_LEASE_SECONDS": "1"]) { practice in
                let (traffic, sender) = (Traffic(people: 16, visits: 5), Sender())
                try await practice.until("each has its share of the lanes") { try await owners(practice) == 2 }
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await sender.send(traffic, to: practice) }
                    try await practice.until("messages are applied") {
                        try await practice.count("SELECT count(*) FROM journal.outcome") > 20
                    }
                    let isHeld = try await practice.freeze("scheduling-1")
                    #expect(isHeld, "it was frozen outside of any transaction")
                    try await group.waitForAll()
                }
                // All of it, the frozen one's share too, while that is still frozen.
                try await practice.settled(traffic.count, within: .seconds(40))
                let before = try practice.log("scheduling-1").count { $0.contains("A batch was rolled back.") }
                try practice.child("scheduling-1").signal(SIGCONT)
                try await practice.until("what it had in hand is refused") {
                    try practice.log("scheduling-1").count { $0.contains("A batch was rolled back.") } > before
                }
                try await practice.until("it has a share again") { try await owners(practice) == 2 }
                try await Conservation(practice: practice, traffic: traffic, sender: sender).check()
            }
        }

        @Test("A receipt that a frozen worker brings late is refused: the other has told the app under the same id")
        func lateReceipt() async throws {
            try await Practice.open(settings: ["PMSYNC_LEASE_SECONDS": "1"]) { practice in
                let app = practice.app
                app.feel(.silent)
                try await practice.send(
                    Booking(filler: "F1", person: "P1", start: Booking.day(30) + "090000").message("S12", id: "1"))
                try await practice.until("the app has the notice and does not answer") { app.heard.count == 1 }
                try practice.child("scheduling-1").signal(SIGSTOP)
                app.feel(.well)
                try await practice.start("scheduling-2", ["PMSYNC_LEASE_SECONDS": "1"])
                try await practice.settled(1)
                #expect(app.heard.map(\.times) == [2])
                try practice.child("scheduling-1").signal(SIGCONT)
                try await practice.until("its receipt is refused") {
                    try await practice.metric("scheduling-1", "pmsync_lanes_lost_total{queue=\"webhook\"}") > 0
                }
                #expect(try await practice.count("SELECT count(*) FROM api.delivery WHERE digest IS NOT NULL") == 1)
                #expect(try await practice.texts("SELECT id::text FROM api.delivery") == app.heard.map(\.webhook))
            }
        }

        @Test("The successor of a killed worker has all lanes within five seconds, though the lease is ten")
        func succeeded() async throws {
            try await Practice.open { practice in
                try await practice.until("all lanes are held") { try await free(practice) == 0 }
                try await practice.murder("scheduling-1")
                let took = try await ContinuousClock().measure {
                    try await practice.start("scheduling-1")
                    let newest = try await practice.count("SELECT max(id)::bigint FROM queue.worker")
                    try await practice.until("the new one holds all lanes") {
                        try await practice.count(
                            """
                            SELECT count(*) FROM queue.lane l JOIN queue.queue q ON q.id = l.queue
                            WHERE q.name <> 'mail' AND l.owner IS DISTINCT FROM \(newest)::integer
                            """) == 0
                    }
                }
                #expect(took < .seconds(5))
            }
        }

        private func owners(_ practice: Practice) async throws -> Int {
            try await practice.count(
                """
                SELECT count(DISTINCT owner) FROM queue.lane l JOIN queue.queue q ON q.id = l.queue
                WHERE q.name = 'scheduling'
                """)
        }

        private func free(_ practice: Practice) async throws -> Int {
            // Nobody works the mail where no relay is named.
            try await practice.count(
                """
                SELECT count(*) FROM queue.lane l JOIN queue.queue q ON q.id = l.queue
                WHERE q.name <> 'mail' AND l.owner IS NULL
                """)
        }
    }
}

extension Practice {
    /// The value on one line of a program's `/metrics`; 0 where there is no such line.
    func metric(_ program: String, _ line: String) async throws -> Double {
        let request = HTTPClientRequest(url: "http://127.0.0.1:\(port("\(program).admin"))/metrics")
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(10))
        let text = String(buffer: try await response.body.collect(upTo: 1 << 20))
        return text.split(separator: "\n").first { $0.hasPrefix(line + " ") }
            .flatMap { Double($0.dropFirst(line.count + 1)) } ?? 0
    }

    func log(_ name: String) throws -> [Substring] {
        try String(contentsOfFile: "\(folder)/\(name).log", encoding: .utf8).split(separator: "\n")
    }
}
