import Foundation
import HL7
import Workflow

/// The study as a person reads it: counts and shapes, codes that are the practice's own, and nothing of a patient.
package enum FeedReport {
    package static func text(_ study: FeedStudy, _ draft: FeedDraft, _ trial: FeedTrial, feed: String, practice: String)
        -> String
    {
        let days = [study.first, study.last].map { $0.map { $0.formatted(.iso8601) } ?? "?" }
        let words = study.writable(
            known: Set(draft.definition.tables.values.flatMap { $0.rows.map { $0.code.uppercased() } }))
        var lines = [
            "# \(feed) of \(practice)", "",
            "\(study.messages) messages, \(days[0]) to \(days[1]); \(study.schedule) about schedules, \(study.unreadable) unreadable.",
        ]
        lines += section("With this draft", trialLines(study, draft, trial, words))
        lines += section("What the draft chose, and why", draft.profile.remarks)
        lines += section("Who sends (MSH-3 | MSH-4)", study.marks.ranked.prefix(20).map { "\($0.count)  \($0.key)" })
        lines += section("Which practice", practiceLines(study))
        lines += section("Messages", study.types.ranked.prefix(30).map { "\($0.count)  \($0.key)" } + modeLines(study))
        lines += section("Statuses by event", stateLines(study, words))
        lines += section("Identifiers", identifierLines(study))
        lines += section("Codes", codeLines(study, words))
        lines += section("Times", timeLines(study, draft))
        lines += section("Rhythm (messages by hour, the practice's clock)", rhythmLines(study))
        lines += section("Empty fields (of messages that have the segment)", fieldLines(study))
        return lines.joined(separator: "\n") + "\n"
    }

    private static func section(_ title: String, _ lines: [String]) -> [String] {
        lines.isEmpty ? [] : ["", "## \(title)", ""] + lines.map { "    \($0)" }
    }

    private static func trialLines(_ study: FeedStudy, _ draft: FeedDraft, _ trial: FeedTrial, _ words: Set<String>)
        -> [String]
    {
        let all = study.messages - trial.strange
        var lines = ["\(share(trial.read, of: all)) of \(all) messages are read"]
        lines += trial.parked.ranked.map { "\($0.count) park: \($0.key)" }
        if trial.strange > 0 {
            lines.append("\(trial.strange) are another sender's, and the draft does not claim them")
        }
        var hidden = 0
        for (key, count) in trial.unmapped.ranked.prefix(60) {
            let parts = key.split(separator: " ", maxSplits: 1).map(String.init)
            if words.contains(parts.last ?? "") { lines.append("unmapped: \(key) (\(count))") } else { hidden += 1 }
        }
        if hidden > 0 { lines.append("\(hidden) more unmapped codes are not shown: too few people bear them") }
        if draft.withheld > 0 {
            lines.append("\(draft.withheld) codes got no row: too few people bear them to know that they are codes")
        }
        return lines
    }

    private static func practiceLines(_ study: FeedStudy) -> [String] {
        FeedStudy.practicePaths.compactMap { path in
            guard let values = study.practiceValues[path] else { return nil }
            let shown = values.ranked.prefix(8).map { "\($0.key) (\($0.count))" }.joined(separator: ", ")
            return "\(path): in \(share(values.total, of: study.messages)): \(shown)"
        }
    }

    private static func modeLines(_ study: FeedStudy) -> [String] {
        [("MSH-11", study.modes), ("MSH-12", study.versions), ("MSH-18", study.charsets)].map { name, tally in
            "\(name): "
                + tally.ranked.map { "\($0.key.isEmpty ? "(empty)" : $0.key) \($0.count)" }.joined(separator: ", ")
        }
    }

    private static func stateLines(_ study: FeedStudy, _ words: Set<String>) -> [String] {
        study.states.ranked.prefix(60).map { key, count in
            let status = String(key.dropFirst(4))
            return "\(count)  \(key.prefix(3)) \(words.contains(status) || status == "(NONE)" ? status : "(not shown)")"
        }
    }

    private static func identifierLines(_ study: FeedStudy) -> [String] {
        var lines: [String] = []
        func add(_ paths: [Path], _ sample: ValueSample, of whole: Int) {
            for (place, path) in paths.enumerated() {
                guard let evidence = study.identifiers[path] else {
                    lines.append("\(path): never")
                    continue
                }
                let shape = evidence.shapes.ranked.prefix(3).map(\.key).joined(separator: ", ")
                var line = "\(path): in \(share(evidence.present, of: whole)); \(sample.distinct(at: place)) distinct"
                line += "; \(Int((sample.recurring(at: place) * 100).rounded())) % recur"
                if evidence.later > 0 {
                    line +=
                        "; later messages bear a booking's value in \(share(evidence.laterKnown, of: evidence.later))"
                }
                lines.append(line + "; \(shape)")
            }
        }
        add(FeedStudy.appointmentPaths, study.appointmentIDs, of: study.schedule)
        let (same, different) = study.appointmentIDs.traded(1, 0)
        lines.append("SCH-1 and SCH-2: \(same) values of one person in both places, \(different) of different people")
        add(FeedStudy.personPaths, study.personIDs, of: study.schedule - study.relations.withoutPatient)
        add(FeedStudy.parentPaths, study.parentIDs, of: study.schedule)
        lines.append(
            "about \(study.people.distinct(at: 0)) people; \(study.relations.withoutPatient) messages without a patient, \(study.relations.groups) with several"
        )
        return lines
    }

    private static func codeLines(_ study: FeedStudy, _ words: Set<String>) -> [String] {
        study.codes.sorted { "\($0.key)" < "\($1.key)" }.map { path, book in
            let shown = book.ranked.prefix(12).filter { words.contains($0.code.uppercased()) }
                .map { "\($0.code) \($0.messages)" }
            return "\(path): in \(share(book.messages, of: study.schedule)), \(book.distinct) distinct"
                + (shown.isEmpty ? "" : ": " + shown.joined(separator: ", "))
        }
    }

    private static func timeLines(_ study: FeedStudy, _ draft: FeedDraft) -> [String] {
        var lines = FeedStudy.timePaths.compactMap { path -> String? in
            guard let evidence = study.times[path] else { return nil }
            let digits = evidence.digits.ranked.map { "\($0.key) digits \($0.count)" }.joined(separator: ", ")
            return
                "\(path): \(digits); without zone \(share(evidence.present - evidence.withZone - evidence.unreadable, of: evidence.present)); unreadable \(evidence.unreadable)"
        }
        lines.append(
            draft.profile.zone.map { "MSH-7 shows the clock of \($0)" }
                ?? "when the messages came does not tell the zone of MSH-7")
        return lines
    }

    private static func rhythmLines(_ study: FeedStudy) -> [String] {
        let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let head = "     " + (0..<24).map { pad($0) }.joined()
        return [head] + days.indices.map { days[$0] + "  " + study.rhythm[$0].map(pad).joined() }
    }

    private static func pad(_ number: Int) -> String {
        let text = number > 9_999 ? "\(number / 1_000)k" : "\(number)"
        return String(repeating: " ", count: max(1, 5 - text.count)) + text
    }

    private static func fieldLines(_ study: FeedStudy) -> [String] {
        study.segments.ranked.map { name, count in
            let fields = study.filled.counts.filter { $0.key.segment == name }.sorted { $0.key < $1.key }
            let shown = fields.map { "\($0.key.field): \(share(count - $0.value, of: count))" }
            return "\(name) (\(count)): " + shown.joined(separator: ", ") + "; all others always"
        }
    }
}
