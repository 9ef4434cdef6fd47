import Foundation
import Testing

@testable import Practice

@Suite struct AppointmentFoldTests {
    let id = UUID()

    /// Order and repetition of what came must not show: the oracle looks at the events by the newest that says anything
    /// of each value, never step by step.
    @Test(arguments: 0..<400)
    func theStateIsThatOfTheOracleHoweverItsEventsCame(seed: Int) throws {
        var random = Dice(UInt64(seed))
        let events = (0..<Int.random(in: 1...9, using: &random)).map { Oracle.event(Int64($0), &random) }
        let expected = Oracle(events)
        for _ in 0..<6 {
            let doubled = (events + events.filter { _ in Bool.random(using: &random) }).shuffled(using: &random)
            let state = try #require(Appointment(folding: doubled, id: id))
            #expect(state.status == expected.status)
            #expect(state.start == expected.start)
            #expect(state.end == expected.end)
            #expect(state.person == expected.person)
            #expect(state.sourceStatus == expected.sourceStatus)
            #expect(Set(state.resources.map(\.code)) == expected.resources)
            #expect(state.flags.contains(.tombstone) == expected.isTombstone)
            #expect(state.eventAt == expected.eventAt)
        }
    }

    @Test(arguments: 0..<100)
    func aLateMessageAndItsTimelyTwinLeaveTheSameState(seed: Int) throws {
        var random = Dice(UInt64(seed) + 10_000)
        let events = (0..<6).map { Oracle.event(Int64($0), &random) }
        #expect(
            Appointment(folding: events, id: id) == Appointment(folding: events.shuffled(using: &random), id: id))
    }

    @Test func ofOneMessageReadTwiceTheFirstGivenStands() {
        var again = AppointmentEvent(kind: .booked, at: instant(1), entry: 1)
        again.sourceStatus = "again"
        var before = again
        before.sourceStatus = "before"
        #expect(Appointment(folding: [again, before], id: id)?.sourceStatus == "again")
    }

    @Test func aRetractionChangesNothingButWhereNothingElseWasSaid() throws {
        var booking = AppointmentEvent(kind: .booked, at: instant(1), entry: 1)
        booking.start = instant(100)
        booking.person = UUID()
        var retraction = AppointmentEvent(kind: .retracted, at: instant(5))
        (retraction.start, retraction.end) = (instant(100), instant(200))
        #expect(Appointment(folding: [booking, retraction], id: id) == Appointment(folding: [booking], id: id))
        let nothing = try #require(Appointment(folding: [retraction], id: id))
        #expect(nothing.status == .enteredInError && nothing.start == instant(100) && nothing.person == nil)
        #expect(nothing.flags.isEmpty)
    }

    @Test func withoutEventsThereIsNoAppointment() {
        #expect(Appointment(folding: [], id: id) == nil)
    }

    @Test func aLateBookingDoesNotRaiseWhatWasCancelled() throws {
        var booking = AppointmentEvent(kind: .booked, at: instant(1), entry: 2)
        booking.start = instant(100)
        let cancellation = AppointmentEvent(kind: .cancelled, at: instant(2), entry: 1)
        let early = try #require(Appointment(folding: [cancellation], id: id))
        #expect(early.status == .cancelled && early.flags == [.tombstone])
        let late = try #require(Appointment(folding: [cancellation, booking], id: id))
        #expect(late.status == .cancelled && late.flags == [] && late.start == instant(100))
    }

    @Test func aCancellationMovesNothing() throws {
        var booking = AppointmentEvent(kind: .booked, at: instant(1), entry: 1)
        booking.start = instant(1000)
        var move = AppointmentEvent(kind: .rescheduled, at: instant(2), entry: 2)
        move.start = instant(5000)
        var cancellation = AppointmentEvent(kind: .cancelled, at: instant(3), entry: 3)
        cancellation.start = instant(1000)
        #expect(Appointment(folding: [booking, move, cancellation], id: id)?.start == instant(5000))
    }

    @Test func aMoveThatNamesNoResourcesTakesTheirOwnTimesAlong() throws {
        var booking = AppointmentEvent(kind: .booked, at: instant(1), entry: 1)
        booking.start = instant(1000)
        booking.end = instant(2800)
        booking.resources = [
            ResourceUse(kind: .practitioner, code: "A"),
            ResourceUse(kind: .device, code: "X", start: instant(1600), end: instant(2200)),
        ]
        var move = AppointmentEvent(kind: .rescheduled, at: instant(2), entry: 2)
        move.start = instant(11000)
        let state = try #require(Appointment(folding: [booking, move], id: id))
        #expect(state.end == instant(12800))
        #expect(state.resources.map(\.start) == [instant(11600), nil])
    }

    @Test func actionsPatchAndALineWithoutOneIsTheWholeList() throws {
        func named(_ code: String, _ action: ResourceUse.Action?) -> ResourceUse {
            ResourceUse(kind: .practitioner, code: code, action: action)
        }
        func codes(_ kind: AppointmentEvent.Kind, _ uses: [ResourceUse]) -> [String]? {
            var booking = AppointmentEvent(kind: .booked, at: instant(1), entry: 1)
            booking.resources = [named("A", .add), named("B", .add)]
            var event = AppointmentEvent(kind: kind, at: instant(2), entry: 2)
            event.resources = uses
            return Appointment(folding: [booking, event], id: id)?.resources.map(\.code)
        }
        #expect(codes(.modified, [named("C", nil)]) == ["C"])
        #expect(codes(.modified, [named("C", .add)]) == ["A", "B", "C"])
        #expect(codes(.modified, [named("A", .delete), named("C", .update)]) == ["B", "C"])
        #expect(codes(.rescheduled, [named("C", .add)]) == ["C"])
        #expect(codes(.resourcesChanged, [named("B", .delete)]) == ["A"])
        #expect(codes(.modified, []) == ["A", "B"])
    }

    @Test(arguments: AppointmentStatus.allCases, AppointmentStatus.allCases)
    func aStepThatNoScheduleMakesIsTakenAndMarked(from: AppointmentStatus, to: AppointmentStatus) throws {
        var first = AppointmentEvent(kind: .booked, at: instant(1), entry: 1)
        first.status = from
        var second = AppointmentEvent(kind: .modified, at: instant(2), entry: 2)
        second.status = to
        let state = try #require(Appointment(folding: [first, second], id: id))
        #expect(state.status == to)
        #expect(state.flags.contains(.irregularTransition) == !from.mayBecome(to))
    }
}

@Suite struct AppointmentChangeTests {
    func appointment(_ status: AppointmentStatus, start: Date? = instant(1000)) -> Appointment {
        var appointment = Appointment(id: UUID(uuid: noUUID), status: status, eventAt: instant(0))
        appointment.start = start
        return appointment
    }

    @Test func nothingIsToldWhenOnlyTheNewestEventsTimeDiffers() {
        var later = appointment(.booked)
        later.eventAt = instant(99)
        #expect(AppointmentChange(from: appointment(.booked), to: later) == nil)
    }

    @Test(
        arguments: [
            (nil, AppointmentStatus.booked, AppointmentChange.booked), (nil, .cancelled, .cancelled),
            (nil, .enteredInError, .deleted), (nil, .noshow, .noshow), (nil, .waitlist, .booked),
            (.booked, .cancelled, .cancelled), (.booked, .enteredInError, .deleted), (.booked, .noshow, .noshow),
            (.booked, .arrived, .updated), (.cancelled, .booked, .booked), (.enteredInError, .booked, .booked),
            (.noshow, .arrived, .updated), (.cancelled, .noshow, .noshow),
        ] as [(AppointmentStatus?, AppointmentStatus, AppointmentChange)])
    func aStepIsToldAsOneThing(old: AppointmentStatus?, new: AppointmentStatus, change: AppointmentChange) {
        #expect(AppointmentChange(from: old.map { appointment($0) }, to: appointment(new)) == change)
    }

    @Test func aNewTimeIsAMoveAndOnlyOfWhatIsLive() {
        let moved = appointment(.booked, start: instant(9000))
        #expect(AppointmentChange(from: appointment(.booked), to: moved) == .rescheduled)
        #expect(
            AppointmentChange(from: appointment(.cancelled), to: appointment(.cancelled, start: instant(9000)))
                == .updated)
    }

    @Test func aNewRecordThatReplacesAnotherIsAMove() {
        var new = appointment(.booked)
        new.replaces = UUID()
        #expect(AppointmentChange(from: nil, to: new) == .rescheduled)
    }
}

let noUUID: uuid_t = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)

func instant(_ seconds: Double) -> Date { Date(timeIntervalSince1970: 1_800_000_000 + seconds) }

/// Each value by the newest event that says it.
private struct Oracle {
    var status = AppointmentStatus.booked
    var start: Date?
    var end: Date?
    var person: UUID?
    var sourceStatus = ""
    var resources: Set<String> = []
    var isTombstone = false
    var eventAt = Date.distantPast

    static func event(_ entry: Int64, _ random: inout Dice) -> AppointmentEvent {
        let kinds: [AppointmentEvent.Kind] = [
            .booked, .rescheduled, .modified, .cancelled, .discontinued, .deleted, .resourcesChanged, .noshow,
        ]
        let kind = kinds.randomElement(using: &random) ?? .booked
        var event = AppointmentEvent(
            kind: kind, at: instant(Double.random(in: 0...5, using: &random).rounded()), entry: entry)
        if Bool.random(using: &random) { event.status = AppointmentStatus.allCases.randomElement(using: &random) }
        if Bool.random(using: &random) { event.sourceStatus = "W\(entry)" }
        if Bool.random(using: &random) { event.person = UUID() }
        if Bool.random(using: &random) {
            let start = instant(Double(Int.random(in: 10...20, using: &random)) * 3600)
            event.start = start
            event.end = start + Double(Int.random(in: 1...3, using: &random)) * 600
        }
        if Bool.random(using: &random) {
            event.resources = (0..<Int.random(in: 1...3, using: &random)).map { _ in
                ResourceUse(kind: .practitioner, code: "P\(Int.random(in: 0...3, using: &random))")
            }
        }
        return event
    }

    init(_ events: [AppointmentEvent]) {
        let newestFirst = events.sorted { ($1.at, $1.entry) < ($0.at, $0.entry) }
        guard let newest = newestFirst.first, let oldest = newestFirst.last else { return }
        eventAt = newest.at
        isTombstone = [.cancelled, .discontinued, .deleted].contains(oldest.kind)
        person = newestFirst.lazy.compactMap(\.person).first
        sourceStatus = newestFirst.lazy.compactMap(\.sourceStatus).first ?? ""
        resources = Set((newestFirst.first { !$0.resources.isEmpty }?.resources ?? []).map(\.code))
        status = newestFirst.lazy.compactMap(Self.decided).first ?? .booked
        let ending: Set<AppointmentEvent.Kind> = [.cancelled, .discontinued, .deleted, .noshow]
        let placed = newestFirst.first { $0.start != nil && !ending.contains($0.kind) }
        let named = newestFirst.last { $0.start != nil }
        start = (placed ?? named)?.start
        end = (placed ?? named)?.end
    }

    /// The status that an event settles whatever was before it.
    static func decided(_ event: AppointmentEvent) -> AppointmentStatus? {
        switch event.kind {
        case .cancelled, .discontinued, .superseded: .cancelled
        case .deleted, .removed, .retracted: .enteredInError
        case .noshow, .midnight: .noshow
        case .booked, .rescheduled: event.status ?? .booked
        case .modified, .resourcesChanged: event.status
        }
    }
}

/// SplitMix64: the same throws for the same seed.
private struct Dice: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
