import Foundation
import HL7
import Postgres
import Practice
import Reconciliation
import Workflow

/// What the journal, the queue and the deliveries know of one difference. Asked once a difference; what is in the queue
/// is read at the first that needs it.
final class ReconcileEvidence {
    private let practice: PracticeProfile
    private let definition: Definition
    private let transaction: Transaction
    private var unfinished: UnfinishedMessages?
    private var notLive: [UUID: Bool] = [:]

    init(_ practice: PracticeProfile, _ definition: Definition, in transaction: Transaction) {
        self.practice = practice
        self.definition = definition
        self.transaction = transaction
    }

    func of(_ difference: Difference, in scope: Scope) async throws -> Evidence {
        let client = scope.client
        var evidence = Evidence()
        if difference.against == .pm {
            let row = try await transaction.query(ReconcileQueries.firstSeen(Finding.key(difference, scope), scope))
                .first
            evidence.firstSeenAt = try row?.decode(Date.self)
        }
        var record: UUID?
        if case .record(let id) = difference.group.key { record = id }
        if let record { try await readNewestMessage(of: record, into: &evidence) }
        if difference.against == .app, let client { evidence.isNotLive = try await isNotLive(client) }
        if difference.against == .pm || difference.code == .extraInApp {
            try await readMessages(of: difference.group, record, into: &evidence)
        } else if let record, let client {
            try await readDelivery(of: record, to: client, into: &evidence)
            if difference.code == .missingInApp, evidence.delivery == nil {
                let loaded = try await transaction.query(ReconcileQueries.isLoadedOnly(practice.id, record)).first
                evidence.isLoadedOnly = try loaded?.decode(Bool.self) ?? false
            }
        }
        return evidence
    }

    private func readNewestMessage(of record: UUID, into evidence: inout Evidence) async throws {
        guard let row = try await transaction.query(ReconcileQueries.newestEvent(practice.id, record)).first else {
            return
        }
        let (day, entry) = try row.decode((CalendarDay, Int64).self)
        evidence.receivedOn = Day(day)
        evidence.entry = entry
    }

    // MARK: What came

    private func readMessages(of group: Group, _ record: UUID?, into evidence: inout Evidence) async throws {
        try await readSurplus(of: group, record, into: &evidence)
        let messages = try await unfinishedMessages()
        if messages.isEmpty { return }
        var names = Set((group.pm + group.app).map(\.reference))
        for entry in group.pm + group.app { names.formUnion(entry.identifiers.map(\.value)) }
        for id in [record].compactMap(\.self) + group.others.compactMap(\.record) {
            let rows = try await transaction.query(ReconcileQueries.names(practice.id, of: id))
            names.formUnion(try rows.map { try $0.decode(String.self) })
        }
        var persons: Set<String> = []
        for person in Set((group.pm + group.app + [group.here].compactMap { $0 }).map(\.person)) where !person.isEmpty {
            persons.insert(person)
            guard let id = UUID(uuidString: person) else { continue }
            let rows = try await transaction.query(ReconcileQueries.names(practice.enterprise, ofPerson: id))
            persons.formUnion(try rows.map { try $0.decode(String.self) })
        }
        let starts = Set((group.pm + group.app + [group.here].compactMap { $0 }).compactMap(\.start))
        let found = messages.about(names: names, persons: persons, starts: starts)
        evidence.isQueued = found.isQueued
        evidence.parked = found.parked
        // What was said of it since is on record, and what was let go before is not why it differs.
        if let heard = found.letGo, heard.entry > evidence.entry ?? 0 {
            evidence.isLetGo = true
            evidence.receivedOn = heard.day
            evidence.entry = heard.entry
        } else {
            evidence.mayBeLetGo = messages.mayBeLetGo
        }
    }

    /// Whether messages have named every surplus entry of the PM's list as this appointment.
    private func readSurplus(of group: Group, _ record: UUID?, into evidence: inout Evidence) async throws {
        let surplus = Set(group.surplus(.pm).map(\.reference))
        guard let record, !surplus.isEmpty else { return }
        let rows = try await transaction.query(ReconcileQueries.names(practice.id, of: record))
        evidence.surplusIsTold = surplus.isSubset(of: try rows.map { try $0.decode(String.self) })
    }

    private func unfinishedMessages() async throws -> UnfinishedMessages {
        if let unfinished { return unfinished }
        let read = try await UnfinishedMessages(practice, definition, in: transaction)
        unfinished = read
        return read
    }

    // MARK: What was told

    private func readDelivery(of record: UUID, to client: UUID, into evidence: inout Evidence) async throws {
        if let row = try await transaction.query(ReconcileQueries.delivery(practice.id, record, client)).first {
            let (state, attempts, status, answer, version, at) = try row.decode(
                (String, Int, Int?, String?, Int, Date).self)
            if let known = Evidence.Delivery.State(rawValue: state) {
                evidence.delivery = .init(
                    state: known, attempts: attempts, status: status, answer: answer, version: version, at: at)
            }
        }
        let row = try await transaction.query(ReconcileQueries.outgoing(practice.id, record, client)).first
        guard let (isQueued, parkedCode) = try row?.decode((Bool, String?).self) else { return }
        evidence.isQueued = isQueued
        // What the app itself refused is told by its status, which says more than that the job is parked.
        let isRefused = evidence.delivery?.status.map { (400..<500).contains($0) } ?? false
        if let parkedCode, !isRefused {
            evidence.parked = .init(code: parkedCode, receivedOn: evidence.receivedOn, entry: evidence.entry)
        }
    }
}

extension ReconcileEvidence {
    private func isNotLive(_ client: UUID) async throws -> Bool {
        if let known = notLive[client] { return known }
        let read = try await transaction.query(ReconcileQueries.isNotLive(practice.id, client)).first?.decode(Bool.self)
        notLive[client] = read ?? false
        return read ?? false
    }
}

extension Day {
    init?(_ day: CalendarDay) { self.init(year: day.year, month: day.month, day: day.day) }
}

extension CalendarDay {
    init?(_ day: Day) { self.init(year: day.year, month: day.month, day: day.day) }
}
