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
    /// Worked out here: no message said so. A no-show at the practice's midnight, a wait-list entry that a booking ended.
    case derived
    /// The patient answered the reminder. A new time, or another word of the PM's, takes it back.
    case confirmed
    /// The patient came, and left before being seen.
    case leftUnseen = "left-before-seen"
    /// The PM's list no longer has it, though no message said so; a person confirmed it.
    case unannounced
    /// Names of one message are of several appointments; the most trusted one decided.
    case namesDisagree = "names-disagree"
}

/// What one message says of one appointment, in our words. Empty optionals: the message did not say.
package struct AppointmentEvent: Hashable, Codable, Sendable {
    package enum Kind: String, Codable, Sendable {
        case booked, rescheduled, modified, cancelled, discontinued, deleted, resourcesChanged, noshow
        /// The practice's midnight, after which who is still expected has not come. Derived: no message says it.
        case midnight
        /// An interim wait-list entry, which the PM takes away by itself when its person is booked. Derived.
        case superseded
        /// Gone from the PM's list without a message, as a person confirmed.
        case removed
        /// A person took back the decision by which messages were filed here, or they turned out to be another's. Changes
        /// nothing by itself, but where nothing else was said of the appointment: then there never was one. It bears the time
        /// and the resources that were shown, for others to know it by, and nobody's name.
        case retracted
    }

    package var kind: Kind
    /// Orders versions: SCH's own time, else MSH-7, else receipt.
    package var at: Date
    /// The journal's entry, which breaks ties; `noEntry` for what no message said.
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
    /// The series that a booking says it is an occurrence of.
    package var series: String?
    /// A person's decision that this event is of this appointment.
    package var decision: Int64?
    /// The message bore no id of its appointment, so that it was told by what it says; nil: it did.
    package var isUnnamed: Bool?
    /// The visits that such a message names; nil: none.
    package var visits: [Identifier]?

    /// Stands before every message of the same instant.
    package static let noEntry: Int64 = 0

    package init(kind: Kind, at: Date, entry: Int64 = noEntry) {
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
    /// Its series, until it is changed alone.
    package var series: String?
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
