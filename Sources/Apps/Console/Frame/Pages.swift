import HTTPTypes
import Hummingbird
import Mustache
import NIOCore

/// The templates, parsed once. They escape whatever they show: no template has a tag that does not (a test reads them).
struct Pages: Sendable {
    private let library: MustacheLibrary

    init() throws {
        var library = MustacheLibrary()
        for template in Template.allCases {
            try library.register(template.text, named: template.rawValue)
        }
        self.library = library
    }

    func html(_ template: Template, _ page: Any) -> String {
        guard let html = library.render(page, withTemplate: template.rawValue) else {
            preconditionFailure("The template \(template.rawValue) was not registered.")
        }
        return html
    }

    func page(_ template: Template, _ page: Any, status: HTTPResponse.Status = .ok) -> Response {
        Self.response(html(template, page), type: "text/html; charset=utf-8", status: status)
    }

    func styleSheet() -> Response {
        var response = Self.response(StyleSheet.text, type: "text/css; charset=utf-8")
        response.headers[.cacheControl] = "max-age=3600"
        return response
    }

    static func response(_ text: String, type: String, status: HTTPResponse.Status = .ok) -> Response {
        Response(
            status: status, headers: [.contentType: type], body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }

    // MARK: Errors

    private struct ErrorPage {
        let frame: Frame
        let sentence: String
        let back: Link?
    }

    struct Link {
        let name: String
        let href: String
    }

    /// What went wrong, and a way back: for somebody signed in with every page's links, and to the page that they came from.
    func error(_ error: ConsoleError, _ person: SignedIn? = nil, back: Link? = nil) -> Response {
        let frame = person.map { Frame(title: error.title, $0, at: "") } ?? Frame(title: error.title)
        return page(
            .error, ErrorPage(frame: frame, sentence: error.sentence, back: back),
            status: HTTPResponse.Status(code: error.status))
    }

    /// - Parameter retry: the page that was asked for; nil where something was to be done, which is not simply repeated.
    func unavailable(isTransient: Bool, retry: String?) -> Response {
        let sentence =
            isTransient
            ? "The database does not answer at the moment. Try again in a minute."
            : "Something is wrong here. It is on record; nothing was changed."
        return page(
            .error,
            ErrorPage(
                frame: Frame(title: "This did not work"), sentence: sentence,
                back: retry.map { Link(name: "Try again", href: $0) }),
            status: isTransient ? .serviceUnavailable : .internalServerError)
    }
}

/// What stands around every page: its title, who is signed in, where one may go, and what was just done.
struct Frame {
    let title: String
    var person: String?
    var csrf = ""
    var places: [Place] = []
    var notice: String?

    struct Place {
        let name: String
        let href: String
        let isHere: Bool
    }

    init(title: String) {
        self.title = title
    }

    init(title: String, _ person: SignedIn, at here: String, notice: String? = nil) {
        self.title = title
        self.person = person.name
        csrf = person.csrf
        self.notice = notice
        places = [
            ("This morning", "/"), ("Findings", "/findings"), ("Feeds", "/feeds"),
            ("Booking apps", "/destinations"), ("Codes", "/codes"), ("Parked jobs", "/jobs"),
            ("Messages", "/messages"),
        ].map { Place(name: $0, href: $1, isHere: $1 == here) }
    }
}
