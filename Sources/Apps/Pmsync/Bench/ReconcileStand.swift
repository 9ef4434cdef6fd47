import Foundation
import Postgres
import Practice
import Reconciliation
import Scheduling
import Schema
import Synchronization
import Worker
import Workflow

/// A practice with as many appointments as are asked for, in a database of its own, and its PM's list as a file that
/// differs in a few: moved, cancelled, removed, added, a quarter each.
struct ReconcileStand {
    private static let practice = "bench"
    private static let zone = "America/Chicago"
    private static let practitioners = 2_000
    private static let quarters = 32
    private static let persons = 100_000

    let pool: Pool
    private let folder: String
    private let cluster: PrivateCluster
    private let owner: Pool
    private let reconciliation: SchedulingReconciliation
    private let rows: Int
    private let differences: Int
    private let today: Day

    /// One run's steps, in seconds.
    struct Figures {
        let reading: Double
        let matching: Double
        let records: Double
        let overbooking: Double
        let comparing: Double
        let keeping: Double

        /// From the list in the database to the findings.
        var whole: Double { matching + records + overbooking + comparing }
    }

    static func set(rows: Int, differences: Int, workflows: String?, temporary: String?) async throws -> ReconcileStand
    {
        let definitions = try DefinitionFolder(workflows)
        let base = temporary ?? FileManager.default.temporaryDirectory.path
        let folder = "\(base)/pmsync-bench-\(ProcessInfo.processInfo.processIdentifier)"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o711])
        do {
            let cluster = try await PrivateCluster.start(
                folder: folder + "/postgres", durable: true, removedAtEnd: true)
            do {
                let stand = try await ReconcileStand(
                    folder, cluster, definitions, rows: rows, differences: differences)
                try await stand.load()
                try await stand.export()
                return stand
            } catch {
                await cluster.stop()
                throw error
            }
        } catch {
            try? FileManager.default.removeItem(atPath: folder)
            throw error
        }
    }

    private init(
        _ folder: String, _ cluster: PrivateCluster, _ definitions: DefinitionFolder, rows: Int, differences: Int
    ) async throws {
        self.folder = folder
        self.cluster = cluster
        self.rows = rows
        self.differences = differences
        try await Schema.migrate(url: cluster.url)
        pool = Pool(try Configuration(url: cluster.url, role: "pmsync_operator"), size: 2)
        var configuration = try Configuration(url: cluster.url)
        configuration.statementTimeout = nil
        owner = Pool(configuration, size: 1)
        var files = try Definition.files(inFolder: definitions.path)
        files["practices/bench.yaml"] = """
            practice: \(Self.practice)
            zone: \(Self.zone)
            feeds: [{feed: bench-pm, profile: standard, sender: BENCHPM}]
            reconcile: {pm: {csv: bench.csv}}
            """
        _ = try await DefinitionStore.apply(files, by: "bench", to: pool)
        let own = Pool(try Configuration(url: cluster.url, role: "pmsync_scheduling"), size: 2)
        reconciliation = SchedulingReconciliation(
            pool: own, definitions: DefinitionStore(pool: own), folder: folder)
        today = (PracticeTime(zoneNamed: Self.zone) ?? PracticeTime(zone: .gmt)).day(of: Date())
    }

    // MARK: Loading

    /// As loads and messages would have left it an hour ago. Row by row it would take the better part of an hour, so keys
    /// are not looked up, which the data satisfies.
    private func load() async throws {
        let count = Int64(rows)
        let (practitioners, quarters, persons) = (
            Int64(Self.practitioners), Int64(Self.quarters), Int64(Self.persons)
        )
        let statements: [SQL] = [
            """
            INSERT INTO records.person (enterprise_id, id, family, given)
            SELECT 'bench', md5('p' || n)::uuid, 'Bench' || n, 'Alex' FROM generate_series(0, \(persons - 1)) n
            """,
            """
            INSERT INTO records.person_alias (enterprise_id, kind, authority, value, person_id, trust)
            SELECT 'bench', 'mrn', 'PM', 'M' || n, md5('p' || n)::uuid, 80 FROM generate_series(0, \(persons - 1)) n
            """,
            """
            INSERT INTO records.resource (practice_id, id, kind, code)
            SELECT 'bench', md5('r' || n)::uuid, 'practitioner', 'D' || n FROM generate_series(0, \(practitioners - 1)) n
            UNION ALL SELECT 'bench', md5('l')::uuid, 'location', 'MAIN'
            """,
            """
            INSERT INTO records.appointment (practice_id, id, version, status, source_status, start_at, end_at,
                enterprise_id, person_id, event_at, received_on, entry_id, created_at, changed_at)
            SELECT 'bench', md5('a' || n)::uuid, 1, 'booked', 'BOOKED', s.at, s.at + interval '15 minutes', 'bench',
                md5('p' || n % \(persons))::uuid, s.at, current_date, n + 1, now() - interval '1 hour',
                now() - interval '1 hour'
            FROM generate_series(0, \(count - 1)) n
            CROSS JOIN LATERAL (SELECT ((\(today.description)::text::date + (n / (\(practitioners) * \(quarters)))::integer)
                ::timestamp + interval '8 hours' + n / \(practitioners) % \(quarters) * interval '15 minutes')
                AT TIME ZONE \(Self.zone)) s (at)
            """,
            """
            INSERT INTO records.appointment_resource (practice_id, appointment_id, resource_id, start_at, end_at)
            SELECT 'bench', a.id, r.id, a.start_at, a.end_at FROM records.appointment a
            CROSS JOIN LATERAL (VALUES (md5('r' || (a.entry_id - 1) % \(practitioners))::uuid), (md5('l')::uuid)) r (id)
            WHERE a.practice_id = 'bench'
            """,
            """
            INSERT INTO records.appointment_alias (practice_id, kind, authority, value, appointment_id, trust)
            SELECT 'bench', 'filler', '', 'F' || entry_id, id, 90 FROM records.appointment WHERE practice_id = 'bench'
            """,
            """
            INSERT INTO journal.entry (received_on, feed, practice_id, peer, control_id, message_type, digest, payload)
            VALUES (current_date, 'bench-pm', 'bench', 'bench', '1', 'SIU^S12', sha256('1'), 'MSH')
            """,
        ]
        try await owner.withSession { session in
            // Pages that are written whole after each checkpoint would be most of what a million keys write.
            for setting in ["full_page_writes = off", "max_wal_size = '8GB'"] {
                try await session.script("ALTER SYSTEM SET \(setting)")
            }
            try await session.script("SELECT pg_reload_conf()")
            try await session.script("SET session_replication_role = replica; SET synchronous_commit = off")
            let indexes = try await session.query(Self.lookUps).map { try $0.decode((String, String).self) }
            for (name, _) in indexes { try await session.script("DROP INDEX \(name)") }
            for statement in statements { try await session.execute(statement) }
            for (_, definition) in indexes { try await session.script(definition) }
            try await session.script(
                "VACUUM ANALYZE records.appointment, records.appointment_resource, records.appointment_alias, "
                    + "records.person, records.person_alias, records.resource")
        }
    }

    /// The indexes that no constraint rests on: made at the end, they take a tenth of the time.
    private static let lookUps: SQL = """
        SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid)
        FROM pg_index i
        WHERE i.indrelid IN ('records.appointment'::regclass, 'records.appointment_resource'::regclass,
                'records.appointment_alias'::regclass)
            AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)
        """

    /// The PM's list, made ten minutes ago, and both sides as flat tables in order, for the reference and for reladiff.
    private func export() async throws {
        let quarter = Int64(differences / 4)
        let step = Int64(rows / (differences + 1))
        try await owner.withSession { session in
            try await session.execute(
                """
                CREATE TABLE public.bench_ours AS
                SELECT a.id, a.entry_id AS n, a.person_id, a.start_at, a.end_at, a.status, r.code AS resource,
                    'MAIN'::text AS location
                FROM records.appointment a
                JOIN records.appointment_resource u ON u.practice_id = a.practice_id AND u.appointment_id = a.id
                JOIN records.resource r ON r.practice_id = u.practice_id AND r.id = u.resource_id
                WHERE a.practice_id = 'bench' AND r.kind = 'practitioner' ORDER BY a.id
                """)
            try await session.execute(
                """
                CREATE TABLE public.bench_theirs AS
                SELECT o.id, o.n, o.person_id,
                    o.start_at + CASE d.kind WHEN 1 THEN interval '1 day' ELSE interval '0' END AS start_at,
                    o.end_at + CASE d.kind WHEN 1 THEN interval '1 day' ELSE interval '0' END AS end_at,
                    CASE d.kind WHEN 2 THEN 'cancelled' ELSE o.status END AS status, o.resource, o.location
                FROM public.bench_ours o
                CROSS JOIN LATERAL (SELECT CASE WHEN o.n % \(step) = 0 AND o.n / \(step) <= \(quarter * 3)
                    THEN (o.n / \(step) - 1) / \(quarter) + 1 ELSE 0 END AS kind) d
                WHERE d.kind <> 3
                UNION ALL
                SELECT md5('x' || n)::uuid, -n, md5('p' || n)::uuid,
                    (\(today.description)::text::date::timestamp + interval '6 hours' + n * interval '1 minute')
                        AT TIME ZONE \(Self.zone),
                    (\(today.description)::text::date::timestamp + interval '6 hours' + (n + 1) * interval '1 minute')
                        AT TIME ZONE \(Self.zone), 'booked', 'D1', 'MAIN'
                FROM generate_series(1, \(Int64(differences) - quarter * 3)) n
                ORDER BY 1
                """)
            try await session.script(
                """
                ALTER TABLE public.bench_ours ADD PRIMARY KEY (id);
                ALTER TABLE public.bench_theirs ADD PRIMARY KEY (id);
                ANALYZE public.bench_ours, public.bench_theirs
                """)
            let path = folder + "/bench.csv"
            try "appointment_id,status,start,end,mrn,provider,location\n"
                .write(toFile: path, atomically: true, encoding: .utf8)
            let file = try LineFile(path)
            try await session.copyOut(
                """
                COPY (SELECT 'F' || CASE WHEN t.n < 0 THEN 'X' || -t.n ELSE t.n::text END, upper(t.status),
                    to_char(t.start_at AT TIME ZONE 'America/Chicago', 'YYYY-MM-DD HH24:MI'),
                    to_char(t.end_at AT TIME ZONE 'America/Chicago', 'YYYY-MM-DD HH24:MI'),
                    'M' || CASE WHEN t.n < 0 THEN -t.n ELSE (t.n - 1) % 100000 END, t.resource, t.location
                FROM public.bench_theirs t ORDER BY abs(t.n)) TO STDOUT (FORMAT csv)
                """, each: { file.write($0) })
            try file.close()
            try Date().addingTimeInterval(-600).formatted(.iso8601)
                .write(toFile: path + ".asof", atomically: true, encoding: .utf8)
        }
    }

    // MARK: Measuring

    /// Compares all that there is, and holds it to what was planted.
    func reconcile() async throws -> Figures {
        let last = today.adding(days: rows / (Self.practitioners * Self.quarters) + 1)
        let runs = try await reconciliation.run(practice: Self.practice, from: today, to: last, now: Date())
        guard let run = runs.first, run.pmProblem == nil else {
            throw CommandError.benchFoundOther("the PM's list could not be read")
        }
        let counts = run.run.counts
        // A day's move leaves its old time free and may meet another there: nothing else is open.
        guard counts.open == differences, counts.matched == rows - differences / 4 * 3 else {
            throw CommandError.benchFoundOther(
                "\(counts.open) of \(differences) differences, \(counts.matched) matched")
        }
        let timing = run.timing
        return Figures(
            reading: timing.reading, matching: timing.matching, records: timing.records,
            overbooking: timing.overbooking, comparing: timing.doubting + timing.judging, keeping: timing.keeping)
    }

    /// Both sides out of the database, in order, one after the other; in seconds.
    func copyBothStreams() async throws -> Double {
        try await owner.withSession { session in
            let began = ContinuousClock.now
            let bytes = Mutex(0)
            for side in [
                "COPY (SELECT id, person_id, start_at, end_at, status, resource, location FROM public.bench_ours ORDER BY id) TO STDOUT (FORMAT binary)",
                "COPY (SELECT id, person_id, start_at, end_at, status, resource, location FROM public.bench_theirs ORDER BY id) TO STDOUT (FORMAT binary)",
            ] as [SQL] {
                try await session.copyOut(side) { row in bytes.withLock { $0 += row.count } }
            }
            return began.duration(to: .now) / .seconds(1)
        }
    }

    /// The same two flat tables by reladiff, as tables of two databases; nil where there is none. In seconds, its start
    /// included.
    func reladiff(_ given: String?) async throws -> Double? {
        guard let program = given ?? Shell.line("/usr/bin/env", ["sh", "-c", "command -v reladiff"]) else { return nil }
        // Of a URL it takes no socket's folder, but libpq takes one from the environment.
        let folder = URLComponents(string: cluster.url)?.queryItems?.first { $0.name == "host" }?.value ?? ""
        let url = "postgresql://pmsync@/\(PrivateCluster.database)"
        let began = ContinuousClock.now
        let output = Shell.output(
            "/usr/bin/env",
            [
                "PGHOST=\(folder)", program, url, "bench_ours", url, "bench_theirs", "--algorithm", "hashdiff",
                "--json",
                "-k", "id", "-c", "person_id", "-c", "start_at", "-c", "end_at", "-c", "status", "-c", "resource", "-c",
                "location",
            ])
        let took = began.duration(to: .now) / .seconds(1)
        // One that could not connect says so and ends as if all were well. What differs it tells twice, once a side.
        let told = output.map {
            $0.components(separatedBy: "[\"+\",").count + $0.components(separatedBy: "[\"-\",").count - 2
        }
        let quarter = differences / 4
        guard told == differences + quarter * 2 else {
            throw CommandError.benchFoundOther("\(told ?? 0) lines of reladiff for \(differences) differences")
        }
        return took
    }

    func strike() async {
        await reconciliation.close()
        pool.close()
        owner.close()
        await cluster.stop()
        try? FileManager.default.removeItem(atPath: folder)
    }
}

/// Lines on their way into a file, a megabyte at a time.
private final class LineFile: Sendable {
    private let handle: FileHandle
    private let buffer = Mutex(Data())

    init(_ path: String) throws {
        handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        try handle.seekToEnd()
    }

    func write(_ bytes: [UInt8]) {
        buffer.withLock { buffer in
            buffer.append(contentsOf: bytes)
            guard buffer.count > 1 << 20 else { return }
            handle.write(buffer)
            buffer.removeAll(keepingCapacity: true)
        }
    }

    func close() throws {
        buffer.withLock { handle.write($0) }
        try handle.close()
    }
}
