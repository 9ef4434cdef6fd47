package import Foundation
package import Postgres
package import Practice
import Worker

/// What a practice's administrator reads at 7:30: what was compared as of when, how every appointment was judged, by place
/// and by practitioner, and what is to be done; as a page, as CSV, and as JSON. The console and `pmsync report` show the
/// same.
package struct SchedulingReport: Sendable {
    package let practice: ReportedPractice
    /// Nil: nothing was ever compared.
    package let round: ReportRound?
    let breakdowns: [Breakdown]
    /// By run, how many appointments each rule explains.
    let rules: [UUID: [(rule: String, count: Int)]]
    /// What our own records are marked with that a person should look at.
    let flags: [ReportedFlag]
    let causes: CauseTable
    /// Days that the PM cancelled or transferred as one.
    let days: [ReportedDay]
    package let findings: [ReportedFinding]
    let now: Date

    /// Reads the newest comparison of every booking app with the findings of its window that are open or that it saw; or
    /// what was read on `day`, its last comparison with the findings as that one left them. The transaction's role must
    /// see the practice (`pmsync_operator` does).
    package static func read(
        practice id: String, day: CalendarDay?, now: Date, in transaction: Transaction
    ) async throws -> SchedulingReport? {
        let rows = try await transaction.query(
            "SELECT name, zone FROM records.practice WHERE practice_id = \(id)")
        guard let row = rows.first else { return nil }
        let (name, zone) = try row.decode((String, String).self)
        let practice = ReportedPractice(
            id: id, name: name, time: PracticeTime(zoneNamed: zone) ?? PracticeTime(zone: .gmt))
        let ended = day.flatMap { Day($0.description) }.map {
            practice.time.start(of: $0)..<practice.time.start(of: $0.adding(days: 1))
        }
        guard let round = try await ReportRound.newest(id, ended: ended, in: transaction) else {
            let causes =
                day == nil
                ? try await CauseTable.read(id, at: practice.time.bounds(of: now), asOf: nil, in: transaction) : nil
            return SchedulingReport(
                practice: practice, round: nil, breakdowns: [], rules: [:], flags: [],
                causes: causes ?? CauseTable(rows: []), days: [], findings: [], now: now)
        }
        let past = round.past
        let causes = try await CauseTable.read(
            id, at: practice.time.bounds(of: past ?? now), asOf: past, in: transaction)
        var breakdowns: [Breakdown] = []
        var rules: [UUID: [(rule: String, count: Int)]] = [:]
        for run in round.runs {
            rules[run.id] = try await run.agreement.explained(in: transaction)
            for axis in [MemberLink.Axis.location, .provider] {
                breakdowns.append(try await Breakdown.read(run, axis, in: transaction))
            }
        }
        return SchedulingReport(
            practice: practice, round: round, breakdowns: breakdowns, rules: rules,
            flags: try await ReportedFlag.read(round.runs, in: transaction), causes: causes,
            days: try await ReportedDay.read(round.runs, asOf: past, in: transaction),
            findings: try await ReportedFinding.read(round.runs, asOf: past, transaction), now: now)
    }
}

package struct ReportedPractice: Sendable {
    package let id: String
    package let name: String
    package let time: PracticeTime
}

/// One finding of the report.
package struct ReportedFinding: Sendable {
    package let key: String
    package let code: String
    package let cause: String
    package let act: String
    let isWithheld: Bool
    package let state: String
    package let day: CalendarDay?
    package let firstSeen: Date
    /// The booking app whose list differs; nil where the PM's does.
    package let app: String?
    let location: String
    let provider: String
    let sides: String
    /// The appointment on record that it is of.
    let record: UUID?

    /// Those that the runs saw and that fall into their window, the oldest appointment first; with an instant, as they were
    /// then.
    static func read(
        _ runs: [ReportRun], asOf past: Date?, _ transaction: Transaction
    ) async throws -> [ReportedFinding] {
        guard let run = runs.first else { return [] }
        let findings: SQL =
            if let past {
                PastFindings.open(run.practice, asOf: past)
            } else {
                """
                SELECT f.*, \(fragment: FindingQueries.state()) AS state FROM reconciliation.finding f
                WHERE f.practice_id = \(run.practice) AND f.workflow = \(run.workflow)
                    AND (f.run_id = ANY (\(runs.map(\.id))) OR f.closed_at IS NULL)
                """
            }
        return try await transaction.query(
            """
            SELECT f.key, f.code, f.cause, f.act, f.withheld, f.state, f.day, f.first_seen_at, f.client_id, f.location,
                f.provider, f.sides::text, f.record_id
            FROM (\(fragment: findings)) f
            WHERE (f.day IS NULL OR f.day BETWEEN \(run.fromDay) AND \(run.toDay))
            ORDER BY f.day, f.first_seen_at, f.key
            """
        ).map { row in
            let (key, code, cause, act, isWithheld, state, day, first, client, location, provider, sides, record) =
                try row.decode(
                    (
                        String, String, String, String, Bool, String, CalendarDay?, Date, UUID?, String, String, String,
                        UUID?
                    ).self)
            return ReportedFinding(
                key: key, code: code, cause: cause, act: act, isWithheld: isWithheld, state: state, day: day,
                firstSeen: first, app: client.flatMap { client in runs.first { $0.client == client }?.app },
                location: location, provider: provider, sides: sides, record: record)
        }
    }
}
