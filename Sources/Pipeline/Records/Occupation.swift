import Foundation
import Postgres
import Practice

/// Who and what an appointment takes: its resources, the time they are taken for, and the slots that show it. The rules are
/// in `records.occupy`, so that all of it is one statement.
struct Occupation {
    private let practice: String
    private let appointment: Appointment
    private let isNew: Bool

    init(_ write: AppointmentWrite) {
        practice = write.practice
        isNew = write.versionBefore == 0
        appointment = write.appointment
    }

    func write(in transaction: Transaction) async throws {
        let uses = appointment.resources.filter { $0.action != .delete }
        if isNew && uses.isEmpty { return }
        try await transaction.later(
            """
            SELECT records.occupy(\(practice), \(appointment.id), \(isNew), \(appointment.status.isLive),
                \(uses.map(\.kind.rawValue)), \(uses.map(\.code)), \(uses.map(\.name)), \(uses.map(\.npi)),
                \(uses.map { $0.start ?? appointment.start }), \(uses.map { $0.end ?? appointment.end }))::text
            """)
    }
}
