import Foundation
import HL7
import MLLP
import Postgres

/// Bookings sent at an even rate over several connections, each message at its own moment whatever became of the ones
/// before it.
struct PathLoad: Sendable {
    let rate: Int
    let seconds: Int
    let connections: Int
    let warmUp: Int

    private var warmUpCount: Int { rate * warmUp }
    private var count: Int { rate * (warmUp + seconds) }

    /// One message on its way.
    struct Sample: Sendable {
        let number: Int
        let due: ContinuousClock.Instant
        /// Just before its frame was written.
        let sent: ContinuousClock.Instant
        let acknowledged: ContinuousClock.Instant
    }

    func run(on stage: PathStage) async throws -> PathRun {
        let bookings = Bookings(from: Date())
        if warmUpCount > 0 {
            // What is planned anew after an ANALYZE, as the server does it by itself, does not count either.
            _ = try await send(bookings, 0..<warmUpCount * 3 / 4, to: stage)
            try await stage.analyze()
            _ = try await send(bookings, warmUpCount * 3 / 4..<warmUpCount, to: stage)
        }
        let samples = try await send(bookings, warmUpCount..<count, to: stage)
        let ids = try await stage.pool.query(Self.notices(of: PathStage.practice))
            .map { try $0.decode((String, String).self) }
        let seen = stage.receiver.seen
        var arrivals: [String: ContinuousClock.Instant] = [:]
        for (controlID, notice) in ids { arrivals[controlID] = seen[notice] }
        return PathRun(
            load: self, samples: samples, arrivals: arrivals, machineLoad: Machine.load, controlID: bookings.controlID)
    }

    /// Until the webhook has heard of them all.
    private func send(
        _ bookings: Bookings, _ numbers: Range<Int>, to stage: PathStage
    ) async throws -> [Sample] {
        let start = ContinuousClock.now + .milliseconds(500)
        var samples = try await withThrowingTaskGroup(of: [Sample].self) { group in
            for connection in 0..<connections {
                group.addTask {
                    let mine = stride(from: numbers.lowerBound + connection, to: numbers.upperBound, by: connections)
                    return try await send(bookings, mine, first: numbers.lowerBound, at: start, stage.mllpPort)
                }
            }
            var all: [Sample] = []
            for try await some in group { all += some }
            return all
        }
        samples.sort { $0.number < $1.number }
        try await waitForNotices(numbers.upperBound, stage)
        return samples
    }

    private func send(
        _ bookings: Bookings, _ numbers: StrideTo<Int>, first: Int, at start: ContinuousClock.Instant, _ port: Int
    ) async throws -> [Sample] {
        let client = try await Client.connect(host: "127.0.0.1", port: port)
        var samples: [Sample] = []
        for number in numbers {
            let message = bookings.message(number)
            let due = start + .nanoseconds(1_000_000_000 / rate) * (number - first)
            try await Task.sleep(until: due, clock: .continuous)
            let sent = ContinuousClock.now
            let answer = try await client.send(message)
            let acknowledged = ContinuousClock.now
            let reply = try Acknowledgement.Reply(Message(answer))
            guard reply?.code.isPositive == true else {
                throw CommandError.notHL7("the gateway", "it refused a booking: \(reply?.code.rawValue ?? "no code")")
            }
            samples.append(Sample(number: number, due: due, sent: sent, acknowledged: acknowledged))
        }
        await client.close()
        return samples
    }

    private func waitForNotices(_ count: Int, _ stage: PathStage) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while stage.receiver.count < count {
            guard ContinuousClock.now < deadline else {
                throw CommandError.notDelivered(count - stage.receiver.count, of: count, log: stage.folder)
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    /// Which notice tells of which message.
    private static func notices(of practice: String) -> SQL {
        """
        SELECT e.control_id, d.id::text
        FROM api.delivery d
        JOIN records.change c ON c.practice_id = d.practice_id AND c.number = d.change_number
        JOIN journal.entry e ON e.received_on = c.received_on AND e.id = c.entry_id
        WHERE d.practice_id = \(practice)
        """
    }
}

/// Bookings that are all different: each its own appointment, person, and place in a practitioner's day.
struct Bookings: Sendable {
    private let firstDay: CalendarDay
    private let sentAt: String
    private let tag: String

    init(from now: Date) {
        let today = CalendarDay(daysSince2000: Int((now.timeIntervalSince1970 / 86_400).rounded(.down)) - 10_957)
        firstDay = today.adding(days: 30)
        let seconds = Int(now.timeIntervalSince1970) % 86_400
        sentAt = Self.compact(today) + Self.two(seconds / 3600) + Self.two(seconds / 60 % 60) + "00+0000"
        tag = String(Int(now.timeIntervalSince1970), radix: 36).uppercased()
    }

    @Sendable func controlID(_ number: Int) -> String { "B\(tag)-\(number)" }

    private static let practitioners = 40
    private static let halfHours = 16

    /// An S12 as the demo practice's PM sends it.
    func message(_ number: Int) -> [UInt8] {
        let practitioner = 2000 + number % Self.practitioners
        let place = number / Self.practitioners
        let day = Self.compact(firstDay.adding(days: place / Self.halfHours))
        let minute = 8 * 60 + place % Self.halfHours * 30
        let start = day + Self.two(minute / 60) + Self.two(minute % 60)
        let end = day + Self.two((minute + 30) / 60) + Self.two((minute + 30) % 60)
        let person = "\(100_000 + number)"
        var message = MessageBuilder()
        message.segment(
            "MSH",
            [
                3: "NextGen Rosetta", 4: ["Demo Family Practice", "0001"], 5: "Billing System", 6: "Billing System",
                7: .text(sentAt), 9: ["SIU", "S12"], 10: .text(controlID(number)), 11: "P", 12: "2.3",
            ])
        message.segment(
            "SCH",
            [
                2: .text("\(tag)\(number)"), 6: ["OVF", "OVF"], 8: ["OVF", "OVF"], 9: "30", 10: "minutes",
                11: ["", "", "", .text(start), .text(end)], 25: "Booked",
            ])
        message.segment(
            "PID",
            [
                1: "1", 2: .text(person), 3: [.text("M" + person), "", "", "NextGen Clinic", "MR"],
                4: .text("\(tag)-\(person)"), 5: [.text("BENCH" + person), "ALEX"], 7: "19800229", 8: "F",
            ])
        message.segment("PV1", [1: "1", 2: "O", 3: "MAIN", 7: [.text("\(practitioner)"), "EXAMPLE", "ADA"]])
        message.segment("AIL", [1: "1", 2: "A", 3: "MAIN", 6: .text(start), 12: "Booked"])
        return message.bytes
    }

    private static func compact(_ day: CalendarDay) -> String { day.description.replacing("-", with: "") }

    private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
