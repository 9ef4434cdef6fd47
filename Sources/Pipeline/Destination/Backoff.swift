/// How long to wait before the next attempt. Pure: chance comes in as a generator.
package enum Backoff: Sendable, Equatable {
    /// These waits, one after the other, each up to a fifth shorter or longer; then no more.
    case schedule([Duration])
    /// Random between the base and three times the wait before, at most the cap; without end. It spreads those who failed
    /// together better than a doubling does.
    case decorrelated(base: Duration, cap: Duration)

    /// What Standard Webhooks suggest: ten attempts over about three days.
    package static let webhook = Backoff.schedule([
        .seconds(5), .seconds(300), .seconds(1800), .seconds(7200), .seconds(18_000), .seconds(36_000),
        .seconds(50_400), .seconds(72_000), .seconds(86_400),
    ])

    /// The wait after an attempt that failed.
    ///
    /// - Parameters:
    ///   - attempts: how many were made, from 1.
    ///   - previous: the wait before that attempt; only the decorrelated form asks.
    /// - Returns: nil when there shall be no further attempt.
    package func wait(
        after attempts: Int, previous: Duration = .zero, using generator: inout some RandomNumberGenerator
    ) -> Duration? {
        precondition(attempts >= 1, "attempts count from one")
        switch self {
        case .schedule(let waits):
            guard attempts <= waits.count else { return nil }
            return waits[attempts - 1] * Double.random(in: 0.8...1.2, using: &generator)
        case .decorrelated(let base, let cap):
            let ceiling = max(base, min(cap, max(previous, base) * 3))
            let share = Double.random(in: 0...1, using: &generator)
            return min(cap, base + (ceiling - base) * share)
        }
    }
}
