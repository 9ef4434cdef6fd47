/// Somebody who does not exist: family names that begin with ZZ, telephone numbers with 555.
package struct Person: Sendable, Equatable {
    /// PID-2, and the tail of the MRN.
    package let number: Int
    /// PID-4.1.
    package let guid: String
    package let family: String
    package let given: String
    package let birth: LocalDay
    package let sex: String
    package let phone: String
    package let street: String
    /// Whether the chart is made only at the first visit, so that no message before KEPT bears an MRN.
    package let chartAtFirstVisit: Bool
    /// How the PM names this person's appointments in its messages.
    package let ids: IDHabit

    package var mrn: String { padded(number, 12) }
}

/// Where a message carries the appointment's id.
package enum IDHabit: String, Codable, Sendable {
    /// SCH-2, always.
    case filler
    /// SCH-1 in the booking, SCH-2 in everything after it.
    case traded
    /// In neither. Such a person has one appointment, or nobody could tell them apart.
    case none
}

/// The people of one practice, each made from the seed and a number alone.
struct People: Sendable {
    let seed: UInt64
    let base: Int
    let habits: Habits
    private var made: [Int: Person] = [:]

    init(seed: UInt64, base: Int, habits: Habits) {
        self.seed = seed
        self.base = base
        self.habits = habits
    }

    mutating func person(_ index: Int) -> Person {
        if let person = made[index] { return person }
        var dice = Dice(seed: seed, purpose: "person \(index)")
        let female = dice.chance(0.53)
        let ids: IDHabit =
            if dice.chance(habits.withoutIDs) { .none } else if dice.chance(habits.tradedIDs) { .traded } else {
                .filler
            }
        let late = dice.chance(habits.chartAtFirstVisit)
        let person = Person(
            number: base * 10_000 + index,
            guid: guid(&dice),
            family: dice.pick(Self.families),
            given: dice.pick(female ? Self.women : Self.men),
            birth: LocalDay(year: 1936, month: 1, day: 1).adding(days: dice.below(31_000)),
            sex: female ? "F" : "M",
            phone: "5550" + padded(100 + dice.below(100), 3),
            street: "\(dice.within(1...990)) Sample Rd",
            // Without ids and without an MRN nothing would be left to know the appointment by.
            chartAtFirstVisit: late && ids == .filler,
            ids: ids)
        made[index] = person
        return person
    }

    private func guid(_ dice: inout Dice) -> String {
        let digits = Array("0123456789abcdef")
        let hex = String((0..<32).map { _ in dice.pick(digits) })
        let parts = [0..<8, 8..<12, 13..<16, 17..<20, 20..<32].map { range in
            String(hex.dropFirst(range.lowerBound).prefix(range.count))
        }
        return "\(parts[0])-\(parts[1])-4\(parts[2])-8\(parts[3])-\(parts[4])"
    }

    static let families = [
        "ZZTEST", "ZZSAMPLE", "ZZDEMO", "ZZMODEL", "ZZPROBE", "ZZTRIAL", "ZZDUMMY", "ZZPATTERN", "ZZO'MOCK",
        "ZZDE LA PRUEBA", "ZZEXAMPLE", "ZZFIGMENT", "ZZNOBODY", "ZZPAPER", "ZZSTAND-IN", "ZZSYNTH", "ZZFABLE",
        "ZZSALT&PEPPER", "ZZTEMPLATE", "ZZVOID",
    ]
    static let women = [
        "MARIS", "ALEX", "JUNE", "OLIVE", "PEARL", "HAZEL", "IVY", "WREN", "FERN", "OPAL", "ROBIN", "SAGE",
    ]
    static let men = [
        "ALEX", "REED", "CLAY", "FLINT", "ASH", "GLEN", "HEATH", "CLIFF", "ROBIN", "DALE", "FORREST", "RAY",
    ]
}
