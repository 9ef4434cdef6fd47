import Foundation

/// An Appointment. Built here, it keeps R4's app-1 to app-4; decoded, it is as the other system said it.
package struct Appointment: Resource {
    package static let type = ResourceType.appointment

    package enum Status: String, Codable, Sendable, CaseIterable {
        case proposed, pending, booked, arrived
        case checkedIn = "checked-in"
        case fulfilled, cancelled, noshow, waitlist
        case enteredInError = "entered-in-error"

        /// app-3: whether there may be no times yet, or no longer.
        var mayLackTimes: Bool { [.proposed, .cancelled, .waitlist].contains(self) }
    }

    package enum ParticipationStatus: String, Codable, Sendable {
        case accepted, declined, tentative
        case needsAction = "needs-action"
    }

    /// app-1: each has an actor or a type.
    package struct Participant: Codable, Hashable, Sendable {
        package let type: [CodeableConcept]
        package let actor: Reference?
        package let status: ParticipationStatus
        package let period: Period?

        package init(
            _ actor: Reference, type: [CodeableConcept] = [], status: ParticipationStatus = .accepted,
            period: Period? = nil
        ) {
            self.actor = actor
            self.type = type
            self.status = status
            self.period = period
        }

        /// Somebody or something of a kind, not yet known.
        package init(unknown type: CodeableConcept, status: ParticipationStatus = .needsAction, period: Period? = nil) {
            actor = nil
            self.type = [type]
            self.status = status
            self.period = period
        }
    }

    private var resourceType = TypeName<Appointment>()
    package let id: String?
    package let meta: Meta?
    package let `extension`: [Extension]
    package let identifier: [Identifier]
    package let status: Status
    package let cancelationReason: CodeableConcept?
    package let serviceCategory: [CodeableConcept]
    package let serviceType: [CodeableConcept]
    package let appointmentType: CodeableConcept?
    package let reasonCode: [CodeableConcept]
    package let start: Instant?
    package let end: Instant?
    package let minutesDuration: Int?
    package let slot: [Reference]
    package let comment: String?
    package let participant: [Participant]

    /// `cancelReason` is said only of a cancelled appointment: R4's app-4 is misspelt (`no-show`), so a validator refuses
    /// it with `noshow`. Throws when R4 could not carry it: no participant, one time without the other, no times in a
    /// status that needs them, an end before its start.
    package init(
        id: String, meta: Meta, status: Status, start: Instant?, end: Instant?, participants: [Participant],
        identifiers: [Identifier] = [], cancelReason: CodeableConcept? = nil, type: CodeableConcept? = nil,
        serviceCategories: [CodeableConcept] = [], serviceTypes: [CodeableConcept] = [],
        reasons: [CodeableConcept] = [], slots: [Reference] = [],
        comment: String = "", extensions: [Extension] = []
    ) throws(FHIRError) {
        if participants.isEmpty { throw .missing("Appointment.participant") }
        switch (start, end) {
        case (let start?, let end?):
            if end < start { throw .endsBeforeItsStart("Appointment") }
            let minutes = Int((end.date.timeIntervalSince(start.date) / 60).rounded())
            minutesDuration = minutes > 0 ? minutes : nil
        case (nil, nil):
            if !status.mayLackTimes { throw .missing("Appointment.start") }
            minutesDuration = nil
        case (nil, _): throw .missing("Appointment.start")
        case (_, nil): throw .missing("Appointment.end")
        }
        self.id = id.filled
        self.meta = meta
        self.extension = extensions
        identifier = identifiers
        self.status = status
        cancelationReason = status == .cancelled ? cancelReason : nil
        serviceCategory = serviceCategories
        serviceType = serviceTypes
        appointmentType = type
        reasonCode = reasons
        self.start = start
        self.end = end
        slot = slots
        self.comment = comment.filled
        participant = participants
    }
}
