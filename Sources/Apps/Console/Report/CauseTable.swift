import Foundation
import Postgres
import Practice

/// Open findings by cause and by how long they have been open.
struct CauseTable: Sendable {
    struct Row: Sendable {
        let cause: String
        /// In the order of `FindingAge.allCases`.
        let ages: [Int64]

        var total: Int64 { ages.reduce(0, +) }
    }

    let rows: [Row]

    var total: Int64 { rows.reduce(0) { $0 + $1.total } }

    /// - Parameter past: as they were at this instant; nil: as they are.
    static func read(
        _ practice: String, at bounds: AgeBounds, asOf past: Date?, in transaction: Transaction
    ) async throws -> CauseTable {
        let rows = try await transaction.query(
            FindingQueries.open(by: .cause, practice, at: bounds, asOf: past)
        ).map { row in
            let (cause, today, recent, old) = try row.decode((String, Int64, Int64, Int64).self)
            return Row(cause: cause, ages: [today, recent, old])
        }
        return CauseTable(rows: rows)
    }

    // MARK: As it is shown

    struct Line {
        let words: String
        let total: Int64
        let link: String?
        let ages: [Age]
    }

    struct Age {
        let label: String
        let count: Int64
        /// Not `link`: where there is none, a template would take the row's.
        let href: String?
    }

    func lines(_ practice: String, isLinked: Bool) -> [Line] {
        rows.map { row in
            let address = Address(
                path: "/findings", parameters: [("practice", practice), ("state", "open"), ("cause", row.cause)])
            return Line(
                words: Words.cause(row.cause), total: row.total, link: isLinked ? address.text : nil,
                ages: zip(FindingAge.allCases, row.ages).map { age, count in
                    Age(
                        label: age.words, count: count,
                        href: isLinked && count > 0 ? address.with("age", age.rawValue) : nil)
                })
        }
    }
}
