import Dispatch
import Foundation
import Synchronization

/// ^C, SIGTERM, or the end of whoever started us.
final class Interruption: Sendable {
    private let stream: AsyncStream<Void>
    private let sources: Mutex<[any DispatchSourceSignal]>

    /// - Parameter parent: a descriptor whose end is the end of whoever started us.
    init(parent: Int? = nil) {
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
        if let parent { Self.watch(parent) { continuation.finish() } }
    }

    /// What the parent may write is ignored. Blocks a thread of its own.
    private static func watch(_ descriptor: Int, onEnd: @escaping @Sendable () -> Void) {
        let pipe = FileHandle(fileDescriptor: Int32(descriptor), closeOnDealloc: false)
        let thread = Thread {
            while let more = try? pipe.read(upToCount: 512), !more.isEmpty {}
            onEnd()
        }
        thread.start()
    }

    /// Returns when it has come, or the task is cancelled.
    func wait() async {
        for await _ in stream {}
    }
}
