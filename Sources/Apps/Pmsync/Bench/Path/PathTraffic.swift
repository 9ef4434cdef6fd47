import Glibc
import NIOCore

/// What the load has sent and what came back, and when the next message may go. Lives on one event loop, which serves the
/// senders' connections and both webhooks: no locks, no tasks, as little of the path's processor time as can be.
final class PathTraffic {
    enum Pace: Sendable {
        /// At most this many messages outstanding, a new one for each that both webhooks have acknowledged: the path is the
        /// limit, and its backlog does not grow.
        case outstanding(Int)
        /// Messages a second, each due at its own moment, however far the path is with the ones before it.
        case rate(Int)
    }

    /// One message on its way; nanoseconds of the monotonic clock.
    struct Sample: Sendable {
        let due: UInt64
        /// Just before its frame was written.
        let sent: UInt64
        /// 0 until then.
        var acknowledged: UInt64 = 0
    }

    /// Messages that were due and had not come to both webhooks.
    struct Backlog: Sendable {
        let at: UInt64
        let messages: Int
    }

    /// For whoever waits, outside of the loop.
    struct Progress: Sendable {
        let sent: Int
        let delivered: Int
        let failure: PathFailure?
    }

    struct Record: Sendable {
        let samples: [Sample]
        /// When the last webhook had each change of the practice.
        let delivered: [Int64: UInt64]
        let backlogs: [Backlog]
    }

    private let loop: any EventLoop
    private let webhooks: Int
    private var messages: PathMessages
    private var senders: [PathSender] = []
    private var idle = CircularBuffer<PathSender>()
    private var pace = Pace.outstanding(0)
    private var startedAt: UInt64 = 0
    private var isStopped = false
    private var due = 0
    private var samples: [Sample] = []
    /// For a change that not every webhook has yet: a bit for each that has.
    private var heard: [Int64: UInt64] = [:]
    private var delivered: [Int64: UInt64] = [:]
    private var backlogs: [Backlog] = []
    private var failure: PathFailure?

    init(loop: any EventLoop, webhooks: Int, messages: PathMessages) {
        self.loop = loop
        self.webhooks = webhooks
        self.messages = messages
    }

    var progress: Progress { Progress(sent: samples.count, delivered: delivered.count, failure: failure) }

    var record: Record { Record(samples: samples, delivered: delivered, backlogs: backlogs) }

    func add(_ sender: PathSender) { senders.append(sender) }

    func start(_ pace: Pace) {
        self.pace = pace
        startedAt = Self.now
        watch()
        switch pace {
        case .outstanding:
            idle.append(contentsOf: senders)
            fill()
        case .rate(let rate): sendDue(rate)
        }
    }

    /// Nothing new is sent.
    func stop() { isStopped = true }

    func fail(_ failure: PathFailure) {
        if self.failure == nil { self.failure = failure }
        isStopped = true
    }

    // MARK: Messages

    /// The next message of a connection, as sent now; nil when no more are.
    func message(_ step: @autoclosure () -> PathMix.Step, due: UInt64?) -> (bytes: [UInt8], sample: Int)? {
        if isStopped { return nil }
        let now = Self.now
        samples.append(Sample(due: due ?? now, sent: now))
        let number = samples.count - 1
        return (messages.bytes(step(), number: number, at: Self.milliseconds), number)
    }

    func acknowledged(_ sample: Int, by sender: PathSender) {
        samples[sample].acknowledged = Self.now
        guard case .outstanding = pace else { return sender.sendDue() }
        idle.append(sender)
        fill()
    }

    /// A webhook's request, which is answered in the same moment. A repeat does not count.
    func heard(of change: Int64, webhook: Int) {
        guard delivered[change] == nil else { return }
        let all = heard[change, default: 0] | 1 << UInt64(webhook)
        guard all.nonzeroBitCount == webhooks else {
            heard[change] = all
            return
        }
        heard[change] = nil
        delivered[change] = Self.now
        if case .outstanding = pace { fill() }
    }

    private func fill() {
        guard case .outstanding(let limit) = pace else { return }
        while !isStopped, samples.count - delivered.count < limit, let sender = idle.popFirst() { sender.send() }
    }

    private func sendDue(_ rate: Int) {
        if isStopped { return }
        let step = 1_000_000_000 / UInt64(rate)
        let now = Self.now
        while startedAt + UInt64(due) * step <= now {
            senders[due % senders.count].send(due: startedAt + UInt64(due) * step)
            due += 1
        }
        let next = NIODeadline.uptimeNanoseconds(startedAt + UInt64(due) * step)
        loop.assumeIsolated().scheduleTask(deadline: next) { self.sendDue(rate) }
    }

    /// Notes the backlog ten times a second.
    private func watch() {
        if isStopped { return }
        let count =
            switch pace {
            case .outstanding: samples.count
            case .rate: due
            }
        backlogs.append(Backlog(at: Self.now, messages: count - delivered.count))
        loop.assumeIsolated().scheduleTask(in: .milliseconds(100)) { self.watch() }
    }

    static var now: UInt64 { NIODeadline.now().uptimeNanoseconds }

    private static var milliseconds: Int {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return time.tv_sec * 1000 + time.tv_nsec / 1_000_000
    }
}

/// Why a load ended before its time.
enum PathFailure: Error, Sendable, Equatable, CustomStringConvertible {
    case refused(String)
    case disconnected
    case notARequest

    var description: String {
        switch self {
        case .refused(let code): "the gateway refused a message with \(code)"
        case .disconnected: "the gateway closed a connection"
        case .notARequest: "what came to the webhook is no change notice"
        }
    }
}
