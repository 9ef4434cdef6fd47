import Foundation
import HL7
import MLLP
import Synchronization
import Testing

@testable import PracticeSimulator

/// A receiver that keeps what it was sent and answers as told.
private final class Receiver: Sendable {
    private let state = Mutex<(taken: [[UInt8]], cuts: Int, connections: Int)>(([], 0, 0))
    private let answer: @Sendable (Int) -> String?

    /// `answer` gives the code for the n-th frame, nil for no answer.
    init(answer: @escaping @Sendable (Int) -> String? = { _ in "AA" }) { self.answer = answer }

    var taken: [[UInt8]] { state.withLock { $0.taken } }
    var cuts: Int { state.withLock { $0.cuts } }
    var connections: Int { state.withLock { $0.connections } }

    func connect() -> any Wire {
        state.withLock { $0.connections += 1 }
        return Line(receiver: self)
    }

    struct NoAnswer: Error {}

    private struct Line: Wire {
        let receiver: Receiver
        func send(_ message: [UInt8]) async throws -> [UInt8] {
            let number = receiver.state.withLock { state in
                state.taken.append(message)
                return state.taken.count
            }
            guard let code = receiver.answer(number) else { throw NoAnswer() }
            return Array("MSH|^~\\&|\rMSA|\(code)|1\r".utf8)
        }
        func cut(_ message: [UInt8]) async { receiver.state.withLock { $0.cuts += 1 } }
        func close() async {}
    }
}

@Suite struct SenderTests {
    private let start = Date(timeIntervalSince1970: 1_796_133_600)

    private func office(_ folder: String? = nil, faults: [FaultDose] = [], list: String? = nil) throws -> Office {
        try Office(premises(), faults: faults, folder: folder, list: list, now: start)
    }

    @Test func `all is sent once and in order`() async throws {
        let receiver = Receiver()
        try await Sender(try office(), rate: 0, limit: 300, firstWait: .milliseconds(1), logger: quiet) {
            receiver.connect()
        }.run()
        #expect(receiver.taken == deliveries(of: Feed(premises()), 300).map(\.bytes))
        #expect(receiver.connections == 1)
    }

    @Test func `no answer brings the same bytes again on a new connection`() async throws {
        let receiver = Receiver { number in number == 3 || number == 4 ? nil : "AA" }
        try await Sender(try office(), rate: 0, limit: 4, firstWait: .milliseconds(1), logger: quiet) {
            receiver.connect()
        }.run()
        let bytes = deliveries(of: Feed(premises()), 4).map(\.bytes)
        #expect(receiver.taken == [bytes[0], bytes[1], bytes[2], bytes[2], bytes[2], bytes[3]])
        #expect(receiver.connections == 3)
    }

    @Test func `AE is an answer, AR is asked again and then left`() async throws {
        let receiver = Receiver { number in number == 1 ? "AE" : number <= 5 ? "AR" : "AA" }
        let office = try office()
        try await Sender(office, rate: 0, limit: 3, firstWait: .milliseconds(1), logger: quiet) { receiver.connect() }
            .run()
        #expect(receiver.taken.count == 6)
        #expect(await office.acknowledged == ["AE": 1, "AR": 1, "AA": 1])
    }

    @Test func `after a kill it goes on where it stopped, and what is sent again has the same bytes`() async throws {
        try await withFolder { folder in
            let before = Receiver()
            try await Sender(try office(folder), rate: 0, limit: 70, firstWait: .milliseconds(1), logger: quiet) {
                before.connect()
            }.run()
            // The last save is the graceful end's; a kill would have left an older position.
            let file = folder + "/position.json"
            var killed = try #require(try WholeFile.read(Position.self, from: file))
            #expect(killed.next == 70)
            killed.next = 64
            try WholeFile.write(killed, to: file)

            let after = Receiver()
            try await Sender(try office(folder), rate: 0, limit: 200, firstWait: .milliseconds(1), logger: quiet) {
                after.connect()
            }.run()
            let all = deliveries(of: Feed(premises()), 264).map(\.bytes)
            #expect(before.taken == Array(all[..<70]))
            #expect(after.taken == Array(all[64...]))
        }
    }

    @Test func `a pause puts the clock on and leaves what may have been sent as it was`() async throws {
        try await withFolder { folder in
            var premises = premises()
            premises.clock = .now(anchors: [.init(from: 0, instant: start, pace: 2)])
            let history = deliveries(of: Feed(premises), 600).prefix { $0.quick }.count
            let sent = Receiver()
            let first = try Office(premises, folder: folder, now: start)
            try await Sender(first, rate: 0, limit: history + 40, firstWait: .milliseconds(1), logger: quiet) {
                sent.connect()
            }.run()

            let later = start.addingTimeInterval(3600)
            premises.clock = .now(anchors: [.init(from: 0, instant: later, pace: 2)])
            let second = try Office(premises, folder: folder, now: later)
            let resumed = Receiver()
            try await Sender(second, rate: 0, limit: 120, firstWait: .milliseconds(1), logger: quiet) {
                resumed.connect()
            }.run()

            premises.clock = .now(anchors: [.init(from: 0, instant: start, pace: 2)])
            let unbroken = deliveries(of: Feed(premises), history + 160).dropFirst(history + 40).map(\.bytes)
            #expect(Array(resumed.taken.prefix(30)) == Array(unbroken.prefix(30)))
            #expect(resumed.taken.last != unbroken.last)
            let last = try #require(resumed.taken.last.flatMap { try? Message($0).text("MSH-7") })
            let resumedAt = LocalTime(later, in: premises.zone).seventeenDigits
            #expect(last > resumedAt)
        }
    }

    @Test func `a folder of another seed is refused`() async throws {
        try await withFolder { folder in
            _ = try office(folder)
            #expect(throws: SimulatorError.otherScript(state: folder)) {
                try Office(premises(seed: 99), folder: folder, now: start)
            }
        }
    }

    @Test func `the list is on disk with the instant it stands for`() async throws {
        try await withFolder { folder in
            try WholeFile.makeFolder(folder)
            let office = try office(folder, faults: [FaultDose(.lost, .count(2))], list: folder + "/list.csv")
            let receiver = Receiver()
            try await Sender(office, rate: 0, limit: 250, firstWait: .milliseconds(1), logger: quiet) {
                receiver.connect()
            }.run()
            try await office.export(now: start)
            let list = try String(contentsOfFile: folder + "/list.csv", encoding: .utf8)
            #expect(await list == office.csv)
            #expect(try String(contentsOfFile: folder + "/list.csv.asof", encoding: .utf8) == "2026-12-01T14:00:00Z\n")
            let ledger = try #require(try WholeFile.read([LedgerLine].self, from: folder + "/ledger.json"))
            #expect(ledger.filter { $0.name == "lost" }.count == 2)
        }
    }

    @Test func `over a real listener a cut frame is refused and the message still arrives, once`() async throws {
        let taken = Mutex<[[UInt8]]>([])
        let refusals = Mutex(0)
        let server = try await Server.start(
            port: 0,
            onFrame: { frame, _ in
                taken.withLock { $0.append(frame.bytes) }
                let id = (try? Message(frame.bytes))?.text("MSH-10") ?? ""
                return Answer(Array("MSH|^~\\&|A|B|C|D|20261201||ACK|1|P|2.3\rMSA|AA|\(id)\r".utf8))
            },
            onRefusal: { _, _ in
                refusals.withLock { $0 += 1 }
                return nil
            })
        let address = try Address(parsing: "127.0.0.1:\(server.boundPort)")
        let office = try office(faults: [FaultDose(.cut, .count(3))])
        try await Sender(office, rate: 0, limit: 120, firstWait: .milliseconds(1), logger: quiet) {
            try await MLLPWire.connect(to: address)
        }.run()
        await server.stop()
        #expect(taken.withLock { $0 } == deliveries(of: Feed(premises()), 120).map(\.bytes))
        #expect(refusals.withLock { $0 } == 3)
    }
}
