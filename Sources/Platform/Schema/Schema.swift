package import Postgres

/// The database's shape, as migrations that are embedded in the program: forward only, each in one transaction, never
/// edited once shipped. Writes `public.schema_migration` and whatever the migrations say; called by `pmsync migrate`,
/// `pmsync up` and the tests. It rings no doorbell.
package enum Schema {
    /// What the programs run as (SET ROLE), each with the grants of its tasks. None may log in.
    package static let roles = [
        "pmsync_gateway", "pmsync_api", "pmsync_scheduling", "pmsync_console", "pmsync_operator",
    ]

    static let migrations = [
        Migration("v0001_foundation", PackageResources.v0001_foundation_sql),
        Migration("v0002_look_ups", PackageResources.v0002_look_ups_sql),
        Migration("v0003_golive", PackageResources.v0003_golive_sql),
        Migration("v0004_identity", PackageResources.v0004_identity_sql),
        Migration("v0005_codes", PackageResources.v0005_codes_sql),
        Migration("v0006_watch", PackageResources.v0006_watch_sql),
        Migration("v0007_agreement", PackageResources.v0007_agreement_sql),
        Migration("v0008_console", PackageResources.v0008_console_sql),
        Migration("v0009_one_rule", PackageResources.v0009_one_rule_sql),
        Migration("v0011_taking_back", PackageResources.v0011_taking_back_sql),
        Migration("v0013_windows", PackageResources.v0013_windows_sql),
        Migration("v0014_visits", PackageResources.v0014_visits_sql),
        Migration("v0015_persons_apart", PackageResources.v0015_persons_apart_sql),
        Migration("v0016_sets", PackageResources.v0016_sets_sql),
        Migration("v0017_scopes", PackageResources.v0017_scopes_sql),
        Migration("v0018_administrators", PackageResources.v0018_administrators_sql),
        Migration("v0019_hot_parents", PackageResources.v0019_hot_parents_sql),
        Migration("v0020_sending", PackageResources.v0020_sending_sql),
    ]

    /// Brings the database to this program's version; the names of what was applied, in order. Safe to repeat, and to
    /// run from several programs at once: the second waits, and finds nothing left to do.
    @discardableResult
    package static func migrate(url: String) async throws -> [String] {
        var configuration = try Configuration(url: url, applicationName: "pmsync migrate")
        configuration.statementTimeout = nil
        configuration.lockTimeout = nil
        return try await migrate(configuration, to: migrations)
    }

    /// What `migrate` would apply. Needs no right but to read; a database that was never migrated lacks all.
    package static func pending(_ configuration: Configuration) async throws -> [String] {
        let session = try await Session.connect(configuration)
        let applied = try await self.applied(session)
        await session.close()
        try check(applied, against: migrations)
        return migrations.filter { applied[$0.name] == nil }.map(\.name)
    }

    static func migrate(_ configuration: Configuration, to migrations: [Migration]) async throws -> [String] {
        let session = try await Session.connect(configuration)
        do {
            try await session.query("SELECT pg_advisory_lock(hashtextextended('pmsync.migrate', 0))")
            try await prepare(session)
            let applied = try await self.applied(session)
            try check(applied, against: migrations)
            let missing = migrations.filter { applied[$0.name] == nil }
            for migration in missing { try await apply(migration, session) }
            await session.close()
            return missing.map(\.name)
        } catch {
            await session.close()  // and with it the lock, and what was not committed
            throw error
        }
    }

    private static func apply(_ migration: Migration, _ session: Session) async throws {
        try await session.script("BEGIN")
        do throws(PostgresError) {
            try await session.script(migration.text)
        } catch {
            throw SchemaError.failed(migration.name, error)
        }
        try await session.execute(
            """
            INSERT INTO public.schema_migration (version, name, checksum)
            VALUES (\(migration.version), \(migration.name), \(migration.checksum))
            """)
        try await session.script("COMMIT")
    }

    /// Name to checksum.
    private static func applied(_ session: Session) async throws -> [String: String] {
        let found = try await session.query("SELECT to_regclass('public.schema_migration') IS NOT NULL")
        guard try found[0].decode(Bool.self) else { return [:] }
        let rows = try await session.query("SELECT name, checksum FROM public.schema_migration")
        return Dictionary(uniqueKeysWithValues: try rows.map { try $0.decode((String, String).self) })
    }

    private static func check(_ applied: [String: String], against migrations: [Migration]) throws {
        for migration in migrations {
            guard let checksum = applied[migration.name], checksum != migration.checksum else { continue }
            throw SchemaError.changed(migration.name)
        }
    }

    /// Roles are the cluster's, while an advisory lock is the database's: another database's migration may make the same
    /// role at the same moment.
    private static func prepare(_ session: Session) async throws {
        try await session.script(
            """
            DO $$
            DECLARE
                role text;
                superuser boolean := (SELECT rolsuper FROM pg_roles WHERE rolname = current_user);
            BEGIN
                FOREACH role IN ARRAY string_to_array('\(roles.joined(separator: ","))', ',') LOOP
                    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
                        BEGIN
                            EXECUTE format('CREATE ROLE %I NOLOGIN', role);
                        EXCEPTION WHEN duplicate_object OR unique_violation THEN
                            NULL;
                        END;
                    END IF;
                    IF NOT superuser THEN
                        EXECUTE format('GRANT %I TO %I', role, current_user);
                    END IF;
                END LOOP;
            END $$;
            CREATE TABLE IF NOT EXISTS public.schema_migration (
                version integer PRIMARY KEY,
                name text NOT NULL UNIQUE,
                checksum text NOT NULL,
                applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
            );
            COMMENT ON TABLE public.schema_migration IS
                'Which migrations this database has had. Written by pmsync migrate; never leaves.';
            GRANT SELECT ON public.schema_migration TO \(roles.joined(separator: ", "));
            """)
    }
}

package enum SchemaError: Error, Equatable, CustomStringConvertible {
    /// A migration was edited after it had been applied.
    case changed(String)
    case failed(String, PostgresError)

    package var description: String {
        switch self {
        case .changed(let name): "migration \(name) has changed since it was applied to this database"
        case .failed(let name, let error): "migration \(name) failed: \(error)"
        }
    }
}
