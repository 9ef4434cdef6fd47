import HL7
import Workflow

/// Cases from a study's examples, with nothing of a patient in them, that say what the draft makes of them today.
struct DraftCases {
    /// Path to text.
    private(set) var files: [String: String] = [:]

    init(_ study: FeedStudy, definition: Definition, mayKeep: @escaping (String) -> Bool) {
        var names: Set<String> = []
        for kind in study.examples.kinds {
            let words = kind.name.split(separator: " ")
            let status = words.dropFirst().joined(separator: " ")
            let shown = mayKeep(status) ? status : ""
            add(
                "learnt-\(words.first ?? "")-\(shown)", [kind.message],
                about:
                    "What \(words.first ?? "a message")\(shown.isEmpty ? "" : " with the status \(shown)") comes to.",
                definition, mayKeep, &names)
        }
        let lives = study.examples.lives.filter { $0.value.count > 1 }
            .sorted { ($1.value.count, $0.key) < ($0.value.count, $1.key) }.prefix(3)
        for (number, life) in lives.enumerated() {
            add(
                "learnt-life-\(number + 1)", life.value, about: "What became of the bookings of one person, in order.",
                definition, mayKeep, &names)
        }
    }

    private mutating func add(
        _ name: String, _ messages: [[UInt8]], about: String, _ definition: Definition,
        _ mayKeep: @escaping (String) -> Bool, _ names: inout Set<String>
    ) {
        var pseudonyms = Pseudonyms(mayKeep: mayKeep)
        let rewritten = messages.compactMap { pseudonyms.rewrite($0) }
        var stem = String(name.lowercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" })
        while stem.hasSuffix("-") { stem.removeLast() }
        guard rewritten.count == messages.count, names.insert(stem).inserted else { return }
        let path = "\(Cases.folder)/\(stem)"
        files["\(path).hl7"] = String(decoding: rewritten.joined(), as: UTF8.self)
        files["\(path).expect.yaml"] = Cases.expectation(of: rewritten, about: about, definition: definition)
    }
}
