package import Foundation
package import Practice

/// What the record holds that a message may speak of.
package struct OnRecord: Sendable {
    package struct Candidate: Sendable, Hashable {
        package let appointment: Appointment
        package let aliases: Set<Identifier>

        package init(appointment: Appointment, aliases: Set<Identifier>) {
            self.appointment = appointment
            self.aliases = aliases
        }
    }

    /// The message's person, merges followed; nil when the message names none by an identifier.
    package let person: UUID?
    /// The appointments that one of the message's look-ups or parents names; the person's live ones; and the person's of
    /// the same start. Their persons with merges followed.
    package let candidates: [Candidate]

    package init(person: UUID?, candidates: [Candidate]) {
        self.person = person
        self.candidates = candidates
    }
}

/// Which appointment a message speaks of.
///
///     S12: its ids ── same person, start, resource ── the visit's id ── new
///     else: its ids ── what it replaces ── visit ── same person, start, resource ── the only one it can be ── new, or a person decides
///
/// The visit's id comes late and may be several appointments' (a chain), so it never outweighs a time and a provider that
/// are others'. A move bears the new time, so for it the visit comes before the time.
package enum Resolution: Hashable, Sendable {
    case existing(UUID)
    case new
    case ambiguous([UUID])

    package static func resolve(_ seen: AppointmentSeen, _ record: OnRecord) -> Resolution {
        let question = Question(seen: seen, record: record)
        return question.byIDs() ?? (seen.event.kind == .booked ? question.booking() : question.others())
    }
}

private struct Question {
    let seen: AppointmentSeen
    let record: OnRecord

    var event: AppointmentEvent { seen.event }
    var ids: Set<Identifier> { Set(seen.aliases.map(\.identifier)) }
    var hasOwnID: Bool { ids.contains { $0.kind != .visit } }

    func byIDs() -> Resolution? {
        for lookUp in seen.lookUps where lookUp.identifier.kind != .visit {
            let found = record.candidates.first { $0.aliases.contains(lookUp.identifier) }
            guard let found, !lookUp.onlyForSamePerson || isSamePerson(found) else { continue }
            return .existing(found.appointment.id)
        }
        return nil
    }

    func booking() -> Resolution {
        answer(atSameTime()) ?? answer(ofVisit()) ?? .new
    }

    func others() -> Resolution {
        if let parent = record.candidates.first(where: { !$0.aliases.isDisjoint(with: seen.parents) }) {
            return .existing(parent.appointment.id)
        }
        let first = event.kind == .rescheduled ? ofVisit() : atSameTime()
        let second = event.kind == .rescheduled ? atSameTime() : ofVisit()
        return answer(first) ?? answer(second) ?? theOnlyOne()
    }

    private func answer(_ found: [OnRecord.Candidate]) -> Resolution? {
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
        return Array(
            same.filter { event.kind != .booked || event.at <= $0.appointment.eventAt }
                .sorted { $0.appointment.eventAt > $1.appointment.eventAt }.prefix(1))
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

    private func theOnlyOne() -> Resolution {
        let open = record.candidates.filter { isSamePerson($0) && isOpen($0) }
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

    /// Still to come, or of the last day, at the time of the event.
    private func isOpen(_ candidate: OnRecord.Candidate) -> Bool {
        let appointment = candidate.appointment
        guard appointment.status.isLive, appointment.status != .fulfilled else { return false }
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
