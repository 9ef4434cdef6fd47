import Crypto
package import Foundation

/// Standard Webhooks 1.0: HMAC-SHA256 over `id.timestamp.body`.
package enum Signature {
    /// Why a webhook is not believed.
    package enum Rejection: Error, Equatable {
        case missingHeader
        case badTimestamp
        /// More than the tolerance away from now: an old message sent again by somebody else.
        case tooFarFromNow
        case noMatch
    }

    /// The value of `webhook-signature`: one signature a secret, so that a receiver may hold the old or the new one while
    /// they are rotated.
    package static func header(id: String, timestamp: Int64, body: [UInt8], secrets: [Secret]) -> String {
        secrets.map { secret in
            var code = HMAC<SHA256>(key: SymmetricKey(data: secret.bytes))
            code.update(data: signed(id, String(timestamp), body))
            return "v1," + Data(code.finalize()).base64EncodedString()
        }.joined(separator: " ")
    }

    /// Whether one of the signatures was made with one of the secrets, within five minutes of now. Signatures of other
    /// versions are passed over. Compared in constant time.
    package static func verify(
        id: String?, timestamp: String?, signature: String?, body: [UInt8], secrets: [Secret], now: Date,
        tolerance: TimeInterval = 300
    ) throws(Rejection) {
        guard let id, let timestamp, let signature, !id.isEmpty else { throw .missingHeader }
        guard let seconds = Int64(timestamp) else { throw .badTimestamp }
        guard abs(now.timeIntervalSince1970 - Double(seconds)) <= tolerance else { throw .tooFarFromNow }
        let message = signed(id, timestamp, body)
        let codes = signature.split(separator: " ").filter { $0.hasPrefix("v1,") }
            .compactMap { Data(base64Encoded: String($0.dropFirst(3))) }
        for secret in secrets {
            let key = SymmetricKey(data: secret.bytes)
            for code in codes where HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: message, using: key) {
                return
            }
        }
        throw .noMatch
    }

    private static func signed(_ id: String, _ timestamp: String, _ body: [UInt8]) -> [UInt8] {
        Array("\(id).\(timestamp).".utf8) + body
    }
}
