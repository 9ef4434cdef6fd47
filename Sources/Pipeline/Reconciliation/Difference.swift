import Foundation
import Practice

/// What differs. Closed, because reports, metrics and filters are made of it.
package enum FindingCode: String, Codable, Hashable, Sendable, CaseIterable {
    /// In the PM, never received.
    case missingHere = "missing-here"
    case missingInPM = "missing-in-pm"
    case missingInApp = "missing-in-app"
    /// In the app alone: neither here nor in the PM.
    case extraInApp = "extra-in-app"
    case statusDiffers = "status-differs"
    case timeDiffers = "time-differs"
    case resourceDiffers = "resource-differs"
    case duplicateInApp = "duplicate-in-app"
    case duplicateInPM = "duplicate-in-pm"

    /// What a finding keeps its key by: one that is missing today and there, but elsewhere, tomorrow is two findings; one
    /// whose status differs in another way tomorrow is the same one.
    var keyClass: String {
        switch self {
        case .missingHere, .missingInPM, .missingInApp, .extraInApp: "presence"
        case .statusDiffers: "status"
        case .timeDiffers: "time"
        case .resourceDiffers: "resource"
        case .duplicateInApp, .duplicateInPM: "duplicate"
        }
    }
}

/// Why what looks like a difference is none. Counted by name, never accused.
package enum Explanation: String, Codable, Hashable, Sendable, CaseIterable {
    /// Arrived, checked in and fulfilled are stages of one visit; not every system tells them apart.
    case sameVisit = "same-visit"
    /// Cancelled and entered in error both mean that it will not take place.
    case sameEnd = "same-end"
    /// A no-show that was worked out at midnight, against a list that still says booked.
    case derivedStatus = "derived-status"
    /// The PM's word is in no table yet; its own work item says so.
    case unmappedStatus = "unmapped-status"
    /// It has ended, and a list need not show what has ended.
    case endedAndNotListed = "ended-and-not-listed"
    /// Busy time of a resource, without a person.
    case block
    /// No side has it inside the window; it was read only to match what moved.
    case outsideWindow = "outside-window"
    case beforeGoLive = "before-go-live"
    /// Younger than the grace, or still in a queue.
    case inFlight = "in-flight"
    /// Changed after the other side's list was made.
    case changedSince = "changed-since"
}

/// One appointment as the sides have it: what they agree on the key of.
package struct Group: Hashable, Sendable {
    package let key: EntryKey
    package internal(set) var pm: [Entry] = []
    package internal(set) var here: Entry?
    package internal(set) var app: [Entry] = []

    init(key: EntryKey) { self.key = key }

    /// Ours is listed first: where all else is equal it is what a person reads.
    var entries: [Entry] { (here.map { [$0] } ?? []) + pm + app }

    /// The one that stands for the PM, or the app, where there are several: live before ended, then nearest to ours.
    package var pmEntry: Entry? { Group.foremost(of: pm, beside: here) }
    package var appEntry: Entry? { Group.foremost(of: app, beside: here) }

    private static func foremost(of entries: [Entry], beside here: Entry?) -> Entry? {
        func distance(_ entry: Entry) -> TimeInterval {
            guard let start = entry.start, let ours = here?.start else { return .infinity }
            return abs(start.timeIntervalSince(ours))
        }
        return entries.min {
            if $0.isLive != $1.isLive { return $0.isLive }
            if distance($0) != distance($1) { return distance($0) < distance($1) }
            return $0.reference < $1.reference
        }
    }
}

/// A difference before anybody has asked why.
package struct Difference: Hashable, Sendable {
    package let code: FindingCode
    /// The side that differs from our record: the PM or the app.
    package let against: SideName
    package let group: Group
}

extension Group {
    /// What differs and what only seems to, by the lists alone.
    func differences(_ sides: Set<SideName>, window: Range<Date>, _ rules: Rules) -> (
        found: [Difference], explained: Set<Explanation>
    ) {
        if entries.allSatisfy(\.isBlock) { return ([], [.block]) }
        let starts = entries.compactMap(\.start)
        if !starts.isEmpty && !starts.contains(where: window.contains) { return ([], [.outsideWindow]) }
        if let goLive = rules.goLive, let last = starts.max(), last < goLive { return ([], [.beforeGoLive]) }
        var review = Review(group: self, rules: rules)
        if sides.contains(.pm) { review.againstPM() }
        if sides.contains(.app) { review.againstApp(pmWasRead: sides.contains(.pm)) }
        return (review.found, review.explained)
    }
}

/// The comparison of one group, side by side.
private struct Review {
    let group: Group
    let rules: Rules
    var found: [Difference] = []
    var explained: Set<Explanation> = []

    mutating func againstPM() {
        if group.pm.filter(\.isLive).count > 1 { add(.duplicateInPM, .pm) }
        switch (group.pmEntry, group.here) {
        case (let theirs?, let ours?): fields(theirs, ours, .pm)
        case (let theirs?, nil): presence(theirs, .missingHere, .pm)
        case (nil, let ours?): presence(ours, .missingInPM, .pm)
        case (nil, nil): break
        }
    }

    mutating func againstApp(pmWasRead: Bool) {
        if group.app.filter(\.isLive).count > 1 { add(.duplicateInApp, .app) }
        switch (group.appEntry, group.here) {
        case (let theirs?, let ours?): fields(theirs, ours, .app)
        case (let theirs?, nil):
            // Where the PM has it, it is we who lack it, and that is found already.
            if !(pmWasRead && group.pmEntry?.isLive == true) { presence(theirs, .extraInApp, .app) }
        case (nil, let ours?): presence(ours, .missingInApp, .app)
        case (nil, nil): break
        }
    }

    private mutating func presence(_ entry: Entry, _ code: FindingCode, _ against: SideName) {
        if entry.isBlock {
            explained.insert(.block)
        } else if entry.isLive {
            add(code, against)
        } else {
            explained.insert(.endedAndNotListed)
        }
    }

    private mutating func fields(_ theirs: Entry, _ ours: Entry, _ against: SideName) {
        switch Review.compare(theirs, ours) {
        case .equal: break
        case .explained(let why): explained.insert(why)
        case .different: add(.statusDiffers, against)
        }
        // Times and resources of what has ended are not kept by everybody.
        guard theirs.isLive && ours.isLive else { return }
        if differs(theirs.start, ours.start) || differs(theirs.end, ours.end) { add(.timeDiffers, against) }
        if let theirs = theirs.resource, let ours = ours.resource, theirs != ours { add(.resourceDiffers, against) }
    }

    private enum StatusVerdict {
        case equal
        case explained(Explanation)
        case different
    }

    private static func compare(_ theirs: Entry, _ ours: Entry) -> StatusVerdict {
        // Whether the word's own message is parked for it, or nothing is known of it, is for the evidence to say.
        guard let their = theirs.status, let our = ours.status else { return .different }
        if their == our { return .equal }
        let visit: Set<AppointmentStatus> = [.arrived, .checkedIn, .fulfilled]
        if visit.isSuperset(of: [their, our]) { return .explained(.sameVisit) }
        let end: Set<AppointmentStatus> = [.cancelled, .enteredInError]
        if end.isSuperset(of: [their, our]) { return .explained(.sameEnd) }
        let isDerived = ours.isStatusDerived && their == .booked || theirs.isStatusDerived && our == .booked
        return isDerived ? .explained(.derivedStatus) : .different
    }

    private func differs(_ one: Date?, _ other: Date?) -> Bool {
        guard let one, let other else { return false }
        return abs(one.timeIntervalSince(other)) > rules.rounding
    }

    private mutating func add(_ code: FindingCode, _ against: SideName) {
        found.append(Difference(code: code, against: against, group: group))
    }
}
