import AsyncHTTPClient
import Crypto
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOHTTP1
import ServiceLifecycle
import Synchronization
import Testing

@testable import PracticeSimulator

private let secret = [UInt8](0..<32)
private let secretText = "whsec_" + Data(secret).base64EncodedString()

/// pmsync as the app sees it: records by id, behind a key.
private final class Source: Sendable {
    private let records = Mutex<[String: (version: Int, name: String)]>([:])
    private let failures = Mutex(0)
    /// The stream of changes: what it says, and after which change it breaks off.
    private let changes = Mutex<(all: [String], cut: Int, asked: [String])>(([], .max, []))

    func put(_ id: String, version: Int, name: String = "A1") { records.withLock { $0[id] = (version, name) } }
    func remove(_ id: String) { records.withLock { $0[id] = nil } }
    func fail(_ times: Int) { failures.withLock { $0 = times } }
    func change(_ number: Int, _ record: String) {
        let data =
            #"{"data":{"change":\#(number),"event":\#(number),"practice":"0001","record":{"id":"\#(record)","#
            + #""kind":"appointment","version":1}},"timestamp":"2026-12-01T00:00:00Z","type":"appointment.booked"}"#
        changes.withLock { $0.all.append("id: \(number)\nevent: appointment.booked\ndata: \(data)\n\n") }
    }
    /// Breaks off after so many events, once.
    func cut(after count: Int) { changes.withLock { $0.cut = count } }
    /// The Last-Event-ID of each call.
    var asked: [String] { changes.withLock { $0.asked } }

    var router: Router<BasicRequestContext> {
        let router = Router()
        router.get("fhir/Appointment/:id") { [self] request, context -> Response in
            guard request.headers[.authorization] == "Bearer key" else { return Response(status: .unauthorized) }
            let failing = failures.withLock { left in
                left -= 1
                return left >= 0
            }
            if failing { return Response(status: .serviceUnavailable) }
            let id = context.parameters.get("id") ?? ""
            guard let record = records.withLock({ $0[id] }) else { return Response(status: .notFound) }
            return Response(status: .ok, body: .init(byteBuffer: ByteBuffer(string: Self.json(id, record))))
        }
        router.get("changes") { [self] request, _ -> Response in
            guard request.headers[.authorization] == "Bearer key", request.headers[.accept] == "text/event-stream"
            else { return Response(status: .unauthorized) }
            let last = HTTPField.Name("last-event-id").flatMap { request.headers[$0] } ?? ""
            let events = changes.withLock { changes in
                defer { changes.cut = .max }
                changes.asked.append(last)
                let ahead = changes.all.filter { event in
                    (Int(event.dropFirst(4).prefix { $0 != "\n" }) ?? 0) > Int(last) ?? 0
                }
                return Array(ahead.prefix(changes.cut))
            }
            let text = "retry: 2000\n\n:\n\n" + events.joined()
            return Response(
                status: .ok, headers: [.contentType: "text/event-stream"],
                body: .init(byteBuffer: ByteBuffer(string: text)))
        }
        return router
    }

    private static func json(_ id: String, _ record: (version: Int, name: String)) -> String {
        """
        {"resourceType":"Appointment","id":"\(id)","meta":{"versionId":"\(record.version)"},"status":"booked",
        "identifier":[{"system":"urn:pm","value":"\(record.name)"}],
        "start":"2026-12-01T0\(record.version % 10):00:00-05:00","end":"2026-12-01T0\(record.version % 10):20:00-05:00",
        "participant":[{"actor":{"reference":"Patient/p1"},"status":"accepted"},
        {"actor":{"reference":"Practitioner/d1"},"status":"accepted"}]}
        """
    }
}

/// A booking app on real sockets, beside the pmsync it listens to.
private struct Stage: Sendable {
    let source: Source
    let store: AppStore
    let url: String

    static func run(
        folder: String? = nil, faults: [FaultDose] = [], forget: Set<String> = [], move: Set<String> = [],
        catchUp: Bool = false, source: Source = Source(), _ body: @Sendable @escaping (Stage) async throws -> Void
    ) async throws {
        let store = try AppStore(folder: folder, faults: faults, seed: 1)
        await store.plant(forget: forget, move: move)
        let (sourcePorts, sourcePort) = AsyncStream.makeStream(of: Int.self)
        let (appPorts, appPort) = AsyncStream.makeStream(of: Int.self)
        let webhook = try StandardWebhook(secrets: secretText, file: "secret")
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                let application = Application(
                    router: source.router, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
                    onServerRunning: { sourcePort.yield($0.localAddress?.port ?? 0) }, logger: quiet)
                try await application.run()
            }
            group.addTask { try await AppServer(store, webhook: webhook, port: 0) { appPort.yield($0) }.run() }
            let sourceAt = await first(sourcePorts)
            let appAt = await first(appPorts)
            let base = "http://127.0.0.1:\(sourceAt)"
            group.addTask {
                try await Fetcher(
                    store, base: base + "/", key: "key", catchesUp: catchUp,
                    wait: .milliseconds(1), logger: quiet
                ).run()
            }
            let stage = Stage(source: source, store: store, url: "http://127.0.0.1:\(appAt)")
            let failure = await Result { try await body(stage) }
            store.close()
            group.cancelAll()
            while let ended = await group.nextResult() {
                if case .failure(let error) = ended, !(error is CancellationError) { throw error }
            }
            try failure.get()
        }
    }

    private init(source: Source, store: AppStore, url: String) {
        self.source = source
        self.store = store
        self.url = url
    }

    /// The status of the answer.
    func notify(
        _ webhook: String, event: Int, change: Int? = nil, record: String, version: Int = 1,
        type: String = "appointment.booked", signedWith key: [UInt8] = secret, at: Date = Date()
    ) async throws -> UInt {
        let body =
            #"{"data":{\#(change.map { #""change":\#($0),"# } ?? "")"event":\#(event),"practice":"0001","record":{"id":"\#(record)","kind":"appointment","#
            + #""version":\#(version)}},"timestamp":"2026-12-01T00:00:00Z","type":"\#(type)"}"#
        let timestamp = String(Int(at.timeIntervalSince1970))
        let code = HMAC<SHA256>.authenticationCode(
            for: Array("\(webhook).\(timestamp).\(body)".utf8), using: SymmetricKey(data: key))
        var request = HTTPClientRequest(url: url + "/webhook")
        request.method = .POST
        request.headers.add(name: "webhook-id", value: webhook)
        request.headers.add(name: "webhook-timestamp", value: timestamp)
        request.headers.add(name: "webhook-signature", value: "v1,AAAA v1," + Data(code).base64EncodedString())
        request.body = .bytes(Array(body.utf8))
        return try await HTTPClient.shared.execute(request, timeout: .seconds(10)).status.code
    }

    func get(_ path: String) async throws -> (status: UInt, text: String) {
        let link = path.hasPrefix("http") ? path : url + path
        let response = try await HTTPClient.shared.execute(HTTPClientRequest(url: link), timeout: .seconds(10))
        let body = try await response.body.collect(upTo: 4 * 1024 * 1024)
        return (response.status.code, String(buffer: body))
    }

    func list(_ path: String) async throws -> Listed {
        let (status, text) = try await get(path)
        #expect(status == 200)
        return try JSONDecoder().decode(Listed.self, from: Data(text.utf8))
    }
}

private struct Listed: Decodable {
    struct Link: Decodable {
        let relation: String
        let url: String
    }
    struct Entry: Decodable {
        struct Resource: Decodable {
            let resourceType: String
            let id: String
            let status: String
            let start: String
        }
        let resource: Resource
    }
    let resourceType: String
    let type: String
    let total: Int
    let link: [Link]
    let entry: [Entry]?

    var next: String? { link.first { $0.relation == "next" }?.url }
    var ids: [String] { (entry ?? []).map(\.resource.id) }
}

private func first(_ stream: AsyncStream<Int>) async -> Int {
    for await value in stream { return value }
    return 0
}

extension Result where Failure == any Error, Success: Sendable {
    fileprivate init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}

@Suite(.timeLimit(.minutes(1))) struct BookingAppTests {
    @Test func `a notice is stored, then the record is read into the app's own list`() async throws {
        try await Stage.run { stage async throws in
            stage.source.put("r1", version: 9)
            #expect(try await stage.notify("w1", event: 1, record: "r1", version: 9) == 204)
            await stage.store.wait { $0.appointments["r1"] != nil }
            let kept = try #require(await stage.store.appointments["r1"])
            #expect(kept.version == 9)
            #expect(kept.status == "booked")
            #expect(kept.patient == "Patient/p1")
            #expect(kept.provider == "Practitioner/d1")
            #expect(kept.identifiers.map(\.value) == ["A1"])
            let log = try await stage.get("/log").text
            #expect(log.contains(#""webhook":"w1""#) && log.contains(#""event":1"#) && log.contains(#""order":1"#))
            let csv = try await stage.get("/appointments.csv").text
            #expect(
                csv.split(separator: "\n").last
                    == "r1,9,booked,2026-12-01T14:00:00Z,2026-12-01T14:20:00Z,Patient/p1,Practitioner/d1,A1")
        }
    }

    @Test func `a wrong signature, an old one and none are refused and leave nothing`() async throws {
        try await Stage.run { stage async throws in
            #expect(try await stage.notify("w1", event: 1, record: "r1", signedWith: [UInt8](1..<33)) == 401)
            #expect(try await stage.notify("w2", event: 1, record: "r1", at: Date().addingTimeInterval(-400)) == 401)
            #expect(try await stage.notify("", event: 1, record: "r1") == 401)
            #expect(await stage.store.notices.isEmpty)
        }
    }

    @Test func `the same webhook-id counts once`() async throws {
        try await Stage.run { stage async throws in
            stage.source.put("r1", version: 1)
            for _ in 0..<3 { #expect(try await stage.notify("w1", event: 1, record: "r1") == 204) }
            let notices = await stage.store.notices
            #expect(notices.map(\.times) == [3])
        }
    }

    @Test func `the list is served page by page within its window`() async throws {
        try await Stage.run { stage async throws in
            for number in 1...9 {
                stage.source.put("r\(number)", version: number, name: "A\(number)")
                _ = try await stage.notify("w\(number)", event: number, record: "r\(number)", version: number)
            }
            await stage.store.wait { $0.appointments.count == 9 }
            var ids: [String] = []
            var sizes: [Int] = []
            var page = try await stage.list(
                "/fhir/Appointment?date=ge2026-12-01T07:00:00Z&date=lt2026-12-01T13:00:00Z&_count=3")
            while true {
                #expect(page.type == "searchset" && page.resourceType == "Bundle" && page.total == 6)
                ids += page.ids
                sizes.append(page.ids.count)
                guard let next = page.next else { break }
                page = try await stage.list(next)
            }
            #expect(ids == (2...7).map { "r\($0)" })
            #expect(sizes == [3, 3])
            #expect(try await stage.get("/fhir/Appointment?date=ge2026-13-01").status == 400)
        }
    }

    @Test func `what pmsync no longer has, the app no longer lists`() async throws {
        try await Stage.run { stage async throws in
            stage.source.put("r1", version: 1)
            _ = try await stage.notify("w1", event: 1, record: "r1")
            await stage.store.wait { $0.appointments["r1"] != nil }
            stage.source.remove("r1")
            _ = try await stage.notify("w2", event: 2, record: "r1", version: 2)
            await stage.store.wait { $0.appointments.isEmpty }
            #expect(await stage.store.appointments.isEmpty)
        }
    }

    @Test func `a record that cannot be read now is read later`() async throws {
        try await Stage.run { stage async throws in
            stage.source.put("r1", version: 1)
            stage.source.fail(3)
            _ = try await stage.notify("w1", event: 1, record: "r1")
            await stage.store.wait { $0.appointments["r1"] != nil }
            #expect(await stage.store.appointments["r1"]?.version == 1)
        }
    }

    @Test func `after a kill the app knows what it said yes to, and reads what it had not read`() async throws {
        try await withFolder { folder in
            let before = try AppStore(folder: folder)
            for (webhook, record) in [("w1", "r1"), ("w2", "r2")] {
                let body = NoticeBody(
                    type: "appointment.booked",
                    data: .init(event: 1, change: nil, record: .init(kind: "appointment", id: record, version: 1)))
                #expect(try await before.receive(webhook: webhook, body: body, now: Date()) == .stored)
            }
            // The last line was cut by the kill.
            let path = folder + "/app.log"
            let whole = try Data(contentsOf: URL(fileURLWithPath: path))
            try (whole + Data("{\"notice\":{".utf8)).write(to: URL(fileURLWithPath: path))

            let source = Source()
            source.put("r1", version: 1)
            source.put("r2", version: 2)
            try await Stage.run(folder: folder, source: source) { stage async throws in
                await stage.store.wait { $0.appointments.count == 2 && $0.unfetched.isEmpty }
                #expect(try await stage.notify("w1", event: 1, record: "r1") == 204)
                #expect(await stage.store.notices.map(\.times) == [2, 1])
            }
            let after = try AppStore(folder: folder)
            #expect(await after.notices.map(\.webhook) == ["w1", "w2"])
        }
    }

    @Test func `a dropped notice is answered yes and does nothing`() async throws {
        try await Stage.run(faults: [FaultDose(.appDrops, .share(1))]) { stage async throws in
            stage.source.put("r1", version: 1)
            #expect(try await stage.notify("w1", event: 1, record: "r1") == 204)
            #expect(await stage.store.notices.map(\.dropped) == [true])
            #expect(await stage.store.appointments.isEmpty)
            #expect(await stage.store.ledger.map(\.name) == ["app-drops"])
        }
    }

    @Test func `a refused notice is refused each time it comes`() async throws {
        try await Stage.run(faults: [FaultDose(.appRefuses, .share(1))]) { stage async throws in
            for _ in 0..<2 { #expect(try await stage.notify("w1", event: 1, record: "r1") == 422) }
            #expect(await stage.store.notices.isEmpty)
            #expect(await stage.store.ledger.count == 1)
        }
    }

    @Test func `planted ones are forgotten or moved until pmsync sends them again`() async throws {
        try await Stage.run(forget: ["A1"], move: ["A2"]) { stage async throws in
            stage.source.put("r1", version: 1, name: "A1")
            stage.source.put("r2", version: 2, name: "A2")
            stage.source.put("r3", version: 3, name: "A3")
            for number in 1...3 { _ = try await stage.notify("w\(number)", event: number, record: "r\(number)") }
            await stage.store.wait { $0.notices.count == 3 && $0.unfetched.isEmpty && $0.appointments.count == 2 }
            let truth = try Date("2026-12-01T07:00:00Z", strategy: .iso8601)
            var kept = await stage.store.appointments
            #expect(Set(kept.keys) == ["r2", "r3"])
            #expect(kept["r2"]?.start == truth.addingTimeInterval(1800))

            for number in 1...2 {
                _ = try await stage.notify(
                    "x\(number)", event: 3 + number, record: "r\(number)", type: "appointment.resync")
            }
            await stage.store.wait { $0.appointments["r1"] != nil && $0.appointments["r2"]?.start == truth }
            kept = await stage.store.appointments
            #expect(Set(kept.keys) == ["r1", "r2", "r3"])
        }
    }

    @Test func `what a webhook missed is read from the stream of changes, resumed where it broke off`() async throws {
        try await Stage.run(catchUp: true) { stage async throws in
            for number in 1...5 {
                stage.source.put("r\(number)", version: number)
                stage.source.change(10 + number, "r\(number)")
            }
            // Event 2 to 4 never came; their changes have other numbers, and some in between are told to nobody.
            stage.source.cut(after: 1)
            _ = try await stage.notify("w1", event: 1, change: 11, record: "r1")
            _ = try await stage.notify("w5", event: 5, change: 15, record: "r5")
            await stage.store.wait { $0.appointments.count == 5 && $0.gap == nil }
            #expect(await stage.store.gap == nil)
            #expect(await stage.store.notices.compactMap(\.change) == [11, 15, 12, 13, 14])
            #expect(stage.source.asked == ["11", "12"])
            // The webhook comes after all: a repeat, and no new gap.
            #expect(try await stage.notify("w3", event: 3, change: 13, record: "r3") == 204)
            #expect(await stage.store.notices.count == 5)
            #expect(await stage.store.gap == nil)
        }
    }

    @Test func `a stream is read whatever its pieces and line ends are`() {
        let text =
            "retry: 2000\n\n:\n\nid: 7\r\nevent: appointment.booked\r\ndata: {\r\ndata:}\r\n\r\nid: 8\n\ndata: x\r\r"
        for size in [1, 2, 5, 400] {
            var stream = EventStream()
            let bytes = Array(text.utf8)
            let events = stride(from: 0, to: bytes.count, by: size).flatMap { start in
                stream.read(bytes[start..<min(start + size, bytes.count)])
            }
            #expect(
                events == [
                    .init(id: "7", type: "appointment.booked", data: "{\n}"),
                    .init(id: "8", type: "message", data: "x"),
                ])
        }
    }

    @Test func `a secret that is none is refused`() {
        for wrong in ["", "whsec_", "whsec_AAAA", "AAAA", "whsec_\(Data(0..<70).base64EncodedString())"] {
            #expect(throws: SimulatorError.badSecret(file: "f")) { try StandardWebhook(secrets: wrong, file: "f") }
        }
    }
}
