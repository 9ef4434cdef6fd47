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
