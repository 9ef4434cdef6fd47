/// A code that a practice's messages bear and its table does not know: one work item, however many messages hold it.
/// Codes are compared without regard to case.
package struct UnmappedCode: Hashable, Sendable, Comparable {
    package let practice: String
    package let table: TableName
    /// In upper case and without NUL, which PostgreSQL's text cannot hold; its beginning, where a text was taken for a code.
    package let code: String

    private static let limit = 80

    package init(practice: String, table: TableName, code: String) {
        self.practice = practice
        self.table = table
        self.code = String(
            code.uppercased().unicodeScalars.filter { $0 != "\0" }.prefix(Self.limit).map(Character.init))
    }

    package static func < (one: UnmappedCode, other: UnmappedCode) -> Bool {
        (one.practice, one.table.rawValue, one.code) < (other.practice, other.table.rawValue, other.code)
    }
}

extension TableName {
    /// Whether a row counts by the day on which the message came, as words and reasons do; all else counts by the day of
    /// the appointment.
    package var countsByArrival: Bool {
        switch self {
        case .status, .cancelReasons: true
        case .events, .categories, .locations, .resources, .providers: false
        }
    }
}
