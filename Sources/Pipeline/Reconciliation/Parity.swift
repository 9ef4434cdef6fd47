package import Foundation
package import Practice

// Parity: what a replaced interface told a booking app, message by message, beside what we worked out in shadow. Pure;
// the worker reads both sides and stores what comes of it.

/// What a notice says of an appointment, by either interface; nil and empty where it does not say.
package struct TellingContent: Codable, Hashable, Sendable {
    package var status: AppointmentStatus?
    package var start: Date?
    package var end: Date?
    /// The person, by every name that is known.
    package var person: Set<String> = []
    /// Who and what is booked.
    package var resources: Set<String> = []
    package var locations: Set<String> = []
    package var type: String?
    /// The lists of resources are what is added or dropped, not all there are.
    package var isPartial = false

    package init() {}
}

/// What may differ between two tellings. Closed, for it is counted. Whether one calls a booking what the other calls a
/// move is none: senders differ in it, and what stands afterwards is the same.
package enum ParityField: String, Codable, Hashable, Sendable, CaseIterable {
    case status, start, end, person, resource, location, type
}

/// What the replaced interface told.
package struct Tapped: Hashable, Sendable {
    package let id: Int64
    /// Our record, where its names or its person and time are known.
    package let record: UUID?
    /// As we would have called it.
    package let type: AppointmentChange
    package let at: Date
    package let content: TellingContent

    package init(id: Int64, record: UUID?, type: AppointmentChange, at: Date, content: TellingContent) {
        self.id = id
        self.record = record
        self.type = type
        self.at = at
        self.content = content
    }
}

/// What we would have told.
package struct Shadowed: Hashable, Sendable {
    package let event: Int64
    package let record: UUID
    package let type: AppointmentChange
    package let at: Date
    package let content: TellingContent

    package init(event: Int64, record: UUID, type: AppointmentChange, at: Date, content: TellingContent) {
        self.event = event
        self.record = record
        self.type = type
        self.at = at
        self.content = content
    }
}

/// What became of one telling of the replaced interface.
package enum ParityVerdict: Hashable, Sendable {
    /// Nothing of ours fits yet, and it is too young to say so.
    case waiting
    case matched(event: Int64, differs: [ParityField])
    /// It told again what stood already: we tell of changes only.
    case nothingNew
    case onlyTheirs
}

/// The rules by which tellings are matched.
package struct ParityRules: Hashable, Sendable {
    /// How long one side may take before it is said to be missing.
    package var window: TimeInterval = 600
    /// How late one may still be matched, after an outage.
    package var reach: TimeInterval = 86_400
    /// Starts and ends this near are the same.
    package var rounding: TimeInterval = 59

    package init() {}

    /// Matches what is unmatched, one to one: of the same appointment, of the same kind before another of the same sort,
    /// the nearest in time first. `stood` gives what our record said at a time.
    package func judge(
        _ tapped: [Tapped], _ shadowed: [Shadowed], now: Date, stood: (Tapped) -> TellingContent?
    ) -> [Int64: ParityVerdict] {
        var verdicts: [Int64: ParityVerdict] = [:]
        var free = Dictionary(grouping: shadowed, by: \.record)
        let pairs = tapped.flatMap { theirs in
            (theirs.record.flatMap { free[$0] } ?? []).compactMap { ours in
                fit(theirs, ours).map { (rank: $0, theirs: theirs, ours: ours) }
            }
        }
        for pair in pairs.sorted(by: { ($0.rank, $0.theirs.id, $0.ours.event) < ($1.rank, $1.theirs.id, $1.ours.event) }
        ) {
            guard verdicts[pair.theirs.id] == nil,
                let place = free[pair.ours.record]?.firstIndex(where: { $0.event == pair.ours.event })
            else { continue }
            free[pair.ours.record]?.remove(at: place)
            verdicts[pair.theirs.id] = .matched(
                event: pair.ours.event, differs: fields(pair.theirs.content, pair.ours.content))
        }
        for theirs in tapped where verdicts[theirs.id] == nil {
            if now.timeIntervalSince(theirs.at) < window {
                verdicts[theirs.id] = .waiting
            } else if let known = stood(theirs), fields(theirs.content, known).isEmpty {
                verdicts[theirs.id] = .nothingNew
            } else {
                verdicts[theirs.id] = .onlyTheirs
            }
        }
        return verdicts
    }

    /// Lower fits better; nil where they cannot be of one thing.
    private func fit(_ theirs: Tapped, _ ours: Shadowed) -> TimeInterval? {
        let distance = abs(theirs.at.timeIntervalSince(ours.at))
        guard distance <= reach else { return nil }
        if theirs.type == ours.type { return distance }
        // A booking for a move is a difference of words (NextGen says Kept by S12); a booking is never told for an end.
        return theirs.type.isEnding == ours.type.isEnding && distance <= window ? reach + distance : nil
    }

    /// What both say, and say otherwise.
    func fields(_ theirs: TellingContent, _ ours: TellingContent) -> [ParityField] {
        var fields: [ParityField] = []
        if let their = theirs.status, let our = ours.status, their != our { fields.append(.status) }
        if differ(theirs.start, ours.start) { fields.append(.start) }
        if differ(theirs.end, ours.end) { fields.append(.end) }
        if !theirs.person.isEmpty, !ours.person.isEmpty, theirs.person.isDisjoint(with: ours.person) {
            fields.append(.person)
        }
        if differ(theirs.resources, ours.resources, theirs.isPartial) { fields.append(.resource) }
        if differ(theirs.locations, ours.locations, theirs.isPartial) { fields.append(.location) }
        if let their = theirs.type, let our = ours.type, their.lowercased() != our.lowercased() { fields.append(.type) }
        return fields
    }

    private func differ(_ one: Date?, _ other: Date?) -> Bool {
        guard let one, let other else { return false }
        return abs(one.timeIntervalSince(other)) > rounding
    }

    private func differ(_ theirs: Set<String>, _ ours: Set<String>, _ isPartial: Bool) -> Bool {
        if theirs.isEmpty || ours.isEmpty || isPartial { return false }
        return theirs != ours
    }
}

extension AppointmentChange {
    /// After it the appointment does not take place.
    package var isEnding: Bool {
        switch self {
        case .cancelled, .deleted, .noshow: true
        case .booked, .updated, .rescheduled: false
        }
    }
}
