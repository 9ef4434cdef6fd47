import Foundation

// What is done wrong, and how it is set right again: each with a line in the ledger, written by whoever does it.
extension House {
    /// False where this kind cannot strike this change.
    mutating func plant(_ kind: PlantKind, on step: Step, _ messages: inout [SeasonMessage]) -> Bool {
        let entry = step.entry
        let isAlone = script.isAlone(entry)
        let signs = Self.differences(between: heard[entry.id], and: entry)
        let isForward = step.act != .kept && entry.status.isOpen
        switch kind {
        case .neverSent, .dropped:
            guard !signs.isEmpty else { return false }
            note(kind, step, signs.map { PlantSign($0, "never-sent") })
        case .unmapped:
            guard isAlone, step.act == .booked else { return false }
            let word = "ONLINE \(newWord)"
            words[entry.id] = word
            waiting.append(plants.count)
            note(kind, step, signs.map { PlantSign($0, "received-and-unmapped") })
            messages.append(message(step, script.rewritten(step, word: word, place: nil).bytes))
        case .garbled, .letGo:
            guard step.act == .booked || step.act == .moved else { return false }
            note(kind, step, signs.map { PlantSign($0, kind == .letGo ? "let-go" : "parked") })
            messages.append(message(step, Self.garbled(step, endsEarly: dice.chance(0.5))))
            if kind == .letGo { staffOrders.append(.letGo(controlID: step.controlID)) }
        case .deletedInPM, .doubledInPM, .otherPersonInPM, .otherPlaceInPM, .doubleBooked:
            return isForward && changeInPM(kind, step, &messages)
        case .forgotten:
            return isForward && order(.forget, kind, step, PlantSign("missing-in-app", "overwritten-there"), &messages)
        case .movedInApp:
            return isForward && order(.move, kind, step, PlantSign("time-differs", "overwritten-there"), &messages)
        case .cancelledInApp:
            return isForward && order(.cancel, kind, step, PlantSign("status-differs", "overwritten-there"), &messages)
        case .reassignedInApp:
            return isForward
                && order(.reassign, kind, step, PlantSign("resource-differs", "overwritten-there"), &messages)
        case .otherPersonInApp:
            return isForward && order(.rename, kind, step, PlantSign("person-differs", "overwritten-there"), &messages)
        case .otherPlaceInApp:
            return isForward
                && order(.relocate, kind, step, PlantSign("location-differs", "overwritten-there"), &messages)
        case .doubledInApp:
            return isForward && order(.double, kind, step, PlantSign("duplicate-in-app", ""), &messages)
        case .inventedByApp:
            guard isForward else { return false }
            send(step, &messages)
            invent(step)
        case .refused, .unanswered, .ignoredByApp:
            return ailInApp(kind, step, signs, isAlone, &messages)
        }
        return true
    }

    /// The PM's book changes after its message, and says nothing of it; or two are told of who cannot both be seen.
    private mutating func changeInPM(_ kind: PlantKind, _ step: Step, _ messages: inout [SeasonMessage]) -> Bool {
        let entry = step.entry
        var changed = entry
        switch kind {
        case .deletedInPM:
            changed.status = .deleted
            send(step, &messages)
            note(kind, step, [PlantSign("missing-in-pm", "never-sent")])
            script.strike(entry.id)
        case .doubledInPM:
            send(step, &messages)
            note(kind, step, [PlantSign("duplicate-in-pm", "")])
            changed = entry.again(as: nextID("D"))
        case .otherPersonInPM:
            let strangers = book.entries.values.filter { other in
                other.hasChart && other.person?.ids == .filler && other.person?.number != entry.person?.number
            }
            guard !strangers.isEmpty else { return false }
            let stranger = strangers.sorted { $0.id < $1.id }[dice.within(0...strangers.count - 1)]
            (changed.person, changed.hasChart) = (stranger.person, true)
            send(step, &messages)
            note(kind, step, [PlantSign("person-differs", "never-sent")])
        case .otherPlaceInPM:
            changed.location = entry.location == "MAIN" ? "EAST" : "MAIN"
            send(step, &messages)
            note(kind, step, [PlantSign("location-differs", "never-sent")])
        case .doubleBooked:
            guard step.act == .booked, entry.status == .pending, script.isAlone(entry),
                let second = script.bookingOver(
                    entry, id: nextID("X"), number: entered, at: step.at.adding(milliseconds: 30_000))
            else { return false }
            send(step, &messages)
            send(second, &messages)
            partners[plants.count] = entry.id
            script.leaveAlone(entry.id)
            note(kind, second, [PlantSign("double-booked", "both-told")])
            changed = second.entry
        default: return false
        }
        book.put(changed)
        return true
    }

    private mutating func order(
        _ mischief: Mischief, _ kind: PlantKind, _ step: Step, _ sign: PlantSign, _ messages: inout [SeasonMessage]
    ) -> Bool {
        send(step, &messages)
        appOrders.append(.plant(mischief, on: step.entry.id))
        note(kind, step, [sign])
        return true
    }

    /// The app does not take a change: it says no, or nothing, or says yes and does nothing.
    private mutating func ailInApp(
        _ kind: PlantKind, _ step: Step, _ signs: [String], _ isAlone: Bool, _ messages: inout [SeasonMessage]
    ) -> Bool {
        let told = signs.map { $0 == "missing-here" ? "missing-in-app" : $0 }
        guard isAlone, !told.isEmpty, ![.deleted, .kept].contains(step.act) else { return false }
        let (mischief, cause): (Mischief, String) =
            switch kind {
            case .refused: (.refuse, "refused")
            case .unanswered: (.stumble, "sent-and-unanswered")
            default: (.ignore, "taken-and-not-done")
            }
        // What the app hears of for the first time together with its change, it knows as changed.
        if kind == .ignoredByApp, heardOn[step.entry.id].map({ $0 >= step.at.day }) ?? true { return false }
        send(step, &messages)
        appOrders.append(.plant(mischief, on: step.entry.id))
        note(kind, step, told.map { PlantSign($0, cause) })
        return true
    }

    private mutating func invent(_ step: Step) {
        entered += 1
        let id = "APP-\(premises.practice)-\(entered)"
        let start = LocalTime(step.entry.start.day, minute: 7 * 60).instant(in: premises.zone)
        appOrders.append(
            .invent(
                AppAppointment(
                    id: id, version: 1, status: "booked", start: start, end: start.addingTimeInterval(1200),
                    patient: "Patient/own-\(entered)", provider: nil, location: nil, identifiers: [])))
        note(.inventedByApp, step, [PlantSign("extra-in-app", "")], as: id)
    }

    private mutating func nextID(_ letter: String) -> String {
        entered += 1
        return "\(letter)\(premises.base)\(padded(entered, 5))"
    }

    private mutating func note(_ kind: PlantKind, _ step: Step, _ signs: [PlantSign], as id: String? = nil) {
        let (entry, zone) = (step.entry, premises.zone)
        let end: LocalTime
        if step.act == .kept {
            // Until the day has passed on which it is looked back upon.
            end = LocalTime(entry.start.day.adding(days: 2), minute: 0)
        } else {
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

    mutating func mended(_ index: Int, at time: LocalTime, _ messages: inout [SeasonMessage]) {
        let plant = plants[index]
        switch plant.kind {
        case .unmapped: return mapWord(at: time)
        case .neverSent, .dropped, .garbled, .letGo, .deletedInPM, .otherPersonInPM, .otherPlaceInPM:
            guard let entry = book.entries[plant.appointment] else { return }
            send(script.saved(entry, at: time), &messages)
        case .doubledInPM:
            let twins = book.entries.values.filter { $0.twin == plant.appointment }
            for twin in twins { book.remove(twin.id) }
        case .doubleBooked:
            guard var second = book.entries[plant.appointment] else { return }
            second.status = .cancelled
            book.put(second)
            send(script.saved(second, at: time), &messages)
            if let first = partners[index] { script.release(first) }
        case .inventedByApp: appOrders.append(.remove(id: plant.appointment))
        case .forgotten, .movedInApp, .cancelledInApp, .reassignedInApp, .doubledInApp, .refused, .unanswered,
            .otherPersonInApp, .otherPlaceInApp, .ignoredByApp:
            appOrders.append(.restore(plant.appointment))
        }
        script.release(plant.appointment)
    }

    /// Somebody maps the word: it is over for every message that waits for it, and the next unknown word is another.
    private mutating func mapWord(at time: LocalTime) {
        staffOrders.append(.map(word: "ONLINE \(newWord)"))
        newWord += 1
        for index in waiting {
            plants[index].until = min(plants[index].until, time.instant(in: premises.zone))
            mends.removeAll { $0.plant == index }
            script.release(plants[index].appointment)
        }
        waiting = []
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
}
