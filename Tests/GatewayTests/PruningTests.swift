import Foundation
import Gateway
import Hosting
import Postgres
import TestSupport
import Testing

@Suite struct PruningTests {
    private static let kept = 40

    @Test(
        "What is old enough leaves, day by day; a day of which a message is parked stays whole, and what is young stays"
    )
    func prune() async throws {
        let database = try await TestDatabase.make()
        let pool = try database.pool()
        // Days ago: 60 is over, 50 has a parked message, 45 a waiting one, 10 is young.
        for age in [60, 50, 45, 10] { try await day(age, pool) }
        for (table, age) in [("queue.blocked", 50), ("queue.job", 45)] { try await hold(table, age, pool) }
        let metrics = Metrics()
        let pruning = Pruning(
            pool: try database.pool(role: "pmsync_gateway"), days: Self.kept, metrics: metrics)
        let gone = try await pruning.round()
        #expect(gone == [.day: 1, .refusal: 3, .delivery: 3, .session: 3, .invite: 3])
        for count: SQL in [
            "SELECT count(*) FROM journal.entry", "SELECT count(*) FROM journal.seen",
            "SELECT count(*) FROM journal.outcome", "SELECT count(*) FROM journal.repeat",
        ] { #expect(try await pool.query(count).first?.decode(Int64.self) == 3) }
        #expect(metrics.exposition().contains(#"pmsync_pruned_total{kind="day"} 1"#))
        #expect(try await pruning.round() == [:])
        pool.close()
    }

    @Test("No day of the last thirty is dropped, whoever asks")
    func floor() async throws {
        let database = try await TestDatabase.make()
        let gateway = try database.pool(role: "pmsync_gateway")
        await #expect(throws: PostgresError.self) {
            try await gateway.query("SELECT journal.drop_day(current_date - 5)::text")
        }
        gateway.close()
    }

    private func day(_ age: Int, _ pool: Pool) async throws {
        let age = Int32(age)
        _ = try await pool.query("SELECT journal.make_days(current_date - \(age), current_date - \(age))::text")
        for sql: SQL in [
            """
            INSERT INTO journal.entry (received_on, id, feed, peer, control_id, message_type, digest, payload)
            VALUES (current_date - \(age), \(age), 'f', 'p', 'c', 'SIU^S12', sha256('x'), 'x')
            """,
            """
            INSERT INTO journal.seen (feed, control_id, digest, received_on, entry_id)
            VALUES ('f', \("c\(age)"), sha256('x'), current_date - \(age), \(age))
            """,
            """
            INSERT INTO journal.outcome (received_on, entry_id, workflow, code)
            VALUES (current_date - \(age), \(age), 'scheduling', 'applied')
            """,
            "INSERT INTO journal.repeat (received_on, entry_id, peer) VALUES (current_date - \(age), \(age), 'p')",
            """
            INSERT INTO journal.refusal (at, feed, peer, reason, size, head)
            VALUES (clock_timestamp() - make_interval(days => \(age)), 'f', 'p', 'closed', 1, 'x')
            """,
            """
            WITH practice AS (
                INSERT INTO records.practice (practice_id, enterprise_id, name, zone) VALUES (\("p\(age)"), 'e', 'P', 'UTC')
                RETURNING practice_id
            ), client AS (
                INSERT INTO api.client (practice_id, name, key_hash)
                SELECT practice_id, 'app', sha256(\("k\(age)")::bytea) FROM practice RETURNING practice_id, id
            ), subscription AS (
                INSERT INTO api.subscription (practice_id, client_id, url, secret, queue)
                SELECT practice_id, id, 'https://app.example', decode(repeat('00', 24), 'hex'), 1 FROM client
                RETURNING practice_id, id
            )
            INSERT INTO api.delivery (practice_id, subscription_id, event_number, id, type, record_kind, record_id, version,
                state, created_at, ended_at)
            SELECT practice_id, id, n, gen_random_uuid(), 't', 'appointment', gen_random_uuid(), 1,
                CASE n WHEN 1 THEN 'delivered' ELSE 'pending' END, clock_timestamp() - make_interval(days => \(age)),
                CASE n WHEN 1 THEN clock_timestamp() END
            FROM subscription, generate_series(1, 2) n
            """,
            """
            WITH person AS (INSERT INTO console.person (name) VALUES (\("ann\(age)")) RETURNING id), session AS (
                INSERT INTO console.session (token_hash, person_id, csrf, expires_at)
                SELECT sha256(\("s\(age)")::bytea), id, 'c', clock_timestamp() + make_interval(days => 20 - \(age))
                FROM person
            )
            INSERT INTO console.invite (token_hash, person_id, expires_at)
            SELECT sha256(\("i\(age)")::bytea), id, clock_timestamp() + make_interval(days => 20 - \(age)) FROM person
            """,
        ] { _ = try await pool.execute(sql) }
    }

    private func hold(_ table: String, _ age: Int, _ pool: Pool) async throws {
        let age = Int32(age)
        let key = [UInt8](repeating: 1, count: 16)
        _ = try await pool.execute(
            table == "queue.job"
                ? """
                INSERT INTO queue.job (queue, lane, kind, key, received_on, entry_id)
                VALUES (1, 0, 'message', \(key), current_date - \(age), \(age))
                """
                : """
                INSERT INTO queue.blocked (queue, lane, id, kind, state, attempts, enqueued_at, key, holds_key, code,
                    received_on, entry_id, payload)
                VALUES (1, 0, 1, 'message', 'parked', 0, clock_timestamp(), \(key), false, 'x', current_date - \(age),
                    \(age), '{}')
                """)
    }
}
