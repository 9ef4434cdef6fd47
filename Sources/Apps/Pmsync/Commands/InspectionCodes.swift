import Foundation
import Postgres
import Practice
import Worker
import Workflow

extension Inspection {
    /// What the tables know of the codes that messages bore in the last thirty days, and rows that nothing asked for.
    mutating func codes(_ pool: Pool) async {
        do {
            let definition = try await DefinitionStore(pool: pool).current()
            let (since, today) = (CalendarDay(of: .now - 30 * 86_400), CalendarDay(of: .now))
            let (coverage, asOf) = try await pool.transaction { transaction in
                (
                    try await CodeCoverage.read(since: since, until: today, definition: definition, in: transaction),
                    try await CodeCoverage.asOf(in: transaction)
                )
            }
            guard let asOf else { return note(.note, "codes", "the journal was not re-read for codes yet") }
            note(.ok, "codes", "counted up to \(asOf.formatted(.iso8601)), of the last 30 days")
            for table in coverage { note(table) }
            for practice in definition.practices.keys.sorted() { numbers(practice, definition, on: Day(today)) }
        } catch is DefinitionStoreError {
            return
        } catch {
            note(.failed, "codes", Sentence.of(error))
        }
    }

    private mutating func note(_ coverage: CodeCoverage) {
        let place = "\(coverage.practice ?? "every practice") \(coverage.table.rawValue)"
        if let percent = coverage.percent {
            // Never 100.0 while something is missing.
            let shown = coverage.known == coverage.messages ? 100 : min(percent, 99.9)
            var text = "\(place): \(String(format: "%.1f", shown)) % of \(coverage.messages) messages"
            let codes = coverage.unmapped.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
            if !codes.isEmpty {
                text += "; unmapped: " + codes.map { "\($0.key) (\($0.value))" }.joined(separator: ", ")
                text += "; `pmsync unmapped`"
            }
            note(codes.isEmpty ? .ok : .note, "coverage", text)
        }
        if coverage.unused.isEmpty { return }
        let named = coverage.unused.map { "\($0.code) (line \($0.line))" }.joined(separator: ", ")
        // Of the rows that all share most are for words that this PM does not use.
        note(
            coverage.practice == nil ? .ok : .note, "unused rows",
            "\(place): \(coverage.unused.count) of \(coverage.rows): \(named)")
    }

    /// Practitioners who have no NPI today, or one that is none.
    private mutating func numbers(_ practice: String, _ definition: Definition, on day: Day?) {
        guard let day else { return }
        let resources = definition.table(.resources).rows.filter { row in
            row["kind"] == "practitioner" && row.practice ?? practice == practice && row.from ?? day <= day
                && row.to ?? day >= day
        }
        var without: [String] = []
        var wrong: [String] = []
        for row in resources {
            let provider = definition.table(.providers).row(row["provider"], practice: practice, on: day)
            let npi = provider.map { $0["npi"] }.flatMap { $0.isEmpty ? nil : $0 } ?? row["npi"]
            if npi.isEmpty { without.append(row.code) } else if !npi.isNPI { wrong.append(row.code) }
        }
        if !without.isEmpty { note(.note, "NPI", "\(practice): none for " + without.joined(separator: ", ")) }
        if !wrong.isEmpty {
            note(.note, "NPI", "\(practice): its last digit does not check, for " + wrong.joined(separator: ", "))
        }
    }
}

extension Day {
    fileprivate init?(_ day: CalendarDay) { self.init(year: day.year, month: day.month, day: day.day) }
}
