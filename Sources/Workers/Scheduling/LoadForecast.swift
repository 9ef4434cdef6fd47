import Foundation
package import Postgres
import Practice
package import Records
package import Workflow

/// What loading a row would do, by what is on record now. Reads only.
package struct LoadForecast: Sendable {
    let definition: Definition

    package init(definition: Definition) { self.definition = definition }

    package enum Fate: Hashable, Sendable {
        case record(Standing)
        case ignored
        /// It cannot be told which of several appointments is meant.
        case ambiguous
    }

    package func fate(of row: LoadedRow, practice: String, in transaction: Transaction) async throws -> Fate {
        switch row {
        case .ignored: return .ignored
        case .person(let seen):
            let enterprise = definition.practices[practice]?.enterprise ?? practice
            return .record(try await PersonSighting(seen).standing(enterprise: enterprise, in: transaction))
        case .resource(let loaded):
            return .record(
                try await Resources.standing(
                    of: loaded.use, capacity: loaded.capacity, practice: practice, in: transaction))
        case .schedule(let message):
            switch message.content {
            case .ignored: return .ignored
            case .slots(let block): return .record(try await slots(block.changes, practice, transaction))
            case .appointments(let seen):
                guard let one = seen.first else { return .ignored }
                return try await appointment(one, message, transaction)
            }
        }
    }

    private func slots(
        _ changes: [SlotChange], _ practice: String, _ transaction: Transaction
    ) async throws -> Standing {
        for change in changes {
            let known = try await transaction.query(
                """
                SELECT 1 FROM records.slot s
                JOIN records.resource r ON r.practice_id = s.practice_id AND r.id = s.resource_id
                WHERE s.practice_id = \(practice) AND r.kind = \(change.resource.kind.rawValue)
                    AND r.code = \(change.resource.code) AND s.during = tstzrange(\(change.start), \(change.end))
                    AND s.status = \(change.status.rawValue)
                """)
            if known.isEmpty { return .new }
        }
        return .same
    }

    private func appointment(
        _ seen: AppointmentSeen, _ message: SchedulingMessage, _ transaction: Transaction
    ) async throws -> Fate {
        let person = try await PersonSighting(seen.person).known(enterprise: message.enterprise, in: transaction)
        let stored = try await Appointments.read(
            named: seen.lookUps.map(\.identifier), person: person, since: seen.since, practice: message.practice,
            enterprise: message.enterprise, in: transaction)
        let record = OnRecord(
            person: person,
            candidates: stored.map {
                OnRecord.Candidate(appointment: $0.appointment, aliases: Set($0.aliases.map(\.identifier)))
            })
        switch seen.decide(record, definition: definition) {
        case .park: return .ambiguous
        case .record(let id, let event, _, ending: _, absorbing: _):
            guard let id, let before = stored.first(where: { $0.appointment.id == id })?.appointment else {
                return .record(.new)
            }
            let events = try await Appointments.said(of: id, practice: message.practice, in: transaction)
            guard let after = Appointment(folding: [event] + events, id: id) else { return .record(.same) }
            let changes = Self.changes(from: before, to: after)
            return .record(changes.isEmpty ? .same : .changes(changes))
        }
    }

    private static func changes(from before: Appointment, to after: Appointment) -> [String] {
        var changes: [String] = []
        if before.status != after.status { changes.append("status") }
        if before.start != after.start { changes.append("start") }
        if before.end != after.end { changes.append("end") }
        if before.person != after.person { changes.append("person") }
        if before.type != after.type { changes.append("event") }
        if before.resources != after.resources { changes.append("resources") }
        var rest = before
        (rest.status, rest.start, rest.end, rest.person) = (after.status, after.start, after.end, after.person)
        (rest.type, rest.resources, rest.eventAt) = (after.type, after.resources, after.eventAt)
        if rest != after { changes.append("words") }
        return changes
    }
}
