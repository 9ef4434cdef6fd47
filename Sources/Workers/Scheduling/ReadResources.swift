import Foundation
import HL7
import Practice
import Workflow

extension FieldReader {
    /// What the resource segments name: AIP people, AIG things, AIL places, with RGS-2's action where their own is empty.
    /// Where no AIP or no AIL is there, the feed's other paths stand in. `whenUnsaid`: the action that the event implies.
    func resources(
        start: Date?, end: Date?, whenUnsaid: ResourceUse.Action?
    ) throws(Park) -> [ResourceUse] {
        var uses: [ResourceUse] = []
        var group: ResourceUse.Action?
        for segment in message.segments {
            let shape: Shape
            switch segment.name {
            case "RGS":
                group = action(segment)
                continue
            case "AIP": shape = Shape(kind: .practitioner, start: 6, duration: 9)
            case "AIG": shape = Shape(kind: .device, start: 8, duration: 11)
            case "AIL": shape = Shape(kind: .location, start: 6, duration: 9)
            default: continue
            }
            guard var use = try named(shape.kind, segment, field: 3) else { continue }
            use.action = action(segment) ?? group ?? whenUnsaid
            try time(&use, segment, shape, start, end)
            uses.append(use)
        }
        for (kind, field) in [(ResourceUse.Kind.practitioner, FieldName.practitioner), (.location, .location)]
        where !uses.contains(where: { $0.kind == kind }) {
            for path in feed.fields[field] ?? [] {
                guard let segment = segment(path), let use = try named(kind, segment, field: path.field) else {
                    continue
                }
                uses.append(use)
                break
            }
        }
        return uses
    }

    /// How many people the resources take: the table's number, else one; a place without a row is not counted.
    func capacities(_ uses: [ResourceUse]) -> [AppointmentSeen.Capacity] {
        uses.map { use in
            let row = peek(.resources, use.code)
            let people = row.map { Int($0["capacity"]) ?? 1 } ?? (use.kind == .location ? nil : 1)
            return .init(kind: use.kind, code: use.code, people: people)
        }
    }

    private struct Shape {
        let kind: ResourceUse.Kind
        let start: Int
        let duration: Int
    }

    /// HL7 table 0206; X (no change) keeps the resource as U does.
    private func action(_ segment: Segment) -> ResourceUse.Action? {
        switch segment.text(2)?.uppercased() {
        case "A": feed.stampsAdded ? nil : .add
        case "U", "X": .update
        case "D": .delete
        default: nil
        }
    }

    private func named(_ kind: ResourceUse.Kind, _ segment: Segment, field: Int) throws(Park) -> ResourceUse? {
        guard let id = try text(segment, field) else { return nil }
        let place = "\(segment.name)-\(field)"
        switch kind {
        case .location:
            let code = [id, try text(segment, field, component: 2)].compactMap(\.self).joined(separator: "/")
            var use = ResourceUse(kind: .location, code: code)
            use.name = try text(segment, field, component: 4) ?? ""
            let row =
                if peek(.locations, code) == nil, peek(.resources, code) != nil {
                    try self.row(.resources, code, at: place)
                } else {
                    try self.row(.locations, peek(.locations, code) == nil ? id : code, at: place)
                }
            if let row, !row["name"].isEmpty { use.name = row["name"] }
            return use
        case .practitioner, .device:
            var use = ResourceUse(kind: kind, code: id)
            let second = try text(segment, field, component: 2) ?? ""
            use.name = second
            if kind == .practitioner {
                let given = try text(segment, field, component: 3) ?? ""
                use.name = [given, second].filter { !$0.isEmpty }.joined(separator: " ")
                let authority = try text(segment, field, component: 9)
                let type = try text(segment, field, component: 13)
                if authority == "NPI" || type == "NPI" { use.npi = id }
            }
            // PV1-7 and many an AIP name the provider and not the resource.
            if peek(.resources, id) == nil, kind == .practitioner, peek(.providers, id) != nil {
                use.take(try row(.providers, id, at: place))
            } else if let row = try row(.resources, id, at: place) {
                use.kind = ResourceUse.Kind(rawValue: row["kind"]) ?? kind
                use.take(row)
                if !row["provider"].isEmpty { use.take(try self.row(.providers, row["provider"], at: place)) }
            }
            return use
        }
    }

    /// The resource's own time, where it differs from the appointment's.
    private func time(
        _ use: inout ResourceUse, _ segment: Segment, _ shape: Shape, _ start: Date?, _ end: Date?
    ) throws(Park) {
        guard let start, let stated = try text(segment, shape.start),
            let own = instant(stated, in: try appointmentZone())?.instant
        else { return }
        var ownEnd: Date?
        if let length = try text(segment, shape.duration).flatMap(Double.init), length > 0, length < 1_000_000,
            let unit = Self.seconds(ofUnit: try text(segment, shape.duration + 1))
        {
            ownEnd = own + length * unit
        }
        guard own != start || (ownEnd != nil && ownEnd != end) else { return }
        let length = end.map { $0.timeIntervalSince(start) } ?? Appointment.presumedDuration
        use.start = own
        use.end = ownEnd ?? own + length
    }
}

extension ResourceUse {
    /// What a row says of who or what it is.
    fileprivate mutating func take(_ row: CodeTable.Row?) {
        guard let row else { return }
        if !row["name"].isEmpty { name = row["name"] }
        if !row["npi"].isEmpty { npi = row["npi"] }
    }
}
