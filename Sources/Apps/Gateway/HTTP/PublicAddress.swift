import HTTPTypes
import Hummingbird

/// Under which address clients see the gateway: the base of every link it gives.
struct PublicAddress: Sendable {
    private let stated: String?

    /// - Parameter stated: what was configured; without it each request's own Host is believed.
    init(_ stated: String?) {
        self.stated = stated.map { $0.hasSuffix("/") ? String($0.dropLast()) : $0 }
    }

    /// Without a slash at its end. Throws where Host is not a host: it comes from the client, and goes into links.
    func base(of request: Request) throws -> String {
        if let stated { return stated }
        guard let host = request.head.authority, Self.isHost(host) else { throw Problem.badHost }
        return "http://" + host
    }

    private static func isHost(_ text: String) -> Bool {
        (1...255).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
                default: ".-:[]".utf8.contains(byte)
                }
            }
    }
}
