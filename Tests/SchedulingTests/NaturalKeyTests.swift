import Foundation
import Postgres
import Practice
import Queue
import Testing

@testable import Scheduling

/// Who comes without any number, as before the first chart.
@Suite struct NaturalKeyTests {
    private func message(
        _ event: String, _ filler: String = "", mrn: String = "", name: String = "EXAMPLE^ALEX",
        born: String = "19800229",
        start: String = "20241201090000", at: String = "20241120100000"
    ) -> [UInt8] {
        let lines = [
            "MSH|^~\\&|DEMOPM|C|X|Y|\(at)||SIU^\(event)|\(UUID().uuidString.prefix(20))|P|2.5.1",
            "SCH||\(filler)||||||OVF|30|min|^^^\(start)||||||||||||||Booked",
            "PID|1||\(mrn.isEmpty ? "" : mrn + "^^^C^MR")||\(name)||\(born)|F", "AIL|1||MAIN",
            "AIP|1||1001^EXAMPLE^ADA",
        ]
        return Array((lines.joined(separator: "\r") + "\r").utf8)
    }

    private let persons: SQL = """
        SELECT string_agg(l.kind, ' ' ORDER BY l.kind) FROM records.person p
        JOIN records.person_alias l ON l.person_id = p.id GROUP BY p.id ORDER BY 1
        """
    private let appointments: SQL = """
        SELECT concat_ws(' ', a.status, to_char(a.start_at AT TIME ZONE 'America/Chicago', 'HH24:MI'),
            coalesce((SELECT l.value FROM records.person_alias l WHERE l.person_id = p.id AND l.kind = 'mrn'),
                p.birth_date::text)) FROM records.appointment a
        JOIN records.person p ON p.id = a.person_id ORDER BY a.start_at
        """

    @Test
    func `Two messages of one name and birth date are of one person, and a move without ids moves the only visit`()
        async throws
    {
        try await Desk.open { desk in
            try await desk.send(message("S12"), key: "resource/demo/1001")
            try await desk.settled()
            try await desk.send(
                message("S13", name: "Example^Alex", start: "20241201110000", at: "20241120110000"),
                key: "resource/demo/1001")
            try await desk.settled()
            try await desk.send(message("S12", born: "19810101"), key: "resource/demo/1001")
            try await desk.settled()
            #expect(try await desk.parked().isEmpty)
            #expect(try await desk.texts(persons) == ["natural", "natural"])
            #expect(try await desk.texts(appointments) == ["booked 09:00 1981-01-01", "booked 11:00 1980-02-29"])
        }
    }

    @Test func `The first number is the same person's, and a second number of that name another's`() async throws {
        try await Desk.open { desk in
            for (number, bytes) in [
                message("S12", "F1"), message("S14", "F1", mrn: "M1", at: "20241120110000"),
                message("S14", "F1", at: "20241120113000"),
                message("S12", "F2", mrn: "M2", start: "20241202090000", at: "20241120120000"),
                message("S12", "F3", mrn: "M1", start: "20241203090000", at: "20241120130000"),
            ].enumerated() {
                try await desk.send(bytes, key: "person/demo/\(number)")
                try await desk.settled()
            }
            #expect(try await desk.texts(persons) == ["mrn", "mrn natural"])
            #expect(
                try await desk.texts(appointments) == ["booked 09:00 M1", "booked 09:00 M2", "booked 09:00 M1"])
        }
    }

    @Test func `One MRN under two persons' own ids is two persons, and one whose own id comes later stays one`()
        async throws
    {
        try await Desk.open { desk in
            let rosetta = { (visit: String, guid: String, start: String) in
                Array(
                    """
                    MSH|^~\\&|NextGen Rosetta|Demo Family Practice^0001|X|Y|20241120100000||SIU^S12|\(visit)|P|2.3\r\
                    SCH||\(visit)||||OVF^OVF||OVF^OVF|30|minutes|^^^\(start)||||||||||||||Booked\r\
                    PID|1||M100^^^NextGen Clinic^MR|\(guid)|EXAMPLE^ALEX\r\
                    PV1|1|O|MAIN||||2001^EXAMPLE^ADA\rAIL|1|A|MAIN\r
                    """.utf8)
            }
            for (visit, guid, start) in [
                ("V1", "", "202412010900"), ("V2", "G-ADA", "202412021000"), ("V3", "G-BEN", "202412031100"),
                ("V4", "G-BEN", "202412041200"),
            ] {
                try await desk.send(rosetta(visit, guid, start), feed: "demo-nextgen", key: "person/demo/M100")
                try await desk.settled()
            }
            #expect(try await desk.parked().isEmpty)
            #expect(try await desk.texts(persons) == ["mrn person", "person"])
            #expect(
                try await desk.texts("SELECT count(*)::text FROM records.appointment GROUP BY person_id ORDER BY 1")
                    == ["2", "2"])
        }
    }

    @Test func `With less than name and birth date, and no id of the appointment, it waits for a person`() async throws
    {
        try await Desk.open { desk in
            try await desk.send(message("S12", born: ""), key: "resource/demo/1001")
            try await desk.settled()
            #expect(try await desk.parked().map(\.code) == ["missing-identifier"])
        }
    }

    @Test func `The key says nothing of who it is of, and accents and case make no difference`() throws {
        var one = ParsedPerson()
        (one.family, one.given, one.birthDate) = ("Müller-Lüdenscheidt", "Zoë", Day("1980-02-29"))
        var other = one
        (other.family, other.given) = ("MULLER LUDENSCHEIDT", "ZOE")
        let key = try #require(one.naturalKey?.identifier.value)
        #expect(other.naturalKey?.identifier.value == key)
        #expect(UUID(uuidString: key) != nil)
        other.birthDate = Day("1980-02-28")
        #expect(other.naturalKey?.identifier.value != key)
    }
}
