import NIOCore

/// What an error is, as a word that may be logged: its type and case, never what it carries.
package enum FailureCode {
    package static func of(_ error: any Error) -> String {
        if let error = error as? IOError { return "IOError.errno\(error.errnoCode)" }
        let type = String(describing: type(of: error))
        let mirror = Mirror(reflecting: error)
        guard mirror.displayStyle == .enum else { return type }
        if let label = mirror.children.first?.label { return "\(type).\(label)" }
        // A case without a payload carries nothing; where it has a sentence for a name, the type must do.
        let word = String(describing: error)
        return word.contains(where: \.isWhitespace) ? type : "\(type).\(word)"
    }
}
