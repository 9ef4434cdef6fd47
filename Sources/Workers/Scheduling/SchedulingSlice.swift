package import Foundation
package import Postgres
package import Practice
package import Records
package import Worker

/// The part of the record that scheduling's batch touches: persons, their appointments, blocks and resources. Pure but for
/// loading and saving.
package struct SchedulingSlice: RecordSlice {
    package internal(set) var persons = PersonSlice()
    package internal(set) var appointments = AppointmentSlice()
    package internal(set) var blocks = BlockSlice()
    package internal(set) var resources = ResourceSlice()

    package init() {}

    // MARK: Drafts

    /// What is to be recorded of one input.
    package enum Draft: Sendable {
        case nothing(code: String, practice: String)
        /// One for each person of the message, in its order.
        case appointments([AppointmentDraft], AppointmentSlice.Source)
        case block(BlockDraft, AppointmentSlice.Source)
        case person(ParsedPerson, id: UUID, AppointmentSlice.Source)
        case resource(ResourceUse, capacity: Int32?, practice: String)
    }

    package struct AppointmentDraft: Sendable {
        let person: (said: ParsedPerson, id: UUID)?
        let id: UUID
        let event: AppointmentEvent
        let aliases: [Alias]
        /// Wait-list entries that this ends.
        let ending: [UUID]
        /// An appointment created by mistake from out-of-order messages.
        let absorbing: UUID?
        let capacities: [ResourceCapacity: Int32]
        /// A person's decision that is now applied for the first time, and the question that it answers.
        let decision: (number: Int64, question: String)?
    }

    package struct BlockDraft: Sendable {
        let id: UUID
        let names: [Identifier]
        let changes: [SlotChange]
        let state: BlockState
    }

    /// What applying a draft did to each appointment or slot.
    package struct Applied: Sendable {
        package var records: [(id: UUID, change: AppointmentChange?, version: Int32)] = []
        package var slots: [BlockSlice.Change] = []
        package var isPersonOrResourceChanged = false
    }

    package mutating func apply(_ draft: Draft) -> Effect {
        var effect: Effect
        switch draft {
        case .nothing(let code, let practice): return Effect(code, practice: practice)
        case .appointments(_, let source), .block(_, let source), .person(_, _, let source):
            let applied = record(draft)
            effect = Effect(applied, source)
            for slot in applied.slots { effect.add(NewChange(slot, source)) }
            if applied.isPersonOrResourceChanged { effect.code = "applied" }
        case .resource(_, _, let practice):
            effect = Effect(record(draft).isPersonOrResourceChanged ? "applied" : "unchanged", practice: practice)
        }
        return effect
    }

    /// As `apply`, in the slice's own terms.
    mutating func record(_ draft: Draft) -> Applied {
        var applied = Applied()
        switch draft {
        case .nothing: break
        case .appointments(let all, let source):
            for one in all { record(one, source, &applied) }
        case .block(let block, let source): applied.slots = record(block, source)
        case .person(let said, let id, let source):
            applied.isPersonOrResourceChanged = persons.standing(of: said, in: source.enterprise) != .same
            persons.see(said, as: id, in: source.enterprise)
        case .resource(let use, let capacity, let practice):
            applied.isPersonOrResourceChanged = resources.load(use, capacity: capacity, in: practice)
        }
        return applied
    }

    private mutating func record(
        _ draft: AppointmentDraft, _ source: AppointmentSlice.Source, _ applied: inout Applied
    ) {
        if let person = draft.person { persons.see(person.said, as: person.id, in: source.enterprise) }
        appointments.capacities.merge(draft.capacities) { $1 }
        let newborn = draft.absorbing.flatMap { appointments[$0]?.state }
        if let absorbed = draft.absorbing { appointments.absorb(absorbed, into: draft.id, source) }
        add(draft.event, draft.aliases, to: draft.id, source, &applied)
        if let newborn { add(draft.event.emptying(newborn), [], to: newborn.id, source, &applied) }
        for waiting in draft.ending { add(draft.event.endOfWaiting, [], to: waiting, source, &applied) }
        if let decision = draft.decision {
            appointments.decisions.apply(
                decision.number, to: draft.id, question: decision.question, practice: source.practice)
        }
    }

    /// Adds one event to an appointment; what nobody's message says needs no draft.
    mutating func add(
        _ event: AppointmentEvent, _ aliases: [Alias] = [], to id: UUID, _ source: AppointmentSlice.Source,
        _ applied: inout Applied
    ) {
        let change = appointments.add(event, aliases, to: id, source)
        applied.records.append((id, change, appointments[id]?.version ?? 0))
    }

    private mutating func record(_ draft: BlockDraft, _ source: AppointmentSlice.Source) -> [BlockSlice.Change] {
        var changes: [BlockSlice.Change] = []
        for change in draft.changes {
            let stretch = change.blockStretch
            let isFree = change.status == .free
            if isFree, blocks.isTaken(stretch, byAnotherThan: draft.id, in: source.practice) { continue }
            let said = blocks.say(
                isFree ? .free : .blocked, of: stretch, at: change.at, in: source.practice, id: UUID())
            if let said { changes.append(said) }
        }
        if !draft.names.isEmpty {
            let block = BlockSlice.Block(
                practice: source.practice, at: draft.state.at, entry: draft.state.entry,
                stretches: draft.state.stretches.map(\.stored))
            blocks.keep(draft.id, block, named: draft.names)
        }
        return changes
    }

    // MARK: Loading and saving

    /// What an input needs of the record.
    package struct Needs: SliceNeeds {
        struct Appointment: Sendable {
            let practice: String
            let enterprise: String
            let person: ParsedPerson
            /// What to look for.
            let names: [Identifier]
            let since: Date
            let position: AppointmentEvent.Position
            /// The entry, where what a person decided of it counts.
            let decided: Int64?
            let question: @Sendable (UUID?) -> String
        }

        var appointments: [Appointment] = []
        var persons: [(enterprise: String, person: ParsedPerson)] = []
        var blockNames: [AppointmentSlice.Key] = []
        var stretches: [BlockSlice.SlotKey] = []
        var resources: [ResourceSlice.Key] = []
        /// Everything that was said of what is found.
        package var wantsHistory = false

        package init() {}

        package mutating func formUnion(_ other: Needs) {
            appointments += other.appointments
            persons += other.persons
            blockNames += other.blockNames
            stretches += other.stretches
            resources += other.resources
            wantsHistory = wantsHistory || other.wantsHistory
        }

        package var locks: Int { appointments.count + persons.count + blockNames.count }
    }

    /// Round 1 finds persons by identifier and locks them, and names of blocks; round 2 reads everything anew: whoever came
    /// or was merged in between is not locked, and then the batch is decided anew.
    package static func load(_ needs: Needs, in transaction: Transaction) async throws -> SchedulingSlice {
        try await load(needs, isHeld: true, in: transaction)
    }

    /// - Parameter isHeld: false for whoever only looks: nothing is locked.
    static func load(_ needs: Needs, isHeld: Bool, in transaction: Transaction) async throws -> SchedulingSlice {
        var slice = SchedulingSlice()
        let keys = PersonKeys(needs)
        let located =
            isHeld
            ? try await PersonSlice.lock(keys.all, in: transaction)
            : try await PersonSlice.locate(keys.all, in: transaction)
        if isHeld { try await BlockSlice.lock(needs.blockNames, in: transaction) }
        let persons = keys.persons(located)
        var named: Set<AppointmentSlice.Key> = []
        var of: [AppointmentSlice.Needed] = []
        var entries: [(practice: String, entry: Int64)] = []
        var questions: [(practice: String, digest: [UInt8])] = []
        let since = needs.appointments.map(\.since).min() ?? .distantPast
        var wanted: Set<AppointmentSlice.Needed> = []
        for (index, one) in needs.appointments.enumerated() {
            named.formUnion(one.names.map { AppointmentSlice.Key(one.practice, $0) })
            for person in persons[index] {
                let needed = AppointmentSlice.Needed(
                    practice: one.practice, enterprise: one.enterprise, person: person, since: since)
                if wanted.insert(needed).inserted { of.append(needed) }
                questions.append((one.practice, DecisionSlice.digest(one.question(person))))
            }
            if one.person.aliases.isEmpty {
                questions.append((one.practice, DecisionSlice.digest(one.question(nil))))
            }
            if let entry = one.decided { entries.append((one.practice, entry)) }
        }
        let replies = try await transaction.query(together: [
            PersonSlice.loading(keys.all), AppointmentSlice.loading(named: Array(named), of: of),
            AppointmentSlice.loadingDecisions(entries: entries, questions: questions, isHeld: isHeld),
            ResourceSlice.loading(needs.resources),
        ])
        try slice.persons.put(replies[0])
        if isHeld, !slice.persons.isHeld(by: located) { throw PostgresError.missed }
        try slice.appointments.put(replies[1])
        try slice.appointments.putDecisions(replies[2])
        try slice.resources.put(replies[3])
        try await slice.loadDecided(transaction)
        try await slice.loadHistories(needs, transaction)
        if !needs.blockNames.isEmpty || !needs.stretches.isEmpty {
            try await slice.blocks.load(named: needs.blockNames, stretches: needs.stretches, in: transaction)
        }
        return slice
    }

    /// The appointments that decisions name, with everything that was said of them.
    private mutating func loadDecided(_ transaction: Transaction) async throws {
        let ids = appointments.decisions.decisions.flatMap { decision in
            [decision.chosen, decision.became].compactMap(\.self).map { (practice: decision.practice, id: $0) }
        }
        if ids.isEmpty { return }
        try appointments.put(try await transaction.query(AppointmentSlice.loading(ids: ids)))
        try await loadHistories(of: Set(ids.map(\.id)), transaction)
    }

    /// Of what a late message may speak of, everything that was said; and of a wait-list entry, which a booking may end.
    private mutating func loadHistories(_ needs: Needs, _ transaction: Transaction) async throws {
        var late: Set<UUID> = []
        if needs.wantsHistory {
            late = Set(appointments.records.keys)
        } else {
            for one in needs.appointments {
                let person = persons.find(one.person, in: one.enterprise).map { persons.survivor(of: $0) }
                for (id, record) in appointments.candidates(
                    named: one.names, person: person, since: one.since, in: one.practice)
                where !record.history.isNewest(one.position) || record.state.status == .waitlist { late.insert(id) }
            }
        }
        try await loadHistories(of: late, transaction)
    }

    private mutating func loadHistories(of ids: Set<UUID>, _ transaction: Transaction) async throws {
        let missing = ids.compactMap { id -> (practice: String, id: UUID)? in
            guard let record = appointments[id], !record.history.isWhole else { return nil }
            return (record.practice, id)
        }
        if missing.isEmpty { return }
        let rows = try await transaction.query(AppointmentSlice.loadingHistory(of: missing))
        try appointments.putHistories(of: missing.map(\.id), rows)
    }

    /// Appointments by their ids, with everything that was said of them: for what no message says.
    static func load(
        _ ids: [UUID], practice: String, in transaction: Transaction
    ) async throws -> SchedulingSlice {
        var slice = SchedulingSlice()
        if ids.isEmpty { return slice }
        try slice.appointments.put(
            try await transaction.query(AppointmentSlice.loading(ids: ids.map { (practice, $0) })))
        try await slice.loadHistories(of: Set(ids), transaction)
        return slice
    }

    package func save(_ part: WriteOrder, in transaction: Transaction) async throws {
        switch part {
        case .persons: try await persons.save(in: transaction)
        case .records: try await appointments.save(in: transaction)
        case .resources:
            try await resources.save(in: transaction)
            try await blocks.save(in: transaction)
            try await appointments.saveResources(in: transaction)
        case .counters, .queueKeys, .lanes: break
        }
    }

    /// As a commit leaves it: what has changed is what is on record. For a record without a database.
    mutating func settle() {
        persons.settle()
        appointments.settle()
        blocks.settle()
        resources.settle()
    }
}

/// The identifiers of all persons that a batch speaks of, and whose each of them is.
private struct PersonKeys {
    private(set) var all: [PersonSlice.Key] = []
    /// Which of the appointments each key is of; nil: a person alone.
    private var owners: [Int?] = []
    private let count: Int

    init(_ needs: SchedulingSlice.Needs) {
        count = needs.appointments.count
        for (index, one) in needs.appointments.enumerated() { add(one.person, one.enterprise, index) }
        for one in needs.persons { add(one.person, one.enterprise, nil) }
    }

    private mutating func add(_ person: ParsedPerson, _ enterprise: String, _ owner: Int?) {
        for alias in person.aliases + [person.natural].compactMap(\.self) {
            all.append(PersonSlice.Key(enterprise, alias.identifier))
            owners.append(owner)
        }
    }

    /// Of each appointment whoever its identifiers name.
    func persons(_ located: [PersonSlice.Located]) -> [Set<UUID>] {
        var persons = [Set<UUID>](repeating: [], count: count)
        for one in located {
            if let owner = owners[one.index] { persons[owner].insert(one.survivor) }
        }
        return persons
    }
}

extension NewChange {
    init(_ change: AppointmentChange, of record: UUID, _ version: Int32, _ source: AppointmentSlice.Source) {
        self.init(
            type: change.rawValue, recordKind: "appointment", record: record, version: version, tell: source.tell)
        (day, entry) = (source.entry.map { _ in source.day }, source.entry)
    }

    fileprivate init(_ change: BlockSlice.Change, _ source: AppointmentSlice.Source) {
        self.init(
            type: change.status == .free ? "slot.opened" : "slot.blocked", recordKind: "slot", record: change.slot,
            version: change.version, tell: source.tell)
        (day, entry) = (source.entry.map { _ in source.day }, source.entry)
    }
}

extension BlockState.Stretch {
    var stored: BlockSlice.Stretch {
        BlockSlice.Stretch(kind: resource.kind, code: resource.code, start: start, end: end)
    }
}

extension SlotChange {
    var blockStretch: BlockSlice.Stretch { stretch.stored }
}
