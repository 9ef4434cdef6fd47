import PracticeSimulator

/// One connection's schedule messages, in order: a practice's mix. Each books a visit or changes one that this connection
/// booked before, as the visit's state allows. No two connections share a person or a visit, so a person's messages cannot
/// overtake each other. The same seed gives the same messages.
struct PathMix: Sendable {
    enum Act: Sendable, CaseIterable {
        case bookNewPerson, bookKnownPerson, reschedule, confirm, move, keep, checkOut, cancel
    }

    /// A visit as its messages have left it.
    struct Visit: Sendable, Equatable {
        let number: Int
        let person: Int
        /// A half hour of a practitioner's day, counted. No two visits ever have the same.
        var place: Int
    }

    struct Step: Sendable, Equatable {
        let act: Act
        let visit: Visit
    }

    /// Of twenty messages: 40 % S12, half of them for known persons, 15 % S13, 35 % S14, 10 % S15.
    static let deck: [Act] = [
        .bookNewPerson, .bookNewPerson, .bookNewPerson, .bookNewPerson,
        .bookKnownPerson, .bookKnownPerson, .bookKnownPerson, .bookKnownPerson,
        .reschedule, .reschedule, .reschedule,
        .confirm, .confirm, .move, .move, .keep, .keep, .checkOut,
        .cancel, .cancel,
    ]

    private let connection: Int
    private let connections: Int
    private var dice: Dice
    private var cards: [Act] = []
    private var persons = 0
    private var visits = 0
    private var places = 0
    private var booked: [Visit] = []
    private var confirmed: [Visit] = []
    private var kept: [Visit] = []

    init(seed: UInt64, connection: Int, of connections: Int) {
        self.connection = connection
        self.connections = connections
        dice = Dice(seed: seed, purpose: "path/\(connection)")
    }

    mutating func next() -> Step {
        if cards.isEmpty { cards = Self.deck }
        let possible = cards.indices.filter { isPossible(cards[$0]) }
        let act = cards.remove(at: possible[dice.below(possible.count)])
        return Step(act: act, visit: carryOut(act))
    }

    /// At least one card that is left is possible: a deck books eight visits, and confirms or ends six.
    private func isPossible(_ act: Act) -> Bool {
        switch act {
        case .bookNewPerson: true
        case .bookKnownPerson: persons > 0
        case .confirm: !booked.isEmpty
        case .reschedule, .move, .keep, .cancel: !booked.isEmpty || !confirmed.isEmpty
        case .checkOut: !kept.isEmpty
        }
    }

    private mutating func carryOut(_ act: Act) -> Visit {
        var visit: Visit
        switch act {
        case .bookNewPerson:
            persons += 1
            visit = newVisit(of: persons - 1)
            booked.append(visit)
        case .bookKnownPerson:
            visit = newVisit(of: dice.below(persons))
            booked.append(visit)
        case .reschedule, .move:
            visit = takeExpected()
            visit.place = newPlace()
            booked.append(visit)
        case .confirm:
            visit = dice.take(from: &booked)
            confirmed.append(visit)
        case .keep:
            visit = takeExpected()
            kept.append(visit)
        case .checkOut: visit = dice.take(from: &kept)
        case .cancel: visit = takeExpected()
        }
        return visit
    }

    private mutating func newVisit(of person: Int) -> Visit {
        defer { visits += 1 }
        return Visit(number: own(visits), person: own(person), place: newPlace())
    }

    private mutating func newPlace() -> Int {
        defer { places += 1 }
        return own(places)
    }

    private mutating func takeExpected() -> Visit {
        dice.below(booked.count + confirmed.count) < booked.count
            ? dice.take(from: &booked) : dice.take(from: &confirmed)
    }

    /// A number that no other connection gives.
    private func own(_ number: Int) -> Int { number * connections + connection }
}

extension Dice {
    fileprivate mutating func take<Value>(from values: inout [Value]) -> Value {
        values.swapAt(below(values.count), values.count - 1)
        return values.removeLast()
    }
}
