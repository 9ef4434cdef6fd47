package import Foundation
package import Postgres
package import Practice

/// One change of an appointment that took it away from where it was, or may have: how it stood before and after.
package struct AppointmentMove: Sendable {
    package let number: Int64
    package let at: Date
    package let record: UUID
    package let before: Appointment
    package let after: Appointment

    package init(number: Int64, at: Date, record: UUID, before: Appointment, after: Appointment) {
        self.number = number
        self.at = at
        self.record = record
        self.before = before
        self.after = after
    }
}

/// A resource's day that the PM cancelled or transferred as one, as it is told and reported.
package struct StoredDayEvent: Sendable {
    package let id: UUID
    /// `day.cancelled` or `day.transferred`.
    package let kind: String
    package let resource: UUID
    package let day: CalendarDay
    package let toResource: UUID?
    package let toDay: CalendarDay?
    package let members: [UUID]
    package let at: Date
}

package enum DayEvents {
    /// Cancellations, deletions, moves and changes since `since` that others are told of, in their order. Index change's
    /// primary key, from the newest backwards.
    package static func moves(
        since: Date, practice: String, in transaction: Transaction
    ) async throws -> [AppointmentMove] {
        try await transaction.query(
            """
            SELECT c.number, c.at, c.record_id, b.state::text, v.state::text
            FROM (
                SELECT * FROM records.change
                WHERE practice_id = \(practice) AND at >= \(since) AND tell AND record_kind = 'appointment'
                    AND type IN ('appointment.cancelled', 'appointment.deleted', 'appointment.rescheduled',
                        'appointment.updated')
                    AND number > (
                        SELECT last_change - 2000 FROM records.practice WHERE practice_id = \(practice))
            ) c
            JOIN records.appointment_version v ON v.practice_id = c.practice_id AND v.appointment_id = c.record_id
                AND v.version = c.version
            JOIN records.appointment_version b ON b.practice_id = c.practice_id AND b.appointment_id = c.record_id
                AND b.version = c.version - 1
            WHERE NOT EXISTS (
                SELECT FROM records.day_event d
                WHERE d.practice_id = \(practice) AND d.last_at >= c.at AND c.record_id = ANY (d.members))
            ORDER BY c.number
            """
        ).map { row in
            let (number, at, record, before, after) = try row.decode((Int64, Date, UUID, String, String).self)
            return AppointmentMove(
                number: number, at: at, record: record,
                before: try Coding.value(Appointment.self, from: before, column: "appointment_version.state"),
                after: try Coding.value(Appointment.self, from: after, column: "appointment_version.state"))
        }
    }

    /// Live appointments of a resource that start within a stretch. Index appointment_resource_by_resource.
    package static func live(
        _ kind: ResourceUse.Kind, _ code: String, within stretch: Range<Date>, practice: String,
        in transaction: Transaction
    ) async throws -> Int {
        try await transaction.count(
            """
            SELECT count(*) FROM records.resource r
            JOIN records.appointment_resource u ON u.practice_id = r.practice_id AND u.resource_id = r.id
            JOIN records.appointment a ON a.practice_id = u.practice_id AND a.id = u.appointment_id
            WHERE r.practice_id = \(practice) AND r.kind = \(kind.rawValue) AND r.code = \(code)
                AND u.start_at >= \(stretch.lowerBound) AND u.start_at < \(stretch.upperBound)
                AND a.status IN ('pending', 'booked', 'arrived', 'checked-in', 'fulfilled', 'waitlist')
            """)
    }

    /// A resource as its kind and code name it.
    package struct Place: Sendable {
        package let kind: ResourceUse.Kind
        package let code: String
        package let day: CalendarDay

        package init(kind: ResourceUse.Kind, code: String, day: CalendarDay) {
            (self.kind, self.code, self.day) = (kind, code, day)
        }
    }

    /// Puts it on record; the change to be told.
    package static func note(
        _ kind: String, from: Place, to: Place?, members: [UUID], first: Date, last: Date, practice: String,
        in transaction: Transaction
    ) async throws -> NewChange? {
        let rows = try await transaction.query(
            """
            INSERT INTO records.day_event
                (practice_id, kind, resource_id, day, to_resource_id, to_day, members, first_at, last_at)
            SELECT \(practice), \(kind), r.id, \(from.day), t.id, \(to?.day), \(members), \(first), \(last)
            FROM records.resource r
            LEFT JOIN records.resource t ON t.practice_id = r.practice_id AND t.kind = \(to?.kind.rawValue)
                AND t.code = \(to?.code)
            WHERE r.practice_id = \(practice) AND r.kind = \(from.kind.rawValue) AND r.code = \(from.code)
            RETURNING id
            """)
        guard let id = try rows.first?.decode(UUID.self) else { return nil }
        return NewChange(type: kind, recordKind: "day", record: id, version: 1)
    }

    /// The days that were cancelled or transferred as one, for a report: one row each. Index day_event_by_day.
    package static func list(
        from: CalendarDay, to: CalendarDay, practice: String, in transaction: Transaction
    ) async throws -> [StoredDayEvent] {
        try await transaction.query(
            """
            SELECT id, kind, resource_id, day, to_resource_id, to_day, members, last_at FROM records.day_event
            WHERE practice_id = \(practice) AND day BETWEEN \(from) AND \(to) ORDER BY day, last_at
            """
        ).map { row in
            let (id, kind, resource, day, toResource, toDay, members, at) = try row.decode(
                (UUID, String, UUID, CalendarDay, UUID?, CalendarDay?, [UUID], Date).self)
            return StoredDayEvent(
                id: id, kind: kind, resource: resource, day: day, toResource: toResource, toDay: toDay,
                members: members, at: at)
        }
    }

    /// One by its id.
    package static func find(
        _ id: UUID, practice: String, in transaction: Transaction
    ) async throws -> StoredDayEvent? {
        try await transaction.query(
            """
            SELECT id, kind, resource_id, day, to_resource_id, to_day, members, last_at FROM records.day_event
            WHERE practice_id = \(practice) AND id = \(id)
            """
        ).first.map { row in
            let (id, kind, resource, day, toResource, toDay, members, at) = try row.decode(
                (UUID, String, UUID, CalendarDay, UUID?, CalendarDay?, [UUID], Date).self)
            return StoredDayEvent(
                id: id, kind: kind, resource: resource, day: day, toResource: toResource, toDay: toDay,
                members: members, at: at)
        }
    }
}
