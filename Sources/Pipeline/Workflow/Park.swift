package import Foundation

/// Why an input waits for a person. Holds paths and names of tables, never what the input says.
package struct Park: Error, Hashable, Sendable {
    package let code: ParkCode
    /// Whether later jobs of the same key wait too.
    package let holdsKey: Bool
    /// What to look at, for a person: a path, the table to extend.
    package let detail: String
    /// The records that may be meant, where it cannot be told which.
    package let candidates: [UUID]
    /// The code that a table does not know: what groups the inputs that wait for its row.
    package var unmapped: UnmappedCode?

    package init(_ code: ParkCode, holdsKey: Bool, detail: String, candidates: [UUID] = []) {
        self.code = code
        self.holdsKey = holdsKey
        self.detail = detail
        self.candidates = candidates
    }
}
