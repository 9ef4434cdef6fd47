package import Practice

/// One code of a message, as it was looked up.
package struct CodeLookUp: Hashable, Sendable {
    package let table: TableName
    package let code: String
    /// The trigger event, for the status table; else empty.
    package let event: String
    /// The day that decided between rows.
    package let day: Day
}

/// Gathers what one message looks up.
package final class CodeLookUps {
    package private(set) var all: Set<CodeLookUp> = []

    package init() {}

    package func note(_ lookUp: CodeLookUp) { all.insert(lookUp) }
}
