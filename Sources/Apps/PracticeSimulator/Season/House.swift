package import Foundation

/// One practice of a season: its script, its book as it stands, and who spoils what.
package struct House: Sendable {
    package let premises: Premises
    /// The PM's book, as of the last instant asked for.
    package private(set) var book = Book()
    package private(set) var plants: [Plant] = []
    /// For the booking app, since they were last taken.
    private var orders: [AppOrder] = []
    package private(set) var oddities: [Oddity: Int] = [:]
    package private(set) var appointments = 0
    package private(set) var doubled = 0
    package private(set) var reordered = 0

    private var script: Script
    private var dice: PlantDice
    private var wire: Dice
    private var pending: Step?
    /// What the last message that arrived said of each appointment.
    private var heard: [String: BookEntry] = [:]
    /// Words that the book shows in place of its own.
    private var words: [String: String] = [:]
    /// When each open plant is to be mended, and which.
    private var mends: [(at: LocalTime, plant: Int)] = []
    private var seen: [Oddity: Set<String>] = [:]
    private var entered = 0
    private var today: LocalDay
    /// Faults need time to be seen, so that none is planted in the last days.
    private let last: LocalDay?

    package init(_ premises: Premises, rates: PlantRates, last: LocalDay? = nil) {
        self.premises = premises
        self.last = last
        today = premises.date
        script = Script(premises)
        dice = PlantDice(rates, seed: premises.seed, practice: premises.practice)
        wire = Dice(seed: premises.seed, purpose: "wire \(premises.practice)")
    }

    package mutating func takeOrders() -> [AppOrder] {
        defer { orders = [] }
        return orders
    }

    /// The list as the PM exports it.
    package var list: String { book.csv(words: words, from: today.adding(days: -16)) }

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
        if step.silent { return }
        let struck = dice.throwAll()
        for kind in struck where mayPlant(on: step) && plant(kind, on: step, &messages) { return }
        send(step, &messages)
    }

    private mutating func send(_ step: Step, bytes: [UInt8]? = nil, _ messages: inout [SeasonMessage]) {
        heard[step.entry.id] = step.entry
        messages.append(message(step, bytes ?? step.bytes))
    }

    private func message(_ step: Step, _ bytes: [UInt8]) -> SeasonMessage {
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

    // MARK: Planting

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

    /// False where this kind cannot strike this change.
    private mutating func plant(_ kind: PlantKind, on step: Step, _ messages: inout [SeasonMessage]) -> Bool {
        let entry = step.entry
        let isAlone = script.isAlone(entry)
        let signs = Self.differences(between: heard[entry.id], and: entry)
        let isForward = step.act != .kept
        switch kind {
        case .neverSent, .dropped:
            guard !signs.isEmpty else { return false }
            note(kind, step, signs.map { PlantSign($0, "never-sent") })
        case .unmapped:
            guard isAlone, step.act == .booked else { return false }
            words[entry.id] = "WEB BOOKED"
            note(kind, step, signs.map { PlantSign($0, "received-and-unmapped") })
            messages.append(message(step, script.rewritten(step, word: "WEB BOOKED", place: nil).bytes))
        case .garbled:
            guard step.act == .booked || step.act == .moved else { return false }
            note(kind, step, signs.map { PlantSign($0, "parked") })
            messages.append(message(step, Self.garbled(step, endsEarly: dice.chance(0.5))))
        case .deletedInPM:
            guard isForward, entry.status.isOpen else { return false }
            send(step, &messages)
            note(kind, step, [PlantSign("missing-in-pm", "never-sent")])
            var gone = entry
            gone.status = .deleted
            book.put(gone)
            script.strike(entry.id)
        case .doubledInPM:
            guard isForward, entry.status.isOpen else { return false }
            send(step, &messages)
            entered += 1
            book.put(entry.again(as: "D\(premises.base)\(padded(entered, 5))"))
            note(kind, step, [PlantSign("duplicate-in-pm", "")])
        case .forgotten:
            return order(.forget, kind, step, [PlantSign("missing-in-app", "overwritten-there")], isForward, &messages)
        case .movedInApp:
            return order(.move, kind, step, [PlantSign("time-differs", "overwritten-there")], isForward, &messages)
        case .cancelledInApp:
            return order(.cancel, kind, step, [PlantSign("status-differs", "overwritten-there")], isForward, &messages)
        case .reassignedInApp:
            return order(
                .reassign, kind, step, [PlantSign("resource-differs", "overwritten-there")], isForward, &messages)
        case .doubledInApp:
            return order(.double, kind, step, [PlantSign("duplicate-in-app", "")], isForward, &messages)
        case .inventedByApp:
            guard isForward, entry.status.isOpen else { return false }
            send(step, &messages)
            invent(step)
            return true
        case .refused, .unanswered:
            let told = signs.map { $0 == "missing-here" ? "missing-in-app" : $0 }
            guard isAlone, !told.isEmpty, ![.deleted, .kept].contains(step.act) else { return false }
            let cause = kind == .refused ? "refused" : "sent-and-unanswered"
            send(step, &messages)
            orders.append(.plant(kind == .refused ? .refuse : .stumble, on: entry.id))
            note(kind, step, told.map { PlantSign($0, cause) })
        }
        return true
    }

    private mutating func order(
        _ mischief: Mischief, _ kind: PlantKind, _ step: Step, _ signs: [PlantSign], _ isForward: Bool,
        _ messages: inout [SeasonMessage]
    ) -> Bool {
        guard isForward, step.entry.status.isOpen else { return false }
        send(step, &messages)
        orders.append(.plant(mischief, on: step.entry.id))
        note(kind, step, signs)
        return true
    }

    private mutating func invent(_ step: Step) {
        entered += 1
        let id = "APP-\(premises.practice)-\(entered)"
        let start = LocalTime(step.entry.start.day, minute: 7 * 60).instant(in: premises.zone)
        orders.append(
            .invent(
                AppAppointment(
                    id: id, version: 1, status: "booked", start: start, end: start.addingTimeInterval(1200),
                    patient: "Patient/own-\(entered)", provider: nil, location: nil, identifiers: [])))
        note(.inventedByApp, step, [PlantSign("extra-in-app", "")], as: id)
    }

    private mutating func note(_ kind: PlantKind, _ step: Step, _ signs: [PlantSign], as id: String? = nil) {
        let (entry, zone) = (step.entry, premises.zone)
        let end: LocalTime
        switch (step.act, kind) {
        // Until the day has passed on which it is looked back upon.
        case (.kept, _): end = LocalTime(entry.start.day.adding(days: 2), minute: 0)
        // Its words are in the way until somebody maps them; then the day takes care of it.
        case (_, .unmapped): end = LocalTime(entry.start.day.adding(days: 1), minute: 0)
        default:
            let hours = dice.within(20...70)
            end = min(step.at.adding(minutes: hours * 60), LocalTime(entry.start.day, minute: 0))
            mends.append((end, plants.count))
        }
        if id == nil { script.leaveAlone(entry.id) }
        plants.append(
            Plant(
                kind: kind, practice: premises.practice, appointment: id ?? entry.id, day: entry.start.day,
                signs: signs,
                from: step.at.instant(in: zone), until: end.instant(in: zone), message: step.controlID))
    }

    // MARK: Mending

    private mutating func mended(_ index: Int, at time: LocalTime, _ messages: inout [SeasonMessage]) {
        let plant = plants[index]
        switch plant.kind {
        case .neverSent, .dropped, .garbled, .unmapped, .deletedInPM:
            guard let entry = book.entries[plant.appointment] else { return }
            send(script.saved(entry, at: time), &messages)
        case .doubledInPM:
            let twins = book.entries.values.filter { $0.isTwin(of: plant.appointment) }
            for twin in twins { book.remove(twin.id) }
        case .inventedByApp: orders.append(.remove(id: plant.appointment))
        case .forgotten, .movedInApp, .cancelledInApp, .reassignedInApp, .doubledInApp, .refused, .unanswered:
            orders.append(.restore(plant.appointment))
        }
        script.release(plant.appointment)
    }

    // MARK: What a person would see who held two lists side by side

    /// Codes of what differs between what was heard of an appointment (nil: nothing) and what the book holds.
    private static func differences(between heard: BookEntry?, and entry: BookEntry) -> [String] {
        guard let heard else { return entry.status.isOn ? ["missing-here"] : [] }
        if entry.status == .deleted { return heard.status.isOn ? ["missing-in-pm"] : [] }
        guard heard.status.sort == entry.status.sort else { return ["status-differs"] }
        guard entry.status.isOn else { return [] }
        var codes: [String] = []
        if heard.start != entry.start || heard.minutes != entry.minutes { codes.append("time-differs") }
        if heard.provider != entry.provider { codes.append("resource-differs") }
        if heard.location != entry.location { codes.append("location-differs") }
        return codes
    }

    /// The message with an end before its start, or a start that no calendar has.
    private static func garbled(_ step: Step, endsEarly: Bool) -> [UInt8] {
        let text = String(decoding: step.bytes, as: UTF8.self)
        let (start, end) = (step.entry.start.twelveDigits, step.entry.end.twelveDigits)
        let times = "^^^\(start)^\(end)"
        let wrong =
            endsEarly
            ? "^^^\(start)^\(step.entry.start.adding(minutes: -30).twelveDigits)"
            : "^^^\(start.prefix(6))99\(start.suffix(4))^\(end)"
        return Array(text.replacing(times, with: wrong).utf8)
    }
}

extension PMStatus {
    /// Whether the patient is still expected, or came.
    fileprivate var isOn: Bool { isOpen || self == .kept || self == .checkedOut }

    /// What a person at the desk would call the same.
    fileprivate var sort: Int {
        switch self {
        case .pending, .confirmed, .overbooked: 0
        case .kept, .checkedOut: 1
        case .cancelled, .deleted: 2
        case .noShow: 3
        case .waiting: 4
        }
    }
}

extension BookEntry {
    fileprivate func again(as id: String) -> BookEntry {
        BookEntry(
            id: id, status: status, start: start, minutes: minutes, person: person, hasChart: hasChart,
            provider: provider, location: location, event: event, bundle: nil, replaces: nil, visit: nil, twin: self.id)
    }

    fileprivate func isTwin(of id: String) -> Bool { twin == id }
}
