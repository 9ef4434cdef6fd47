import Foundation
import HTTPTypes
import Hosting
import Hummingbird
import Postgres

extension Console {
    var accessRoutes: [Route] {
        [
            .open(.get, "/healthz") { _ in Pages.response("ok\n", type: "text/plain; charset=utf-8") },
            .open(.get, "/style.css") { _ in pages.styleSheet() },
            .open(.get, "/sign-in") { visit in signInPage(visit) },
            .open(.post, "/sign-in") { visit in try await signIn(visit) },
            .open(.get, "/invite/{token}") { visit in try await invitePage(visit) },
            .open(.post, "/invite/{token}") { visit in try await acceptInvite(visit) },
            .post("/sign-out") { visit, person in try await signOut(visit, person) },
        ]
    }

    // MARK: Signing in

    private struct SignInPage {
        var frame = Frame(title: "Sign in")
        let to: String
        let name: String
        let failed: Bool
        let isPlain: Bool
        /// Somebody was signed out before their act came.
        let isUndone: Bool
    }

    private func signInPage(_ visit: Visit, name: String = "", failed: Bool = false) -> Response {
        let isLocal = ["127.0.0.1", "localhost", "[::1]"].contains { host in
            let authority = visit.request.head.authority ?? "localhost"
            return authority == host || authority.hasPrefix(host + ":")
        }
        let page = SignInPage(
            to: visit.query["to"] ?? visit.form["to"] ?? "/", name: name, failed: failed,
            isPlain: !visit.isEncrypted && !isLocal, isUndone: visit.query["undone"] == "yes")
        return pages.page(.signIn, page, status: failed ? .unauthorized : .ok)
    }

    /// One answer for a wrong name, a wrong password and a delay, after the same work, so that none can be told from the
    /// other.
    private func signIn(_ visit: Visit) async throws -> Response {
        let name = visit.form["name"] ?? ""
        let password = visit.form.verbatim("password") ?? ""
        let candidate = try await pool.query(PeopleQueries.candidate(name)).first.map { row in
            try row.decode((UUID, String?).self)
        }
        let matches = try await passwords.verify(password, against: candidate?.1)
        guard let person = candidate?.0 else {
            metrics.signIns.add(1, ["outcome": "refused"])
            try await pool.transaction { transaction in
                // What was typed may be a password in the wrong field: it is not kept.
                try await Audit.record(.signInFailed, actor: "nobody", subject: "unknown name", in: transaction)
            }
            return signInPage(visit, name: name, failed: true)
        }
        let token = try await pool.transaction { transaction -> String? in
            guard matches, try await transaction.execute(PeopleQueries.signedIn(person)) == 1 else {
                try await transaction.execute(PeopleQueries.failed(person))
                try await Audit.record(.signInFailed, actor: name, subject: name, in: transaction)
                return nil
            }
            if let old = visit.sessionToken {
                try await Sessions.close(Secret.hash(old), in: transaction)
            }
            try await Audit.record(.signedIn, actor: name, subject: name, in: transaction)
            return try await Sessions.open(person, in: transaction)
        }
        metrics.signIns.add(1, ["outcome": token == nil ? "refused" : "done"])
        guard let token else { return signInPage(visit, name: name, failed: true) }
        return .seeOther(Self.ownPath(visit.form["to"]), cookie: visit.cookie(token))
    }

    /// A path of this console, whatever was asked for.
    static func ownPath(_ path: String?) -> String {
        guard let path, path.hasPrefix("/"), !path.hasPrefix("//"), path.utf8.count < 2000,
            path.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") })
        else { return "/" }
        return path
    }

    private func signOut(_ visit: Visit, _ person: SignedIn) async throws -> Response {
        try await pool.transaction { transaction in
            try await Sessions.close(person.tokenHash, in: transaction)
            try await Audit.record(.signedOut, actor: person.name, subject: person.name, in: transaction)
        }
        return .seeOther("/sign-in", cookie: visit.expiredCookie)
    }

    // MARK: Invitations

    private struct InvitePage {
        var frame = Frame(title: "Choose a password")
        let name: String
        let failed: Bool
        let isShort: Bool
        let differs: Bool
    }

    private func invitePage(_ visit: Visit) async throws -> Response {
        let invite = try await openInvite(visit)
        return pages.page(.invite, InvitePage(name: invite.name, failed: false, isShort: false, differs: false))
    }

    private func openInvite(_ visit: Visit) async throws -> Invite {
        let token = try visit.part("token")
        guard let invite = try await pool.transaction({ try await Invite.find(token, in: $0) }) else {
            throw ConsoleError.notFound
        }
        return invite
    }

    private func acceptInvite(_ visit: Visit) async throws -> Response {
        let invite = try await openInvite(visit)
        let token = try visit.part("token")
        let password = visit.form.verbatim("password") ?? ""
        let differs = password != visit.form.verbatim("again")
        let isShort = password.count < PasswordHash.shortest || password.utf8.count > PasswordHash.longest
        if differs || isShort {
            return pages.page(
                .invite, InvitePage(name: invite.name, failed: true, isShort: isShort, differs: differs),
                status: .badRequest)
        }
        let hash = try await passwords.hash(password)
        let session = try await pool.transaction { transaction -> String in
            guard let invite = try await Invite.accept(token, hash: hash, in: transaction) else {
                throw ConsoleError.notFound
            }
            return try await Sessions.open(invite.person, in: transaction)
        }
        return .seeOther("/", cookie: visit.cookie(session))
    }
}
