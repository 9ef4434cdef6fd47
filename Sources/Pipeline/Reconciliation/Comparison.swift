package import Foundation
package import Practice

/// One comparison: what it is of, by which rules, as of when. `run` merges the sides and tells what it finds.
package struct Comparison: Sendable {
    package let scope: Scope
    /// Appointments that start in it are compared. Sides may be read somewhat wider, so that what moved over its edge
    /// still finds its match.
    package let window: Range<Date>
    package let rules: Rules
    package let watermarks: Watermarks
    package let time: PracticeTime
    package let now: Date

    package init(
        _ scope: Scope, window: Range<Date>, rules: Rules = Rules(), watermarks: Watermarks, time: PracticeTime,
        now: Date
    ) {
        self.scope = scope
        self.window = window
        self.rules = rules
        self.watermarks = watermarks
        self.time = time
        self.now = now
    }

    /// Every group is counted once: `groups == matched + explained + open + withheld`. What no side has inside the window
    /// is no group of it and counts only as explained so.
    package struct Counts: Codable, Hashable, Sendable {
        /// Entries that were compared, by side.
        package var inPM = 0
        package var here = 0
        package var inApp = 0
        package var groups = 0
        package var matched = 0
        package var explained = 0
        package var open = 0
        package var withheld = 0
        /// How often each explanation was given, and each code found (withheld ones too).
        package var explanations: [String: Int] = [:]
        package var codes: [String: Int] = [:]

        package init() {}
    }

    /// - Parameters:
    ///   - pm, app: nil where there is no such list; it is then not compared at all, rather than found empty.
    ///   - outside: our record of that id, wherever it starts; asked for what another side knows by our id and the
    ///     stream `here` does not have.
    ///   - evidence: asked once a difference.
    ///   - found: told of each finding, in the order of keys.
    /// - Throws: `.outOfOrder`, or whatever a closure throws.
    package func run(
        pm: EntryStream?, here: EntryStream, app: EntryStream?,
        outside: (UUID) async throws -> Entry? = { _ in nil },
        evidence: (Difference) async throws -> Evidence, found: (Finding) async throws -> Void
    ) async throws -> Counts {
        var counts = Counts()
        var heads = [Head(.here, here)]
        if let pm { heads.append(Head(.pm, pm)) }
        if let app { heads.append(Head(.app, app)) }
        let sides = Set(heads.map(\.side))
        for index in heads.indices { try await heads[index].advance() }
        while let key = heads.compactMap({ $0.entry?.key }).min() {
            var group = Group(key: key)
            for index in heads.indices {
                while let entry = heads[index].entry, entry.key == key {
                    try group.add(entry, from: heads[index].side)
                    try await heads[index].advance()
                }
            }
            if group.here == nil, case .record(let id) = key { group.here = try await outside(id) }
            try await settle(group, sides, &counts, evidence, found)
        }
        return counts
    }

    private func settle(
        _ group: Group, _ sides: Set<SideName>, _ counts: inout Counts,
        _ evidence: (Difference) async throws -> Evidence, _ found: (Finding) async throws -> Void
    ) async throws {
        let (differences, obvious) = group.differences(sides, window: window, rules)
        var explained = obvious
        var isOpen = false
        var isWithheld = false
        for difference in differences {
            let known = try await evidence(difference)
            switch difference.verdict(known, watermarks, rules, now: now) {
            case .explained(let why): explained.insert(why)
            case .accused(let cause):
                let hangsOnFeed = difference.against == .pm || difference.code == .extraInApp
                let isYoung = difference.mayBeOnItsWay(cause, known, watermarks, rules, now: now)
                let finding = Finding(
                    difference, cause, known,
                    isWithheld: isYoung || (hangsOnFeed && watermarks.feedIsBehind(rules)), self)
                if isYoung {
                    explained.insert(.inFlight)
                    try await found(finding)
                    continue
                }
                isOpen = isOpen || !finding.isWithheld
                isWithheld = isWithheld || finding.isWithheld
                counts.codes[finding.code.rawValue, default: 0] += 1
                try await found(finding)
            }
        }
        for why in explained { counts.explanations[why.rawValue, default: 0] += 1 }
        if explained.contains(.outsideWindow) { return }
        counts.add(group)
        if isOpen {
            counts.open += 1
        } else if isWithheld {
            counts.withheld += 1
        } else if !explained.isEmpty {
            counts.explained += 1
        } else {
            counts.matched += 1
        }
    }
}

extension Comparison.Counts {
    fileprivate mutating func add(_ group: Group) {
        groups += 1
        inPM += group.pm.count
        here += group.here == nil ? 0 : 1
        inApp += group.app.count
    }
}

extension Group {
    fileprivate mutating func add(_ entry: Entry, from side: SideName) throws(ReconciliationError) {
        switch side {
        case .pm: pm.append(entry)
        case .app: app.append(entry)
        case .here:
            if here != nil { throw .repeatedHere }
            here = entry
        }
    }
}

/// One side's next entry, with the check that keys never fall.
private struct Head {
    let side: SideName
    let stream: EntryStream
    private(set) var entry: Entry?

    init(_ side: SideName, _ stream: EntryStream) {
        self.side = side
        self.stream = stream
    }

    mutating func advance() async throws {
        let next = try await stream.next()
        if let last = entry?.key, let key = next?.key, key < last { throw ReconciliationError.outOfOrder(side) }
        entry = next
    }
}

/// A comparison that has ended, as it is stored and shown.
package struct ReconciliationRun: Codable, Hashable, Sendable {
    package let id: UUID
    package let practice: String
    package let workflow: String
    package let fromDay: Day
    package let toDay: Day
    package let rules: String
    package let startedAt: Date
    package let endedAt: Date
    package let watermarks: Watermarks
    package let counts: Comparison.Counts

    /// `endedAt` is the caller's clock. The days are the window's first and last.
    package init(id: UUID = UUID(), of comparison: Comparison, counts: Comparison.Counts, endedAt: Date) {
        self.id = id
        practice = comparison.scope.practice
        workflow = comparison.scope.workflow
        fromDay = comparison.time.day(of: comparison.window.lowerBound)
        toDay = comparison.time.day(of: comparison.window.upperBound.addingTimeInterval(-1))
        rules = Rules.version
        startedAt = comparison.now
        self.endedAt = endedAt
        watermarks = comparison.watermarks
        self.counts = counts
    }

    /// Matched and explained, of all that was compared, in per cent; 100 where there was nothing to compare. Nil while
    /// anything is withheld: agreement is not known then.
    package var agreement: Double? {
        if counts.withheld > 0 { return nil }
        return counts.groups == 0 ? 100 : 100 * Double(counts.matched + counts.explained) / Double(counts.groups)
    }
}
