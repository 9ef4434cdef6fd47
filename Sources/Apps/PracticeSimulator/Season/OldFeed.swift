/// The interface that a practice replaces: it hears what the PM sends and tells the booking app by messages of its own. It
/// has faults of its own, and writes them down.
package struct OldFeed: Sendable {
    /// MSH-3 of what it tells.
    package static let sender = "Old Link"

    /// What it told in all, how much it lost, and how often it was an hour out.
    package private(set) var told = 0
    package private(set) var lost = 0
    package private(set) var hourOff = 0

    private let premises: Premises
    private var dice: Dice

    init(_ premises: Premises) {
        self.premises = premises
        dice = Dice(seed: premises.seed, purpose: "old feed \(premises.practice)")
    }

    /// Nil for what it does not tell: a block, and what it loses.
    mutating func telling(of step: Step, provider: Provider?) -> [UInt8]? {
        var entry = step.entry
        if entry.isBlock { return nil }
        let (isLost, isOff) = (dice.chance(0.05), dice.chance(0.05))
        let isOfNote = [.booked, .moved, .cancelled, .kept].contains(step.act)
        if isLost, isOfNote {
            lost += 1
            return nil
        }
        told += 1
        if isOff, step.act == .booked || step.act == .moved {
            hourOff += 1
            entry.start = entry.start.adding(minutes: -60)
        }
        return SIU(
            facility: premises.facility, practice: premises.practice, at: step.at, controlID: "OLD\(told)",
            event: step.event, sender: Self.sender
        ).bytes(of: entry, act: step.act, provider: provider, crlf: false)
    }
}
