/// One change of the book with the message that tells of it.
package struct Step: Sendable, Equatable {
    package enum Act: String, Sendable, Codable {
        case booked, moved, changed, transferred, confirmed, cancelled, deleted, kept, checkedOut, noShow, checkInUndone
        case blocked, opened, waitListed
        /// The PM took an interim wait-list entry away by itself.
        case removed

        /// Whether two lists that are compared differ by it: not by the kind of visit, not by a patient's word that they
        /// will come, and not by how far a visit has come.
        var showsInLists: Bool {
            switch self {
            case .booked, .moved, .transferred, .cancelled, .deleted, .kept, .noShow, .checkInUndone: true
            case .changed, .confirmed, .checkedOut, .blocked, .opened, .waitListed, .removed: false
            }
        }
    }

    /// From 0, without gaps.
    package let number: Int
    package let act: Act
    /// The SIU's event: S12.
    package let event: String
    /// MSH-10.
    package let controlID: String
    /// MSH-7.
    package let at: LocalTime
    /// The entry as it is from now on.
    package let entry: BookEntry
    package let bytes: [UInt8]
    /// Whether it is of the history or of a night's work, to be told as fast as the receiver takes it.
    package let quick: Bool
    /// The PM changes its book and sends nothing, as it does at midnight: no fault, but how it is.
    package let silent: Bool
    /// What an unprepared receiver may stumble over here though nothing is wrong.
    package let oddities: [Oddity]
    /// Which of the script's quiet appointments it is of, which nothing touches after the history: see `Plan.demo`.
    package let quiet: Int?
}

/// What real feeds do and a receiver must take in its stride.
package enum Oddity: String, Sendable, Codable, CaseIterable {
    case withoutIDs = "without-ids"
    case tradedIDs = "traded-ids"
    case firstMRNAtKept = "first-mrn-at-kept"
    case twiceADay = "twice-a-day"
    case series
    case changedOccurrence = "changed-occurrence"
    case group
    case movedUnderNewID = "moved-under-new-id"
    case keptByBooking = "kept-by-s12"
    case keptAfterNoShow = "kept-after-no-show"
    case checkInUndone = "check-in-undone"
    case lineEnds = "line-ends"
    case noPerson = "no-person"
    case deleted
    /// Nurse, doctor and lab one after the other, which become one visit.
    case chain
    case overbooked
    case interimWaitList = "interim-wait-list"
    /// NO SHOW, set by the PM at midnight without a message.
    case noShowAtMidnight = "no-show-at-midnight"
    /// KEPT on the morning after.
    case keptNextDay = "kept-next-day"
    case bulkCancelled = "bulk-cancelled"
    case bulkTransferred = "bulk-transferred"
    case transferred
    /// Of the initial load, which is told to nobody.
    case loaded
}

extension Script {
    /// The same step with another status or place in its message.
    package func rewritten(_ step: Step, word: String?, place: String?) -> Step {
        let bytes = SIU(
            facility: premises.facility, practice: premises.practice, at: step.at, controlID: step.controlID,
            event: step.event
        ).bytes(
            of: step.entry, act: step.act, provider: provider(step.entry.provider),
            crlf: step.oddities.contains(.lineEnds), word: word, place: place)
        return Step(
            number: step.number, act: step.act, event: step.event, controlID: step.controlID, at: step.at,
            entry: step.entry, bytes: bytes, quick: step.quick, silent: step.silent, oddities: step.oddities,
            quiet: step.quiet)
    }
}
