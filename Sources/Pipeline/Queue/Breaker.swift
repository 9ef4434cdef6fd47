/// Stops calling a destination that keeps failing, and tries it with one job at a time until it answers again.
struct Breaker {
    /// Calls failed, and none went well meanwhile.
    enum Outage: Equatable {
        case lasted(Duration)
        /// This process never knew the destination to answer.
        case alwaysWas
    }

    private var failures = 0
    /// The first of them.
    private var since: ContinuousClock.Instant?
    private var hasPassed = false
    private var openUntil: ContinuousClock.Instant?
    private var told = false

    /// How many more calls may start now.
    func room(of free: Int, isIdle: Bool, now: ContinuousClock.Instant) -> Int {
        guard failures >= Self.limit else { return free }
        if let openUntil, now < openUntil { return 0 }
        return isIdle ? min(free, 1) : 0
    }

    /// Whether it stops calls now, or lets one through to see.
    var isTripped: Bool { failures >= Self.limit }

    /// Gives the outage that is over, where there was one.
    mutating func passed(now: ContinuousClock.Instant) -> Outage? {
        defer { (failures, since, openUntil, hasPassed) = (0, nil, nil, true) }
        guard failures >= Self.limit, let since else { return nil }
        return hasPassed ? .lasted(now - since) : .alwaysWas
    }

    /// A burst that fails together is one failure too many, not sixteen: what ends while it is open does not count.
    mutating func failed(now: ContinuousClock.Instant) {
        since = since ?? now
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
