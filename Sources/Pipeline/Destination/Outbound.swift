import AsyncHTTPClient
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix

/// Makes HTTP exchanges with other people's servers. A host's name is resolved, at most once a second, all its addresses are
/// judged, and the connection goes to one of those very addresses, so that a name which changes its mind in between gains
/// nothing (DNS rebinding). The next address is tried when nothing was sent to the one before. It follows no redirect.
///
/// To be closed before it is let go.
package actor Outbound {
    /// One exchange's answer.
    struct Answer: Sendable {
        enum Ending: Sendable {
            case whole
            /// Longer than the limit; the connection was closed.
            case cut
            /// Broken off, or not there in time.
            case broken
        }

        var status: Int
        var headers: HTTPHeaders
        var body: [UInt8]
        var ending: Ending
    }

    private struct Line {
        let client: HTTPClient
        var users = 0
        var lastUse: Int
    }

    nonisolated let allowsPrivate: Bool
    private let connectionsPerAddress: Int
    private var lines: [String: Line] = [:]
    /// What names were resolved to a moment ago, all of it judged.
    private var resolved: [String: (addresses: [String], at: ContinuousClock.Instant)] = [:]
    private var uses = 0
    private var closed = false

    /// Connections are kept to about this many addresses.
    private static let keeps = 64

    /// - Parameters:
    ///   - allowsPrivate: also loopback and private addresses, and plain http: on one's own machine, and where the operator
    ///     chose the URL.
    ///   - connectionsPerAddress: how many are kept; exchanges beyond wait for one.
    package init(allowsPrivate: Bool, connectionsPerAddress: Int = 8) {
        self.allowsPrivate = allowsPrivate
        self.connectionsPerAddress = connectionsPerAddress
    }

    /// Sends the request and reads at most `limit` bytes of the answer's body, all within the time given. The head alone
    /// is an answer: a body that ends badly is told by `ending`.
    func exchange(
        _ method: HTTPMethod, _ url: String, headers: HTTPHeaders, body: [UInt8]? = nil, within: Duration, limit: Int
    ) async throws(OutboundError) -> Answer {
        let target = try Target(url, allowsPrivate: allowsPrivate)
        let deadline = NIODeadline.now() + TimeAmount(within)
        var failure = OutboundError.unreachable(.name)
        for address in try await resolve(target) {
            let key = "\(target.host) \(address)"
            let client = try take(key, host: target.host, address: address)
            var request = HTTPClientRequest(url: target.url)
            request.method = method
            request.headers = headers
            request.body = body.map { .bytes($0) }
            do {
                let response = try await client.execute(request, deadline: deadline)
                let (body, ending) =
                    response.isEmpty
                    ? await Self.read(nothing: response.body)
                    : await Self.read(response.body, limit: limit, until: deadline)
                await give(key)
                return Answer(status: Int(response.status.code), headers: response.headers, body: body, ending: ending)
            } catch {
                await give(key)
                failure = Self.meaning(of: error)
                guard failure == .unreachable(.connection) else { throw failure }
            }
        }
        throw failure
    }

    package func close() async {
        closed = true
        let all = lines.values.map(\.client)
        lines = [:]
        for client in all {
            // It only fails when it was shut down before.
            try? await client.shutdown()
        }
    }

    // MARK: Names

    private func resolve(_ target: Target) async throws(OutboundError) -> [String] {
        if let known = resolved[target.host], ContinuousClock.now - known.at < .seconds(1) { return known.addresses }
        let addresses: [String]
        do {
            addresses = try await NIOThreadPool.singleton.runIfActive { try Names.addresses(of: target.host) }
        } catch is CancellationError {
            throw .interrupted
        } catch {
            throw .unreachable(.name)
        }
        guard allowsPrivate || addresses.allSatisfy(Address.isGlobal) else { throw .forbidden(.privateAddress) }
        if resolved.count >= Self.keeps { resolved = [:] }
        resolved[target.host] = (addresses, .now)
        return addresses
    }

    // MARK: Clients, one an address, since an override of names belongs to a client

    private func take(_ key: String, host: String, address: String) throws(OutboundError) -> HTTPClient {
        guard !closed else { throw .interrupted }
        uses += 1
        if lines[key] == nil {
            var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
            configuration.dnsOverride = host == address ? [:] : [host: address]
            configuration.timeout.connect = .seconds(5)
            configuration.connectionPool.retryConnectionEstablishment = false
            configuration.httpVersion = .http1Only
            configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = connectionsPerAddress
            let client = HTTPClient(
                eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup.singleton), configuration: configuration)
            lines[key] = Line(client: client, lastUse: uses)
        }
        guard var line = lines[key] else { preconditionFailure("the line was made above") }
        line.users += 1
        line.lastUse = uses
        lines[key] = line
        return line.client
    }

    private func give(_ key: String) async {
        lines[key]?.users -= 1
        guard lines.count > Self.keeps else { return }
        let idle = lines.filter { $0.value.users == 0 }
        guard let oldest = idle.min(by: { $0.value.lastUse < $1.value.lastUse }) else { return }
        lines[oldest.key] = nil
        try? await oldest.value.client.shutdown()
    }

    // MARK: Answers

    /// A body that the head says is empty ends with the head: it needs no timer. It has to be read all the same, or its
    /// connection is not used again.
    private static func read(nothing body: HTTPClientResponse.Body) async -> ([UInt8], Answer.Ending) {
        do {
            for try await _ in body {}
            return ([], Task.isCancelled ? .broken : .whole)
        } catch {
            return ([], .broken)
        }
    }

    private static func read(
        _ body: HTTPClientResponse.Body, limit: Int, until deadline: NIODeadline
    ) async -> ([UInt8], Answer.Ending) {
        await withTaskGroup(of: ([UInt8], Answer.Ending).self) { group in
            group.addTask {
                var bytes: [UInt8] = []
                do {
                    for try await part in body {
                        guard bytes.count + part.readableBytes <= limit else { return (bytes, .cut) }
                        bytes.append(contentsOf: part.readableBytesView)
                    }
                    return (bytes, Task.isCancelled ? .broken : .whole)
                } catch {
                    return (bytes, .broken)
                }
            }
            group.addTask {
                try? await Task.sleep(for: .nanoseconds((deadline - .now()).nanoseconds))
                return ([], .broken)
            }
            let first = await group.next() ?? ([], .broken)
            group.cancelAll()
            return first
        }
    }

    private static func meaning(of error: any Error) -> OutboundError {
        switch error {
        case is CancellationError: .interrupted
        case let error as HTTPClientError where error == .cancelled: .interrupted
        case let error as HTTPClientError where error == .tlsHandshakeTimeout: .unreachable(.security)
        case let error as HTTPClientError where error == .connectTimeout || error == .getConnectionFromPoolTimeout:
            .unreachable(.connection)
        case is NIOConnectionError: .unreachable(.connection)
        case let error as IOError where refusals.contains(error.errnoCode): .unreachable(.connection)
        // The TLS library's errors have no type in common but their module.
        case let error where String(reflecting: type(of: error)).hasPrefix("NIOSSL."): .unreachable(.security)
        default: .unanswered
        }
    }

    private static let refusals: Set<CInt> = [ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, EADDRNOTAVAIL, ETIMEDOUT]
}

extension HTTPClientResponse {
    /// RFC 9110, 6.4.1 and 8.6: this answer has no content.
    fileprivate var isEmpty: Bool {
        status == .noContent || status == .notModified || headers.first(name: "content-length") == "0"
    }
}
