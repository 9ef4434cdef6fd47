import HL7
import Workflow

/// How one code was seen, and whether it may be written down: a code of the practice's own is short, is said of several
/// people, and never holds anything of the patient whose message it is in.
struct CodeEvidence: Sendable {
    private(set) var messages = 0
    /// As the sender spells it, and what it says beside it (component 2).
    private(set) var code: String
    private(set) var words = ""
    /// The first two people it was said of.
    private var people: [UInt64] = []
    private var isPersonal = false

    init(_ code: String) { self.code = code }

    mutating func add(_ words: String, of person: UInt64, personal: PersonalWords) {
        messages += 1
        if person != 0, people.count < 2, !people.contains(person) { people.append(person) }
        if personal.isIn(code) { isPersonal = true }
        if self.words.isEmpty, !personal.isIn(words), words.isWordOfTheTrade { self.words = words }
    }

    /// `isKnown`: a public word, such as those of the shipped tables, which is no patient's however rare.
    func mayBeWritten(isKnown: Bool = false) -> Bool {
        !isPersonal && code.isWordOfTheTrade && (isKnown || people.count > 1 || people.isEmpty)
    }
}

/// The codes at one place; at most five hundred, beyond which it is no code that stands there.
struct CodeBook: Sendable {
    private(set) var codes: [String: CodeEvidence] = [:]
    private(set) var messages = 0
    private(set) var others = 0

    mutating func add(_ code: String, words: String = "", of person: UInt64, personal: PersonalWords) {
        messages += 1
        let key = code.uppercased()
        guard codes[key] != nil || codes.count < 500 else {
            others += 1
            return
        }
        codes[key, default: CodeEvidence(code)].add(words, of: person, personal: personal)
    }

    var distinct: Int { codes.count }

    /// Few values for many messages, or few messages yet.
    var isCoded: Bool { others == 0 && distinct <= max(12, messages / 5) }

    /// The most frequent first.
    var ranked: [CodeEvidence] { codes.values.sorted { ($1.messages, $0.code) < ($0.messages, $1.code) } }
}

/// What a message says of its patients that must come into no draft.
struct PersonalWords: Sendable {
    private var words: Set<String> = []

    init(_ message: Message) {
        for segment in message.segments where ["PID", "NK1", "GT1", "IN1"].contains(segment.name) {
            for field in [2, 3, 4, 5, 6, 7, 9, 11, 13, 14, 18, 19, 20] {
                for repetition in 1...max(1, min(8, segment.repetitions(field))) {
                    for component in 1...8 {
                        guard let text = segment.text(field, repetition: repetition, component: component) else {
                            continue
                        }
                        if text.utf8.count > 2 { words.insert(text.uppercased()) }
                    }
                }
            }
        }
    }

    /// Whether a text holds one of them, or one holds it.
    func isIn(_ text: String) -> Bool {
        let text = text.uppercased()
        if text.utf8.count < 3 { return false }
        if words.contains(text) { return true }
        let parts = text.split { !$0.isLetter && !$0.isNumber }.map(String.init)
        return parts.contains { $0.utf8.count > 2 && words.contains($0) }
    }
}

extension String {
    /// Short, and without anything that a code or its words would not hold.
    var isWordOfTheTrade: Bool {
        !isEmpty && utf8.count <= 40
            && unicodeScalars.allSatisfy {
                $0.properties.isAlphabetic || ("0"..."9").contains($0) || " -_/.&'+()".unicodeScalars.contains($0)
            }
    }
}
