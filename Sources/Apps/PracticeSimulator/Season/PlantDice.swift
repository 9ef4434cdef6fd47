/// How often each fault is planted: of the chances that its kind has.
package struct PlantRates: Sendable {
    package var rates: [PlantKind: Double]

    /// - Parameter share: of the changes that could carry a fault, in all.
    package init(share: Double) {
        let each = share / Double(PlantKind.allCases.count)
        rates = Dictionary(uniqueKeysWithValues: PlantKind.allCases.map { ($0, each) })
        // What has fewer chances strikes more often.
        rates[.garbled] = each * 1.5
        rates[.deletedInPM] = each * 1.5
        rates[.letGo] = each * 1.5
        rates[.ignoredByApp] = each * 4
        rates[.unmapped] = each * 2
    }
}

/// Which fault strikes a change: every kind has its own chance, thrown for every change whether it could strike or not, so
/// that one kind never disturbs another, nor the script, nor the innocent oddities.
struct PlantDice: Sendable {
    private let rates: PlantRates
    private var dice: [PlantKind: Dice]
    private var details: Dice
    private var turn = 0

    init(_ rates: PlantRates, seed: UInt64, practice: String) {
        self.rates = rates
        dice = Dictionary(
            uniqueKeysWithValues: PlantKind.allCases.map {
                ($0, Dice(seed: seed, purpose: "plant \($0.rawValue) \(practice)"))
            })
        details = Dice(seed: seed, purpose: "plant details \(practice)")
    }

    /// The kinds that strike, in an order that changes from throw to throw so that none always wins.
    mutating func throwAll() -> [PlantKind] {
        let kinds = PlantKind.allCases
        turn += 1
        let struck = kinds.filter { kind in
            guard var die = dice[kind] else { return false }
            defer { dice[kind] = die }
            return die.chance(rates.rates[kind] ?? 0)
        }
        let start = turn % kinds.count
        return (kinds[start...] + kinds[..<start]).filter(struck.contains)
    }

    mutating func within(_ range: ClosedRange<Int>) -> Int { details.within(range) }
    mutating func chance(_ probability: Double) -> Bool { details.chance(probability) }
}
