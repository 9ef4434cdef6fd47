import Crypto
package import Foundation

/// What people have decided that a batch may ask: of a message itself, and of questions that are asked again. Pure.
package struct DecisionSlice: Sendable {
    /// A decision that was not taken back.
    package struct Decision: Sendable {
        package let practice: String
        package let number: Int64
        /// The message that it was made of.
        package let entry: Int64
        /// Whose message, merges followed; nil: nobody's.
        package let person: UUID?
        /// What was chosen; nil: a new appointment.
        package let chosen: UUID?
        /// What it was applied to; nil: not yet.
        package internal(set) var became: UUID?
        var question: [UInt8]?

        package init(
            practice: String, number: Int64, entry: Int64, person: UUID?, chosen: UUID?, became: UUID? = nil,
            question: [UInt8]? = nil
        ) {
            self.practice = practice
            self.number = number
            self.entry = entry
            self.person = person
            self.chosen = chosen
            self.became = became
            self.question = question
        }
    }

    /// By number.
    package private(set) var decisions: [Decision] = []
    /// Those that this batch applied, by number.
    private(set) var applied: [Decision] = []

    package init() {}

    package mutating func put(_ decision: Decision) {
        guard !decisions.contains(where: { $0.practice == decision.practice && $0.number == decision.number }) else {
            return
        }
        decisions.append(decision)
        decisions.sort { $0.number < $1.number }
    }

    /// The newest decision on what a message says of this person.
    package func find(entry: Int64, person: UUID?, practice: String) -> Decision? {
        decisions.last {
            $0.practice == practice && $0.entry == entry
                && ($0.person == nil || person == nil || $0.person == person)
        }
    }

    /// The newest decision that was applied to the same question: what was meant then is meant now.
    package func find(question: String, practice: String) -> Decision? {
        if decisions.isEmpty { return nil }
        let digest = Self.digest(question)
        return decisions.last { $0.practice == practice && $0.question == digest }
    }

    /// It is applied: from now on it answers the question wherever it is asked.
    package mutating func apply(_ number: Int64, to appointment: UUID, question: String, practice: String) {
        guard let index = decisions.firstIndex(where: { $0.practice == practice && $0.number == number }),
            decisions[index].became == nil
        else { return }
        decisions[index].became = appointment
        decisions[index].question = Self.digest(question)
        applied.append(decisions[index])
    }

    mutating func settle() { applied = [] }

    package static func digest(_ question: String) -> [UInt8] { Array(SHA256.hash(data: Data(question.utf8))) }
}
