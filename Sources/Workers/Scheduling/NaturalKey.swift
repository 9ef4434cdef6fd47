import Foundation
package import Practice
import Worker

/// Who comes without any number, as before the first chart, is told from others by name and birth date. Where numbers are
/// said they alone count: two people may share both, so what this key finds is believed only of somebody who has no number
/// yet.
extension ParsedPerson {
    /// Nil where the message says too little.
    package var naturalKey: Alias? {
        guard let birthDate, !family.isEmpty, !given.isEmpty else { return nil }
        let words = [family, given].map { word in
            word.folding(options: [.diacriticInsensitive, .caseInsensitive], locale: nil)
                .filter { $0.isLetter || $0.isNumber }
        }
        guard words.allSatisfy({ !$0.isEmpty }) else { return nil }
        // A mark and not the words themselves: names of appointments are made of a person's names, and are shown.
        let mark = UUID(name: (words + ["\(birthDate)"]).joined(separator: "\u{1F}"), in: Self.space)
        return Alias(Identifier(.natural, authority: "", value: mark.uuidString.lowercased()), trust: 1)
    }

    /// Known by nothing else.
    package var isNatural: Bool { aliases.first?.identifier.kind == .natural }

    /// With the natural key: where nothing else names the person, or beside what does.
    var named: ParsedPerson {
        var person = self
        if aliases.isEmpty { person.aliases = [naturalKey].compactMap(\.self) } else { person.natural = naturalKey }
        return person
    }

    private static let space = UUID(
        uuid: (0x6E, 0x61, 0x74, 0x75, 0x72, 0x61, 0x4C, 0x6B, 0x8E, 0x79, 0, 0, 0, 0, 0, 1))
}
