package import FHIR
package import Foundation
import NIOHTTP1

/// A booking app's own list of appointments, read by FHIR search page by page, as it comes.
///
/// It goes from page to page by the server's `next` links, on the same origin only, so that the key is shown to nobody
/// else. One page is held at a time.
package struct FHIRList: AsyncSequence, Sendable {
    /// One entry that the search matched.
    package enum Element: Sendable, Equatable {
        case appointment(FHIR.Appointment)
        /// An Appointment that is not FHIR R4 as it stands: its id where it has one, and where reading stopped.
        case unreadable(id: String?, at: String)
    }

    package struct Limits: Sendable {
        package var pageBytes = 16 * 1024 * 1024
        package var pages = 10_000
        package var pageTime = Duration.seconds(30)

        package init() {}
    }

    private let base: String
    private let query: String
    private let key: String?
    private let outbound: Outbound
    private let limits: Limits

    /// - Parameters:
    ///   - base: the FHIR server's address, with or without a slash at its end.
    ///   - window: the appointments' starts, its end not included.
    ///   - key: sent as a bearer token, when there is one.
    ///   - count: how many the server is asked to put on a page; it may put fewer.
    package init(
        base: String, window: Range<Date>, key: String?, count: Int = 200, by outbound: Outbound,
        limits: Limits = Limits()
    ) {
        self.base = base.hasSuffix("/") ? String(base.dropLast()) : base
        let style = Date.ISO8601FormatStyle()
        let (from, to) = (style.format(window.lowerBound), style.format(window.upperBound))
        query = "date=ge\(from)&date=lt\(to)&_count=\(count)"
        self.key = key
        self.outbound = outbound
        self.limits = limits
    }

    package func makeAsyncIterator() -> Iterator {
        Iterator(list: self)
    }

    package struct Iterator: AsyncIteratorProtocol {
        private let list: FHIRList
        private var page: ArraySlice<Element> = []
        private var next: String?
        private var seen: Set<String> = []

        init(list: FHIRList) {
            self.list = list
            next = "\(list.base)/Appointment?\(list.query)"
        }

        package mutating func next() async throws(FHIRListError) -> Element? {
            while page.isEmpty {
                guard let url = next else { return nil }
                guard seen.insert(url).inserted else { throw .cyclicLink }
                guard seen.count <= list.limits.pages else { throw .tooManyPages }
                let bundle = try await list.fetch(url)
                page = bundle.entry.compactMap(FHIRList.element)[...]
                next = try bundle.next.map { link throws(FHIRListError) in try list.follow(link, from: url) }
            }
            return page.removeFirst()
        }

        package mutating func next(isolation: isolated (any Actor)?) async throws(FHIRListError) -> Element? {
            try await next()
        }
    }

    /// Entries that the server only includes, or says something with, are not matches.
    private static func element(_ entry: FHIR.Bundle.Entry) -> Element? {
        switch (entry.search?.mode ?? .match, entry.resource) {
        case (.match, .appointment(let appointment)): .appointment(appointment)
        case (.match, .other(let type, let id, let place?)) where type == ResourceType.appointment.rawValue:
            .unreadable(id: id, at: place)
        default: nil
        }
    }

    private func fetch(_ url: String) async throws(FHIRListError) -> FHIR.Bundle {
        var headers: HTTPHeaders = ["accept": "application/fhir+json", "user-agent": "pmsync-reconciliation/1"]
        if let key { headers.add(name: "authorization", value: "Bearer \(key)") }
        let answer: Outbound.Answer
        do {
            answer = try await outbound.exchange(
                .GET, url, headers: headers, within: limits.pageTime, limit: limits.pageBytes)
        } catch {
            throw .noAnswer(error)
        }
        guard answer.status == 200 else {
            let wait = RetryAfter.parse(answer.headers.first(name: "retry-after"), now: Date())
            throw .refused(status: answer.status, retryAfter: wait)
        }
        switch answer.ending {
        case .whole: break
        case .cut: throw .pageTooLong
        case .broken: throw .brokenPage
        }
        do {
            let bundle = try JSON.decode(FHIR.Bundle.self, from: answer.body)
            guard bundle.type == .searchset else { throw FHIRListError.notASearchset }
            return bundle
        } catch {
            // What it was instead, perhaps an OperationOutcome, may hold anything; it is not repeated.
            throw .notASearchset
        }
    }

    /// The next page's address, if the key may be sent there.
    private func follow(_ link: String, from url: String) throws(FHIRListError) -> String {
        guard let absolute = URL(string: link, relativeTo: URL(string: url))?.absoluteString,
            let next = try? Target(absolute, allowsPrivate: outbound.allowsPrivate),
            let here = try? Target(url, allowsPrivate: outbound.allowsPrivate), next.origin == here.origin
        else { throw .foreignLink }
        return absolute
    }
}
