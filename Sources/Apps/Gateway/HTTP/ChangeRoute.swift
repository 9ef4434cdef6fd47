import Destination
import FHIR
import Foundation
import HTTPTypes
import Hosting
import Hummingbird
import NIOCore
import Postgres
import Records
import Synchronization

/// `GET /changes`: a practice's changes by their numbers, as server-sent events that can be resumed, or as one page of
/// JSON. Each event's data is what a webhook's body would be, with the change's own number for the event's.
final class ChangeRoute: Sendable {
    private let pool: Pool
    private let doorkeeper: Doorkeeper
    private let bell: ChangeBell
    private let metrics: GatewayMetrics
    private let open = Mutex<[UUID: Int]>([:])

    static let pageSize = 500
    static let streamsPerClient = 8
    /// A comment so often keeps intermediaries from closing a quiet stream, and finds out who is gone without a word; a
    /// client that closes its connection is let go at once.
    static let heartbeat = Duration.seconds(15)

    init(pool: Pool, doorkeeper: Doorkeeper, bell: ChangeBell, metrics: GatewayMetrics) {
        self.pool = pool
        self.doorkeeper = doorkeeper
        self.bell = bell
        self.metrics = metrics
    }

    func answer(_ request: Request, _ client: APIClient) async throws -> Response {
        let after = try Self.start(of: request)
        let accept = request.headers[.accept] ?? "text/event-stream"
        if accept.contains("application/json") { return try await page(after: after, client) }
        guard accept.contains("text/event-stream") || accept.contains("*/*") else { throw Problem.notAcceptable }
        return try stream(after: after, client, request.body)
    }

    /// Last-Event-ID wins: a browser that reconnects sends it with its first URL.
    private static func start(of request: Request) throws -> Int64 {
        let names = request.uri.queryParameters.map { String($0.key) }
        if let other = names.first(where: { $0 != "after" }) {
            throw SearchError.unknownParameter(other, known: ["after"])
        }
        if names.count > 1 { throw SearchError.repeated("after") }
        let text = request.headers[.lastEventID] ?? request.uri.queryParameters.get("after")
        guard let text else { return 0 }
        guard let number = Int64(text), number >= 0 else { throw Problem.badNumber }
        return number
    }

    private func read(after number: Int64, _ client: APIClient) async throws -> [FoundChange] {
        try await pool.transaction { transaction in
            try await transaction.see(practice: client.practice)
            return try await ChangeLog.after(
                number, practice: client.practice, limit: Self.pageSize, in: transaction)
        }
    }

    private static func body(_ change: FoundChange, _ practice: String) -> [UInt8] {
        Notice(
            id: change.record, type: change.type, at: change.at, practice: practice, event: change.number,
            change: change.number, kind: change.recordKind, record: change.record, version: change.version,
            members: change.members
        ).body
    }

    // MARK: One page

    /// `last` is where to go on, which may be beyond the last event shown: some changes are told to nobody.
    private func page(after number: Int64, _ client: APIClient) async throws -> Response {
        let changes = try await read(after: number, client)
        let events = changes.filter(\.tell).map { Self.body($0, client.practice) }
        let last = changes.last?.number ?? number
        let body =
            Array(#"{"events":["#.utf8) + events.joined(separator: Array(",".utf8)) + Array("],\"last\":\(last)}".utf8)
        return .bytes(.ok, body, type: "application/json")
    }

    // MARK: A stream

    private func stream(after number: Int64, _ client: APIClient, _ body: RequestBody) throws -> Response {
        let isAdmitted = open.withLock { open in
            guard open[client.id, default: 0] < Self.streamsPerClient else { return false }
            open[client.id, default: 0] += 1
            return true
        }
        guard isAdmitted else { throw Problem.tooManyStreams }
        metrics.streams.add(1)
        let place = StreamPlace { [self] in
            open.withLock { open in
                open[client.id, default: 1] -= 1
                if open[client.id] == 0 { open[client.id] = nil }
            }
            metrics.streams.add(-1)
        }
        let headers: HTTPFields = [
            .contentType: "text/event-stream", .cacheControl: "no-store", .accelBuffering: "no",
            .contentTypeOptions: "nosniff",
        ]
        return Response(
            status: .ok, headers: headers,
            body: ResponseBody { writer in
                let rings = self.bell.rings()
                try await body.consumeWithInboundCloseHandler { _ in
                    try await self.write(after: number, client, place, rings.stream, &writer)
                } onInboundClosed: {
                    rings.leave()
                }
                try await writer.finish(nil)
            })
    }

    @concurrent private func write(
        after number: Int64, _ client: APIClient, _ place: StreamPlace, _ rings: AsyncStream<Void>,
        _ writer: inout any ResponseBodyWriter
    ) async throws {
        defer { place.leave() }
        var last = number
        var quietSince = ContinuousClock.now
        try await writer.write(ByteBuffer(string: "retry: 2000\n\n"))
        for await _ in rings {
            while true {
                let changes = try await read(after: last, client)
                for change in changes where change.tell {
                    let data = String(decoding: Self.body(change, client.practice), as: UTF8.self)
                    try await writer.write(
                        ByteBuffer(string: "id: \(change.number)\nevent: \(change.type)\ndata: \(data)\n\n"))
                    quietSince = .now
                }
                last = changes.last?.number ?? last
                if changes.count < Self.pageSize { break }
            }
            if quietSince.duration(to: .now) > Self.heartbeat {
                guard try await doorkeeper.stillAdmits(client) else { return }
                try await writer.write(ByteBuffer(string: ":\n\n"))
                quietSince = .now
            }
        }
    }
}

/// A stream's place among its client's: left once, at the stream's end or when its response is dropped unsent.
private final class StreamPlace: Sendable {
    private let release: @Sendable () -> Void
    private let isLeft = Mutex(false)

    init(_ release: @escaping @Sendable () -> Void) {
        self.release = release
    }

    func leave() {
        let isFirst = isLeft.withLock { left in
            defer { left = true }
            return !left
        }
        if isFirst { release() }
    }

    deinit { leave() }
}
