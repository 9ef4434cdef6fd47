import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// One request, as the pages see it.
struct Visit: Sendable {
    let request: Request
    let parameters: Parameters
    let query: Form
    private(set) var form = Form()

    init(_ request: Request, _ parameters: Parameters) {
        self.request = request
        self.parameters = parameters
        query = Form(request.uri.query ?? "")
    }

    /// A part of the path, decoded.
    func part(_ name: String) throws(ConsoleError) -> String {
        guard let text = parameters.get(name)?.removingPercentEncoding, !text.isEmpty else { throw .notFound }
        return text
    }

    /// Longer than any form here; a password is at most 1024 bytes.
    private static let longestForm = 64 * 1024

    mutating func readForm() async throws {
        let type = request.headers[.contentType] ?? ""
        guard type.hasPrefix("application/x-www-form-urlencoded") else { throw ConsoleError.unreadableForm }
        let body: ByteBuffer
        do {
            body = try await request.body.collect(upTo: Self.longestForm)
        } catch {
            throw ConsoleError.unreadableForm
        }
        form = Form(String(buffer: body))
    }

    // MARK: Where it comes from

    /// Whether a proxy in front of us says that the browser speaks https to it. Who claims so without a proxy gets a
    /// cookie that their browser keeps to itself.
    var isEncrypted: Bool { request.headers[.forwardedProtocol]?.lowercased() == "https" }

    /// Refuses what a browser says comes from another site. A client that is no browser sends neither header; the
    /// session's token still stands before it.
    func requireOwnOrigin() throws(ConsoleError) {
        if let site = request.headers[.fetchSite], site != "same-origin", site != "none" { throw .foreignRequest }
        if let origin = request.headers[.origin] {
            guard let authority = origin.split(separator: "://", maxSplits: 1).last,
                let host = request.head.authority, authority == host
            else { throw .foreignRequest }
        }
    }

    /// The cookie's name: `__Host-` binds it to this host and to https.
    var cookieName: String { isEncrypted ? "__Host-pmsync" : "pmsync" }

    var sessionToken: String? {
        request.cookies[cookieName]?.value
    }

    func cookie(_ token: String) -> String {
        "\(cookieName)=\(token); Path=/; HttpOnly; SameSite=Lax" + (isEncrypted ? "; Secure" : "")
    }

    var expiredCookie: String { cookie("") + "; Max-Age=0" }

    // MARK: Where it goes

    /// To the sign-in page, which leads back to this page; from an act, to the page that it is on, saying that it was not
    /// done.
    func toSignIn() -> Response {
        let isAct = request.method == .post
        let page = isAct ? wayBack.href : request.uri.string
        return .seeOther(
            Form.link("/sign-in", ["to": page == "/" ? nil : page, "undone": isAct ? "yes" : nil]))
    }

    /// The page that an act is on; of a page, the list that leads to it.
    var wayBack: Pages.Link {
        let parts = request.uri.path.split(separator: "/")
        if request.method == .post, parts.count > 1 {
            return Pages.Link(name: "Back to the page before", href: "/" + parts.dropLast().joined(separator: "/"))
        }
        let lists = ["findings": "Findings", "jobs": "Parked jobs", "messages": "Messages"]
        if parts.count > 1, let list = parts.first.map(String.init), let name = lists[list] {
            return Pages.Link(name: "To the list: \(name)", href: "/\(list)")
        }
        return Pages.Link(name: "To this morning's page", href: "/")
    }
}

extension Response {
    static func seeOther(_ location: String, cookie: String? = nil) -> Response {
        var headers: HTTPFields = [.location: location]
        if let cookie { headers[.setCookie] = cookie }
        return Response(status: .seeOther, headers: headers)
    }
}

extension HTTPField.Name {
    static let forwardedProtocol = named("X-Forwarded-Proto")
    static let fetchSite = named("Sec-Fetch-Site")
}
