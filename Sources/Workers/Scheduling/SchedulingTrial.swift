package import Foundation
import Journal
import Postgres
package import Practice
package import Records
import Synchronization
import Worker
package import Workflow

/// The worker's decisions end to end on a record in memory: for cases and properties, and for trying a definition before it
/// is in force. It decides by `SchedulingWorkflow` and applies to `SchedulingSlice`, as the worker does.
package struct SchedulingTrial: Sendable {
    package enum Outcome: Sendable, Equatable {
        /// The appointments that the message spoke of, with what others are told (nil: nothing changed).
        case recorded([Recorded])
        case slots([SlotChange])
        case ignored
        case parked(Park)
    }

    package struct Recorded: Sendable, Equatable {
        package let id: UUID
        package let change: AppointmentChange?
    }

    package let definition: Definition
    package private(set) var slice = SchedulingSlice()
    private let workflow = SchedulingWorkflow()
    private var made: UInt32 = 0
    private var decided: Int64 = 0

    package init(definition: Definition) { self.definition = definition }

    package var appointments: [UUID: AppointmentSlice.Record] { slice.appointments.records }

    /// Handles one message, or another input by its kind. It is applied whole, or parked and nothing changes.
    package mutating func receive(
        _ bytes: [UInt8], kind: String = SchedulingJobs.message, feed: String = Route.unclaimed,
        practice: String? = nil,
        port: Int? = nil, receivedAt: Date, entry: Int64
    ) -> Outcome {
        let day = CalendarDay(daysSince2000: Int((receivedAt.timeIntervalSince1970 / 86_400).rounded(.down)) - 10_957)
        let input = Input(
            kind: kind, entry: EntryID(day: day, number: entry), bytes: bytes, feed: feed, practice: practice,
            port: port,
            receivedAt: receivedAt, isTriedAgain: true)
        do {
            return try decide(try workflow.parse(input, definition), input)
        } catch {
            return .parked(error)
        }
    }

    private mutating func decide(_ parsed: SchedulingWorkflow.Parsed, _ input: Input) throws(Park) -> Outcome {
        let ids = TrialIDs(from: made)
        let draft: SchedulingSlice.Draft
        do throws(Undecided) {
            draft = try workflow.decide(parsed, in: slice, DecisionContext(definition, input, makeID: { ids.next() }))
        } catch {
            guard case .parked(let park) = error else {
                preconditionFailure("a record in memory is whole")
            }
            throw park
        }
        made = ids.last
        let applied = slice.record(draft)
        slice.settle()
        switch draft {
        case .nothing(let code, _):
            if code == "ignored" { return .ignored }
            return .slots([])
        case .block(let block, _): return .slots(block.changes)
        case .appointments, .person, .resource:
            return .recorded(applied.records.map { Recorded(id: $0.id, change: $0.change) })
        }
    }

    /// A person says which of the candidates a parked message means (nil: a new one). It holds when the message is
    /// received again, and for every other that asks the same.
    package mutating func decide(_ entry: Int64, is appointment: UUID?, of candidates: [UUID]) {
        let first = candidates.first.flatMap { appointments[$0] }
        decided += 1
        slice.appointments.decisions.put(
            DecisionSlice.Decision(
                practice: first?.practice ?? "", number: decided, entry: entry, person: first?.state.person,
                chosen: appointment))
    }

    /// The midnights that have passed by `now`: what others are told of each appointment that they made a no-show of.
    package mutating func passMidnight(now: Date) -> [Recorded] {
        var recorded: [Recorded] = []
        for (id, record) in appointments.sorted(by: { $0.key.uuidString < $1.key.uuidString }) {
            guard let practice = definition.practices[record.practice], definition.derivesNoShows(practice.id),
                let event = Midnight(practice).event(for: record.state, now: now)
            else { continue }
            recorded += add(event, to: id, practice)
        }
        return recorded
    }

    /// A person confirms that the PM has deleted it without a message.
    package mutating func remove(_ id: UUID, at now: Date) -> Recorded? {
        guard let practice = appointments[id].flatMap({ definition.practices[$0.practice] }) else { return nil }
        return add(AppointmentEvent(kind: .removed, at: now), to: id, practice).first
    }

    private mutating func add(_ event: AppointmentEvent, to id: UUID, _ practice: PracticeProfile) -> [Recorded] {
        var applied = SchedulingSlice.Applied()
        slice.add(event, to: id, AppointmentSlice.Source(practice, now: event.at, definition), &applied)
        slice.settle()
        return applied.records.map { Recorded(id: $0.id, change: $0.change) }
    }
}

/// Ids that are the same for the same messages.
private final class TrialIDs: Sendable {
    private let made: Mutex<UInt32>

    init(from last: UInt32) { made = Mutex(last) }

    var last: UInt32 { made.withLock { $0 } }

    func next() -> UUID {
        let number = made.withLock { made in
            made += 1
            return made
        }
        let byte = { (shift: UInt32) in UInt8(truncatingIfNeeded: number >> shift) }
        return UUID(uuid: (0, 0, 0, 0, 0, 0, 0x40, 0, 0x80, 0, 0, 0, byte(24), byte(16), byte(8), byte(0)))
    }
}

extension AppointmentSlice.Source {
    /// Of what no message says.
    init(_ practice: PracticeProfile, now: Date, _ definition: Definition) {
        guard let day = CalendarDay(PracticeTime(zone: practice.zone).day(of: now)) else {
            preconditionFailure("A day of the calendar is a day of SQL's.")
        }
        self.init(
            practice: practice.id, enterprise: practice.enterprise, day: day, entry: nil, definition: definition.digest)
    }
}
