import Crypto
package import Foundation
import HL7
import Practice

/// A whole folder of definitions, checked, with its look-ups prepared.
package struct Definition: Sendable {
    /// SHA-256 over the files' paths and texts.
    package let digest: [UInt8]
    package let practices: [String: PracticeProfile]
    package let feeds: [String: Feed]
    package let workflows: [String: WorkflowRules]
    package let tables: [TableName: CodeTable]
    /// What a replaced interface tells, by the tap's name.
    package let taps: [String: Feed]
    /// How files of an initial load are written.
    package let layouts: [String: Layout]
    /// Which workflow takes `SIU^S12`.
    let workflowByType: [String: String]
    /// Feeds that may be told by a message's marks, by name.
    let matchable: [Feed]

    /// Reads a folder: path below `workflows/` to text. Throws the whole list of what is wrong.
    package init(files: [String: String]) throws(DefinitionError) {
        let problems = Problems()
        var tables: [TableName: CodeTable] = [:]
        var workflows: [String: WorkflowRules] = [:]
        var profiles = Profiles()
        var hasUnreadPractice = false
        var practiceSections: [Section] = []
        var layouts: [String: Layout] = [:]
        for (path, text) in files.sorted(by: { $0.key < $1.key }) {
            switch Place(path) {
            case .table(let word):
                guard let name = TableName(rawValue: word) else {
                    problems.unknown("table", word, among: TableName.allCases.map(\.rawValue), path, 1)
                    continue
                }
                let table = CodeTable(name, file: path, text: text, problems: problems)
                table.checkValues(file: path, problems: problems)
                tables[name] = table
            case .workflow:
                guard let rules = Section(file: path, text: text, problems: problems).map(WorkflowRules.init)
                else { continue }
                if workflows.updateValue(rules, forKey: rules.name) != nil {
                    problems.add(path, 1, "the workflow \"\(rules.name)\" is there twice")
                }
            case .profile:
                guard let profile = Section(file: path, text: text, problems: problems).map(Profile.init) else {
                    profiles.isIncomplete = true
                    continue
                }
                if profile.name == path { profiles.isIncomplete = true }
                if profiles.known.updateValue(profile, forKey: profile.name) != nil {
                    problems.add(path, 1, "the profile \"\(profile.name)\" is there twice")
                }
            case .layout:
                guard let layout = Section(file: path, text: text, problems: problems).flatMap(Layout.init)
                else { continue }
                if layouts.updateValue(layout, forKey: layout.name) != nil {
                    problems.add(path, 1, "the layout \"\(layout.name)\" is there twice")
                }
            case .practice:
                guard let section = Section(file: path, text: text, problems: problems) else {
                    hasUnreadPractice = true
                    continue
                }
                if !section.keys.contains(where: { $0.text == "practice" }) { hasUnreadPractice = true }
                practiceSections.append(section)
            case .ignored: break
            case .unknown:
                problems.add(
                    path, 1, "no definition belongs here (tables, profiles, layouts, practices, NAME/workflow.yaml)")
            }
        }
        var workflowByType: [String: String] = [:]
        for (name, rules) in workflows.sorted(by: { $0.key < $1.key }) {
            for type in rules.accepts.keys {
                if let other = workflowByType.updateValue(name, forKey: type) {
                    problems.add("\(name)/workflow.yaml", 1, "\(type) is taken by the workflow \"\(other)\" already")
                }
            }
        }
        let folder = Self.practices(practiceSections, profiles, workflows["scheduling"], problems)
        LoadProfile.check(practiceSections, feeds: folder.feeds, problems)
        let taps = Self.taps(
            practiceSections, feeds: folder.feeds, profiles: profiles, workflows["scheduling"], problems)
        for (name, table) in tables {
            for row in table.rows {
                // Where a practice's file cannot be read, its rows would be accused of its mistake.
                guard let practice = row.practice, folder.practices[practice] == nil, !hasUnreadPractice else {
                    continue
                }
                let file = "tables/\(name.rawValue).csv"
                problems.unknown("practice", practice, among: folder.practices.keys.sorted(), file, row.line)
            }
        }
        for (name, column, target) in [
            (TableName.events, "category", TableName.categories), (.resources, "provider", .providers),
        ] {
            tables[name]?.checkReferences(
                of: column, in: tables[target] ?? CodeTable(empty: target), file: "tables/\(name.rawValue).csv",
                problems: problems)
        }
        guard problems.all.isEmpty else { throw DefinitionError(problems: problems.sorted) }
        digest = Self.digest(files)
        practices = folder.practices
        feeds = folder.feeds
        self.workflows = workflows
        self.tables = tables
        self.taps = taps
        self.layouts = layouts
        self.workflowByType = workflowByType
        matchable = folder.feeds.values.filter(\.isToldByMessages).sorted { $0.name < $1.name }
    }

    /// A table; an empty one where the folder has none of that name.
    package func table(_ name: TableName) -> CodeTable { tables[name] ?? CodeTable(empty: name) }

    /// The ports that feeds have for themselves, beside the gateway's own.
    package var ports: [Int] { Set(feeds.values.compactMap(\.port) + taps.values.compactMap(\.port)).sorted() }

    /// The zone that a feed's times without an offset are in; nil for an unknown practice.
    package func zone(feed: String, practice: String) -> TimeZone? {
        source(named: feed)?.zone(of: practice) ?? practices[practice]?.zone
    }

    private enum Place {
        case table(String)
        case workflow, profile, layout, practice, ignored, unknown

        init(_ path: String) {
            let parts = path.split(separator: "/").map(String.init)
            let last = parts.last ?? ""
            if last.hasSuffix(".md") || last.hasPrefix(".") || parts.contains("cases") {
                self = .ignored
            } else if parts.count == 2, parts[0] == "tables", last.hasSuffix(".csv") {
                self = .table(String(last.dropLast(4)))
            } else if parts.count == 2, parts[0] == "profiles", last.hasSuffix(".yaml") {
                self = .profile
            } else if parts.count == 2, parts[0] == "layouts", last.hasSuffix(".yaml") {
                self = .layout
            } else if parts.count == 2, parts[0] == "practices", last.hasSuffix(".yaml") {
                self = .practice
            } else if parts.count == 2, last == "workflow.yaml" {
                self = .workflow
            } else {
                self = .unknown
            }
        }
    }

    private static func practices(
        _ sections: [Section], _ profiles: Profiles, _ workflow: WorkflowRules?, _ problems: Problems
    ) -> (practices: [String: PracticeProfile], feeds: [String: Feed]) {
        var practices: [String: PracticeProfile] = [:]
        var feeds: [String: Feed] = [:]
        for section in sections {
            let practice = PracticeProfile(section)
            if practices.updateValue(practice, forKey: practice.id) != nil {
                let line = section.line(of: "practice")
                problems.add(section.file, line, "the practice \"\(practice.id)\" is there twice")
            }
            for feedSection in section.sections("feeds") ?? [] {
                guard
                    let feed = Feed(feedSection, practice: practice.id, profiles: profiles, workflow: workflow)
                else { continue }
                if feeds[feed.name] == nil {
                    let twin = feeds.values.first { $0.marks == feed.marks }
                    if let twin {
                        let who = "the feed \"\(feed.name)\" cannot be told from \"\(twin.name)\""
                        problems.add(section.file, feedSection.line, who + ": same port, sender, facility")
                    }
                    feeds[feed.name] = feed
                } else if let trouble = feeds[feed.name]?.take(feed) {
                    problems.add(section.file, feedSection.line, trouble)
                }
            }
        }
        return (practices, feeds)
    }

    private static func digest(_ files: [String: String]) -> [UInt8] {
        var hash = SHA256()
        for (path, text) in files.sorted(by: { $0.key < $1.key }) {
            hash.update(data: Array("\(path.utf8.count) \(path)\n\(text.utf8.count)\n\(text)".utf8))
        }
        return Array(hash.finalize())
    }
}

extension Feed {
    /// Takes another practice of the same feed in; the sentence that says why it cannot.
    fileprivate mutating func take(_ other: Feed) -> String? {
        if marks != other.marks || profile != other.profile || isProduction != other.isProduction
            || charset != other.charset || refuses != other.refuses
        {
            return "the feed \"\(name)\" is stated otherwise for another practice"
        }
        for (value, practice) in other.practices {
            if let taken = practices[value] {
                return value.isEmpty
                    ? "the feed \"\(name)\" carries \"\(taken)\" already, and its profile has no \"practice-path\""
                    : "the value \"\(value)\" of the feed \"\(name)\" is taken by \"\(taken)\""
            }
            practices[value] = practice
        }
        zones.merge(other.zones) { first, _ in first }
        return nil
    }
}
