import Console
import Foundation
import HTTPTypes
import Postgres
import Testing

/// What holds at every door, whatever is behind it.
@Suite struct DoorTests {
    /// A path of a route with something in the place of its parameters.
    private static func path(_ route: Route) -> String {
        ["{practice}": "P1", "{key}": "key-P1", "{id}": "1", "{day}": "2024-11-22", "{number}": "1", "{token}": "t"]
            .reduce(route.path) { $0.replacing($1.key, with: $1.value) }
    }

    @Test func `Only the style sheet, signing in and invitations are open to everybody`() async throws {
        let fixture = try await Fixture.make()
        let open = fixture.console.routes.filter { $0.need == .nothing }.map { "\($0.method) \($0.path)" }
        #expect(
            open.sorted() == [
                "GET /healthz", "GET /invite/{token}", "GET /sign-in", "GET /style.css", "POST /invite/{token}",
                "POST /sign-in",
            ])
    }

    @Test func `Every other route leads to the sign-in page without a session, and reads no body before`() async throws
    {
        let fixture = try await Fixture.make()
        let routes = fixture.console.routes.filter { $0.need == .session }
        #expect(routes.count > 15)
        try await fixture.browse { browser in
            for route in routes {
                let path = Self.path(route)
                let answer =
                    route.method == .get
                    ? try await browser.get(path)
                    : try await browser.post(path, ["reason": String(repeating: "x", count: 200_000)])
                #expect(answer.status == .seeOther, "\(path)")
                #expect(answer.headers[.location]?.hasPrefix("/sign-in") == true, "\(path)")
                #expect(answer.text.isEmpty, "\(path)")
            }
        }
    }

    @Test func `Every answer bears the headers that keep strangers out`() async throws {
        let fixture = try await Fixture.make()
        try await fixture.browse(as: "ann") { browser in
            var answers: [(String, Browser.Page)] = []
            for route in fixture.console.routes where route.path != "/sign-out" {
                let path = Self.path(route)
                answers.append(
                    (path, route.method == .get ? try await browser.get(path) : try await browser.post(path, [:])))
            }
            answers.append(("no such page", try await browser.get("/no/such/page")))
            for (path, answer) in answers {
                let policy = try #require(answer.headers[.contentSecurityPolicy], "\(path)")
                #expect(policy.hasPrefix("default-src 'none'; script-src 'self'; style-src 'self';"), "\(path)")
                #expect(policy.contains("frame-ancestors 'none'") && policy.contains("base-uri 'none'"), "\(path)")
                #expect(answer.headers[.xContentTypeOptions] == "nosniff", "\(path)")
                #expect(answer.headers[HTTPField.Name("Referrer-Policy")!] == "same-origin", "\(path)")
                #expect(answer.headers[HTTPField.Name("Cross-Origin-Opener-Policy")!] == "same-origin", "\(path)")
                #expect(
                    answer.headers[.cacheControl] == (path == "/style.css" ? "max-age=3600" : "no-store"), "\(path)")
                #expect(answer.status.code < 500, "\(path)")
            }
        }
    }

    @Test(arguments: [
        ["Origin": "https://evil.example"], ["Origin": "null"], ["Sec-Fetch-Site": "cross-site"],
        ["Sec-Fetch-Site": "same-site"],
    ])
    func `A form from another site is refused, also with the right token`(_ foreign: [String: String]) async throws {
        let fixture = try await Fixture.make()
        let id = try await fixture.addParked("P1")
        try await fixture.browse(as: "ann") { browser in
            var headers = HTTPFields()
            for (name, value) in foreign { headers[HTTPField.Name(name)!] = value }
            let answer = try await browser.post("/jobs/\(id)/discard", ["reason": "no"], headers: headers)
            #expect(answer.status == .forbidden)
            headers[HTTPField.Name("Origin")!] = "http://localhost"
            headers[HTTPField.Name("Sec-Fetch-Site")!] = "same-origin"
            #expect(try await fixture.count("SELECT count(*) FROM queue.blocked") == 1)
            let own = try await browser.post("/jobs/\(id)/discard", ["reason": "no"], headers: headers)
            #expect(own.status == .seeOther)
        }
        #expect(try await fixture.count("SELECT count(*) FROM queue.blocked") == 0)
    }

    @Test func `A form without the session's token is refused at every route that changes something`() async throws {
        let fixture = try await Fixture.make()
        let routes = fixture.console.routes.filter { $0.method == .post && $0.need == .session }
        try await fixture.browse(as: "ann") { browser in
            for route in routes {
                for token in ["", "wrong"] {
                    let answer = try await browser.post(Self.path(route), ["csrf": token, "reason": "no"])
                    #expect(answer.status == .forbidden, "\(route.path)")
                }
            }
        }
    }

    @Test func `A form that is too long is refused`() async throws {
        let fixture = try await Fixture.make()
        try await fixture.browse(as: "ann") { browser in
            let answer = try await browser.post(
                "/findings/P1/key-P1/accept", ["reason": String(repeating: "x", count: 100_000)])
            #expect(answer.status == .badRequest)
        }
    }
}
