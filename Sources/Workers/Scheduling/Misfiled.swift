import Practice

/// What a decision that was taken back has filed wrongly under an appointment, among all that was said of it. Pure.
///
/// It is what the decision itself filed; what came later under a name that only such a message gave the appointment; and
/// what came later without any name, for that was told by a time or a state which the appointment may never have had.
struct Misfiled: Hashable {
    /// What one message said of the appointment, and which of its names the message bears.
    struct Said: Hashable {
        let entry: Int64
        let decision: Int64?
        let isUnnamed: Bool
        let names: Set<Identifier>
    }

    /// The messages' numbers, in the order in which they came.
    private(set) var entries: [Int64] = []
    /// Names that nothing else gave the appointment.
    private(set) var names: Set<Identifier> = []

    /// - Parameter said: in the order in which it came.
    init(of decision: Int64, among said: [Said]) {
        var own: Set<Identifier> = []
        for one in said {
            let isByWrongName = own.isDisjoint(with: one.names) && !names.isDisjoint(with: one.names)
            let isByWhatItSays = one.isUnnamed && !entries.isEmpty
            if one.decision == decision || isByWrongName || isByWhatItSays {
                if entries.last != one.entry { entries.append(one.entry) }
                names.formUnion(one.names.subtracting(own))
            } else {
                // A message that bears both says that they are of one appointment.
                own.formUnion(one.names)
                names.subtract(one.names)
            }
        }
    }
}
