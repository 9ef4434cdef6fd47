/// Chance that can be thrown again: SplitMix64, seeded by a number and a purpose, so that one use of chance does not
/// disturb another. The standard library's `random(in:using:)` promises no sequence; this does.
package struct Dice: Sendable {
    private var state: UInt64

    package init(seed: UInt64, purpose: String) {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in purpose.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        state = seed ^ hash
        _ = next()
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// 0 up to, not including, `limit`.
    package mutating func below(_ limit: Int) -> Int {
        precondition(limit > 0, "a die has at least one side")
        return Int(next().multipliedFullWidth(by: UInt64(limit)).high)
    }

    package mutating func within(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + below(range.count)
    }

    /// True with this probability; throws once whatever it is.
    package mutating func chance(_ probability: Double) -> Bool {
        Double(next() >> 11) / 9_007_199_254_740_992 < probability
    }

    package mutating func pick<T>(_ choices: [T]) -> T {
        choices[below(choices.count)]
    }

    /// The index of one of the weights, in proportion; nil where all are zero.
    package mutating func weighted(_ weights: [Int]) -> Int? {
        let sum = weights.reduce(0, +)
        guard sum > 0 else { return nil }
        var left = below(sum)
        for (index, weight) in weights.enumerated() {
            if left < weight { return index }
            left -= weight
        }
        return nil
    }
}
