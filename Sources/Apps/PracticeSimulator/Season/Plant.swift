package import Foundation

/// What can be planted on an appointment for a comparison to find, by the name it is reported under.
package enum PlantKind: String, Sendable, CaseIterable, Codable {
    /// The PM's book changed and no message was made.
    case neverSent = "never-sent"
    /// A message was made and lost on the way.
    case dropped
    /// The status word is in no table.
    case unmapped
    /// The message cannot be used: its end is before its start, or its start is no time.
    case garbled
    /// Taken off the PM's book without a message.
    case deletedInPM = "deleted-in-pm"
    /// Entered a second time in the PM, under another number.
    case doubledInPM = "doubled-in-pm"
    /// Put under another patient's name in the PM, without a message.
    case otherPersonInPM = "other-person-in-pm"
    /// Moved to another place in the PM, without a message.
    case otherPlaceInPM = "other-place-in-pm"
    /// A second patient booked at the same time with the same provider, and not as an overbooking.
    case doubleBooked = "double-booked-in-pm"
    /// Garbled, and let go by whoever looked at it.
    case letGo = "let-go"
    /// The app says yes and forgets.
    case forgotten = "forgotten-by-app"
    case movedInApp = "moved-in-app"
    case cancelledInApp = "cancelled-in-app"
    /// Given to another provider in the app.
    case reassignedInApp = "reassigned-in-app"
    case doubledInApp = "doubled-in-app"
    /// The app's own, of which nobody else knows.
    case inventedByApp = "invented-by-app"
    /// Kept under another patient's name in the app.
    case otherPersonInApp = "other-person-in-app"
    case otherPlaceInApp = "other-place-in-app"
    /// The app says yes and leaves things as they were.
    case ignoredByApp = "ignored-by-app"
    /// The app says no, each time.
    case refused = "refused-by-app"
    /// The app fails, each time.
    case unanswered

    /// Whether it happens in the booking app, else between the PM's book and the wire.
    package var isOfTheApp: Bool {
        switch self {
        case .neverSent, .dropped, .unmapped, .garbled, .deletedInPM, .doubledInPM, .otherPersonInPM, .otherPlaceInPM,
            .doubleBooked, .letGo:
            false
        case .forgotten, .movedInApp, .cancelledInApp, .reassignedInApp, .doubledInApp, .inventedByApp, .refused,
            .unanswered, .otherPersonInApp, .otherPlaceInApp, .ignoredByApp:
            true
        }
    }
}

/// What somebody who knows of a plant would expect a report to say, in the report's words.
package struct PlantSign: Sendable, Hashable, Codable {
    package let code: String
    package let cause: String

    package init(_ code: String, _ cause: String) {
        self.code = code
        self.cause = cause
    }
}

/// One known fault: the ground truth that a report is held against. Its maker wrote it down when it made it; nobody
/// worked it out afterwards.
package struct Plant: Sendable, Equatable {
    package let kind: PlantKind
    /// MSH-4.2.
    package let practice: String
    /// The PM's number of the appointment; the app's own id where only the app has it.
    package let appointment: String
    /// The day it is booked for.
    package let day: LocalDay
    package let signs: [PlantSign]
    package let from: Date
    /// From when it is over: mended, or the day has passed.
    package internal(set) var until: Date
    /// MSH-10 of the message concerned, where there was one.
    package let message: String?

    /// Of this plant alone, in its practice.
    package var id: String { "\(practice)/\(kind.rawValue)/\(appointment)/\(message ?? "")" }

    package init(
        kind: PlantKind, practice: String, appointment: String, day: LocalDay, signs: [PlantSign], from: Date,
        until: Date, message: String?
    ) {
        self.kind = kind
        self.practice = practice
        self.appointment = appointment
        self.day = day
        self.signs = signs
        self.from = from
        self.until = until
        self.message = message
    }
}

/// What a booking app does with an appointment that something is planted on.
package enum Mischief: Sendable, Equatable {
    case forget, move, cancel, double, refuse, stumble
    case reassign, rename, relocate, ignore
}

/// A message of the season, on its way.
package struct SeasonMessage: Sendable {
    package let at: Date
    package let practice: String
    package let controlID: String
    /// The PM's number.
    package let appointment: String
    package let bytes: [UInt8]
}

/// What somebody at the practice does with pmsync.
package enum StaffOrder: Sendable, Equatable {
    /// Adds a word of the PM's to the table of states, and lets the messages that wait for it run again.
    case map(word: String)
    /// Gives up the message of this MSH-10, which is parked.
    case letGo(controlID: String)
}

/// What the booking app of a practice is to do from now on.
package enum AppOrder: Sendable, Equatable {
    case plant(Mischief, on: String)
    /// From now on as pmsync has it.
    case restore(String)
    case invent(AppAppointment)
    case remove(id: String)
}
