import Foundation
import Postgres

/// What two practices have on record, with names for what tests speak of.
enum World {
    static let northKey = "pmk_north"
    static let southKey = "pmk_south"
    /// Of an interface of north's own: it sends one feed, and reads nothing.
    static let senderKey = "pmk_sender"
    static let revokedKey = "pmk_revoked"

    static func id(_ number: Int) -> UUID {
        let text =
            "00000000-0000-4000-8000-" + String(repeating: "0", count: 12 - String(number).count) + String(number)
        guard let id = UUID(uuidString: text) else { preconditionFailure("A number of twelve digits at most.") }
        return id
    }

    // People: Jane Doe, José Müller, one that was merged into Jane, one without an appointment, and one of south.
    static let jane = id(1)
    static let jose = id(2)
    static let merged = id(3)
    static let nobody = id(4)
    static let southerner = id(5)

    // What can be booked.
    static let doctor = id(11)
    static let room = id(12)
    static let laser = id(13)
    static let southDoctor = id(14)

    // Appointments.
    static let booked = id(21)
    static let cancelled = id(22)
    static let wrong = id(23)
    static let noshow = id(24)
    static let tombstone = id(25)
    static let bare = id(26)
    static let replacing = id(27)
    static let south = id(28)

    static let busySlot = id(31)
    static let freeSlot = id(32)

    static func make(_ pool: Pool) async throws {
        try await Fixtures.practices(pool)
        try await pool.withSession { session in
            for statement in statements { try await session.script(statement) }
        }
        for (key, practice, scopes, isRevoked) in [
            (northKey, "north", ["read", "feed:north-pm"], false), (southKey, "south", ["read"], false),
            (senderKey, "north", ["feed:north-lab", "book"], false), (revokedKey, "north", ["read"], true),
        ] {
            try await pool.execute(
                """
                INSERT INTO api.client (practice_id, name, key_hash, scopes, revoked_at)
                VALUES (\(practice), \(key), sha256(\(Array(key.utf8))), \(scopes), CASE WHEN \(isRevoked) THEN now() END)
                """)
        }
    }

    private static let statements = [
        """
        INSERT INTO records.person (enterprise_id, id, family, given, birth_date, sex, phone, email, survivor) VALUES
            ('north', '\(jane)', 'Doe', 'Jane', '1980-05-17', 'F', '555-0100', 'jane@example.org', NULL),
            ('north', '\(jose)', 'Müller', 'José', '1975-12-31', 'M', '', '', NULL),
            ('north', '\(merged)', 'Do', 'Jane', NULL, '', '', '', '\(jane)'),
            ('north', '\(nobody)', 'Unseen', 'Nobody', NULL, '', '', '', NULL),
            ('south', '\(southerner)', 'Doe', 'Jane', '1980-05-17', 'F', '', '', NULL)
        """,
        """
        INSERT INTO records.person_alias (enterprise_id, kind, authority, value, person_id, trust) VALUES
            ('north', 'mrn', 'north', 'N1', '\(jane)', 80), ('north', 'mrn', 'north', 'N2', '\(jose)', 80),
            ('north', 'mrn', 'north', 'N3', '\(merged)', 80), ('south', 'mrn', 'north', 'N1', '\(southerner)', 80)
        """,
        """
        INSERT INTO records.resource (practice_id, id, kind, code, name, npi) VALUES
            ('north', '\(doctor)', 'practitioner', 'DR1', 'Dr. Who', '1234567893'),
            ('north', '\(room)', 'location', 'ROOM 1', 'Main Street', ''),
            ('north', '\(laser)', 'device', 'LASER', '', ''),
            ('south', '\(southDoctor)', 'practitioner', 'DR1', 'Dr. South', '')
        """,
        """
        INSERT INTO records.appointment (practice_id, id, version, status, start_at, end_at, enterprise_id, person_id,
            type_code, type_text, reason_text, cancel_reason, overbooked, replaces, flags, event_at, received_on,
            entry_id, changed_at) VALUES
            ('north', '\(booked)', 3, 'booked', '2026-03-03T15:00Z', '2026-03-03T15:30Z', 'north', '\(jane)',
                'NEW', 'New patient', 'Cough', '', false, NULL, '{}', now(), now(), 1, '2026-03-01T10:00Z'),
            ('north', '\(cancelled)', 1, 'cancelled', '2026-03-04T15:00Z', '2026-03-04T15:30Z', 'north', '\(jose)',
                '', '', '', 'Weather', false, NULL, '{}', now(), now(), 2, '2026-03-01T11:00Z'),
            ('north', '\(wrong)', 2, 'entered-in-error', '2026-03-05T15:00Z', '2026-03-05T15:30Z', 'north', '\(jane)',
                '', '', '', '', false, NULL, '{}', now(), now(), 3, '2026-03-01T12:00Z'),
            ('north', '\(noshow)', 1, 'noshow', '2026-03-05T16:00Z', '2026-03-05T16:30Z', 'north', '\(merged)',
                '', '', '', 'not to be said', false, NULL, '{}', now(), now(), 4, '2026-03-01T13:00Z'),
            ('north', '\(tombstone)', 1, 'entered-in-error', NULL, NULL, 'north', NULL,
                '', '', '', '', false, NULL, '{tombstone}', now(), now(), 5, '2026-03-01T14:00Z'),
            ('north', '\(bare)', 1, 'cancelled', NULL, NULL, 'north', NULL,
                '', '', '', '', false, NULL, '{tombstone}', now(), now(), 6, '2026-03-01T15:00Z'),
            ('north', '\(replacing)', 1, 'booked', '2026-11-01T06:30Z', '2026-11-01T07:30Z', 'north', '\(jose)',
                '', 'Laser', '', '', true, '\(cancelled)', '{ambiguous-time}', now(), now(), 7, '2026-03-01T16:00Z'),
            ('south', '\(south)', 1, 'booked', '2026-03-03T15:00Z', '2026-03-03T15:30Z', 'south', '\(southerner)',
                '', '', '', '', false, NULL, '{}', now(), now(), 8, '2026-03-01T10:00Z')
        """,
        """
        INSERT INTO records.appointment_alias (practice_id, kind, authority, value, appointment_id, trust) VALUES
            ('north', 'filler', 'pm', 'A1', '\(booked)', 90), ('north', 'placer', 'app', 'X|1', '\(booked)', 50),
            ('north', 'filler', 'pm', 'A2', '\(cancelled)', 90), ('south', 'filler', 'pm', 'A1', '\(south)', 90)
        """,
        """
        INSERT INTO records.appointment_resource (practice_id, appointment_id, resource_id) VALUES
            ('north', '\(booked)', '\(doctor)'), ('north', '\(booked)', '\(room)'),
            ('north', '\(cancelled)', '\(doctor)'), ('north', '\(replacing)', '\(laser)'),
            ('south', '\(south)', '\(southDoctor)')
        """,
        """
        INSERT INTO records.slot (practice_id, id, resource_id, during, status, version, changed_at) VALUES
            ('north', '\(busySlot)', '\(doctor)', '[2026-03-03T15:00Z,2026-03-03T15:30Z)', 'busy', 1,
                '2026-03-01T10:00Z'),
            ('north', '\(freeSlot)', '\(room)', '[2026-03-04T15:00Z,2026-03-04T16:00Z)', 'free', 2,
                '2026-03-01T11:00Z')
        """,
        """
        INSERT INTO records.change (practice_id, number, type, record_kind, record_id, version, tell) VALUES
            ('north', 1, 'appointment.booked', 'appointment', '\(booked)', 1, true),
            ('north', 2, 'appointment.booked', 'appointment', '\(cancelled)', 1, false),
            ('north', 3, 'appointment.cancelled', 'appointment', '\(cancelled)', 2, true),
            ('south', 1, 'appointment.booked', 'appointment', '\(south)', 1, true);
        UPDATE records.practice SET last_change = 3 WHERE practice_id = 'north';
        UPDATE records.practice SET last_change = 1 WHERE practice_id = 'south'
        """,
    ]
}
