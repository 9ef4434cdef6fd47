package import Foundation
package import Practice

/// Why two sides differ, proved from the journal, the queue and the deliveries. Closed.
package enum Cause: String, Codable, Hashable, Sendable, CaseIterable {
    /// Whoever knew did not say: the PM sent no message, we no notice.
    case neverSent = "never-sent"
    /// A message came and waits for a code to be mapped.
    case receivedAndUnmapped = "received-and-unmapped"
    /// A message or a notice waits for a person.
    case parked
    /// A message came, and a person let it go.
    case letGo = "let-go"
    case sentAndUnanswered = "sent-and-unanswered"
    /// The other side said no.
    case refused
    /// The other side took it and has changed it since.
    case overwrittenThere = "overwritten-there"
    /// The other side took it, has not changed it since, and does not show it.
    case takenAndNotDone = "taken-and-not-done"
    /// The other side took what it was told, and keeps it twice.
    case takenTwice = "taken-twice"
    /// It was made on the other side: nothing that we sent or received names it.
    case madeThere = "made-there"
    /// Messages told of both, and of no overbooking.
    case bothTold = "both-told"
    case changedSince = "changed-since"
    case inFlight = "in-flight"
    case unknown
    // Withheld: nobody is accused of these.
    /// Younger than the grace: its message may still be on its way.
    case tooYoung = "too-young"
    /// The feed that would have told of it is silent against its rhythm.
    case feedSilent = "feed-silent"
    /// The feed's last message is far older than the PM's list.
    case feedBehind = "feed-behind"
    /// The list does not speak of that day.
    case listLacksDay = "list-lacks-day"
    /// A row of the list could not be read, which may be this one.
    case listRowUnread = "list-row-unread"

    /// Rests on nothing having been heard, so that a feed's silence or a short list may be all there is to it.
    var restsOnSilence: Bool {
        switch self {
        case .neverSent, .madeThere, .bothTold, .unknown: true
        default: false
        }
    }
}

/// What the journal, the queue and the deliveries know of one difference.
package struct Evidence: Hashable, Sendable {
    /// A job of this appointment that waits for a person, in our queue or the app's.
    package struct Parked: Hashable, Sendable {
        package let code: String
        package let receivedOn: Day?
        package let entry: Int64?

        package init(code: String, receivedOn: Day?, entry: Int64?) {
            self.code = code
            self.receivedOn = receivedOn
            self.entry = entry
        }
    }

    /// The newest notice of this appointment to this app.
    package struct Delivery: Hashable, Sendable {
        package enum State: String, Hashable, Sendable { case pending, delivered, shadow, discarded }
        package let state: State
        package let attempts: Int
        /// The app's last HTTP answer; nil when there was none.
        package let status: Int?
        /// What it said with it, as far as that is a code.
        package let answer: String?
        package let version: Int
        /// When it ended, else when it was made.
        package let at: Date

        package init(state: State, attempts: Int, status: Int?, answer: String? = nil, version: Int, at: Date) {
            self.state = state
            self.attempts = attempts
            self.status = status
            self.answer = answer
            self.version = version
            self.at = at
        }

        /// It asks for patience with 408 and 429, and says no with the rest.
        var isRefused: Bool { status.map { (400..<500).contains($0) && $0 != 408 && $0 != 429 } ?? false }
    }

    /// A job of this appointment is waiting to run or running.
    package var isQueued = false
    /// It is on record by an initial load, of which nobody is told.
    package var isLoadedOnly = false
    package var parked: Parked?
    package var delivery: Delivery?
    /// The app is in shadow or off: nothing is sent to it.
    package var isNotLive = false
    /// A message about it was discarded by a person.
    package var isLetGo = false
    /// More messages of the practice were discarded than could be read: one about it may be among them.
    package var mayBeLetGo = false
    /// Every surplus entry of a duplicate is named by a message that came, as the same appointment.
    package var surplusIsTold = false
    /// When an earlier run saw the same difference first; nil when it is new.
    package var firstSeenAt: Date?
    /// The newest message about it, wherever it ended.
    package var receivedOn: Day?
    package var entry: Int64?

    package init() {}
}

/// What is to be said of a difference once the evidence is in.
package enum Verdict: Hashable, Sendable {
    case explained(Explanation)
    case accused(Cause)
}

extension Difference {
    /// Decides by the lists' age first, for nobody is accused of what a list is too old to show; then by the evidence.
    package func verdict(_ evidence: Evidence, _ watermarks: Watermarks, _ rules: Rules, now: Date) -> Verdict {
        let listMadeAt = against == .pm ? watermarks.pm : watermarks.app
        let changes = group.entries.compactMap(\.changedAt)
        if let listMadeAt, let ours = group.here?.changedAt, ours > listMadeAt { return .explained(.changedSince) }
        if changes.contains(where: { now.timeIntervalSince($0) < rules.grace }) { return .explained(.inFlight) }
        if isLateKept(rules, now: now) { return .explained(.lateKept) }
        if against == .app, code != .extraInApp, evidence.isNotLive { return .explained(.notLive) }
        if let parked = evidence.parked {
            return .accused(parked.code.hasPrefix("unmapped-") ? .receivedAndUnmapped : .parked)
        }
        switch code {
        case .duplicateInPM: return .accused(evidence.surplusIsTold ? .bothTold : .neverSent)
        case .duplicateInApp:
            return .accused(group.surplus(.app).allSatisfy(\.bearsOurID) ? .takenTwice : .madeThere)
        case .doubleBooked: return evidence.isQueued ? .explained(.inFlight) : .accused(.bothTold)
        default: break
        }
        if code == .statusDiffers, hasUnmappedStatus { return .explained(.unmappedStatus) }
        if against == .pm { return fromPM(evidence) }
        return code == .extraInApp ? .accused(.madeThere) : fromApp(evidence)
    }

    /// One of the two words that differ means nothing here yet.
    private var hasUnmappedStatus: Bool {
        let theirs = against == .pm ? group.pmEntry : group.appEntry
        return theirs?.status == nil || group.here?.status == nil
    }

    /// The PM's list shows the no-show of midnight, and its own word that the patient came was heard since.
    private func isLateKept(_ rules: Rules, now: Date) -> Bool {
        guard code == .statusDiffers, against == .pm, let theirs = group.pmEntry, theirs.isStatusDerived,
            let ours = group.here, let heard = ours.changedAt, let start = ours.start
        else { return false }
        return [.arrived, .checkedIn, .fulfilled].contains(ours.status) && heard > start
            && now.timeIntervalSince(heard) < rules.lateKept
    }

    /// Why nobody may be accused yet; nil: they may.
    func withholding(
        _ cause: Cause, _ evidence: Evidence, _ watermarks: Watermarks, _ rules: Rules, _ time: PracticeTime, now: Date
    ) -> Cause? {
        // What was taken there and is not listed is overwritten only as far as the list can be read.
        let hasUnreadRow = (code == .missingInPM || code == .missingInApp) && mayBeUnread(watermarks)
        guard cause.restsOnSilence else { return cause == .overwrittenThere && hasUnreadRow ? .listRowUnread : nil }
        if against == .pm || code == .extraInApp {
            if watermarks.feedIsSilent { return .feedSilent }
            if watermarks.feedIsBehind(rules) { return .feedBehind }
        }
        if code == .missingInPM || code == .missingInApp, let start = group.here?.start,
            watermarks.unlistedDays[against]?.contains(time.day(of: start)) == true
        {
            return .listLacksDay
        }
        if hasUnreadRow { return .listRowUnread }
        // The list is as fresh as that, and nobody saw the difference before. A PM's list does not say when a row was
        // changed, so only time can tell.
        let since = min(watermarks.pm ?? now, evidence.firstSeenAt ?? now)
        let hangsOnPM = against == .pm && cause == .neverSent
        return hangsOnPM && now.timeIntervalSince(since) < rules.grace ? .tooYoung : nil
    }

    private func mayBeUnread(_ watermarks: Watermarks) -> Bool {
        guard case .record(let id) = group.key else { return false }
        return watermarks.unreadRows[against]?.mayBe(id) == true
    }

    private func fromPM(_ evidence: Evidence) -> Verdict {
        if evidence.isQueued { return .explained(.inFlight) }
        // Heard of, not parked, and yet not on record: a person let it go.
        if evidence.isLetGo { return .accused(.letGo) }
        if evidence.mayBeLetGo { return .accused(.unknown) }
        if code == .missingHere && evidence.entry != nil { return .accused(.unknown) }
        return .accused(.neverSent)
    }

    private func fromApp(_ evidence: Evidence) -> Verdict {
        guard let delivery = evidence.delivery else {
            if evidence.isLoadedOnly { return .explained(.loaded) }
            return evidence.isQueued ? .explained(.inFlight) : .accused(.neverSent)
        }
        switch delivery.state {
        case .pending where delivery.isRefused: return .accused(.refused)
        case .pending: return delivery.attempts == 0 ? .explained(.inFlight) : .accused(.sentAndUnanswered)
        case .discarded: return .accused(delivery.isRefused ? .refused : .neverSent)
        // Live by now: what was worked out in shadow was never sent.
        case .shadow: return .accused(.neverSent)
        case .delivered:
            if let ours = group.here?.version, delivery.version < ours { return .accused(.neverSent) }
            // Taken, and not changed there after our notice was answered: they did not do as they said, or not yet.
            if let theirs = group.appEntry?.changedAt, theirs <= delivery.at { return .accused(.takenAndNotDone) }
            return .accused(.overwrittenThere)
        }
    }
}
