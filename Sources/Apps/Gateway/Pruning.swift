package import Hosting
package import Logging
package import Postgres
import ServiceLifecycle
import Worker

/// Lets go what is older than it has to be kept, hourly, in one process at a time: the journal day by day (entries, what
/// tells a resend, outcomes, repeats), refusals, deliveries that have ended, and sessions and invitations a day after
/// their end. A day of which anything is still queued or parked is kept whole.
package struct Pruning: Service {
    private let pool: Pool
    private let days: Int
    private let pruned: Counter
    private let logger: Logger

    /// Kinds of rows, as the metric names them.
    package enum Kind: String, CaseIterable, Sendable {
        case day, refusal, delivery, session, invite, suspect
    }

    package init(
        pool: Pool, days: Int, metrics: Metrics, logger: Logger = Logger(label: "pmsync.gateway.pruning")
    ) {
        self.pool = pool
        self.days = days
        self.logger = logger
        pruned = metrics.counter(
            "pmsync_pruned_total",
            help: "What left because it was old enough: whole days of the journal, rows of others.",
            labels: ["kind": Metrics.values(Kind.self)])
    }

    package func run() async throws {
        let turn = Turn("pruning", pool.configuration)
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                if await turn.isOurs() { await attempt() }
                try? await Task.sleep(for: .seconds(3600))
            }
        }
        await turn.end()
    }

    private func attempt() async {
        do {
            try await round()
        } catch  where Task.isCancelled {
            return
        } catch {
            logger.warning(
                "Old rows could not leave; the next hour tries again.",
                metadata: ["failure.code": "\(FailureCode.of(error))"])
        }
    }

    /// Once. Safe to repeat, and to break off anywhere: each day and each batch is a commit of its own.
    @discardableResult
    package func round() async throws -> [Kind: Int] {
        var counts: [Kind: Int] = [:]
        for row in try await pool.query(PruningQueries.days(before: Int32(days))) {
            let day = try row.decode(CalendarDay.self)
            try await pool.transaction { transaction in
                for sql in PruningQueries.dependents(of: day) { try await transaction.execute(sql) }
                try await transaction.query(PruningQueries.drop(day))
            }
            counts[.day, default: 0] += 1
        }
        for (kind, sql) in PruningQueries.rows(days: Int32(days)) {
            while case let gone = try await pool.execute(sql), gone > 0 { counts[kind, default: 0] += gone }
        }
        for (kind, count) in counts { pruned.add(Double(count), ["kind": kind.rawValue]) }
        if !counts.isEmpty {
            logger.info(
                "Old rows have left.",
                metadata: Dictionary(uniqueKeysWithValues: counts.map { ("pruned.\($0.key.rawValue)", "\($0.value)") }))
        }
        return counts
    }
}

/// Batches, so that no statement holds its locks for long.
private enum PruningQueries {
    static func days(before days: Int32) -> SQL {
        "SELECT d FROM journal.days_before((clock_timestamp() AT TIME ZONE 'UTC')::date - \(days)) d"
    }

    /// Indexes seen_by_day, outcome_by_entry, repeat_by_entry.
    static func dependents(of day: CalendarDay) -> [SQL] {
        [
            "DELETE FROM journal.seen WHERE received_on = \(day)",
            "DELETE FROM journal.outcome WHERE received_on = \(day)",
            "DELETE FROM journal.repeat WHERE received_on = \(day)",
        ]
    }

    static func drop(_ day: CalendarDay) -> SQL { "SELECT journal.drop_day(\(day))::text" }

    /// Each to be repeated until it finds nothing. Index delivery_by_time.
    static func rows(days: Int32) -> [(Pruning.Kind, SQL)] {
        [
            (
                .refusal,
                """
                DELETE FROM journal.refusal WHERE id = ANY (ARRAY(
                    SELECT id FROM journal.refusal WHERE at < clock_timestamp() - make_interval(days => \(days))
                    LIMIT 5000))
                """
            ),
            (
                .delivery,
                """
                DELETE FROM api.delivery WHERE ctid = ANY (ARRAY(
                    SELECT ctid FROM api.delivery
                    WHERE created_at < clock_timestamp() - make_interval(days => \(days)) AND state <> 'pending'
                    LIMIT 5000))
                """
            ),
            (
                .session,
                """
                DELETE FROM console.session
                WHERE expires_at < clock_timestamp() - interval '1 day'
                    OR last_seen_at < clock_timestamp() - interval '1 day'
                """
            ),
            (
                .invite, "DELETE FROM console.invite WHERE expires_at < clock_timestamp() - interval '1 day'"
            ),
            (
                .suspect,
                """
                DELETE FROM queue.suspect s
                WHERE NOT EXISTS (SELECT FROM queue.job j WHERE (j.queue, j.lane, j.id) = (s.queue, s.lane, s.id))
                    AND NOT EXISTS (
                        SELECT FROM queue.blocked b WHERE (b.queue, b.lane, b.id) = (s.queue, s.lane, s.id))
                """
            ),
        ]
    }
}
