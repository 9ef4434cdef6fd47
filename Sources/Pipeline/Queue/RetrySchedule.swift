/// When a job that failed for the moment is tried again. The delay of each attempt is drawn from its step, up to a
/// quarter longer or shorter, so that what failed together does not return together.
package struct RetrySchedule: Sendable {
    package let steps: [Duration]

    package init(steps: [Duration]) {
        self.steps = steps
    }

    /// For work that ends in our own database: half a minute in all, then a person.
    package static let local = RetrySchedule(
        steps: [.milliseconds(50), .milliseconds(200), .seconds(1), .seconds(3), .seconds(8), .seconds(20)])

    /// How many attempts at most an outage can have used up.
    func attempts(in outage: Breaker.Outage) -> Int16 {
        guard case .lasted(let duration) = outage else { return .max }
        var waited = Duration.zero
        let waits = steps.prefix { step in
            waited += step * 0.75
            return waited <= duration
        }
        return Int16(waits.count + 1)
    }

    /// How long to wait after this many attempts have failed; nil when that was the last.
    package func delay(
        afterAttempt attempt: Int, using generator: inout some RandomNumberGenerator
    ) -> Duration? {
        guard attempt >= 1, attempt <= steps.count else { return nil }
        return steps[attempt - 1] * Double.random(in: 0.75...1.25, using: &generator)
    }
}
