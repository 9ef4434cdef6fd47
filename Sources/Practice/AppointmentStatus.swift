/// The states of an appointment, as FHIR R4 names them.
package enum AppointmentStatus: String, Codable, Sendable, CaseIterable {
    case proposed
    case pending
    case booked
    case arrived
    case checkedIn = "checked-in"
    case fulfilled
    case cancelled
    case noshow
    case waitlist
    case enteredInError = "entered-in-error"

    /// Whether it takes up its resources' time.
    package var isLive: Bool {
        switch self {
        case .cancelled, .enteredInError, .noshow, .proposed: false
        case .pending, .booked, .arrived, .checkedIn, .fulfilled, .waitlist: true
        }
    }

    /// Whether its person is still to come: who has not come by midnight is a no-show then.
    package var isExpected: Bool { self == .booked || self == .pending }

    /// Whether the step is one that a schedule makes of itself. A step from the PM that is not is applied all the same
    /// and flagged `irregular-transition`.
    package func mayBecome(_ next: AppointmentStatus) -> Bool {
        if next == self || next == .enteredInError { return true }
        return switch self {
        case .proposed: [.pending, .booked, .cancelled].contains(next)
        case .pending, .waitlist: [.booked, .cancelled].contains(next)
        case .booked: [.arrived, .checkedIn, .fulfilled, .cancelled, .noshow].contains(next)
        case .arrived: [.checkedIn, .fulfilled, .cancelled, .noshow].contains(next)
        case .checkedIn: [.fulfilled, .cancelled].contains(next)
        case .fulfilled, .cancelled, .noshow, .enteredInError: false
        }
    }
}
