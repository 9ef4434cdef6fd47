import Foundation
import HL7
import Practice
package import Workflow

/// What a study comes to: the whole folder as it would be in force, with the feed's profile, the practice's file, rows for
/// the codes that were seen, and cases. A person reads it, changes it, and applies it as it stands.
package struct FeedDraft: Sendable {
    package let profile: LearntProfile
    /// Path below the folder to text; cases and the report included.
    package private(set) var files: [String: String]
    package let definition: Definition
    /// The files that are not as in force.
    package private(set) var changed: [String]
    /// Codes that were seen and are written nowhere, because too few people bear them to know that they are no patient's.
    package private(set) var withheld = 0

    /// - Parameters:
    ///   - base: the files in force.
    ///   - practice: may be new; then `zone` is its zone.
    ///   - feed: the feed's name in the practice's file, new or not.
    package init(
        _ study: FeedStudy, base: [String: String], practice: String, feed: String, zone: String
    ) throws {
        let before = try Definition(files: base)
        let known = before.feeds[feed]?.practices.filter { $0.value == practice }.map(\.key).sorted()
        let values = known?.filter { !$0.isEmpty }
        let profile = LearntProfile(
            study, name: feed, knownValues: values?.isEmpty == false ? values : nil, isNew: known == nil)
        self.profile = profile
        var files = base
        let ownZone = before.practices[practice]?.zoneName ?? zone
        files["profiles/\(feed).yaml"] = profile.text(study, practiceZone: ownZone)
        if let path = PracticeFile.path(of: practice, in: base), let text = base[path] {
            files[path] = try PracticeFile.naming(profile.feedLine, feed: feed, profile: feed, in: text, path: path)
        } else {
            files["practices/\(practice).yaml"] = """
                # Drafted by `pmsync learn`. The zone is the practice's own clock: check it.
                practice: \(practice)
                zone: \(ownZone)
                feeds:
                  - \(profile.feedLine)

                """
        }
        let tables = DraftTables(study, profile, practice: practice, before: before)
        tables.extend(&files)
        withheld = tables.withheld
        definition = try Definition(files: files)
        let words = study.writable(
            known: Set(definition.tables.values.flatMap { $0.rows.map { $0.code.uppercased() } }))
        for (name, text) in DraftCases(study, definition: definition, mayKeep: { words.contains($0.uppercased()) })
            .files
        {
            files[name] = text
        }
        self.files = files
        changed = files.keys.filter { files[$0] != base[$0] }.sorted()
    }

    /// Puts the report beside the definitions, where `apply` does not look.
    package mutating func add(report: String) {
        files["LEARNT.md"] = report
        changed.append("LEARNT.md")
    }
}

extension FeedStudy {
    /// The texts that may be written into a file, in upper case: codes of the practice's own with their words.
    func writable(known: Set<String>) -> Set<String> {
        var words = known
        for book in codes.values.map({ $0 }) + [cancelReasons] {
            for evidence in book.ranked where evidence.mayBeWritten(isKnown: known.contains(evidence.code.uppercased()))
            {
                words.insert(evidence.code.uppercased())
                if !evidence.words.isEmpty { words.insert(evidence.words.uppercased()) }
            }
        }
        return words
    }
}

extension LearntProfile {
    /// The feed as one line of the practice's file.
    var feedLine: String {
        var parts = ["feed: \(Self.quoted(name))", "profile: \(Self.quoted(name))"]
        if !sender.isEmpty { parts.append("sender: \(Self.quoted(sender))") }
        if !facility.isEmpty { parts.append("facility: \(Self.quoted(facility))") }
        if !practiceValues.isEmpty {
            parts.append("practice-value: [\(practiceValues.map(Self.quoted).joined(separator: ", "))]")
        }
        if !isProduction { parts.append("production: false") }
        return "{\(parts.joined(separator: ", "))}"
    }

    /// The profile's file.
    func text(_ study: FeedStudy, practiceZone: String) -> String {
        let days = [study.first, study.last].map { $0.map { $0.formatted(.iso8601.year().month().day()) } ?? "?" }
        var lines = ["# Drafted by `pmsync learn` from \(study.messages) messages, \(days[0]) to \(days[1])."]
        lines += remarks.map { "# \($0)" }
        lines.append("profile: \(Self.quoted(name))")
        if let practicePath { lines.append("practice-path: \(practicePath)") }
        if let zone, zone != practiceZone {
            lines.append("# MSH-7 shows the clock of \(zone), which is not the practice's.")
            lines.append("zone: \(zone)")
        }
        if let charset { lines.append("charset: \(charset)") }
        lines.append("person-key: [\(personKey.joined(separator: ", "))]")
        lines += rules("identifiers", identifiers, component: 2)
        lines += rules("person-identifiers", personIdentifiers, component: 4)
        if let parents { lines.append("parents: \(parents.rawValue)") }
        if !idsTradePlaces { lines.append("ids-trade-places: false") }
        if !fields.isEmpty {
            lines.append("fields:")
            for field in fields {
                lines.append("  \(field.name.rawValue): [\(field.paths.map(Self.quoted).joined(separator: ", "))]")
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func rules(_ key: String, _ rules: [Rule], component: Int) -> [String] {
        if rules.isEmpty { return [] }
        return ["\(key):"]
            + rules.map { rule in
                var parts = ["path: \(Self.quoted(rule.path))", "kind: \(rule.kind.rawValue)"]
                if !rule.types.isEmpty {
                    parts.append("types: [\(rule.types.map(Self.quoted).joined(separator: ", "))]")
                }
                parts.append(
                    rule.takesAuthority ? "authority-component: \(component)" : "authority: \(Self.quoted(name))")
                parts.append("trust: \(rule.trust)")
                return "  - {\(parts.joined(separator: ", "))}"
            }
    }

    /// As YAML takes any text.
    static func quoted(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy {
            UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0 || UInt8(ascii: "A")...UInt8(ascii: "Z") ~= $0 || $0 == 0x2D
                || $0 == 0x2E || UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0
        }
        let isWord = text.first?.isLetter ?? false
        if isPlain, isWord, !["true", "false", "null", "yes", "no", "on", "off"].contains(text.lowercased()) {
            return text
        }
        return "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }
}
