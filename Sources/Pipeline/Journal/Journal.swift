package import Foundation
package import Postgres

/// The second step: every message in and out, bytes as they came. Owns the schema `journal`: entries, the (feed, control
/// id, digest) that tells a resend, outcomes, and refusals. The gateway writes what comes, workers what they send and how
/// it ended. It takes a `Transaction` and never commits by itself, never interprets the bytes, never changes a row.

/// Where an entry stands: its day is the partition, so both are needed to find it.
package struct EntryID: Hashable, Codable, Sendable {
    package let day: CalendarDay
    package let number: Int64

    package init(day: CalendarDay, number: Int64) {
        self.day = day
        self.number = number
    }
}

/// A message that has arrived and is not yet on record.
package struct Arrival: Sendable {
    package var feed: String
    package var practice: String?
    package var peer: String
    /// MSH-10; empty where it could not be read, and then a resend cannot be told.
    package var controlID: String
    /// MSH-9 as `SIU^S12`; empty where it could not be read.
    package var messageType: String
    package var payload: [UInt8]

    package init(
        feed: String, practice: String?, peer: String, controlID: String, messageType: String, payload: [UInt8]
    ) {
        self.feed = feed
        self.practice = practice
        self.peer = peer
        self.controlID = controlID
        self.messageType = messageType
        self.payload = payload
    }
}

/// What became of an arrival in the journal.
package enum Recorded: Equatable, Sendable {
    /// A new entry. `reused`: the sender had used this control id for other bytes before.
    case fresh(EntryID, reused: Bool)
    /// Same feed, control id and bytes as this earlier entry.
    case again(EntryID)

    package var id: EntryID {
        switch self {
        case .fresh(let id, _), .again(let id): id
        }
    }
}

/// One message of the journal, whole.
package struct Entry: Sendable {
    package let id: EntryID
    package let receivedAt: Date
    package let direction: String
    package let feed: String
    package let practice: String?
    package let peer: String
    package let controlID: String
    package let messageType: String
    package let flags: [String]
    package let payload: [UInt8]
}
