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
    case sentAndUnanswered = "sent-and-unanswered"
    /// The other side said no.
    case refused
    /// The other side took it and has changed it since.
    case overwrittenThere = "overwritten-there"
    case changedSince = "changed-since"
    case inFlight = "in-flight"
    case unknown
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
        package let version: Int
        /// When it ended, else when it was made.
        package let at: Date

        package init(state: State, attempts: Int, status: Int?, version: Int, at: Date) {
            self.state = state
            self.attempts = attempts
            self.status = status
            self.version = version
            self.at = at
        }
    }

    /// A job of this appointment is waiting to run or running.
    package var isQueued = false
    package var parked: Parked?
    package var delivery: Delivery?
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
        if code == .duplicateInPM || code == .duplicateInApp { return .accused(.unknown) }
        if let parked = evidence.parked {
            return .accused(parked.code.hasPrefix("unmapped-") ? .receivedAndUnmapped : .parked)
        }
        if code == .statusDiffers, hasUnmappedStatus { return .explained(.unmappedStatus) }
        if against == .pm { return fromPM(evidence) }
        return code == .extraInApp ? .accused(.neverSent) : fromApp(evidence)
    }

    /// One of the two words that differ means nothing here yet.
    private var hasUnmappedStatus: Bool {
        let theirs = against == .pm ? group.pmEntry : group.appEntry
        return theirs?.status == nil || group.here?.status == nil
    }

    /// Whether the PM's message may still be on its way: its list is as fresh as that, and nobody saw the difference
    /// before. A PM's list does not say when a row was changed, so only time can tell.
    func mayBeOnItsWay(_ cause: Cause, _ evidence: Evidence, _ watermarks: Watermarks, _ rules: Rules, now: Date)
        -> Bool
    {
        guard against == .pm, cause == .neverSent else { return false }
        let since = min(watermarks.pm ?? now, evidence.firstSeenAt ?? now)
        return now.timeIntervalSince(since) < rules.grace
    }

    private func fromPM(_ evidence: Evidence) -> Verdict {
        if evidence.isQueued { return .explained(.inFlight) }
        // Heard of, not parked, and yet not on record: somebody let it go, and the evidence does not say why.
        if code == .missingHere && evidence.entry != nil { return .accused(.unknown) }
        return .accused(.neverSent)
    }

    private func fromApp(_ evidence: Evidence) -> Verdict {
        guard let delivery = evidence.delivery else {
            return evidence.isQueued ? .explained(.inFlight) : .accused(.neverSent)
        }
        let isRefused = delivery.status.map { (400..<500).contains($0) && $0 != 408 && $0 != 429 } ?? false
        switch delivery.state {
        case .pending where isRefused: return .accused(.refused)
        case .pending: return delivery.attempts == 0 ? .explained(.inFlight) : .accused(.sentAndUnanswered)
        case .discarded: return .accused(isRefused ? .refused : .neverSent)
        case .shadow: return .accused(.neverSent)
        case .delivered:
            if let ours = group.here?.version, delivery.version < ours { return .accused(.neverSent) }
            // Taken, and not changed there after our notice was answered: they did not do as they said, or not yet.
            if let theirs = group.appEntry?.changedAt, theirs <= delivery.at { return .accused(.unknown) }
            return .accused(.overwrittenThere)
        }
    }
}
