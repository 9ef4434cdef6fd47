import Foundation
import HL7
import Practice
import Workflow

extension FieldReader {
    func person(_ patient: Group) throws(Park) -> ParsedPerson {
        var person = ParsedPerson()
        for rule in feed.personIdentifiers { person.aliases += try identifiers(rule, of: patient) }
        person.aliases = person.aliases.mostTrustedFirst
        person.family = try first(.family, of: patient)?.text ?? ""
        person.given = try first(.given, of: patient)?.text ?? ""
        person.sex = try first(.sex, of: patient)?.text ?? ""
        person.phone = try first(.phone, of: patient)?.text ?? ""
        person.email = try first(.email, of: patient)?.text ?? ""
        if let text = try first(.birthDate, of: patient)?.text, let time = DTM(text), time.precision >= .day {
            person.birthDate = Day(year: time.year, month: time.month, day: time.day)
        }
        return person.named
    }

    /// The appointment's names. In a group each person's appointment bears the group's id with the person's mark, so that
    /// eight appointments have eight names.
    func names(
        of patient: Group, _ person: ParsedPerson, position: Int, inGroup: Bool
    ) throws(Park) -> (aliases: [Alias], lookUps: [AppointmentSeen.LookUp]) {
        let mark = "#" + (person.aliases.first?.identifier.value ?? String(position))
        var aliases: [Alias] = []
        var elsewhere: [Identifier] = []
        for rule in feed.identifiers {
            for alias in try identifiers(rule, of: patient) {
                let name = alias.identifier
                guard name.kind != .visit else {
                    aliases.append(alias)
                    continue
                }
                let marked = Identifier(name.kind, authority: name.authority, value: name.value + mark)
                aliases.append(inGroup ? Alias(marked, trust: alias.trust) : alias)
                elsewhere.append(inGroup ? name : marked)
            }
        }
        aliases = aliases.mostTrustedFirst
        let own = aliases.map(\.identifier)
        var lookUps = own.map { AppointmentSeen.LookUp(identifier: $0, onlyForSamePerson: false) }
        let traded = feed.idsTradePlaces ? own.compactMap(\.inOtherPlace) : []
        for name in traded + elsewhere where !lookUps.contains(where: { $0.identifier == name }) {
            lookUps.append(AppointmentSeen.LookUp(identifier: name, onlyForSamePerson: true))
        }
        return (aliases, lookUps)
    }

    /// SCH-23 and SCH-24 in the numbering of SCH-1 and SCH-2.
    func parents() throws(Park) -> [Identifier] {
        guard feed.parents == .replaces else { return [] }
        let parents = try namedParents()
        return parents + (feed.idsTradePlaces ? parents.compactMap(\.inOtherPlace) : [])
    }

    /// The series, where the feed means one by SCH-23 and SCH-24.
    func series() throws(Park) -> String? {
        guard feed.parents == .series else { return nil }
        return try namedParents().first?.value
    }

    private func namedParents() throws(Park) -> [Identifier] {
        var parents: [Identifier] = []
        for (field, kind) in [(FieldName.parentFiller, Identifier.Kind.filler), (.parentPlacer, .placer)] {
            guard let (value, path) = try first(field) else { continue }
            let rule = feed.identifiers.first { $0.kind == kind }
            var authority = rule?.authority ?? ""
            if let component = rule?.authorityComponent, let stated = try text(path, component: component) {
                authority = stated
            }
            parents.append(Identifier(kind, authority: authority, value: value))
        }
        return parents
    }
}

extension Identifier {
    /// The same number as the other of SCH-1 and SCH-2, which senders swap; nil for other kinds.
    var inOtherPlace: Identifier? {
        switch kind {
        case .placer: Identifier(.filler, authority: authority, value: value)
        case .filler: Identifier(.placer, authority: authority, value: value)
        case .visit, .booking, .mrn, .person, .local, .natural: nil
        }
    }
}

extension [Alias] {
    /// Without repetitions; ties in the order in which they were read.
    var mostTrustedFirst: [Alias] {
        var seen: Set<Identifier> = []
        return enumerated().sorted { ($1.element.trust, $0.offset) < ($0.element.trust, $1.offset) }
            .map(\.element).filter { seen.insert($0.identifier).inserted }
    }
}
