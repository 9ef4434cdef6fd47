import Crypto
import Destination
import Foundation
import Testing

@Suite struct SignatureTests {
    /// RFC 2104 from the hash alone, so that the signature is not judged by what made it.
    static func hmac(_ key: [UInt8], _ message: [UInt8]) -> [UInt8] {
        let padded = key + Array(repeating: 0, count: 64 - key.count)
        let inner = SHA256.hash(data: padded.map { $0 ^ 0x36 } + message)
        return Array(SHA256.hash(data: padded.map { $0 ^ 0x5C } + Array(inner)))
    }

    private static let secret = Secret(text: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    private static let id = "msg_p5jXN8AQM9LWM0D4loKWxJek"
    private static let body = Array(#"{"test": 2432232314}"#.utf8)
    private static let now = Date(timeIntervalSince1970: 1_614_265_330)

    @Test func `the signature is the one of the reference libraries' test`() throws {
        let secret = try #require(Self.secret)
        let header = Signature.header(id: Self.id, timestamp: 1_614_265_330, body: Self.body, secrets: [secret])
        #expect(header == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
        let own = Self.hmac(secret.bytes, Array("\(Self.id).1614265330.".utf8) + Self.body)
        #expect(header == "v1," + Data(own).base64EncodedString())
    }

    @Test func `while secrets are rotated either is believed`() throws {
        let (old, new) = (Secret.make(), Secret.make())
        let header = Signature.header(id: "a", timestamp: 1_614_265_330, body: Self.body, secrets: [new, old])
        #expect(header.split(separator: " ").count == 2)
        for secret in [old, new] {
            try Signature.verify(
                id: "a", timestamp: "1614265330", signature: header, body: Self.body, secrets: [secret], now: Self.now)
        }
    }

    @Test(
        arguments: [
            (nil, "1614265330", 0, Signature.Rejection.missingHeader), ("a", "soon", 0, .badTimestamp),
            ("a", "1614265330", 301, .tooFarFromNow), ("a", "1614265330", -301, .tooFarFromNow),
            ("b", "1614265330", 0, .noMatch), ("a", "1614265331", 0, .noMatch),
        ] as [(String?, String, TimeInterval, Signature.Rejection)])
    func `what was not signed so is not believed`(
        id: String?, timestamp: String, late: TimeInterval, expected: Signature.Rejection
    ) throws {
        let secret = try #require(Self.secret)
        let header = Signature.header(id: "a", timestamp: 1_614_265_330, body: Self.body, secrets: [secret])
        #expect(throws: expected) {
            try Signature.verify(
                id: id, timestamp: timestamp, signature: "v1a,AAAA " + header, body: Self.body, secrets: [secret],
                now: Self.now.addingTimeInterval(late))
        }
    }

    @Test func `a changed body is not believed`() throws {
        let secret = try #require(Self.secret)
        let header = Signature.header(id: "a", timestamp: 1_614_265_330, body: Self.body, secrets: [secret])
        #expect(throws: Signature.Rejection.noMatch) {
            try Signature.verify(
                id: "a", timestamp: "1614265330", signature: header, body: Self.body + [32], secrets: [secret],
                now: Self.now)
        }
    }

    @Test func `a secret is read as it was shown and does not show itself`() throws {
        let secret = Secret.make()
        #expect(secret.text.hasPrefix("whsec_") && secret.bytes.count == 32)
        #expect(Secret(text: secret.text) == secret)
        var dumped = ""
        dump(secret, to: &dumped)
        let plain = secret.text.dropFirst(6)
        #expect(!"\(secret)\(dumped)\(String(reflecting: secret))".contains(plain))
        #expect(Secret([1, 2, 3]) == nil)
        #expect(Secret(text: "whsec_!") == nil)
    }
}
