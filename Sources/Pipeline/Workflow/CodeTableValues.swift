import Foundation
import Practice

extension CodeTable {
    /// Words that the status table may give besides the appointment's states.
    package enum StatusWord {
        /// Not an appointment: the resource's time is taken.
        package static let blocked = "blocked"
        /// Says nothing that others must know.
        package static let ignored = "ignored"
    }

    /// What the rows give. A column that the header lacks is told once, there.
    func checkValues(file: String, problems: Problems) {
        for row in rows {
            switch name {
            case .status:
                let known = AppointmentStatus.allCases.map(\.rawValue) + [StatusWord.blocked, StatusWord.ignored]
                if columns.contains("status"), !known.contains(row["status"]) {
                    problems.unknown("status", row["status"], among: known, file, row.line)
                }
                if !["", "true", "false"].contains(row["overbooked"]) {
                    problems.unknown("value", row["overbooked"], among: ["true", "false"], file, row.line)
                }
            case .resources:
                let known = ResourceUse.Kind.allCases.map(\.rawValue)
                if columns.contains("kind"), !known.contains(row["kind"]) {
                    problems.unknown("kind", row["kind"], among: known, file, row.line)
                }
                if !row["capacity"].isEmpty, (Int(row["capacity"]) ?? 0) < 1 {
                    problems.add(file, row.line, "\"capacity\" takes a number from 1")
                }
            case .locations:
                if !row["zone"].isEmpty, TimeZone(identifier: row["zone"]) == nil {
                    problems.unknown("zone", row["zone"], among: TimeZone.knownTimeZoneIdentifiers, file, row.line)
                }
            case .events, .categories, .providers, .cancelReasons: break
            }
        }
    }

    /// That what a column names is in the table that says what it is, for the same practice, on whatever day.
    func checkReferences(of column: String, in other: CodeTable, file: String, problems: Problems) {
        for row in rows where !row[column].isEmpty {
            let named = other.rows.filter { $0.practice == nil || row.practice == nil || $0.practice == row.practice }
            if named.contains(where: { $0.code.uppercased() == row[column].uppercased() }) { continue }
            problems.unknown(column, row[column], among: named.map(\.code), file, row.line)
        }
    }
}

extension String {
    /// A National Provider Identifier: ten digits whose last is the Luhn check of the others after the prefix 80840
    /// (45 CFR 162.406).
    package var isNPI: Bool {
        let digits = utf8.map { Int($0) - 48 }
        guard digits.count == 10, digits.allSatisfy({ (0...9).contains($0) }) else { return false }
        var sum = 24  // of the prefix
        for (index, digit) in digits.enumerated() {
            let doubled = index.isMultiple(of: 2) ? digit * 2 : digit
            sum += doubled > 9 ? doubled - 9 : doubled
        }
        return sum.isMultiple(of: 10)
    }
}
