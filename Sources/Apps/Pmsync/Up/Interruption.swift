import Dispatch
import Foundation
import Synchronization

/// ^C, SIGTERM, or the end of whoever started us.
final class Interruption: Sendable {
    private let stream: AsyncStream<Void>
    private let sources: Mutex<[any DispatchSourceSignal]>

    init() {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
        self.stream = stream
        let sources = [SIGINT, SIGTERM, SIGHUP].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { continuation.finish() }
            source.resume()
            return source
        }
        self.sources = Mutex(sources)
    }

    /// Returns when it has come, or the task is cancelled.
    func wait() async {
        for await _ in stream {}
    }
}
