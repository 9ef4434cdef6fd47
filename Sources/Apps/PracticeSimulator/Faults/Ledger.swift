/// What was made to go wrong, and what only looks wrong: one line each, so that a test or a reader can hold a report
/// against it. Synthetic persons only; even so it names appointments, not people.
package struct LedgerLine: Sendable, Equatable, Codable {
    /// `fault`, `plant` or `oddity`.
    package let kind: String
    package let name: String
    /// The PM's number of the appointment.
    package let appointment: String
    /// MSH-10, where one message is concerned.
    package var message: String?
    package var event: String?
    /// The PM's clock.
    package var at: String?
    /// Whether a comparison of the lists is to find it, unless `healed`.
    package let found: Bool
    /// MSH-10 of the later message of the same appointment that carried the whole truth.
    package var healed: String?

    package init(
        kind: String, name: String, appointment: String, message: String? = nil, event: String? = nil,
        at: String? = nil, found: Bool
    ) {
        self.kind = kind
        self.name = name
        self.appointment = appointment
        self.message = message
        self.event = event
        self.at = at
        self.found = found
    }

    init(kind: String, name: String, of step: Step, found: Bool) {
        self.init(
            kind: kind, name: name, appointment: step.entry.id, message: step.controlID, event: step.event,
            at: step.at.description, found: found)
    }
}
