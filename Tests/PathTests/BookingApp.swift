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

/// Somebody's booking app: takes notices, checks their signatures by itself, and reads what they tell of.
final class BookingApp: Sendable {
    struct Heard: Sendable, Equatable {
        let webhook: String
        let event: Int64
        let type: String
        let record: String
        let version: Int
        /// Of a whole day's event, its appointments.
        var members: [String] = []
        /// How often it was received.
        var times = 1
    }

    enum Mood: Sendable {
        case well
        /// Answers 503 and keeps nothing.
        case unwell
        /// Keeps the notice, and answers 500: the sender cannot know.
        case forgetful
        /// Keeps the notice, and does not answer until its mood is another.
        case silent
    }

    private struct State {
        var port = 0
        var secret: [UInt8] = []
        var key = ""
        var base = ""
        var mood = Mood.well
        var silences: [CheckedContinuation<Void, Never>] = []
        var heard: [Heard] = []
        var held: [String: Shown] = [:]
        var unread: Set<String> = []
        var isReading = false
        var forged = 0
        var turnedAway = 0
    }

    private let state = Mutex(State())
    private let ports: AsyncStream<Int>
    private let bound: AsyncStream<Int>.Continuation
    private let toggles: AsyncStream<Void>
    private let toggle: AsyncStream<Void>.Continuation
    private let news: AsyncStream<Void>
    private let whenNews: AsyncStream<Void>.Continuation

    init() {
        (ports, bound) = AsyncStream.makeStream()
        (toggles, toggle) = AsyncStream.makeStream()
        (news, whenNews) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    // MARK: What it knows

    /// In the order of first receipt.
    var heard: [Heard] { state.withLock { $0.heard } }
    /// What it read for the notices, by the record's id.
    var held: [String: Shown] { state.withLock { $0.held } }
    /// Whether it has read everything that it heard of.
    var isUpToDate: Bool { state.withLock { $0.unread.isEmpty && !$0.isReading } }
    /// Notices whose signature it did not believe.
    var forged: Int { state.withLock { $0.forged } }
    /// Notices that it did not take for its mood.
    var turnedAway: Int { state.withLock { $0.turnedAway } }
    var key: String { state.withLock { $0.key } }
    var base: String { state.withLock { $0.base } }

    func feel(_ mood: Mood) {
        let waiting = state.withLock { state in
            defer { state.silences = [] }
            state.mood = mood
            return state.silences
        }
        for silence in waiting { silence.resume() }
    }

    func heard(of record: String) -> [Heard] { heard.filter { $0.record == record } }

    /// - Parameter secret: `whsec_` and base64.
    func introduce(key: String, secret: String) throws {
        guard let bytes = Data(base64Encoded: String(secret.dropFirst("whsec_".count))) else {
            throw PathError.missing("a secret in base64")
        }
        state.withLock {
            $0.key = key
            $0.secret = Array(bytes)
        }
    }

    /// - Parameter base: where `/fhir` is.
    func introduce(base: String) { state.withLock { $0.base = base } }

    // MARK: Its life

    /// The port it listens on, once it does.
    func port() async -> Int { await ports.first { _ in true } ?? 0 }

    /// Closes its door, or opens it again at the same port.
    func switchOver() { toggle.yield() }

    /// Serves, with its door open at first, until cancelled.
    func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.read() }
            group.addTask {
                while !Task.isCancelled {
                    await withTaskGroup(of: Void.self) { door in
                        door.addTask { await self.serve() }
                        door.addTask { _ = await self.toggles.first { _ in true } }
                        await door.next()
                        door.cancelAll()
                    }
                    if Task.isCancelled { return }
                    _ = await self.toggles.first { _ in true }
                }
            }
        }
    }

    private func serve() async {
        var logger = Logger(label: "booking-app")
        logger.logLevel = .critical
        let application = Application(
            responder: CallbackResponder { (request: Request, _: BasicRequestContext) in
                await self.answer(request)
            },
            configuration: .init(address: .hostname("127.0.0.1", port: state.withLock { $0.port })),
            onServerRunning: { channel in
                let port = channel.localAddress?.port ?? 0
                self.state.withLock { $0.port = port }
                self.bound.yield(port)
            }, logger: logger)
        let services = ServiceGroup(
            configuration: .init(services: [.init(service: application)], logger: logger))
        // A task of its own, so that a cancellation closes the door in order: cut off in mid-answer, the server would take
        // this process with it.
        let serving = Task { try? await services.run() }
        await withTaskCancellationHandler {
            _ = await serving.value
        } onCancel: {
            Task { await services.triggerGracefulShutdown() }
        }
    }

    private struct Body: Decodable {
        struct Content: Decodable {
            let event: Int64
            let record: Record
            let members: [String]?
        }
        struct Record: Decodable {
            let kind: String
            let id: String
            let version: Int
        }
        let type: String
        let data: Content
    }

    private func answer(_ request: Request) async -> Response {
        guard let body = try? await request.body.collect(upTo: 65_536) else { return Response(status: .badRequest) }
        let bytes = Array(body.readableBytesView)
        func header(_ name: String) -> String { HTTPField.Name(name).flatMap { request.headers[$0] } ?? "" }
        let id = header("webhook-id")
        let signed = Array("\(id).\(header("webhook-timestamp")).".utf8) + bytes
        let given = header("webhook-signature").split(separator: " ").map(String.init)
        let notice = try? JSONDecoder().decode(Body.self, from: Data(bytes))
        let (response, mood) = take(id, notice, signed, given)
        if case .silent = mood { await silence() }
        return response
    }

    private func silence() async {
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                guard case .silent = state.mood else { return true }
                state.silences.append(continuation)
                return false
            }
            if isOver { continuation.resume() }
        }
    }

    private func take(
        _ id: String, _ notice: Body?, _ signed: [UInt8], _ given: [String]
    ) -> (response: Response, mood: Mood) {
        state.withLock { state in
            let mood = state.mood
            let code = HMAC<SHA256>.authenticationCode(for: signed, using: SymmetricKey(data: state.secret))
            guard given.contains("v1," + Data(code).base64EncodedString()), let notice else {
                state.forged += 1
                return (Response(status: .unauthorized), .well)
            }
            if case .unwell = mood {
                state.turnedAway += 1
                return (Response(status: .serviceUnavailable), mood)
            }
            if let known = state.heard.firstIndex(where: { $0.webhook == id }) {
                state.heard[known].times += 1
            } else {
                let record = notice.data.record
                state.heard.append(
                    Heard(
                        webhook: id, event: notice.data.event, type: notice.type, record: record.id,
                        version: record.version, members: notice.data.members ?? []))
                if record.kind == "appointment" { state.unread.insert(record.id) }
            }
            whenNews.yield()
            if case .forgetful = mood {
                state.turnedAway += 1
                return (Response(status: .internalServerError), mood)
            }
            return (Response(status: .noContent), mood)
        }
    }

    // MARK: Reading

    /// An Appointment as far as this app reads it.
    struct Shown: Decodable, Sendable, Equatable {
        struct Meta: Decodable, Sendable, Equatable {
            struct Tag: Decodable, Sendable, Equatable { let code: String }
            let versionId: String?
            let tag: [Tag]?
        }
        let id: String
        let meta: Meta?
        let status: String
        let start: String?
        let end: String?
        let minutesDuration: Int?

        var tags: Set<String> { Set((meta?.tag ?? []).map(\.code)) }
    }

    /// Reads each record that it heard of; one that cannot be read now is read a moment later.
    private func read() async {
        for await _ in news {
            while let id = next() {
                do {
                    let shown = try await get("/fhir/Appointment/\(id)", as: Shown.self)
                    state.withLock { $0.held[id] = shown }
                } catch {
                    _ = state.withLock { $0.unread.insert(id) }
                    do { try await Task.sleep(for: .milliseconds(50)) } catch { return }
                }
            }
        }
    }

    private func next() -> String? {
        state.withLock { state in
            let id = state.unread.popFirst()
            state.isReading = id != nil
            return id
        }
    }

    /// Reads with its key; `path` may be an address of its own (a `next` link).
    func get<T: Decodable>(_ path: String, as type: T.Type) async throws -> T {
        let (status, body) = try await fetch(path)
        guard status == 200 else { throw PathError.missing("\(path) (\(status))") }
        return try JSONDecoder().decode(type, from: Data(body))
    }

    func fetch(_ path: String) async throws -> (status: Int, body: [UInt8]) {
        var request = HTTPClientRequest(url: path.hasPrefix("http") ? path : base + path)
        request.headers.add(name: "authorization", value: "Bearer \(key)")
        request.headers.add(name: "accept", value: "application/fhir+json")
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(20))
        let body = try await response.body.collect(upTo: 8 << 20)
        return (Int(response.status.code), Array(body.readableBytesView))
    }
}
