package import Foundation
package import Practice

/// The persons that a batch touches, in memory: found by their identifiers, made at first sight, blanks filled. Pure; reads
/// nothing and writes nothing. A slice without a database starts empty.
package struct PersonSlice: Sendable {
    /// An identifier within the enterprise that gives it.
    package struct Key: Hashable, Sendable {
        package let enterprise: String
        package let identifier: Identifier

        package init(_ enterprise: String, _ identifier: Identifier) {
            self.enterprise = enterprise
            self.identifier = identifier
        }
    }

    /// A person's row.
    package struct Person: Sendable {
        package let enterprise: String
        package internal(set) var isProvisional = true
        /// Whom the person was merged into.
        package internal(set) var survivor: UUID?
        package internal(set) var family = ""
        package internal(set) var given = ""
        package internal(set) var birthDate: Day?
        package internal(set) var sex = ""
        package internal(set) var phone = ""
        package internal(set) var email = ""
        package internal(set) var identifiers: Set<Identifier> = []
        /// As it was loaded; nil for a person of this batch.
        var revision: Int64?
        var isChanged = false
    }

    struct Owner: Sendable {
        let person: UUID
        let trust: Int16
        /// The order in which identifiers of one trust came.
        let rank: Int
    }

    package internal(set) var persons: [UUID: Person] = [:]
    var owners: [Key: Owner] = [:]
    /// What this batch adds, in its order.
    private(set) var added: [(key: Key, person: UUID, trust: Int16)] = []

    package init() {}

    package func person(_ id: UUID) -> Person? { persons[id] }

    /// The survivor, where the person was merged; else the same.
    package func survivor(of id: UUID) -> UUID { persons[id]?.survivor ?? id }

    // MARK: Finding

    /// The person of the most trusted identifier that is on record; nil: nobody yet. Gives the row that the identifier
    /// names, which may have been merged into another.
    package func find(_ parsed: ParsedPerson, in enterprise: String) -> UUID? {
        var best: Owner?
        for alias in known(parsed, in: enterprise) {
            guard let owner = owners[Key(enterprise, alias.identifier)], !isDenied(owner.person, alias, parsed) else {
                continue
            }
            let candidate = Owner(person: owner.person, trust: alias.trust, rank: owner.rank)
            if let best, (best.trust, -best.rank) >= (candidate.trust, -candidate.rank) { continue }
            best = candidate
        }
        return best?.person
    }

    /// The identifiers that count: the natural key only of somebody who has no number, where no number said is on record.
    private func known(_ parsed: ParsedPerson, in enterprise: String) -> [Alias] {
        guard let natural = parsed.natural, let owner = owners[Key(enterprise, natural.identifier)],
            let person = persons[owner.person],
            person.identifiers.allSatisfy({ $0.kind == natural.identifier.kind }),
            parsed.aliases.allSatisfy({ owners[Key(enterprise, $0.identifier)] == nil })
        else { return parsed.aliases }
        return parsed.aliases + [natural]
    }

    /// A number that two practices or a reused chart share makes nobody one: whoever has another own id (a GUID), of the
    /// same authority and of higher trust, is not meant.
    private func isDenied(_ person: UUID, _ alias: Alias, _ parsed: ParsedPerson) -> Bool {
        guard let identifiers = persons[person]?.identifiers else { return false }
        return parsed.aliases.contains { own in
            own.identifier.kind == .person && own.trust > alias.trust && !identifiers.contains(own.identifier)
                && identifiers.contains { $0.kind == .person && $0.authority == own.identifier.authority }
        }
    }

    // MARK: Seeing

    /// Records what was said of the person: makes it provisional where it is new, fills blanks of a provisional one, and
    /// adds identifiers that are nobody's. An identifier of somebody else stays theirs.
    ///
    /// - Parameter id: as `find` gave it, else a new one.
    package mutating func see(_ parsed: ParsedPerson, as id: UUID, in enterprise: String) {
        let said = known(parsed, in: enterprise)
        if persons[id] == nil { persons[id] = Person(enterprise: enterprise) }
        guard var person = persons[id] else { return }
        if person.isProvisional {
            fill(&person, \.family, parsed.family)
            fill(&person, \.given, parsed.given)
            fill(&person, \.sex, parsed.sex)
            fill(&person, \.phone, parsed.phone)
            fill(&person, \.email, parsed.email)
            if person.birthDate == nil, let birthDate = parsed.birthDate {
                (person.birthDate, person.isChanged) = (birthDate, true)
            }
        }
        for alias in said {
            let key = Key(enterprise, alias.identifier)
            guard owners[key] == nil else { continue }
            owners[key] = Owner(person: id, trust: alias.trust, rank: .max / 2 + owners.count)
            added.append((key, id, alias.trust))
            person.identifiers.insert(alias.identifier)
        }
        persons[id] = person
    }

    /// As a commit leaves it.
    package mutating func settle() {
        for id in persons.keys where persons[id]?.revision == nil || persons[id]?.isChanged == true {
            persons[id]?.revision = 0
            persons[id]?.isChanged = false
        }
        added = []
    }

    private func fill(_ person: inout Person, _ field: WritableKeyPath<Person, String>, _ said: String) {
        guard person[keyPath: field].isEmpty, !said.isEmpty else { return }
        person[keyPath: field] = said
        person.isChanged = true
    }
}
