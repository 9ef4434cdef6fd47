import FHIR
import Foundation
import Testing

struct ResourceTests {
    @Test("An instant is written with the offset of its zone and read back as the same point")
    func instants() throws {
        let date = try Date("2026-11-01T07:30:00Z", strategy: .iso8601)
        let denver = Instant(date, zone: Samples.denver)
        #expect(denver.description == "2026-11-01T01:30:00-06:00")
        #expect(Instant(date.addingTimeInterval(3600), zone: Samples.denver).description == "2026-11-01T01:30:00-07:00")
        #expect(Instant(date).description == "2026-11-01T07:30:00+00:00")
        #expect(Instant(date.addingTimeInterval(0.25)).description == "2026-11-01T07:30:00.250+00:00")
        #expect(Instant(date.addingTimeInterval(0.000_125)).description == "2026-11-01T07:30:00.000125+00:00")
        #expect(Instant("2026-11-01T01:30:00-06:00") == denver)
        #expect(Instant("2026-11-01T07:30:00Z") == denver)
    }

    @Test(
        "A text without a zone, without seconds or of no day is not an instant",
        arguments: [
            "2026-11-01T01:30:00", "2026-11-01T01:30-06:00", "2026-11-01", "2026-02-30T01:30:00Z",
            "2026-11-01T24:00:00Z", "2026-11-01 01:30:00Z", "2026-11-01T01:30:00+6:00", "", "T",
        ])
    func notInstants(text: String) {
        #expect(Instant(text) == nil)
    }

    @Test("Every instant of a year's random sample survives being written and read")
    func instantsRoundTrip() throws {
        for step in 0..<5000 {
            let date = Date(timeIntervalSince1970: Double(step * 6_311 + 1_780_000_000) + Double(step % 1000) / 1000)
            let instant = Instant(date, zone: Samples.denver)
            let read = try #require(Instant(instant.description))
            #expect(abs(read.date.timeIntervalSince(date)) < 0.000_002)
            #expect(read.offsetSeconds == Samples.denver.secondsFromGMT(for: date))
        }
    }

    @Test("A reason to cancel is said only of a cancelled appointment", arguments: Appointment.Status.allCases)
    func appointmentReasons(status: Appointment.Status) throws {
        #expect((try Samples.appointment(status).cancelationReason != nil) == (status == .cancelled))
    }

    @Test("An appointment that R4 could not carry cannot be made")
    func appointmentInvariants() throws {
        let someone = [Appointment.Participant(Reference(.patient, id: "1"))]
        func make(
            _ status: Appointment.Status, _ start: Instant?, _ end: Instant?, _ who: [Appointment.Participant]
        ) throws {
            _ = try Appointment(
                id: "1", meta: Samples.meta, status: status, start: start, end: end, participants: who)
        }
        #expect(throws: FHIRError.missing("Appointment.participant")) {
            try make(.booked, Samples.start, Samples.end, [])
        }
        #expect(throws: FHIRError.missing("Appointment.start")) { try make(.booked, nil, nil, someone) }
        #expect(throws: FHIRError.missing("Appointment.end")) { try make(.cancelled, Samples.start, nil, someone) }
        #expect(throws: FHIRError.missing("Appointment.start")) { try make(.cancelled, nil, Samples.end, someone) }
        #expect(throws: FHIRError.endsBeforeItsStart("Appointment")) {
            try make(.booked, Samples.end, Samples.start, someone)
        }
        try make(.waitlist, nil, nil, someone)
    }

    @Test("Every resource is read back as it was written")
    func roundTrips() throws {
        for status in Appointment.Status.allCases {
            let sample = try Samples.appointment(status)
            #expect(try JSON.decode(Appointment.self, from: JSON.encode(sample)) == sample)
        }
        #expect(try JSON.decode(Patient.self, from: JSON.encode(Samples.patient)) == Samples.patient)
        #expect(try JSON.decode(Schedule.self, from: JSON.encode(Samples.schedule)) == Samples.schedule)
        let bundle = try Samples.bundle(next: "https://practice.example/fhir/Appointment?_cursor=b")
        let read = try JSON.decode(FHIR.Bundle.self, from: JSON.encode(bundle))
        #expect(read == bundle)
        #expect(read.next == "https://practice.example/fhir/Appointment?_cursor=b")
    }

    @Test("JSON has sorted keys, plain slashes, and neither empty arrays nor nulls")
    func text() {
        #expect(
            String(decoding: JSON.encode(Samples.bare), as: UTF8.self)
                == #"{"id":"0b2d4b4e-7a0c-4e0c-9a57-3c1f5d0e9b11","meta":{"lastUpdated":"2026-11-03T10:00:00-07:00","#
                + #""versionId":"1"},"resourceType":"Patient"}"#)
    }

    @Test("Another system's list is read entry by entry: what is not R4 costs only itself")
    func lenientBundle() throws {
        let text = """
            {"resourceType":"Bundle","type":"searchset","link":[{"relation":"next","url":"?page=2"}],"entry":[
            {"resource":{"resourceType":"Appointment","id":"a","status":"noshow","cancelationReason":{"text":"x"},
              "participant":[],"vendorField":{"deep":[1,null]}}},
            {"resource":{"resourceType":"Appointment","id":"b","status":"unheard-of"}},
            {"resource":{"resourceType":"Appointment","id":"c","status":"booked","start":"2026-11-03T09:00:00"}},
            {"resource":{"resourceType":"Coverage","id":"d"}},
            {"fullUrl":"urn:x"}]}
            """
        let bundle = try JSON.decode(FHIR.Bundle.self, from: Array(text.utf8))
        #expect(bundle.next == "?page=2" && bundle.entry.count == 5)
        guard case .appointment(let appointment) = bundle.entry[0].resource else {
            Issue.record("the first is an Appointment")
            return
        }
        #expect(appointment.status == .noshow && appointment.start == nil)
        #expect(
            bundle.entry[1].resource == .other(type: "Appointment", id: "b", unreadableAt: "status"))
        #expect(bundle.entry[2].resource == .other(type: "Appointment", id: "c", unreadableAt: "start"))
        #expect(bundle.entry[3].resource == .other(type: "Coverage", id: "d", unreadableAt: nil))
        #expect(bundle.entry[4].resource == nil)
    }

    @Test("What is not that resource is refused with where, and never with what")
    func unreadable() {
        #expect(throws: FHIRError.unreadable(.patient, at: "resourceType")) {
            try JSON.decode(Patient.self, from: JSON.encode(Samples.schedule))
        }
        #expect(throws: FHIRError.unreadable(.patient, at: "name[0].given[1]")) {
            let text = #"{"resourceType":"Patient","name":[{"given":["Ann",7]}]}"#
            _ = try JSON.decode(Patient.self, from: Array(text.utf8))
        }
        #expect(throws: FHIRError.unreadable(.bundle, at: "")) {
            try JSON.decode(FHIR.Bundle.self, from: Array("<html>".utf8))
        }
    }

    @Test("An identifier's system says kind and authority and can be read back, whatever they hold")
    func systems() throws {
        for (kind, authority) in [
            ("mrn", "0001"), ("filler", "NextGen Rosetta^a:b|c"), ("visit", ""), ("mrn", "Übung"),
        ] {
            let system = Systems.identifier(kind: kind, authority: authority)
            #expect(!system.contains(" ") && !system.contains("|"))
            let read = try #require(Systems.identifier(system))
            #expect(read.kind == kind && read.authority == authority)
        }
        #expect(Systems.identifier("http://hl7.org/fhir/sid/us-npi") == nil)
    }
}
