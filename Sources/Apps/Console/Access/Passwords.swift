import Crypto
import CryptoExtras
import Foundation

/// What one guess of a password costs. It is written into each hash, so that it can be raised.
package struct ScryptCost: Sendable, Equatable {
    package let logRounds: Int
    package let blockSize: Int
    package let parallelism: Int

    package init(logRounds: Int, blockSize: Int, parallelism: Int) {
        self.logRounds = logRounds
        self.blockSize = blockSize
        self.parallelism = parallelism
    }

    /// 32 MiB, three times over: one of the settings that OWASP's password storage sheet holds to be equal.
    package static let standard = ScryptCost(logRounds: 15, blockSize: 8, parallelism: 3)
}

/// A password's hash, as `$scrypt$ln=15,r=8,p=3$SALT$HASH`.
struct PasswordHash {
    private let cost: ScryptCost
    private let salt: [UInt8]
    private let key: SymmetricKey

    static let shortest = 12
    static let longest = 1024

    static func make(_ password: String, cost: ScryptCost) throws -> PasswordHash {
        guard password.count >= shortest, password.utf8.count <= longest else { throw ConsoleError.passwordTooShort }
        var generator = SystemRandomNumberGenerator()
        let salt = (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        return PasswordHash(cost: cost, salt: salt, key: try derive(password, salt, cost))
    }

    private init(cost: ScryptCost, salt: [UInt8], key: SymmetricKey) {
        self.cost = cost
        self.salt = salt
        self.key = key
    }

    init(text: String) throws(ConsoleError) {
        let parts = text.split(separator: "$")
        guard parts.count == 4, parts[0] == "scrypt", let salt = Data(base64Encoded: String(parts[2])),
            let key = Data(base64Encoded: String(parts[3])), let cost = Self.cost(parts[1])
        else { throw .unreadableHash }
        self.init(cost: cost, salt: Array(salt), key: SymmetricKey(data: key))
    }

    var text: String {
        let key = unsafe key.withUnsafeBytes { unsafe Data($0) }
        return "$scrypt$ln=\(cost.logRounds),r=\(cost.blockSize),p=\(cost.parallelism)"
            + "$\(Data(salt).base64EncodedString())$\(key.base64EncodedString())"
    }

    /// Compares in a time that does not tell where they differ.
    func matches(_ password: String) -> Bool {
        guard password.utf8.count <= Self.longest, let other = try? Self.derive(password, salt, cost) else {
            return false
        }
        return key == other
    }

    private static func derive(_ password: String, _ salt: [UInt8], _ cost: ScryptCost) throws -> SymmetricKey {
        // An empty password has no address to give, and none is ever stored.
        try KDF.Scrypt.deriveKey(
            from: Array((password.isEmpty ? " " : password).utf8), salt: salt, outputByteCount: 32,
            rounds: 1 << cost.logRounds, blockSize: cost.blockSize, parallelism: cost.parallelism)
    }

    private static func cost(_ text: Substring) -> ScryptCost? {
        let values = text.split(separator: ",").compactMap { $0.split(separator: "=").last.flatMap { Int($0) } }
        guard values.count == 3, (1...20).contains(values[0]), (1...32).contains(values[1]),
            (1...16).contains(values[2])
        else { return nil }
        return ScryptCost(logRounds: values[0], blockSize: values[1], parallelism: values[2])
    }
}

/// Hashes one password at a time, so that a burst of guesses takes neither the memory nor the cores of the pages.
actor Passwords {
    private let cost: ScryptCost
    private var decoy: PasswordHash?

    init(cost: ScryptCost) {
        self.cost = cost
    }

    func hash(_ password: String) throws -> String {
        try PasswordHash.make(password, cost: cost).text
    }

    /// With no stored hash it takes as long, and is false.
    func verify(_ password: String, against stored: String?) throws -> Bool {
        if let stored { return try PasswordHash(text: stored).matches(password) }
        let decoy = try decoy ?? PasswordHash.make(Secret.make(), cost: cost)
        self.decoy = decoy
        _ = decoy.matches(password)
        return false
    }
}
