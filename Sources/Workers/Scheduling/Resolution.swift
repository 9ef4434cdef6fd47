package import Foundation
package import Practice

/// What the record holds that a message may speak of.
package struct OnRecord: Sendable {
    package struct Candidate: Sendable, Hashable {
        package let appointment: Appointment
        package let aliases: Set<Identifier>
        /// Everything that was said of it; only for a message that comes late.
        package let events: [AppointmentEvent]

        package init(appointment: Appointment, aliases: Set<Identifier>, events: [AppointmentEvent] = []) {
            self.appointment = appointment
            self.aliases = aliases
            self.events = events
        }
    }

    /// The message's person, merges followed; nil when the message names none by an identifier.
    package let person: UUID?
    /// The appointments that one of the message's look-ups or parents names, and the person's since shortly before the
    /// message. Their persons with merges followed.
    package let candidates: [Candidate]
    /// What a person has decided of this message, or of another that asked the same.
    package let decided: Decided?

    package struct Decided: Hashable, Sendable {
        /// The decision's own number.
        package let number: Int64
        /// nil: a new one.
        package let appointment: UUID?

        package init(number: Int64, appointment: UUID?) {
            self.number = number
            self.appointment = appointment
        }
    }

    package init(person: UUID?, candidates: [Candidate], decided: Decided? = nil) {
        self.person = person
        self.candidates = candidates
        self.decided = decided
    }
}

/// Which appointment a message speaks of.
///
///     decided by a person ── its ids ── then
///     S12: same person, start, resource ── the visit's id ── new
///     else: what it replaces ── visit ── same person, start, resource ── the only one it can be ── new, or a person decides
///
/// The visit's id comes late and may be several appointments' (a chain), so it never outweighs a time and a provider that
/// are others'. A move bears the new time, so for it the visit comes before the time.
package struct Resolution: Hashable, Sendable {
    package enum Answer: Hashable, Sendable {
        case existing(UUID)
        case new
        case ambiguous([UUID])
    }

    package let answer: Answer
    /// It rests on nothing that the message itself names, but on what else is on record: what a person has decided of the
    /// same question goes before it.
    package let isOpen: Bool
    /// Names of the message are of several appointments, and the most trusted one decided.
    package let namesDisagree: Bool

    package static func resolve(_ seen: AppointmentSeen, _ record: OnRecord) -> Resolution {
        if let decided = record.decided {
            return Resolution(answer: decided.appointment.map(Answer.existing) ?? .new)
        }
        let named = Question(seen: seen, record: record)
        if let first = named.byIDs().first {
            return Resolution(answer: .existing(first), namesDisagree: named.hasNamesOfSeveral)
        }
        let question = Question(seen: seen, record: record.asOf(seen.event.position))
        let answer = question.byItsFacts()
        if let answer, !answer.isAmbiguous { return Resolution(answer: answer) }
        return Resolution(answer: answer ?? question.theOnlyOne(), isOpen: true)
    }

    /// What an event without an identifier of its own means in a record that stands as given.
    static func answer(to event: AppointmentEvent, _ record: OnRecord) -> Answer {
        let question = Question(event: event, record: record)
        return question.byItsFacts() ?? question.theOnlyOne()
    }

    private init(answer: Answer, isOpen: Bool = false, namesDisagree: Bool = false) {
        self.answer = answer
        self.isOpen = isOpen
        self.namesDisagree = namesDisagree
    }
}

extension Resolution.Answer {
    fileprivate var isAmbiguous: Bool {
        if case .ambiguous = self { true } else { false }
    }
}

extension AppointmentSeen {
    /// Whether a decision answers its question again when it is asked now: the appointment has not moved since, nor ended.
    /// Who comes to that hour later is another visit, of which nobody has decided.
    func isStillAnswered(by decision: Int64, _ appointment: UUID, _ events: [AppointmentEvent]) -> Bool {
        let before = events.filter { $0.position < event.position }
        guard let last = before.filter({ $0.decision == decision }).map(\.position).max() else { return true }
        let decided = Appointment(folding: before.filter { $0.position <= last }, id: appointment)
        let stands = Appointment(folding: before, id: appointment)
        return stands?.start == decided?.start && stands?.status.isLive == decided?.status.isLive
    }

    /// What tells one open question from another: whose, and everything that the message says of which appointment it
    /// means. One that says no time is asked anew each time.
    package func question(of person: UUID?) -> String {
        var words = [person?.uuidString ?? "", event.kind.rawValue, event.type?.code ?? ""]
        for instant in [event.start, event.end, event.start == nil ? event.at : nil] {
            words.append(instant.map { String(Int64($0.timeIntervalSince1970 * 1000)) } ?? "")
        }
        words += aliases.map { "\($0.identifier.kind.rawValue)/\($0.identifier.authority)/\($0.identifier.value)" }
            .sorted()
        words += event.resources.map { "\($0.kind.rawValue)/\($0.code)/\($0.action?.rawValue ?? "")" }.sorted()
        return words.joined(separator: "\u{1F}")
    }
}

private struct Question {
    let event: AppointmentEvent
    let ids: Set<Identifier>
    let lookUps: [AppointmentSeen.LookUp]
    let parents: [Identifier]
    let record: OnRecord

    init(seen: AppointmentSeen, record: OnRecord) {
        event = seen.event
        ids = Set(seen.aliases.map(\.identifier))
        lookUps = seen.lookUps
        parents = seen.parents
        self.record = record
    }

    /// - Parameter event: of a message that was recorded; it names no more than its visits.
    init(event: AppointmentEvent, record: OnRecord) {
        self.event = event
        ids = Set(event.visits ?? [])
        lookUps = []
        parents = []
        self.record = record
    }

    var hasOwnID: Bool { ids.contains { $0.kind != .visit } }

    /// Those that its ids name, by the most trusted id first.
    func byIDs() -> [UUID] {
        lookUps.filter { $0.identifier.kind != .visit }.compactMap { lookUp in
            let found = record.candidates.first { $0.aliases.contains(lookUp.identifier) }
            guard let found, !lookUp.onlyForSamePerson || isSamePerson(found) else { return nil }
            return found.appointment.id
        }
    }

    /// Whether its names, as they stand, are not all of one appointment.
    var hasNamesOfSeveral: Bool {
        let own = Set(lookUps.filter { !$0.onlyForSamePerson && $0.identifier.kind != .visit }.map(\.identifier))
        return record.candidates.count { !$0.aliases.isDisjoint(with: own) } > 1
    }

    /// By what it says of itself; nil where that is nobody's.
    func byItsFacts() -> Resolution.Answer? { event.kind == .booked ? booking() : byWhatItSays() }

    private func booking() -> Resolution.Answer {
        answer(atSameTime()) ?? answer(ofVisit()) ?? .new
    }

    /// By what it replaces, its visit, its time.
    private func byWhatItSays() -> Resolution.Answer? {
        if let parent = record.candidates.first(where: { !$0.aliases.isDisjoint(with: parents) }) {
            return .existing(parent.appointment.id)
        }
        let first = event.kind == .rescheduled ? ofVisit() : atSameTime()
        let second = event.kind == .rescheduled ? atSameTime() : ofVisit()
        return answer(first) ?? answer(second)
    }

    private func answer(_ found: [OnRecord.Candidate]) -> Resolution.Answer? {
        switch found.count {
        case 0: nil
        case 1: .existing(found[0].appointment.id)
        default: .ambiguous(ids(of: found))
        }
    }

    private func ids(of candidates: [OnRecord.Candidate]) -> [UUID] {
        candidates.map(\.appointment.id).sorted { $0.uuidString < $1.uuidString }
    }

    // MARK: Same person, start, resource

    /// Live ones and no-shows (a late Kept may be another S12); else ones that ended, when the message is a late one or
    /// names what ended again.
    private func atSameTime() -> [OnRecord.Candidate] {
        let same = record.candidates.filter { candidate in
            isSamePerson(candidate) && event.start != nil && candidate.appointment.start == event.start
                && sharesResource(candidate) && !conflicts(candidate)
        }
        let live = same.filter { $0.appointment.status.isLive || $0.appointment.status == .noshow }
        if !live.isEmpty { return live }
        let ended = Array(
            same.filter { event.kind != .booked || event.at <= $0.appointment.eventAt }
                .sorted { $0.appointment.eventAt > $1.appointment.eventAt }.prefix(1))
        return ended + ended.flatMap(movedOnto)
    }

    /// Others of the person's that a move, which is no late one, may mean as well as what ended at its new time.
    private func movedOnto(_ ended: OnRecord.Candidate) -> [OnRecord.Candidate] {
        let isMove = event.kind == .rescheduled || (event.kind == .modified && event.status == nil)
        guard isMove, event.at > ended.appointment.eventAt else { return [] }
        return record.candidates.filter {
            isSamePerson($0) && isOpen($0) && isSameEventOrProvider($0) && !conflicts($0)
        }
    }

    /// By people where both name some, else by things, else by places; a message that names none shares all.
    private func sharesResource(_ candidate: OnRecord.Candidate) -> Bool {
        for kind in [ResourceUse.Kind.practitioner, .device, .location] {
            if let shares = shares(kind, candidate) { return shares }
        }
        return true
    }

    /// nil when one side does not say.
    private func shares(_ kind: ResourceUse.Kind, _ candidate: OnRecord.Candidate) -> Bool? {
        let said = Set(event.resources.filter { $0.kind == kind }.map(\.code))
        let known = Set(candidate.appointment.resources.filter { $0.kind == kind }.map(\.code))
        return said.isEmpty || known.isEmpty ? nil : !said.isDisjoint(with: known)
    }

    // MARK: The visit

    private func ofVisit() -> [OnRecord.Candidate] {
        let visits = ids.filter { $0.kind == .visit }
        return record.candidates.filter { candidate in
            let isElsewhere =
                shares(.practitioner, candidate) == false && event.start != nil
                && candidate.appointment.start != event.start
            return !candidate.aliases.isDisjoint(with: visits) && !conflicts(candidate) && !isElsewhere
        }
    }

    // MARK: The only one it can be

    func theOnlyOne() -> Resolution.Answer {
        let open = record.candidates.filter { isSamePerson($0) && isOpen($0) }
        // An ending names the time of what ended: without an id, one that is nobody's time is not bent onto another's.
        if event.kind.isEnding, event.start != nil, !hasOwnID { return open.isEmpty ? .new : .ambiguous(ids(of: open)) }
        let alike = open.filter(isSameEventOrProvider)
        let possible = alike.filter { candidate in
            !conflicts(candidate) && (!hasOwnID || !candidate.aliases.contains { $0.kind == .filler })
        }
        if let answer = answer(possible) { return answer }
        if event.kind == .rescheduled, !alike.isEmpty { return .ambiguous(ids(of: alike)) }
        if !ids.isEmpty { return .new }
        let isKnownByTime = record.person != nil && event.start != nil
        return open.isEmpty && isKnownByTime ? .new : .ambiguous(ids(of: open))
    }

    /// Still to come, or of the last day, at the time of the event; a no-show that was only worked out counts as expected.
    private func isOpen(_ candidate: OnRecord.Candidate) -> Bool {
        let appointment = candidate.appointment
        let isExpected = appointment.status == .noshow && appointment.flags.contains(.derived)
        guard isExpected || appointment.status.isLive, appointment.status != .fulfilled else { return false }
        return appointment.start.map { $0 >= event.at - 86_400 } ?? true
    }

    private func isSameEventOrProvider(_ candidate: OnRecord.Candidate) -> Bool {
        let type = event.type.flatMap { said in candidate.appointment.type.map { $0.code == said.code } }
        let provider = shares(.practitioner, candidate)
        return type == true || provider == true || (type == nil && provider == nil)
    }

    // MARK: Who and which

    private func isSamePerson(_ candidate: OnRecord.Candidate) -> Bool {
        record.person != nil && candidate.appointment.person == record.person
    }

    /// Both have an id of one kind and authority, and not one in common.
    private func conflicts(_ candidate: OnRecord.Candidate) -> Bool {
        for id in ids {
            let theirs = candidate.aliases.filter { $0.kind == id.kind && $0.authority == id.authority }
            if !theirs.isEmpty, theirs.isDisjoint(with: ids) { return true }
        }
        return false
    }
}
