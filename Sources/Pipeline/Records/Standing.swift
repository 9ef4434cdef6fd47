import Foundation
package import Practice

/// How what a file or a message says stands to what is on record.
package enum Standing: Hashable, Sendable {
    case new
    case same
    /// It would add or change these.
    case changes([String])
    /// The record says otherwise in these, and stands: nothing is overwritten.
    case differs([String])
}

extension PersonSlice {
    /// What recording it would do: blanks are filled and names added, nothing is overwritten.
    package func standing(of parsed: ParsedPerson, in enterprise: String) -> Standing {
        guard let person = find(parsed, in: enterprise).flatMap({ persons[$0] }) else { return .new }
        let pairs = [
            ("family", parsed.family, person.family), ("given", parsed.given, person.given),
            (
                "birth-date", parsed.birthDate.map { "\($0)" } ?? "", person.birthDate.map { "\($0)" } ?? ""
            ), ("sex", parsed.sex, person.sex), ("phone", parsed.phone, person.phone),
            ("email", parsed.email, person.email),
        ]
        let differing = pairs.filter { !$0.1.isEmpty && !$0.2.isEmpty && $0.1 != $0.2 }.map(\.0)
        if !differing.isEmpty { return .differs(differing) }
        let filled = person.isProvisional ? pairs.filter { !$0.1.isEmpty && $0.2.isEmpty }.map(\.0) : []
        let isNamedAnew = parsed.aliases.contains { owners[Key(enterprise, $0.identifier)] == nil }
        let changes = (isNamedAnew ? ["names"] : []) + filled
        return changes.isEmpty ? .same : .changes(changes)
    }
}

extension Appointments {
    /// A stored version's state.
    package static func state(json: String) throws -> Appointment {
        try Coding.value(Appointment.self, from: json, column: "appointment_version.state")
    }
}
