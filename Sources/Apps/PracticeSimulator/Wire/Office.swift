package import Foundation

/// The PM as a running thing: its feed, and the files it leaves: the exported list, the ledger, the position.
package actor Office {
    private var feed: Feed
    private var position: Position
    private let folder: String?
    private let list: String?
    private var unsaved = 0
    private var listIsOld = true
    private var ledgerWritten = -1
    private var answers: [String: Int] = [:]

    /// With a folder it goes on where the folder's last office stopped.
    /// - Parameters:
    ///   - folder: keeps position and ledger; nil keeps nothing.
    ///   - list: the path of the exported list; nil exports none.
    package init(
        _ premises: Premises, dateIsGiven: Bool = true, faults: [FaultDose] = [], planting: Planting = .none,
        folder: String? = nil, list: String? = nil, now: Date
    ) throws(SimulatorError) {
        self.folder = folder
        self.list = list
        guard let folder else {
            feed = Feed(premises, faults: faults, planting: planting)
            position = Position(premises)
            return
        }
        try WholeFile.makeFolder(folder)
        let file = folder + "/position.json"
        if var kept = try WholeFile.read(Position.self, from: file) {
            feed = try kept.resume(
                premises, dateIsGiven: dateIsGiven, faults: faults, planting: planting, now: now, folder: folder)
            position = kept
        } else {
            feed = Feed(premises, faults: faults, planting: planting)
            position = Position(premises)
        }
        // Before the first message leaves, or a kill now would make other bytes of it.
        try WholeFile.write(position, to: file)
    }

    package var premises: Premises { feed.premises }
    package var ledger: [LedgerLine] { feed.ledger }
    package var csv: String { feed.list }
    /// How many deliveries were acknowledged, by code.
    package var acknowledged: [String: Int] { answers }

    /// What the app is to forget and to move, by the PM's numbers.
    package var planted: (forgotten: Set<String>, moved: Set<String>) {
        let scout = feed.afterHistory()
        return (scout.forgottenByApp, scout.movedByApp)
    }

    /// The next delivery; the book has changed with it.
    package func next() -> Delivery? {
        listIsOld = true
        return feed.next()
    }

    /// The receiver has answered: this delivery is not sent again.
    package func settle(_ delivery: Delivery, code: String) throws(SimulatorError) {
        answers[code, default: 0] += 1
        position.next = delivery.number + 1
        unsaved += 1
        if !delivery.quick || unsaved >= Position.inDoubt { try save() }
    }

    /// Position and files as they now are.
    package func save() throws(SimulatorError) {
        unsaved = 0
        guard let folder else { return }
        try WholeFile.write(position, to: folder + "/position.json")
    }

    /// Writes the list, if it changed, then the instant it stands for: a reader between the two believes too little.
    package func export(now: Date) throws(SimulatorError) {
        if let folder, feed.ledger.count != ledgerWritten {
            ledgerWritten = feed.ledger.count
            try WholeFile.write(feed.ledger, to: folder + "/ledger.json")
        }
        guard let list else { return }
        if listIsOld {
            listIsOld = false
            try WholeFile.write([UInt8](feed.list.utf8), to: list)
        }
        try WholeFile.write([UInt8]((now.formatted(.iso8601) + "\n").utf8), to: list + ".asof")
    }
}
