/// What one commit did.
package struct Report: Sendable {
    var finished: [Job] = []
    var failed: [(Job, Failure, state: String)] = []
    var rings: Set<String> = []
}

/// How a consumer's own luck with the database runs: it waits longer each time, and takes one job at a time until a
/// batch has gone through.
struct Trouble {
    private var failures = 0

    var isFresh: Bool { failures == 0 }

    mutating func passed() { failures = 0 }

    mutating func failed() -> Duration {
        failures += 1
        return min(.milliseconds(100 << min(failures, 6)), .seconds(5))
    }
}

/// Stops calling a destination that keeps failing, and tries it with one job at a time until it answers again.
struct Breaker {
    private var failures = 0
    private var openUntil: ContinuousClock.Instant?
    private var told = false

    /// How many more calls may start now.
    func room(of free: Int, isIdle: Bool, now: ContinuousClock.Instant) -> Int {
        guard failures >= Self.limit else { return free }
        if let openUntil, now < openUntil { return 0 }
        return isIdle ? min(free, 1) : 0
    }

    /// Gives whether it had been open: then all that waits out its silence may be asked for at once.
    mutating func passed() -> Bool {
        defer {
            failures = 0
            openUntil = nil
        }
        return failures >= Self.limit
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
