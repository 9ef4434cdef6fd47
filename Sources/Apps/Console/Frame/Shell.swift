import HTTPTypes
import Hosting
import Hummingbird
import Logging
import Postgres

/// What holds for every answer: the headers, and that an error is a page. Nothing of a request is logged but its route's
/// pattern and what went wrong.
struct Shell: RouterMiddleware {
    let console: Console

    func handle(
        _ request: Request, context: BasicRequestContext,
        next: @concurrent (Request, BasicRequestContext) async throws -> Response
    ) async throws -> Response {
        let start = ContinuousClock.now
        var response: Response
        do {
            response = try await next(request, context)
        } catch {
            response = failed(error, request, context)
        }
        let isEncrypted = request.headers[.forwardedProtocol]?.lowercased() == "https"
        for field in Self.headers(isEncrypted: isEncrypted) where response.headers[field.name] == nil {
            response.headers[field.name] = field.value
        }
        console.metrics.answered(response.status.code, after: start.duration(to: .now))
        return response
    }

    private func failed(_ error: any Error, _ request: Request, _ context: BasicRequestContext) -> Response {
        if let error = error as? ConsoleError, error.status < 500 { return console.pages.error(error) }
        if let error = error as? HTTPError {
            return console.pages.error(error.status == .notFound ? .notFound : .unreadableForm)
        }
        console.logger.error(
            "page failed",
            metadata: [
                "http.route": "\(context.endpointPath ?? "none")", "failure.code": "\(FailureCode.of(error))",
            ])
        return console.pages.unavailable(
            isTransient: (error as? PostgresError)?.isTransient ?? false,
            retry: request.method == .get ? Console.ownPath(request.uri.string) : nil)
    }

    /// No script, style, frame or form but our own; nothing kept by a cache; no address told to other sites.
    static func headers(isEncrypted: Bool) -> HTTPFields {
        var headers: HTTPFields = [
            .contentSecurityPolicy: "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
                + "form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
            .xContentTypeOptions: "nosniff",
            .cacheControl: "no-store",
        ]
        headers[.referrerPolicy] = "same-origin"  // with "no-referrer" a browser's own POST has the Origin "null"
        headers[.openerPolicy] = "same-origin"
        headers[.resourcePolicy] = "same-origin"
        if isEncrypted { headers[.strictTransportSecurity] = "max-age=31536000" }
        return headers
    }
}

extension HTTPField.Name {
    static let referrerPolicy = named("Referrer-Policy")
    static let openerPolicy = named("Cross-Origin-Opener-Policy")
    static let resourcePolicy = named("Cross-Origin-Resource-Policy")

    static func named(_ text: String) -> Self {
        guard let name = Self(text) else { preconditionFailure("\(text) is no header's name") }
        return name
    }
}
