/// Why a search cannot be answered as asked. Names parameters and what is known; never holds a value, which may be a
/// patient's.
package enum SearchError: Error, Hashable, Sendable {
    case unknownParameter(String, known: [String])
    case modifierNotSupported(SearchParameter, String)
    case prefixNotSupported(SearchParameter, String)
    case badDate(SearchParameter)
    case badToken(SearchParameter)
    case unknownCode(SearchParameter, known: [String])
    case badReference(SearchParameter, targets: [ResourceType])
    case empty(SearchParameter)
    case badCount
    case repeated(String)
    case notJSON
    case badEscape

    /// A name that a client made up, safe to send back: short and of the letters that names have.
    static func shown(_ name: String) -> String {
        let isName = name.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
            default: "_-.:".utf8.contains(byte)
            }
        }
        return isName && (1...64).contains(name.utf8.count) ? name : "(not a name)"
    }

    /// What a program can act on.
    package var reason: String {
        switch self {
        case .unknownParameter: "unknown-parameter"
        case .modifierNotSupported: "modifier-not-supported"
        case .prefixNotSupported: "prefix-not-supported"
        case .badDate: "bad-date"
        case .badToken: "bad-token"
        case .unknownCode: "unknown-code"
        case .badReference: "bad-reference"
        case .empty: "empty-value"
        case .badCount: "bad-count"
        case .repeated: "repeated-parameter"
        case .notJSON: "not-json"
        case .badEscape: "bad-escape"
        }
    }

    package var code: OperationOutcome.Code {
        switch self {
        case .unknownParameter, .modifierNotSupported, .prefixNotSupported, .notJSON: .notSupported
        case .unknownCode: .codeInvalid
        case .badDate, .badToken, .badReference, .badCount, .empty: .value
        case .repeated, .badEscape: .invalid
        }
    }

    package var sentence: String {
        switch self {
        case .unknownParameter(let name, let known):
            "There is no search parameter \(name) here. Known are: \(known.joined(separator: ", "))."
        case .modifierNotSupported(let parameter, let modifier):
            "The parameter \(parameter.rawValue) does not take the modifier :\(modifier)."
        case .prefixNotSupported(let parameter, let prefix):
            "The parameter \(parameter.rawValue) does not take the prefix \(prefix). "
                + "Known are: eq, ne, gt, ge, lt, le, sa, eb."
        case .badDate(let parameter):
            "The value of \(parameter.rawValue) is no date. Write YYYY, YYYY-MM, YYYY-MM-DD or "
                + "YYYY-MM-DDThh:mm:ss with an offset."
        case .badToken(let parameter):
            "The value of \(parameter.rawValue) is no token. Write value, system|value, system| or |value."
        case .unknownCode(let parameter, let known):
            "The value of \(parameter.rawValue) is not one of its codes. Known are: \(known.joined(separator: ", "))."
        case .badReference(let parameter, let targets):
            "The value of \(parameter.rawValue) is no reference. Write an id, or a type and an id: "
                + targets.map { "\($0.rawValue)/id" }.joined(separator: ", ") + "."
        case .empty(let parameter): "The parameter \(parameter.rawValue) has an empty value."
        case .badCount: "The value of _count is not a whole number from 0 on."
        case .repeated(let name): "The parameter \(name) may be given only once."
        case .notJSON: "Only application/fhir+json is served."
        case .badEscape: "The query has a percent sign that does not escape UTF-8."
        }
    }

    package var outcome: OperationOutcome { OperationOutcome(.init(.error, code, reason: reason, sentence: sentence)) }
}
