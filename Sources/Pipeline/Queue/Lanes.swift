import Postgres

/// The lanes of one queue that a worker holds, each under its epoch.
struct Lanes: Sendable {
    private(set) var epochs: [Int16: Int64] = [:]
    private var turn = 0

    var count: Int { epochs.count }
    var all: [Int16] { epochs.keys.sorted() }

    mutating func add(_ lane: Int16, epoch: Int64) {
        epochs[lane] = epoch
    }

    mutating func remove(_ lanes: [Int16]) {
        for lane in lanes { epochs[lane] = nil }
    }

    mutating func replace(with owned: [(Int16, Int64)]) {
        epochs = Dictionary(uniqueKeysWithValues: owned)
    }

    mutating func removeAll() {
        epochs = [:]
    }

    /// The lanes to look at: all, but under load the next few in turn, so that each comes round. More
    /// than 16 a batch measured slower then; at rest a look that leaves lanes out would leave their jobs until the next
    /// poll.
    mutating func next(underLoad: Bool, limit: Int = 16) -> [Int16] {
        let sorted = all
        if !underLoad { return sorted }
        if sorted.count <= limit { return sorted }
        let start = turn % sorted.count
        turn = (start + limit) % sorted.count
        return (0..<limit).map { sorted[(start + $0) % sorted.count] }
    }
}

/// What a worker should do about its lanes, given how many colleagues there are. Pure.
enum Balance: Equatable {
    case take(Int)
    case release(Int)
    case keep

    init(held: Int, lanes: Int, workers: Int) {
        let share = (lanes + max(workers, 1) - 1) / max(workers, 1)
        self = held < share ? .take(share - held) : held > share ? .release(held - share) : .keep
    }
}
