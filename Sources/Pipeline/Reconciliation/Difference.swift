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
    case locationDiffers = "location-differs"
    case personDiffers = "person-differs"
    case duplicateInApp = "duplicate-in-app"
    case duplicateInPM = "duplicate-in-pm"
    /// More at one time than the resource takes, and not by the PM's flag of overbooking.
    case doubleBooked = "double-booked"

    /// What a finding keeps its key by: one that is missing today and there, but elsewhere, tomorrow is two findings; one
    /// whose status differs in another way tomorrow is the same one.
    var keyClass: String {
        switch self {
        case .missingHere, .missingInPM, .missingInApp, .extraInApp: "presence"
        case .statusDiffers: "status"
        case .timeDiffers: "time"
        case .resourceDiffers: "resource"
        case .locationDiffers: "location"
        case .personDiffers: "person"
        case .duplicateInApp, .duplicateInPM: "duplicate"
        case .doubleBooked: "double-booking"
        }
    }
}

/// One appointment as the sides have it: what they agree on the key of.
package struct Group: Hashable, Sendable {
    package let key: EntryKey
    package internal(set) var pm: [Entry] = []
    package internal(set) var here: Entry?
    package internal(set) var app: [Entry] = []
    /// Our other records that take the same resource at the same time, beyond what it holds.
    package internal(set) var others: [Entry] = []

    init(key: EntryKey) { self.key = key }

    /// Ours is listed first: where all else is equal it is what a person reads.
    package var entries: [Entry] { (here.map { [$0] } ?? []) + pm + app }

    /// The one that stands for the PM, or the app, where there are several: live before ended, then nearest to ours.
    package var pmEntry: Entry? { Group.foremost(of: pm, beside: here) }
    package var appEntry: Entry? { Group.foremost(of: app, beside: here) }

    /// What is one too many on a side: every live entry but the one that stands for it.
    package func surplus(_ side: SideName) -> [Entry] {
        let entries = side == .pm ? pm : app
        guard let standing = side == .pm ? pmEntry : appEntry, let index = entries.firstIndex(of: standing) else {
            return []
        }
        return entries.indices.filter { $0 != index && entries[$0].isLive }.map { entries[$0] }
    }

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
        let starts = entries.compactMap(\.start)
        if !starts.isEmpty && !starts.contains(where: window.contains) { return ([], [.outsideWindow]) }
        if entries.allSatisfy(\.isBlock) { return ([], [.block]) }
        if let goLive = rules.goLive, let last = starts.max(), last < goLive { return ([], [.beforeGoLive]) }
        var review = Review(group: self, rules: rules)
        if sides.contains(.pm) { review.againstPM() }
        if sides.contains(.app) { review.againstApp(pmWasRead: sides.contains(.pm)) }
        review.againstItself()
        return (review.found, review.explained)
    }
}

extension Entry {
    fileprivate var isDerivedNoShow: Bool { status == .noshow && isStatusDerived }
}

/// The comparison of one group, side by side.
private struct Review {
    let group: Group
    let rules: Rules
    var found: [Difference] = []
    var explained: Set<Explanation> = []

    mutating func againstPM() {
        if !group.surplus(.pm).isEmpty { add(.duplicateInPM, .pm) }
        switch (group.pmEntry, group.here) {
        case (let theirs?, let ours?): fields(theirs, ours, .pm)
        case (let theirs?, nil): presence(theirs, .missingHere, .pm)
        case (nil, let ours?): presence(ours, .missingInPM, .pm)
        case (nil, nil): break
        }
    }

    mutating func againstApp(pmWasRead: Bool) {
        if !group.surplus(.app).isEmpty { add(.duplicateInApp, .app) }
        switch (group.appEntry, group.here) {
        case (let theirs?, let ours?): fields(theirs, ours, .app)
        case (let theirs?, nil):
            // Where the PM has it, it is we who lack it, and that is found already.
            if !(pmWasRead && group.pmEntry?.isLive == true) { presence(theirs, .extraInApp, .app) }
        case (nil, let ours?): presence(ours, .missingInApp, .app)
        case (nil, nil): break
        }
    }

    mutating func againstItself() {
        guard group.here?.isLive == true, !group.others.isEmpty else { return }
        if rules.ignored.contains(.doubleBookings) {
            explained.insert(.doubleBookingNotCompared)
        } else {
            add(.doubleBooked, .pm)
        }
    }

    private mutating func presence(_ entry: Entry, _ code: FindingCode, _ against: SideName) {
        if entry.isBlock {
            explained.insert(.block)
        } else if !entry.isLive {
            explained.insert(.endedAndNotListed)
        } else if entry.isPartOfVisit && against == .pm {
            explained.insert(.partOfVisit)
        } else if entry.status == .waitlist && code == .missingInPM {
            explained.insert(.waitList)
        } else {
            add(code, against)
        }
    }

    private mutating func fields(_ theirs: Entry, _ ours: Entry, _ against: SideName) {
        switch Review.compare(theirs, ours) {
        case .equal: break
        case .explained(let why): explained.insert(why)
        case .different: add(.statusDiffers, against)
        }
        // Times, places and persons of what has ended are not kept by everybody. A no-show that nobody said is no end: it
        // may come of a day that the other side has left long since.
        guard theirs.isLive && (ours.isLive || ours.isDerivedNoShow) || ours.isLive && theirs.isDerivedNoShow else {
            return
        }
        times(theirs, ours, against)
        if let their = theirs.resource, let our = ours.resource, their != our {
            differ(.resourceDiffers, against, unless: .resource, .resourceNotCompared)
        }
        if let their = theirs.location, let our = ours.location, their != our {
            differ(.locationDiffers, against, unless: .location, .locationNotCompared)
        }
        persons(theirs, ours, against)
    }

    private mutating func times(_ theirs: Entry, _ ours: Entry, _ against: SideName) {
        let start = apart(theirs.start, ours.start)
        var end = apart(theirs.end, ours.end)
        if end > 0 && rules.ignored.contains(.end) {
            explained.insert(.endNotCompared)
            end = 0
        }
        let startLimit = max(rules.rounding, rules.startTolerance)
        let endLimit = max(rules.rounding, rules.endTolerance)
        if start > startLimit || end > endLimit { return add(.timeDiffers, against) }
        if start > rules.rounding { explained.insert(.startTolerance) }
        if end > rules.rounding { explained.insert(.endTolerance) }
        if [start, end].contains(where: { $0 > 0 && $0 <= rules.rounding }) { explained.insert(.rounding) }
    }

    private mutating func persons(_ theirs: Entry, _ ours: Entry, _ against: SideName) {
        if theirs.person == ours.person || theirs.isBlock || theirs.person == Entry.unnamed { return }
        if !theirs.isPersonKnown {
            // An app has numbers of its own for persons; a chart number that the PM has made may not have come yet.
            if against == .app { return }
            if !ours.hasChart {
                explained.insert(.noChartYet)
                return
            }
        }
        differ(.personDiffers, against, unless: .person, .personNotCompared)
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
        if ours.isStatusDerived && !ours.isLive && their == .waitlist { return .explained(.waitList) }
        let isDerived = ours.isStatusDerived && their == .booked || theirs.isStatusDerived && our == .booked
        return isDerived ? .explained(.derivedStatus) : .different
    }

    /// In seconds; 0 where a side does not say.
    private func apart(_ one: Date?, _ other: Date?) -> TimeInterval {
        guard let one, let other else { return 0 }
        return abs(one.timeIntervalSince(other))
    }

    private mutating func differ(
        _ code: FindingCode, _ against: SideName, unless field: ComparedField, _ rule: Explanation
    ) {
        if rules.ignored.contains(field) { explained.insert(rule) } else { add(code, against) }
    }

    private mutating func add(_ code: FindingCode, _ against: SideName) {
        found.append(Difference(code: code, against: against, group: group))
    }
}
