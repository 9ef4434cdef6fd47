import Foundation
import Testing

@testable import Destination

@Suite struct RetryAfterTests {
    @Test(arguments: [
        ("120", 120), ("0", 0), ("-5", 0), ("999999", 86_400), ("Mon, 02 Mar 2026 13:01:00 GMT", 60),
        ("Mon, 02 Mar 2026 12:00:00 GMT", 0),
    ])
    func `the wait that a server asks for is read in both its forms`(text: String, seconds: Int) {
        let now = Date(timeIntervalSince1970: 1_772_456_400)
        #expect(RetryAfter.parse(text, now: now) == .seconds(seconds))
    }

    @Test(arguments: [nil, "", "later", "1.5"])
    func `a wait that cannot be read is none`(text: String?) {
        #expect(RetryAfter.parse(text, now: Date()) == nil)
    }

    @Test func `a webhook's waits grow and go on for days`() {
        #expect(zip(Webhook.waits, Webhook.waits.dropFirst()).allSatisfy(<))
        #expect(Webhook.waits.reduce(.zero, +) > .seconds(3 * 86_400))
    }
}
