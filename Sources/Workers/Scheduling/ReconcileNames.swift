import Foundation
import Postgres
import Practice
import Reconciliation

/// Finds which of our records the lines of another side's list are: by our own id, else by the most trusted name, else by
/// person, start and resource. In batches; nothing is written.
struct ListMatcher {
    private let transaction: Transaction
    private let practice: String
    private let enterprise: String
    private let appointmentNumberings: [Numbering]
    private let personNumberings: [Numbering]

    private struct Numbering {
        let kind: Practice.Identifier.Kind
        let authority: String
    }

    private struct Person {
        let id: UUID
        let initials: String
    }

    init(practice: String, enterprise: String, in transaction: Transaction) async throws {
        self.transaction = transaction
        self.practice = practice
        self.enterprise = enterprise
        appointmentNumberings = try await Self.numberings(
            ReconcileQueries.appointmentNumberings(practice), of: [.filler, .placer, .visit], transaction)
        personNumberings = try await Self.numberings(
            ReconcileQueries.personNumberings(enterprise), of: [.mrn, .person, .local], transaction)
    }

    private static func numberings(
        _ sql: SQL, of kinds: [Practice.Identifier.Kind], _ transaction: Transaction
    ) async throws -> [Numbering] {
        try await transaction.query(sql).compactMap { row in
            let (kind, authority) = try row.decode((String, String).self)
            guard let known = Practice.Identifier.Kind(rawValue: kind), kinds.contains(known) else { return nil }
            return Numbering(kind: known, authority: authority)
        }
    }

    /// The list's entries with our record's id where it is known, in the order of their keys.
    func match(_ listed: [ListedEntry]) async throws -> [Entry] {
        var listed = listed
        for batch in listed.indices.batches(of: 500) {
            try await findPersons(&listed, batch)
            try await findByOwnID(&listed, batch)
            try await findByName(&listed, batch.filter { listed[$0].entry.record == nil })
        }
        let claimed = Set(listed.compactMap(\.entry.record))
        let rest = listed.indices.filter { listed[$0].entry.record == nil }
        for batch in rest.batches(of: 500) { try await findByTime(&listed, batch, claimed: claimed) }
        for index in listed.indices where listed[index].entry.record != nil && !listed[index].isBlock {
            // The record says who it is: an entry that names nobody is no block for that.
            if listed[index].entry.person.isEmpty { listed[index].entry.person = "unnamed" }
        }
        return listed.map(\.entry).filter { $0.record != nil || $0.start != nil }.sorted { $0.key < $1.key }
    }

    // MARK: Persons

    /// Our person's id in place of the list's word for them, where it is known.
    private func findPersons(_ listed: inout [ListedEntry], _ batch: [Int]) async throws {
        let named = batch.filter { !listed[$0].patient.isEmpty }
        if named.isEmpty { return }
        let ids = named.compactMap { index in UUID(uuidString: listed[index].patient).map { (index, $0) } }
        var found: [Int: Person] = [:]
        for row in try await transaction.query(
            ReconcileQueries.persons(enterprise, rows: ids.map(\.0), ids: ids.map(\.1)))
        {
            let (index, id, initials) = try row.decode((Int, UUID, String).self)
            found[index] = Person(id: id, initials: initials)
        }
        let probes = named.flatMap { index in personNumberings.map { (index, $0, listed[index].patient) } }
        let rows = try await transaction.query(
            ReconcileQueries.persons(
                enterprise, rows: probes.map(\.0), kinds: probes.map(\.1.kind.rawValue),
                authorities: probes.map(\.1.authority), values: probes.map(\.2)))
        var candidates: [Int: [(kind: Practice.Identifier.Kind, person: Person)]] = [:]
        for row in rows {
            let (index, kind, id, initials) = try row.decode((Int, String, UUID, String).self)
            guard let kind = Practice.Identifier.Kind(rawValue: kind) else { continue }
            candidates[index, default: []].append((kind, Person(id: id, initials: initials)))
        }
        for index in named {
            guard let person = found[index] ?? Self.only(candidates[index] ?? []) else { continue }
            listed[index].entry.person = person.id.uuidString.lowercased()
            listed[index].entry.display.initials = person.initials
        }
    }

    /// Of the first kind that names anybody, the only one: a number that stands for two persons names neither.
    private static func only(_ candidates: [(kind: Practice.Identifier.Kind, person: Person)]) -> Person? {
        for kind in [Practice.Identifier.Kind.mrn, .person, .local] {
            let persons = candidates.filter { $0.kind == kind }.map(\.person)
            guard let first = persons.first else { continue }
            return persons.allSatisfy { $0.id == first.id } ? first : nil
        }
        return nil
    }

    // MARK: Records

    private func findByOwnID(_ listed: inout [ListedEntry], _ batch: [Int]) async throws {
        let ids = Array(Set(batch.compactMap { listed[$0].ownID }))
        if ids.isEmpty { return }
        let known = Set(
            try await transaction.query(ReconcileQueries.existing(practice, ids)).map { try $0.decode(UUID.self) })
        for index in batch {
            guard let id = listed[index].ownID, known.contains(id) else { continue }
            listed[index].entry.record = id
        }
    }

    private struct Named {
        let name: Practice.Identifier
        /// A group's appointments bear the group's id with the person's mark, which goes before the bare id.
        let isMarked: Bool
    }

    private func findByName(_ listed: inout [ListedEntry], _ batch: [Int]) async throws {
        let probes = batch.flatMap { index in names(of: listed[index]).map { (index, $0) } }
        if probes.isEmpty { return }
        let rows = try await transaction.query(
            ReconcileQueries.named(
                practice, enterprise, probes: Array(probes.indices),
                kinds: probes.map(\.1.name.kind.rawValue), authorities: probes.map(\.1.name.authority),
                values: probes.map(\.1.name.value)))
        var best: [Int: (rank: (Int, Int, Int16), record: UUID)] = [:]
        for row in rows {
            let (probe, id, trust, start, person) = try row.decode(
                (Int, UUID, Int16, Date?, UUID?).self)
            let (index, named) = probes[probe]
            guard agrees(listed[index], named.name.kind, start, person) else { continue }
            let kinds: [Practice.Identifier.Kind] = [.filler, .placer, .booking, .visit]
            let rank = (
                named.isMarked ? 0 : 1, kinds.firstIndex(of: named.name.kind) ?? kinds.count, -trust
            )
            if let known = best[index], known.rank <= rank { continue }
            best[index] = (rank, id)
        }
        for (index, found) in best { listed[index].entry.record = found.record }
    }

    private func names(of listed: ListedEntry) -> [Named] {
        guard listed.isNamedByReference else { return listed.names.map { Named(name: $0, isMarked: false) } }
        let plain = listed.entry.reference
        let marked = listed.patient.isEmpty ? [] : [plain + "#" + listed.patient]
        return appointmentNumberings.flatMap { numbering in
            marked.map {
                Named(name: .init(numbering.kind, authority: numbering.authority, value: $0), isMarked: true)
            } + [Named(name: .init(numbering.kind, authority: numbering.authority, value: plain), isMarked: false)]
        }
    }

    /// The list's number may stand for something else where it is not the schedule's own (SCH-2): then the time or the
    /// person must agree as well.
    private func agrees(
        _ listed: ListedEntry, _ kind: Practice.Identifier.Kind, _ start: Date?, _ person: UUID?
    ) -> Bool {
        if kind == .filler || !listed.isNamedByReference || listed.patient.isEmpty { return true }
        return start == listed.entry.start || person?.uuidString.lowercased() == listed.entry.person
    }

    // MARK: Without a name

    /// By person, start and resource; where the list names nobody, by start and resource among those that no other line
    /// has named. Only where there is exactly one.
    private func findByTime(_ listed: inout [ListedEntry], _ batch: [Int], claimed: Set<UUID>) async throws {
        let timed = batch.filter { index in
            let entry = listed[index].entry
            let isSomebody = UUID(uuidString: entry.person) != nil
            let isNobody =
                entry.person.isEmpty && !listed[index].isBlock && listed[index].isNamedByReference
                && entry.resource != nil
            return entry.start != nil && (isSomebody || isNobody)
        }
        if timed.isEmpty { return }
        let rows = try await transaction.query(
            ReconcileQueries.timed(
                practice, enterprise, rows: timed, starts: timed.map { listed[$0].entry.start },
                persons: timed.map { UUID(uuidString: listed[$0].entry.person)?.uuidString },
                resources: timed.map { listed[$0].entry.resource }))
        var candidates: [Int: Set<UUID>] = [:]
        for row in rows {
            let (index, id) = try row.decode((Int, UUID).self)
            if listed[index].entry.person.isEmpty && claimed.contains(id) { continue }
            candidates[index, default: []].insert(id)
        }
        for (index, records) in candidates where records.count == 1 { listed[index].entry.record = records.first }
    }
}

extension Collection where Index == Int {
    /// Consecutive pieces of at most `size`.
    fileprivate func batches(of size: Int) -> [[Element]] {
        let all = Array(self)
        return stride(from: 0, to: all.count, by: size).map { Array(all[$0..<Swift.min($0 + size, all.count)]) }
    }
}
