/// The statements that a connection keeps prepared on the server, the least recently used making room. Names are never
/// used twice on a connection.
struct StatementCache {
    struct Key: Hashable {
        let text: String
        let types: [UInt32]
    }

    private struct Entry {
        let name: String
        var usedAt: Int
    }

    private let capacity: Int
    private var entries: [Key: Entry] = [:]
    private var clock = 0
    private var names = 0
    /// Whether the server keeps statements that are no longer listed here.
    private(set) var isStale = false

    init(capacity: Int = 256) { self.capacity = capacity }

    mutating func name(of key: Key) -> String? {
        clock += 1
        guard let index = entries.index(forKey: key) else { return nil }
        entries.values[index].usedAt = clock
        return entries.values[index].name
    }

    mutating func newName() -> String {
        names += 1
        return "s\(names)"
    }

    mutating func keep(_ key: Key, _ name: String) {
        clock += 1
        entries[key] = Entry(name: name, usedAt: clock)
    }

    /// Makes room for one more; the name to deallocate, if any. A walk over all, once a new statement past capacity.
    mutating func evict() -> String? {
        guard entries.count >= capacity, let oldest = entries.min(by: { $0.value.usedAt < $1.value.usedAt }) else {
            return nil
        }
        entries[oldest.key] = nil
        return oldest.value.name
    }

    /// Forgets all, before the server does.
    mutating func markStale() {
        entries.removeAll()
        isStale = true
    }

    /// Forgets all, which the server has forgotten.
    mutating func removeAll() {
        entries.removeAll()
        isStale = false
    }
}
