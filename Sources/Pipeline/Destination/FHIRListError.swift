/// Why a booking app's list could not be read to its end. It never carries what the server wrote.
package enum FHIRListError: Error, Equatable {
    case noAnswer(OutboundError)
    /// A status other than 200; with the wait that the server asks for, where it does.
    case refused(status: Int, retryAfter: Duration?)
    case pageTooLong
    /// The page broke off, or was not there in time.
    case brokenPage
    /// The answer is no searchset Bundle of FHIR R4.
    case notASearchset
    /// The next page is somewhere else than the first.
    case foreignLink
    case cyclicLink
    case tooManyPages

    /// From a closed set, for metrics and the run's row.
    package var code: String {
        switch self {
        case .noAnswer(let error): DeliveryFailure(error).code
        case .refused: "list-refused"
        case .pageTooLong: "list-page-too-long"
        case .brokenPage: "list-page-broken"
        case .notASearchset: "list-not-a-searchset"
        case .foreignLink: "list-foreign-link"
        case .cyclicLink: "list-cyclic-link"
        case .tooManyPages: "list-too-many-pages"
        }
    }

    /// Whether the same again may do. Reading changes nothing, so that it is always safe.
    package var isTransient: Bool {
        switch self {
        case .noAnswer(.unreachable), .noAnswer(.unanswered), .noAnswer(.interrupted), .brokenPage: true
        case .refused(let status, _): status == 429 || status == 408 || status >= 500
        case .noAnswer(.forbidden), .pageTooLong, .notASearchset, .foreignLink, .cyclicLink, .tooManyPages: false
        }
    }
}
