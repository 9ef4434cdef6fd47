import Crypto
package import Foundation

extension UUID {
    /// A name-based UUID, version 5 (RFC 9562, 5.5): the same for the same name in the same namespace.
    package init(name: String, in namespace: UUID) {
        let space = unsafe withUnsafeBytes(of: namespace.uuid) { unsafe Array($0) }
        var bytes = Array(Insecure.SHA1.hash(data: space + Array(name.utf8)).prefix(16))
        bytes[6] = bytes[6] & 0x0F | 0x50
        bytes[8] = bytes[8] & 0x3F | 0x80
        self = unsafe NSUUID(uuidBytes: bytes) as UUID
    }
}
