import Foundation
import Postgres
import Practice
import Reconciliation
import Workflow

/// What the database settles by itself: appointments that are equal in everything that is compared need no rule and no
/// evidence, and are counted where they are. The rest is `doubtful`, for `Comparison` to judge; that both together say
/// what `Comparison` alone would say is a property that the tests hold them to.
///
///     readOurs -> doubt: by one number a line and a record -> findClashes -> sift: for each booking app's list
struct ReconcileSieve {
    let practice: String
    let enterprise: String
    let zone: String
    let reach: Range<Date>
    let window: Range<Date>
    let goLive: Date?
    /// The lists that were read, with how many lines each has: 0 is the PM's.
    let sides: [Int16: Int]
    /// Nothing is passed over: for the tests, which hold the sieve to what `Comparison` says of all.
    let isOpen: Bool
    let transaction: Transaction
    /// Our records: all that were read, and those that start in the window.
    private var counted = (all: 0, inside: 0)

    init(
        practice: PracticeProfile, reach: Range<Date>, window: Range<Date>, sides: [Int16: Int], isOpen: Bool,
        in transaction: Transaction
    ) {
        self.practice = practice.id
        enterprise = practice.enterprise
        zone = practice.zoneName
        goLive = practice.goLive.of(SchedulingReconciliation.workflow)
        self.reach = reach
        self.window = window
        self.sides = sides
        self.isOpen = isOpen
        self.transaction = transaction
    }

    private var hasPM: Bool { sides[0] != nil }

    // MARK: Our record

    /// Those within reach. Who is booked is the only practitioner, else the only device; where, the only place: of several
    /// none stands for all, and a list names only one.
    mutating func readOurs() async throws {
        try await transaction.execute(
            """
            INSERT INTO pg_temp.bookable (id, number, kind, code, site, capacity)
            SELECT id, row_number() OVER (ORDER BY id), kind, code, split_part(code, '/', 1), capacity
            FROM records.resource WHERE practice_id = \(practice)
            """)
        try await transaction.execute("ANALYZE pg_temp.bookable")
        try await transaction.execute(
            records("a.start_at >= \(reach.lowerBound) AND a.start_at < \(reach.upperBound)"))
        try await transaction.execute("ANALYZE pg_temp.ours")
        let row = try await transaction.query("SELECT count(*), count(*) FILTER (WHERE inside) FROM pg_temp.ours").first
        if let (all, inside) = try row?.decode((Int, Int).self) { counted = (all, inside) }
    }

    /// The digest is the line's of `ReconcileMatching`, field by field. A block, and what is before going live, has none,
    /// for there is more to say of it than that it is alike. Resources go by numbers, for a million of them.
    private func records(_ which: SQL) -> SQL {
        """
        WITH booked AS (
            SELECT a.id, min(b.number) FILTER (WHERE b.kind = 'practitioner') AS first_one,
                max(b.number) FILTER (WHERE b.kind = 'practitioner') AS last_one,
                min(b.number) FILTER (WHERE b.kind = 'device') AS first_thing,
                max(b.number) FILTER (WHERE b.kind = 'device') AS last_thing,
                min(b.number) FILTER (WHERE b.kind = 'location') AS first_site,
                max(b.number) FILTER (WHERE b.kind = 'location') AS last_site
            FROM records.appointment a
            JOIN records.appointment_resource u ON u.practice_id = a.practice_id AND u.appointment_id = a.id
            JOIN pg_temp.bookable b ON b.id = u.resource_id
            WHERE a.practice_id = \(practice) AND \(fragment: which)
            GROUP BY a.id
        ), stated AS (
            SELECT a.id, a.version, a.status, a.source_status, a.start_at, a.end_at, a.changed_at, a.created_at,
                coalesce(p.survivor, a.person_id) AS person_id,
                coalesce(left(p.given, 1) || left(p.family, 1), '') AS initials, w.code AS resource,
                CASE WHEN s.site = t.site THEN s.site END AS location, 'derived' = ANY (a.flags) AS derived,
                a.status NOT IN ('cancelled', 'entered-in-error', 'noshow', 'proposed') AS live, a.overbooked,
                coalesce(a.start_at >= \(window.lowerBound) AND a.start_at < \(window.upperBound), false) AS inside
            FROM records.appointment a
            LEFT JOIN booked b ON b.id = a.id
            LEFT JOIN pg_temp.bookable w ON w.number = CASE WHEN b.first_one = b.last_one THEN b.first_one
                WHEN b.first_one IS NULL AND b.first_thing = b.last_thing THEN b.first_thing END
            LEFT JOIN pg_temp.bookable s ON s.number = b.first_site
            LEFT JOIN pg_temp.bookable t ON t.number = b.last_site
            LEFT JOIN records.person p ON p.enterprise_id = \(enterprise) AND p.id = a.person_id
            WHERE a.practice_id = \(practice) AND \(fragment: which)
        )
        INSERT INTO pg_temp.ours (id, version, status, source_status, start_at, end_at, changed_at, created_at, person_id,
            initials, resource, location, derived, live, overbooked, inside, digest)
        SELECT c.*, CASE WHEN NOT \(isOpen) AND c.person_id IS NOT NULL
                AND c.start_at >= coalesce(\(goLive)::timestamptz, '-infinity') THEN
            hash_record_extended(ROW(c.status, c.start_at, c.end_at, c.person_id, c.resource, c.location), 0) END
        FROM stated c
        """
    }

    /// Days on which we have several live appointments with a person.
    func busyDays() async throws -> Set<Day> {
        let rows = try await transaction.query(
            """
            SELECT (q.quarter AT TIME ZONE \(zone))::date FROM (
                SELECT date_bin('15 minutes', start_at, '2000-01-01T00:00Z') AS quarter, count(*) AS appointments
                FROM pg_temp.ours WHERE inside AND live AND person_id IS NOT NULL GROUP BY 1) q
            GROUP BY 1 HAVING sum(q.appointments) >= 3
            """)
        return Set(try rows.compactMap { Day(try $0.decode(CalendarDay.self)) })
    }

    // MARK: Doubt

    /// Finds the records that a list does not say the same of, the lines that say other than a record, and with them the
    /// records of which a list has two lines. What a list names beyond reach is read too.
    mutating func doubt() async throws {
        for side in sides.keys { try await transaction.execute(unlike(side)) }
        try await transaction.execute("ANALYZE pg_temp.unlike")
        for (side, lines) in sides where try await hasTwins(side, lines) {
            try await transaction.execute(twins(side))
        }
        // One that is here is unlike on both sides, unless another line is like it.
        let beyond: SQL = """
            SELECT id FROM pg_temp.unlike WHERE is_listed EXCEPT SELECT id FROM pg_temp.unlike WHERE NOT is_listed
            """
        if try await !transaction.query("\(fragment: beyond) LIMIT 1").isEmpty {
            let known: SQL = "SELECT o.id FROM pg_temp.ours o JOIN pg_temp.unlike u ON u.id = o.id"
            counted.all += try await transaction.execute(
                records("a.id IN (\(fragment: beyond)) AND a.id NOT IN (\(fragment: known))"))
        }
        try await transaction.execute(
            """
            INSERT INTO pg_temp.doubt (id)
            SELECT id FROM pg_temp.unlike
            UNION SELECT id FROM pg_temp.ours WHERE \(sides.isEmpty) AND digest IS NULL
            ON CONFLICT DO NOTHING
            """)
        try await transaction.execute("ANALYZE pg_temp.doubt")
        try await transaction.execute(theirs(of: "SELECT id FROM pg_temp.doubt"))
        try await transaction.execute(strangers())
        try await transaction.execute(
            """
            UPDATE pg_temp.theirs t SET twice = true
            FROM (SELECT side, record FROM pg_temp.theirs WHERE record IS NOT NULL
                  GROUP BY side, record HAVING count(*) > 1) d
            WHERE t.side = d.side AND t.record = d.record
            """)
        try await transaction.execute("ANALYZE pg_temp.theirs")
        try await transaction.execute(
            "INSERT INTO pg_temp.doubted SELECT o.* FROM pg_temp.ours o JOIN pg_temp.doubt d ON d.id = o.id")
        try await transaction.execute("ANALYZE pg_temp.doubted")
    }

    /// Both sides against each other, in one pass: a record is alike where a line of it has its number.
    private func unlike(_ side: Int16) -> SQL {
        """
        INSERT INTO pg_temp.unlike (side, id, is_listed)
        SELECT \(side), coalesce(k.record, o.id), k.record IS NOT NULL
        FROM (SELECT record, digest FROM pg_temp.known WHERE side = \(side)) k
        FULL JOIN pg_temp.ours o ON o.id = k.record AND o.digest = k.digest
        WHERE k.record IS NULL OR o.id IS NULL
        """
    }

    /// Whether more lines are alike than records are: only then has a record that is alike two lines.
    private func hasTwins(_ side: Int16, _ lines: Int) async throws -> Bool {
        let row = try await transaction.query(
            """
            SELECT (SELECT count(*) FROM pg_temp.rest WHERE side = \(side)), count(*) FILTER (WHERE is_listed),
                count(*) FILTER (WHERE NOT is_listed)
            FROM pg_temp.unlike WHERE side = \(side)
            """
        ).first
        guard let (strangers, unlikeLines, unlikeRecords) = try row?.decode((Int, Int, Int).self) else { return true }
        return lines - strangers - unlikeLines > counted.all - unlikeRecords
    }

    private func twins(_ side: Int16) -> SQL {
        """
        INSERT INTO pg_temp.doubt (id)
        SELECT record FROM pg_temp.known WHERE side = \(side) GROUP BY record HAVING count(*) > 1
        ON CONFLICT DO NOTHING
        """
    }

    /// What all lists say of some records. The record says who it is: an entry that is one and names nobody is no block for
    /// that.
    private func theirs(of records: SQL) -> SQL {
        lines("SELECT k.side, k.n, k.record FROM pg_temp.known k JOIN (\(fragment: records)) d ON d.id = k.record")
    }

    /// The lines that are none of our records.
    private func strangers() -> SQL {
        lines("SELECT side, n, NULL::uuid AS record FROM pg_temp.rest WHERE start_at IS NOT NULL")
    }

    private func lines(_ which: SQL) -> SQL {
        """
        INSERT INTO pg_temp.theirs (side, record, reference, names, bears_our_id, person_id, person, initials, last4,
            start_at, end_at, status, source_status, derived, live, resource, location, version, changed_at)
        SELECT l.side, k.record, l.reference, l.name_values, coalesce(k.record = l.own, false), w.person_id,
            CASE WHEN w.person_id IS NOT NULL THEN w.person_id::text WHEN l.patient <> '' THEN l.patient
                WHEN k.record IS NOT NULL AND NOT l.is_block THEN 'unnamed' ELSE '' END,
            coalesce(w.initials, ''), l.last4, l.start_at, l.end_at, l.status, l.source_status, l.derived,
            coalesce(l.status NOT IN ('cancelled', 'entered-in-error', 'noshow', 'proposed'), true),
            l.resource, l.location, l.version, l.changed_at
        FROM (\(fragment: which)) k
        JOIN pg_temp.listed l ON l.side = k.side AND l.n = k.n
        LEFT JOIN pg_temp.patient w ON w.word = l.patient
        """
    }

    // MARK: Overbooking

    /// Whom it finds is in doubt as well.
    func findClashes() async throws {
        try await transaction.execute(clashes())
        let found: SQL = "SELECT id FROM pg_temp.clash EXCEPT SELECT id FROM pg_temp.doubt"
        try await transaction.execute(theirs(of: found))
        try await transaction.execute(
            "INSERT INTO pg_temp.doubted SELECT * FROM pg_temp.ours WHERE id IN (\(fragment: found))")
        try await transaction.execute("INSERT INTO pg_temp.doubt (id) \(fragment: found)")
    }

    /// Who takes a resource beyond what it holds: of those who are there at one moment, in the order in which they were
    /// booked here, whoever comes after it is full. A wish takes no time, and the PM's overbooking is none; what the PM's
    /// list does not confirm is a finding of its own; those who share a room for several, or a group's number, are one for
    /// whoever leads them.
    private func clashes() -> SQL {
        """
        WITH denied AS (  -- what the PM's list does not have as we have it: where it is, or who is booked
            SELECT o.id, k.is_place FROM pg_temp.doubted o
            CROSS JOIN (VALUES (true), (false)) AS k (is_place)
            WHERE \(hasPM) AND NOT EXISTS (
                SELECT FROM pg_temp.theirs t
                WHERE t.side = 0 AND t.record = o.id AND t.live AND t.start_at = o.start_at
                    AND CASE WHEN k.is_place THEN t.location = o.location
                        ELSE t.resource = o.resource END IS NOT FALSE)
        ), taken AS (
            SELECT o.id, o.created_at, b.number, b.capacity, u.start_at, u.end_at
            FROM pg_temp.ours o
            JOIN records.appointment_resource u ON u.practice_id = \(practice) AND u.appointment_id = o.id
            JOIN pg_temp.bookable b ON b.id = u.resource_id
            WHERE o.live AND o.status <> 'waitlist' AND o.inside AND NOT o.overbooked AND u.start_at < u.end_at
                AND (b.kind <> 'location' OR b.capacity > 1)
                AND (o.id, b.kind = 'location') NOT IN (SELECT id, is_place FROM denied)
        ), beside AS (  -- 1: whoever does not meet a neighbour meets nobody
            SELECT t.*, max(end_at) OVER (before ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) > start_at AS follows,
                lead(start_at) OVER before < end_at AS is_followed
            FROM taken t WINDOW before AS (PARTITION BY number ORDER BY start_at)
        ), crowded AS MATERIALIZED (
            SELECT b.*, CASE WHEN b.capacity = 1 THEN coalesce((
                SELECT g.resource_id::text || g.start_at::text
                FROM records.appointment_resource g
                JOIN records.resource s ON s.practice_id = g.practice_id AND s.id = g.resource_id AND s.capacity > 1
                WHERE g.practice_id = \(practice) AND g.appointment_id = b.id ORDER BY 1 LIMIT 1), (
                SELECT l.kind || l.authority || split_part(l.value, '#', 1) FROM records.appointment_alias l
                WHERE l.practice_id = \(practice) AND l.appointment_id = b.id AND position('#' IN l.value) > 1
                ORDER BY 1 LIMIT 1), b.id::text)
                ELSE b.id::text END AS visit
            FROM beside b WHERE b.follows OR b.is_followed
        ), full_house AS (  -- 2: at each start within one's time, those who are there and were booked no later
            SELECT c.id, array_agg(v.id) AS members
            FROM crowded c
            JOIN crowded m ON m.number = c.number AND m.start_at >= c.start_at AND m.start_at < c.end_at
            JOIN crowded v ON v.number = c.number AND v.start_at <= m.start_at AND m.start_at < v.end_at
                AND (v.created_at, v.id) <= (c.created_at, c.id)
            GROUP BY c.id, c.number, c.capacity, m.start_at
            HAVING count(DISTINCT v.visit) > c.capacity
        )
        INSERT INTO pg_temp.clash (id, other)
        SELECT DISTINCT f.id, o.id FROM full_house f CROSS JOIN LATERAL unnest(f.members) AS o (id) WHERE o.id <> f.id
        """
    }

    // MARK: Sifting

    /// Puts aside what is not simply equal, for one booking app's list (nil: for none); counts what it settled.
    func sift(app: Int16?) async throws -> Comparison.Counts {
        try await transaction.execute(sift(app ?? -1, hasApp: app != nil))
        try await transaction.execute("ANALYZE pg_temp.sifted")
        if hasPM {
            try await transaction.execute(partsOfTheirs())
            try await transaction.execute(partsOfOurs())
        }
        return try await counts(hasApp: app != nil)
    }

    private func sift(_ app: Int16, hasApp: Bool) -> SQL {
        """
        INSERT INTO pg_temp.sifted (id, class, in_pm, in_app, inside)
        SELECT c.id, c.class, c.in_pm::integer, c.in_app::integer, c.inside FROM (
            SELECT o.id, o.inside, p.record IS NOT NULL AS in_pm, a.record IS NOT NULL AS in_app, CASE
                WHEN \(isOpen) OR p.twice OR a.twice OR coalesce(o.start_at, p.start_at, a.start_at) IS NULL
                    OR EXISTS (SELECT FROM pg_temp.clash x WHERE x.id = o.id) THEN 'doubtful'
                WHEN NOT o.inside
                    AND (p.start_at >= \(window.lowerBound) AND p.start_at < \(window.upperBound)) IS NOT TRUE
                    AND (a.start_at >= \(window.lowerBound) AND a.start_at < \(window.upperBound)) IS NOT TRUE
                    THEN 'outside'
                WHEN o.person_id IS NULL AND coalesce(p.person, '') = '' AND coalesce(a.person, '') = '' THEN 'block'
                WHEN greatest(o.start_at, p.start_at, a.start_at) < \(goLive)::timestamptz THEN 'before-go-live'
                WHEN p.record IS NULL AND a.record IS NULL AND NOT o.live AND (\(hasPM) OR \(hasApp)) THEN 'ended'
                WHEN (NOT \(hasPM) OR \(fragment: Self.isEqual("p")) IS TRUE)
                    AND (NOT \(hasApp) OR \(fragment: Self.isEqual("a")) IS TRUE) THEN 'matched'
                ELSE 'doubtful' END AS class
            FROM pg_temp.doubted o
            LEFT JOIN pg_temp.theirs p ON p.side = 0 AND p.record = o.id
            LEFT JOIN pg_temp.theirs a ON a.side = \(app) AND a.record = o.id
        ) c
        WHERE c.class NOT IN ('matched', 'outside')
        ON CONFLICT (id) DO NOTHING
        """
    }

    /// Whatever a side does not say, or we do not, is no difference.
    private static func isEqual(_ side: StaticString) -> SQL {
        let side = SQL(stringLiteral: side)
        return """
            (\(fragment: side).status = o.status AND \(fragment: side).start_at = o.start_at
                AND (\(fragment: side).end_at = o.end_at) IS NOT FALSE
                AND (\(fragment: side).resource = o.resource) IS NOT FALSE
                AND (\(fragment: side).location = o.location) IS NOT FALSE
                AND (\(fragment: side).person = 'unnamed' OR \(fragment: side).person = ''
                    OR \(fragment: side).person_id = o.person_id))
            """
    }

    /// A visit that the PM's list shows as one and we in parts: ours lies within a longer appointment of the same person
    /// that both have.
    private func partsOfTheirs() -> SQL {
        """
        WITH missing AS MATERIALIZED (
            SELECT q.id, q.person_id, q.start_at, q.end_at
            FROM pg_temp.sifted s JOIN pg_temp.doubted q ON q.id = s.id
            WHERE s.class = 'doubtful' AND s.in_pm = 0
        ), whole AS (  -- what the PM's list has of our records; of those that are alike it says what they do
            SELECT person_id, start_at, end_at FROM pg_temp.theirs WHERE side = 0 AND record IS NOT NULL AND live
            UNION ALL
            SELECT o.person_id, o.start_at, o.end_at FROM pg_temp.ours o
            WHERE o.live AND NOT EXISTS (SELECT FROM pg_temp.doubt d WHERE d.id = o.id)
        )
        UPDATE pg_temp.sifted s SET part = true
        FROM missing m
        JOIN whole w ON w.person_id = m.person_id AND w.start_at <= m.start_at AND w.end_at >= m.end_at
            AND w.end_at - w.start_at > m.end_at - m.start_at
        WHERE s.id = m.id
        """
    }

    /// The other way round: a line that we do not have lies within our own longer appointment, which takes its resource.
    private func partsOfOurs() -> SQL {
        """
        UPDATE pg_temp.theirs t SET part = true
        FROM pg_temp.ours o
        WHERE t.side = 0 AND t.record IS NULL AND t.person_id = o.person_id AND o.live
            AND o.start_at <= t.start_at AND o.end_at >= t.end_at AND o.end_at - o.start_at > t.end_at - t.start_at
            AND (NOT EXISTS (SELECT FROM pg_temp.doubt d WHERE d.id = o.id)
                OR EXISTS (SELECT FROM pg_temp.theirs x WHERE x.side = 0 AND x.record = o.id AND x.live))
            AND (t.resource IS NULL OR EXISTS (
                SELECT FROM records.appointment_resource u
                JOIN records.resource r ON r.practice_id = u.practice_id AND r.id = u.resource_id
                WHERE u.practice_id = \(practice) AND u.appointment_id = o.id AND r.code = t.resource))
        """
    }

    private func counts(hasApp: Bool) async throws -> Comparison.Counts {
        var counts = Comparison.Counts()
        var sifted = 0
        var siftedInside = 0
        for row in try await transaction.query(
            """
            SELECT class, count(*), count(*) FILTER (WHERE inside), coalesce(sum(in_pm), 0), coalesce(sum(in_app), 0)
            FROM pg_temp.sifted GROUP BY class
            """)
        {
            let (name, all, inside, inPM, inApp) = try row.decode((String, Int, Int, Int, Int).self)
            sifted += all
            siftedInside += inside
            guard let why = Self.explanations[name] else { continue }
            counts.explained += all
            counts.here += all
            counts.inPM += inPM
            counts.inApp += inApp
            counts.explanations[why.rawValue] = all
        }
        let (all, inside) = counted
        counts.matched = inside - siftedInside
        counts.here += counts.matched
        counts.inPM += hasPM ? counts.matched : 0
        counts.inApp += hasApp ? counts.matched : 0
        counts.groups = counts.matched + counts.explained
        let outside = (all - inside) - (sifted - siftedInside)
        if outside > 0 { counts.explanations[Explanation.outsideWindow.rawValue] = outside }
        return counts
    }

    /// What the database may say by itself, by its word for it.
    static let explanations: [String: Explanation] = [
        "block": .block, "before-go-live": .beforeGoLive, "ended": .endedAndNotListed,
    ]
}
