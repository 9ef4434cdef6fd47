import AsyncHTTPClient
import Foundation
import Gateway
import Hosting
import NIOCore
import NIOHTTP1
import Postgres
import Queue
import TestSupport

/// A gateway's HTTP side with its intake, on a database of its own and a real socket.
struct HTTPRig: Sendable {
    let database: TestDatabase
    /// As the owner.
    let pool: Pool
    let server: HTTPServer
    let metrics: Metrics
    let port: Int

    struct Answer: Sendable {
        let status: Int
        fileprivate let headers: HTTPHeaders
        let body: [UInt8]

        func header(_ name: String) -> String? { headers.first(name: name) }

        var text: String { String(decoding: body, as: UTF8.self) }

        /// Nil where the body is not a JSON object.
        var json: JSONObject? { try? JSONObject(body) }
    }

    static func run(
        rate: RequestRate = RequestRate(perSecond: 10_000, burst: 10_000), maxMessage: Int = 4 << 20,
        publicURL: String? = nil, extraFeeds: String = "", name: String = #function,
        _ body: (HTTPRig) async throws -> Void
    ) async throws {
        let database = try await TestDatabase.make(name)
        let pool = try database.pool()
        try await World.make(pool)
        let definition = try Fixtures.definition(extraFeeds: extraFeeds)
        let definitions = Definitions { definition }
        try await definitions.refresh()
        let metrics = Metrics()
        let counted = GatewayMetrics(metrics)
        let gateway = try database.pool(role: "pmsync_gateway")
        let reading = try database.pool(role: "pmsync_api")
        let intake = Intake(
            pool: gateway, doorbell: Doorbell(gateway.configuration), secret: try await KeySecret.read(from: pool),
            queues: try await QueueName.all(from: pool), metrics: counted)
        var options = HTTPServer.Options(host: "127.0.0.1", port: 0, publicURL: publicURL, maxMessage: maxMessage)
        options.rate = rate
        let (bound, binder) = AsyncStream.makeStream(of: Int.self)
        let server = HTTPServer(
            intake: intake, definitions: definitions, pool: gateway, reading: reading, options: options,
            metrics: counted, readiness: Readiness(), onListening: { binder.yield($0) })
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await intake.run() }
            group.addTask { try await server.run() }
            var ports = bound.makeAsyncIterator()
            guard let port = await ports.next() else { throw RigError.notListening }
            defer { group.cancelAll() }
            try await body(
                HTTPRig(database: database, pool: pool, server: server, metrics: metrics, port: port))
        }
        for pool in [pool, gateway, reading] { pool.close() }
    }

    var base: String { "http://127.0.0.1:\(port)" }

    func get(
        _ path: String, key: String? = World.northKey, _ headers: [(String, String)] = []
    ) async throws -> Answer {
        try await send("GET", path, key: key, headers)
    }

    /// `path` may be a whole URL, as links are.
    func send(
        _ method: String, _ path: String, key: String? = World.northKey, _ headers: [(String, String)] = [],
        body: [UInt8]? = nil
    ) async throws -> Answer {
        var request = HTTPClientRequest(url: path.hasPrefix("http") ? path : base + path)
        request.method = HTTPMethod(rawValue: method)
        if let key { request.headers.add(name: "authorization", value: "Bearer \(key)") }
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        if let body { request.body = .bytes(ByteBuffer(bytes: body)) }
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(30))
        let bytes = try await response.body.collect(upTo: 16 << 20)
        return Answer(
            status: Int(response.status.code), headers: response.headers, body: Array(bytes.readableBytesView))
    }

    /// The ids of a search, following `next` to the end; fails when a page repeats one.
    func ids(_ path: String, key: String? = World.northKey) async throws -> [String] {
        var found: [String] = []
        var url: String? = path
        while let page = url {
            let answer = try await get(page, key: key)
            guard answer.status == 200, let bundle = answer.json else { throw RigError.nothing }
            found += bundle.objects("entry").compactMap { $0.object("resource")?.string("id") }
            url = bundle.objects("link").first { $0.string("relation") == "next" }?.string("url")
        }
        return found
    }

    func metric(_ line: String) -> Double? {
        metrics.exposition().split(separator: "\n").first { $0.hasPrefix(line + " ") }
            .flatMap { Double($0.dropFirst(line.count + 1)) }
    }
}

/// JSON read by names, without types of its own: what a stranger's client sees.
struct JSONObject: Sendable {
    private let values: [String: JSONValue]

    init(_ bytes: [UInt8]) throws {
        values = try JSONDecoder().decode([String: JSONValue].self, from: Data(bytes))
    }

    fileprivate init(_ values: [String: JSONValue]) { self.values = values }

    func string(_ name: String) -> String? {
        if case .string(let text)? = values[name] { text } else { nil }
    }

    func number(_ name: String) -> Double? {
        if case .number(let number)? = values[name] { number } else { nil }
    }

    func object(_ name: String) -> JSONObject? {
        if case .object(let object)? = values[name] { JSONObject(object) } else { nil }
    }

    func objects(_ name: String) -> [JSONObject] {
        guard case .array(let items)? = values[name] else { return [] }
        return items.compactMap { if case .object(let object) = $0 { JSONObject(object) } else { nil } }
    }
}

private enum JSONValue: Decodable, Sendable {
    case string(String)
    case number(Double)
    case flag(Bool)
    case object([String: JSONValue])
    case array([JSONValue])
    case null

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let text = try? container.decode(String.self) {
            self = .string(text)
        } else if let flag = try? container.decode(Bool.self) {
            self = .flag(flag)
        } else if let number = try? container.decode(Double.self) {
            self = .number(number)
        } else if let object = try? container.decode([String: JSONValue].self) {
            self = .object(object)
        } else if let array = try? container.decode([JSONValue].self) {
            self = .array(array)
        } else {
            self = .null
        }
    }
}
