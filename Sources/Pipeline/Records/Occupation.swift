import Foundation
import Postgres
import Practice

/// Who and what an appointment takes: its resources, the time they are taken for, and the slots that show it.
struct Occupation {
    private let practice: String
    private let appointment: Appointment

    init(_ write: AppointmentWrite) {
        practice = write.practice
        appointment = write.appointment
    }

    func write(in transaction: Transaction) async throws {
        let taken = try await freeOld(transaction)
        let uses = appointment.resources.filter { $0.action != .delete }
        var ids: [UUID] = []
        for use in uses {
            ids.append(try await Resources.id(of: use, practice: practice, in: transaction))
        }
        let starts = uses.map { $0.start ?? appointment.start }
        let ends = uses.map { $0.end ?? appointment.end }
        _ = try await transaction.execute(
            """
            INSERT INTO records.appointment_resource (practice_id, appointment_id, resource_id, start_at, end_at)
            SELECT DISTINCT ON (r.id) \(practice), \(appointment.id), r.id, r.start_at, r.end_at
            FROM unnest(\(ids), \(starts), \(ends)) AS r (id, start_at, end_at)
            """)
        if appointment.status.isLive { try await occupy(transaction) }
        try await showSlots(taken, transaction)
    }

    /// Drops what it took before; gives the stretches, which may be free now.
    private func freeOld(_ transaction: Transaction) async throws -> [(UUID, Date, Date)] {
        _ = try await transaction.execute(
            """
            DELETE FROM records.appointment_resource
            WHERE practice_id = \(practice) AND appointment_id = \(appointment.id)
            """)
        let rows = try await transaction.query(
            """
            DELETE FROM records.occupancy WHERE practice_id = \(practice) AND appointment_id = \(appointment.id)
            RETURNING resource_id, lower(during), upper(during)
            """)
        return try rows.map { try $0.decode((UUID, Date, Date).self) }
    }

    /// Takes the time of practitioners and devices. A hold in the way is displaced; a booking in the way makes this one
    /// an overbooking, which is the PM's to decide; a resource with capacity above one counts and never excludes. Places
    /// are where, not what is taken.
    private func occupy(_ transaction: Transaction) async throws {
        _ = try await transaction.execute(
            """
            DELETE FROM records.occupancy o USING records.appointment_resource r
            WHERE r.practice_id = \(practice) AND r.appointment_id = \(appointment.id) AND r.start_at < r.end_at
                AND o.practice_id = r.practice_id AND o.resource_id = r.resource_id AND o.hold_id IS NOT NULL
                AND o.during && tstzrange(r.start_at, r.end_at)
            """)
        _ = try await transaction.execute(
            """
            INSERT INTO records.occupancy (practice_id, resource_id, during, exclusive, appointment_id)
            SELECT r.practice_id, r.resource_id, tstzrange(r.start_at, r.end_at),
                s.capacity = 1 AND NOT EXISTS (
                    SELECT FROM records.occupancy o
                    WHERE o.practice_id = r.practice_id AND o.resource_id = r.resource_id AND o.exclusive
                        AND o.during && tstzrange(r.start_at, r.end_at)),
                r.appointment_id
            FROM records.appointment_resource r
            JOIN records.resource s ON s.practice_id = r.practice_id AND s.id = r.resource_id
            WHERE r.practice_id = \(practice) AND r.appointment_id = \(appointment.id) AND r.start_at < r.end_at
                AND s.kind <> 'location'
            """)
    }

    /// A slot is busy while anything takes part of it. What the PM has blocked stays blocked.
    private func showSlots(_ taken: [(UUID, Date, Date)], _ transaction: Transaction) async throws {
        _ = try await transaction.execute(
            """
            INSERT INTO records.slot (practice_id, resource_id, during, status)
            SELECT practice_id, resource_id, during, 'busy' FROM records.occupancy
            WHERE practice_id = \(practice) AND appointment_id = \(appointment.id)
            ON CONFLICT (practice_id, resource_id, during) DO UPDATE SET
                status = 'busy', version = slot.version + 1, changed_at = clock_timestamp()
            WHERE slot.status = 'free'
            """)
        _ = try await transaction.execute(
            """
            UPDATE records.slot s SET status = 'free', version = s.version + 1, changed_at = clock_timestamp()
            FROM unnest(\(taken.map(\.0)), \(taken.map(\.1)), \(taken.map(\.2))) AS t (resource, start_at, end_at)
            WHERE s.practice_id = \(practice) AND s.resource_id = t.resource
                AND s.during = tstzrange(t.start_at, t.end_at) AND s.status = 'busy'
                AND NOT EXISTS (
                    SELECT FROM records.occupancy o
                    WHERE o.practice_id = s.practice_id AND o.resource_id = s.resource_id AND o.during && s.during)
            """)
    }
}
