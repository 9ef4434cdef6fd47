import Foundation

/// What others are told when an appointment's state differs from the one they knew: one type a fold.
package enum AppointmentChange: String, Codable, Sendable, CaseIterable {
    case booked = "appointment.booked"
    case updated = "appointment.updated"
    case rescheduled = "appointment.rescheduled"
    case cancelled = "appointment.cancelled"
    case deleted = "appointment.deleted"
    case noshow = "appointment.noshow"

    /// nil when nothing differs but the newest event's time. `old` is nil for a record that is new.
    package init?(from old: Appointment?, to new: Appointment) {
        guard let old else {
            self = Self.ending(new.status) ?? (new.replaces == nil ? .booked : .rescheduled)
            return
        }
        var same = old
        same.eventAt = new.eventAt
        if same == new { return nil }
        if old.status != new.status {
            if let ending = Self.ending(new.status) {
                self = ending
                return
            }
            if old.status == .cancelled || old.status == .enteredInError {
                self = .booked
                return
            }
        }
        self = new.status.isLive && old.start != new.start ? .rescheduled : .updated
    }

    private static func ending(_ status: AppointmentStatus) -> AppointmentChange? {
        switch status {
        case .cancelled: .cancelled
        case .enteredInError: .deleted
        case .noshow: .noshow
        case .proposed, .pending, .booked, .arrived, .checkedIn, .fulfilled, .waitlist: nil
        }
    }
}
