import FHIR
import Foundation
import Postgres
import Records
import TestSupport
import Testing

/// What a booking app reads, over a real socket, under row-level security.
struct FHIRReadingTests {
    @Test("An appointment is shown with its people, resources, identifiers and the practice's own time")
    func appointment() async throws {
        try await HTTPRig.run { rig async throws in
            let answer = try await rig.get("/fhir/Appointment/\(World.booked.fhirID)")
            #expect(answer.status == 200)
            #expect(answer.header("content-type") == "application/fhir+json; charset=utf-8")
            #expect(answer.header("etag") == "W/\"3\"")
            let found = try JSON.decode(FHIR.Appointment.self, from: answer.body)
            #expect(found.status == .booked && found.meta?.versionId == "3")
            #expect(found.start?.description == "2026-03-03T09:00:00-06:00")
            #expect(found.minutesDuration == 30)
            #expect(found.appointmentType?.text == "New patient" && found.reasonCode.first?.text == "Cough")
            #expect(
                Set(found.identifier.compactMap(\.value)) == ["A1", "X|1"]
                    && found.identifier.first?.system == "urn:pmsync:identifier:filler:pm")
            let actors = found.participant.compactMap(\.actor)
            #expect(actors.first?.reference == "Patient/\(World.jane.fhirID)")
            let doctor = try #require(actors.first { $0.target?.type == "Practitioner" })
            #expect(doctor.identifier?.value == "1234567893" && doctor.display == "Dr. Who")
            let room = try #require(actors.first { $0.target?.type == "Location" })
            #expect(room.identifier?.value == "ROOM 1")
        }
    }

    @Test("Times in the hour that comes twice keep their offset, and flags, overbooking and replacement are told")
    func flags() async throws {
        try await HTTPRig.run { rig async throws in
            let answer = try await rig.get("/fhir/Appointment/\(World.replacing.fhirID)")
            let found = try JSON.decode(FHIR.Appointment.self, from: answer.body)
            #expect(found.start?.description == "2026-11-01T01:30:00-05:00")
            #expect(found.end?.description == "2026-11-01T01:30:00-06:00")
            #expect(Set((found.meta?.tag ?? []).compactMap(\.code)) == ["ambiguous-time", "overbooked"])
            #expect(found.extension.first?.valueReference?.reference == "Appointment/\(World.cancelled.fhirID)")
        }
    }

    @Test("A reason to cancel is told of what is cancelled and of nothing else")
    func cancelReason() async throws {
        try await HTTPRig.run { rig async throws in
            let cancelled = try await rig.get("/fhir/Appointment/\(World.cancelled.fhirID)")
            #expect(cancelled.json?.object("cancelationReason")?.string("text") == "Weather")
            let noshow = try await rig.get("/fhir/Appointment/\(World.noshow.fhirID)")
            #expect(noshow.status == 200 && !noshow.text.contains("not to be said"))
        }
    }

    @Test("What was entered in error is still readable; a deletion that came before its booking is gone")
    func deleted() async throws {
        try await HTTPRig.run { rig async throws in
            let wrong = try await rig.get("/fhir/Appointment/\(World.wrong.fhirID)")
            #expect(wrong.status == 200 && wrong.json?.string("status") == "entered-in-error")
            let tombstone = try await rig.get("/fhir/Appointment/\(World.tombstone.fhirID)")
            #expect(tombstone.status == 410)
            #expect(tombstone.json?.objects("issue").first?.string("code") == "deleted")
        }
    }

    @Test("An unchanged record is answered 304 to who has it, and a changed one whole")
    func notModified() async throws {
        try await HTTPRig.run { rig async throws in
            let path = "/fhir/Appointment/\(World.booked.fhirID)"
            let same = try await rig.get(path, [("if-none-match", #""0", W/"3""#)])
            #expect(same.status == 304 && same.body.isEmpty && same.header("etag") == "W/\"3\"")
            let other = try await rig.get(path, [("if-none-match", #"W/"2""#)])
            #expect(other.status == 200)
        }
    }

    @Test("A merged person is answered with a link to the survivor, who bears the identifiers of both")
    func merged() async throws {
        try await HTTPRig.run { rig async throws in
            let merged = try await rig.get("/fhir/Patient/\(World.merged.fhirID)")
            let old = try JSON.decode(FHIR.Patient.self, from: merged.body)
            #expect(old.active == false)
            #expect(old.link.first?.other.reference == "Patient/\(World.jane.fhirID)")
            let answer = try await rig.get("/fhir/Patient/\(World.jane.fhirID)")
            let jane = try JSON.decode(FHIR.Patient.self, from: answer.body)
            #expect(Set(jane.identifier.compactMap(\.value)) == ["N1", "N3"])
            #expect(jane.birthDate?.description == "1980-05-17" && jane.gender == .female)
            let noshow = try await rig.get("/fhir/Appointment/\(World.noshow.fhirID)")
            #expect(noshow.text.contains("Patient/\(World.jane.fhirID)"))
        }
    }

    @Test("A person whom the practice has no appointment of is not there")
    func strangers() async throws {
        try await HTTPRig.run { rig async throws in
            for person in [World.nobody, World.southerner] {
                let read = try await rig.get("/fhir/Patient/\(person.fhirID)")
                #expect(read.status == 404)
                #expect(try await rig.ids("/fhir/Patient?_id=\(person.fhirID)").isEmpty)
            }
        }
    }

    @Test("A practice's key reads nothing of another practice, by id or by search")
    func isolation() async throws {
        try await HTTPRig.run { rig async throws in
            #expect(try await rig.get("/fhir/Appointment/\(World.south.fhirID)", key: World.southKey).status == 200)
            #expect(try await rig.get("/fhir/Appointment/\(World.south.fhirID)").status == 404)
            #expect(try await rig.get("/fhir/Schedule/\(World.southDoctor.fhirID)").status == 404)
            #expect(try await rig.get("/fhir/Appointment/\(World.booked.fhirID)", key: World.southKey).status == 404)
            for type in ["Appointment", "Slot", "Schedule", "Patient"] {
                let north = Set(try await rig.ids("/fhir/\(type)"))
                let south = Set(try await rig.ids("/fhir/\(type)", key: World.southKey))
                #expect(north.isDisjoint(with: south))
            }
            #expect(try await rig.ids("/fhir/Appointment?identifier=A1") == [World.booked.fhirID])
        }
    }

    @Test("The database itself shows the API's role one practice, even to a statement that names none")
    func rowLevelSecurity() async throws {
        try await HTTPRig.run { rig async throws in
            let reading = try rig.database.pool(role: "pmsync_api", size: 1)
            defer { reading.close() }
            for (practice, expected) in [("north", 7), ("south", 1), ("north,south", 0), ("", 0)] as [(String, Int)] {
                let seen = try await reading.transaction { transaction in
                    try await transaction.see(practice: practice)
                    return try await transaction.query("SELECT count(*) FROM records.appointment")
                }
                #expect(try seen.first?.decode(Int.self) == expected, "\(practice)")
            }
            let unset = try await reading.query("SELECT count(*) FROM records.appointment")
            #expect(try unset.first?.decode(Int.self) == 0)
        }
    }
}

/// Every search parameter, and pages.
struct FHIRSearchTests {
    private static let cases: [(String, [UUID])] = [
        ("Appointment", [World.booked, World.cancelled, World.wrong, World.noshow, World.bare, World.replacing]),
        ("Appointment?_id=\(World.booked),\(World.noshow)", [World.booked, World.noshow]),
        ("Appointment?_id=nonsense", []),
        ("Appointment?_lastUpdated=ge2026-03-01T16:00:00Z", [World.replacing]),
        ("Appointment?_lastUpdated=lt2026-03-01T11:00:00Z", [World.booked]),
        ("Appointment?date=2026-03-03", [World.booked]),
        ("Appointment?date=ge2026-03-04&date=lt2026-03-05", [World.cancelled]),
        ("Appointment?date=ne2026-03", [World.replacing]),
        ("Appointment?date=2026-11-01T01:30:00-05:00", [World.replacing]),
        ("Appointment?patient=\(World.jane)", [World.booked, World.wrong, World.noshow]),
        ("Appointment?patient=Patient/\(World.merged)", [World.booked, World.wrong, World.noshow]),
        ("Appointment?patient=\(World.southerner)", []),
        ("Appointment?practitioner=\(World.doctor)", [World.booked, World.cancelled]),
        ("Appointment?practitioner=\(World.room)", []),
        ("Appointment?location=Location/\(World.room)", [World.booked]),
        ("Appointment?actor=\(World.laser)", [World.replacing]),
        ("Appointment?actor=\(World.jose)", [World.cancelled, World.replacing]),
        (
            "Appointment?actor=Device/\(World.laser),Practitioner/\(World.doctor)",
            [World.booked, World.cancelled, World.replacing]
        ),
        ("Appointment?status=booked,noshow", [World.booked, World.noshow, World.replacing]),
        ("Appointment?identifier=A2", [World.cancelled]),
        ("Appointment?identifier=urn:pmsync:identifier:placer:app%7CX%5C%7C1", [World.booked]),
        ("Appointment?identifier=urn:pmsync:identifier:filler:pm%7C", [World.booked, World.cancelled]),
        ("Appointment?identifier=urn:other%7CA1", []),
        ("Appointment?status=booked&practitioner=\(World.doctor)", [World.booked]),
        ("Slot", [World.busySlot, World.freeSlot]),
        ("Slot?_id=\(World.busySlot)", [World.busySlot]),
        ("Slot?_lastUpdated=gt2026-03-01T10:30:00Z", [World.freeSlot]),
        ("Slot?schedule=Schedule/\(World.doctor)", [World.busySlot]),
        ("Slot?start=ge2026-03-04", [World.freeSlot]),
        ("Slot?status=free", [World.freeSlot]),
        ("Slot?status=entered-in-error", []),
        ("Schedule", [World.doctor, World.room, World.laser]),
        ("Schedule?_id=\(World.room)", [World.room]),
        ("Schedule?_lastUpdated=lt2020-01-01", []),
        ("Schedule?actor=Practitioner/\(World.doctor)", [World.doctor]),
        ("Schedule?actor=Location/\(World.doctor)", []),
        ("Schedule?actor=\(World.laser)", [World.laser]),
        ("Patient", [World.jane, World.jose]),
        ("Patient?_id=\(World.merged)", [World.jane]),
        ("Patient?_lastUpdated=gt2020-01-01", [World.jane, World.jose]),
        ("Patient?identifier=N3", [World.jane]),
        ("Patient?identifier=urn:pmsync:identifier:mrn:north%7CN2", [World.jose]),
        ("Patient?family=doe", [World.jane]),
        ("Patient?family=mull", [World.jose]),
        ("Patient?family:exact=doe", []),
        ("Patient?family:contains=LLE", [World.jose]),
        ("Patient?given=JOSE", [World.jose]),
        ("Patient?name=j", [World.jane, World.jose]),
        ("Patient?name=50%25", []),
        ("Patient?birthdate=1980-05-17", [World.jane]),
        ("Patient?birthdate=lt1980", [World.jose]),
    ]

    @Test("Every search parameter finds what it should and nothing else")
    func parameters() async throws {
        try await HTTPRig.run { rig async throws in
            for (path, expected) in Self.cases {
                let found = try await rig.ids("/fhir/\(path)")
                #expect(found.sorted() == expected.map(\.fhirID).sorted(), "\(path)")
            }
            let asked = Set(Self.cases.flatMap { Self.names(in: $0.0) })
            let known = CapabilityStatement.served.flatMap { type in
                SearchParameter.known(for: type).map { "\(type.rawValue).\($0.rawValue)" }
            }
            #expect(asked.isSuperset(of: known), "\(Set(known).subtracting(asked))")
        }
    }

    private static func names(in path: String) -> [String] {
        let halves = path.split(separator: "?")
        guard halves.count == 2 else { return [] }
        return halves[1].split(separator: "&").compactMap { pair in
            pair.split(separator: "=").first.map { "\(halves[0]).\($0.split(separator: ":")[0])" }
        }
    }

    @Test("Pages follow one another to the end without loss or doubling, while records are moved under them")
    func paging() async throws {
        try await HTTPRig.run { rig async throws in
            try await rig.pool.execute(
                """
                INSERT INTO records.appointment (practice_id, id, version, status, start_at, end_at, enterprise_id,
                    event_at, received_on, entry_id)
                SELECT 'north', gen_random_uuid(), 1, 'booked', t, t + interval '15 minutes', 'north', now(), now(), n
                FROM generate_series(100, 336) n, LATERAL (SELECT '2026-06-01T13:00Z'::timestamptz
                    + n % 7 * interval '15 minutes') s (t)
                """)
            var found: [String] = []
            var url: String? = "/fhir/Appointment?date=ge2026-06-01&date=lt2026-06-02&_count=20"
            var pages = 0
            while let page = url {
                let bundle = try #require(try await rig.get(page).json)
                #expect(bundle.objects("entry").count <= 20)
                found += bundle.objects("entry").compactMap { $0.object("resource")?.string("id") }
                url = bundle.objects("link").first { $0.string("relation") == "next" }?.string("url")
                pages += 1
                try await rig.pool.execute(
                    """
                    UPDATE records.appointment SET start_at = start_at + interval '1 hour',
                        end_at = end_at + interval '1 hour', version = version + 1, changed_at = now()
                    WHERE practice_id = 'north' AND start_at >= '2026-06-01' AND start_at < '2026-06-01T20:00Z'
                    """)
            }
            #expect(pages == 12)
            #expect(found.count == 237 && Set(found).count == 237)
        }
    }

    @Test("A page holds no more than the server's limit, and a count of nothing tells how many there are")
    func counts() async throws {
        try await HTTPRig.run { rig async throws in
            for (type, total) in [("Appointment", 6.0), ("Slot", 2), ("Schedule", 3), ("Patient", 2)] {
                let bundle = try #require(try await rig.get("/fhir/\(type)?_count=0").json)
                #expect(bundle.number("total") == total && bundle.objects("entry").isEmpty)
            }
            let one = try #require(try await rig.get("/fhir/Schedule?_count=1").json)
            #expect(one.objects("entry").count == 1 && one.objects("link").count == 2)
        }
    }

    @Test("Links begin with the public address where one is set, else with the Host that was asked")
    func links() async throws {
        try await HTTPRig.run { rig async throws in
            let bundle = try #require(try await rig.get("/fhir/Schedule?_count=1").json)
            #expect(
                bundle.objects("link").allSatisfy { $0.string("url")?.hasPrefix(rig.base + "/fhir/Schedule?") == true })
            let bad = try await rig.get("/fhir/Schedule", [("host", "evil.example/\"><script>")])
            #expect(bad.status == 400 && !bad.text.contains("script"))
        }
        try await HTTPRig.run(publicURL: "https://book.example.org/pms/") { rig async throws in
            let bundle = try #require(try await rig.get("/fhir/Schedule?_count=1").json)
            let links = bundle.objects("link").compactMap { $0.string("url") }
            #expect(links.count == 2)
            #expect(links.allSatisfy { $0.hasPrefix("https://book.example.org/pms/fhir/Schedule?") })
        }
    }
}
