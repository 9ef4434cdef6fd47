/// Why an exchange over HTTP came to no answer.
package enum OutboundError: Error, Equatable {
    /// It was not tried: the URL or the address behind it may not be called.
    case forbidden(Reason)
    /// Nothing was sent: the name, the connection or its security failed.
    case unreachable(Step)
    /// It may have been sent, and no answer came.
    case unanswered
    /// The task was cancelled.
    case interrupted

    package enum Reason: String, Sendable, CaseIterable {
        case malformedURL = "malformed-url"
        case plainHTTP = "plain-http"
        case privateAddress = "private-address"
    }

    package enum Step: String, Sendable, CaseIterable {
        case name = "unknown-host"
        case connection = "no-connection"
        case security = "no-secure-connection"
    }
}
