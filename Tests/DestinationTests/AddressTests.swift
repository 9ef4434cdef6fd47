import NIOHTTP1
import Testing

@testable import Destination

@Suite struct AddressTests {
    @Test(arguments: [
        "127.0.0.1", "127.9.9.9", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1", "224.0.0.1", "255.255.255.255", "198.18.0.1", "192.0.2.1", "::1", "::", "fe80::1", "fc00::1",
        "fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::",
        "2001:db8::1", "2001::1", "localhost", "",
    ])
    func `an address within is not global`(text: String) {
        #expect(!Address.isGlobal(text))
    }

    @Test(arguments: [
        "8.8.8.8", "172.15.0.1", "172.32.0.1", "100.63.255.255", "100.128.0.1", "169.253.0.1", "2606:4700::1111",
        "2a00:1450::1", "::ffff:8.8.8.8", "64:ff9b::808:808",
    ])
    func `an address of the internet is global`(text: String) {
        #expect(Address.isGlobal(text))
    }

    @Test(arguments: [
        ("http://example.org/hook", OutboundError.Reason.plainHTTP), ("ftp://example.org/", .malformedURL),
        ("https://user:pw@example.org/", .malformedURL), ("https://user@example.org/", .malformedURL),
        ("https:///hook", .malformedURL), ("example.org", .malformedURL), ("https://example.org/#x", .malformedURL),
        ("https://ex%61mple.org/", .malformedURL), ("https://example.org:0/", .malformedURL),
    ])
    func `a URL that is not plainly https is refused`(url: String, reason: OutboundError.Reason) {
        #expect(throws: OutboundError.forbidden(reason)) { try Target(url, allowsPrivate: false) }
    }

    @Test(arguments: [
        "https://127.0.0.1:1/", "https://localhost:1/", "https://[::1]:1/", "https://2130706433:1/", "https://127.1:1/",
        "https://0x7f000001:1/", "https://[::ffff:127.0.0.1]:1/", "https://169.254.169.254/latest/meta-data",
    ])
    func `a private address is refused in whatever spelling`(url: String) async throws {
        let outbound = Outbound(allowsPrivate: false)
        await #expect(throws: OutboundError.forbidden(.privateAddress)) {
            try await outbound.exchange(.GET, url, headers: [:], within: .seconds(5), limit: 1)
        }
        await outbound.close()
    }
}
