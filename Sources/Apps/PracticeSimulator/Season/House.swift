package import Foundation

/// One practice of a season: its script, its book as it stands, and who spoils what.
package struct House: Sendable {
    package let premises: Premises
    /// The PM's book, as of the last instant asked for.
    package internal(set) var book = Book()
    package internal(set) var plants: [Plant] = []
    package private(set) var oddities: [Oddity: Int] = [:]
    package private(set) var appointments = 0
    package private(set) var doubled = 0
    package private(set) var reordered = 0

    /// For the booking app, and for the practice's own people, since they were last taken.
    var appOrders: [AppOrder] = []
    var staffOrders: [StaffOrder] = []
    var script: Script
    var dice: PlantDice
    /// What the last message that arrived said of each appointment.
    var heard: [String: BookEntry] = [:]
    /// The day on which it was first heard of.
    var heardOn: [String: LocalDay] = [:]
    /// Words that the book shows in place of its own.
    var words: [String: String] = [:]
    /// Which of the words that no table knows the PM uses now, by its number: each is mapped in its turn.
    var newWord = 1
    /// The open plants that wait for that word.
    var waiting: [Int] = []
    /// When each open plant is to be mended, and which.
    var mends: [(at: LocalTime, plant: Int)] = []
    /// The script's own appointment that a plant beside it hangs on.
    var partners: [Int: String] = [:]
    /// How many entries were made beside the script's.
    var entered = 0

    /// The interface that is replaced, and what it told, by the MSH-10 of the PM's message that it heard.
    package private(set) var oldFeed: OldFeed?
    private var tellings: [String: [UInt8]] = [:]

    private var wire: Dice
    private var pending: Step?
    private var seen: [Oddity: Set<String>] = [:]
    private var today: LocalDay
    /// Faults need time to be seen, so that none is planted in the last days.
    private let last: LocalDay?

    package init(_ premises: Premises, rates: PlantRates, last: LocalDay? = nil) {
        self.premises = premises
        self.last = last
        today = premises.date
        script = Script(premises)
        dice = PlantDice(rates, seed: premises.seed, practice: premises.practice)
        oldFeed = premises.hasOldFeed ? OldFeed(premises) : nil
        wire = Dice(seed: premises.seed, purpose: "wire \(premises.practice)")
    }

    package mutating func takeOrders() -> [AppOrder] {
        defer { appOrders = [] }
        return appOrders
    }

    package mutating func takeStaffOrders() -> [StaffOrder] {
        defer { staffOrders = [] }
        return staffOrders
    }

    /// What the old feed told of the messages since this was last asked.
    package mutating func takeTellings() -> [String: [UInt8]] {
        defer { tellings = [:] }
        return tellings
    }

    /// The list as the PM exports it.
    package var list: String { book.csv(words: words, from: today.adding(days: -16)) }

    /// The file that the practice goes live with, as of now; nil where its history came by messages.
    package var load: String? { premises.loadsByFile ? book.loadCSV : nil }

    /// What the PM sends up to this instant.
    package mutating func advance(to instant: Date) -> [SeasonMessage] {
        let limit = LocalTime(instant, in: premises.zone)
        today = limit.day
        var messages: [SeasonMessage] = []
        while true {
            if pending == nil { pending = script.next() }
            guard let step = pending else { break }
            if let mend = mends.min(by: { ($0.at, $0.plant) < ($1.at, $1.plant) }), mend.at <= min(limit, step.at) {
                mends.removeAll { $0.plant == mend.plant }
                mended(mend.plant, at: mend.at, &messages)
                continue
            }
            guard step.at <= limit else { break }
            pending = nil
            take(step, &messages)
        }
        return shuffled(messages)
    }

    // MARK: Steps

    private mutating func take(_ step: Step, _ messages: inout [SeasonMessage]) {
        let id = step.entry.id
        words[id] = nil
        if step.act == .booked || step.act == .waitListed { appointments += 1 }
        if step.act == .opened { book.remove(id) } else { book.put(step.entry) }
        for oddity in step.oddities where seen[oddity, default: []].insert(id).inserted {
            oddities[oddity, default: 0] += 1
        }
        if premises.loadsByFile, step.oddities.contains(.loaded) {
            heard[id] = step.entry
            heardOn[id] = step.at.day
            return
        }
        if step.silent { return }
        let struck = dice.throwAll()
        for kind in struck where mayPlant(on: step) && plant(kind, on: step, &messages) { return }
        send(step, &messages)
    }

    mutating func send(_ step: Step, bytes: [UInt8]? = nil, _ messages: inout [SeasonMessage]) {
        heard[step.entry.id] = step.entry
        heardOn[step.entry.id] = heardOn[step.entry.id] ?? step.at.day
        if !step.oddities.contains(.loaded) {
            tellings[step.controlID] = oldFeed?.telling(of: step, provider: script.provider(step.entry.provider))
        }
        messages.append(message(step, bytes ?? step.bytes))
    }

    func message(_ step: Step, _ bytes: [UInt8]) -> SeasonMessage {
        SeasonMessage(
            at: step.at.instant(in: premises.zone), practice: premises.practice, controlID: step.controlID,
            appointment: step.entry.id, bytes: bytes)
    }

    /// Some messages come twice, and some after their successors, as on any line.
    private mutating func shuffled(_ messages: [SeasonMessage]) -> [SeasonMessage] {
        var sent: [SeasonMessage] = []
        var late: [(position: Int, message: SeasonMessage)] = []
        for (position, message) in messages.enumerated() {
            let isTwice = wire.chance(0.005)
            let isLate = wire.chance(0.005)
            let by = wire.within(2...25)
            // A message without an id says which appointment it is of by its place among the others.
            if isLate, book.entries[message.appointment]?.person?.ids == .filler {
                reordered += 1
                late.append((position + by, message))
            } else {
                sent.append(message)
            }
            if isTwice {
                doubled += 1
                late.append((position + by, message))
            }
            sent += late.filter { $0.position <= position }.map(\.message)
            late.removeAll { $0.position <= position }
        }
        return sent + late.map(\.message)
    }

    /// Somebody known by a number, whom nothing else is happening to, on a day that is far enough away for a fault to be
    /// seen before it comes; or somebody who has just come.
    private func mayPlant(on step: Step) -> Bool {
        let entry = step.entry
        guard let person = entry.person, person.ids == .filler, !step.oddities.contains(.movedUnderNewID),
            !step.quick || step.at.day > premises.date,
            script.leftAlone[entry.id] == nil, !script.isBusy(entry.id), pending == nil,
            last.map({ step.at.day <= $0 }) ?? true, script.mayBeLeftAlone(entry.id)
        else { return false }
        switch step.act {
        case .booked, .moved, .cancelled, .transferred, .deleted, .confirmed:
            return entry.start.milliseconds - step.at.milliseconds > 40 * 3_600_000
                && entry.start.milliseconds - step.at.milliseconds < 12 * 86_400_000
        case .kept: return entry.start.day == step.at.day
        case .changed, .checkedOut, .noShow, .checkInUndone, .blocked, .opened, .waitListed, .removed: return false
        }
    }
}
