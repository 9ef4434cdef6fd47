import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle

/// The booking app's HTTP side: `POST /webhook`, `GET /fhir/Appointment`, `/appointments.csv`, `/log`.
package struct AppServer: Service {
    private let store: AppStore
    private let webhook: StandardWebhook
    private let port: Int
    private let onPort: @Sendable (Int) -> Void
    private let slowness: Duration

    /// - Parameters:
    ///   - port: 0 picks a free one.
    ///   - onPort: is told the port once it is bound.
    package init(
        _ store: AppStore, webhook: StandardWebhook, port: Int, slowness: Duration = .seconds(3),
        onPort: @escaping @Sendable (Int) -> Void
    ) {
        self.store = store
        self.webhook = webhook
        self.port = port
        self.slowness = slowness
        self.onPort = onPort
    }

    package func run() async throws {
        let application = Application(
            router: router(),
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: port)),
            onServerRunning: { [onPort] channel in onPort(channel.localAddress?.port ?? 0) },
            logger: Logger(label: "practice.app"))
        try await application.run()
    }

    private func router() -> Router<BasicRequestContext> {
        let router = Router()
        router.post("webhook") { request, _ in try await receive(request) }
        router.get("fhir/Appointment") { request, _ in await search(request) }
        router.get("appointments.csv") { _, _ in await csv() }
        router.get("log") { _, _ in try await json(store.notices) }
        return router
    }

    private func receive(_ request: Request) async throws -> Response {
        let body = try await request.body.collect(upTo: 64 * 1024)
        let bytes = Array(body.readableBytesView)
        func header(_ name: String) -> String { HTTPField.Name(name).flatMap { request.headers[$0] } ?? "" }
        let id = header("webhook-id")
        guard
            webhook.accepts(
                id: id, timestamp: header("webhook-timestamp"), signatures: header("webhook-signature"), body: bytes,
                now: Date())
        else { return Response(status: .unauthorized) }
        guard let notice = try? JSONDecoder().decode(NoticeBody.self, from: Data(bytes)) else {
            return Response(status: .badRequest)
        }
        if await store.isSlow() { try await Task.sleep(for: slowness) }
        let reply = try await store.receive(webhook: id, body: notice, now: Date())
        return Response(status: .init(code: reply.status))
    }

    /// One page; `date` with ge, gt, lt or le, `_count`, and `_page`, which only the links bear.
    private func search(_ request: Request) async -> Response {
        var from: Date?
        var to: Date?
        for value in request.uri.queryParameters.getAll("date") {
            guard let bound = FHIRTime.bound(String(value.dropFirst(2))) else { return Response(status: .badRequest) }
            switch value.prefix(2) {
            case "ge", "gt": from = bound
            case "lt", "le": to = bound
            default: return Response(status: .badRequest)
            }
        }
        let count = min(max(request.uri.queryParameters.get("_count", as: Int.self) ?? 50, 1), 500)
        let page = max(request.uri.queryParameters.get("_page", as: Int.self) ?? 0, 0)
        let all = await store.sorted(from: from, to: to)
        let shown = all.dropFirst(page * count).prefix(count)

        let base = "http://\(request.head.authority ?? "127.0.0.1")/fhir/Appointment"
        let filters = (request.uri.query ?? "").split(separator: "&").filter { !$0.hasPrefix("_page=") }
        func link(_ relation: String, page: Int) -> WireBundle.Link {
            .init(relation: relation, url: base + "?" + (filters + ["_page=\(page)"]).joined(separator: "&"))
        }
        var links = [link("self", page: page)]
        if (page + 1) * count < all.count { links.append(link("next", page: page + 1)) }
        let entries = shown.map { WireBundle.Entry(fullUrl: "\(base)/\($0.id)", resource: WireAppointment($0)) }
        let bundle = WireBundle(total: all.count, link: links, entry: entries.isEmpty ? nil : entries)
        return (try? json(bundle, type: "application/fhir+json")) ?? Response(status: .internalServerError)
    }

    private func csv() async -> Response {
        let rows = await store.sorted(from: nil, to: nil).map { appointment in
            [
                appointment.id, "\(appointment.version)", appointment.status,
                appointment.start.map { $0.formatted(.iso8601) } ?? "",
                appointment.end.map { $0.formatted(.iso8601) } ?? "", appointment.patient ?? "",
                appointment.provider ?? "", appointment.identifiers.compactMap(\.value).joined(separator: " "),
            ].joined(separator: ",")
        }
        let text = (["id,version,status,start,end,patient,provider,identifiers"] + rows).joined(separator: "\n") + "\n"
        return Response(
            status: .ok, headers: [.contentType: "text/csv; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }

    private func json(_ value: some Encodable, type: String = "application/json") throws -> Response {
        Response(
            status: .ok, headers: [.contentType: type],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: try WholeFile.encoder.encode(value))))
    }
}
