/// Counts by key, of at most `limit` keys; what comes beyond is counted as others.
struct Tally<Key: Hashable & Comparable & Sendable>: Sendable {
    private(set) var counts: [Key: Int] = [:]
    private(set) var others = 0
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    mutating func add(_ key: Key, _ count: Int = 1) {
        if counts[key] != nil || counts.count < limit {
            counts[key, default: 0] += count
        } else {
            others += count
        }
    }

    subscript(key: Key) -> Int { counts[key] ?? 0 }

    var total: Int { counts.values.reduce(others, +) }

    /// The most frequent first.
    var ranked: [(key: Key, count: Int)] {
        counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { (key: $0.key, count: $0.value) }
    }
}

/// A share as people read it: 100 only when it is all, 0 only when it is none.
func share(_ part: Int, of whole: Int) -> String {
    if whole == 0 { return "-" }
    if part == 0 || part == whole { return part == 0 ? "0 %" : "100 %" }
    let percent = Double(part) * 100 / Double(whole)
    return percent < 1 ? "< 1 %" : percent > 99 ? "> 99 %" : "\(Int(percent.rounded())) %"
}
