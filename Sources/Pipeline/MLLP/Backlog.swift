/// The frames of one connection that wait for their answers, and the order in which answers leave.
///
/// A value: the connection's handler acts on what it returns.
struct Backlog {
    private struct Slot {
        let size: Int
        var answer: Answer?
    }

    private var slots: [Slot] = []
    private var first = 0
    /// The number of the slot at `first`.
    private var next = 0
    private(set) var bytes = 0

    var count: Int { slots.count - first }
    var isEmpty: Bool { count == 0 }

    /// A place in the order; answer it by this number.
    mutating func add(size: Int) -> Int {
        slots.append(Slot(size: size, answer: nil))
        bytes += size
        return next + count - 1
    }

    mutating func answer(_ number: Int, _ answer: Answer) {
        slots[first + number - next].answer = answer
    }

    /// The answer that may leave now: the oldest frame's, if it has come.
    mutating func pop() -> Answer? {
        guard first < slots.count, let answer = slots[first].answer else { return nil }
        bytes -= slots[first].size
        first += 1
        next += 1
        if first > 64, first * 2 > slots.count {
            slots.removeFirst(first)
            first = 0
        }
        return answer
    }

    /// Whether to stop reading, and, once stopped, when to go on: at half.
    func shouldPause(_ limits: Limits, isPaused: Bool) -> Bool {
        let share = isPaused ? 2 : 1
        return bytes > limits.unansweredBytes / share || count > limits.unansweredFrames / share
    }
}
