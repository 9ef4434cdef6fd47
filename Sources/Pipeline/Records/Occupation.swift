import Foundation
import Postgres
import Practice

/// Who and what an appointment takes: its resources, the time they are taken for, and the slots that show it.
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
        let taken = isNew ? [] : try await freeOld(transaction)
        let uses = appointment.resources.filter { $0.action != .delete }
        if !uses.isEmpty { try await take(uses, transaction) }
        if appointment.status.isLive, !uses.isEmpty { try await occupy(transaction) }
        if !taken.isEmpty { try await showFree(taken, transaction) }
    }

    /// Drops what it took before; gives the stretches, which may be free now.
    private func freeOld(_ transaction: Transaction) async throws -> [(UUID, Date, Date)] {
        let rows = try await transaction.query(
            """
            WITH named AS (
                DELETE FROM records.appointment_resource
                WHERE practice_id = \(practice) AND appointment_id = \(appointment.id)
            )
            DELETE FROM records.occupancy WHERE practice_id = \(practice) AND appointment_id = \(appointment.id)
            RETURNING resource_id, lower(during), upper(during)
            """)
        return try rows.map { try $0.decode((UUID, Date, Date).self) }
    }

    /// Names the resources and displaces holds in the way of practitioners and devices: the PM goes before.
    private func take(_ uses: [ResourceUse], _ transaction: Transaction) async throws {
        let ids = try await Resources.ids(of: uses, practice: practice, in: transaction)
        try await transaction.execute(
            """
            WITH named AS (
                INSERT INTO records.appointment_resource (practice_id, appointment_id, resource_id, start_at, end_at)
                SELECT DISTINCT ON (r.id) \(practice), \(appointment.id), r.id, r.start_at, r.end_at
                FROM unnest(\(ids), \(uses.map { $0.start ?? appointment.start }),
                    \(uses.map { $0.end ?? appointment.end })) AS r (id, start_at, end_at)
                RETURNING resource_id, start_at, end_at
            )
            DELETE FROM records.occupancy o USING named r
            WHERE \(appointment.status.isLive) AND o.practice_id = \(practice) AND o.resource_id = r.resource_id
                AND o.hold_id IS NOT NULL AND r.start_at < r.end_at AND o.during && tstzrange(r.start_at, r.end_at)
            """)
    }

    /// Takes the time of practitioners and devices. A booking in the way makes this one an overbooking, which is the PM's
    /// to decide; a resource with capacity above one counts and never excludes. Places are where, not what is taken.
    private func occupy(_ transaction: Transaction) async throws {
        try await transaction.execute(
            """
            WITH taken AS (
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
                RETURNING practice_id, resource_id, during
            )
            INSERT INTO records.slot (practice_id, resource_id, during, status)
            SELECT practice_id, resource_id, during, 'busy' FROM taken
            ON CONFLICT (practice_id, resource_id, during) DO UPDATE SET
                status = 'busy', version = slot.version + 1, changed_at = clock_timestamp()
            WHERE slot.status = 'free'
            """)
    }

    /// A slot is busy while anything takes part of it. What the PM has blocked stays blocked.
    private func showFree(_ taken: [(UUID, Date, Date)], _ transaction: Transaction) async throws {
        try await transaction.execute(
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
