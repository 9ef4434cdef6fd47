import Foundation
import HL7
import MLLP
import Synchronization

/// What a PM sends in a busy hour: everybody's visits booked, moved twice, then cancelled or missed. Each message changes
/// its appointment, so that a lost one, a doubled one and two in the wrong order all leave another version behind.
struct Traffic: Sendable {
    struct Step: Sendable {
        let id: String
        let bytes: [UInt8]
    }

    struct End: Sendable, Equatable {
        let status: String
        /// Wall clock, as HL7 writes it.
        let start: String
        let version: Int
    }

    /// One a connection; a person's messages are all on one.
    let lines: [[Step]]
    /// By filler id.
    let ends: [String: End]

    var count: Int { lines.reduce(0) { $0 + $1.count } }

    init(people: Int, visits: Int, connections: Int = 6, named prefix: String = "t") {
        var lines = Array(repeating: [Step](), count: connections)
        var ends: [String: End] = [:]
        for person in 0..<people {
            for (number, event) in ["S12", "S13", "S13", "last"].enumerated() {
                for visit in 0..<visits {
                    let filler = "\(prefix)-\(person)-\(visit)"
                    let hour = 8 + (person + visit + number * 3) % 10
                    let start = Booking.day(30 + visit) + (hour < 10 ? "0" : "") + "\(hour)0000"
                    let isCancelled = (person + visit) % 2 == 0
                    let last = Booking.day(30 + visit) + Self.hour(person + visit + 6)
                    var booking = Booking(
                        filler: filler, person: "\(prefix)P\(person)", start: event == "last" ? last : start)
                    booking.provider = "100\(person % 4)"
                    let word = event == "last" ? (isCancelled ? "S15" : "S26") : event
                    let id = "\(filler)-\(number)"
                    lines[person % connections].append(
                        Step(id: id, bytes: booking.message(word, id: id, at: number * 60 + visit)))
                    ends[filler] = End(status: isCancelled ? "cancelled" : "noshow", start: last, version: 4)
                }
            }
        }
        self.lines = lines
        self.ends = ends
    }

    private static func hour(_ number: Int) -> String {
        let hour = 8 + number % 10
        return (hour < 10 ? "0" : "") + "\(hour)0000"
    }
}

/// The PM's side of the wire: sends each line in its order, and the same bytes again until they are acknowledged.
final class Sender: Sendable {
    private let state = Mutex(State())

    private struct State {
        var acknowledged: [String: [UInt8]] = [:]
        var outstanding = 0
        var resends = 0
    }

    /// The bytes that were acknowledged with AA, by control id.
    var acknowledged: [String: [UInt8]] { state.withLock { $0.acknowledged } }
    /// Messages that were sent and have no answer yet.
    var outstanding: Int { state.withLock { $0.outstanding } }
    /// How often a message had to be sent again.
    var resends: Int { state.withLock { $0.resends } }

    func send(_ traffic: Traffic, to practice: Practice) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for line in traffic.lines { group.addTask { try await self.send(line, to: practice) } }
            try await group.waitForAll()
        }
    }

    private func send(_ line: [Traffic.Step], to practice: Practice) async throws {
        var client: Client?
        for step in line {
            try await practice.until("\(step.id) is acknowledged") {
                do {
                    let open = if let client { client } else { try await practice.connect() }
                    client = open
                    state.withLock { $0.outstanding += 1 }
                    defer { state.withLock { $0.outstanding -= 1 } }
                    do {
                        let answer = try Message(try await open.send(step.bytes, deadline: .seconds(20)))
                        guard answer.text("MSA-1") == "AA" else {
                            state.withLock { $0.resends += 1 }
                            return false
                        }
                    } catch is MLLPError {
                        state.withLock { $0.resends += 1 }
                        client = nil
                        return false
                    }
                    state.withLock { $0.acknowledged[step.id] = step.bytes }
                    return true
                } catch is MLLPError {
                    return false
                }
            }
        }
        await client?.close()
    }
}
