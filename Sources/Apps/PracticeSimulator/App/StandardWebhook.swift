import Crypto
package import Foundation

/// Standard Webhooks 1.0, the receiver's half, written from its text and not from pmsync's sender.
package struct StandardWebhook: Sendable {
    private let keys: [SymmetricKey]

    /// Takes one secret a line, each `whsec_` and base64 of 24 to 64 bytes; several while one is being replaced.
    package init(secrets text: String, file: String) throws(SimulatorError) {
        let lines = text.split(whereSeparator: \.isWhitespace)
        var keys: [SymmetricKey] = []
        for line in lines {
            guard line.hasPrefix("whsec_"), let bytes = Data(base64Encoded: String(line.dropFirst(6))),
                (24...64).contains(bytes.count)
            else { throw .badSecret(file: file) }
            keys.append(SymmetricKey(data: bytes))
        }
        guard !keys.isEmpty else { throw .badSecret(file: file) }
        self.keys = keys
    }

    /// Whether one of the signatures is ours and the time is within five minutes.
    package func accepts(id: String, timestamp: String, signatures: String, body: [UInt8], now: Date) -> Bool {
        guard !id.isEmpty, let seconds = Int64(timestamp),
            abs(now.timeIntervalSince1970 - Double(seconds)) <= 300
        else { return false }
        let signed = Array("\(id).\(timestamp).".utf8) + body
        return signatures.split(separator: " ").contains { signature in
            guard signature.hasPrefix("v1,"), let code = Data(base64Encoded: String(signature.dropFirst(3))) else {
                return false
            }
            return keys.contains { key in
                HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: signed, using: key)
            }
        }
    }
}
