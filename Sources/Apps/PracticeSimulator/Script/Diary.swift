/// Who is taken when, and whose turn it is: what a front desk sees, kept so that each step finds its entry without
/// reading the whole book.
struct Diary: Sendable {
    private var taken: [String: [ClosedRange<Int>]] = [:]
    private(set) var open: [String] = []
    private var openIndex: [String: Int] = [:]
    private var days: [LocalDay: Set<String>] = [:]

    static let opens = 8 * 60
    static let closes = 17 * 60
    private static let lunch = 12 * 60..<13 * 60

    mutating func add(_ entry: BookEntry) {
        taken[key(entry), default: []].append(range(entry))
        days[entry.start.day, default: []].insert(entry.id)
        offer(entry)
    }

    /// Forgets where the entry was; its time is free again.
    mutating func remove(_ entry: BookEntry) {
        let gone = range(entry)
        if let index = taken[key(entry)]?.firstIndex(of: gone) { taken[key(entry)]?.remove(at: index) }
        days[entry.start.day]?.remove(entry.id)
        withdraw(entry.id)
    }

    /// Among those that a caller may move, change or cancel.
    mutating func offer(_ entry: BookEntry) {
        guard openIndex[entry.id] == nil else { return }
        openIndex[entry.id] = open.count
        open.append(entry.id)
    }

    mutating func withdraw(_ id: String) {
        guard let index = openIndex.removeValue(forKey: id), let last = open.popLast() else { return }
        guard last != id else { return }
        open[index] = last
        openIndex[last] = index
    }

    func ids(on day: LocalDay) -> Set<String> { days[day] ?? [] }

    /// Puts away the pages before this day.
    mutating func forget(before day: LocalDay) {
        for (old, ids) in days where old < day {
            for id in ids.sorted() { withdraw(id) }
            days[old] = nil
        }
        taken = taken.filter { key, _ in key.suffix(10) >= day.description }
    }

    /// Starts on that day at which the provider is free for so long, on a ten-minute grid, after `now`.
    func free(_ provider: String, on day: LocalDay, minutes: Int, after now: LocalTime) -> [LocalTime] {
        let busy = taken["\(provider) \(day)"] ?? []
        return stride(from: Self.opens, through: Self.closes - minutes, by: 10).compactMap { start in
            let end = start + minutes - 1
            if start < Self.lunch.upperBound, end >= Self.lunch.lowerBound { return nil }
            if busy.contains(where: { $0.overlaps(start...end) }) { return nil }
            let time = LocalTime(day, minute: start)
            return time > now ? time : nil
        }
    }

    private func key(_ entry: BookEntry) -> String { "\(entry.provider) \(entry.start.day)" }
    private func range(_ entry: BookEntry) -> ClosedRange<Int> {
        entry.start.minute...entry.start.minute + entry.minutes - 1
    }
}
