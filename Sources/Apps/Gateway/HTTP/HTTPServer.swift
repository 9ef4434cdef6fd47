import FHIR
import Foundation
import HTTPTypes
package import Hosting
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
package import Postgres
import ServiceLifecycle
import Worker

/// The gateway's HTTP side: FHIR reading, changes, HL7 over HTTP.
package final class HTTPServer: Service {
    package struct Options: Sendable {
        package var host: String
        package var port: Int
        package var publicURL: String?
        package var maxMessage: Int
        package var rate = RequestRate()
        package var connections = 1024

        package init(host: String, port: Int, publicURL: String? = nil, maxMessage: Int = 4 << 20) {
            self.host = host
            self.port = port
            self.publicURL = publicURL
            self.maxMessage = maxMessage
        }
    }

    private let responder: RouterResponder<GatewayContext>
    private let declared: [RouteTable.Declared]
    private let bell: ChangeBell
    private let options: Options
    private let onListening: @Sendable (Int) -> Void

    /// - Parameters:
    ///   - pool: under the gateway's role, for keys.
    ///   - reading: under the API's role, which row-level security binds.
    package init(
        intake: Intake, definitions: Definitions, pool: Pool, reading: Pool, options: Options, metrics: GatewayMetrics,
        readiness: Readiness, onListening: @escaping @Sendable (Int) -> Void = { _ in }
    ) {
        self.options = options
        self.onListening = onListening
        bell = ChangeBell(pool.configuration)
        let doorkeeper = Doorkeeper(pool: pool, rate: options.rate)
        let routes = Self.routes(
            doorkeeper: doorkeeper, reader: FHIRReader(pool: reading, address: PublicAddress(options.publicURL)),
            changes: ChangeRoute(pool: reading, doorkeeper: doorkeeper, bell: bell, metrics: metrics),
            hl7: HL7Route(intake: intake, definitions: definitions, limit: options.maxMessage),
            address: PublicAddress(options.publicURL), readiness: readiness, metrics: metrics)
        responder = routes.router.buildResponder()
        declared = routes.declared
    }

    /// Method, path and permission of each route, for whoever checks them.
    package var declaredRoutes: [(method: String, path: String, permission: Permission)] {
        declared.map { ($0.method, $0.path, $0.permission) }
    }

    package func run() async throws {
        let configuration = HTTP1Channel.Configuration(
            idleTimeout: .seconds(60),
            httpDecoderConfiguration: .init(
                maxHeaderFieldSize: 16 * 1024, maxHeaderListSize: 32 * 1024, maxHeaderFieldCount: 100))
        let logger = Logger(label: "http")
        let application = Application(
            responder: responder, server: .http1(configuration: configuration),
            configuration: ApplicationConfiguration(
                address: .hostname(options.host, port: options.port),
                availableConnectionsDelegate: .maximum(options.connections, logger: logger)),
            onServerRunning: { [onListening] channel in onListening(channel.localAddress?.port ?? 0) }, logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [bell] in try await bell.run() }
            // Streams end at once, or they would hold up the stop until its deadline.
            try await withGracefulShutdownHandler {
                try await ListenError.explaining("HTTP", host: options.host, port: options.port) {
                    try await application.run()
                }
            } onGracefulShutdown: { [bell] in
                bell.close()
            }
            group.cancelAll()
        }
    }

    private static func routes(
        doorkeeper: Doorkeeper, reader: FHIRReader, changes: ChangeRoute, hl7: HL7Route, address: PublicAddress,
        readiness: Readiness, metrics: GatewayMetrics
    ) -> RouteTable {
        var routes = RouteTable(doorkeeper: doorkeeper, metrics: metrics)
        let started = Instant(Date(timeIntervalSince1970: Date().timeIntervalSince1970.rounded()))
        routes.addOpen(.get, "/fhir/metadata", as: "metadata") { request, _ in
            let base = try address.base(of: request) + "/fhir"
            return .fhir(.ok, CapabilityStatement(version: GatewayProgram.version, date: started, url: base))
        }
        routes.addOpen(.get, "/healthz", as: "health") { _, _ in .bytes(.ok, Array("ok\n".utf8), type: "text/plain") }
        routes.addOpen(.get, "/readyz", as: "health") { _, _ in
            let isReady = await readiness.missing().isEmpty
            return .bytes(
                isReady ? .ok : .serviceUnavailable, Array((isReady ? "ready\n" : "not ready\n").utf8),
                type: "text/plain")
        }
        for type in CapabilityStatement.served {
            let name = type.rawValue.lowercased()
            let many = "/fhir/\(type.rawValue)"
            let one = many + "/{id}"
            routes.add(.get, many, as: name, for: .scope(.read)) { request, _, client in
                try await reader.search(type, request, client)
            }
            routes.add(.get, one, as: name, for: .scope(.read)) { request, context, client in
                try await reader.read(type, request, context, client)
            }
            Booking.add(to: &routes, for: type, path: many, name: name)
            Booking.add(to: &routes, for: type, path: one, name: name)
        }
        routes.add(.get, "/changes", as: "changes", for: .scope(.read)) { request, _, client in
            try await changes.answer(request, client)
        }
        routes.refuseOthers(than: [.get], at: "/changes", as: "changes", "Changes can only be read: GET.")
        routes.add(.post, "/hl7", as: "hl7", for: .feed) { request, context, client in
            try await hl7.answer(request, context, client)
        }
        routes.refuseOthers(than: [.post], at: "/hl7", as: "hl7", "Send one HL7 v2 message: POST.")
        return routes
    }
}
