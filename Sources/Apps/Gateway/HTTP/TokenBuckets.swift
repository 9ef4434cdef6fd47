/// How often each of many may do something: a bucket that fills at a rate and holds so many. Pure: time is given.
struct TokenBuckets<Key: Hashable & Sendable>: Sendable {
    private struct Bucket {
        var tokens: Double
        var at: ContinuousClock.Instant
    }

    let rate: Double
    let capacity: Double
    private var buckets: [Key: Bucket] = [:]

    /// - Parameter rate: tokens a second.
    init(rate: Double, capacity: Double) {
        self.rate = rate
        self.capacity = capacity
    }

    /// Takes one; nil where there was one, else how many seconds until there is.
    mutating func take(_ key: Key, now: ContinuousClock.Instant) -> Double? {
        if buckets.count >= 10_000 { forgetTheFull(now) }
        var bucket = buckets[key] ?? Bucket(tokens: capacity, at: now)
        bucket.tokens = filled(bucket, now)
        bucket.at = now
        defer { buckets[key] = bucket }
        guard bucket.tokens >= 1 else { return (1 - bucket.tokens) / rate }
        bucket.tokens -= 1
        return nil
    }

    private func filled(_ bucket: Bucket, _ now: ContinuousClock.Instant) -> Double {
        min(capacity, bucket.tokens + max(0, bucket.at.duration(to: now) / .seconds(1)) * rate)
    }

    /// A full bucket says nothing that a missing one does not.
    private mutating func forgetTheFull(_ now: ContinuousClock.Instant) {
        buckets = buckets.filter { filled($0.value, now) < capacity }
    }
}
