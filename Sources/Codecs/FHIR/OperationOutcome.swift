/// Why a request was not done: a code that a program can act on and a sentence that a person can read.
package struct OperationOutcome: Resource {
    package static let type = ResourceType.operationOutcome

    package enum Severity: String, Codable, Sendable { case fatal, error, warning, information }

    /// R4's issue-type, as far as it is used here.
    package enum Code: String, Codable, Sendable, CaseIterable {
        case invalid, structure, required, value, invariant
        case security, login, unknown, expired, forbidden
        case processing
        case notSupported = "not-supported"
        case duplicate
        case notFound = "not-found"
        case deleted
        case tooLong = "too-long"
        case codeInvalid = "code-invalid"
        case tooCostly = "too-costly"
        case businessRule = "business-rule"
        case conflict
        case transient, timeout, throttled, exception
        case informational
    }

    package struct Issue: Codable, Hashable, Sendable {
        package let severity: Severity
        package let code: Code
        package let details: CodeableConcept?
        package let diagnostics: String?
        package let expression: [String]

        /// `reason` is a word of our own closed sets, finer than R4's code. `expression` names the element at fault.
        package init(
            _ severity: Severity = .error, _ code: Code, reason: String? = nil, sentence: String,
            expression: [String] = []
        ) {
            self.severity = severity
            self.code = code
            details = CodeableConcept(
                coding: reason.map { [Coding(system: Systems.outcome, code: $0)] } ?? [], text: sentence)
            diagnostics = sentence.filled
            self.expression = expression
        }
    }

    private var resourceType = TypeName<OperationOutcome>()
    package let id: String?
    package let issue: [Issue]

    package init(_ issue: Issue, _ others: Issue...) {
        id = nil
        self.issue = [issue] + others
    }
}
