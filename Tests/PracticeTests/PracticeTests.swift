import Testing

@testable import Practice

@Test func aCancelledAppointmentIsNotLive() {
    #expect(!AppointmentStatus.cancelled.isLive)
}
