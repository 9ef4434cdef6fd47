package import Foundation
package import Practice

// Reconciliation: the PM's own list, our record and one booking app's list, merged by key; each difference with its
// code, its cause proved from the journal, and the one act that mends it.
//
// Pure: entries and evidence come in by closures, findings go out by one; it opens no file and no connection and reads no
// clock. Memory holds one group of entries at a time, whatever the window. The worker sorts and stores.

/// What one comparison is of: a practice and a workflow, and which booking app, if any.
package struct Scope: Hashable, Sendable {
    package let practice: String
    package let workflow: String
    package let client: UUID?
    /// Keys the hash that findings are known by, so that a key in an address says nothing of the person behind it.
    package let secret: [UInt8]

    package init(practice: String, workflow: String = "scheduling", client: UUID? = nil, secret: [UInt8] = []) {
        self.practice = practice
        self.workflow = workflow
        self.client = client
        self.secret = secret
    }
}

/// When differences are told apart from lateness, rounding and custom.
package struct Rules: Hashable, Codable, Sendable {
    /// Names the rules in force in a run: the same lists under the same version give the same findings.
    package static let version = "scheduling-2"

    /// How long a change may take to reach the other side before its absence is a difference.
    package var grace: TimeInterval = 300
    /// Starts and ends this near are the same: some systems keep no seconds.
    package var rounding: TimeInterval = 59
    /// How far starts, and ends, may lie apart beyond that, by the practice's own rule.
    package var startTolerance: TimeInterval = 0
    package var endTolerance: TimeInterval = 0
    /// What the practice does not want compared.
    package var ignored: Set<ComparedField> = []
    /// How long the PM's list may go on saying no-show once its late word that the patient came has arrived here.
    package var lateKept: TimeInterval = 24 * 3600
    /// How much older than the PM's list the feed's last message may be, in open hours, before what hangs on the feed is
    /// withheld.
    package var feedMayRest: TimeInterval = 12 * 3600
    /// Nothing that starts before it is accused, and nothing at all while it is still to come.
    package var goLive: Date?

    package init() {}

    func isStillToGoLive(at now: Date) -> Bool { goLive.map { now < $0 } ?? false }
}

/// What a practice may leave out of its comparison.
package enum ComparedField: String, Codable, Hashable, Sendable, CaseIterable {
    case end, resource, location, person
    case doubleBookings = "double-bookings"
}

/// As of when each source speaks, and of what.
package struct Watermarks: Hashable, Codable, Sendable {
    /// The feed's last message of any kind; nil when there was none yet.
    package var feed: Date?
    /// For how long of the practice's open hours the feed had said nothing when the PM's list was made; nil: by the clock.
    package var feedRested: TimeInterval?
    /// The feed is silent against its rhythm.
    package var feedIsSilent: Bool
    /// Which feeds are, and since when; nil where that is not known.
    package var silentFeeds: [String: Date?] = [:]
    /// Days of which a list has not one line while we have several appointments: it does not speak of them.
    package var unlistedDays: [SideName: Set<Day>] = [:]
    /// What rows of a list that could not be read may have been of.
    package var unreadRows: [SideName: UnreadRows] = [:]
    /// When the PM's list was made; nil where there is no list.
    package var pm: Date?
    /// When the reading of the app's list began; nil where there is no list.
    package var app: Date?

    package init(feed: Date?, feedIsSilent: Bool = false, pm: Date? = nil, app: Date? = nil) {
        self.feed = feed
        self.feedIsSilent = feedIsSilent
        self.pm = pm
        self.app = app
    }

    /// Whether a difference between the PM and us may be the feed's lateness alone.
    func feedIsBehind(_ rules: Rules) -> Bool {
        guard !feedIsSilent, let feed else { return true }
        guard let pm else { return false }
        return (feedRested ?? pm.timeIntervalSince(feed)) > rules.feedMayRest
    }
}

/// Rows of a list that could not be read: which of our records they name, and whether one may be of any other.
package struct UnreadRows: Hashable, Codable, Sendable {
    package let records: Set<UUID>
    package let isAnyUnnamed: Bool

    package init(records: Set<UUID>, isAnyUnnamed: Bool) {
        self.records = records
        self.isAnyUnnamed = isAnyUnnamed
    }

    func mayBe(_ record: UUID) -> Bool { isAnyUnnamed || records.contains(record) }
}

package enum ReconciliationError: Error, Hashable, Sendable {
    /// A side's entries did not come in the order of their keys.
    case outOfOrder(SideName)
    /// One record came twice on our own side, which has one row a record.
    case repeatedHere
    case csv(line: Int, CSVFault)
}

package enum SideName: String, Codable, Hashable, Sendable, CaseIterable {
    case pm, here, app
}
