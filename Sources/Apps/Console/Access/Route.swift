package import HTTPTypes
import Hummingbird

/// A way in: what it answers to, and what it needs. The need is part of how the route is made, so that none can be
/// without: only `open` answers to somebody who is not signed in.
package struct Route: Sendable {
    package enum Need: String, Sendable {
        /// Anybody: signing in, and the style sheet.
        case nothing
        /// A session.
        case session
    }

    enum Act: Sendable {
        case open(@Sendable (Visit) async throws -> Response)
        case signedIn(@Sendable (Visit, SignedIn) async throws -> Response)
    }

    package let method: HTTPRequest.Method
    /// As Hummingbird writes it: `/findings/{practice}/{key}`.
    package let path: String
    let act: Act

    package var need: Need {
        switch act {
        case .open: .nothing
        case .signedIn: .session
        }
    }

    static func open(
        _ method: HTTPRequest.Method, _ path: String, _ act: @escaping @Sendable (Visit) async throws -> Response
    ) -> Route {
        Route(method: method, path: path, act: .open(act))
    }

    static func get(
        _ path: String, _ act: @escaping @Sendable (Visit, SignedIn) async throws -> Response
    ) -> Route {
        Route(method: .get, path: path, act: .signedIn(act))
    }

    static func post(
        _ path: String, _ act: @escaping @Sendable (Visit, SignedIn) async throws -> Response
    ) -> Route {
        Route(method: .post, path: path, act: .signedIn(act))
    }
}

extension Console {
    /// The only path from a request to a page. The body is read after the session is known, the act comes after the
    /// origin and the session's token were checked.
    func answer(_ route: Route, _ request: Request, _ parameters: Parameters) async throws -> Response {
        var visit = Visit(request, parameters)
        switch route.act {
        case .open(let act):
            if route.method == .post {
                try visit.requireOwnOrigin()
                try await visit.readForm()
            }
            return try await act(visit)
        case .signedIn(let act):
            guard let token = visit.sessionToken,
                let person = try await Sessions.find(token, in: pool)
            else { return visit.toSignIn() }
            do {
                if route.method == .post {
                    try visit.requireOwnOrigin()
                    try await visit.readForm()
                    guard visit.form["csrf"].map({ Secret.equal($0, person.csrf) }) == true else {
                        throw ConsoleError.foreignRequest
                    }
                }
                return try await act(visit, person)
            } catch let error as ConsoleError where error.status < 500 {
                return pages.error(error, person, back: visit.wayBack)
            }
        }
    }
}
