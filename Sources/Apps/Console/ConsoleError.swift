/// What a request can ask that is not given, as facts; each has its page.
package enum ConsoleError: Error, Equatable, Sendable {
    /// No such page, or nothing by that id that this person may see.
    case notFound
    /// A POST from elsewhere, or with a token that is not this session's.
    case foreignRequest
    /// The body is longer than any form of ours, or no form.
    case unreadableForm
    /// An act that needs a reason came without one.
    case reasonMissing
    /// What the act was about has changed since the page was shown.
    case changedMeanwhile
    /// A person's name, or a practice's, that cannot be one.
    case badName
    case passwordTooShort
    /// A stored password hash that this program cannot read.
    case unreadableHash

    var status: Int {
        switch self {
        case .notFound: 404
        case .foreignRequest: 403
        case .unreadableForm, .reasonMissing, .badName, .passwordTooShort: 400
        case .changedMeanwhile: 409
        case .unreadableHash: 500
        }
    }

    /// The page's title: what has become of what was asked.
    var title: String {
        switch self {
        case .notFound: "Not found"
        case .foreignRequest, .unreadableForm, .badName, .passwordTooShort: "Not done"
        case .reasonMissing: "Not done: a reason is missing"
        case .changedMeanwhile: "Not done: it has changed"
        case .unreadableHash: "This did not work"
        }
    }

    var sentence: String {
        switch self {
        case .notFound:
            "There is no such page, or nothing by that name that you may see. It may have been mended or let go."
        case .foreignRequest:
            "That form did not come from this session, so nothing was done. Load its page again, and send it once more."
        case .unreadableForm: "That request could not be read, so nothing was done."
        case .reasonMissing: "Nothing was done, for a reason is needed. Go back and write one."
        case .changedMeanwhile:
            "This has changed since the page was shown, so nothing was done. Load it again and look what is new."
        case .badName: "That is no name that can be used."
        case .passwordTooShort: "The password must have at least 12 characters."
        case .unreadableHash: "Something is wrong here. It is on record; nothing was changed."
        }
    }
}
