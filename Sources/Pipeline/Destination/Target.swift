import Foundation

/// A URL that was taken apart and may be called, as far as a URL alone can tell.
struct Target: Sendable, Equatable {
    let url: String
    let scheme: String
    /// Without brackets.
    let host: String
    let port: Int

    /// Scheme, host and port.
    var origin: String { "\(scheme)://\(host):\(port)" }

    init(_ url: String, allowsPrivate: Bool) throws(OutboundError) {
        guard let parts = URLComponents(string: url), let scheme = parts.scheme?.lowercased(),
            let host = parts.percentEncodedHost, parts.user == nil, parts.password == nil, parts.fragment == nil
        else { throw .forbidden(.malformedURL) }
        let bare = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
        // No escapes and no letters beyond ASCII: the name that is looked up must be the name that is connected to.
        guard !bare.isEmpty, bare.utf8.allSatisfy(Self.isPlain) else { throw .forbidden(.malformedURL) }
        switch scheme {
        case "https": port = parts.port ?? 443
        case "http" where allowsPrivate: port = parts.port ?? 80
        case "http": throw .forbidden(.plainHTTP)
        default: throw .forbidden(.malformedURL)
        }
        guard (1...65535).contains(port) else { throw .forbidden(.malformedURL) }
        self.url = url
        self.scheme = scheme
        self.host = bare
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: ":"),
            UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
