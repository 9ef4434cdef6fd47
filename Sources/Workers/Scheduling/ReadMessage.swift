package import Foundation
package import HL7
import Practice
package import Workflow

extension SchedulingMessage {
    /// Reads a journaled message: its text in the feed's charset, its practice by the feed's path. `feed` is the journal's
    /// (`Route.unclaimed` where none claimed it then: a definition mended since may), `port` the
    /// listener of its own that it came by. Throws what it waits for.
    package static func read(
        bytes: [UInt8], definition: Definition, feed: String, port: Int? = nil, receivedAt: Date, entry: Int64
    ) throws(Park) -> SchedulingMessage {
        let message: Message
        do {
            message = try Message(bytes, charset: definition.feeds[feed]?.charset)
        } catch {
            throw Park(routed: .unreadable, definition, "byte \(error.position)")
        }
        let route = definition.route(message, port: port, feedName: feed == Route.unclaimed ? nil : feed)
        if let code = route.parkCode { throw Park(routed: code, definition, code.hint) }
        return try read(
            message, definition: definition, feed: route.feed, practice: route.practice ?? "", receivedAt: receivedAt,
            entry: entry)
    }

    /// Reads a message whose feed and practice are known.
    package static func read(
        _ message: Message, definition: Definition, feed: String, practice: String, receivedAt: Date, entry: Int64
    ) throws(Park) -> SchedulingMessage {
        guard let feed = definition.feeds[feed], let practice = definition.practices[practice] else {
            throw Park(routed: .unknownPractice, definition, ParkCode.unknownPractice.hint)
        }
        return try read(
            message, definition: definition, by: feed, practice: practice, receivedAt: receivedAt, entry: entry)
    }

    /// Reads a message by a feed, or by a tap, whose messages never come to the record.
    static func read(
        _ message: Message, definition: Definition, by feed: Feed, practice: PracticeProfile, receivedAt: Date,
        entry: Int64
    ) throws(Park) -> SchedulingMessage {
        guard let rules = definition.workflows["scheduling"], let action = rules.accepts[message.header.typeAndEvent]
        else { throw Park(routed: .unknownType, definition, ParkCode.unknownType.hint) }
        let reader = FieldReader(
            schedule: message, definition: definition, rules: rules, feed: feed, practice: practice,
            receivedAt: receivedAt)
        return SchedulingMessage(
            practice: practice.id, enterprise: practice.enterprise, content: try reader.content(action, entry),
            tell: message.text("MSH-11.2") != "I")
    }
}

extension Park {
    fileprivate init(routed code: ParkCode, _ definition: Definition, _ detail: String) {
        let holds = definition.workflows[Route.fallback]?.holdsKey.contains(code) ?? false
        self.init(code, holdsKey: holds, detail: detail)
    }
}

extension ParkCode {
    fileprivate var hint: String {
        switch self {
        case .unknownPractice: "no feed in practices/ claims it, or its practice has no value there"
        case .unknownType: "MSH-9: no workflow accepts it"
        case .testMessage: "MSH-11 is T on a production feed"
        default: ""
        }
    }
}

extension FieldReader {
    func content(_ action: Action, _ entry: Int64) throws(Park) -> SchedulingMessage.Content {
        guard message.segment("SCH") != nil else { throw park(.missingSCH, "the segment SCH is missing") }
        let times = try times()
        guard let kind = action.kind else {
            return .slots(try block(times, isOver: action == .open, entry))
        }
        var event = AppointmentEvent(kind: kind, at: try eventTime(), entry: entry)
        let word = try first(.status)
        event.sourceStatus = word?.text
        if let word, !kind.isEnding {
            let row = try row(.status, word.text, at: "\(word.path)", event: message.header.event)
            if row?["status"] == CodeTable.StatusWord.ignored { return .ignored }
            if row?["status"] == CodeTable.StatusWord.blocked { return .slots(try block(times, isOver: false, entry)) }
            event.status = row?.appointmentStatus
            event.flags = row?.appointmentFlags ?? []
            event.overbooked = row?["overbooked"] == "true"
        }
        let people = try patients().map { patient throws(Park) in (patient, try person(patient)) }
            .filter { !$0.1.aliases.isEmpty || !$0.1.family.isEmpty }
        if people.isEmpty {
            if kind == .noshow { return .ignored }
            let isOver = kind.isCancellation || [.cancelled, .enteredInError].contains(event.status)
            return .slots(try block(times, isOver: isOver, entry))
        }
        try fill(&event, times)
        return .appointments(try appointments(event, people))
    }

    private func fill(_ event: inout AppointmentEvent, _ times: Times) throws(Park) {
        event.start = times.start
        event.end = times.end
        event.flags.formUnion(times.flags)
        let needsStart = event.kind == .booked || event.kind == .rescheduled
        if needsStart, event.start == nil, ![.waitlist, .proposed, .cancelled].contains(event.status) {
            throw park(.missingStart, "none of the paths of \"start\" holds a time")
        }
        if let type = try coded(.type) {
            let stated = try first(.typeText)?.text
            let row = try row(.events, type.code, at: "\(type.path)")
            event.type = Coded(code: type.code, text: row?["text"] ?? stated ?? type.words)
            if let category = row?["category"], !category.isEmpty {
                event.category = Coded(code: category, text: peek(.categories, category)?["text"] ?? category)
            }
        }
        if let category = try coded(.category) {
            let row = try row(.categories, category.code, at: "\(category.path)")
            event.category = Coded(code: category.code, text: row?["text"] ?? category.words)
        }
        event.reason = try coded(.reason)?.words
        if event.kind.isCancellation || event.status == .cancelled {
            if let reason = try coded(.cancelReason) {
                let row = try row(.cancelReasons, reason.code, at: "\(reason.path)")
                event.cancelReason = row?["text"] ?? reason.words
            } else if event.kind == .discontinued {
                event.cancelReason = "discontinued"
            } else if event.flags.contains(.leftUnseen) {
                event.cancelReason = "left before being seen"
            }
        }
        event.resources = try resources(start: times.start, end: times.end, whenUnsaid: implied(event.kind))
    }

    private func appointments(
        _ event: AppointmentEvent, _ people: [(patient: Group, person: ParsedPerson)]
    ) throws(Park) -> [AppointmentSeen] {
        let parents = try parents()
        let series = event.kind == .booked ? try series() : nil
        let capacities = capacities(event.resources)
        var seen: [AppointmentSeen] = []
        for (index, one) in people.enumerated() {
            let names = try names(of: one.patient, one.person, position: index + 1, inGroup: people.count > 1)
            if names.aliases.isEmpty, one.person.aliases.isEmpty {
                throw park(.missingIdentifier, "no path of the profile holds an id of the appointment or the person")
            }
            seen.append(
                AppointmentSeen(
                    event: event, aliases: names.aliases, lookUps: names.lookUps, parents: parents, person: one.person,
                    capacities: capacities, endsWaiting: feed.interimWaitList))
            seen[index].event.series = series
        }
        return seen
    }

    /// A block, an opening or a meeting. One that is over and has a name need not say when it was.
    private func block(_ times: Times, isOver: Bool, _ entry: Int64) throws(Park) -> BlockSeen {
        var aliases: [Alias] = []
        for rule in feed.identifiers where rule.kind != .visit { aliases += try identifiers(rule, of: nil) }
        let names = aliases.mostTrustedFirst.map(\.identifier)
        let traded = feed.idsTradePlaces ? names.compactMap(\.inOtherPlace) : []
        let mayBeSilent = isOver && !names.isEmpty && times.start == nil
        return BlockSeen(
            names: names, lookUps: names + traded.filter { !names.contains($0) }, at: try eventTime(), entry: entry,
            isOver: isOver, changes: mayBeSilent ? [] : try stretches(times, isOver ? .free : .busyUnavailable))
    }

    /// A place only says where, once a person or a thing is named: a doctor's lunch does not close the office.
    private func stretches(_ times: Times, _ status: SlotChange.Status) throws(Park) -> [SlotChange] {
        guard let start = times.start else {
            throw park(.missingStart, "none of the paths of \"start\" holds a time")
        }
        let end = times.end ?? start + Appointment.presumedDuration
        let all = try resources(start: start, end: end, whenUnsaid: nil)
        let busy = all.filter { $0.kind != .location }
        guard !all.isEmpty else { throw park(.missingResource, "no AIP, AIG or AIL names a resource") }
        let at = try eventTime()
        return (busy.isEmpty ? all : busy).map { use in
            var named = use
            (named.start, named.end, named.action) = (nil, nil, nil)
            return SlotChange(
                resource: named, start: use.start ?? start, end: use.end ?? end,
                status: use.action == .delete ? .free : status, at: at, flags: times.flags)
        }
    }

    /// S20, S21 and S22 take services and resources away, whether their lines say so or not.
    private func implied(_ kind: AppointmentEvent.Kind) -> ResourceUse.Action? {
        guard kind == .resourcesChanged else { return nil }
        switch message.header.event {
        case "S20", "S21", "S22": return .delete
        case "S18": return .add
        default: return .update
        }
    }
}

extension Action {
    /// nil: about a resource's time, not an appointment.
    fileprivate var kind: AppointmentEvent.Kind? {
        switch self {
        case .booked: .booked
        case .rescheduled: .rescheduled
        case .modified: .modified
        case .cancelled: .cancelled
        case .discontinued: .discontinued
        case .deleted: .deleted
        case .resources: .resourcesChanged
        case .noshow: .noshow
        case .block, .open: nil
        }
    }
}
