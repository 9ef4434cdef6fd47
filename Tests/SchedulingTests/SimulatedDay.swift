import Foundation

@testable import PracticeSimulator

/// What the make-believe practice sends up to a day's end, each with when it came.
enum SimulatedDay {
    static func messages(seed: UInt64, date: String = "2026-12-01") -> [(bytes: [UInt8], receivedAt: Date)] {
        guard let day = LocalDay(date) else { preconditionFailure("a test's date is one") }
        let premises = Premises(seed: seed, date: day)
        var feed = Feed(premises)
        let count = Script(premises).day().count
        var messages: [(bytes: [UInt8], receivedAt: Date)] = []
        while messages.count < count, let delivery = feed.next() {
            messages.append((delivery.bytes, received(delivery.bytes)))
        }
        return messages
    }

    /// MSH-7 as the clock of Chicago shows it, and a second on.
    private static func received(_ bytes: [UInt8]) -> Date {
        let fields = String(decoding: bytes.prefix(200), as: UTF8.self).split(
            separator: "|", omittingEmptySubsequences: false)
        let digits = fields.count > 6 ? fields[6] : ""
        let numbers = [(0, 4), (4, 2), (6, 2), (8, 2), (10, 2), (12, 2)].map {
            Int(digits.dropFirst($0.0).prefix($0.1)) ?? 0
        }
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = TimeZone(identifier: "America/Chicago") ?? .gmt
        let parts = DateComponents(
            year: numbers[0], month: numbers[1], day: numbers[2], hour: numbers[3], minute: numbers[4],
            second: numbers[5])
        return (calendar.date(from: parts) ?? .distantPast) + 1
    }
}
