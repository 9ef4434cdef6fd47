import FoundationEssentials
import Postgres
import TestSupport
import Testing

/// Binary forms, against the server's own reading of them.
@Suite struct ValueTests {
    @Test func `every type comes back as it was bound, and the server reads it as its text`() async throws {
        let session = try await TestDatabase.make().session()
        let id = try #require(UUID(uuidString: "6F9619FF-8B86-D011-B42D-00C04FC964FF"))
        let day = try #require(CalendarDay(year: 2024, month: 2, day: 29))
        let rows = try await session.query(
            """
            SELECT \(true), \(Int16(-7)), \(Int32.min), \(Int64.max), \(42), \(1.5), \("Zoë|^~\\&"), \([0, 255] as [UInt8]),
                \(id), \(day), \(JSONText(#"{"a": 1}"#)), \(Duration.milliseconds(1_500))
            """)
        let row = try #require(rows.first)
        let values = try row.decode(
            (Bool, Int16, Int32, Int64, Int, Double, String, [UInt8], UUID, CalendarDay, JSONText, Duration).self)
        #expect(values.0 && values.1 == -7 && values.2 == .min && values.3 == .max && values.4 == 42)
        #expect(values.5 == 1.5 && values.6 == "Zoë|^~\\&" && values.7 == [0, 255] && values.8 == id)
        #expect(values.9 == day && values.10.text == #"{"a": 1}"# && values.11 == .milliseconds(1_500))
        let text = try await session.query(
            "SELECT concat_ws(' ', \(true), \(Int32.min), \(1.5), \([0, 255] as [UInt8]), \(id), \(day), \(Duration.seconds(90)))"
        )
        #expect(
            try text[0].decode(String.self)
                == "t -2147483648 1.5 \\x00ff 6f9619ff-8b86-d011-b42d-00c04fc964ff 2024-02-29 00:01:30")
    }

    @Test func `null is nil both ways, and an error where nil cannot be`() async throws {
        let session = try await TestDatabase.make().session()
        let rows = try await session.query("SELECT \(String?.none), \(Int64?.none), \(Int64?.some(4)), NULL::uuid")
        let values = try rows[0].decode((String?, Int64?, Int64?, UUID?).self)
        #expect(values == (nil, nil, 4, nil))
        #expect(throws: PostgresError.decoding(column: 3, .null)) { try rows[0].value(3, as: UUID.self) }
    }

    @Test func `arrays come back whole, empty ones and ones with nulls too`() async throws {
        let session = try await TestDatabase.make().session()
        let ids = [UUID(), UUID()]
        let days = [CalendarDay(daysSince2000: 0), CalendarDay(daysSince2000: -1)]
        let times = [Date(timeIntervalSince1970: 0), Date(timeIntervalSince1970: 1_795_000_000.123456)]
        let rows = try await session.query(
            """
            SELECT \(["a", "", "{\",}"]), \([] as [String]), \([1, .min] as [Int64]), \([3] as [Int16]), \(ids),
                \([[], [1, 2]] as [[UInt8]]), \(days), \(times), \(["x", nil] as [String?]), \([nil, 5] as [Int64?]),
                \([days[0], nil]), \([1.5, -0.0]), \([true])
            """)
        let row = rows[0]
        #expect(try row.value(0) == ["a", "", "{\",}"])
        #expect(try row.value(1) == [String]())
        #expect(try row.value(2) == [1, Int64.min])
        #expect(try row.value(3) == [3 as Int16])
        #expect(try row.value(4) == ids)
        #expect(try row.value(5) == [[], [1, 2]] as [[UInt8]])
        #expect(try row.value(6) == days)
        #expect(try row.value(7) == times)
        #expect(try row.value(8) == ["x", nil] as [String?])
        #expect(try row.value(9) == [nil, 5] as [Int64?])
        #expect(try row.value(10) == [days[0], nil] as [CalendarDay?])
        #expect(try row.value(11) == [1.5, -0.0])
        #expect(try row.value(12) == [true])
        #expect(throws: PostgresError.decoding(column: 8, .malformed)) { try row.value(8, as: [String].self) }
    }

    @Test(arguments: [
        ("2026-11-22T17:49:10.123456Z", 1_795_369_750.123456), ("1969-12-31T23:59:59.999999Z", -0.000001),
        ("1900-01-01T00:00:00.000001Z", -2_208_988_799.999999), ("2000-01-01T00:00:00Z", 946_684_800),
    ])
    func `a time is kept to the microsecond`(text: String, seconds: Double) async throws {
        let session = try await TestDatabase.make().session()
        let time = Date(timeIntervalSince1970: seconds)
        let rows = try await session.query("SELECT \(text)::timestamptz, \(text)::timestamptz = \(time)")
        let (read, same) = try rows[0].decode((Date, Bool).self)
        #expect(abs(read.timeIntervalSince(time)) < 0.000_000_5)
        #expect(same)
    }

    @Test func `days are the calendar's, over four centuries`() throws {
        for days in -36_524...109_572 {
            let day = CalendarDay(daysSince2000: days)
            #expect(day.daysSince2000 == days)
            #expect(CalendarDay(day.description) == day)
        }
        #expect(CalendarDay("2000-02-29") != nil)
        for text in ["1900-02-29", "2026-13-01", "2026-1-01", "2026-00-10", "20261122", "2026-11-31", "+026-11-01"] {
            #expect(CalendarDay(text) == nil, "\(text)")
        }
    }

    @Test func `a column is read only as what it is`() async throws {
        let session = try await TestDatabase.make().session()
        let rows = try await session.query("SELECT 1::smallint, 70000::integer, 'x'::text")
        #expect(try rows[0].value(0, as: Int64.self) == 1)
        #expect(throws: PostgresError.decoding(column: 1, .malformed)) { try rows[0].value(1, as: Int16.self) }
        #expect(throws: PostgresError.decoding(column: 2, .type(25))) { try rows[0].value(2, as: Int.self) }
        #expect(throws: PostgresError.columns(asked: 2, found: 3)) { try rows[0].decode((Int, Int).self) }
        #expect(throws: PostgresError.columns(asked: 4, found: 3)) { try rows[0].value(3, as: Int.self) }
    }

    @Test(arguments: ["'; DROP TABLE x; --", "$1", "\\'; SELECT 1", "\"", "%s\u{1F600}"])
    func `what is interpolated is bound, never part of the statement`(text: String) async throws {
        let sql: SQL = "SELECT \(text) || \("!")"
        #expect(sql.text == "SELECT $1 || $2")
        let session = try await TestDatabase.make().session()
        #expect(try await session.query(sql)[0].decode(String.self) == text + "!")
    }

    @Test func `fragments add up and keep their values in order`() async throws {
        let filter: SQL = "WHERE n > \(2) AND n <> \(5)"
        var sql: SQL = "SELECT n FROM generate_series(\(1), \(6)) n \(fragment: filter)" + " ORDER BY n"
        sql += " LIMIT \(2)"
        #expect(sql.text == "SELECT n FROM generate_series($1, $2) n WHERE n > $3 AND n <> $4 ORDER BY n LIMIT $5")
        let session = try await TestDatabase.make().session()
        #expect(try await session.query(sql).map { try $0.decode(Int.self) } == [3, 4])
    }
}
