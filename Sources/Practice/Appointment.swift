package import Foundation

/// A code of one practice with its words.
package struct Coded: Hashable, Codable, Sendable {
    package var code: String
    package var text: String

    package init(code: String, text: String) {
        self.code = code
        self.text = text
    }
}

/// Who or what an appointment takes, and when. No times: the appointment's own.
package struct ResourceUse: Hashable, Codable, Sendable {
    package enum Kind: String, Codable, Sendable, CaseIterable {
        case practitioner, location, device
    }
    /// HL7 table 0206, for messages that add, change or drop one resource.
    package enum Action: String, Codable, Sendable {
        case add = "A"
        case update = "U"
        case delete = "D"
    }

    package var kind: Kind
    package var code: String
    package var name: String
    package var npi: String
    package var start: Date?
    package var end: Date?
    package var action: Action?

    package init(
        kind: Kind, code: String, name: String = "", npi: String = "", start: Date? = nil, end: Date? = nil,
        action: Action? = nil
    ) {
        self.kind = kind
        self.code = code
        self.name = name
        self.npi = npi
        self.start = start
        self.end = end
        self.action = action
    }
}

/// What a person must know about how a record came to be, beyond its values.
package enum AppointmentFlag: String, Codable, Sendable, CaseIterable {
    /// The PM made a step that no schedule makes of itself.
    case irregularTransition = "irregular-transition"
    /// The wall-clock time came twice that night; the reading nearest to receipt was taken.
    case ambiguousTime = "ambiguous-time"
    /// The wall-clock time did not exist that night; it was moved forward by the gap.
    case missingTime = "missing-time"
    /// A cancellation or deletion came before its booking.
    case tombstone
    /// The PM booked over a taken time on purpose.
    case overbooked
}

/// What one message says of one appointment, in our words. Empty optionals: the message did not say.
package struct AppointmentEvent: Hashable, Codable, Sendable {
    package enum Kind: String, Codable, Sendable {
        case booked, rescheduled, modified, cancelled, discontinued, deleted, resourcesChanged, noshow
    }

    package var kind: Kind
    /// Orders versions: SCH's own time, else MSH-7, else receipt.
    package var at: Date
    /// The journal's entry, which breaks ties.
    package var entry: Int64
    package var status: AppointmentStatus?
    package var sourceStatus: String?
    package var start: Date?
    package var end: Date?
    package var person: UUID?
    package var type: Coded?
    /// What kind of events it is booked under.
    package var category: Coded?
    package var reason: String?
    package var cancelReason: String?
    package var resources: [ResourceUse]
    package var overbooked: Bool
    package var flags: Set<AppointmentFlag>
    /// The appointment that this one takes the place of (SCH-23, SCH-24 on a new booking).
    package var replaces: UUID?

    package init(kind: Kind, at: Date, entry: Int64) {
        self.kind = kind
        self.at = at
        self.entry = entry
        resources = []
        overbooked = false
        flags = []
    }
}

/// An appointment as it stands: the fold of its events in event order.
package struct Appointment: Hashable, Codable, Sendable {
    package var id: UUID
    package var status: AppointmentStatus
    package var sourceStatus: String
    package var start: Date?
    package var end: Date?
    package var person: UUID?
    package var type: Coded?
    package var category: Coded?
    package var reason: String
    package var cancelReason: String
    package var resources: [ResourceUse]
    package var overbooked: Bool
    package var replaces: UUID?
    package var flags: Set<AppointmentFlag>
    /// The newest event's time.
    package var eventAt: Date

    package init(id: UUID, status: AppointmentStatus, eventAt: Date) {
        self.id = id
        self.status = status
        sourceStatus = ""
        reason = ""
        cancelReason = ""
        resources = []
        overbooked = false
        flags = []
        self.eventAt = eventAt
    }
}
