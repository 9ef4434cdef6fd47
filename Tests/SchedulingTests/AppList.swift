import FHIR
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization

/// A booking app that serves its own list as FHIR, two entries a page.
final class AppList: Sendable {
    struct Kept: Sendable {
        var id: String
        var start: Date
        var status = "booked"
        var patient: String?
        var practitioner: String?
        var changedAt: Date?
    }

    private struct State {
        var kept: [Kept] = []
        var isDown = false
        var keys: Set<String> = []
    }

    private let state = Mutex(State())

    /// The bearer keys that came.
    var keys: Set<String> { state.withLock { $0.keys } }

    func keep(_ entries: [Kept]) { state.withLock { $0.kept = entries } }
    func change(_ id: UUID, _ change: (inout Kept) -> Void) {
        state.withLock { state in
            for index in state.kept.indices where state.kept[index].id == id.uuidString.lowercased() {
                change(&state.kept[index])
            }
        }
    }
    func forget(_ id: UUID) { state.withLock { $0.kept.removeAll { $0.id == id.uuidString.lowercased() } } }
    func isDown(_ down: Bool) { state.withLock { $0.isDown = down } }

    /// Serves while the body runs; gives it the FHIR base.
    func serving<T: Sendable>(_ body: @escaping @Sendable (String) async throws -> T) async throws -> T {
        let (ports, port) = AsyncStream.makeStream(of: Int.self)
        var logger = Logger(label: "app")
        logger.logLevel = .critical
        let application = Application(
            responder: CallbackResponder { (request: Request, _: BasicRequestContext) in self.answer(request) },
            configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { port.yield($0.localAddress?.port ?? 0) }, logger: logger)
        return try await withThrowingTaskGroup(of: T?.self) { group in
            group.addTask {
                try await application.run()
                return nil
            }
            let bound = await ports.first { _ in true } ?? 0
            group.addTask { try await body("http://127.0.0.1:\(bound)/fhir") }
            while let result = try await group.next() {
                guard let result else { continue }
                group.cancelAll()
                return result
            }
            throw CancellationError()
        }
    }

    private func answer(_ request: Request) -> Response {
        let (kept, isDown) = state.withLock { state in
            state.keys.insert(request.headers[.authorization] ?? "none")
            return (state.kept, state.isDown)
        }
        if isDown { return Response(status: .serviceUnavailable) }
        let page = request.uri.queryParameters.get("page", as: Int.self) ?? 0
        let shown = kept.dropFirst(page * 2).prefix(2).map { #"{"resource":\#(Self.json($0))}"# }
        let next = kept.count > page * 2 + 2 ? #","link":[{"relation":"next","url":"?page=\#(page + 1)"}]"# : ""
        let text = #"{"resourceType":"Bundle","type":"searchset"\#(next),"entry":[\#(shown.joined(separator: ","))]}"#
        return Response(
            status: .ok, headers: [.contentType: "application/fhir+json"],
            body: .init(byteBuffer: ByteBuffer(string: text)))
    }

    private static func json(_ kept: Kept) -> String {
        let actors = [kept.patient.map { "Patient/\($0)" }, kept.practitioner.map { "Practitioner/\($0)" }]
            .compactMap { $0 }
        let participants = actors.map { #"{"actor":{"reference":"\#($0)"},"status":"accepted"}"# }
        let meta = kept.changedAt.map { #""meta":{"lastUpdated":"\#($0.formatted(.iso8601))"},"# } ?? ""
        return #"{"resourceType":"Appointment","id":"\#(kept.id)",\#(meta)"status":"\#(kept.status)","#
            + #""start":"\#(kept.start.formatted(.iso8601))","end":"\#((kept.start + 1200).formatted(.iso8601))","#
            + #""participant":[\#(participants.joined(separator: ","))]}"#
    }
}
