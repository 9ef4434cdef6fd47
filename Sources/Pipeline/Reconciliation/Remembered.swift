/// What was worked out for a word, so that a list of a million lines has it worked out once a word. It forgets everything
/// when it is full, so that it does not grow with the list.
package struct Remembered<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private var values: [Key: Value] = [:]
    private let limit: Int

    package init(limit: Int = 10_000) { self.limit = limit }

    package mutating func value(for key: Key, _ work: (Key) -> Value) -> Value {
        if let known = values[key] { return known }
        let made = work(key)
        if values.count >= limit { values.removeAll(keepingCapacity: true) }
        values[key] = made
        return made
    }
}
