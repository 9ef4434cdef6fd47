package import Foundation
package import Postgres
package import Reconciliation

/// How far a practice and one booking app agree, by their newest comparison: the counts, the same by place and by
/// practitioner, and the appointments behind each number. Read by the console and `pmsync`; the transaction's role must
/// see the practice.
package struct Agreement: Sendable {
    package let run: UUID
    package let practice: String
    package let workflow: String
    /// The booking app; nil where only the PM's list and our record were compared.
    package let client: UUID?
    package let clientName: String?
    package let fromDay: CalendarDay
    package let toDay: CalendarDay
    /// The version of the rules that judged.
    package let rules: String
    package let startedAt: Date
    package let endedAt: Date
    /// JSON: as of when each source speaks, and what was wrong with it.
    package let sources: String
    package let counts: Comparison.Counts
    /// Only the newest run of a booking app keeps its members.
    package let hasMembers: Bool

    /// The newest run of each booking app that is compared, by its name; with a time, the newest that ended in it. A window
    /// that somebody asked for is none of them.
    package static func newest(
        _ practice: String, workflow: String = "scheduling", ended: Range<Date>? = nil, in transaction: Transaction
    ) async throws -> [Agreement] {
        let (from, to) = (ended?.lowerBound, ended?.upperBound)
        let isWithin: SQL = """
            NOT o.ad_hoc AND (\(from)::timestamptz IS NULL OR o.ended_at >= \(from))
                AND (\(to)::timestamptz IS NULL OR o.ended_at < \(to))
            """
        // One probe of run_by_client an app, however many runs there were.
        return try await transaction.query(
            """
            SELECT r.id, r.client_id, c.name, r.from_day, r.to_day, r.rules, r.started_at, r.ended_at, r.sources::text,
                r.counts::text, NOT EXISTS (
                    SELECT FROM reconciliation.run n
                    WHERE n.practice_id = \(practice) AND n.workflow = \(workflow) AND n.client_id = r.client_id
                        AND NOT n.ad_hoc AND n.ended_at > r.ended_at)
                AND (r.client_id IS NOT NULL OR NOT EXISTS (
                    SELECT FROM reconciliation.run n
                    WHERE n.practice_id = \(practice) AND n.workflow = \(workflow) AND n.client_id IS NULL
                        AND NOT n.ad_hoc AND n.ended_at > r.ended_at))
            FROM (
                SELECT id, name FROM api.client WHERE practice_id = \(practice) AND revoked_at IS NULL
                UNION ALL SELECT NULL, NULL
            ) c
            CROSS JOIN LATERAL (
                (SELECT * FROM reconciliation.run o
                 WHERE c.id IS NOT NULL AND o.practice_id = \(practice) AND o.workflow = \(workflow)
                    AND o.client_id = c.id AND \(fragment: isWithin)
                 ORDER BY o.ended_at DESC LIMIT 1)
                UNION ALL
                (SELECT * FROM reconciliation.run o
                 WHERE c.id IS NULL AND o.practice_id = \(practice) AND o.workflow = \(workflow)
                    AND o.client_id IS NULL AND \(fragment: isWithin)
                 ORDER BY o.ended_at DESC LIMIT 1)
            ) r
            WHERE r.client_id IS NOT NULL OR r.ended_at >= (  -- the PM and us alone: only while there is no app
                SELECT max(o.ended_at) FROM reconciliation.run o
                WHERE o.practice_id = \(practice) AND o.workflow = \(workflow) AND \(fragment: isWithin))
            ORDER BY c.name, r.client_id
            """
        ).map { row in
            let (run, client, name, from, to, rules, started, ended, sources, counts, hasMembers) = try row.decode(
                (UUID, UUID?, String?, CalendarDay, CalendarDay, String, Date, Date, String, String, Bool).self)
            return Agreement(
                run: run, practice: practice, workflow: workflow, client: client, clientName: name, fromDay: from,
                toDay: to, rules: rules, startedAt: started, endedAt: ended, sources: sources,
                counts: try JSONDecoder().decode(Comparison.Counts.self, from: Data(counts.utf8)),
                hasMembers: hasMembers)
        }
    }

    // MARK: Sums

    /// By what the counts are broken down.
    package enum Axis: String, Sendable, CaseIterable {
        case whole, location, provider, both
    }

    /// The counts of one place, or practitioner or device, or both; "" is for where nobody says.
    package struct Cell: Sendable, Hashable {
        package let location: String
        package let provider: String
        package let inPM: Int
        package let here: Int
        package let inApp: Int
        package let groups: Int
        package let matched: Int
        package let explained: Int
        package let open: Int
        package let withheld: Int
    }

    /// They add up to the run's counts. Of an older run only the last of its day keeps them; else none.
    package func cells(by axis: Axis, in transaction: Transaction) async throws -> [Cell] {
        let byLocation = axis == .location || axis == .both
        let byProvider = axis == .provider || axis == .both
        return try await transaction.query(
            """
            WITH cell AS (
                SELECT c.* FROM reconciliation.run r
                CROSS JOIN LATERAL jsonb_to_recordset(r.cells) AS c (location text, provider text, in_pm bigint,
                    here bigint, in_app bigint, groups bigint, matched bigint, explained bigint, open bigint,
                    withheld bigint)
                WHERE r.practice_id = \(practice) AND r.id = \(run)
            )
            SELECT CASE WHEN \(byLocation) THEN location ELSE '' END AS place,
                CASE WHEN \(byProvider) THEN provider ELSE '' END AS who, sum(in_pm)::bigint, sum(here)::bigint,
                sum(in_app)::bigint, sum(groups)::bigint, sum(matched)::bigint, sum(explained)::bigint, sum(open)::bigint,
                sum(withheld)::bigint
            FROM cell GROUP BY place, who ORDER BY place, who
            """
        ).map { row in
            let (place, who, pm, here, app, groups, matched, explained, open, withheld) = try row.decode(
                (String, String, Int, Int, Int, Int, Int, Int, Int, Int).self)
            return Cell(
                location: place, provider: who, inPM: pm, here: here, inApp: app, groups: groups, matched: matched,
                explained: explained, open: open, withheld: withheld)
        }
    }

    // MARK: Members

    /// Which members of the counts; nil asks for all.
    package struct Filter: Sendable, Hashable {
        /// matched, explained, open, withheld.
        package var verdict: String?
        /// A rule, a code or a cause.
        package var reason: String?
        package var location: String?
        package var provider: String?
        /// Who has it.
        package var side: SideName?
        package var day: CalendarDay?
        /// A day that the PM cancelled or transferred as one: its appointments.
        package var event: UUID?
        /// What our record of it is marked with.
        package var flag: String?

        package init(
            verdict: String? = nil, reason: String? = nil, location: String? = nil, provider: String? = nil,
            side: SideName? = nil, day: CalendarDay? = nil, event: UUID? = nil, flag: String? = nil
        ) {
            self.verdict = verdict
            self.reason = reason
            self.location = location
            self.provider = provider
            self.side = side
            self.day = day
            self.event = event
            self.flag = flag
        }
    }

    /// One appointment behind a number.
    package struct Member: Sendable {
        package let id: UUID
        package let record: UUID?
        package let reference: String
        package let day: CalendarDay?
        package let start: Date?
        package let location: String
        package let provider: String
        package let status: String
        package let inPM: Int
        package let here: Int
        package let inApp: Int
        package let verdict: String
        package let reasons: [String]
        /// JSON as a finding's sides; nil: all sides as here.
        package let sides: String?
        package let initials: String
        package let last4: String

        /// After which the next page begins.
        package var place: Place { Place(start: start ?? .distantPast, id: id) }
    }

    package struct Place: Sendable, Hashable {
        package let start: Date
        package let id: UUID

        package init(start: Date, id: UUID) {
            self.start = start
            self.id = id
        }
    }

    /// How many members there are, and how many entries they have on each side: what the counts say of the same.
    package struct Tally: Sendable, Hashable {
        package let groups: Int
        package let inPM: Int
        package let here: Int
        package let inApp: Int
    }

    package func tally(_ filter: Filter, in transaction: Transaction) async throws -> Tally {
        let row = try await transaction.query(
            """
            SELECT count(*), coalesce(sum(m.in_pm), 0)::bigint, coalesce(sum(m.here), 0)::bigint,
                coalesce(sum(m.in_app), 0)::bigint
            FROM reconciliation.member m WHERE \(fragment: matches(filter))
            """
        ).first?.decode((Int, Int, Int, Int).self)
        return Tally(groups: row?.0 ?? 0, inPM: row?.1 ?? 0, here: row?.2 ?? 0, inApp: row?.3 ?? 0)
    }

    /// How many of the members that a rule explains each rule explains, the most first. One may have more than one. None
    /// where the run does not keep its members.
    package func explained(in transaction: Transaction) async throws -> [(rule: String, count: Int)] {
        // They are all read for it, which is spared where there is none.
        guard hasMembers, counts.explained > 0 else { return [] }
        return try await transaction.query(
            """
            SELECT r.reason, count(*) FROM reconciliation.member m CROSS JOIN LATERAL unnest(m.reasons) AS r (reason)
            WHERE \(fragment: matches(Filter(verdict: "explained"))) GROUP BY r.reason ORDER BY count(*) DESC, r.reason
            """
        ).map { row in
            let (rule, count) = try row.decode((String, Int).self)
            return (rule, count)
        }
    }

    /// How many of the members our record has marked so, by mark. One may have more than one. None where the run does not
    /// keep its members.
    package func flagged(_ flags: [String], in transaction: Transaction) async throws -> [String: Int] {
        guard hasMembers else { return [:] }
        let rows = try await transaction.query(
            """
            SELECT f.flag, count(*) FROM reconciliation.member m
            JOIN records.appointment a ON a.practice_id = m.practice_id AND a.id = m.record_id
            CROSS JOIN LATERAL unnest(a.flags) AS f (flag)
            WHERE \(fragment: matches(Filter())) AND a.flags && \(flags) AND f.flag = ANY (\(flags))
            GROUP BY f.flag
            """
        ).map { try $0.decode((String, Int).self) }
        return Dictionary(rows) { first, _ in first }
    }

    /// Index member_by_start.
    private func matches(_ filter: Filter) -> SQL {
        let ofClient: SQL = if let client { "m.client_id = \(client)" } else { "m.client_id IS NULL" }
        return """
            m.practice_id = \(practice) AND m.workflow = \(workflow) AND \(fragment: ofClient)
                AND (\(filter.verdict)::text IS NULL OR m.verdict = \(filter.verdict))
                AND (\(filter.reason)::text IS NULL OR \(filter.reason) = ANY (m.reasons))
                AND (\(filter.location)::text IS NULL OR m.location = \(filter.location))
                AND (\(filter.provider)::text IS NULL OR m.provider = \(filter.provider))
                AND (\(filter.day)::date IS NULL OR m.day = \(filter.day))
                AND (\(filter.event)::uuid IS NULL OR m.record_id = ANY (ARRAY(
                    SELECT unnest(e.members) FROM records.day_event e
                    WHERE e.practice_id = \(practice) AND e.id = \(filter.event))))
                AND (\(filter.flag)::text IS NULL OR EXISTS (
                    SELECT FROM records.appointment a
                    WHERE a.practice_id = m.practice_id AND a.id = m.record_id AND \(filter.flag) = ANY (a.flags)))
                AND CASE \(filter.side?.rawValue)::text WHEN 'pm' THEN m.in_pm > 0 WHEN 'here' THEN m.here > 0
                    WHEN 'app' THEN m.in_app > 0 ELSE true END
            """
    }

    /// By start, a page at a time. None where the run does not keep its members.
    package func members(
        _ filter: Filter = Filter(), after: Place? = nil, limit: Int64 = 100, in transaction: Transaction
    ) async throws -> [Member] {
        guard hasMembers else { return [] }
        return try await transaction.query(
            """
            SELECT m.id, m.record_id, m.reference, m.day, m.start_at, m.location, m.provider, m.status, m.in_pm, m.here,
                m.in_app, m.verdict, m.reasons, m.sides::text,
                coalesce(nullif(m.initials, ''), left(p.given, 1) || left(p.family, 1), ''),
                coalesce(nullif(m.last4, ''), (
                    SELECT right(l.value, 4) FROM records.person_alias l
                    WHERE l.enterprise_id = p.enterprise_id AND l.person_id = p.id AND l.kind = 'mrn'
                    ORDER BY l.trust DESC, l.first_seen_at LIMIT 1), '')
            FROM (  -- the page first: members are many, and who they are is looked up for these alone
                SELECT * FROM reconciliation.member m
                WHERE \(fragment: matches(filter))
                    AND (\(after?.id)::uuid IS NULL
                        OR (coalesce(m.start_at, '0001-01-01 00:00:00+00'), m.id) > (\(after?.start), \(after?.id)))
                ORDER BY coalesce(m.start_at, '0001-01-01 00:00:00+00'), m.id LIMIT \(limit)
            ) m
            LEFT JOIN records.appointment a ON a.practice_id = m.practice_id AND a.id = m.record_id
            LEFT JOIN records.person p ON p.enterprise_id = a.enterprise_id AND p.id = a.person_id
            ORDER BY coalesce(m.start_at, '0001-01-01 00:00:00+00'), m.id
            """
        ).map { row in
            let (
                id, record, reference, day, start, location, provider, status, pm, here, app, verdict, reasons, sides,
                initials, last4
            ) = try row.decode(
                (
                    UUID, UUID?, String, CalendarDay?, Date?, String, String, String, Int, Int, Int, String, [String],
                    String?, String, String
                ).self)
            return Member(
                id: id, record: record, reference: reference, day: day, start: start, location: location,
                provider: provider, status: status, inPM: pm, here: here, inApp: app, verdict: verdict,
                reasons: reasons, sides: sides, initials: initials, last4: last4)
        }
    }
}
