import Foundation
import Practice
import Workflow

extension LoadCells {
    /// A row as the message that might have said it: a booking of that state, as of when the file was made, told to nobody.
    func appointment(entry: Int64, isGroup: Bool) throws(LoadFault) -> LoadedRow {
        let times = try times()
        var event = AppointmentEvent(kind: .booked, at: reader.asOf, entry: entry)
        event.sourceStatus = text(.status)
        var isBlock = false
        if let word = event.sourceStatus {
            let row = reader.definition.table(.status).row(word, practice: reader.practice.id, on: reader.day)
            if row == nil, reader.feed.unmapped[.status] == .park {
                throw fault(.unmapped, .status, table: .status)
            }
            if row?["status"] == CodeTable.StatusWord.ignored { return .ignored }
            isBlock = row?["status"] == CodeTable.StatusWord.blocked
            event.status = row?.appointmentStatus
            event.flags = row?.appointmentFlags ?? []
            event.overbooked = row?["overbooked"] == "true"
        }
        let person = try person(isNeeded: false)
        let resources = try resources()
        if isBlock || (person.aliases.isEmpty && person.family.isEmpty) {
            if let status = event.status, !status.isLive { return .ignored }
            return .schedule(message(.slots(try block(times, resources, entry))))
        }
        event.start = times.start
        event.end = times.end
        event.flags.formUnion(times.flags)
        if event.start == nil, ![.waitlist, .proposed, .cancelled].contains(event.status) {
            throw fault(.empty, reader.columns.positions[.start] == nil ? .date : .start)
        }
        event.type = try type()
        event.reason = text(.reason)
        if event.status == .cancelled { event.cancelReason = try cancelReason() }
        event.resources = resources
        let names = names(of: person, isGroup: isGroup)
        if names.aliases.isEmpty, person.aliases.isEmpty { throw LoadFault(.noName) }
        let seen = AppointmentSeen(
            event: event, aliases: names.aliases, lookUps: names.lookUps, parents: [], person: person,
            capacities: resources.map(capacity), endsWaiting: false)
        return .schedule(message(.appointments([seen])))
    }

    private func message(_ content: SchedulingMessage.Content) -> SchedulingMessage {
        SchedulingMessage(
            practice: reader.practice.id, enterprise: reader.practice.enterprise, content: content, tell: false)
    }

    private func names(
        of person: ParsedPerson, isGroup: Bool
    ) -> (aliases: [Alias], lookUps: [AppointmentSeen.LookUp]) {
        let mark = "#" + (person.aliases.first?.identifier.value ?? "")
        var aliases: [Alias] = []
        var elsewhere: [Identifier] = []
        for (field, kind) in [(LoadField.appointment, Identifier.Kind.filler), (.placer, .placer)] {
            guard let value = text(field) else { continue }
            let (plain, marked) = (reader.alias(kind, value), reader.alias(kind, value + mark))
            aliases.append(isGroup ? marked : plain)
            elsewhere.append((isGroup ? plain : marked).identifier)
        }
        if let visit = text(.visit) { aliases.append(reader.alias(.visit, visit)) }
        aliases = aliases.mostTrustedFirst
        let own = aliases.map(\.identifier)
        var lookUps = own.map { AppointmentSeen.LookUp(identifier: $0, onlyForSamePerson: false) }
        let traded = reader.feed.idsTradePlaces ? own.compactMap(\.inOtherPlace) : []
        for name in traded + elsewhere where !lookUps.contains(where: { $0.identifier == name }) {
            lookUps.append(AppointmentSeen.LookUp(identifier: name, onlyForSamePerson: true))
        }
        return (aliases, lookUps)
    }

    // MARK: Codes

    private func type() throws(LoadFault) -> Coded? {
        guard let word = text(.event) else { return nil }
        let row = try mapped(.events, word, .event, columns: ["text"])
        return Coded(code: row?.code ?? word, text: row.map { $0["text"] } ?? word)
    }

    private func cancelReason() throws(LoadFault) -> String? {
        guard let word = text(.cancelReason) else { return nil }
        return try mapped(.cancelReasons, word, .cancelReason, columns: ["text"]).map { $0["text"] } ?? word
    }

    private func mapped(
        _ table: TableName, _ word: String, _ field: LoadField, columns: [String]
    ) throws(LoadFault) -> CodeTable.Row? {
        let row = reader.row(table, word, columns: columns)
        if row == nil, reader.feed.unmapped[table] == .park { throw fault(.unmapped, field, table: table) }
        return row
    }

    // MARK: Resources

    private func resources() throws(LoadFault) -> [ResourceUse] {
        var uses: [ResourceUse] = []
        for (field, kind) in [(LoadField.provider, ResourceUse.Kind.practitioner), (.device, .device)] {
            guard let word = text(field) else { continue }
            let row = try mapped(.resources, word, field, columns: ["name", "npi"])
            var use = ResourceUse(kind: row.flatMap { ResourceUse.Kind(rawValue: $0["kind"]) } ?? kind, code: word)
            if let row { (use.code, use.name, use.npi) = (row.code, row["name"], row["npi"]) }
            uses.append(use)
        }
        if let word = text(.location) {
            let place = try mapped(.locations, word, .location, columns: ["name"])
            let code = [place?.code ?? word, text(.room)].compactMap(\.self).joined(separator: "/")
            let table = reader.definition.table(.resources)
            let row =
                reader.definition.table(.locations).row(code, practice: reader.practice.id, on: reader.day)
                ?? table.row(code, practice: reader.practice.id, on: reader.day) ?? place
            uses.append(ResourceUse(kind: .location, code: code, name: row.map { $0["name"] } ?? ""))
        }
        return uses
    }

    private func capacity(_ use: ResourceUse) -> AppointmentSeen.Capacity {
        let row = reader.definition.table(.resources).row(use.code, practice: reader.practice.id, on: reader.day)
        let people = row.map { Int($0["capacity"]) ?? 1 } ?? (use.kind == .location ? nil : 1)
        return .init(kind: use.kind, code: use.code, people: people)
    }

    private func block(
        _ times: FieldReader.Times, _ uses: [ResourceUse], _ entry: Int64
    ) throws(LoadFault) -> BlockSeen {
        let ids = [(LoadField.appointment, Identifier.Kind.filler), (.placer, .placer)].compactMap { field, kind in
            text(field).map { reader.alias(kind, $0).identifier }
        }
        let traded = reader.feed.idsTradePlaces ? ids.compactMap(\.inOtherPlace) : []
        return BlockSeen(
            names: ids, lookUps: ids + traded.filter { !ids.contains($0) }, at: reader.asOf, entry: entry,
            isOver: false, changes: try slots(times, uses))
    }

    /// A place only says where, once a person or a thing is named, as for messages.
    private func slots(_ times: FieldReader.Times, _ uses: [ResourceUse]) throws(LoadFault) -> [SlotChange] {
        guard let start = times.start else { throw fault(.empty, .start) }
        guard !uses.isEmpty else { throw fault(.empty, .provider) }
        let busy = uses.filter { $0.kind != .location }
        return (busy.isEmpty ? uses : busy).map { use in
            SlotChange(
                resource: use, start: start, end: times.end ?? start + Appointment.presumedDuration,
                status: .busyUnavailable, at: reader.asOf, flags: times.flags)
        }
    }
}
