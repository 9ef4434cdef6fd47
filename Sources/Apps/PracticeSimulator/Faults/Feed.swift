/// One thing for the sender to do.
package struct Delivery: Sendable, Equatable {
    /// From 0, without gaps: the sender's position.
    package let number: Int
    package let controlID: String
    package let bytes: [UInt8]
    /// As fast as the receiver takes it.
    package let quick: Bool
    /// Cut the connection in mid-frame first.
    package let cut: Bool
    /// Say nothing for so many messages' time first.
    package let silence: Int
}

/// The PM's side as a whole: its book, and what leaves it for the wire. Pure: the same premises, faults and planting
/// give the same deliveries, so that a sender that was killed makes it again and skips to its position.
package struct Feed: Sendable {
    private var script: Script
    private let planting: Planting
    private var dice: [Fault: FaultDie] = [:]
    private var ready: [Delivery] = []
    private var held: [(dueAfter: Int, step: Step)] = []
    private var waiting: Step?
    private var taken = 0
    private var delivered = 0
    /// Codes that a fault put in the place of the book's own, by appointment; gone with its next change.
    private var words: [String: String] = [:]
    private var places: [String: String] = [:]
    /// The ledger's lines of messages that never left, until a later one of the same appointment does.
    private var unhealed: [String: [Int]] = [:]
    package private(set) var ledger: [LedgerLine] = []
    /// The PM's numbers of the appointments that the app is to forget, and to move.
    package private(set) var forgottenByApp: Set<String> = []
    package private(set) var movedByApp: Set<String> = []

    package init(_ premises: Premises, faults: [FaultDose] = [], planting: Planting = .none) {
        script = Script(premises)
        self.planting = planting
        for dose in faults where dose.fault.isOfTheFeed {
            dice[dose.fault] = FaultDie(dose, seed: premises.seed)
        }
    }

    package var premises: Premises { script.premises }
    package var list: String { script.book.csv(words: words, places: places) }
    package var book: Book { script.book }

    /// The next delivery; the book has changed by then, as many times as it takes until something is sent.
    package mutating func next() -> Delivery? {
        while ready.isEmpty {
            guard let step = script.next() else { return nil }
            take(step)
        }
        return ready.removeFirst()
    }

    /// Goes past so many deliveries.
    package mutating func skip(_ count: Int) {
        for _ in 0..<count { _ = next() }
    }

    /// The same feed at the end of the history, by when it is known which appointments the app is to forget and move.
    func afterHistory() -> Feed {
        var scout = self
        while let delivery = scout.next(), delivery.quick {}
        return scout
    }

    /// How many steps of the live part the book has taken.
    var live: Int { script.liveNumber }

    private mutating func take(_ step: Step) {
        taken += 1
        words[step.entry.id] = nil
        places[step.entry.id] = nil
        for oddity in step.oddities {
            ledger.append(LedgerLine(kind: "oddity", name: oddity.rawValue, of: step, found: false))
        }
        if step.silent { return release() }
        if let quiet = step.quiet, plant(quiet, step) { return release() }

        // Each die is thrown for each step, so that one fault does not disturb another.
        let struck = Fault.allCases.filter { dice[$0]?.strikes() == true }
        if let fault = struck.first(where: { $0 == .neverSent || $0 == .lost }) {
            note(fault, step, found: step.act.showsInLists)
        } else if struck.contains(.wrongCode) {
            hand(over: miscoded(step), struck: struck)
        } else {
            for index in unhealed.removeValue(forKey: step.entry.id) ?? [] { ledger[index].healed = step.controlID }
            hand(over: step, struck: struck)
        }
        release()
    }

    /// True when the planting takes the step out of the feed or has sent it in its own way.
    private mutating func plant(_ quiet: Int, _ step: Step) -> Bool {
        if planting.forgotten.contains(quiet), forgottenByApp.insert(step.entry.id).inserted {
            ledger.append(LedgerLine(kind: "plant", name: Fault.appDrops.rawValue, of: step, found: true))
        }
        if planting.movedByApp.contains(quiet), movedByApp.insert(step.entry.id).inserted {
            ledger.append(LedgerLine(kind: "plant", name: Fault.appEdits.rawValue, of: step, found: true))
        }
        if planting.neverSent.contains(quiet) {
            if step.act == .booked {
                ledger.append(LedgerLine(kind: "plant", name: Fault.neverSent.rawValue, of: step, found: true))
            }
            return true
        }
        if planting.wrongCode.contains(quiet), step.act == .booked {
            ledger.append(LedgerLine(kind: "plant", name: Fault.wrongCode.rawValue, of: step, found: true))
            deliver(rewritten(step, word: "WEB BOOKED", place: nil))
            return true
        }
        return false
    }

    private mutating func hand(over step: Step, struck: [Fault]) {
        if struck.contains(.late) {
            note(.late, step)
            held.append((taken + 5 + (dice[.late]?.below(16) ?? 0), step))
            return
        }
        if struck.contains(.reordered), waiting == nil {
            note(.reordered, step)
            waiting = step
            return
        }
        for fault in [Fault.doubled, .cut, .silent] where struck.contains(fault) { note(fault, step) }
        deliver(step, cut: struck.contains(.cut), silence: struck.contains(.silent) ? 30 : 0)
        if struck.contains(.doubled) { deliver(step) }
        if let before = waiting {
            waiting = nil
            deliver(before)
        }
    }

    /// Lets go what was held back long enough.
    private mutating func release() {
        for (due, step) in held where due <= taken { deliver(step) }
        held.removeAll { $0.dueAfter <= taken }
    }

    private mutating func deliver(_ step: Step, cut: Bool = false, silence: Int = 0) {
        ready.append(
            Delivery(
                number: delivered, controlID: step.controlID, bytes: step.bytes, quick: step.quick, cut: cut,
                silence: silence))
        delivered += 1
    }

    private mutating func note(_ fault: Fault, _ step: Step, found: Bool = false) {
        if found { unhealed[step.entry.id, default: []].append(ledger.count) }
        ledger.append(LedgerLine(kind: "fault", name: fault.rawValue, of: step, found: found))
    }

    private mutating func miscoded(_ step: Step) -> Step {
        if step.entry.isBlock || dice[.wrongCode]?.below(2) == 0 {
            note(.wrongCode, step)
            return rewritten(step, word: nil, place: "ANNEX-9")
        }
        ledger.append(
            LedgerLine(
                kind: "fault", name: Fault.wrongCode.rawValue, of: step, found: [.booked, .moved].contains(step.act)))
        return rewritten(step, word: "ROOMED", place: nil)
    }

    private mutating func rewritten(_ step: Step, word: String?, place: String?) -> Step {
        words[step.entry.id] = word
        places[step.entry.id] = place
        return script.rewritten(step, word: word, place: place)
    }
}
