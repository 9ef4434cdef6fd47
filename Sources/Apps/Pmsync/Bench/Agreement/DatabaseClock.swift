import Foundation
import Postgres
import Synchronization

/// The clock of a private database, which can be put on: `clock_timestamp()`, which every table's times, leases and
/// evidence go by, is then the world's plus so many seconds. A function of the same name before PostgreSQL's own on the
/// database's search path does it, so that no program needs to know.
final class DatabaseClock: Sendable {
    private let pool: Pool
    /// In seconds.
    private let ahead = Mutex<TimeInterval>(0)

    private init(pool: Pool) { self.pool = pool }

    /// To be made before the schema, whose defaults are bound to the function that they find. As the owner.
    static func install(url: String, pool: Pool) async throws -> DatabaseClock {
        let session = try await Session.connect(try Configuration(url: url))
        try await session.script(
            """
            CREATE TABLE public.skew (seconds double precision NOT NULL);
            INSERT INTO public.skew VALUES (0);
            GRANT SELECT ON public.skew TO PUBLIC;
            CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS
                'SELECT pg_catalog.clock_timestamp() + make_interval(secs => (SELECT seconds FROM public.skew))';
            DO $$ BEGIN
                EXECUTE format('ALTER DATABASE %I SET search_path = public, pg_catalog', current_database());
            END $$;
            """)
        await session.close()
        return DatabaseClock(pool: pool)
    }

    /// Makes it this late; from there it goes on by itself. It never goes back.
    func set(_ instant: Date) async throws {
        let seconds = instant.timeIntervalSince(Date())
        try await pool.execute("UPDATE public.skew SET seconds = greatest(seconds, \(seconds))")
        ahead.withLock { $0 = max($0, seconds) }
    }

    /// What it shows, by the world's clock here: for whoever asks often.
    var shown: Date { Date().addingTimeInterval(ahead.withLock { $0 }) }

    func now() async throws -> Date {
        guard let row = try await pool.query("SELECT clock_timestamp()").first else { throw PostgresError.cancelled }
        return try row.decode(Date.self)
    }

    /// The first time may be earlier than the world's.
    func start(at instant: Date) async throws {
        let seconds = instant.timeIntervalSince(Date())
        try await pool.execute("UPDATE public.skew SET seconds = \(seconds)")
        ahead.withLock { $0 = seconds }
    }
}
