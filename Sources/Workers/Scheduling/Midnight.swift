package import Foundation
package import Practice
package import Workflow

/// The practice's midnight: who is still expected then has not come. NextGen makes them no-shows by itself (394683), and no
/// message of it is relied on.
package struct Midnight: Sendable {
    /// A worker that was away makes up for so many days; what is older was so before it was ours to say.
    package static let reach: TimeInterval = 7 * 86_400

    private let time: PracticeTime
    private let goLive: Date?

    package init(_ practice: PracticeProfile) {
        time = PracticeTime(zone: practice.zone)
        goLive = practice.goLive.of("scheduling")
    }

    /// The no-show of an appointment whose day is over; nil where it is not, where its person is not expected, and for
    /// what was before going live. It happened at the midnight after the last that was said of it, so that a word of the
    /// next day (still expected after all) stands for that day.
    package func event(for appointment: Appointment, now: Date) -> AppointmentEvent? {
        guard appointment.status.isExpected, let start = appointment.start, start >= since(now) else { return nil }
        let over = time.end(of: time.day(of: max(start, appointment.eventAt)))
        return over <= now ? AppointmentEvent(kind: .midnight, at: over) : nil
    }

    /// What starts earlier is nobody's to say.
    package func since(_ now: Date) -> Date { max(now - Self.reach, goLive ?? .distantPast) }

    /// The first instant of today: nothing that starts later is over.
    package func last(before now: Date) -> Date { time.start(of: time.day(of: now)) }

    package func next(after now: Date) -> Date { time.end(of: time.day(of: now)) }
}
