import Crypto
import Foundation

/// What a webhook is signed with: 24 to 64 random bytes, one an endpoint, shown once as `whsec_` and base64. It does not
/// describe itself.
package struct Secret: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
    package let bytes: [UInt8]

    package init?(_ bytes: [UInt8]) {
        guard (24...64).contains(bytes.count) else { return nil }
        self.bytes = bytes
    }

    /// From `whsec_...`; the prefix may be missing.
    package init?(text: String) {
        let base64 = text.hasPrefix(Self.prefix) ? String(text.dropFirst(Self.prefix.count)) : text
        guard let data = Data(base64Encoded: base64) else { return nil }
        self.init(Array(data))
    }

    /// A new one, of 32 bytes.
    package static func make() -> Secret {
        var generator = SystemRandomNumberGenerator()
        guard let secret = Secret((0..<32).map { _ in UInt8.random(in: 0...255, using: &generator) }) else {
            preconditionFailure("thirty-two is between 24 and 64")
        }
        return secret
    }

    /// `whsec_...`, to be shown to its owner once.
    package var text: String { Self.prefix + Data(bytes).base64EncodedString() }

    package var description: String { "Secret(***)" }
    package var customMirror: Mirror { Mirror(self, children: []) }

    private static let prefix = "whsec_"
}
