import Foundation
import Testing

@testable import Practice

/// States that no message brings: worked out at midnight, by a booking that ends a wait, or by a person.
@Suite struct ClockStateTests {
    private let id = UUID()
    private let midnight = AppointmentEvent(kind: .midnight, at: instant(10_000))

    private func booking(at: Double = 1, start: Double = 5000, status: AppointmentStatus? = nil) -> AppointmentEvent {
        var event = AppointmentEvent(kind: .booked, at: instant(at), entry: Int64(at))
        event.start = instant(start)
        event.status = status
        return event
    }

    private func word(_ status: AppointmentStatus?, at: Double) -> AppointmentEvent {
        var event = AppointmentEvent(kind: .modified, at: instant(at), entry: Int64(at))
        event.status = status
        return event
    }

    @Test func midnightMakesANoShowOfWhoIsStillExpectedAndMarksItDerived() throws {
        let state = try #require(Appointment(folding: [booking(), midnight], id: id))
        #expect(state.status == .noshow && state.flags == [.derived] && state.eventAt == instant(10_000))
    }

    @Test(arguments: AppointmentStatus.allCases)
    func midnightTouchesNobodyWhoIsNotExpected(status: AppointmentStatus) throws {
        let state = try #require(Appointment(folding: [booking(status: status), midnight], id: id))
        #expect((state.status == .noshow && state.flags == [.derived]) == [.booked, .pending].contains(status))
    }

    @Test func whatWasSaidBeforeMidnightUndoesItHoweverLateItIsHeard() throws {
        let kept = word(.arrived, at: 9000)
        for order in [[booking(), midnight, kept], [kept, midnight, booking()]] {
            let state = try #require(Appointment(folding: order, id: id))
            #expect(state.status == .arrived && state.flags == [])
        }
        var move = AppointmentEvent(kind: .rescheduled, at: instant(9000), entry: 9)
        move.start = instant(50_000)
        let moved = try #require(Appointment(folding: [booking(), midnight, move], id: id))
        #expect(moved.status == .booked && moved.start == instant(50_000) && moved.flags == [])
    }

    @Test func aLateKeptIsNoOddStepAndTakesTheMarkAway() throws {
        let state = try #require(Appointment(folding: [booking(), midnight, word(.arrived, at: 12_000)], id: id))
        #expect(state.status == .arrived && state.flags == [])
        let said = AppointmentEvent(kind: .noshow, at: instant(6000), entry: 6)
        let odd = try #require(Appointment(folding: [booking(), said, word(.arrived, at: 12_000)], id: id))
        #expect(odd.status == .arrived && odd.flags == [.irregularTransition])
    }

    @Test func aMidnightAloneIsNoAppointment() {
        #expect(Appointment(folding: [midnight], id: id) == nil)
    }

    @Test func aRemovalIsADeletionThatNoMessageSaid() throws {
        let removed = AppointmentEvent(kind: .removed, at: instant(3000))
        let state = try #require(Appointment(folding: [booking(), removed], id: id))
        #expect(state.status == .enteredInError && state.flags == [.unannounced])
        #expect(AppointmentChange(from: Appointment(folding: [booking()], id: id), to: state) == .deleted)
        let again = try #require(Appointment(folding: [booking(), removed, word(.booked, at: 4000)], id: id))
        #expect(again.status == .booked && !again.flags.contains(.unannounced))
    }

    @Test func aWaitEndsOnlyWhileItWaits() throws {
        var end = AppointmentEvent(kind: .superseded, at: instant(3000), entry: 3)
        end.cancelReason = "booked from the wait list"
        let waiting = try #require(Appointment(folding: [booking(status: .waitlist), end], id: id))
        #expect(waiting.status == .cancelled && waiting.flags == [.derived])
        #expect(waiting.cancelReason == "booked from the wait list")
        let booked = try #require(
            Appointment(folding: [booking(status: .waitlist), word(.booked, at: 2000), end], id: id))
        #expect(booked.status == .booked && booked.flags == [])
    }

    @Test func anAnswerToTheReminderHoldsForItsTime() throws {
        var answer = word(.booked, at: 2)
        answer.flags = [.confirmed]
        #expect(Appointment(folding: [booking(), answer], id: id)?.flags == [.confirmed])
        #expect(Appointment(folding: [booking(), answer, word(nil, at: 3)], id: id)?.flags == [.confirmed])
        #expect(Appointment(folding: [booking(), answer, word(.booked, at: 3)], id: id)?.flags == [])
        var move = word(nil, at: 3)
        move.start = instant(7000)
        #expect(Appointment(folding: [booking(), answer, move], id: id)?.flags == [])
    }

    @Test func oneChangedOccurrenceLeavesItsSeries() throws {
        var first = booking()
        first.series = "S1"
        first.resources = [ResourceUse(kind: .practitioner, code: "A")]
        #expect(Appointment(folding: [first, word(.arrived, at: 2)], id: id)?.series == "S1")
        var move = word(nil, at: 2)
        move.start = instant(7000)
        #expect(Appointment(folding: [first, move], id: id)?.series == nil)
        var other = word(nil, at: 2)
        other.resources = [ResourceUse(kind: .practitioner, code: "B")]
        #expect(Appointment(folding: [first, other], id: id)?.series == nil)
        let end = AppointmentEvent(kind: .cancelled, at: instant(2), entry: 2)
        #expect(Appointment(folding: [first, end], id: id)?.series == "S1")
    }
}
