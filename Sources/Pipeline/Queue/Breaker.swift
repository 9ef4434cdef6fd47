/// Stops calling a destination that keeps failing, and tries it with one job at a time until it answers again.
struct Breaker {
    /// What it was open for, once the destination answers again.
    enum Outage {
        /// As when an app is started anew; or some jobs fail always, among others that go well.
        case short
        /// Half a minute and more.
        case long

        /// Jobs that have failed so often at most may be tried at once, in place of waiting out the destination's silence.
        /// Each try is one of the few that they have, so those that fail among others' successes soon keep their own times.
        var hastens: Int16 {
            switch self {
            case .short: 3
            case .long: .max
            }
        }
    }

    private var failures = 0
    private var openUntil: ContinuousClock.Instant?
    private var told = false

    /// How many more calls may start now.
    func room(of free: Int, isIdle: Bool, now: ContinuousClock.Instant) -> Int {
        guard failures >= Self.limit else { return free }
        if let openUntil, now < openUntil { return 0 }
        return isIdle ? min(free, 1) : 0
    }

    /// Gives the outage that is over, where there was one.
    mutating func passed() -> Outage? {
        defer {
            failures = 0
            openUntil = nil
        }
        guard failures >= Self.limit else { return nil }
        return failures < Self.limit + 5 ? .short : .long  // 1 + 2 + 4 + 8 + 16 seconds
    }

    /// A burst that fails together is one failure too many, not sixteen: what ends while it is open does not count.
    mutating func failed(now: ContinuousClock.Instant) {
        if let openUntil, now < openUntil { return }
        failures += 1
        if failures >= Self.limit {
            openUntil = now + min(.seconds(1 << min(failures - Self.limit, 6)), .seconds(60))
        }
    }

    /// Seconds that it stays open, once each time that changes; 0 when it has closed.
    mutating func changed(now: ContinuousClock.Instant) -> Double? {
        if let openUntil {
            told = true
            return (openUntil - now).seconds
        }
        defer { told = false }
        return told ? 0 : nil
    }

    static let limit = 5
}
