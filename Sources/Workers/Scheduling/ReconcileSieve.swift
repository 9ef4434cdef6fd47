import Foundation
import Postgres
import Practice
import Reconciliation

/// What the database settles by itself: appointments that are equal in everything that is compared need no rule and no
/// evidence, and are counted where they are. The rest is `doubtful`, for `Comparison` to judge; that both together say
/// what `Comparison` alone would say is a property that the tests hold them to.
struct ReconcileSieve {
    let practice: String
    let enterprise: String
    let zone: String
    let reach: Range<Date>
    let window: Range<Date>
    let goLive: Date?
    let hasPM: Bool
    /// Nothing is passed over: for the tests, which hold the sieve to what `Comparison` says of all.
    let isOpen: Bool
    let transaction: Transaction

    // MARK: Our record

    /// Those within reach, and those that a list names wherever they start. Who is booked is the only practitioner, else
    /// the only device; where, the only place: of several none stands for all, and a list names only one.
    func readOurs() async throws {
        try await transaction.execute(
            records("practice_id = \(practice) AND start_at >= \(reach.lowerBound) AND start_at < \(reach.upperBound)"))
        try await transaction.execute(
            records(
                """
                practice_id = \(practice) AND id IN (
                    SELECT record FROM pg_temp.theirs WHERE record IS NOT NULL EXCEPT SELECT id FROM pg_temp.ours)
                """))
        try await transaction.execute("ANALYZE pg_temp.ours")
        try await transaction.execute(clashes())
    }

    private func records(_ which: SQL) -> SQL {
        """
        WITH a AS (SELECT * FROM records.appointment WHERE \(fragment: which)),
        booked AS (
            SELECT a.id, count(*) FILTER (WHERE r.kind = 'practitioner') AS people,
                min(r.code) FILTER (WHERE r.kind = 'practitioner') AS who,
                count(*) FILTER (WHERE r.kind = 'device') AS things, min(r.code) FILTER (WHERE r.kind = 'device') AS what,
                min(split_part(r.code, '/', 1)) FILTER (WHERE r.kind = 'location') AS first_site,
                max(split_part(r.code, '/', 1)) FILTER (WHERE r.kind = 'location') AS last_site
            FROM a
            JOIN records.appointment_resource u ON u.practice_id = a.practice_id AND u.appointment_id = a.id
            JOIN records.resource r ON r.practice_id = u.practice_id AND r.id = u.resource_id
            GROUP BY a.id
        )
        INSERT INTO pg_temp.ours (id, version, status, source_status, start_at, end_at, changed_at, created_at, person_id,
            initials, resource, location, derived, live, overbooked, inside)
        SELECT a.id, a.version, a.status, a.source_status, a.start_at, a.end_at, a.changed_at, a.created_at,
            coalesce(p.survivor, a.person_id), coalesce(left(p.given, 1) || left(p.family, 1), ''),
            CASE WHEN b.people = 1 THEN b.who WHEN b.people = 0 AND b.things = 1 THEN b.what END,
            CASE WHEN b.first_site = b.last_site THEN b.first_site END,
            'derived' = ANY (a.flags), a.status NOT IN ('cancelled', 'entered-in-error', 'noshow', 'proposed'),
            a.overbooked, coalesce(a.start_at >= \(window.lowerBound) AND a.start_at < \(window.upperBound), false)
        FROM a
        LEFT JOIN booked b ON b.id = a.id
        LEFT JOIN records.person p ON p.enterprise_id = \(enterprise) AND p.id = a.person_id
        ORDER BY a.id
        """
    }

    /// Who takes a resource beyond what it holds: of those who are there at one moment, in the order in which they were
    /// booked here, whoever comes after it is full. A wish takes no time, and the PM's overbooking is none; what the PM's
    /// list does not confirm is a finding of its own; those who share a room for several, or a group's number, are one for
    /// whoever leads them.
    private func clashes() -> SQL {
        """
        WITH taken AS (
            SELECT o.id, o.created_at, u.resource_id, r.capacity, u.start_at, u.end_at
            FROM pg_temp.ours o
            JOIN records.appointment_resource u ON u.practice_id = \(practice) AND u.appointment_id = o.id
            JOIN records.resource r ON r.practice_id = u.practice_id AND r.id = u.resource_id
            LEFT JOIN pg_temp.theirs t ON t.side = 0 AND t.record = o.id
            WHERE o.live AND o.status <> 'waitlist' AND o.inside AND NOT o.overbooked AND u.start_at < u.end_at
                AND (r.kind <> 'location' OR r.capacity > 1)
                AND (NOT \(hasPM) OR (t.live AND t.start_at = o.start_at AND CASE WHEN r.kind = 'location'
                    THEN t.location = o.location ELSE t.resource = o.resource END IS NOT FALSE))
        ), beside AS (  -- 1: whoever does not meet a neighbour meets nobody
            SELECT t.*, max(end_at) OVER (before ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) > start_at AS follows,
                lead(start_at) OVER before < end_at AS is_followed
            FROM taken t WINDOW before AS (PARTITION BY resource_id ORDER BY start_at, id)
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
            JOIN crowded m ON m.resource_id = c.resource_id AND m.start_at >= c.start_at AND m.start_at < c.end_at
            JOIN crowded v ON v.resource_id = c.resource_id AND v.start_at <= m.start_at AND m.start_at < v.end_at
                AND (v.created_at, v.id) <= (c.created_at, c.id)
            GROUP BY c.id, c.resource_id, c.capacity, m.start_at
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
            FROM pg_temp.ours o
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
        UPDATE pg_temp.ours o SET part = true
        FROM pg_temp.sifted s
        JOIN pg_temp.ours q ON q.id = s.id
        JOIN pg_temp.theirs t ON t.side = 0 AND t.person_id = q.person_id AND t.record IS NOT NULL AND t.live
            AND t.start_at <= q.start_at AND t.end_at >= q.end_at AND t.end_at - t.start_at > q.end_at - q.start_at
        WHERE s.class = 'doubtful' AND s.in_pm = 0 AND o.id = s.id
        """
    }

    /// The other way round: a line that we do not have lies within our own longer appointment, which takes its resource.
    private func partsOfOurs() -> SQL {
        """
        UPDATE pg_temp.theirs t SET part = true
        FROM pg_temp.ours o
        WHERE t.side = 0 AND t.record IS NULL AND t.person_id = o.person_id AND o.live
            AND o.start_at <= t.start_at AND o.end_at >= t.end_at AND o.end_at - o.start_at > t.end_at - t.start_at
            AND EXISTS (SELECT FROM pg_temp.theirs x WHERE x.side = 0 AND x.record = o.id AND x.live)
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
        guard
            let (all, inside) = try await transaction.query(
                "SELECT count(*), count(*) FILTER (WHERE inside) FROM pg_temp.ours"
            ).first?.decode((Int, Int).self)
        else { return counts }
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

    /// Days on which we have several live appointments with a person, and the list has not one line.
    func unlistedDays(side: Int16) async throws -> Set<Day> {
        let rows = try await transaction.query(
            """
            SELECT (o.start_at AT TIME ZONE \(zone))::date
            FROM pg_temp.ours o WHERE o.inside AND o.live AND o.person_id IS NOT NULL
            GROUP BY 1 HAVING count(*) >= 3
            EXCEPT
            SELECT (t.start_at AT TIME ZONE \(zone))::date FROM pg_temp.theirs t WHERE t.side = \(side)
            """)
        return Set(try rows.compactMap { Day(try $0.decode(CalendarDay.self)) })
    }
}
