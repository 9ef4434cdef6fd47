import Foundation
import Postgres

/// Statements on persons, invitations and sessions. Their times are the database's.
enum PeopleQueries {
    static func upsert(_ name: String, _ practices: [String], isAdministrator: Bool) -> SQL {
        """
        INSERT INTO console.person (name, practices, administrator)
        VALUES (\(name), \(practices), \(isAdministrator))
        ON CONFLICT (name) DO UPDATE SET practices = excluded.practices, administrator = excluded.administrator,
            disabled_at = NULL
        RETURNING id
        """
    }

    static func setPassword(_ person: UUID, _ hash: String) -> SQL {
        """
        UPDATE console.person SET password_hash = \(hash), failures = 0, locked_until = NULL
        WHERE id = \(person) AND disabled_at IS NULL
        """
    }

    // MARK: Invitations

    static func invite(_ person: UUID, _ hash: [UInt8]) -> SQL {
        """
        INSERT INTO console.invite (token_hash, person_id, expires_at)
        VALUES (\(hash), \(person), clock_timestamp() + interval '24 hours')
        """
    }

    static func endInvites(_ person: UUID) -> SQL {
        """
        UPDATE console.invite SET used_at = clock_timestamp()
        WHERE person_id = \(person) AND used_at IS NULL AND expires_at > clock_timestamp()
        """
    }

    static func openInvite(_ hash: [UInt8]) -> SQL {
        """
        SELECT p.id, p.name
        FROM console.invite i JOIN console.person p ON p.id = i.person_id
        WHERE i.token_hash = \(hash) AND i.used_at IS NULL AND i.expires_at > clock_timestamp()
            AND p.disabled_at IS NULL
        """
    }

    static func useInvite(_ hash: [UInt8]) -> SQL {
        """
        UPDATE console.invite SET used_at = clock_timestamp()
        WHERE token_hash = \(hash) AND used_at IS NULL AND expires_at > clock_timestamp()
        """
    }

    // MARK: Signing in

    static func candidate(_ name: String) -> SQL {
        """
        SELECT id, password_hash FROM console.person WHERE name = \(name) AND disabled_at IS NULL
        """
    }

    /// Succeeds only while no delay runs, so that guesses that overtake each other gain nothing.
    static func signedIn(_ person: UUID) -> SQL {
        """
        UPDATE console.person SET failures = 0, locked_until = NULL
        WHERE id = \(person) AND disabled_at IS NULL AND (locked_until IS NULL OR locked_until <= clock_timestamp())
        """
    }

    /// From the fifth failure on each doubles the delay: 15 seconds to 15 minutes. Guesses within a delay do not count,
    /// or anybody could keep a person out for good.
    static func failed(_ person: UUID) -> SQL {
        """
        UPDATE console.person SET failures = failures + 1,
            locked_until = CASE WHEN failures >= 4 THEN
                clock_timestamp() + least(interval '15 seconds' * 2 ^ least(failures - 4, 10), interval '15 minutes')
            END
        WHERE id = \(person) AND (locked_until IS NULL OR locked_until <= clock_timestamp())
        """
    }

    // MARK: Sessions

    static func open(_ hash: [UInt8], _ person: UUID, csrf: String) -> SQL {
        """
        INSERT INTO console.session (token_hash, person_id, csrf, expires_at)
        VALUES (\(hash), \(person), \(csrf), clock_timestamp() + interval '12 hours')
        """
    }

    /// Idle for 15 minutes, or 12 hours old: gone.
    static func session(_ hash: [UInt8]) -> SQL {
        """
        SELECT p.id, p.name, p.practices, p.administrator, s.csrf, s.last_seen_at < clock_timestamp() - interval '30 seconds'
        FROM console.session s JOIN console.person p ON p.id = s.person_id
        WHERE s.token_hash = \(hash) AND s.expires_at > clock_timestamp()
            AND s.last_seen_at > clock_timestamp() - interval '15 minutes' AND p.disabled_at IS NULL
        """
    }

    static func touch(_ hash: [UInt8]) -> SQL {
        "UPDATE console.session SET last_seen_at = clock_timestamp() WHERE token_hash = \(hash)"
    }

    static func close(_ hash: [UInt8]) -> SQL { "DELETE FROM console.session WHERE token_hash = \(hash)" }

    /// The command may not delete sessions, so it lets them expire.
    static func endSessions(_ person: UUID) -> SQL {
        "UPDATE console.session SET expires_at = clock_timestamp() WHERE person_id = \(person)"
    }

    static func sweep() -> SQL {
        """
        DELETE FROM console.session
        WHERE expires_at <= clock_timestamp() OR last_seen_at <= clock_timestamp() - interval '15 minutes'
        """
    }
}
