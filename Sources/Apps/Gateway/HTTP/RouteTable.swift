import FHIR
import Foundation
import HTTPTypes
import Hosting
import Hummingbird
import Logging
import NIOCore
import Postgres
import Worker

/// What a request is answered within.
struct GatewayContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        channel = source.channel
    }

    /// The peer's address without its port.
    var peer: String { channel.remoteAddress?.ipAddress ?? "local" }
}

/// The routes, each with its permission. Nothing gets to a handler but by `add`, which asks for one.
struct RouteTable {
    struct Declared: Hashable, Sendable {
        let method: String
        let path: String
        let permission: Permission
    }

    let router: Router<GatewayContext>
    private(set) var declared: [Declared] = []
    private let doorkeeper: Doorkeeper
    private let metrics: GatewayMetrics
    private let logger = Logger(label: "pmsync.gateway.http")

    init(doorkeeper: Doorkeeper, metrics: GatewayMetrics) {
        router = Router(context: GatewayContext.self)
        self.doorkeeper = doorkeeper
        self.metrics = metrics
        router.add(middleware: NoSuchRoute(metrics: metrics))
    }

    /// A route that anybody may call.
    mutating func addOpen(
        _ method: HTTPRequest.Method, _ path: String, as name: String,
        _ handle: @escaping @Sendable (Request, GatewayContext) async throws -> Response
    ) {
        add(method, path, name, .open, handle)
    }

    /// A route for clients with a key. `handle` is called once the key is known to be in force and to have the scope; until
    /// then nothing of the body is read.
    mutating func add(
        _ method: HTTPRequest.Method, _ path: String, as name: String, for permission: Permission,
        _ handle: @escaping @Sendable (Request, GatewayContext, APIClient) async throws -> Response
    ) {
        precondition(permission != .open, "a route without a key is added by addOpen")
        add(method, path, name, permission) { [doorkeeper] request, context in
            let client = try await doorkeeper.admit(request.headers, from: context.peer)
            if case .scope(let scope) = permission, !client.scopes.contains(scope) {
                throw Problem.missingScope(scope)
            }
            return try await handle(request, context, client)
        }
    }

    /// Answers 405 to every method but these, to clients with a key.
    mutating func refuseOthers(than allowed: [HTTPRequest.Method], at path: String, as name: String, _ sentence: String)
    {
        for method in Self.methods where !allowed.contains(method) {
            add(method, path, as: name, for: .key) { _, _, _ in throw Problem.notAllowed(allowed, sentence) }
        }
    }

    private static let methods: [HTTPRequest.Method] = [.get, .head, .post, .put, .patch, .delete, .options]

    private mutating func add(
        _ method: HTTPRequest.Method, _ path: String, _ name: String, _ permission: Permission,
        _ handle: @escaping @Sendable (Request, GatewayContext) async throws -> Response
    ) {
        declared.append(Declared(method: method.rawValue, path: path, permission: permission))
        router.on(RouterPath(path), method: method) { [metrics, logger] request, context in
            let start = ContinuousClock.now
            let response: Response
            do {
                response = try await within(.seconds(30)) { try await handle(request, context) }
            } catch {
                response = Self.answer(to: error, request, context, logger)
            }
            metrics.requests.add(1, ["route": name, "status": "\(response.status.code / 100)xx"])
            metrics.requestSeconds.observe(start.duration(to: .now), ["route": name])
            return response
        }
    }

    private static func answer(
        to error: any Error, _ request: Request, _ context: GatewayContext, _ logger: Logger
    ) -> Response {
        let problem: Problem
        switch error {
        case let known as Problem: problem = known
        case let known as SearchError: problem = Problem(known)
        case let known as PostgresError where known.isTransient:
            logger.warning("A request found no database.", metadata: ["failure.code": "\(FailureCode.of(known))"])
            problem = .unavailable("The records cannot be read now. Try again.")
        default:
            logger.error("A request failed.", metadata: ["failure.code": "\(FailureCode.of(error))"])
            problem = Problem(.internalServerError, .exception, "failed", "This failed here, and is on record.")
        }
        let response = Response.fhir(problem.status, problem.outcome, headers: problem.headers)
        return request.mayHaveBody ? response.closing(context.channel) : response
    }
}

/// What no route takes.
private struct NoSuchRoute: RouterMiddleware {
    let metrics: GatewayMetrics

    @concurrent func handle(
        _ request: Request, context: GatewayContext,
        next: @concurrent (Request, GatewayContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as HTTPError {
            let problem =
                error.status == .notFound
                ? Problem.noSuchRoute
                : Problem(error.status, .invalid, "bad-request", "The request cannot be read.")
            metrics.requests.add(1, ["route": "unknown", "status": "\(problem.status.code / 100)xx"])
            let response = Response.fhir(problem.status, problem.outcome, headers: problem.headers)
            return request.mayHaveBody ? response.closing(context.channel) : response
        }
    }
}

/// The body's value, or a problem when it takes longer.
func within<Value: Sendable>(
    _ limit: Duration, _ body: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    try await withThrowingTaskGroup(of: Value.self) { group in
        group.addTask { try await body() }
        group.addTask {
            try await Task.sleep(for: limit)
            throw Problem.timeout
        }
        defer { group.cancelAll() }
        guard let first = try await group.next() else { throw Problem.timeout }
        return first
    }
}
