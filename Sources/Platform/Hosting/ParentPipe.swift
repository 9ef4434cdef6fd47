import NIOCore
import NIOPosix
import ServiceLifecycle

/// Ends when the descriptor that the parent process holds the other end of reads its end: the parent is gone, however it
/// went, and the program shuts down. What the parent may write is ignored.
struct ParentPipe: Service {
    let descriptor: Int

    func run() async throws {
        do {
            try await cancelWhenGracefulShutdown {
                let channel = try await NIOPipeBootstrap(group: .singletonMultiThreadedEventLoopGroup)
                    .takingOwnershipOfDescriptor(input: CInt(descriptor)) { channel in
                        channel.eventLoop.makeCompletedFuture {
                            try NIOAsyncChannel<ByteBuffer, Never>(wrappingChannelSynchronously: channel)
                        }
                    }
                try await channel.executeThenClose { inbound in
                    for try await _ in inbound {}
                }
            }
        } catch is CancellationError {
            // The program stops for another reason.
        }
    }
}
