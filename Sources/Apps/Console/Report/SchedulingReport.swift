package import Foundation
package import Postgres
package import Practice

/// What a practice's administrator reads: one comparison and its findings, as a page, as CSV, and as JSON. The console and
/// `pmsync report` show the same.
package struct SchedulingReport: Sendable {
    package let practice: ReportedPractice
    /// Nil: nothing was ever compared.
    package let run: ReportRun?
    package let findings: [ReportedFinding]
    let now: Date

    package init(practice: ReportedPractice, run: ReportRun?, findings: [ReportedFinding], now: Date) {
        self.practice = practice
        self.run = run
        self.findings = findings
        self.now = now
    }

    /// Reads the newest run, or the newest whose window holds `day`, with the findings of that window that are open or
    /// that it saw. The transaction's role must see the practice (`pmsync_operator` does).
    package static func read(
        practice id: String, day: CalendarDay?, now: Date, in transaction: Transaction
    ) async throws -> SchedulingReport? {
        let rows = try await transaction.query(
            "SELECT name, zone FROM records.practice WHERE practice_id = \(id)")
        guard let row = rows.first else { return nil }
        let (name, zone) = try row.decode((String, String).self)
        let practice = ReportedPractice(
            id: id, name: name, time: PracticeTime(zoneNamed: zone) ?? PracticeTime(zone: .gmt))
        guard let run = try await ReportRun.last(id, day: day, transaction) else {
            return SchedulingReport(practice: practice, run: nil, findings: [], now: now)
        }
        let findings = try await ReportedFinding.read(run, transaction)
        return SchedulingReport(practice: practice, run: run, findings: findings, now: now)
    }
}

package struct ReportedPractice: Sendable {
    package let id: String
    package let name: String
    package let time: PracticeTime

    package init(id: String, name: String, time: PracticeTime) {
        self.id = id
        self.name = name
        self.time = time
    }
}

/// One row of the report.
package struct ReportedFinding: Sendable {
    package let key: String
    package let code: String
    package let cause: String
    package let act: String
    package let state: String
    package let day: CalendarDay?
    package let firstSeen: Date
    let sides: String

    /// Those that the run saw and that fall into its window, the oldest appointment first.
    static func read(_ run: ReportRun, _ transaction: Transaction) async throws -> [ReportedFinding] {
        try await transaction.query(
            """
            SELECT f.key, f.code, f.cause, f.act, \(fragment: FindingQueries.state()), f.day, f.first_seen_at,
                f.sides::text
            FROM reconciliation.finding f
            WHERE f.practice_id = \(run.practice) AND f.workflow = \(run.workflow)
                AND (f.run_id = \(run.id) OR f.closed_at IS NULL)
                AND (f.day IS NULL OR f.day BETWEEN \(run.fromDay) AND \(run.toDay))
            ORDER BY f.day, f.first_seen_at, f.key
            """
        ).map { row in
            let (key, code, cause, act, state, day, first, sides) = try row.decode(
                (String, String, String, String, String, CalendarDay?, Date, String).self)
            return ReportedFinding(
                key: key, code: code, cause: cause, act: act, state: state, day: day, firstSeen: first, sides: sides)
        }
    }
}
