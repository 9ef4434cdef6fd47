import Foundation
import Journal
package import Postgres
import Practice
package import Records
import Worker
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
        let workflow = SchedulingWorkflow()
        let enterprise = definition.practices[practice]?.enterprise ?? practice
        let parsed = SchedulingWorkflow.Parsed(row, practice: practice, enterprise: enterprise)
        var needs = workflow.needs(of: parsed)
        needs.wantsHistory = true
        let slice = try await SchedulingSlice.load(needs, isHeld: false, in: transaction)
        switch row {
        case .ignored: return .ignored
        case .person(let person): return .record(slice.persons.standing(of: person, in: enterprise))
        case .resource(let loaded):
            return .record(slice.resources.standing(of: loaded.use, capacity: loaded.capacity, in: practice))
        case .schedule(let message): return try fate(of: parsed, message, in: slice)
        }
    }

    private func fate(
        of parsed: SchedulingWorkflow.Parsed, _ message: SchedulingMessage, in slice: SchedulingSlice
    ) throws -> Fate {
        let input = Input(
            kind: LoadJob.kind, entry: EntryID(day: CalendarDay(daysSince2000: 0), number: AppointmentEvent.noEntry),
            bytes: [], feed: LoadEntry.feedName, practice: message.practice, receivedAt: .distantPast)
        let draft: SchedulingSlice.Draft
        do throws(Undecided) {
            draft = try SchedulingWorkflow().decide(parsed, in: slice, DecisionContext(definition, input))
        } catch {
            return .ambiguous
        }
        var after = slice
        let applied = after.record(draft)
        if case .block = draft { return .record(applied.slots.isEmpty ? .same : .new) }
        guard let one = applied.records.first, let state = after.appointments[one.id]?.state else {
            if case .nothing(let code, _) = draft, code == "ignored" { return .ignored }
            return .record(.same)
        }
        guard let before = slice.appointments[one.id]?.state else { return .record(.new) }
        let changes = Self.changes(from: before, to: state)
        return .record(changes.isEmpty ? .same : .changes(changes))
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
