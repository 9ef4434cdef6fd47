package import Foundation

// An appointment is the fold of what its messages said, in the order in which it happened: by event time, ties by
// journal order. So a late message changes only what nothing newer has said, and a repeated one changes nothing.

extension Appointment {
    /// How long a visit is taken to be when no message says.
    package static let presumedDuration: TimeInterval = 15 * 60

    /// The appointment as its events leave it. Their order does not matter, nor repetition: of two with the same time and
    /// entry (a message read again under another definition) the first given stands. nil when no message is among them.
    package init?(folding events: [AppointmentEvent], id: UUID) {
        var seen: Set<AppointmentEvent.Position> = []
        let all = events.filter { seen.insert($0.position).inserted }.sorted { $0.position < $1.position }
        let ordered = all.filter { $0.kind != .retracted }.drop { $0.kind.isDerived }
        guard let first = ordered.first else {
            guard let retracted = all.last(where: { $0.kind == .retracted }) else { return nil }
            self.init(id: id, status: retracted.resultingStatus(after: nil), eventAt: retracted.at)
            (start, end, resources) = (retracted.start, retracted.end, retracted.resources)
            return
        }
        self.init(id: id, status: first.resultingStatus(after: nil), eventAt: first.at)
        if first.kind.isCancellation { flags.insert(.tombstone) }
        for event in ordered where isAffected(by: event) { apply(event) }
    }

    /// The fold with one more event, which comes after all others; equal to folding everything anew, where none of them is
    /// derived or retracted. Nil for an event that is.
    package func folding(next event: AppointmentEvent) -> Appointment? {
        guard !event.kind.isDerived, event.kind != .retracted else { return nil }
        var next = self
        if next.isAffected(by: event) { next.apply(event) }
        return next
    }

    /// What is derived holds only while nothing that was said by then speaks against it, however late that was heard.
    private func isAffected(by event: AppointmentEvent) -> Bool {
        switch event.kind {
        case .midnight: status.isExpected && start.map { $0 < event.at } ?? false
        case .superseded: status == .waitlist
        case .booked, .rescheduled, .modified, .resourcesChanged: true
        case .cancelled, .discontinued, .deleted, .noshow, .removed: true
        case .retracted: false
        }
    }

    private mutating func apply(_ event: AppointmentEvent) {
        let next = event.resultingStatus(after: status)
        // What was worked out here is no step of the PM's: its next one is measured by what it said last.
        let last = flags.contains(.derived) ? AppointmentStatus.booked : status
        if next != status, !event.kind.isDerived, !last.mayBecome(next) { flags.insert(.irregularTransition) }
        status = next
        eventAt = event.at
        if let word = event.sourceStatus { sourceStatus = word }
        if let who = event.person { person = who }
        if let said = event.type { type = said }
        if let said = event.category { category = said }
        if let said = event.reason { reason = said }
        if let said = event.replaces { replaces = said }
        cancelReason = next == .cancelled ? event.cancelReason ?? cancelReason : ""
        mark(event)
        let before = (start: start, codes: resources.map(\.code))
        place(event)
        if !event.resources.isEmpty { resources = resources.told(event) }
        guard before.start != nil else {
            series = event.series
            return
        }
        let isMoved = start != before.start
        if isMoved, !event.flags.contains(.confirmed) { flags.remove(.confirmed) }
        // One changed occurrence leaves its series.
        if isMoved || resources.map(\.code) != before.codes { series = nil }
    }

    /// What a word of the PM's sets or takes back, beside the state itself.
    private mutating func mark(_ event: AppointmentEvent) {
        let ofTheWord: Set<AppointmentFlag> = [.derived, .confirmed, .leftUnseen, .unannounced]
        if event.statesStatus { flags.subtract(ofTheWord) }
        flags.formUnion(event.flags.intersection([.confirmed, .leftUnseen, .namesDisagree]))
        if event.kind.isDerived { flags.insert(.derived) }
        if event.kind == .removed { flags.insert(.unannounced) }
    }

    /// Start, end and overbooking. An ending names the time of what ended and moves nothing.
    private mutating func place(_ event: AppointmentEvent) {
        let before = start
        if start == nil || !event.kind.isEnding {
            if let newStart = event.start {
                let length = start.flatMap { old in end.map { $0.timeIntervalSince(old) } } ?? Self.presumedDuration
                start = newStart
                end = newStart + length
                flags.subtract([.ambiguousTime, .missingTime])
                flags.formUnion(event.flags.intersection([.ambiguousTime, .missingTime]))
            }
            if let newEnd = event.end, let start, newEnd > start { end = newEnd }
        }
        if event.resources.isEmpty, let before, let start, before != start {
            resources = resources.map { $0.moved(by: start.timeIntervalSince(before)) }
        }
        overbooked = event.overbooked || (overbooked && before == start)
        if overbooked { flags.insert(.overbooked) } else { flags.remove(.overbooked) }
    }
}

extension AppointmentEvent {
    /// Where an event stands among those of its appointment.
    package struct Position: Hashable, Comparable, Sendable {
        package let at: Date
        package let entry: Int64

        package init(at: Date, entry: Int64) {
            self.at = at
            self.entry = entry
        }

        package static func < (one: Position, other: Position) -> Bool {
            (one.at, one.entry) < (other.at, other.entry)
        }
    }

    package var position: Position { Position(at: at, entry: entry) }

    /// The state that the event leaves behind: a cancellation, deletion or no-show decides by itself, else the stated
    /// status, else booked for a booking or a move, else what was.
    package func resultingStatus(after status: AppointmentStatus?) -> AppointmentStatus {
        switch kind {
        case .cancelled, .discontinued, .superseded: .cancelled
        case .deleted, .removed, .retracted: .enteredInError
        case .noshow, .midnight: .noshow
        case .booked, .rescheduled: self.status ?? .booked
        case .modified, .resourcesChanged: self.status ?? status ?? .booked
        }
    }

    /// Whether it leaves a state by its own word, rather than the one that was.
    fileprivate var statesStatus: Bool {
        switch kind {
        case .modified, .resourcesChanged: status != nil
        case .booked, .rescheduled, .cancelled, .discontinued, .deleted, .noshow, .midnight, .superseded, .removed,
            .retracted:
            true
        }
    }
}

extension AppointmentEvent.Kind {
    /// Takes the appointment off the schedule.
    package var isCancellation: Bool {
        switch self {
        case .cancelled, .discontinued, .deleted, .superseded, .removed, .retracted: true
        case .booked, .rescheduled, .modified, .resourcesChanged, .noshow, .midnight: false
        }
    }

    /// Ends the appointment; whatever time it names is the one that ended.
    package var isEnding: Bool { isCancellation || self == .noshow || self == .midnight }

    /// Worked out here, and no more than what stands against it.
    package var isDerived: Bool { self == .midnight || self == .superseded }
}

extension [ResourceUse] {
    /// The resources after a message that names some, kind by kind: a kind it does not name is as it was. Without
    /// actions a kind's lines are all there is of it. So they are for a booking or a move whose lines are all "added":
    /// senders stamp A on every line (NextGen Rosetta does). Else A and U set one resource and D takes one away.
    fileprivate func told(_ event: AppointmentEvent) -> [ResourceUse] {
        let mayList = event.kind == .booked || event.kind == .rescheduled
        var result = self
        for kind in ResourceUse.Kind.allCases {
            let said = event.resources.filter { $0.kind == kind }
            let isList = said.allSatisfy { $0.action == nil || (mayList && $0.action == .add) }
            if isList, !said.isEmpty { result.removeAll { $0.kind == kind } }
            for use in said {
                result.removeAll { $0.kind == kind && $0.code == use.code }
                if use.action != .delete { result.append(use.settled) }
            }
        }
        return result.sorted { ($0.kind.rawValue, $0.code) < ($1.kind.rawValue, $1.code) }
    }
}

extension ResourceUse {
    fileprivate var settled: ResourceUse {
        var use = self
        use.action = nil
        return use
    }

    fileprivate func moved(by seconds: TimeInterval) -> ResourceUse {
        var use = self
        use.start = start.map { $0 + seconds }
        use.end = end.map { $0 + seconds }
        return use
    }
}
