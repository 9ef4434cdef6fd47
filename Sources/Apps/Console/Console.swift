package import Hosting
package import Hummingbird
import Logging
package import Postgres
package import Queue
import Worker

/// The web pages of administrators and operators: what agrees this morning, what does not, what is parked, and the acts
/// that mend it. Owns the schema `console` and the acts on findings; sends nothing itself, but puts jobs into the queue
/// for whoever does. Every page is made here, on the server, and works without a script.
///
///     request -> route (declares its need) -> session -> origin and token (POST) -> page
///
/// Whatever a page reads, it reads in a transaction that names the person's practices, so that the database itself shows
/// nothing of any other.
package struct Console: Sendable {
    let pool: Pool
    let doorbell: Doorbell
    let wall: Wall
    let passwords: Passwords
    let pages: Pages
    let definitions: DefinitionStore
    let metrics: ConsoleMetrics
    let logger = Logger(label: "pmsync.console")

    package init(
        pool: Pool, doorbell: Doorbell, wall: Wall, metrics: Metrics = Metrics(), cost: ScryptCost = .standard
    ) throws {
        self.pool = pool
        self.doorbell = doorbell
        self.wall = wall
        passwords = Passwords(cost: cost)
        pages = try Pages()
        definitions = DefinitionStore(pool: pool, metrics: metrics)
        self.metrics = ConsoleMetrics(metrics)
    }

    /// Every route there is, each with its need. `/healthz` and the like are on the admin port.
    package var routes: [Route] {
        accessRoutes + morningRoutes + findingRoutes + feedRoutes + jobRoutes + messageRoutes + reportRoutes
            + memberRoutes + destinationRoutes + codeRoutes + decisionRoutes
    }

    /// The routes as a server takes them, behind what holds for all: headers, and errors as pages.
    package func router() -> Router<BasicRequestContext> {
        let router = Router()
        router.add(middleware: Shell(console: self))
        for route in routes {
            router.on(RouterPath(route.path), method: route.method) { request, context in
                try await answer(route, request, context.parameters)
            }
        }
        return router
    }

    /// Runs `body` in a transaction that sees the person's practices and no other.
    func reading<Value>(
        _ person: SignedIn, _ body: (Desk) async throws -> Value
    ) async throws -> Value {
        let now = wall.now()
        return try await pool.transaction { transaction in
            try await body(try await Desk(person, now: now, in: transaction))
        }
    }
}
