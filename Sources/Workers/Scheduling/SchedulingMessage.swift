package import Foundation
package import Practice

/// What a message says of one appointment of one person.
package struct AppointmentSeen: Hashable, Sendable {
    /// Its `person` and `replaces` are still nil: they need the record (`decide`).
    package var event: AppointmentEvent
    /// What to record as its names.
    package var aliases: [Alias]
    /// What to look for, most trusted first: its names, then those with placer and filler in each other's place, and
    /// those that only count when the person is the same.
    package var lookUps: [LookUp]
    /// SCH-23, SCH-24, where the feed means by them what this one replaces.
    package var parents: [Identifier]
    package var person: ParsedPerson
    /// How many people each of its resources takes at a time.
    package var capacities: [Capacity]
    /// Whether a booking ends the person's wait-list entry for the same event.
    package var endsWaiting: Bool

    /// From when on the person's appointments may be meant.
    package var since: Date { min(event.at, event.start ?? event.at) - 2 * 86_400 }

    package struct LookUp: Hashable, Sendable {
        package let identifier: Identifier
        package let onlyForSamePerson: Bool
    }

    package struct Capacity: Hashable, Sendable {
        package let kind: ResourceUse.Kind
        package let code: String
        /// nil: not counted, as a whole office is not.
        package let people: Int?
    }
}

/// A stretch of a resource's day that the PM took or gave back.
package struct SlotChange: Hashable, Sendable {
    package enum Status: String, Sendable {
        case free
        case busyUnavailable = "busy-unavailable"
    }

    package let resource: ResourceUse
    package let start: Date
    package let end: Date
    package let status: Status
    /// Orders changes of the same stretch.
    package let at: Date
    package let flags: Set<AppointmentFlag>
}

/// What a message without a person says: that time of resources is taken or given back.
package struct BlockSeen: Hashable, Sendable {
    /// What the PM calls the block or the meeting. Empty: only its stretches tell it from others.
    package let names: [Identifier]
    /// What to look for: its names, then those with placer and filler in each other's place.
    package let lookUps: [Identifier]
    package let at: Date
    package let entry: Int64
    /// Whether it is over: then what is known of it is free too.
    package let isOver: Bool
    /// The stretches that the message states.
    package let changes: [SlotChange]
}

/// One schedule message, read by its feed's profile: what it says, in our words.
package struct SchedulingMessage: Hashable, Sendable {
    package enum Content: Hashable, Sendable {
        /// One for each person of the message: a group visit has several, which share time and resources.
        case appointments([AppointmentSeen])
        case slots(BlockSeen)
        /// The status table says that this word means nothing to others.
        case ignored
    }

    package let practice: String
    package let enterprise: String
    package let content: Content
    /// False for an initial load (MSH-11.2 = I): recorded, and nobody is told.
    package let tell: Bool
}
