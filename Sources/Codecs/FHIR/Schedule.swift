/// A resource's calendar: what slots belong to.
package struct Schedule: Resource {
    package static let type = ResourceType.schedule

    private var resourceType = TypeName<Schedule>()
    package let id: String?
    package let meta: Meta?
    package let identifier: [Identifier]
    package let active: Bool?
    package let serviceType: [CodeableConcept]
    package let actor: [Reference]
    package let comment: String?

    package init(
        id: String, meta: Meta, actor: Reference, otherActors: [Reference] = [], identifiers: [Identifier] = [],
        active: Bool = true, serviceTypes: [CodeableConcept] = [], comment: String = ""
    ) {
        self.id = id.filled
        self.meta = meta
        identifier = identifiers
        self.active = active
        serviceType = serviceTypes
        self.actor = [actor] + otherActors
        self.comment = comment.filled
    }
}

/// A stretch of a Schedule that is free or taken.
package struct Slot: Resource {
    package static let type = ResourceType.slot

    package enum Status: String, Codable, Sendable, CaseIterable {
        case busy, free
        case busyUnavailable = "busy-unavailable"
        case busyTentative = "busy-tentative"
        case enteredInError = "entered-in-error"
    }

    private var resourceType = TypeName<Slot>()
    package let id: String?
    package let meta: Meta?
    package let identifier: [Identifier]
    package let schedule: Reference
    package let status: Status
    package let start: Instant
    package let end: Instant
    package let overbooked: Bool?
    package let comment: String?

    /// Throws where the end is before the start.
    package init(
        id: String, meta: Meta, schedule: Reference, status: Status, start: Instant, end: Instant,
        identifiers: [Identifier] = [], overbooked: Bool? = nil, comment: String = ""
    ) throws(FHIRError) {
        if end < start { throw .endsBeforeItsStart("Slot") }
        self.id = id.filled
        self.meta = meta
        identifier = identifiers
        self.schedule = schedule
        self.status = status
        self.start = start
        self.end = end
        self.overbooked = overbooked
        self.comment = comment.filled
    }
}
