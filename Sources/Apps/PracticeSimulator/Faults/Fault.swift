/// What can be made to go wrong, by the name it has on the command line.
package enum Fault: String, Sendable, Codable, CaseIterable {
    /// The sender believes it sent; nothing reached the wire.
    case lost
    /// The PM changed its book and made no message.
    case neverSent = "never-sent"
    case doubled
    /// Told after its successor.
    case reordered
    /// Held back for some messages.
    case late
    /// Nothing is sent for a while, then everything.
    case silent
    /// A status or a place that no table knows, in the message and in the PM's list.
    case wrongCode = "wrong-code"
    /// The connection is cut in the middle of the frame; then the message is sent again.
    case cut
    /// The app takes its time to answer.
    case slow
    /// The app's list changes by itself.
    case appEdits = "app-edits"
    /// The app says yes and forgets.
    case appDrops = "app-drops"
    /// The app says no, each time.
    case appRefuses = "app-refuses"

    /// Whether it happens between the book and the wire; else in the booking app.
    package var isOfTheFeed: Bool {
        switch self {
        case .lost, .neverSent, .doubled, .reordered, .late, .silent, .wrongCode, .cut: true
        case .slow, .appEdits, .appDrops, .appRefuses: false
        }
    }
}

/// How often a fault happens.
package struct FaultDose: Sendable, Equatable {
    package enum Amount: Sendable, Equatable {
        /// Of the chances there are.
        case share(Double)
        /// So many in all, each at one in ten of the chances until they are spent.
        case count(Int)
    }

    package let fault: Fault
    package let amount: Amount

    package init(_ fault: Fault, _ amount: Amount) {
        self.fault = fault
        self.amount = amount
    }

    /// Reads NAME, NAME=0.05 or NAME=3; a name alone is 0.02.
    package init(parsing text: String) throws(SimulatorError) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard let fault = Fault(rawValue: String(parts[0])) else { throw .badFault(text) }
        guard parts.count == 2 else {
            self.init(fault, .share(0.02))
            return
        }
        if let count = Int(parts[1]), count > 0 {
            self.init(fault, .count(count))
        } else if let share = Double(parts[1]), share > 0, share <= 1 {
            self.init(fault, .share(share))
        } else {
            throw .badFault(text)
        }
    }
}

/// One fault's own chance: what it decides depends on nothing but the seed and how often it was asked.
struct FaultDie: Sendable {
    private let amount: FaultDose.Amount
    private var dice: Dice
    private var left: Int

    init(_ dose: FaultDose, seed: UInt64) {
        amount = dose.amount
        dice = Dice(seed: seed, purpose: "fault \(dose.fault.rawValue)")
        left = if case .count(let count) = dose.amount { count } else { .max }
    }

    mutating func strikes() -> Bool {
        let share = if case .share(let share) = amount { share } else { 0.1 }
        guard dice.chance(share), left > 0 else { return false }
        left -= 1
        return true
    }

    mutating func below(_ limit: Int) -> Int { dice.below(limit) }
}

/// Known differences, few and chosen, on appointments that the script leaves alone.
package struct Planting: Sendable, Equatable {
    /// Quiet appointments (see `Step.quiet`) of which nothing is ever sent.
    var neverSent: Set<Int> = []
    /// Quiet appointments whose booking bears a status that no table knows.
    var wrongCode: Set<Int> = []
    /// Quiet appointments that the app forgets.
    var forgotten: Set<Int> = []
    /// Quiet appointments that the app moves by itself.
    var movedByApp: Set<Int> = []

    package static let none = Planting()
    /// One of each.
    package static let demo = Planting(neverSent: [0], wrongCode: [1], forgotten: [2], movedByApp: [3])

    package init(parsing text: String?) throws(SimulatorError) {
        switch text {
        case nil: self = .none
        case "demo": self = .demo
        case let other?: throw .badPlant(other)
        }
    }

    init(
        neverSent: Set<Int> = [], wrongCode: Set<Int> = [], forgotten: Set<Int> = [], movedByApp: Set<Int> = []
    ) {
        self.neverSent = neverSent
        self.wrongCode = wrongCode
        self.forgotten = forgotten
        self.movedByApp = movedByApp
    }
}
