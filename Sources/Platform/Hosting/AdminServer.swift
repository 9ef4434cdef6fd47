import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle

/// The admin port, on loopback only: `/healthz` (the process runs), `/readyz` (it does its work), `/metrics`.
struct AdminServer: Service {
    let port: Int
    let readiness: Readiness
    let metrics: Metrics
    private let gate: Readiness.Gate

    init(port: Int, readiness: Readiness, metrics: Metrics) {
        self.port = port
        self.readiness = readiness
        self.metrics = metrics
        gate = readiness.gate("admin")
    }

    func run() async throws {
        let application = Application(
            router: router(),
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: port)),
            onServerRunning: { [readiness, gate] channel in
                readiness.announce("admin", channel.localAddress?.port ?? 0)
                gate.open()
            },
            logger: Logger(label: "admin"))
        try await ListenError.explaining("the admin port", host: "127.0.0.1", port: port) {
            try await application.run()
        }
    }

    private func router() -> Router<BasicRequestContext> {
        let router = Router()
        router.get("healthz") { _, _ in Self.text(.ok, "ok\n") }
        router.get("readyz") { [readiness] _, _ in
            let missing = await readiness.missing()
            if missing.isEmpty { return Self.text(.ok, "ready\n") }
            return Self.text(.serviceUnavailable, "not ready: \(missing.joined(separator: ", "))\n")
        }
        router.get("metrics") { [metrics] _, _ in
            Self.text(.ok, metrics.exposition(), type: "text/plain; version=0.0.4; charset=utf-8")
        }
        return router
    }

    private static func text(
        _ status: HTTPResponse.Status, _ text: String, type: String = "text/plain; charset=utf-8"
    ) -> Response {
        Response(
            status: status, headers: [.contentType: type, .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }
}
