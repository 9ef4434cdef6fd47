import HL7
import MLLP
import Synchronization

func adt(_ id: String) -> [UInt8] {
    Array("MSH|^~\\&|A|B|C|D|20260314||ADT^A04^ADT_A01|\(id)|P|2.5.1\rPID|1||7\r".utf8)
}

func acknowledge(_ bytes: [UInt8]) -> [UInt8] {
    Acknowledgement.make(.aa, for: Header(head: bytes), controlID: "R", time: DTM(epochSeconds: 0))
}

/// Opens for all when so many have arrived, and remembers in which order they came.
final class Gate: Sendable {
    private struct State {
        var order: [Int] = []
        var waiting: [CheckedContinuation<Void, Never>] = []
        var watchers: [CheckedContinuation<Void, Never>] = []
    }

    private let size: Int
    private let state = Mutex(State())

    init(_ size: Int) { self.size = size }

    var order: [Int] { state.withLock(\.order) }

    func arrive(_ number: Int) async {
        await withCheckedContinuation { continuation in
            let woken = state.withLock { state in
                state.order.append(number)
                state.waiting.append(continuation)
                let watchers = state.watchers
                state.watchers = []
                guard state.order.count >= size else { return watchers }
                defer { state.waiting = [] }
                return watchers + state.waiting
            }
            for continuation in woken { continuation.resume() }
        }
    }

    func waitForFirst() async {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                if state.order.isEmpty { state.watchers.append(continuation) }
                return !state.order.isEmpty
            }
            if isThere { continuation.resume() }
        }
    }
}

/// What was refused, to be waited for.
final class Refusals: Sendable {
    private let stream: AsyncStream<Refusal>
    private let intake: AsyncStream<Refusal>.Continuation

    init() { (stream, intake) = AsyncStream.makeStream() }

    func add(_ refusal: Refusal) { intake.yield(refusal) }

    func first() async -> Refusal? {
        for await refusal in stream { return refusal }
        return nil
    }
}
