import Foundation
import NIOCore
import NIOPosix

/// The practice's own SMTP relay, plain: one on this machine or its network, which does TLS and signs in to the world
/// where that is wanted. One connection a mail.
package struct MailRelay: Sendable {
    private let host: String
    private let port: Int

    /// For the whole conversation: a relay nearby that needs longer is as good as down.
    private let patience: Duration

    /// Nil unless the URL is `smtp://host:port`; the port is 25 where none is said.
    package init?(url: String, patience: Duration = .seconds(60)) {
        guard let parts = URLComponents(string: url), parts.scheme?.lowercased() == "smtp", let host = parts.host,
            !host.isEmpty, parts.user == nil, parts.path.isEmpty || parts.path == "/"
        else { return nil }
        self.host = host
        port = parts.port ?? 25
        self.patience = patience
    }

    /// Returns once the relay has said that it has the mail.
    package func send(_ mail: Mail) async throws(MailFailure) {
        let channel: NIOAsyncChannel<ByteBuffer, ByteBuffer>
        do {
            channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connectTimeout(.seconds(10))
                .connect(host: host, port: port) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                    }
                }
        } catch {
            throw .unreachable
        }
        // Ends the conversation, whichever part of it hangs.
        let watch = channel.channel.eventLoop.scheduleTask(in: TimeAmount(patience)) {
            channel.channel.close(promise: nil)
        }
        defer { watch.cancel() }
        var conversation = SMTP(mail, ownName: Self.ownName(channel.channel))
        do {
            try await channel.executeThenClose { inbound, outbound in
                try await Self.talk(&conversation, inbound, outbound)
            }
        } catch let failure as MailFailure {
            throw failure
        } catch {
            throw conversation.mayBeTaken ? .unanswered : .broken
        }
    }

    private static func talk(
        _ conversation: inout SMTP, _ inbound: NIOAsyncChannelInboundStream<ByteBuffer>,
        _ outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    ) async throws {
        var replies = SMTPReplies()
        for try await buffer in inbound {
            for reply in try replies.take(buffer.readableBytesView) {
                switch try conversation.heard(reply) {
                case .say(let bytes): try await outbound.write(ByteBuffer(bytes: bytes))
                case .taken(let goodbye):
                    // It has the mail: that the farewell is lost changes nothing.
                    try? await outbound.write(ByteBuffer(bytes: goodbye))
                    return
                }
            }
        }
        throw conversation.mayBeTaken ? MailFailure.unanswered : .broken
    }

    /// Our end's address as a literal: a name that is known nowhere would be taken amiss (RFC 5321, 4.1.1.1).
    private static func ownName(_ channel: any Channel) -> String {
        guard let address = channel.localAddress?.ipAddress else { return "localhost" }
        return address.contains(":") ? "[IPv6:\(address)]" : "[\(address)]"
    }
}
