import Glibc

/// Whether an address may be called by a URL that a client of ours chose.
///
/// Only addresses that are reachable from the whole internet are (RFC 6890, IANA's special-purpose registries): a webhook
/// must not make us speak to our own machine, our network, or a cloud's metadata service (169.254.169.254).
enum Address {
    /// - Parameter text: as numbers, in either family's notation; what is neither is not global.
    static func isGlobal(_ text: String) -> Bool {
        if let bytes = bytes(text, AF_INET, count: 4) { return isGlobal(v4: word(bytes[...])) }
        if let bytes = bytes(text, AF_INET6, count: 16) { return isGlobal(v6: bytes) }
        return false
    }

    private static func bytes(_ text: String, _ family: CInt, count: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        // inet_pton writes exactly the four or sixteen bytes that the family's addresses have.
        let read = unsafe bytes.withUnsafeMutableBytes { unsafe inet_pton(family, text, $0.baseAddress) }
        return read == 1 ? bytes : nil
    }

    static func isGlobal(v4 bits: UInt32) -> Bool {
        !special.contains { block in bits >> (32 - block.length) == block.prefix >> (32 - block.length) }
    }

    static func isGlobal(v6 bytes: [UInt8]) -> Bool {
        precondition(bytes.count == 16, "an IPv6 address has sixteen bytes")
        if let inner = embedded(bytes) { return isGlobal(v4: inner) }
        // 2000::/3 is all that is handed out, less 2001::/23 (protocol assignments), documentation and 3fff::/20.
        guard bytes[0] & 0xE0 == 0x20 else { return false }
        if bytes[0] == 0x20, bytes[1] == 0x01 {
            if bytes[2] < 0x02 { return false }
            if bytes[2] == 0x0D, bytes[3] == 0xB8 { return false }
        }
        return !(bytes[0] == 0x3F && bytes[1] == 0xFF && bytes[2] & 0xF0 == 0)
    }

    /// The IPv4 address that a mapped (::ffff:0:0/96), NAT64 (64:ff9b::/96) or 6to4 (2002::/16) address stands for.
    private static func embedded(_ bytes: [UInt8]) -> UInt32? {
        let mapped = bytes[..<10].allSatisfy { $0 == 0 } && bytes[10] == 0xFF && bytes[11] == 0xFF
        let translated = bytes[..<12].elementsEqual([0x00, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0])
        if mapped || translated { return word(bytes[12...]) }
        if bytes[0] == 0x20, bytes[1] == 0x02 { return word(bytes[2..<6]) }
        return nil
    }

    private static func word(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        bytes.reduce(0) { $0 << 8 | UInt32($1) }
    }

    private static let special: [(prefix: UInt32, length: UInt32)] = [
        (0x0000_0000, 8),  // this network
        (0x0A00_0000, 8),  // private
        (0x6440_0000, 10),  // shared by carriers
        (0x7F00_0000, 8),  // loopback
        (0xA9FE_0000, 16),  // link-local, metadata
        (0xAC10_0000, 12),  // private
        (0xC000_0000, 24),  // protocol assignments
        (0xC000_0200, 24),  // documentation
        (0xC058_6300, 24),  // 6to4 relays, withdrawn
        (0xC0A8_0000, 16),  // private
        (0xC612_0000, 15),  // benchmarks
        (0xC633_6400, 24),  // documentation
        (0xCB00_7100, 24),  // documentation
        (0xE000_0000, 4),  // multicast
        (0xF000_0000, 4),  // reserved, broadcast
    ]
}
