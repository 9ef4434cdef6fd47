/// The front desk's own memory: when each of the day's patients is due, whom each person is waiting for, and which
/// appointments are left alone.
struct Desk: Sendable {
    /// A patient's next step through the day.
    struct Due: Sendable, Equatable {
        let at: LocalTime
        let id: String
    }

    private var dues: [String: LocalTime] = [:]
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
        switch entry.status {
        // A few minutes before or after the time; the number's last digit stands for the habit of the person.
        case .pending, .confirmed: dues[entry.id] = entry.start.adding(minutes: (entry.person?.number ?? 0) % 15 - 10)
        case .kept: dues[entry.id] = max(entry.end, now).adding(minutes: (entry.person?.number ?? 0) % 10)
        case .checkedOut, .cancelled, .noShow, .deleted: dues[entry.id] = nil
        }
        if entry.hasChart, let person = entry.person, person.chartAtFirstVisit { charted.insert(person.number) }
        if entry.isBlock { dues[entry.id] = nil }
        if let person = entry.person, ofPerson[person.number]?.contains(entry.id) != true {
            ofPerson[person.number, default: []].append(entry.id)
        }
    }

    /// The earliest due of that day; ties by id.
    func nextDue(on day: LocalDay, diary: Diary, book: Book) -> Due? {
        diary.ids(on: day).compactMap { id in dues[id].map { Due(at: $0, id: id) } }
            .min { ($0.at, $0.id) < ($1.at, $1.id) }
    }

    mutating func done(_ id: String) { dues[id] = nil }

    func isQuiet(_ id: String) -> Bool { quiet[id] != nil }
    func quietNumber(_ id: String) -> Int? { quiet[id] }
    mutating func keepQuiet(_ id: String, _ number: Int) { quiet[id] = number }
    var quietCount: Int { quiet.count }
    func quiet(_ number: Int) -> String? { quiet.first { $0.value == number }?.key }

    mutating func forget(_ isGone: (String) -> Bool) {
        dues = dues.filter { !isGone($0.key) }
        quiet = quiet.filter { !isGone($0.key) }
        ofPerson = ofPerson.compactMapValues { ids in
            let left = ids.filter { !isGone($0) }
            return left.isEmpty ? nil : left
        }
    }
}
