import Console
import Foundation
import HTTPTypes
import Postgres
import TestSupport
import Testing

@Suite struct SignInTests {
    @Test func `The right password opens a session whose token the database does not know`() async throws {
        let fixture = try await Fixture.make()
        try await fixture.browse { browser in
            let answer = try await browser.signIn("ann", Fixture.password)
            #expect(answer.status == .seeOther)
            #expect(answer.headers[.location] == "/")
            let cookie = try #require(answer.headers[.setCookie])
            #expect(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax") && !cookie.contains("Secure"))
            let token = try #require(await browser.cookie?.split(separator: "=").last)
            #expect(token.utf8.count == 43, "256 bits in base64url")
            let kept = try await fixture.count(
                "SELECT count(*) FROM console.session WHERE token_hash = sha256(\(Array(token.utf8)))")
            #expect(kept == 1)
            let page = try await browser.get("/")
            #expect(page.status == .ok)
            #expect(page.text.contains("ann") && page.text.contains("Harbour Clinic"))
        }
    }

    @Test func `Behind https the cookie is bound to the host and to https`() async throws {
        let fixture = try await Fixture.make()
        try await fixture.browse { browser in
            await browser.encrypt()
            let answer = try await browser.signIn("ann", Fixture.password)
            let cookie = try #require(answer.headers[.setCookie])
            #expect(cookie.hasPrefix("__Host-pmsync=") && cookie.contains("; Secure"))
            let page = try await browser.get("/")
            #expect(page.status == .ok)
            #expect(page.headers[.strictTransportSecurity] != nil)
        }
    }

    @Test func `A wrong password, an unknown name and an empty form get the same answer`() async throws {
        let fixture = try await Fixture.make()
        try await fixture.browse { browser in
            let answers = [
                try await browser.signIn("ann", "wrong"), try await browser.signIn("nobody", Fixture.password),
                try await browser.signIn("", ""),
            ]
            for answer in answers {
                #expect(answer.status == .unauthorized)
                #expect(answer.headers[.setCookie] == nil)
                #expect(answer.text.contains("do not match, or there were too many attempts"))
            }
        }
        #expect(try await fixture.count("SELECT count(*) FROM console.audit WHERE act = 'sign-in-failed'") == 3)
        #expect(
            try await fixture.count("SELECT count(*) FROM console.audit WHERE subject LIKE '%nobody%'") == 0,
            "an unknown name may be a password in the wrong field")
    }

    @Test func `After five failures even the right password waits, and afterwards it works`() async throws {
        let fixture = try await Fixture.make()
        try await fixture.browse { browser in
            for _ in 1...5 { _ = try await browser.signIn("ann", "wrong") }
            #expect(try await browser.signIn("ann", Fixture.password).status == .unauthorized)
            let wait = try await fixture.count(
                """
                SELECT extract(epoch FROM locked_until - clock_timestamp())::bigint FROM console.person
                WHERE name = 'ann'
                """)
            #expect((1...15).contains(wait))
            try await fixture.owner.execute("UPDATE console.person SET locked_until = now() - interval '1 s'")
            #expect(try await browser.signIn("ann", "wrong").status == .unauthorized)
            let longer = try await fixture.count(
                """
                SELECT extract(epoch FROM locked_until - clock_timestamp())::bigint FROM console.person
                WHERE name = 'ann'
                """)
            #expect((16...30).contains(longer), "each further failure doubles the delay")
            try await fixture.owner.execute("UPDATE console.person SET locked_until = now() - interval '1 s'")
            #expect(try await browser.signIn("ann", Fixture.password).status == .seeOther)
        }
        #expect(try await fixture.count("SELECT failures::bigint FROM console.person WHERE name = 'ann'") == 0)
    }

    @Test func `Signing in again makes the old token useless`() async throws {
        let fixture = try await Fixture.make()
        try await fixture.browse(as: "ann") { browser in
            let old = await browser.cookie
            _ = try await browser.signIn("ann", Fixture.password)
            #expect(await browser.cookie != old)
            await browser.present(old)
            let again = try await browser.get("/").status
            #expect(again == .seeOther)
        }
    }

    @Test(
        arguments: [
            "UPDATE console.session SET last_seen_at = now() - interval '15 minutes 1 second'",
            "UPDATE console.session SET expires_at = now()", "UPDATE console.person SET disabled_at = now()",
        ] as [SQL])
    func `A session ends when it is idle, old, or its person may not sign in any more`(_ change: SQL) async throws {
        let fixture = try await Fixture.make()
        try await fixture.browse(as: "ann") { browser in
            #expect(try await browser.get("/").status == .ok)
            try await fixture.owner.execute(change)
            let answer = try await browser.get("/")
            #expect(answer.status == .seeOther && answer.headers[.location] == "/sign-in")
        }
    }

    @Test func `Signing out ends the session in the database and in the browser`() async throws {
        let fixture = try await Fixture.make()
        try await fixture.browse(as: "ann") { browser in
            let cookie = await browser.cookie
            let answer = try await browser.post("/sign-out", [:])
            #expect(answer.status == .seeOther)
            #expect(await browser.cookie == nil)
            await browser.present(cookie)
            let again = try await browser.get("/").status
            #expect(again == .seeOther)
        }
        #expect(try await fixture.count("SELECT count(*) FROM console.session") == 0)
    }

    @Test(arguments: [
        ("/findings?state=open", "/findings?state=open"), ("//evil.example/", "/"), ("https://evil.example/", "/"),
        ("/\\evil.example", "/"), ("", "/"),
    ])
    func `After signing in one comes back to a page of ours, never elsewhere`(_ asked: String, _ given: String)
        async throws
    {
        let fixture = try await Fixture.make()
        try await fixture.browse { browser in
            let answer = try await browser.post(
                "/sign-in", ["name": "ann", "password": Fixture.password, "to": asked])
            #expect(answer.headers[.location] == given)
        }
    }

    // MARK: Invitations

    private func invite(_ fixture: Fixture) async throws -> String {
        let pool = try fixture.database.pool(role: "pmsync_operator", size: 1)
        defer { pool.close() }
        return try await pool.transaction { transaction in
            try await ConsolePeople.invite(name: "eve", practices: ["P1"], in: transaction).token
        }
    }

    @Test func `An invitation lets a person choose a password, once`() async throws {
        let fixture = try await Fixture.make()
        let token = try await invite(fixture)
        try await fixture.browse { browser in
            #expect(try await browser.get("/invite/\(token)").text.contains("eve"))
            let short = try await browser.post("/invite/\(token)", ["password": "short", "again": "short"])
            #expect(short.status == .badRequest && short.text.contains("at least 12"))
            let other = try await browser.post(
                "/invite/\(token)", ["password": Fixture.password, "again": Fixture.password + "x"])
            #expect(other.status == .badRequest && other.text.contains("not the same"))
            let fields = ["password": Fixture.password, "again": Fixture.password]
            #expect(try await browser.post("/invite/\(token)", fields).status == .seeOther)
            #expect(try await browser.get("/").text.contains("Harbour Clinic"))
            #expect(try await browser.post("/invite/\(token)", fields).status == .notFound)
        }
        let hash = try await fixture.text("SELECT password_hash FROM console.person WHERE name = 'eve'")
        #expect(hash?.hasPrefix("$scrypt$ln=") == true)
    }

    @Test func `An invitation ends after a day, or when there is a newer one`() async throws {
        let fixture = try await Fixture.make()
        let first = try await invite(fixture)
        let second = try await invite(fixture)
        try await fixture.browse { browser in
            #expect(try await browser.get("/invite/\(first)").status == .notFound)
            #expect(try await browser.get("/invite/\(second)").status == .ok)
            try await fixture.owner.execute("UPDATE console.invite SET expires_at = expires_at - interval '24 hours'")
            #expect(try await browser.get("/invite/\(second)").status == .notFound)
        }
    }

    @Test func `A new password ends the sessions that the old one opened`() async throws {
        let fixture = try await Fixture.make()
        try await fixture.browse(as: "ann") { browser in
            try await fixture.setPassword("ann", ["P1"])
            let again = try await browser.get("/").status
            #expect(again == .seeOther)
        }
    }
}
