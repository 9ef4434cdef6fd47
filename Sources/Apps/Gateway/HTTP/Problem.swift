import FHIR
import HTTPTypes
import Worker

/// Why a request is not answered as asked: a status, a code that a program can act on, and a sentence for a person. It
/// never repeats what the client sent.
struct Problem: Error {
    let status: HTTPResponse.Status
    let outcome: OperationOutcome
    var headers: HTTPFields = [:]

    init(
        _ status: HTTPResponse.Status, _ code: OperationOutcome.Code, _ reason: String, _ sentence: String,
        headers: HTTPFields = [:]
    ) {
        self.status = status
        outcome = OperationOutcome(.init(.error, code, reason: reason, sentence: sentence))
        self.headers = headers
    }

    init(_ error: SearchError) {
        status = .badRequest
        outcome = error.outcome
    }

    static let noKey = Problem(
        .unauthorized, .login, "no-key", "Send your key as the header Authorization: Bearer KEY.",
        headers: [.wwwAuthenticate: "Bearer"])
    static let badKey = Problem(
        .unauthorized, .unknown, "bad-key", "This key is not known or was revoked.",
        headers: [.wwwAuthenticate: #"Bearer error="invalid_token""#])
    static let notFound = Problem(.notFound, .notFound, "not-found", "There is nothing of this id here.")
    static let noSuchRoute = Problem(.notFound, .notSupported, "no-such-route", "There is nothing at this address.")
    static let gone = Problem(.gone, .deleted, "deleted", "It was deleted before it was ever booked here.")
    static let notAcceptable = Problem(
        .notAcceptable, .notSupported, "not-json", "Only application/fhir+json is served.")
    static let badCursor = Problem(
        .badRequest, .value, "bad-cursor", "The value of _cursor is none that this server gave. Follow the links.")
    static let badHost = Problem(
        .badRequest, .value, "bad-host", "The header Host names no address that a link could be made of.")
    static let badNumber = Problem(
        .badRequest, .value, "bad-number", "The number of the last change is not a whole number from 0 on.")
    static let tooLong = Problem(
        .contentTooLarge, .tooLong, "too-long", "The message is longer than is taken here.")
    static let timeout = Problem(
        .serviceUnavailable, .timeout, "timeout", "The request took too long.", headers: [.retryAfter: "5"])
    static let tooManyStreams = Problem(
        .tooManyRequests, .throttled, "too-many-streams", "This key follows the changes too many times at once.",
        headers: [.retryAfter: "10"])

    static func unavailable(_ sentence: String) -> Problem {
        Problem(.serviceUnavailable, .transient, "unavailable", sentence, headers: [.retryAfter: "5"])
    }

    static func missingScope(_ scope: KeyScope) -> Problem {
        Problem(
            .forbidden, .forbidden, "missing-scope",
            "This key lacks the scope \(scope); whoever runs pmsync can give it.",
            headers: [.wwwAuthenticate: #"Bearer error="insufficient_scope""#])
    }

    static func throttled(seconds: Int) -> Problem {
        Problem(
            .tooManyRequests, .throttled, "throttled", "There are more requests than this key may make.",
            headers: [.retryAfter: String(seconds)])
    }

    static func notAllowed(_ allowed: [HTTPRequest.Method], _ sentence: String) -> Problem {
        Problem(
            .methodNotAllowed, .notSupported, "method-not-allowed", sentence,
            headers: [.allow: allowed.map(\.rawValue).joined(separator: ", ")])
    }
}
