/// Why a notice was not delivered, and so what its job should do next.
package enum DeliveryFailure: Error, Equatable {
    /// The app asks for patience (429, 502, 503, 504), for so long where it says how long.
    case throttled(status: Int, retryAfter: Duration?)
    /// The app does not want it (3xx, most of 4xx); the same again will not do.
    /// `said`: what it answered, as far as that is a code.
    case refused(status: Int, said: String? = nil)
    /// 410: the endpoint is gone for good; its subscription should be ended.
    case gone
    /// The app failed (other 5xx, 408, 425).
    case failed(status: Int)
    /// It may have been sent, and no answer came. An app tells repeats by `webhook-id`, so it may be sent again.
    case unanswered
    case unreachable(OutboundError.Step)
    case forbidden(OutboundError.Reason)
    /// We are shutting down; the attempt does not count.
    case interrupted

    package enum Kind: Sendable {
        case transient, permanent, ambiguous, interrupted
    }

    package var kind: Kind {
        switch self {
        case .throttled, .failed, .unreachable: .transient
        case .refused, .gone, .forbidden: .permanent
        case .unanswered: .ambiguous
        case .interrupted: .interrupted
        }
    }

    /// From a closed set, for metrics and the job's row.
    package var code: String {
        switch self {
        case .throttled: "destination-throttled"
        case .refused: "destination-refused"
        case .gone: "destination-gone"
        case .failed: "destination-failed"
        case .unanswered: "destination-unanswered"
        case .unreachable(let step): "destination-\(step.rawValue)"
        case .forbidden(let reason): "destination-\(reason.rawValue)"
        case .interrupted: "interrupted"
        }
    }

    /// Every code there is.
    package static let codes =
        [
            "destination-throttled", "destination-refused", "destination-gone", "destination-failed",
            "destination-unanswered", "interrupted",
        ] + OutboundError.Step.allCases.map { "destination-\($0.rawValue)" }
        + OutboundError.Reason.allCases.map { "destination-\($0.rawValue)" }

    /// The HTTP status, where there was one.
    package var status: Int? {
        switch self {
        case .throttled(let status, _), .refused(let status, _), .failed(let status): status
        case .gone: 410
        case .unanswered, .unreachable, .forbidden, .interrupted: nil
        }
    }

    /// What a refusal said, as far as that is a code; nil where it said none.
    package var said: String? {
        if case .refused(_, let said) = self { said } else { nil }
    }

    /// Nil for a status of success.
    package init?(status: Int, retryAfter: Duration?, body: [UInt8] = []) {
        switch status {
        case 200..<300: return nil
        case 410: self = .gone
        case 429, 502, 503, 504: self = .throttled(status: status, retryAfter: retryAfter)
        case 408, 425, 500...: self = .failed(status: status)
        default: self = .refused(status: status, said: RefusalCode.read(body))
        }
    }

    init(_ error: OutboundError) {
        self =
            switch error {
            case .forbidden(let reason): .forbidden(reason)
            case .unreachable(let step): .unreachable(step)
            case .unanswered: .unanswered
            case .interrupted: .interrupted
            }
    }
}
