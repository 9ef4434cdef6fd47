import NIOCore
import Synchronization

/// One connection as its two sides see it: the handler on the event loop puts work in, the tasks put answers back.
final class Connection: Sendable {
    enum Work: Sendable {
        case frame(Frame, slot: Int)
        /// With a slot where an answer is wanted.
        case refusal(Refusal, slot: Int?)
    }

    /// What the handler is told from outside the event loop.
    enum Command {
        case answersReady
        /// Read no more, finish what is in flight, close.
        case drain
    }

    let peer: Peer
    let channel: any Channel
    let work: AsyncStream<Work>
    let intake: AsyncStream<Work>.Continuation
    private let answers = Mutex<[(slot: Int, answer: Answer)]>([])

    init(peer: Peer, channel: any Channel) {
        self.peer = peer
        self.channel = channel
        (work, intake) = AsyncStream.makeStream(of: Work.self)
    }

    /// Starts the calls in the order of the frames, each up to its first suspension, and lets them overlap from there:
    /// so one group commit sees all that a pipelining sender sent, and sees it in order.
    func run(_ server: Server.Handlers) async {
        await withDiscardingTaskGroup { group in
            for await work in work {
                group.addImmediateTask { await self.perform(work, server) }
            }
        }
    }

    func takeAnswers() -> [(slot: Int, answer: Answer)] {
        answers.withLock { answers in
            defer { answers = [] }
            return answers
        }
    }

    private func perform(_ work: Work, _ server: Server.Handlers) async {
        switch work {
        case .frame(let frame, let slot):
            give(await server.onFrame(frame, peer), to: slot)
        case .refusal(let refusal, let slot):
            let bytes = await server.onRefusal(refusal, peer)
            if let slot { give(Answer(bytes, close: true), to: slot) }
        }
    }

    /// One wake-up for however many answers came before the loop took them.
    func give(_ answer: Answer, to slot: Int) {
        let isFirst = answers.withLock { answers in
            answers.append((slot, answer))
            return answers.count == 1
        }
        if isFirst { channel.triggerUserOutboundEvent(Command.answersReady, promise: nil) }
    }
}
