package import Foundation
package import Postgres
package import Practice

/// The appointments that a batch touches, with their identifiers and as much of their history as the batch needs, in
/// memory. Pure; `SliceLoader` reads it and `SliceWriter` writes what has become of it.
package struct AppointmentSlice: Sendable {
    /// An appointment on record, or made by this batch.
    package struct Record: Sendable {
        package let practice: String
        package internal(set) var state: Appointment
        /// The public version; 0 before the first.
        package internal(set) var version: Int32
        package internal(set) var identifiers: [Identifier: Int16]
        package internal(set) var history: History
        /// As it was loaded; nil for an appointment of this batch.
        var revision: Int64?
        /// As it was loaded.
        var before: Appointment?
        /// Stretches that it took in between, within this batch.
        var passed: [ResourceUse] = []
    }

    /// What was said of an appointment.
    package struct History: Sendable {
        /// Whole, or only what this batch adds.
        package internal(set) var events: [AppointmentEvent] = []
        package internal(set) var isWhole = true
        /// The last of all, loaded or not.
        var last: AppointmentEvent.Position?
        /// The journal's entries of events that were not loaded.
        var entries: Set<Int64> = []
        /// Only a fold of the whole tells how it stands: some events are derived, retracted or moved here.
        var isSpecial = false

        package init() {}

        /// Whether an event at `position` comes after everything else, so that the state alone is enough.
        package func isNewest(_ position: AppointmentEvent.Position) -> Bool {
            guard !isSpecial else { return false }
            return last.map { $0 < position } ?? true
        }

        /// Whether the same message, or the same derived event, is among them.
        func contains(_ event: AppointmentEvent) -> Bool {
            if event.entry == AppointmentEvent.noEntry { return events.contains { $0.position == event.position } }
            return entries.contains(event.entry) || events.contains { $0.entry == event.entry }
        }
    }

    package struct Key: Hashable, Sendable {
        package let practice: String
        package let identifier: Identifier

        package init(_ practice: String, _ identifier: Identifier) {
            self.practice = practice
            self.identifier = identifier
        }
    }

    /// By what an event came, and whom its change is told to.
    package struct Source: Sendable {
        package let practice: String
        package let enterprise: String
        package let day: CalendarDay
        /// The journal's entry; nil where no message said it.
        package let entry: Int64?
        package let definition: [UInt8]?
        /// False for what is recorded without telling anyone.
        package let tell: Bool

        package init(
            practice: String, enterprise: String, day: CalendarDay, entry: Int64?, definition: [UInt8]?,
            tell: Bool = true
        ) {
            self.practice = practice
            self.enterprise = enterprise
            self.day = day
            self.entry = entry
            self.definition = definition
            self.tell = tell
        }
    }

    /// One version that this batch made.
    struct Version: Sendable {
        let record: UUID
        let number: Int32
        let event: AppointmentEvent
        let state: Appointment
        let source: Source
    }

    /// One event that this batch adds.
    struct Added: Sendable {
        var record: UUID
        let event: AppointmentEvent
        let source: Source
    }

    package internal(set) var records: [UUID: Record] = [:]
    private var named: [Key: [UUID]] = [:]
    /// By the person, merges followed.
    private var ofPerson: [UUID: [UUID]] = [:]
    package var decisions = DecisionSlice()

    // What this batch adds, in job order.
    private(set) var versions: [Version] = []
    private(set) var events: [Added] = []
    private(set) var names: [(key: Key, record: UUID, trust: Int16)] = []
    /// What was worked out, and is no longer so.
    private(set) var undone: [(practice: String, record: UUID, position: AppointmentEvent.Position)] = []
    private(set) var moves: [(practice: String, from: UUID, to: UUID)] = []
    /// The last message that each touched appointment stands by.
    private(set) var touched: [UUID: Source] = [:]
    private(set) var touchedInOrder: [UUID] = []
    package var capacities: [ResourceCapacity: Int32] = [:]
    /// What appointments of this batch have taken, if only in between: each with the first name and NPI that were said.
    private(set) var shown: [ResourceKey: ResourceUse] = [:]

    package init() {}

    // MARK: Reading

    package subscript(id: UUID) -> Record? { records[id] }

    /// Those that an identifier names, and with `person` also that person's from `since` on; earliest first.
    package func candidates(
        named identifiers: [Identifier], person: UUID?, since: Date, in practice: String
    ) -> [(id: UUID, record: Record)] {
        var ids = Set(identifiers.flatMap { named[Key(practice, $0)] ?? [] })
        if let person {
            for id in ofPerson[person] ?? [] {
                // It may be somebody else's by now.
                guard let record = records[id], record.practice == practice, record.state.person == person else {
                    continue
                }
                if record.state.start.map({ $0 >= since }) ?? true { ids.insert(id) }
            }
        }
        return ids.compactMap { id in records[id].map { (id, $0) } }.sorted { one, other in
            let (a, b) = (one.1.state.start ?? .distantFuture, other.1.state.start ?? .distantFuture)
            return a == b ? one.0.uuidString < other.0.uuidString : a < b
        }
    }

    // MARK: Loading

    mutating func put(_ id: UUID, _ record: Record) {
        guard records[id] == nil else { return }
        records[id] = record
        for identifier in record.identifiers.keys { named[Key(record.practice, identifier), default: []].append(id) }
        if let person = record.state.person { ofPerson[person, default: []].append(id) }
    }

    mutating func putHistory(_ id: UUID, _ events: [AppointmentEvent]) {
        records[id]?.history.events = events
        records[id]?.history.isWhole = true
        records[id]?.history.entries = []
        records[id]?.history.isSpecial = events.contains(where: \.isSpecial)
    }

    // MARK: Applying

    /// Whether the event can be added with what was loaded.
    package func knowsEnough(toAdd event: AppointmentEvent, to id: UUID) -> Bool {
        guard let history = records[id]?.history, !history.isWhole else { return true }
        if event.isSpecial { return false }
        return history.contains(event) || history.isNewest(event.position)
    }

    /// Adds the event and the names; the appointment is made where there is none. What others are told; nil when it
    /// stands as it stood. The same entry may come twice, by a resend and a replay at once: what it said is on record.
    package mutating func add(
        _ event: AppointmentEvent, _ aliases: [Alias], to id: UUID, _ source: Source
    ) -> AppointmentChange? {
        let known = records[id]
        if let known, known.history.contains(event) { return nil }
        guard let state = fold(event, known, id) else { return nil }
        var record =
            known
            ?? Record(practice: source.practice, state: state, version: 0, identifiers: [:], history: History())
        let old = known?.state
        let change = AppointmentChange(from: old, to: state)
        if let old, change != nil { record.passed += old.takenStretches.filter { !state.takenStretches.contains($0) } }
        show(state.stretches, source.practice)
        record.state = state
        record.history.events.append(event)
        record.history.last = max(record.history.last ?? event.position, event.position)
        if change != nil { record.version += 1 }
        if event.isSpecial { record.history.isSpecial = true }
        records[id] = record
        if let person = state.person, old?.person != person { ofPerson[person, default: []].append(id) }
        name(id, aliases, source)
        events.append(Added(record: id, event: event, source: source))
        if change != nil {
            versions.append(Version(record: id, number: record.version, event: event, state: state, source: source))
        }
        touch(id, source)
        return change
    }

    private func fold(_ event: AppointmentEvent, _ known: Record?, _ id: UUID) -> Appointment? {
        guard let known else { return Appointment(folding: [event], id: id) }
        if known.history.isNewest(event.position), let state = known.state.folding(next: event) { return state }
        precondition(known.history.isWhole, "what needs the whole history is not decided without it")
        return Appointment(folding: [event] + known.history.events, id: id)
    }

    private mutating func show(_ uses: [ResourceUse], _ practice: String) {
        for use in uses {
            let key = ResourceKey(practice: practice, kind: use.kind, code: use.code)
            var known = shown[key] ?? ResourceUse(kind: use.kind, code: use.code)
            if known.name.isEmpty { known.name = use.name }
            if known.npi.isEmpty { known.npi = use.npi }
            shown[key] = known
        }
    }

    /// An identifier names one appointment; a visit's may name several (a chain).
    private mutating func name(_ id: UUID, _ aliases: [Alias], _ source: Source) {
        for alias in aliases where records[id]?.identifiers[alias.identifier] == nil {
            let key = Key(source.practice, alias.identifier)
            guard alias.identifier.kind == .visit || (named[key] ?? []).isEmpty else { continue }
            records[id]?.identifiers[alias.identifier] = alias.trust
            named[key, default: []].append(id)
            names.append((key, id, alias.trust))
        }
    }

    /// Everything that was said of one appointment is another's, and so are its names: out-of-order messages made one too
    /// many. Both histories have to be whole.
    package mutating func absorb(_ from: UUID, into id: UUID, _ source: Source) {
        guard let absorbed = records[from] else { return }
        undo(absorbed.history.events, of: id, source)
        records[id]?.history.events += absorbed.history.events
        let last = [records[id]?.history.last, absorbed.history.last].compactMap(\.self).max()
        records[id]?.history.last = last
        records[id]?.history.isSpecial = true
        records[from]?.history.events = []
        records[from]?.history.last = nil
        records[from]?.identifiers = [:]
        for (identifier, trust) in absorbed.identifiers {
            let key = Key(source.practice, identifier)
            named[key]?.removeAll { $0 == from }
            if records[id]?.identifiers[identifier] == nil {
                records[id]?.identifiers[identifier] = trust
                named[key, default: []].append(id)
            }
        }
        for index in events.indices where events[index].record == from { events[index].record = id }
        let added = names.filter { $0.record == from }.map(\.key.identifier)
        for index in names.indices where names[index].record == from { names[index].record = id }
        // A visit's may have been both's.
        var given: Set<Identifier> = absorbed.revision == nil ? [] : Set(absorbed.identifiers.keys).subtracting(added)
        names.removeAll { $0.record == id && !given.insert($0.key.identifier).inserted }
        if absorbed.revision != nil { moves.append((source.practice, from, id)) }
        touch(from, source)
        touch(id, source)
    }

    /// That its own later message ended it as a wait-list entry was worked out of two appointments where there is one.
    private mutating func undo(_ said: [AppointmentEvent], of id: UUID, _ source: Source) {
        let positions = Set(said.map(\.position))
        let isUndone = { (event: AppointmentEvent) in event.kind == .superseded && positions.contains(event.position) }
        let gone = (records[id]?.history.events ?? []).filter(isUndone)
        if gone.isEmpty { return }
        records[id]?.history.events.removeAll(where: isUndone)
        events.removeAll { $0.record == id && isUndone($0.event) }
        undone += gone.map { (source.practice, id, $0.position) }
    }

    /// As a commit leaves it.
    package mutating func settle() {
        for id in touchedInOrder {
            guard var record = records[id] else { continue }
            (record.revision, record.before, record.passed) = (0, record.state, [])
            records[id] = record
        }
        (versions, events, names, moves, touched, touchedInOrder) = ([], [], [], [], [:], [])
        (capacities, shown, undone) = ([:], [:], [])
        decisions.settle()
    }

    /// Whether this batch has written of any appointment.
    package var isTouched: Bool { !touchedInOrder.isEmpty }

    private mutating func touch(_ id: UUID, _ source: Source) {
        if touched.updateValue(source, forKey: id) == nil { touchedInOrder.append(id) }
    }
}

/// A resource that the practice's table counts.
package struct ResourceCapacity: Hashable, Sendable {
    package let practice: String
    package let use: ResourceUse

    package init(practice: String, use: ResourceUse) {
        self.practice = practice
        self.use = use
    }
}

/// A resource of a practice.
struct ResourceKey: Hashable, Comparable, Sendable {
    let practice: String
    let kind: ResourceUse.Kind
    let code: String

    static func < (one: ResourceKey, other: ResourceKey) -> Bool {
        (one.practice, one.kind.rawValue, one.code) < (other.practice, other.kind.rawValue, other.code)
    }
}

extension AppointmentEvent {
    /// No message said it of this appointment, so that it changes nothing by itself.
    fileprivate var isSpecial: Bool { kind.isDerived || kind == .retracted }
}

extension Appointment {
    /// What it takes, with the times that it takes it for; none where it is not live.
    var takenStretches: [ResourceUse] { status.isLive ? stretches : [] }

    /// Its resources, with the times that each is taken for.
    var stretches: [ResourceUse] {
        resources.filter { $0.action != .delete }.map { use in
            var use = use
            (use.start, use.end) = (use.start ?? start, use.end ?? end)
            return use
        }
    }
}
