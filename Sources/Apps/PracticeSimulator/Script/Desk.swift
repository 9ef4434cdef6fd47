/// The front desk's own memory: when each of the day's patients is due, whom each person is waiting for, and which
/// appointments are left alone.
struct Desk: Sendable {
    /// A patient's next step through the day.
    struct Due: Sendable, Equatable, Comparable {
        let at: LocalTime
        let id: String

        static func < (a: Due, b: Due) -> Bool { (a.at, a.id) < (b.at, b.id) }
    }

    private var dues: [String: (day: LocalDay, due: Due)] = [:]
    /// The dues of each day's entries, the earliest first.
    private var days: [LocalDay: [Due]] = [:]
    private var quiet: [String: Int] = [:]
    /// The appointments of each person, by the person's number.
    private(set) var ofPerson: [Int: [String]] = [:]
    /// The numbers of the people whose chart was made at their first visit.
    private(set) var charted: Set<Int> = []
    /// Second occurrences of series, of which one is to change.
    var occurrencesToChange: [String] = []
    /// Entries that are numbered, so that the next gets a new number.
    var lastEntry = 0
    var lastVisit = 0

    mutating func settle(_ entry: BookEntry, at now: LocalTime) {
        let number = entry.person?.number ?? 0
        switch entry.status {
        case _ where entry.isBlock: done(entry.id)
        // A few minutes before or after the time; the number's last digit stands for the habit of the person.
        case .pending, .confirmed, .overbooked: expect(entry, at: entry.start.adding(minutes: number % 15 - 10))
        case .kept: expect(entry, at: max(entry.end, now).adding(minutes: number % 10))
        case .checkedOut, .cancelled, .noShow, .deleted, .waiting: done(entry.id)
        }
        if entry.hasChart, let person = entry.person, person.chartAtFirstVisit { charted.insert(person.number) }
        if let person = entry.person, ofPerson[person.number]?.contains(entry.id) != true {
            ofPerson[person.number, default: []].append(entry.id)
        }
    }

    /// The earliest due of that day; ties by id.
    func nextDue(on day: LocalDay) -> Due? { days[day]?.first }

    mutating func done(_ id: String) {
        guard let (day, due) = dues.removeValue(forKey: id), let index = days[day]?.firstIndex(of: due) else { return }
        days[day]?.remove(at: index)
    }

    private mutating func expect(_ entry: BookEntry, at time: LocalTime) {
        done(entry.id)
        let (day, due) = (entry.start.day, Due(at: time, id: entry.id))
        dues[entry.id] = (day, due)
        var all = days[day] ?? []
        var low = 0
        var high = all.count
        while low < high {
            let middle = (low + high) / 2
            if all[middle] < due { low = middle + 1 } else { high = middle }
        }
        days[day] = nil
        all.insert(due, at: low)
        days[day] = all
    }

    func isQuiet(_ id: String) -> Bool { quiet[id] != nil }
    func quietNumber(_ id: String) -> Int? { quiet[id] }
    mutating func keepQuiet(_ id: String, _ number: Int) { quiet[id] = number }
    var quietCount: Int { quiet.count }
    func quiet(_ number: Int) -> String? { quiet.first { $0.value == number }?.key }

    mutating func forget(_ isGone: (String) -> Bool) {
        for id in dues.keys.filter(isGone) { done(id) }
        days = days.filter { !$0.value.isEmpty }
        quiet = quiet.filter { !isGone($0.key) }
        ofPerson = ofPerson.compactMapValues { ids in
            let left = ids.filter { !isGone($0) }
            return left.isEmpty ? nil : left
        }
    }
}
