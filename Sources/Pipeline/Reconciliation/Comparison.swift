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
        /// How often each explanation was given, and each code found and not withheld; one group may have several.
        package var explanations: [String: Int] = [:]
        package var codes: [String: Int] = [:]
        /// Withheld groups by the cause why; they add up to `withheld`.
        package var withheldBecause: [String: Int] = [:]

        package init() {}

        package static func += (sum: inout Counts, more: Counts) {
            sum.inPM += more.inPM
            sum.here += more.here
            sum.inApp += more.inApp
            sum.groups += more.groups
            sum.matched += more.matched
            sum.explained += more.explained
            sum.open += more.open
            sum.withheld += more.withheld
            sum.explanations.merge(more.explanations, uniquingKeysWith: +)
            sum.codes.merge(more.codes, uniquingKeysWith: +)
            sum.withheldBecause.merge(more.withheldBecause, uniquingKeysWith: +)
        }
    }

    /// What became of one group of the window. A group is counted once: open before withheld before explained.
    package struct Settlement: Sendable {
        package enum Standing: String, Sendable { case matched, explained, open, withheld }

        package let group: Group
        package let standing: Standing
        /// The codes of an open one, the causes of a withheld one, the rules of an explained one.
        package let reasons: [String]
    }

    /// - Parameters:
    ///   - pm, app: nil where there is no such list; it is then not compared at all, rather than found empty.
    ///   - outside: our record of that id, wherever it starts; asked for what another side knows by our id and the
    ///     stream `here` does not have.
    ///   - others: our other records that overbook the same resource as this one, without the PM's flag.
    ///   - evidence: asked once a difference.
    ///   - found: told of each finding, in the order of keys.
    ///   - settled: told of each group of the window, in the order of keys, after its findings.
    /// - Throws: `.outOfOrder`, or whatever a closure throws.
    package func run(
        pm: EntryStream?, here: EntryStream, app: EntryStream?,
        outside: (UUID) async throws -> Entry? = { _ in nil },
        others: (UUID) async throws -> [Entry] = { _ in [] },
        evidence: (Difference) async throws -> Evidence, found: (Finding) async throws -> Void,
        settled: (Settlement) async throws -> Void = { _ in }
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
            if case .record(let id) = key {
                if group.here == nil { group.here = try await outside(id) }
                group.others = try await others(id)
            }
            if let settlement = try await settle(group, sides, &counts, evidence, found) {
                try await settled(settlement)
            }
        }
        return counts
    }

    /// Nil for a group that no side has inside the window.
    private func settle(
        _ group: Group, _ sides: Set<SideName>, _ counts: inout Counts,
        _ evidence: (Difference) async throws -> Evidence, _ found: (Finding) async throws -> Void
    ) async throws -> Settlement? {
        let (differences, obvious) = group.differences(sides, window: window, rules)
        var explained = obvious
        var codes: [FindingCode] = []
        var causes: [Cause] = []
        for difference in differences {
            if rules.isStillToGoLive(at: now) {
                explained.insert(.beforeGoLive)
                continue
            }
            let known = try await evidence(difference)
            switch difference.verdict(known, watermarks, rules, now: now) {
            case .explained(let why): explained.insert(why)
            case .accused(let cause):
                let withheld = difference.withholding(cause, known, watermarks, rules, time, now: now)
                let finding = Finding(difference, cause, withheld: withheld, known, self)
                if let withheld { causes.append(withheld) } else { codes.append(finding.code) }
                try await found(finding)
            }
        }
        for why in explained { counts.explanations[why.rawValue, default: 0] += 1 }
        if explained.contains(.outsideWindow) { return nil }
        counts.add(group)
        for code in codes { counts.codes[code.rawValue, default: 0] += 1 }
        if !codes.isEmpty {
            counts.open += 1
            return Settlement(group: group, standing: .open, reasons: codes.map(\.rawValue))
        }
        if let first = causes.first {
            counts.withheld += 1
            counts.withheldBecause[first.rawValue, default: 0] += 1
            return Settlement(group: group, standing: .withheld, reasons: causes.map(\.rawValue))
        }
        if !explained.isEmpty {
            counts.explained += 1
            return Settlement(group: group, standing: .explained, reasons: explained.map(\.rawValue).sorted())
        }
        counts.matched += 1
        return Settlement(group: group, standing: .matched, reasons: [])
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

    /// Matched and explained, of all that was judged, in per cent; 100 where there was nothing to judge. Nil while anything
    /// is withheld for another reason than that it is too young: agreement is not known then.
    package var agreement: Double? {
        let young = counts.withheldBecause[Cause.tooYoung.rawValue] ?? 0
        if counts.withheld > young { return nil }
        let judged = counts.groups - counts.withheld
        return judged == 0 ? 100 : 100 * Double(counts.matched + counts.explained) / Double(judged)
    }
}
