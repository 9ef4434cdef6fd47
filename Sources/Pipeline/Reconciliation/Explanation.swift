/// Why what looks like a difference is none. Counted by name, never accused.
package enum Explanation: String, Codable, Hashable, Sendable, CaseIterable {
    /// Arrived, checked in and fulfilled are stages of one visit; not every system tells them apart.
    case sameVisit = "same-visit"
    /// Cancelled and entered in error both mean that it will not take place.
    case sameEnd = "same-end"
    /// A no-show that was worked out at midnight, against a side that still says booked.
    case derivedStatus = "derived-status"
    /// The word that the patient came was given a day late, and the PM's list still shows the no-show of midnight.
    case lateKept = "late-kept"
    /// The PM's word is in no table yet; its own work item says so.
    case unmappedStatus = "unmapped-status"
    /// It has ended, and a list need not show what has ended.
    case endedAndNotListed = "ended-and-not-listed"
    /// Busy time of a resource, without a person.
    case block
    /// One side shows a visit as one, the other its parts: it lies within an appointment of the same person that both have.
    case partOfVisit = "part-of-visit"
    /// A wish, not a booking: the PM takes it off its list by itself, some time after the person is booked or its day has
    /// passed.
    case waitList = "wait-list"
    /// The PM names the person by a chart number, and no message has brought one yet.
    case noChartYet = "no-chart-yet"
    /// No side has it inside the window; it was read only to match what moved.
    case outsideWindow = "outside-window"
    case beforeGoLive = "before-go-live"
    /// Loaded before going live: the app was not told, and need not have it.
    case loaded
    /// Still in a queue, or changed a moment ago.
    case inFlight = "in-flight"
    /// Changed after the other side's list was made.
    case changedSince = "changed-since"
    /// The booking app is in shadow, or off: it is not told on purpose.
    case notLive = "not-live"
    /// Less than a minute apart: some systems keep no seconds.
    case rounding
    /// Within what the practice lets starts, or ends, lie apart.
    case startTolerance = "start-tolerance"
    case endTolerance = "end-tolerance"
    /// The practice does not want it compared.
    case endNotCompared = "end-not-compared"
    case resourceNotCompared = "resource-not-compared"
    case locationNotCompared = "location-not-compared"
    case personNotCompared = "person-not-compared"
    case doubleBookingNotCompared = "double-booking-not-compared"
}
