package import Foundation
import HL7
import Practice
package import Workflow

/// Reads the rows of one file by its layout. Pure: the same for the command that loads and for the worker that records.
package struct LoadReader: Sendable {
    package let definition: Definition
    package let practice: PracticeProfile
    package let feed: Feed
    package let columns: LayoutColumns
    package let asOf: Date
    /// On which the rows count, for the code tables.
    let day: Day

    package init(
        definition: Definition, practice: PracticeProfile, feed: Feed, columns: LayoutColumns, asOf: Date
    ) {
        self.definition = definition
        self.practice = practice
        self.feed = feed
        self.columns = columns
        self.asOf = asOf
        day = PracticeTime(zone: practice.zone).day(of: asOf)
    }

    package func read(_ fields: [String], entry: Int64 = 0, isGroup: Bool = false) throws(LoadFault) -> LoadedRow {
        guard fields.count == columns.header.count else { throw LoadFault(.fieldCount) }
        let row = LoadCells(reader: self, fields: fields)
        switch columns.layout.loads {
        case .appointments: return try row.appointment(entry: entry, isGroup: isGroup)
        case .patients: return .person(try row.person(isNeeded: true))
        case .providers: return .resource(try row.provider())
        case .resources: return .resource(try row.resource())
        }
    }

    /// Reads what the journal has kept.
    static func read(_ entry: LoadEntry, practice id: String?, number: Int64, _ definition: Definition) throws(Park)
        -> LoadedRow
    {
        guard let practice = id.flatMap({ definition.practices[$0] }), let feed = definition.feeds[entry.feed],
            let layout = definition.layouts[entry.layout]
        else {
            throw Park(
                .unknownPractice, holdsKey: false,
                detail: "its practice, feed or layout is no longer in the definitions")
        }
        let columns = LayoutColumns(layout, header: entry.header)
        let reader = LoadReader(
            definition: definition, practice: practice, feed: feed, columns: columns, asOf: entry.asOf)
        do {
            return try reader.read(entry.fields, entry: number, isGroup: entry.isGroup)
        } catch {
            let holds = definition.workflows["scheduling"]?.holdsKey.contains(error.parkCode) ?? false
            throw Park(error.parkCode, holdsKey: holds, detail: error.description)
        }
    }

    /// Whose order the row keeps: as a message of that person would.
    package func keyMaterial(_ row: LoadedRow) -> String {
        var aliases: [Alias] = []
        var resource: ResourceUse?
        switch row {
        case .person(let person): aliases = person.aliases
        case .resource(let loaded): resource = loaded.use
        case .schedule(let message):
            switch message.content {
            case .appointments(let seen):
                aliases = seen.first?.person.aliases ?? []
                // As a message of somebody without a number is: by its first resource.
                guard let first = seen.first, first.person.isNatural else { break }
                aliases = []
                resource =
                    [.practitioner, .device, .location].lazy.compactMap { kind in
                        first.event.resources.first { $0.kind == kind }
                    }.first
            case .slots(let block): resource = block.changes.first?.resource
            case .ignored: break
            }
        case .ignored: break
        }
        for path in feed.personKey {
            let rules = feed.personIdentifiers.filter { $0.path.segment == path.segment && $0.path.field == path.field }
            for rule in rules {
                if let alias = aliases.first(where: { $0.identifier.kind == rule.kind }) {
                    return "person/\(practice.enterprise)/\(alias.identifier.value)"
                }
            }
        }
        if let any = aliases.first { return "person/\(practice.enterprise)/\(any.identifier.value)" }
        return resource.map { "resource/\(practice.id)/\($0.code)" } ?? "feed/\(LoadEntry.feedName)"
    }

    /// A number in the numbering that the feed's profile gives its kind.
    func alias(_ kind: Identifier.Kind, _ value: String) -> Alias {
        let rule = (feed.identifiers + feed.personIdentifiers).first { $0.kind == kind }
        let authority = practice.load.authorities[kind.rawValue] ?? rule?.authority ?? ""
        return Alias(Identifier(kind, authority: authority, value: value), trust: rule?.trust ?? 50)
    }
}
