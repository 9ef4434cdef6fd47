import Foundation
import HL7
import Hosting
import Journal
import Logging
package import MLLP
import ServiceLifecycle
import Workflow

/// The gateway's MLLP side: its own port and one for each feed that has a port to itself. A port that a new definition
/// adds is opened within a second, one that it drops is drained and closed.
package final class Listeners: Service {
    package struct Options: Sendable {
        package var host: String
        package var port: Int
        package var limits: MLLP.Limits

        package init(host: String, port: Int, limits: MLLP.Limits = MLLP.Limits()) {
            self.host = host
            self.port = port
            self.limits = limits
        }
    }

    private let intake: Intake
    private let definitions: Definitions
    private let options: Options
    private let metrics: GatewayMetrics
    private let onListening: @Sendable (Int) -> Void
    private let controlIDs = ControlIDs()
    private let logger = Logger(label: "pmsync.gateway.mllp")

    /// - Parameter onListening: told the gateway's own port once it is open.
    package init(
        intake: Intake, definitions: Definitions, options: Options, metrics: GatewayMetrics,
        onListening: @escaping @Sendable (Int) -> Void = { _ in }
    ) {
        self.intake = intake
        self.definitions = definitions
        self.options = options
        self.metrics = metrics
        self.onListening = onListening
    }

    package func run() async throws {
        let own = try await open(options.port, feedPort: nil)
        onListening(own.boundPort)
        let feeds = await cancelWhenGracefulShutdown { await self.serveFeeds(besides: own.boundPort) }
        await withDiscardingTaskGroup { group in
            for server in [own] + feeds { group.addTask { await server.stop(within: .seconds(8)) } }
        }
    }

    /// Opens and closes feeds' ports as the definition asks until it is cancelled; gives those that are open then.
    private func serveFeeds(besides own: Int) async -> [Server] {
        var feeds: [Int: Server] = [:]
        var refused: Set<Int> = []
        while !Task.isCancelled {
            let wanted = Set(definitions.current?.ports ?? []).subtracting([own])
            for (port, server) in feeds where !wanted.contains(port) {
                feeds[port] = nil
                await server.stop()
            }
            for port in wanted.sorted() where feeds[port] == nil {
                do {
                    feeds[port] = try await open(port, feedPort: port)
                    refused.remove(port)
                } catch {
                    guard refused.insert(port).inserted else { continue }
                    let why =
                        (error as? ListenError).map { "A feed's port: \($0)." } ?? "A feed's port cannot be opened."
                    logger.error(
                        "\(why)", metadata: ["mllp.port": "\(port)", "failure.code": "\(FailureCode.of(error))"])
                }
            }
            try? await Task.sleep(for: .seconds(1))
        }
        return Array(feeds.values)
    }

    private func open(_ port: Int, feedPort: Int?) async throws -> Server {
        try await ListenError.explaining("MLLP", host: options.host, port: port) {
            try await Server.start(
                host: options.host, port: port, limits: options.limits,
                onFrame: { frame, peer in await self.answer(frame, from: peer, feedPort) },
                onRefusal: { refusal, peer in await self.refuse(refusal, from: peer, feedPort) })
        }
    }

    // MARK: One frame

    /// Does not wait for anything before the message has its place in the intake, so that a connection's frames keep
    /// their order.
    private func answer(_ frame: Frame, from peer: Peer, _ feedPort: Int?) async -> Answer {
        guard let definition = definitions.current else {
            metrics.messages.add(1, ["outcome": "not_now"])
            return Answer(
                Reception.rejection(
                    head: frame.bytes, text: "Not taken: no definitions are in force yet. Send it again later.",
                    controlID: controlIDs.next(), at: Date()))
        }
        let reception = Reception(
            frame.bytes, by: .listener(port: feedPort), peer: peer.name, definition: definition)
        if definitions.isHeld(reception.route.feed) {
            metrics.messages.add(1, ["outcome": "not_now"])
            return Answer(reception.heldBack(controlID: controlIDs.next(), at: Date()))
        }
        let verdict = await intake.submit(.message(reception))
        return Answer(reception.answer(verdict, controlID: controlIDs.next(), at: Date()))
    }

    private func refuse(_ refusal: MLLP.Refusal, from peer: Peer, _ feedPort: Int?) async -> [UInt8]? {
        let head: [UInt8]
        let size: Int
        let reason: String
        switch refusal {
        case .stray: return nil
        case .cut(let bytes, let count, let cause):
            (head, size, reason) = (bytes, count, cause == .badTrailer ? "bad-trailer" : cause.rawValue)
        case .tooLong(let bytes, let count): (head, size, reason) = (bytes, count, "too-long")
        case .noise(let bytes, let count): (head, size, reason) = (bytes, count, "outside-frame")
        case .empty: (head, size, reason) = ([], 0, "empty-frame")
        case .notMLLP(let bytes, let count): (head, size, reason) = (bytes, count, "not-mllp")
        case .tooManyConnections: (head, size, reason) = ([], 0, "too-many-connections")
        }
        let feed = definitions.current?.routeUnreadable(port: feedPort, feedName: nil).feed ?? "unclaimed"
        let row = Journal.Refusal(feed: feed, peer: peer.name, reason: reason, size: size, head: head)
        let verdict = await intake.submit(.refusal(row))
        if verdict != .kept {
            logger.warning("A refusal could not be put on record.", metadata: ["refusal.reason": "\(reason)"])
        }
        guard case .tooLong = refusal else { return nil }
        return Reception.rejection(
            head: head, text: "The message is longer than this feed allows.", controlID: controlIDs.next(), at: Date())
    }
}

extension Peer {
    /// As the journal names it: the address without the port, which says nothing a person can use.
    var name: String { host.isEmpty ? "local" : host }
}
