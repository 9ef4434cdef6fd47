import NIOCore

/// Why an address cannot be listened on, in words for whoever starts the program: which door, which address.
package enum ListenError: Error, Equatable, CustomStringConvertible {
    case inUse(door: String, address: String)
    /// The host is none of this machine's.
    case notHere(door: String, address: String)
    /// A port that this user may not take.
    case notPermitted(door: String, address: String)

    package var description: String {
        switch self {
        case .inUse(let door, let address):
            "\(door) cannot listen on \(address): the address is in use already; name another port, or end what uses it"
        case .notHere(let door, let address):
            "\(door) cannot listen on \(address): this machine has no such address"
        case .notPermitted(let door, let address):
            "\(door) cannot listen on \(address): this user may not; ports below 1024 are the administrator's"
        }
    }

    /// Nil for an error of another kind.
    package init?(_ error: any Error, door: String, host: String, port: Int) {
        guard let error = error as? IOError else { return nil }
        let address = host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        switch error.errnoCode {
        case 98: self = .inUse(door: door, address: address)  // EADDRINUSE
        case 99: self = .notHere(door: door, address: address)  // EADDRNOTAVAIL
        case 13: self = .notPermitted(door: door, address: address)  // EACCES
        default: return nil
        }
    }

    /// Runs what listens; where it cannot, throws why in words.
    package static func explaining<Value>(
        _ door: String, host: String, port: Int, _ body: () async throws -> Value
    ) async throws -> Value {
        do {
            return try await body()
        } catch {
            throw ListenError(error, door: door, host: host, port: port) ?? error
        }
    }
}
