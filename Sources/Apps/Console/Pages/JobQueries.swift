import Foundation
import Postgres

/// Statements on jobs that do not run. `queue.blocked` is small and has no row-level security: each says whose eyes
/// it is for.
enum JobQueries {
    static func blockedCount(_ practice: String) -> SQL {
        "SELECT count(*) FROM queue.blocked WHERE practice_id = \(practice) AND state IN ('parked', 'uncertain')"
    }

    /// Jobs of the same kind of trouble, the largest group first.
    static func groups(_ person: SignedIn, _ wanted: JobSelection) -> SQL {
        """
        SELECT q.name, b.state, b.code, count(*), min(b.blocked_at), max(b.blocked_at)
        FROM queue.blocked b JOIN queue.queue q ON q.id = b.queue
        WHERE \(fragment: matches(person, wanted))
        GROUP BY q.name, b.state, b.code ORDER BY count(*) DESC, q.name, b.code
        """
    }

    static func members(_ person: SignedIn, _ wanted: JobSelection, after: Int64?, limit: Int64) -> SQL {
        """
        SELECT b.id, q.name, b.state, b.code, b.stage, b.detail, b.practice_id, b.attempts, b.blocked_at
        FROM queue.blocked b JOIN queue.queue q ON q.id = b.queue
        WHERE \(fragment: matches(person, wanted)) AND (\(after)::bigint IS NULL OR b.id > \(after))
        ORDER BY b.id LIMIT \(limit)
        """
    }

    /// What a replay of the selection would move, and which later jobs it lets go.
    static func replayable(_ person: SignedIn, _ wanted: JobSelection) -> SQL {
        """
        SELECT b.id, q.name, (
            SELECT count(*) FROM queue.blocked w
            WHERE w.queue = b.queue AND w.lane = b.lane AND w.key = b.key AND w.state = 'waiting' AND w.id > b.id)
        FROM queue.blocked b JOIN queue.queue q ON q.id = b.queue
        WHERE \(fragment: matches(person, wanted)) AND b.state IN ('parked', 'uncertain')
        ORDER BY b.id
        """
    }

    private static func matches(_ person: SignedIn, _ wanted: JobSelection) -> SQL {
        """
        \(fragment: person.condition(on: "b.practice_id"))
            AND (\(wanted.id)::bigint IS NULL OR b.id = \(wanted.id))
            AND (\(wanted.state)::text IS NULL OR b.state = \(wanted.state))
            AND (\(wanted.queue)::text IS NULL OR q.name = \(wanted.queue))
            AND (\(wanted.code)::text IS NULL OR b.code = \(wanted.code))
            AND (\(wanted.practice)::text IS NULL OR b.practice_id = \(wanted.practice))
            AND (\(wanted.item)::uuid IS NULL OR b.work_item = \(wanted.item))
            AND (\(wanted.until)::bigint IS NULL OR (extract(epoch FROM b.blocked_at) * 1000000)::bigint <= \(wanted.until))
        """
    }

    /// Index blocked_by_entry.
    static func ofEntry(_ day: CalendarDay, _ entry: Int64, _ person: SignedIn) -> SQL {
        """
        SELECT id, state, code FROM queue.blocked
        WHERE received_on = \(day) AND entry_id = \(entry)
            AND \(fragment: person.condition(on: "practice_id"))
        ORDER BY id
        """
    }

    static func now() -> SQL { "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint" }

    /// The booking app is not told of it any more; the next version of the record is told all the same.
    static func discardDelivery(_ practice: String, subscription: String, event: Int64) -> SQL {
        """
        UPDATE api.delivery SET state = 'discarded', ended_at = clock_timestamp()
        WHERE practice_id = \(practice) AND subscription_id = \(subscription)::text::uuid AND event_number = \(event)
            AND state = 'pending'
        """
    }
}

/// Which blocked jobs are meant. Nil means all.
struct JobSelection {
    var id: Int64?
    var state: String?
    var queue: String?
    var code: String?
    var practice: String?
    /// Those that wait for one code.
    var item: UUID?
    /// Blocked no later than this, in microseconds since 1970: what a page has shown, and nothing since.
    var until: Int64?

    init(_ form: Form) {
        id = form["id"].flatMap { Int64($0) }
        state = form["state"].flatMap { $0 == "all" ? nil : $0 }
        queue = form["queue"]
        code = form["code"]
        practice = form["practice"]
        item = form["item"].flatMap(UUID.init(uuidString:))
    }
}
